"""A minimal linked device: just enough of a client to ask the emulator everything, and nothing it does by itself."""

from __future__ import annotations

import base64
from itertools import count

from whatsapp_wire.crypto.keys import KeyPair
from whatsapp_wire.jid import SERVER, Jid
from whatsapp_wire.message import device_sent, text_message
from whatsapp_wire.node import Attribute, Node
from whatsapp_wire.pairing.identity import accept_pair_success
from whatsapp_wire.pairing.payload import ClientVersion, CompanionName, login_payload, registration_payload
from whatsapp_wire.pairing.qr import QrCode, qr_text
from whatsapp_wire.proto.message_pb2 import Message
from whatsapp_wire.signal import session
from whatsapp_wire.signal.padding import pad, unpad
from whatsapp_wire.signal.prekeys import PreKey, PreKeyBundle, SignedPreKey

VERSION = ClientVersion(2, 3000, 1)
_ids = count(1)


def iq(namespace: str, type: str, *content: Node) -> Node:
    """A query to the server."""
    return Node("iq", {"id": f"q{next(_ids)}", "xmlns": namespace, "type": type, "to": SERVER}, list(content) or None)


def three(number: int) -> bytes:
    """A number as key ids are written."""
    return number.to_bytes(3, "big")


class Companion:
    """Keys and sessions of one device. It builds stanzas and reads them; a test carries them."""

    def __init__(self) -> None:
        self.noise = KeyPair.generate()
        self.identity = KeyPair.generate()
        self.signed_prekey = SignedPreKey.generate(1, self.identity)
        self.registration_id = 4711
        self.adv_secret = b"s" * 32
        self.prekeys = {number: PreKey.generate(number) for number in range(1, 21)}
        self.sessions: dict[Jid, bytes] = {}
        self.account = b""
        self.pn = self.lid = Jid("unpaired@lid")

    # -- coming and going

    @property
    def payload(self) -> bytes:
        """The client payload: a registration until it is paired, then a login."""
        if self.account:
            return login_payload(VERSION, self.pn)
        name = CompanionName("Test")
        return registration_payload(VERSION, name, self.registration_id, self.identity.public, self.signed_prekey)

    def qr(self, pair_device: Node) -> str:
        """The text of the first QR code that a `pair-device` allows."""
        ref = pair_device.require("pair-device").require("ref").text()
        return qr_text(QrCode(ref, self.noise.public, self.identity.public, self.adv_secret))

    def qr_part(self) -> str:
        """The Noise key as a QR code spells it."""
        return base64.b64encode(self.noise.public).decode()

    def accept(self, pair_success: Node) -> Node:
        """Take the identity the phone signed; returns the answer."""
        content = pair_success.require("pair-success")
        accepted = accept_pair_success(content.require("device-identity").bytes(), self.adv_secret, self.identity)
        self.account = accepted.account
        device = content.require("device")
        self.pn, self.lid = device.jid("jid"), device.jid("lid")
        signed = Node("device-identity", {"key-index": accepted.key_index}, accepted.reply)
        head = {"to": SERVER, "id": pair_success.attr("id"), "type": "result"}
        return Node("iq", head, [Node("pair-device-sign", None, [signed])])

    def upload(self, *numbers: int) -> Node:
        """Publish one-time prekeys, all of them by default."""
        chosen = [self.prekeys[number] for number in numbers or self.prekeys]
        return iq(
            "encrypt",
            "set",
            Node("registration", None, self.registration_id.to_bytes(4, "big")),
            Node("type", None, b"\x05"),
            Node("identity", None, self.identity.public),
            Node("list", None, [self.key(prekey) for prekey in chosen]),
            self.skey(self.signed_prekey),
        )

    @staticmethod
    def key(prekey: PreKey) -> Node:
        return Node("key", None, [Node("id", None, three(prekey.id)), Node("value", None, prekey.key.public)])

    @staticmethod
    def skey(signed: SignedPreKey) -> Node:
        """A signed prekey as stanzas carry it."""
        content = [("id", three(signed.id)), ("value", signed.key.public), ("signature", signed.signature)]
        return Node("skey", None, [Node(tag, None, value) for tag, value in content])

    # -- messages

    def begin(self, user: Node) -> None:
        """Start a session from one `user` of the answer to a key request."""
        skey, key = user.require("skey"), user.child("key")
        bundle = PreKeyBundle(
            int.from_bytes(user.require("registration").bytes(), "big"),
            user.require("identity").bytes(),
            int.from_bytes(skey.require("id").bytes(), "big"),
            skey.require("value").bytes(),
            skey.require("signature").bytes(),
            None if key is None else int.from_bytes(key.require("id").bytes(), "big"),
            None if key is None else key.require("value").bytes(),
        )
        jid = user.jid("jid")
        self.sessions[jid] = session.initiate(self.identity, bundle, self.sessions.get(jid))

    def seal(self, to: Jid, message: Message) -> Node:
        """An `enc` for one device."""
        record = self.sessions.get(to)
        sealed = session.encrypt(record, self.identity, self.registration_id, pad(message.SerializeToString()))
        self.sessions[to] = sealed.record
        return Node("enc", {"v": "2", "type": sealed.kind}, sealed.ciphertext)

    def text(self, id: str, chat: Jid, text: str | Message, devices: list[Jid], edit: str | None = None) -> Node:
        """A text (or anything) for these devices; the own ones among them get the copy that says where it went."""
        message = text_message(text) if isinstance(text, str) else text
        copies = [
            Node(
                "to", {"jid": to}, [self.seal(to, device_sent(message, chat) if to.bare == self.lid.bare else message)]
            )
            for to in devices
        ]
        content = [Node("participants", None, copies), Node("device-identity", None, self.account)]
        return Node("message", {"id": id, "type": "text", "to": chat, "edit": edit}, content)

    def open(self, stanza: Node) -> Message:
        """Decrypt a message from a phone; its address is a LID, or the own number for messages between own devices."""
        sender = stanza.jid("from")
        address = self.lid.with_device(sender.device) if sender.user == self.pn.user else sender
        enc, record = stanza.require("enc"), self.sessions.get(sender if sender.is_lid else address)
        if enc.attr("type") == "msg":
            opened = session.decrypt(record, self.identity, enc.bytes())
            self.sessions[address] = opened.record
            return Message.FromString(unpad(opened.plaintext))
        number = session.prekey_ids(enc.bytes()).prekey_id
        prekey = None if number is None else self.prekeys.pop(number, None)
        key = None if prekey is None else prekey.key
        first = session.decrypt_prekey(record, self.identity, enc.bytes(), self.signed_prekey.key, key)
        self.sessions[address] = first.record
        return Message.FromString(unpad(first.plaintext))

    @staticmethod
    def receipt(stanza: Node, type: str | None = None) -> Node:
        """The receipt for a message."""
        copied = {name: stanza.get(name) for name in ("id", "participant", "recipient")}
        return Node("receipt", {**copied, "to": stanza.jid("from"), "type": type})

    @staticmethod
    def ack(stanza: Node) -> Node:
        """The `ack` for a stanza, as whatsmeow makes it."""
        attrs: dict[str, Attribute] = {"class": stanza.tag, "id": stanza.get("id"), "to": stanza.jid("from")}
        for name in ("participant", "recipient"):
            attrs[name] = stanza.get(name)
        if stanza.tag != "message":
            attrs["type"] = stanza.get("type")
        return Node("ack", attrs)
