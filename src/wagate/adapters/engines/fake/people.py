"""People on the pretend service: what they show, whom they block, who is there, who calls; and a line's part in it."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass, field
from itertools import count
from typing import Protocol

from typing_extensions import override

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
    Whereabouts,
    spellings,
)
from wagate.domain.errors import CallNotFound, PictureNotFound
from wagate.domain.jid import Jid
from wagate.ports.abilities import (
    BlocksPeople,
    KeepsPrivacy,
    KeepsProfile,
    LooksUpPeople,
    MarksPlayed,
    RejectsCalls,
    ShowsPresence,
)
from wagate.ports.engine import NotOnWhatsApp
from wagate.ports.people_news import BlocklistTold, CallEnded, CallRang, ContactTold, PeopleNews, PresenceSeen


class Somebody(Protocol):
    """A phone of the pretend service, as far as this module looks at one."""

    jid: Jid
    lid: Jid


class Service(Protocol):
    """The pretend service, as far as this module needs it."""

    absent: set[Jid]

    def tell_played(self, sender: Jid, wa_ids: list[str]) -> None:
        """A device says that notes of somebody were played."""
        ...

    def tell(self, phone: Somebody, news: PeopleNews) -> None:
        """Have a phone's devices hear of something."""
        ...

    def find(self, jid: Jid) -> Somebody | None:
        """The phone with that address."""
        ...

    def everybody(self) -> list[Somebody]:
        """All phones."""
        ...


@dataclass(slots=True)
class Persona:
    """What one person shows, and to whom. ``watchers`` are those who want to know when they come and go."""

    about: str | None = None
    about_at: int | None = None
    picture_id: str | None = None
    blocked: set[Jid] = field(default_factory=set)
    privacy: dict[Privacy, Audience] = field(default_factory=lambda: dict.fromkeys(Privacy, Audience.EVERYBODY))
    is_online: bool = False
    watchers: list[Somebody] = field(default_factory=list)


@dataclass(slots=True)
class Call:
    """A call: who calls whom, and what became of it."""

    id: str
    caller: Somebody
    callee: Somebody
    state: str = "ringing"


class People:
    """Everybody's personas and calls."""

    def __init__(self, service: Service) -> None:
        """Nobody shows anything yet."""
        self.calls: dict[str, Call] = {}
        self._service = service
        self._personas: dict[Jid, Persona] = {}
        self._numbers = count(1)

    def of(self, phone: Somebody) -> Persona:
        """What somebody shows."""
        return self._personas.setdefault(phone.jid, Persona())

    def set_about(self, phone: Somebody, text: str, now: int) -> None:
        """Somebody shows another about."""
        persona = self.of(phone)
        persona.about, persona.about_at = text, now
        self._tell_everybody(phone, AboutChanged(text), now)

    def set_picture(self, phone: Somebody, jpeg: bytes | None, now: int) -> str | None:
        """Somebody shows another picture, or none."""
        persona = self.of(phone)
        persona.picture_id = None if jpeg is None else f"picture-{next(self._numbers)}"
        self._tell_everybody(phone, PictureChanged(persona.picture_id, jpeg is None), now)
        return persona.picture_id

    def block(self, phone: Somebody, other: Somebody, now: int, *, blocked: bool) -> None:
        """Somebody blocks another, or not any more; their devices hear of it."""
        (self.of(phone).blocked.add if blocked else self.of(phone).blocked.discard)(other.lid)
        self._service.tell(phone, ContactTold(other.lid, BlockChanged(blocked), now, other.jid))

    def set_online(self, phone: Somebody, *, online: bool) -> None:
        """Somebody comes or goes."""
        self.of(phone).is_online = online
        for watcher in self.of(phone).watchers:
            self._show(phone, watcher)

    def watch(self, watcher: Somebody, phone: Somebody) -> None:
        """Somebody wants to know when another comes and goes."""
        if watcher not in self.of(phone).watchers:
            self.of(phone).watchers.append(watcher)
        self._show(phone, watcher)

    def show_typing(self, phone: Somebody, to: Somebody, state: Whereabouts) -> None:
        """Somebody does something in a chat."""
        self._service.tell(to, PresenceSeen(phone.lid, state, phone.lid, phone.jid))

    def ring(self, caller: Somebody, callee: Somebody, now: int) -> Call:
        """Somebody calls another."""
        call = Call(f"CALL{next(self._numbers)}", caller, callee)
        self.calls[call.id] = call
        if caller.lid not in self.of(callee).blocked:
            self._service.tell(callee, CallRang(call.id, caller.lid, now, caller.jid))
        return call

    def end(self, call: Call, outcome: str, now: int, detail: str | None = None) -> None:
        """A call does not ring any more."""
        call.state = outcome
        self._service.tell(call.callee, CallEnded(call.id, call.caller.lid, now, outcome, call.caller.jid, detail))

    def _show(self, phone: Somebody, watcher: Somebody) -> None:
        state = Whereabouts.ONLINE if self.of(phone).is_online else Whereabouts.OFFLINE
        self._service.tell(watcher, PresenceSeen(phone.lid, state, None, phone.jid))

    def _tell_everybody(self, phone: Somebody, change: ContactChange, now: int) -> None:
        for other in self._service.everybody():
            if other is not phone:
                self._service.tell(other, ContactTold(phone.lid, change, now, phone.jid))


class KnowsPeople(LooksUpPeople, BlocksPeople, KeepsProfile, KeepsPrivacy, ShowsPresence, RejectsCalls, MarksPlayed):
    """A line's abilities that have to do with people, ourselves among them."""

    @abstractmethod
    def _us(self) -> tuple[Service, People, Somebody, int]:
        """The service, its people, our own phone, and the time (s). Raises NotSent when the line is down."""
        ...

    @override
    async def mark_played(self, chat: Jid, sender: Jid, wa_ids: list[str]) -> None:
        """See ``FakePhone.was_played``."""
        self._us()[0].tell_played(sender, wa_ids)

    @abstractmethod
    async def _learn(self, news: PeopleNews) -> None:
        """Make news durable."""
        ...

    @override
    async def check_numbers(self, numbers: tuple[str, ...]) -> tuple[NumberCheck, ...]:
        """Who has a phone."""
        service = self._us()[0]
        checked = []
        for digits in numbers:
            found = next((phone for spelt in spellings(digits) if (phone := _find(service, spelt))), None)
            checked.append(NumberCheck(digits, None) if found is None else NumberCheck(digits, found.jid, found.lid))
        return tuple(checked)

    @override
    async def profile(self, jid: Jid) -> Profile:
        """What somebody shows."""
        _, people, us, now = self._us()
        phone = self._phone(jid)
        persona = people.of(phone)
        shows = us is phone or persona.privacy[Privacy.ABOUT] is Audience.EVERYBODY
        about = persona.about if shows else None
        seen = ProfileSeen(about, None if about is None else persona.about_at, persona.picture_id)
        await self._learn(ContactTold(phone.lid, seen, now, phone.jid))
        return Profile(phone.jid, phone.lid, about, seen.about_at, persona.picture_id)

    @override
    async def picture(self, jid: Jid, *, preview: bool = False) -> Picture:
        """Where a picture would lie."""
        if jid.is_group:
            raise PictureNotFound
        picture_id = self._us()[1].of(self._phone(jid)).picture_id
        if picture_id is None:
            raise PictureNotFound
        return Picture(picture_id, f"https://fake.invalid/{picture_id}.jpg", preview)

    @override
    async def blocked(self) -> tuple[Jid, ...]:
        """Whom we have blocked."""
        _, people, us, _ = self._us()
        found = tuple(sorted(people.of(us).blocked))
        await self._learn(BlocklistTold(found))
        return found

    @override
    async def block(self, jid: Jid, *, blocked: bool) -> None:
        """Block somebody, or not any more."""
        _, people, us, now = self._us()
        phone = self._phone(jid)
        people.block(us, phone, now, blocked=blocked)
        await self._learn(ContactTold(phone.lid, BlockChanged(blocked), now, phone.jid))

    @override
    async def set_about(self, text: str) -> None:
        """Show another about."""
        _, people, us, now = self._us()
        people.set_about(us, text, now)
        await self._learn(ContactTold(us.lid, AboutChanged(text), now, us.jid))

    @override
    async def set_picture(self, jpeg: bytes | None) -> str | None:
        """Show another picture, or none."""
        _, people, us, now = self._us()
        picture_id = people.set_picture(us, jpeg, now)
        await self._learn(ContactTold(us.lid, PictureChanged(picture_id, jpeg is None), now, us.jid))
        return picture_id

    @override
    async def privacy(self) -> dict[Privacy, Audience]:
        """Who may see what of us."""
        _, people, us, _ = self._us()
        return dict(people.of(us).privacy)

    @override
    async def set_privacy(self, setting: Privacy, audience: Audience) -> None:
        """Let others see something, or not."""
        _, people, us, _ = self._us()
        people.of(us).privacy[setting] = audience

    @override
    async def show_presence(self, *, available: bool) -> None:
        """Show us online, or not any more."""
        _, people, us, _ = self._us()
        people.set_online(us, online=available)

    @override
    async def watch_presence(self, jid: Jid) -> None:
        """Ask to be told when somebody comes and goes."""
        _, people, us, _ = self._us()
        people.watch(us, self._phone(jid))

    @override
    async def reject_call(self, call: str) -> None:
        """Turn a call down."""
        _, people, us, now = self._us()
        ringing = people.calls.get(call)
        if ringing is None or ringing.callee is not us or ringing.state != "ringing":
            raise CallNotFound
        people.end(ringing, "rejected", now)

    def _phone(self, jid: Jid) -> Somebody:
        service = self._us()[0]
        phone = None if jid in service.absent else service.find(jid)
        if phone is None:
            raise NotOnWhatsApp(f"{jid} has no WhatsApp account")
        return phone


def _find(service: Service, digits: str) -> Somebody | None:
    jid = Jid.from_phone(digits)
    return None if jid in service.absent else service.find(jid)
