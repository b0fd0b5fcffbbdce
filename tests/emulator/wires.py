"""Joins companions to a world in memory: no socket, no loop, and time passes when the test says so."""

from __future__ import annotations

from random import Random

from emulator.companion import Companion, iq
from whatsapp_emulator.world.links import Delivery, Hangup, Link, Settled
from whatsapp_emulator.world.world import World
from whatsapp_wire.decoding import decode
from whatsapp_wire.encoding import encode
from whatsapp_wire.jid import Jid
from whatsapp_wire.node import Node
from whatsapp_wire.proto.message_pb2 import Message


class Line:
    """One connection of a companion. `heard` is what arrived and was not taken yet."""

    def __init__(self, wires: Wires, companion: Companion) -> None:
        self.wires = wires
        self.companion = companion
        self.heard: list[Node] = []
        self.hangup: Hangup | None = None
        self.link: Link = wires.world.connect(companion.noise.public, companion.payload, wires.now)
        wires.lines[self.link] = self
        wires.carry()

    def say(self, node: Node) -> None:
        """Send a stanza, through the codec, so that only what the wire can carry arrives."""
        self.wires.world.receive(self.link, decode(encode(node)), self.wires.now)
        self.wires.carry()

    def ask(self, query: Node) -> Node:
        """Send an iq and take its answer."""
        self.say(query)
        answers = [node for node in self.heard if node.tag == "iq" and node.get("id") == query.get("id")]
        assert len(answers) == 1, answers
        self.heard.remove(answers[0])
        return answers[0]

    def take(self, tag: str, **attrs: str | None) -> list[Node]:
        """Take what arrived with that tag and these attributes."""
        fitting = [
            node
            for node in self.heard
            if node.tag == tag and all(node.get(key) == value for key, value in attrs.items())
        ]
        self.heard = [node for node in self.heard if not any(node is taken for taken in fitting)]
        return fitting

    def the(self, tag: str, **attrs: str | None) -> Node:
        """Take the only such stanza."""
        taken = self.take(tag, **attrs)
        assert len(taken) == 1, taken
        return taken[0]

    def activate(self) -> None:
        """Ask for what waits."""
        self.ask(iq("passive", "set", Node("active")))

    def close(self) -> None:
        """Hang up."""
        self.wires.world.close(self.link, self.wires.now)
        self.wires.carry()


class Wires:
    """A world and everybody connected to it."""

    def __init__(self, seed: int = 1) -> None:
        self.world = World(Random(seed))
        self.now = 1_800_000_000.0
        self.lines: dict[Link, Line] = {}
        self.settled: list[Settled] = []

    def carry(self) -> None:
        """Carry out what the world wants; a stanza arrives as the codec brings it."""
        for effect in self.world.collect():
            match effect:
                case Delivery(link, node):
                    self.lines[link].heard.append(decode(encode(node)))
                case Hangup(link):
                    self.lines[link].hangup = effect
                case Settled():
                    self.settled.append(effect)

    def pair(self, phone: str, name: str = "") -> tuple[Companion, Line]:
        """Link a companion by QR code and log it in, with its prekeys published and the queue flowing."""
        companion = Companion()
        line = Line(self, companion)
        self.world.account(phone, name)
        self.world.scan(phone, companion.qr(line.the("iq")))
        self.carry()
        line.say(companion.accept(line.the("iq")))
        line.close()
        return companion, self.log_in(companion)

    def log_in(self, companion: Companion) -> Line:
        """Connect a paired companion."""
        line = Line(self, companion)
        line.the("success")
        if companion.prekeys:
            line.ask(companion.upload())
        line.activate()
        for message in line.take("message", category="peer"):
            companion.open(message)
            line.say(companion.receipt(message, "peer_msg"))
        for tag in ("ib", "notification", "ack"):
            line.take(tag)
        return line

    def send(self, line: Line, id: str, phone: str, text: str | Message, edit: str | None = None) -> Node:
        """Send a text (or anything) from a companion to the phone of somebody, and to its own; returns the stanza."""
        to = [self.world.account(phone).lid, line.companion.lid.bare]
        unknown = [jid for jid in to if jid not in line.companion.sessions]
        if unknown:
            users = [Node("user", {"jid": jid}) for jid in unknown]
            answer = line.ask(iq("encrypt", "get", Node("key", None, users)))
            for user in answer.require("list").all("user"):
                line.companion.begin(user)
        stanza = line.companion.text(id, to[0], text, to, edit)
        line.say(stanza)
        return stanza

    def type(self, phone: str, to: Jid, text: str) -> str:
        """A person types; what leaves is carried."""
        id = self.world.phone(phone).type(to, text)
        self.carry()
        return id
