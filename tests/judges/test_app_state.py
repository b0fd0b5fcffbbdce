"""Judges and our engine are devices of one account: what one says of a chat, the other knows, and the phone as well."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import cast

import pytest

from fixtures.rooms import eventually
from fixtures.waiting import until
from judges.native import NativeClient, NativeClients
from judges.peers import JUDGES, Judge, Peer, PeerRefused, scratch
from wagate.domain.jid import Jid
from wagate.domain.marks import ChatMarks, ContactName
from wagate.ports.abilities import KeepsName, MarksChats, SavesContacts
from wagate.ports.news import ChatMarked, OwnNameChanged
from whatsapp_emulator.client import EmulatorClient
from whatsapp_emulator.emulator import Emulator

US, ANA = "4915100000031", "4915100000032"
UNTIL = 1_893_456_000_000


@pytest.mark.judge
async def test_shares_app_state_with_us(judge: Judge, emulator: Emulator, control: EmulatorClient) -> None:
    await control.account(US)
    chat, own = (await control.account(ANA)).lid, control.phone(US)
    await control.faults(app_state_snapshots=judge.name != "baileys")
    await own.app_state("archive", chat=ANA, on=False)
    async with (
        NativeClients(emulator.whereabouts) as natives,
        natives.open(US) as us,
        judge.open(US) as peer,
    ):
        await own.scan(await us.qr_text())
        await own.scan(await peer.qr_text())
        await until(partial(_all_have_the_key, emulator), 30)
        try:
            await _exchange(judge, us, peer, chat)
        except (AssertionError, TimeoutError) as error:
            raise AssertionError(peer.complaints()) from error
    mutes = [each["until"] for each in await own.agreed() if each["action"] == "Mute"]
    assert mutes == [UNTIL + 10_000]


@pytest.mark.judge
@pytest.mark.parametrize("collection", ["REGULAR_LOW", "REGULAR_HIGH", "CRITICAL_BLOCK"])
async def test_neonize_names_no_collection(collection: str, emulator: Emulator, control: EmulatorClient) -> None:
    """Why our engine on neonize marks nothing: what it is given to write says no more to which collection it belongs.

    When this fails, neonize has learnt it.
    """
    await control.account(US)
    chat, own = (await control.account(ANA)).lid, control.phone(US)
    with scratch() as folder:
        async with JUDGES["neonize"](emulator.whereabouts, folder).open(US) as peer:
            await own.scan(await peer.qr_text())
            with pytest.raises(PeerRefused, match="SendAppStateError"):
                await _once_it_has_the_key(partial(peer.do, "pin_chat", chat=chat, collection=collection))
    (violation,) = emulator.world.audit.violations
    assert "<collection> has no attribute name" in violation.detail
    emulator.forgive("malformed")
    assert await own.agreed() == []


async def _exchange(judge: Judge, us: NativeClient, peer: Peer, chat: str) -> None:
    """We write, they read; they write on top of that, and we read."""
    marks, person = cast(MarksChats, us.connection), cast(SavesContacts, us.connection)
    await _once_it_has_the_key(partial(peer.rename, "The judge"))
    await until(lambda: "The judge" in [news.name for news in us.of_kind(OwnNameChanged)], 30)
    for moment in (UNTIL, UNTIL + 1_000):
        await marks.mark_chat(Jid(chat), ChatMarks(muted_until=moment, archived=moment == UNTIL), None)
        await person.save_contact(Jid.from_phone(ANA), ContactName(f"Ana {moment}"))
        await eventually(partial(_knows, judge, peer, chat, moment))
    if judge.name == "baileys":
        await peer.mute(chat, UNTIL + 9_000)
        await until(lambda: UNTIL + 9_000 in [news.marks.muted_until for news in us.of_kind(ChatMarked)], 30)
    await marks.mark_chat(Jid(chat), ChatMarks(muted_until=UNTIL + 10_000), None)
    await cast(KeepsName, us.connection).set_name("We ourselves")
    await eventually(partial(_calls_us, peer, chat, "We ourselves"))
    await peer.rename("The judge again")
    await until(lambda: "The judge again" in [news.name for news in us.of_kind(OwnNameChanged)], 30)


async def _knows(judge: Judge, peer: Peer, chat: str, moment: int) -> bool:
    """Whether a judge has read our last change. neonize keeps whole seconds."""
    told = await peer.agreed(chat)
    muted = moment if judge.name == "baileys" else moment // 1000
    is_named = f"Ana {moment}" in told["names"]
    return is_named and (told.get("muted"), bool(told.get("archived"))) == (muted, moment == UNTIL)


async def _calls_us(peer: Peer, chat: str, name: str) -> bool:
    """Whether a judge, a device of the same account, goes by the name that we gave it."""
    return bool((await peer.agreed(chat))["own"] == name)


async def _once_it_has_the_key(write: Callable[[], Awaitable[object]]) -> None:
    """Let a judge write as soon as it has taken in what the phone told it."""
    async with asyncio.timeout(30):
        while True:
            try:
                await write()
                return
            except PeerRefused as refused:
                if "key" not in str(refused):
                    raise


def _all_have_the_key(emulator: Emulator) -> bool:
    """Both have the key, and have taken everything else that the phone had for them."""
    devices = list(emulator.world.account(US).devices.values())
    return len(devices) == 2 and all(each.app_state_key_shared and not len(each.queue) for each in devices)
