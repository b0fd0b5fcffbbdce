"""The written examination for engines, seventh part: people, profiles, presence and calls."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Protocol, runtime_checkable

import pytest

from contracts.engine_groups import JPEG
from contracts.examinee import NOBODY, OTHER, Examinee, Network, eventually
from contracts.paper import Paper
from wagate.domain.contacts import (
    AboutChanged,
    Audience,
    BlockChanged,
    ContactChange,
    PictureChanged,
    Privacy,
    ProfileSeen,
    Whereabouts,
)
from wagate.domain.errors import CallNotFound, PictureNotFound
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
from wagate.ports.engine import NotOnWhatsApp
from wagate.ports.news import MessageArrived, OwnNameChanged
from wagate.ports.people_news import BlocklistTold, CallEnded, CallRang, ContactTold, PresenceSeen

_OTHER = Jid.from_phone(OTHER)

PAPER = Paper()


@runtime_checkable
class PeopleNetwork(Network, Protocol):
    """A network in which people show something of themselves, come and go, and call."""

    async def other_about(self, text: str) -> None:
        """OTHER shows another about."""
        ...

    async def other_picture(self, jpeg: bytes | None) -> str | None:
        """OTHER shows another picture, or none; its id."""
        ...

    async def other_online(self, *, online: bool) -> None:
        """OTHER comes or goes."""
        ...

    async def other_typing(self, *, on: bool) -> None:
        """OTHER begins to write to us, or stops."""
        ...

    async def other_calls(self) -> str:
        """OTHER calls us; the call's id."""
        ...

    async def other_hangs_up(self, call: str) -> None:
        """OTHER gives up."""
        ...

    async def call_state(self, call: str) -> str:
        """`ringing`, `rejected`, …"""
        ...

    async def own_profile(self) -> tuple[str | None, str | None]:
        """Our own about and the id of our picture, as others see them."""
        ...

    async def own_name(self) -> str:
        """Our own name, as others see it."""
        ...

    async def own_phone_blocks(self, *, blocked: bool) -> None:
        """OTHER is blocked, or not any more, on our own phone."""
        ...

    async def we_are_online(self) -> bool:
        """Whether others see us online."""
        ...


PeopleQuestion = Callable[[PeopleNetwork], Awaitable[None]]


def _asks(ability: type, *, promised: str | None = None) -> Callable[[PeopleQuestion], PeopleQuestion]:
    """Add a question for those who have an ability, and make a promise."""

    def add(ask: PeopleQuestion) -> PeopleQuestion:
        @wraps(ask)
        async def ask_about_people(network: Network) -> None:
            assert isinstance(network, PeopleNetwork)
            await ask(network)

        PAPER.asks(ability=ability, promised=promised)(ask_about_people)
        return ask

    return add


def _changes(examinee: Examinee) -> list[ContactChange]:
    return [news.change for news in examinee.of_kind(ContactTold)]


@_asks(LooksUpPeople)
async def numbers_are_checked_in_their_order(network: PeopleNetwork) -> None:
    examinee = await Examinee.paired(network)
    assert isinstance(examinee.connection, LooksUpPeople)
    missing, found = await examinee.connection.check_numbers((NOBODY, OTHER))
    assert (missing.digits, missing.jid) == (NOBODY, None)
    assert (found.digits, found.jid) == (OTHER, _OTHER)


@_asks(LooksUpPeople)
async def what_somebody_shows_is_told_and_kept(network: PeopleNetwork) -> None:
    examinee = await Examinee.paired(network)
    looks = examinee.connection
    assert isinstance(looks, LooksUpPeople)
    with pytest.raises(PictureNotFound):
        await looks.picture(_OTHER)
    await network.other_about("At work")
    picture_id = await network.other_picture(JPEG)
    profile = await looks.profile(_OTHER)
    assert (profile.jid, profile.about, profile.picture_id) == (_OTHER, "At work", picture_id)
    assert {profile.jid, profile.lid} <= await network.other_addresses()
    seen = [change for change in _changes(examinee) if isinstance(change, ProfileSeen)]
    assert [(change.about, change.picture_id) for change in seen] == [("At work", picture_id)]
    link = await looks.picture(_OTHER, preview=True)
    assert (link.id, link.is_preview) == (picture_id, True)
    assert link.url.startswith("https://")
    with pytest.raises(NotOnWhatsApp):
        await looks.profile(Jid.from_phone(NOBODY))


@_asks(LooksUpPeople)
async def a_picture_that_somebody_changes_is_told(network: PeopleNetwork) -> None:
    """Its id, where the engine learns of it."""
    examinee = await Examinee.paired(network)
    await examinee.send("hello")
    await examinee.shown("hello")
    picture_id = await network.other_picture(JPEG)
    await network.other_picture(None)
    await examinee.hears(ContactTold, times=2)
    shown, removed = _changes(examinee)
    assert isinstance(shown, PictureChanged)
    assert not shown.is_removed
    assert shown.picture_id in (picture_id, None)
    assert removed == PictureChanged(None, is_removed=True)
    assert {news.person for news in examinee.of_kind(ContactTold)} <= await network.other_addresses()


@_asks(LooksUpPeople, promised="tells_abouts")
async def an_about_that_somebody_changes_is_told(network: PeopleNetwork) -> None:
    examinee = await Examinee.paired(network)
    await examinee.send("hello")
    await examinee.shown("hello")
    await network.other_about("On holiday")
    told = await examinee.hears(ContactTold)
    assert told.change == AboutChanged("On holiday")
    assert told.person in await network.other_addresses()


@_asks(BlocksPeople)
async def who_is_blocked_is_not_heard(network: PeopleNetwork) -> None:
    examinee = await Examinee.paired(network)
    blocks = examinee.connection
    assert isinstance(blocks, BlocksPeople)
    await blocks.block(_OTHER, blocked=True)
    assert BlockChanged(is_blocked=True) in _changes(examinee)
    await network.type("nobody hears me")
    [blocked] = await blocks.blocked()
    assert blocked in await network.other_addresses()
    assert examinee.of_kind(BlocklistTold)[-1].people == (blocked,)
    await blocks.block(_OTHER, blocked=False)
    assert await blocks.blocked() == ()
    await network.type("and now?")
    assert (await examinee.hears(MessageArrived)).content.text == "and now?"
    with pytest.raises(NotOnWhatsApp):
        await blocks.block(Jid.from_phone(NOBODY), blocked=True)


@_asks(BlocksPeople)
async def blocking_on_the_phone_is_told(network: PeopleNetwork) -> None:
    examinee = await Examinee.paired(network)
    await network.own_phone_blocks(blocked=True)
    await network.own_phone_blocks(blocked=False)
    await examinee.hears(ContactTold, times=2)
    assert _changes(examinee) == [BlockChanged(is_blocked=True), BlockChanged(is_blocked=False)]


@_asks(KeepsProfile)
async def our_own_profile_is_changed(network: PeopleNetwork) -> None:
    examinee = await Examinee.paired(network)
    keeps = examinee.connection
    assert isinstance(keeps, KeepsProfile)
    await keeps.set_about("Mon to Fri")
    picture_id = await keeps.set_picture(JPEG)
    assert picture_id is not None
    assert await network.own_profile() == ("Mon to Fri", picture_id)
    assert _changes(examinee)[:2] == [AboutChanged("Mon to Fri"), PictureChanged(picture_id, is_removed=False)]


@_asks(KeepsName)
async def our_own_name_is_changed_and_stays_so(network: PeopleNetwork) -> None:
    examinee = await Examinee.paired(network)
    await network.type("so that our phone has told us everything")
    await examinee.hears(MessageArrived)
    keeps = examinee.connection
    assert isinstance(keeps, KeepsName)
    await keeps.set_name("Corner Shop")
    assert [news.name for news in examinee.of_kind(OwnNameChanged)][-1] == "Corner Shop"
    assert await network.own_name() == "Corner Shop"
    await examinee.close()
    await examinee.open()
    await network.type("are you there?")
    await examinee.hears(MessageArrived, times=2)
    assert await network.own_name() == "Corner Shop"


@_asks(KeepsProfile, promised="removes_pictures")
async def our_own_picture_is_taken_away(network: PeopleNetwork) -> None:
    examinee = await Examinee.paired(network)
    keeps = examinee.connection
    assert isinstance(keeps, KeepsProfile)
    await keeps.set_picture(JPEG)
    assert await keeps.set_picture(None) is None
    assert (await network.own_profile())[1] is None
    assert PictureChanged(None, is_removed=True) in _changes(examinee)


@_asks(KeepsPrivacy)
async def privacy_is_read_and_changed(network: PeopleNetwork) -> None:
    examinee = await Examinee.paired(network)
    keeps = examinee.connection
    assert isinstance(keeps, KeepsPrivacy)
    before = await keeps.privacy()
    assert before[Privacy.LAST_SEEN] is Audience.EVERYBODY
    await keeps.set_privacy(Privacy.LAST_SEEN, Audience.NOBODY)
    assert await keeps.privacy() == {**before, Privacy.LAST_SEEN: Audience.NOBODY}


@_asks(ShowsPresence)
async def who_comes_and_goes_is_seen(network: PeopleNetwork) -> None:
    examinee = await Examinee.paired(network)
    shows = examinee.connection
    assert isinstance(shows, ShowsPresence)
    await shows.show_presence(available=True)
    await eventually(network.we_are_online, lambda: "we are not online")
    await shows.watch_presence(_OTHER)
    await examinee.hears(PresenceSeen)
    await network.other_online(online=True)
    await network.other_typing(on=True)
    await network.other_typing(on=False)
    await network.other_online(online=False)
    await examinee.hears(PresenceSeen, times=5)
    seen = examinee.of_kind(PresenceSeen)
    assert [news.whereabouts for news in seen] == [
        Whereabouts.OFFLINE,
        Whereabouts.ONLINE,
        Whereabouts.COMPOSING,
        Whereabouts.PAUSED,
        Whereabouts.OFFLINE,
    ]
    others = await network.other_addresses()
    assert {news.person for news in seen} <= others
    assert {news.chat for news in seen} - {None} <= others
    with pytest.raises(NotOnWhatsApp):
        await shows.watch_presence(Jid.from_phone(NOBODY))


@_asks(RejectsCalls)
async def a_call_is_turned_down_and_another_is_missed(network: PeopleNetwork) -> None:
    examinee = await Examinee.paired(network)
    rejects = examinee.connection
    assert isinstance(rejects, RejectsCalls)
    call = await network.other_calls()
    rang = await examinee.hears(CallRang)
    assert (rang.call, rang.is_rejected) == (call, False)
    assert {rang.creator, rang.creator_alt} - {None} <= await network.other_addresses()
    await rejects.reject_call(call)

    async def is_rejected() -> bool:
        return await network.call_state(call) == "rejected"

    await eventually(is_rejected, lambda: "it is not rejected")
    with pytest.raises(CallNotFound):
        await rejects.reject_call(call)
    missed = await network.other_calls()
    await network.other_hangs_up(missed)
    await examinee.hears(CallEnded, times=2)
    ended = {(news.call, news.outcome) for news in examinee.of_kind(CallEnded)}
    assert ended == {(call, "rejected"), (missed, "ended")}
