"""A group with a companion among its members, for the tests to play in."""

from __future__ import annotations

from dataclasses import dataclass, field

from emulator.companion import Companion, iq
from emulator.wires import Line, Wires
from whatsapp_wire.jid import Jid
from whatsapp_wire.message import read, text_message
from whatsapp_wire.node import Node
from whatsapp_wire.sender_key_share import share
from whatsapp_wire.signal import sender_keys
from whatsapp_wire.signal.padding import pad
from whatsapp_wire.stanza.group_changes import GroupChanged
from whatsapp_wire.stanza.group_message import GroupMessage
from whatsapp_wire.stanza.message import Recipient, Resend
from whatsapp_wire.stanza.notification import parse_notification

ANN, BOB, CAT = "4917001", "4917002", "4917003"


@dataclass
class Scene:
    """Ann has a companion; Bob and Cat have phones, and Bob made a group of all three."""

    wires: Wires
    companion: Companion
    line: Line
    key: bytes = field(default_factory=sender_keys.create)

    @classmethod
    def set(cls) -> Scene:
        wires = Wires()
        companion, line = wires.pair(ANN, "Ann")
        for phone in (BOB, CAT):
            wires.world.account(phone)
        return cls(wires, companion, line)

    def lid(self, phone: str) -> Jid:
        return self.wires.world.account(phone).lid

    def group(self, *members: str) -> Jid:
        made = self.wires.world.phone(BOB).groups.create("Sales", [self.lid(phone) for phone in members])
        self.wires.carry()
        return made.jid

    def changes(self) -> list[object]:
        """What the companion heard of groups, in order; each is acknowledged."""
        heard: list[object] = []
        for stanza in self.line.take("notification", type="w:gp2"):
            content = parse_notification(stanza).content
            assert isinstance(content, GroupChanged)
            heard += content.changes
            self.line.say(Companion.ack(stanza))
        return heard

    def write(self, group: Jid, id: str, text: str, keys_for: list[Jid]) -> Node:
        """The companion writes to a group, and gives its key to some devices."""
        self.meet(keys_for)
        given = share(group, sender_keys.distribution(self.key))
        recipients = []
        for jid in keys_for:
            enc = self.companion.seal(jid, given)
            recipients.append(Recipient(jid, enc.attr("type"), enc.bytes()))
        sealed = sender_keys.encrypt(self.key, pad(text_message(text).SerializeToString()))
        self.key = sealed.record
        message = GroupMessage(
            id,
            group,
            "text",
            tuple(recipients),
            sealed.ciphertext,
            "2:unknown1",
            device_identity=self.companion.account,
        )
        stanza = message.node()
        self.line.say(stanza)
        return stanza

    def meet(self, devices: list[Jid]) -> None:
        """The companion begins the sessions that it lacks."""
        unknown = [jid for jid in devices if jid not in self.companion.sessions]
        if unknown:
            answer = self.line.ask(iq("encrypt", "get", Node("key", None, [Node("user", {"jid": j}) for j in unknown])))
            for user in answer.require("list").all("user"):
                self.companion.begin(user)

    def answer(self, group: Jid, to: Jid, id: str, text: str, *, with_key: bool) -> None:
        """The companion answers a device that could not read a text of a group."""
        self.meet([to])
        message = text_message(text)
        if with_key:
            message = share(group, sender_keys.distribution(self.key), message)
        enc = self.companion.seal(to, message)
        recipient = Recipient(to, enc.attr("type"), enc.bytes())
        again = Resend(id, group, "text", 0, 1, recipient, to, device_identity=self.companion.account)
        self.line.say(again.node())

    def inbox(self, phone: str) -> list[str | None]:
        return [read(shown.message).text for shown in self.wires.world.phone(phone).inbox]

    def violations(self) -> list[str]:
        return [found.kind for found in self.wires.world.audit.violations]
