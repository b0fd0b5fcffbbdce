"""Judges and our engine show each other the same, for every kind of content that takes words of its own to send."""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256

import pytest

from judges.kinds import KINDS, Kind
from judges.native import NativeClients
from judges.peers import Judge, PeerRefused
from judges.table import PEER, US, Table, acquainted
from wagate.adapters.whatsapp_web.decode import Speaker, context_of, said_in
from whatsapp_emulator.client import EmulatorClient
from whatsapp_emulator.emulator import Emulator
from whatsapp_wire.jid import Jid
from whatsapp_wire.message import read

pytestmark = pytest.mark.judge


async def test_shows_every_kind_as_we_do(judge: Judge, emulator: Emulator, control: EmulatorClient) -> None:
    wrong = []
    async with NativeClients(emulator.whereabouts) as ours, ours.open(US) as us, judge.open(PEER) as peer:
        table = await acquainted(emulator, control, us, peer, votes=judge.name != "baileys")
        for kind in KINDS:
            try:
                await _from_the_judge(table, kind)
                if kind.is_ours:
                    await _from_us(table, kind)
            except (AssertionError, TimeoutError, PeerRefused) as error:
                wrong.append(f"{kind.name}: {error!r:.900}")
        assert wrong == [], peer.complaints()


async def _from_the_judge(table: Table, kind: Kind) -> None:
    news = await table.by_us(await table.peer.say_kind(kind.name, table.our_lid))
    assert (news.content, news.context) == (kind.said, kind.context)
    if kind.file is not None:
        assert await table.us.fetch(news.wa_id) == sha256(kind.file.data).hexdigest()


async def _from_us(table: Table, kind: Kind) -> None:
    id = await table.us.say_kind(kind.name, table.their_lid)
    message, _ = await table.peer.content(id)
    us, them = Jid(table.our_lid), Jid(table.their_lid)
    shown = said_in(message, read(message), Speaker(us, us, them, from_me=False), None)
    context = context_of(message)
    if await table.peer.is_seen_once(id):  # neonize takes the wrapper off that says so
        context = replace(context, view_once=True)
    assert (shown, context) == (kind.said, kind.context)
    if kind.file is not None:
        assert await table.peer.fetch(id) == sha256(kind.file.data).hexdigest()
