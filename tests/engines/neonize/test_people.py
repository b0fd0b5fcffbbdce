"""What a line knows of people around it outlives connections and workers, as far as it should."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from contracts.engine_groups import JPEG
from engines.neonize.desk import LINKED, OTHER, OWN, Desk, scripted
from fixtures.waiting import until
from wagate.adapters.engines.neonize.company import Company
from wagate.adapters.engines.neonize.link.people import CallNews, PresenceTold
from wagate.adapters.engines.neonize.people import KnowsPeople
from wagate.adapters.whatsapp_web.letters import Account
from wagate.domain.contacts import Audience, Privacy, Whereabouts
from wagate.domain.errors import CallNotFound, PictureNotFound, RefusedByWhatsApp
from wagate.domain.jid import Jid
from wagate.domain.session import SessionState
from wagate.ports.abilities import RejectsCalls, ShowsPresence
from wagate.ports.engine import LineOptions, NotSent
from wagate.ports.news import GapSuspected, IdentityLinked, MessageArrived
from wagate.ports.people_news import BlocklistTold, CallEnded, CallRang, ContactTold, PresenceSeen
from whatsapp_emulator.emulator import Emulator
from whatsapp_emulator.world import people
from whatsapp_wire.node import Node


async def named(desk: Desk) -> None:
    """Every phone keeps its own name for its devices; whatsmeow shows nobody online without one."""
    await desk.control.phone(OWN).app_state("push-name", name="Own")


async def looks(desk: Desk, *, present: bool) -> None:
    async with asyncio.timeout(20):
        while (await desk.control.phone(OWN).people.look())["present"] is not present:  # noqa: ASYNC110
            await asyncio.sleep(0.02)


async def test_calls_are_turned_down_and_we_are_online_without_being_asked(desk: Desk) -> None:
    await named(desk)
    desk.options = LineOptions(rejects_calls=True, always_online=True)
    await desk.pair()
    await looks(desk, present=True)
    call = await desk.control.phone(OTHER).people.call(OWN, video=True)
    rang = await desk.hears(CallRang)
    assert (rang.call, rang.is_rejected, rang.is_video, rang.is_offline) == (call.id, True, True, False)
    assert {rang.creator, rang.creator_alt} == {(await desk.control.account(OTHER)).lid, Jid.from_phone(OTHER)}
    ended = await desk.hears(CallEnded)
    assert (ended.call, ended.outcome) == (call.id, "rejected")
    async with asyncio.timeout(20):
        while (await desk.control.call(call.id)).state != "rejected":  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    assert isinstance(desk.connection, RejectsCalls)
    with pytest.raises(CallNotFound):
        await desk.connection.reject_call(call.id)


async def test_what_the_service_forgets_is_said_again(desk: Desk) -> None:
    await named(desk)
    await desk.pair()
    shows = desk.connection
    assert isinstance(shows, ShowsPresence)
    await shows.show_presence(available=True)
    await shows.watch_presence(Jid.from_phone(OTHER))
    await desk.hears(PresenceSeen)
    assert IdentityLinked(Jid.from_phone(OTHER), desk.of_kind(PresenceSeen)[0].person) in desk.durable
    assert await desk.control.operator(OWN).kick("drop") == 1
    await desk.hears(PresenceSeen, times=2)  # once more, for it was asked once more
    await looks(desk, present=True)
    await shows.show_presence(available=False)
    await looks(desk, present=False)


async def test_another_blocklist_is_asked_for(desk: Desk, emulator: Emulator) -> None:
    """The service may say only that the list is another one (whatsmeow `notification.go`)."""
    await desk.pair()
    lid = (await desk.control.account(OTHER)).lid
    with emulator.turn() as world:
        account = world.account(OWN)
        account.blocked.add(world.account(OTHER).lid)
        people.tell_own(world.phone(OWN).state, account, Node("blocklist", {"dhash": "other"}))
    assert (await desk.hears(BlocklistTold)).people == (lid,)
    assert desk.of_kind(ContactTold) == []


async def test_a_call_waits_for_a_gateway_and_typing_does_not(desk: Desk) -> None:
    await desk.pair()
    other = desk.control.phone(OTHER)
    await desk.die()
    spool = desk.files / "spool"
    await other.set_typing(OWN, on=True)
    call = await other.people.call(OWN)
    await until(lambda: call.id.encode() in spool.read_bytes(), 20)  # so that the typing before it was heard by nobody
    await other.people.hang_up(call.id)
    await desk.open()
    rang, ended = await desk.hears(CallRang), await desk.hears(CallEnded)
    assert (rang.call, ended.call, ended.outcome, ended.detail) == (call.id, call.id, "ended", "timeout")
    await other.set_typing(OWN, on=True, media="audio")
    seen = await desk.hears(PresenceSeen)
    assert seen.whereabouts is Whereabouts.RECORDING
    assert len(desk.of_kind(PresenceSeen)) == 1


async def test_typing_that_ends_neonizes_loop_is_not_listened_to_again(desk: Desk) -> None:
    await desk.pair()
    other = desk.control.phone(OTHER)
    await other.set_typing(OWN, on=True, media="hologram")
    gap = await desk.hears(GapSuspected)
    assert (gap.code, "ChatPresence" in gap.detail) == ("engine_failed", True)
    await desk.connects(2)
    await other.set_typing(OWN, on=True, media="hologram")
    await other.set_typing(OWN, on=True)
    await other.type(OWN, "still there?")
    await desk.hears(MessageArrived)
    assert len(desk.of_kind(GapSuspected)) == 1
    assert desk.of_kind(PresenceSeen) == []


async def test_what_is_refused_has_its_own_words(tmp_path: Path) -> None:
    """The texts are whatsmeow's, in which a code may be."""
    said = {
        "presence": "can't send presence: gone",
        "see_picture": "the user has hidden their profile picture from you",
    }
    async with scripted(tmp_path, run=LINKED, people=said) as bench:
        await bench.open()
        await bench.is_in(SessionState.CONNECTED)
        line, person = bench.connection, Jid("222@lid")
        assert isinstance(line, KnowsPeople)
        with pytest.raises(PictureNotFound):
            await line.picture(person)
        with pytest.raises(NotSent, match="can't send presence: gone"):
            await line.show_presence(available=True)
        for refused in (line.set_about("x"), line.set_picture(JPEG), line.block(person, blocked=True), line.privacy()):
            with pytest.raises(RefusedByWhatsApp, match="406"):
                await refused
        with pytest.raises(RefusedByWhatsApp):
            await line.set_privacy(Privacy.ABOUT, Audience.CONTACTS_EXCEPT)
        assert "set_privacy status contact_blacklist" in (bench.files / "asked").read_text()
        assert bench.of_kind(ContactTold) == []


async def test_whose_lid_it_is_is_kept_before_anybody_is_seen_under_it(tmp_path: Path) -> None:
    """Otherwise what is seen is filed under a person of whom nothing but the LID is known."""
    phone, lid = Jid.from_phone(OTHER), Jid("222@lid")
    async with scripted(tmp_path, run=LINKED, seen="online") as bench:
        await bench.open()
        await bench.is_in(SessionState.CONNECTED)
        assert isinstance(bench.connection, ShowsPresence)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(bench.connection.watch_presence(phone))
            await bench.hears(PresenceSeen)
            kept = [news for news in bench.durable if isinstance(news, IdentityLinked | PresenceSeen)]
            (bench.files / "go").touch()
        assert kept == [IdentityLinked(phone, lid), PresenceSeen(lid, Whereabouts.ONLINE, None)]


async def test_the_same_presence_is_told_once_and_nothing_of_a_call_that_is_known() -> None:
    company = Company(LineOptions(rejects_calls=True))
    us = Account(Jid.from_phone(OWN), Jid("111@lid"))
    typing = PresenceTold("222@lid", "", "composing", "222@lid")
    assert [company.seen(typing, us) is None for _ in range(2)] == [False, True]
    assert company.seen(replace(typing, whereabouts="paused"), us) is not None
    assert company.seen(replace(typing, person="111@lid"), us) is None
    old = CallNews("offer", "A", "222@lid", "", "9@g.us", 5, False, False)
    (rang,) = company.heard(old)
    assert isinstance(rang, CallRang)
    assert (rang.is_rejected, rang.group) == (False, "9@g.us")  # it rings no more: nothing is to be turned down
    assert not company.is_due
    assert list(company.heard(old)) == []
    accepted = replace(old, step="terminate", reason="accepted_elsewhere")
    (ended,) = company.heard(accepted)
    assert isinstance(ended, CallEnded)
    assert ended.outcome == "accepted"
    assert list(company.heard(accepted)) == []
