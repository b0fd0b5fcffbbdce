"""Judges look at the statuses that our engine posts, and both look at those of phones."""

from __future__ import annotations

from functools import partial
from hashlib import sha256
from typing import cast

import pytest

from fixtures.waiting import until
from judges.kinds import POSTS, Kind
from judges.native import NativeClients
from judges.peers import Judge
from judges.table import PEER, US, Table, acquainted
from wagate.adapters.whatsapp_web.decode import Speaker, said_in
from wagate.domain.jid import STATUS_LIST, Jid
from wagate.ports.abilities import MarksRead
from wagate.ports.news import ReceiptArrived, ReceiptKind
from whatsapp_emulator.client import EmulatorClient
from whatsapp_emulator.emulator import Emulator
from whatsapp_wire import jid as wire
from whatsapp_wire.message import read

STRANGER = "4915100000043"
STATUS = "status@broadcast"


@pytest.mark.judge
async def test_looks_at_our_statuses_as_at_those_of_phones(
    judge: Judge, emulator: Emulator, control: EmulatorClient
) -> None:
    await control.account(STRANGER)
    async with (
        NativeClients(emulator.whereabouts) as natives,
        natives.open(US) as us,
        judge.open(PEER) as peer,
    ):
        for client in (us, peer):
            await control.account(client.phone)
            await control.phone(client.phone).scan(await client.qr_text())
            await until(partial(_listens, emulator, client.phone), 30)
        try:
            for text in ("first status", "second status"):
                await us.post_text(text, [Jid.from_phone(PEER)])
                await peer.shows(text)
            # Another audience: the key that the judge has is not used any more, and it gets the one after that.
            await us.post_text("not for the judge", [Jid.from_phone(STRANGER)])
            await us.post_text("third status", [Jid.from_phone(PEER), Jid.from_phone(STRANGER)])
            await peer.shows("third status")
            await control.phone(STRANGER).say(STATUS, "text", text="from a stranger")
            await us.shows("from a stranger")
            await peer.shows("from a stranger")
        except (AssertionError, TimeoutError) as error:
            raise AssertionError(peer.complaints()) from error
        assert "not for the judge" not in [text for _, text in await peer.shown()]
        stranger = [shown.text for shown in await control.phone(STRANGER).inbox()]
        assert stranger[:2] == ["not for the judge", "third status"]


@pytest.mark.judge
async def test_posts_for_us_and_looks_at_ours_file_and_all(
    judge: Judge, emulator: Emulator, control: EmulatorClient
) -> None:
    async with NativeClients(emulator.whereabouts) as natives, natives.open(US) as us, judge.open(PEER) as peer:
        table = await acquainted(emulator, control, us, peer, votes=False)
        try:
            for kind in POSTS:
                await _from_us(table, kind)
                await _from_the_judge(table, kind)
        except (AssertionError, TimeoutError) as error:
            raise AssertionError(peer.complaints()) from error


async def _from_us(table: Table, kind: Kind) -> None:
    """We post, it looks, and we hear who did."""
    us, peer = table.us, table.peer
    id = await us.post_status(kind.name, [table.their_lid])
    message, _ = await peer.content(id)
    ours = wire.Jid(table.our_lid)
    assert said_in(message, read(message), Speaker(ours, wire.Jid(STATUS), ours, from_me=False), None) == kind.said
    if kind.file is not None:
        assert await peer.fetch(id) == sha256(kind.file.data).hexdigest()
    await peer.look(id, table.our_lid)
    (seen,) = await us.until(
        lambda: [news for news in us.of_kind(ReceiptArrived) if news.kind is ReceiptKind.READ and news.wa_ids == (id,)]
    )
    assert (seen.chat, seen.by) == (STATUS_LIST, table.their_lid)


async def _from_the_judge(table: Table, kind: Kind) -> None:
    """It posts, we look, and it hears that somebody did."""
    us, peer = table.us, table.peer
    news = await table.by_us(await peer.post_status(kind.name, [Jid.from_phone(US)]))
    assert news.chat == STATUS_LIST
    assert table.their_lid in (news.sender, news.sender_alt)
    assert news.content == kind.said
    if kind.file is not None:
        assert await us.fetch(news.wa_id) == sha256(kind.file.data).hexdigest()
    await cast(MarksRead, us.connection).mark_read(STATUS_LIST, news.sender, [news.wa_id])
    await peer.hears(news.wa_id, "read")


def _listens(emulator: Emulator, phone: str) -> bool:
    devices = emulator.world.account(phone).devices.values()
    return any(device.link is not None and device.link.active for device in devices)
