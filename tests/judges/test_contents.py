"""Judges and our engine understand one another, whatever is said and done: both ways, kind by kind."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial
from hashlib import sha256
from typing import cast

import pytest

from judges.native import NativeClient, NativeClients
from judges.peers import Event, Judge
from judges.table import CARD, PEER, US, Table, acquainted
from wagate.adapters.whatsapp_web.files import content_in
from wagate.domain.acts import Edit, Pin, PollVote, Reaction, Revocation, Target
from wagate.domain.content import Attached, Card, Contacts, Image, Location, Poll, Quoted, Text, Video, Voice
from wagate.domain.jid import Jid
from wagate.domain.marks import ChatMarks
from wagate.domain.media import VOICE_MIME, MediaKind
from wagate.ports.abilities import SetsTimers
from wagate.ports.news import ChatMarked, ReceiptArrived, ReceiptKind
from whatsapp_emulator.client import EmulatorClient
from whatsapp_emulator.emulator import Emulator
from whatsapp_wire.contents import cards, places, polls
from whatsapp_wire.contents.acts import pinned_for_s, read_act
from whatsapp_wire.contents.timers import read_timer
from whatsapp_wire.message import Kind, parse, read

pytestmark = pytest.mark.judge


async def _texts_and_acts(table: Table) -> None:
    us, peer = table.us, table.peer
    ours, theirs = await us.send(table.their_lid, "helo"), await peer.send(table.our_lid, "helo")
    await peer.shows("helo")
    await us.shows("helo")

    heart, _ = await table.by_peer(await us.react(table.their_lid, theirs, "❤️"))
    assert (read(heart).kind, read(heart).text, heart.reaction_message.key.id) == (Kind.REACTION, "❤️", theirs)
    gone, _ = await table.by_peer(await us.react(table.their_lid, theirs, ""))
    assert (read(gone).kind, read(gone).text) == (Kind.REACTION, "")
    edit, _ = await table.by_peer(await us.edit(table.their_lid, ours, "hello"))
    assert (read(edit).kind, read(edit).text, edit.protocol_message.key.id) == (Kind.EDIT, "hello", ours)
    revoke, _ = await table.by_peer(await us.revoke(table.their_lid, ours))
    assert (read(revoke).kind, revoke.protocol_message.key.id) == (Kind.REVOKE, ours)

    at_ours, at_theirs = Target(ours, table.our_lid), Target(theirs, table.their_lid)
    for emoji in ("👍", ""):
        said = (await table.by_us(await peer.react(table.our_lid, ours, emoji))).content
        assert isinstance(said, Reaction)
        assert (said.target, said.emoji) == (at_ours, emoji or None)
    edited = (await table.by_us(await peer.edit(table.our_lid, theirs, "hello"))).content
    assert isinstance(edited, Edit)
    assert (edited.target, edited.content) == (at_theirs, Text("hello"))
    assert (await table.by_us(await peer.revoke(table.our_lid, theirs))).content == Revocation(at_theirs)


async def _polls(table: Table) -> None:
    us, peer = table.us, table.peer
    ours = await us.poll(table.their_lid, "Lunch?", ["Pizza", "Sushi"])
    shown, _ = await table.by_peer(ours)
    assert polls.read_poll(shown) == polls.Poll("Lunch?", ("Pizza", "Sushi"), 1)
    theirs = await peer.poll(table.our_lid, "Dinner?", ["Soup", "Bread"])
    assert (await table.by_us(theirs)).content == Poll("Dinner?", ("Soup", "Bread"), 1)
    cast, digests = await table.by_peer(await us.vote(table.their_lid, theirs, ["Bread"]))
    assert read_act(cast) is not None
    assert digests == [sha256(b"Bread").digest()]
    if table.peer_votes:
        vote = (await table.by_us(await peer.vote(table.our_lid, ours, ["Sushi"]))).content
        assert isinstance(vote, PollVote)
        assert (vote.target, vote.selected) == (Target(ours, table.our_lid), ("Sushi",))


async def _places_and_cards(table: Table) -> None:
    us, peer = table.us, table.peer
    shown, _ = await table.by_peer(await us.location(table.their_lid, -23.5, -46.6, "MASP"))
    assert places.read_place(shown) == places.Place(-23.5, -46.6, "MASP")
    card, _ = await table.by_peer(await us.contact(table.their_lid, "Bea", CARD))
    assert cards.read_cards(card) == (cards.Card("Bea", CARD),)
    place = await table.by_us(await peer.location(table.our_lid, 1.5, 2.5, "Here"))
    assert place.content == Location(1.5, 2.5, "Here")
    assert (await table.by_us(await peer.contact(table.our_lid, "Bea", CARD))).content == Contacts((Card("Bea", CARD),))


async def _files(table: Table) -> None:
    """The kinds of files that no judge can send; the others are in ``test_files``."""
    content, quoted = bytes(1_000), Quoted(await table.peer.send(table.our_lid, "show me"), table.their_lid, "show me")
    await table.us.shows("show me")
    kinds: tuple[tuple[Attached, str, str], ...] = (
        (Voice(), VOICE_MIME, "audio_message"),
        (Video(gif=True), "video/mp4", "video_message"),
        (Video(note=True), "video/mp4", "ptv_message"),
        (Image(caption="look"), "image/jpeg", "image_message"),
    )
    for said, mime, field in kinds:
        media = table.us.files.keep(MediaKind(said.type), mime, content)
        id = await table.us.say(table.their_lid, replace(said, media=media), quoted)
        shown, _ = await table.by_peer(id)
        part = getattr(shown, field)
        assert (part.mimetype, part.context_info.stanza_id) == (mime, quoted.wa_id)
        assert content_in(shown, read(shown)) == said


async def _pins(table: Table) -> None:
    us, peer = table.us, table.peer
    theirs, ours = await peer.send(table.our_lid, "pin me"), await us.send(table.their_lid, "pin me, too")
    await us.shows("pin me")
    await peer.shows("pin me, too")
    for target, seconds in ((Target(theirs, table.their_lid), 86_400), (Target(ours, table.our_lid), 604_800)):
        for for_s in (seconds, None):
            pinned, _ = await table.by_peer(await us.say(table.their_lid, Pin(target, for_s)))
            assert (read(pinned).kind, pinned.pin_in_chat_message.key.id) == (Kind.PIN, target.wa_id)
            assert pinned_for_s(pinned) == for_s
            author = None if target.wa_id == theirs else table.our_lid
            told = (await table.by_us(await peer.pin(table.our_lid, target.wa_id, author, for_s or 0))).content
            assert isinstance(told, Pin)
            assert (told.target, told.for_s) == (target, for_s)


async def _timers(table: Table) -> None:
    us, peer = table.us, table.peer
    for seconds in (86_400, 0):
        await cast(SetsTimers, us.connection).set_timer(table.their_lid, seconds)
        await peer.wait("content", partial(_sets, seconds))
    for seconds in (604_800, 0):
        await peer.set_timer(table.our_lid, seconds)
        marks = ChatMarks(disappearing_s=seconds)
        await us.until(partial(_is_told, us, table.their_lid, marks))


def _sets(seconds: int, event: Event) -> bool:
    return read_timer(parse(bytes.fromhex(event["raw"]))) == seconds


def _is_told(us: NativeClient, chat: Jid, marks: ChatMarks) -> bool:
    """Whether the newest that we heard of marks is this. Our own were told before the judge's came."""
    newest = us.of_kind(ChatMarked)[-1]
    return (newest.chat, newest.marks) == (chat, marks)


async def _read_and_played(table: Table) -> None:
    us, peer = table.us, table.peer
    ours, theirs = await us.say_kind("voice note", table.their_lid), await peer.say_kind("voice note", table.our_lid)
    await table.by_us(theirs)
    await table.by_peer(ours)
    await us.read(table.their_lid, theirs)
    await peer.hears(theirs, "read")
    await peer.read(table.our_lid, ours)
    (read_by,) = await us.until(lambda: _proving(us, ReceiptKind.READ, ours))
    assert read_by.by == table.their_lid
    await us.play(table.their_lid, theirs)
    await peer.hears(theirs, "played")
    await peer.play(table.our_lid, ours)
    (told,) = await us.until(lambda: _proving(us, ReceiptKind.PLAYED, ours))
    assert told.by == table.their_lid


def _proving(us: NativeClient, kind: ReceiptKind, id: str) -> list[ReceiptArrived]:
    """The receipts of a kind for one message."""
    return [news for news in us.of_kind(ReceiptArrived) if news.kind is kind and news.wa_ids == (id,)]


CONVERSATIONS: tuple[Callable[[Table], Awaitable[None]], ...] = (
    _texts_and_acts,
    _polls,
    _places_and_cards,
    _files,
    _pins,
    _read_and_played,
    _timers,
)


async def test_what_is_said_and_done_is_understood_both_ways(
    judge: Judge, emulator: Emulator, control: EmulatorClient
) -> None:
    async with NativeClients(emulator.whereabouts) as ours, ours.open(US) as us, judge.open(PEER) as peer:
        table = await acquainted(emulator, control, us, peer, votes=judge.name != "baileys")
        for conversation in CONVERSATIONS:
            await conversation(table)
