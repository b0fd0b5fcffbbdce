"""A judge and our engine at one table: each linked to a phone of its own, and acquainted."""

from __future__ import annotations

from dataclasses import dataclass

from judges.native import NativeClient
from judges.peers import Peer
from wagate.domain import vcard
from wagate.domain.jid import Jid
from wagate.ports.news import MessageArrived
from whatsapp_emulator.client import EmulatorClient
from whatsapp_emulator.emulator import Emulator
from whatsapp_wire.message import unwrap
from whatsapp_wire.proto.message_pb2 import Message

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


async def acquainted(
    emulator: Emulator, control: EmulatorClient, us: NativeClient, peer: Peer, *, votes: bool
) -> Table:
    """Pair both with phones of their own, and let each hear a word of the other, which opens the sessions."""
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
