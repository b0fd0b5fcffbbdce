"""Judges and our engine understand one another, whatever is said and done: both ways, kind by kind."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from hashlib import sha256

import pytest

from judges.native import NativeClient, NativeClients
from judges.peers import Judge, Peer
from wagate.adapters.whatsapp_web.files import content_in
from wagate.domain import vcard
from wagate.domain.acts import Edit, PollVote, Reaction, Revocation, Target
from wagate.domain.content import Attached, Card, Contacts, Image, Location, Poll, Quoted, Text, Video, Voice
from wagate.domain.jid import Jid
from wagate.domain.media import VOICE_MIME, MediaKind
from wagate.ports.news import MessageArrived
from whatsapp_emulator.client import EmulatorClient
from whatsapp_emulator.emulator import Emulator
from whatsapp_wire.contents import cards, places, polls
from whatsapp_wire.contents.acts import read_act
from whatsapp_wire.message import Kind, read, unwrap
from whatsapp_wire.proto.message_pb2 import Message

pytestmark = pytest.mark.judge

US, PEER = "4915100000021", "4915100000022"
CARD = vcard.written(vcard.Person("Bea", ("+4915100000099",)))


@dataclass(frozen=True, slots=True)
class Table:
    """Both clients, paired and acquainted, and the addresses by which they know each other."""

    us: NativeClient
    peer: Peer
    our_lid: Jid
    their_lid: Jid
    peer_votes: bool
    """Whether the judge can vote: Baileys has no such call."""

    async def by_peer(self, id: str) -> tuple[Message, list[bytes]]:
        """What the judge decrypted under an id, unwrapped, and the hashes of a vote."""
        message, vote = await self.peer.content(id)
        return unwrap(message), vote

    async def by_us(self, id: str) -> MessageArrived:
        """What our engine told of under an id."""
        (news,) = await self.us.until(lambda: [news for news in self.us.arrived if news.wa_id == id])
        return news


async def _acquainted(
    emulator: Emulator, control: EmulatorClient, us: NativeClient, peer: Peer, *, votes: bool
) -> Table:
    for client, name in ((us, "Shop"), (peer, "Ana")):
        await control.account(client.phone, name)
        await control.phone(client.phone).scan(await client.qr_text())
    await peer.wait("open")
    world = emulator.world
    await us.until(lambda: us.is_connected)
    table = Table(us, peer, Jid(world.account(US).lid), Jid(world.account(PEER).lid), votes)
    await us.send(table.their_lid, "warm")
    await peer.shows("warm")
    await peer.send(table.our_lid, "warm")
    await us.shows("warm")
    return table


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


CONVERSATIONS: tuple[Callable[[Table], Awaitable[None]], ...] = (_texts_and_acts, _polls, _places_and_cards, _files)


async def test_what_is_said_and_done_is_understood_both_ways(
    judge: Judge, emulator: Emulator, control: EmulatorClient
) -> None:
    async with NativeClients(emulator.whereabouts) as ours, ours.open(US) as us, judge.open(PEER) as peer:
        table = await _acquainted(emulator, control, us, peer, votes=judge.name != "baileys")
        for conversation in CONVERSATIONS:
            await conversation(table)
