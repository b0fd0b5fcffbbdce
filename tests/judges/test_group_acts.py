"""Judges and our engine do the same things to what is said in a group, and an admin may take back what others said."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from fixtures.waiting import until
from judges.native import NativeClients
from judges.peers import Judge
from judges.table import PEER, US, Table, acquainted
from wagate.domain.acts import Edit, Pin, PollVote, Reaction, Revocation, Target
from wagate.domain.content import Poll, Quoted, Text
from whatsapp_emulator.client import EmulatorClient
from whatsapp_emulator.emulator import Emulator
from whatsapp_wire.contents.acts import pinned_for_s
from whatsapp_wire.contents.context import read_context
from whatsapp_wire.message import Kind, read

HOST = "4915100000023"

pytestmark = pytest.mark.judge


@dataclass(frozen=True, slots=True)
class Said:
    """The group, and a text of each in it."""

    group: str
    ours: Target
    theirs: Target


async def test_does_in_a_group_what_we_do(judge: Judge, emulator: Emulator, control: EmulatorClient) -> None:
    await control.account(HOST)
    async with NativeClients(emulator.whereabouts) as ours, ours.open(US) as us, judge.open(PEER) as peer:
        table = await acquainted(emulator, control, us, peer, votes=judge.name != "baileys")
        made = await control.phone(HOST).create_group("Judges", [US, PEER])
        group = control.phone(HOST).group(made.jid)
        await group.change("promote", US, PEER)
        devices = [device for phone in (US, PEER) for device in emulator.world.account(phone).devices.values()]
        await until(lambda: not any(len(device.queue) for device in devices), 30)
        try:
            said = await _speak(table, made.jid)
            await _we_act(table, said)
            await _it_acts(table, said)
            await _we_take_back(table, said)
            await _it_takes_back(table, said)
        except (AssertionError, TimeoutError) as error:
            raise AssertionError(peer.complaints()) from error


async def _speak(table: Table, group: str) -> Said:
    us, peer = table.us, table.peer
    ours = await us.say(group, Text("@all, from us", mentions_all=True))
    called, _ = await table.by_peer(ours)
    assert read_context(called).mentions_all
    theirs = await peer.send(group, "from the judge")
    await us.shows("from the judge")
    answer, _ = await table.by_peer(await us.say(group, Text("so"), Quoted(theirs, table.their_lid, "from the judge")))
    quoted = read(answer).quoted
    assert quoted is not None
    assert (quoted.id, str(quoted.sender)) == (theirs, str(table.their_lid))
    back = await table.by_us(await _reply(table, group, ours))
    assert back.quoted is not None
    assert (back.quoted.wa_id, back.quoted.sender) == (ours, table.our_lid)
    return Said(group, Target(ours, table.our_lid), Target(theirs, table.their_lid))


async def _reply(table: Table, group: str, answered: str) -> str:
    info = {"stanzaId": answered, "participant": str(table.our_lid), "quotedMessage": {"conversation": "@all"}}
    fields = {"extendedTextMessage": {"text": "indeed", "contextInfo": info}}
    return str((await table.peer.do("say", to=group, fields=fields))["id"])


async def _we_act(table: Table, at: Said) -> None:
    us = table.us
    heart, _ = await table.by_peer(await us.say(at.group, Reaction(at.theirs, "❤️")))
    assert (read(heart).text, heart.reaction_message.key.id) == ("❤️", at.theirs.wa_id)
    assert heart.reaction_message.key.participant == table.their_lid
    pinned, _ = await table.by_peer(await us.say(at.group, Pin(at.theirs, 86_400)))
    assert (pinned.pin_in_chat_message.key.id, pinned_for_s(pinned)) == (at.theirs.wa_id, 86_400)
    edit, _ = await table.by_peer(await us.say(at.group, Edit(at.ours, Text("better"))))
    assert (read(edit).kind, read(edit).text, edit.protocol_message.key.id) == (Kind.EDIT, "better", at.ours.wa_id)


async def _it_acts(table: Table, at: Said) -> None:
    peer, author = table.peer, table.our_lid
    told = await peer.do("react", chat=at.group, id=at.ours.wa_id, emoji="👍", author=author)
    heart = (await table.by_us(told["id"])).content
    assert isinstance(heart, Reaction)
    assert (heart.target, heart.emoji) == (at.ours, "👍")
    pinned = (await table.by_us(await peer.pin(at.group, at.ours.wa_id, author, 604_800))).content
    assert isinstance(pinned, Pin)
    assert (pinned.target, pinned.for_s) == (at.ours, 604_800)
    edited = (await table.by_us(await peer.edit(at.group, at.theirs.wa_id, "better, too"))).content
    assert isinstance(edited, Edit)
    assert (edited.target, edited.content) == (at.theirs, Text("better, too"))
    if table.peer_votes:
        poll = await table.us.say(at.group, Poll("Lunch?", ("Pizza", "Sushi"), 1))
        vote = (await table.by_us(await peer.vote(at.group, poll, ["Sushi"]))).content
        assert isinstance(vote, PollVote)
        assert (vote.target, vote.selected) == (Target(poll, table.our_lid), ("Sushi",))


async def _we_take_back(table: Table, at: Said) -> None:
    """What the judge said, as an admin."""
    gone, _ = await table.by_peer(await table.us.say(at.group, Revocation(at.theirs)))
    key = gone.protocol_message.key
    assert (read(gone).kind, key.id, key.from_me, key.participant) == (
        Kind.REVOKE,
        at.theirs.wa_id,
        False,
        table.their_lid,
    )


async def _it_takes_back(table: Table, at: Said) -> None:
    """What we said, as an admin; and what it said itself."""
    gone = (await table.by_us(await table.peer.delete_of(at.group, at.ours.wa_id, table.our_lid))).content
    assert gone == Revocation(at.ours)
    own = await table.peer.send(at.group, "a mistake")
    await table.us.shows("a mistake")
    assert (await table.by_us(await table.peer.revoke(at.group, own))).content == Revocation(
        Target(own, table.their_lid)
    )
