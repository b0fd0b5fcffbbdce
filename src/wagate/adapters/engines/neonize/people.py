"""What a line can do with people and with its own profile: every verb is an errand of the worker.

neonize 0.5.2 has no call that takes a picture away (whatsmeow's ``SetGroupPhoto`` without one): that is refused.
"""

from __future__ import annotations

import asyncio
import base64
import re
import time
from collections.abc import Mapping
from typing import Final

from typing_extensions import override

from wagate.adapters.engines.neonize.attachment import AskFailed
from wagate.adapters.engines.neonize.company import NAMELESS, Company
from wagate.adapters.engines.neonize.errands import RunsErrands
from wagate.adapters.engines.neonize.link.messages import Answer
from wagate.adapters.engines.neonize.people_words import (
    checked,
    people_in,
    person_of,
)
from wagate.adapters.whatsapp_web.privacy import AUDIENCE_WORDS, SETTING_WORDS, privacy_in
from wagate.domain.contacts import (
    AboutChanged,
    Audience,
    BlockChanged,
    ContactChange,
    NumberCheck,
    Picture,
    PictureChanged,
    Privacy,
    Profile,
    ProfileSeen,
    spellings,
)
from wagate.domain.errors import (
    CallNotFound,
    GatewayError,
    PictureNotFound,
    RefusedByWhatsApp,
    UnsupportedByEngine,
)
from wagate.domain.jid import Jid
from wagate.ports.abilities import (
    BlocksPeople,
    KeepsName,
    KeepsPrivacy,
    KeepsProfile,
    LooksUpPeople,
    RejectsCalls,
    ShowsPresence,
)
from wagate.ports.engine import NotOnWhatsApp, NotSent
from wagate.ports.news import IdentityLinked, OwnNameChanged
from wagate.ports.people_news import BlocklistTold, CallEnded, ContactTold, PeopleNews
from wagate.ports.vault import Unit

_NAME_S: Final = 10.0
_NAME_PAUSE_S: Final = 0.2
"""For how long, and how often, it is tried to show us online without a name, or to take another one."""

_FETCHING: Final = "app state"
"""In whatsmeow's words when the app state cannot be written."""

_STATUS: Final = re.compile(r"status (\d+)")
_Refusals = Mapping[str, type[GatewayError]]
_NONE: Final[_Refusals] = {}
_NO_PICTURE: Final[_Refusals] = {
    "401": PictureNotFound,
    "403": PictureNotFound,
    "404": PictureNotFound,
    "hidden their profile picture": PictureNotFound,
    "does not have a profile picture": PictureNotFound,
}
"""whatsmeow's words and WhatsApp's codes (``errors.go``), and what they mean for us."""


class KnowsPeople(
    RunsErrands, LooksUpPeople, BlocksPeople, KeepsProfile, KeepsName, KeepsPrivacy, ShowsPresence, RejectsCalls
):
    """The abilities that have to do with people, ourselves among them."""

    _company: Company

    @override
    async def check_numbers(self, numbers: tuple[str, ...]) -> tuple[NumberCheck, ...]:
        """Which numbers have an account."""
        asked = tuple(dict.fromkeys(spelling for number in numbers for spelling in spellings(number)))
        return checked(numbers, await self._asked("check", people=asked)) if asked else ()

    @override
    async def profile(self, jid: Jid) -> Profile:
        """What a person shows of themselves. neonize does not tell since when."""
        await self._meet(jid)
        found = next(iter((await self._asked("profile", jid)).people), None)
        if found is None or not found.lid:
            raise NotOnWhatsApp(f"{jid} is not on WhatsApp")
        person, alt = person_of(found)
        seen = ProfileSeen(found.about or None, None, found.picture or None)
        await self._learnt(ContactTold(person, seen, _now(), alt))
        return Profile(alt or person, person, seen.about, seen.about_at, seen.picture_id)

    @override
    async def picture(self, jid: Jid, *, preview: bool = False) -> Picture:
        """Where the picture of a person or group lies."""
        answer = await self._asked("see_picture", jid, text="preview" if preview else "image", refusals=_NO_PICTURE)
        if not answer.pictures:
            raise PictureNotFound
        found = answer.pictures[0]
        return Picture(found.id, found.url, found.kind == "preview")

    @override
    async def blocked(self) -> tuple[Jid, ...]:
        """Everybody who is blocked."""
        people = people_in(await self._asked("blocked"))
        await self._learnt(BlocklistTold(people))
        return people

    @override
    async def block(self, jid: Jid, *, blocked: bool) -> None:
        """Block somebody, or do so no longer."""
        await self._meet(jid)
        answer = await self._asked("block" if blocked else "unblock", jid)
        person, alt = person_of(answer.people[0]) if answer.people else (jid, None)
        await self._learnt(ContactTold(person, BlockChanged(blocked), _now(), alt))

    @override
    async def set_about(self, text: str) -> None:
        """Show another about."""
        await self._asked("set_about", text=text)
        await self._told_of_us(AboutChanged(text))

    @override
    async def set_name(self, name: str) -> None:
        """Take another name; whoever sees us online is told of it, which whatsmeow leaves to its caller.

        A moment after the phone linked us whatsmeow still fetches the app state, and trips over its own fetching.
        """
        await self._in_time("set_name", name, _FETCHING)
        await self._learnt(OwnNameChanged(name))
        if self._company.is_online:
            await self.show_presence(available=True)

    @override
    async def set_picture(self, jpeg: bytes | None) -> str | None:
        """Show another picture; neonize cannot take one away."""
        if not jpeg:
            raise UnsupportedByEngine("neonize cannot take a picture away, it can only show another one")
        picture_id = (await self._asked("set_picture", text=base64.b64encode(jpeg).decode())).value
        await self._told_of_us(PictureChanged(picture_id, is_removed=False))
        return picture_id

    @override
    async def privacy(self) -> dict[Privacy, Audience]:
        """Who may see what of us."""
        answer = await self._asked("privacy")
        return privacy_in({told.name: told.audience for told in answer.settings})

    @override
    async def set_privacy(self, setting: Privacy, audience: Audience) -> None:
        """Let others see something, or not."""
        await self._asked("set_privacy", SETTING_WORDS[setting], text=AUDIENCE_WORDS[audience])

    @override
    async def show_presence(self, *, available: bool) -> None:
        """Show us online, or not any more.

        whatsmeow refuses until it has learned the account's name, which comes a moment after the phone linked us.
        """
        await self._in_time("presence", "available" if available else "unavailable", NAMELESS)
        self._company.shown(online=available)

    @override
    async def watch_presence(self, jid: Jid) -> None:
        """Ask to be told when somebody comes and goes, now and after each reconnect.

        It is told under the LID alone, perhaps before the answer: whose that is has to be kept with us by then.
        """
        await self._meet(jid)
        person, phone = await self._both_addresses(jid)
        if phone is not None:
            await self._learnt(IdentityLinked(phone, person))
        await self._asked("watch", person)
        self._company.watched(person)

    @override
    async def reject_call(self, call: str) -> None:
        """Turn a call down."""
        creator = self._company.ringing(call)
        if creator is None:
            raise CallNotFound
        self._company.over(call)  # before it is: what the service then says of it is nothing new
        try:
            await self._asked("reject", creator, text=call)
        except GatewayError:
            self._company.over(call, is_over=False)
            raise
        await self._learnt(CallEnded(call, creator, _now(), "rejected"))

    # ---- inside

    async def _asked(
        self,
        what: str,
        subject: str = "",
        people: tuple[str, ...] = (),
        text: str = "",
        refusals: _Refusals = _NONE,
    ) -> Answer:
        """Raises NotSent, or what is in ``refusals``, or RefusedByWhatsApp."""
        try:
            return await self.errand(what, subject, people, text)
        except AskFailed as failed:
            raise _refusal(str(failed), refusals) from failed

    async def _both_addresses(self, jid: Jid) -> tuple[Jid, Jid | None]:
        """Somebody's address (the LID, where it is known), and their other one. Raises NotSent, RefusedByWhatsApp."""
        found = (await self._asked("identify", jid)).people
        return person_of(found[0]) if found else (jid, None)

    async def _in_time(self, what: str, text: str, too_early: str) -> None:
        """Ask again for some seconds while the refusal says that it is too early. Raises as `_asked`."""
        deadline = time.monotonic() + _NAME_S
        while True:
            try:
                await self._asked(what, text=text)
            except NotSent as error:
                if too_early not in str(error) or time.monotonic() > deadline:
                    raise
                await asyncio.sleep(_NAME_PAUSE_S)
            else:
                return

    async def _told_of_us(self, change: ContactChange) -> None:
        us = self._account
        person = us.lid or us.pn
        if person is not None:
            await self._learnt(ContactTold(person, change, _now(), us.pn if us.lid else None))

    async def _learnt(self, news: PeopleNews | OwnNameChanged | IdentityLinked) -> None:
        await self._commit(Unit(news=[news]))


def _refusal(words: str, refusals: _Refusals) -> GatewayError:
    status = _STATUS.search(words)
    for sign, kind in refusals.items():
        if sign in words if not sign.isdigit() else status is not None and status[1] == sign:
            return kind()
    if status is not None:
        return RefusedByWhatsApp(f"WhatsApp refused the request with code {status[1]}")
    return NotSent(words)


def _now() -> int:
    return int(time.time())
