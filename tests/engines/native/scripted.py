"""A machine whose server is the test itself: what it says, what it answers, and a stranger with real keys."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from random import Random
from typing import TypeVar

from engines.native.replay import HABITS
from engines.native.replay_shell import Disk, ReplayShell
from wagate.adapters.engines.native import Habits
from wagate.adapters.engines.native.machine.credentials import Credentials
from wagate.adapters.engines.native.machine.machine import Machine
from wagate.adapters.engines.native.machine.outlook import Outlook
from wagate.adapters.engines.native.machine.records import CREDENTIALS
from wagate.domain.content import Content, Text
from wagate.domain.ids import MessageId
from wagate.domain.jid import Jid as Address
from wagate.ports.engine import Outgoing
from whatsapp_wire.crypto.keys import KeyPair
from whatsapp_wire.decoding import decode
from whatsapp_wire.jid import SERVER, Jid
from whatsapp_wire.node import Node
from whatsapp_wire.proto.message_pb2 import Message
from whatsapp_wire.signal import sender_keys, session
from whatsapp_wire.signal.padding import pad, unpad
from whatsapp_wire.signal.prekeys import PreKey, PreKeyBundle, SignedPreKey
from whatsapp_wire.stanza.prekeys import KEY_TYPE, prekey_node, registration_node, signed_prekey_node
from whatsapp_wire.stanza.source import Own

OWN = Own(Jid("15550001:7@s.whatsapp.net"), Jid("900001:7@lid"))
LID = Jid("900002@lid")
PN = Jid("15550002@s.whatsapp.net")
GROUP = Jid("120363000000000001@g.us")
START = 1_800_000_000.0

_News = TypeVar("_News")
Answer = Callable[[Node], "list[Node] | Node | None"]


class Script:
    """A linked, logged-in device. Queries are answered by ``answers`` (by namespace); what it says is in ``said``."""

    def __init__(self, habits: Habits = HABITS, credentials: Credentials | None = None) -> None:
        self.now = START
        self.disk = Disk()
        self.said: list[Node] = []
        self.answers: dict[str, Answer] = {
            "passive": lambda iq: [Node("active")],
            "w:p": lambda iq: None,
            "privacy": lambda iq: None,
            "w:sync:app:state": lambda iq: None,
            "encrypt": lambda iq: Node("count", {"value": 50}),
        }
        self.habits = habits
        linked = replace(Credentials.create(int(START)), own=OWN, voucher=b"voucher", account_identity=bytes(32))
        self.disk.records[CREDENTIALS] = (credentials or linked).pack()
        self.start()

    def start(self) -> None:
        """Begin from what the disk holds, connect and log in."""
        self.shell = ReplayShell(self.disk, lambda: self.now)
        unacked = sorted((address, value) for (kind, address), value in self.disk.records.items() if kind == "unacked")
        credentials = Credentials.unpack(self.disk.records[CREDENTIALS])
        self.machine = Machine(self.shell, self.habits, Outlook(Random(1)), credentials, unacked)
        self.connect()

    def connect(self) -> None:
        """Open a connection and log in."""
        self.machine.opened()
        self.hear(Node("success", {"t": int(self.now)}))

    @property
    def keys(self) -> Credentials:
        return self.machine.credentials

    def hear(self, *stanzas: Node) -> list[Node]:
        """Let stanzas arrive; returns what the device says until it is at rest."""
        for stanza in stanzas:
            self.machine.received(stanza)
        return self.rest()

    def rest(self) -> list[Node]:
        """Carry out everything that is waiting but timers; returns what was said, queries left out."""
        before = len(self.said)
        while self.shell.answers or self.shell.uncommitted or self.shell.written:
            if self.shell.answers:
                self.shell.answers.popleft()()
            elif self.shell.uncommitted:
                self.shell.commit()
            else:
                self._take(decode(self.shell.written.popleft()))
        return [node for node in self.said[before:] if node.tag != "iq"]

    def wait(self, seconds: float) -> list[Node]:
        """Let time pass."""
        self.now += seconds
        due = [timer for timer in self.shell.timers if timer.due <= self.now and timer.then is not None]
        self.shell.timers = [timer for timer in self.shell.timers if timer.due > self.now]
        for timer in due:
            if timer.then is not None:
                timer.then()
        return self.rest()

    def send(self, wa_id: str, content: Content | str = "hello", to: Jid = PN) -> Exception | None:
        """Hand over a message; returns what prevented it."""
        result: list[Exception | None] = []
        body = Text(content) if isinstance(content, str) else content
        outgoing = Outgoing(MessageId(f"msg_{wa_id}"), wa_id, Address(to), body)
        self.machine.send(outgoing, lambda error, _: result.append(error))
        self.rest()
        assert len(result) == 1
        return result[0]

    def news(self, kind: type[_News]) -> list[_News]:
        return [news for news in self.disk.ledger if isinstance(news, kind)]

    def record(self, kind: str, address: str) -> bytes | None:
        return self.disk.records.get((kind, address))

    def asked(self, tag: str) -> list[Node]:
        """The queries so far that hold such an element, at any depth."""
        return [node for node in self.said if node.tag == "iq" and any(part.tag == tag for part in _walk(node))]

    def _take(self, node: Node) -> None:
        self.said.append(node)
        if node.tag != "iq" or node.get("type") not in ("get", "set"):
            return
        answer = self.answers[node.get("xmlns") or ""](node)
        if isinstance(answer, Node) and answer.tag == "iq":
            answer.attrs["id"] = node.attr("id")
            self.machine.received(answer)
            return
        content = [answer] if isinstance(answer, Node) else answer
        self.machine.received(Node("iq", {"id": node.attr("id"), "type": "result", "from": SERVER}, content))


class Stranger:
    """Another device with real keys, at ``device``. It talks to one script, and knows what that published."""

    def __init__(self, device: Jid = LID, pn: Jid | None = PN) -> None:
        self.device = device
        self.pn = pn
        self.identity = KeyPair.generate()
        self.signed_prekey = SignedPreKey.generate(1, self.identity)
        self.prekey = PreKey.generate(1)
        self.record: bytes | None = None
        self.group_record = sender_keys.create()

    def bundle_node(self) -> Node:
        """What the server has of ours, as a ``user`` of its answer."""
        content = [
            registration_node(4711),
            Node("type", content=KEY_TYPE),
            Node("identity", content=self.identity.public),
            prekey_node(self.prekey),
            signed_prekey_node(self.signed_prekey),
        ]
        return Node("user", {"jid": self.device}, content)

    def meet(self, script: Script, prekey: PreKey | None = None) -> None:
        """Begin a session with the script's device."""
        keys = script.keys
        bundle = PreKeyBundle(
            keys.registration_id,
            keys.identity.public,
            keys.signed_prekey.id,
            keys.signed_prekey.key.public,
            keys.signed_prekey.signature,
            None if prekey is None else prekey.id,
            None if prekey is None else prekey.key.public,
        )
        self.record = session.initiate(self.identity, bundle, self.record)

    def encrypt(self, message: Message) -> Node:
        """A ciphertext for the script's device."""
        sealed = session.encrypt(self.record, self.identity, 4711, pad(message.SerializeToString()))
        self.record = sealed.record
        return Node("enc", {"v": "2", "type": sealed.kind}, sealed.ciphertext)

    def stanza(self, id: str, *encs: Node, **attrs: str | int) -> Node:
        """A message of this device, directly."""
        return Node(
            "message",
            {"id": id, "from": self.device, "sender_pn": self.pn, "t": 1, "type": "text", **attrs},
            list(encs),
        )

    def say(self, id: str, text: str, **attrs: str | int) -> Node:
        """A text, directly."""
        return self.stanza(id, self.encrypt(Message(conversation=text)), **attrs)

    def open(self, enc: Node) -> Message:
        """Read what the script encrypted for us."""
        kind, ciphertext = enc.attr("type"), enc.bytes()
        if kind == "pkmsg":
            opened = session.decrypt_prekey(
                self.record, self.identity, ciphertext, self.signed_prekey.key, self.prekey.key
            )
            self.record = opened.record
            return Message.FromString(unpad(opened.plaintext))
        plain = session.decrypt(self.record, self.identity, ciphertext)
        self.record = plain.record
        return Message.FromString(unpad(plain.plaintext))

    def distribute(self) -> Node:
        """Our sender key for the group, as a ciphertext for the script's device."""
        message = Message()
        message.sender_key_distribution_message.group_id = GROUP
        distribution = sender_keys.distribution(self.group_record)
        message.sender_key_distribution_message.axolotl_sender_key_distribution_message = distribution
        return self.encrypt(message)

    def say_to_group(self, id: str, text: str, *first: Node) -> Node:
        """A text in the group."""
        sealed = sender_keys.encrypt(self.group_record, pad(Message(conversation=text).SerializeToString()))
        self.group_record = sealed.record
        enc = Node("enc", {"v": "2", "type": "skmsg"}, sealed.ciphertext)
        attrs = {"id": id, "from": GROUP, "participant": self.device, "participant_pn": self.pn, "t": 1, "type": "text"}
        return Node("message", attrs, [*first, enc])


def directory_of(strangers: Iterable[Stranger], own: Iterable[Stranger] = ()) -> dict[str, Answer]:
    """Answers of a server that knows these devices; their accounts vouch for none but the phones."""
    known = {stranger.device: stranger for stranger in (*strangers, *own)}

    def usync(iq: Node) -> Node:
        users = iq.require("usync").require("list").all("user")
        told = [_user(user.jid("jid"), known) for user in users]
        return Node("usync", content=[Node("list", content=[user for user in told if user is not None])])

    def encrypt(iq: Node) -> Node:
        if iq.child("key") is None:
            return Node("count", {"value": 50})
        wanted = [user.jid("jid") for user in iq.require("key").all("user")]
        return Node("list", content=[known[jid].bundle_node() for jid in wanted if jid in known])

    return {"usync": usync, "encrypt": encrypt}


def _user(asked: Jid, known: dict[Jid, Stranger]) -> Node | None:
    persons = [each for each in known.values() if asked in (each.device.bare, each.pn and each.pn.bare)]
    devices = [Node("device", {"id": each.device.device}) for each in persons]
    content = [Node("devices", content=[Node("device-list", content=devices)])]
    if persons and not asked.is_lid:
        content.append(Node("lid", {"val": persons[0].device.bare}))
    return Node("user", {"jid": asked}, content)


def _walk(node: Node) -> Iterable[Node]:
    yield node
    for child in node.children:
        yield from _walk(child)
