"""What the engine keeps: one small value per record kind, and the keys under which they are found.

kind            address             value
credentials     me                  our keys and addresses (`Credentials`)
prekey          id                  private key of a one-time prekey, 32 bytes
session         device              Signal session (`whatsapp_wire.signal.session`)
identity        device              public identity key, 32 bytes
sender_key      group/device        Signal sender key of one device of somebody, or our own
holders         group               which devices have our own sender key (`Holders`)
group           group               its members (`Membership`)
lid, pn         user                the same person's user part under the other kind of address
device          person              their devices (`DeviceList`)
tctoken         LID                 trusted-contact tokens, theirs and when ours was issued (`ContactToken`)
unacked         sequence number     a stanza that waits for the server's ack (`Unacked`)
sent            message id          what a retry receipt needs (`Sent`), kept for a week
upload          sha256.kind         a file that lies on the hosts (`attachments.Upload`), kept for a day
secret          message id          what reads the votes of a poll (`PollSecret`), kept for half a year
seen            device              the newest message ids of a device (`remember`)
retry           device              how often its unreadable messages were asked for (`Asked`)
history         time and id         a history that is to be read (`histories.Waiting`)
history_ask     message id          a request for older messages (`histories.Ask`)
app_state_key   key id (hex)        a key for the account's app state, as it was shared
app_state…                          where we stand in the app state: see `app_state_records`
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import lru_cache
from hashlib import blake2b
from typing import Final

from wagate.adapters.engines.native.machine.shell import Shell
from wagate.ports.vault import RecordKey, RecordUnreadable, Unit
from whatsapp_wire.jid import Jid

KINDS: Final = (
    "prekey",
    "session",
    "identity",
    "sender_key",
    "holders",
    "group",
    "audience",
    "lid",
    "pn",
    "device",
    "tctoken",
    "unacked",
    "sent",
    "upload",
    "secret",
    "seen",
    "retry",
    "history",
    "history_ask",
    "app_state_key",
    "app_state",
    "app_state_values",
    "app_state_due",
    "app_state_asked",
    "credentials",
)
"""Every kind; credentials last, so that deleting in this order can be taken up again after a crash."""

CREDENTIALS: Final[RecordKey] = ("credentials", "me")

_SEEN_IDS: Final = 128
_ID_HASH: Final = 8
_ASKED_IDS: Final = 32
_LENGTH: Final = 4
_VERSION: Final = b"\x01"


class Step(Unit):
    """A unit in the making, which reads its own changes before what the vault holds."""

    __slots__ = ("_shell",)

    def __init__(self, shell: Shell) -> None:
        super().__init__()
        self._shell = shell

    def get(self, kind: str, address: str) -> bytes | None:
        """The record as this unit will leave it; raises NotLoaded."""
        key = (kind, address)
        return self.changes[key] if key in self.changes else self._shell.get(kind, address)


@dataclass(frozen=True, slots=True)
class Unacked:
    """A stanza on its way: the exact bytes, and the participant hash the server may object to."""

    wa_id: str
    chat: Jid
    phash: str
    stanza: bytes

    def pack(self) -> bytes:
        """The record's value."""
        return _pack(self.wa_id.encode(), self.chat.encode(), self.phash.encode(), self.stanza)

    @classmethod
    def unpack(cls, value: bytes) -> Unacked:
        """Read a record's value; raises RecordUnreadable."""
        with _reading():
            wa_id, chat, phash, stanza = _unpack(value, 4)
            return cls(wa_id.decode(), Jid(chat.decode()), phash.decode(), stanza)


@dataclass(frozen=True, slots=True)
class Sent:
    """The plaintext of a message that went out, and its chat.

    ``sealed_at`` is when it was first encrypted (seconds), ``answered`` how often it was sent again to which device.
    """

    chat: Jid
    plaintext: bytes
    sealed_at: float
    answered: dict[str, int]

    def pack(self) -> bytes:
        """The record's value."""
        answered = json.dumps(self.answered).encode() if self.answered else b""
        return _pack(self.chat.encode(), self.plaintext, str(self.sealed_at).encode(), answered)

    @classmethod
    def unpack(cls, value: bytes) -> Sent:
        """Read a record's value; raises RecordUnreadable."""
        with _reading():
            chat, plaintext, sealed_at, answered = _unpack(value, 4)
            return cls(Jid(chat.decode()), plaintext, float(sealed_at), json.loads(answered) if answered else {})


@dataclass(frozen=True, slots=True)
class PollSecret:
    """What it takes to read the votes of a poll: who asked (bare), the poll's own secret, and its options."""

    author: Jid
    secret: bytes
    options: tuple[str, ...]

    def pack(self) -> bytes:
        """The record's value."""
        return _pack(self.author.encode(), self.secret, json.dumps(self.options).encode())

    @classmethod
    def unpack(cls, value: bytes) -> PollSecret:
        """Read a record's value; raises RecordUnreadable."""
        with _reading():
            author, secret, options = _unpack(value, 3)
            return cls(Jid(author.decode()), secret, tuple(json.loads(options)))


@dataclass(frozen=True, slots=True)
class DeviceList:
    """The devices of a person that may be written to, as of ``fetched_at`` (seconds)."""

    fetched_at: int
    devices: tuple[Jid, ...]

    def pack(self) -> bytes:
        """The record's value."""
        return f"{self.fetched_at} {' '.join(self.devices)}".encode()

    @staticmethod
    @lru_cache(maxsize=2048)
    def unpack(value: bytes) -> DeviceList:
        """Read a record's value; raises RecordUnreadable."""
        with _reading():
            fetched_at, *devices = value.decode().split()
            return DeviceList(int(fetched_at), tuple(map(Jid, devices)))


@dataclass(frozen=True, slots=True)
class Membership:
    """The people in a group, us included, under the addresses that it uses (``by_lid``), as of ``fetched_at`` (s)."""

    fetched_at: int
    by_lid: bool
    members: tuple[Jid, ...]

    def pack(self) -> bytes:
        """The record's value."""
        return f"{self.fetched_at} {int(self.by_lid)} {' '.join(self.members)}".encode()

    @staticmethod
    @lru_cache(maxsize=256)
    def unpack(value: bytes) -> Membership:
        """Read a record's value; raises RecordUnreadable."""
        with _reading():
            fetched_at, by_lid, *members = value.decode().split()
            return Membership(int(fetched_at), by_lid == "1", tuple(map(Jid, members)))

    def changed(self, came: Iterable[Jid], went: Iterable[Jid]) -> Membership:
        """The same group after people came and went."""
        gone = frozenset(went)
        stayed = [member for member in self.members if member not in gone]
        return replace(self, members=tuple(dict.fromkeys((*stayed, *came))))


@dataclass(frozen=True, slots=True)
class Audience:
    """The people (by LID, us included) whom a status post was for."""

    people: tuple[Jid, ...]

    def pack(self) -> bytes:
        """The record's value."""
        return " ".join(self.people).encode()

    @classmethod
    def unpack(cls, value: bytes) -> Audience:
        """Read a record's value; raises RecordUnreadable."""
        with _reading():
            return cls(tuple(map(Jid, value.decode().split())))


@dataclass(frozen=True, slots=True)
class Holders:
    """The devices (by the addresses of their records) that were given the key with which we write to a group.

    The ``doubtful`` among them may not have it (any more), and are given it again.
    """

    devices: frozenset[str] = frozenset()
    doubtful: frozenset[str] = frozenset()

    def pack(self) -> bytes:
        """The record's value."""
        return " ".join(sorted(f"?{device}" if device in self.doubtful else device for device in self.devices)).encode()

    @classmethod
    def unpack(cls, value: bytes | None) -> Holders:
        """Read a record's value, or make one of nothing; raises RecordUnreadable."""
        return cls() if value is None else _holders(value)


@lru_cache(maxsize=256)
def _holders(value: bytes) -> Holders:
    with _reading():
        words = value.decode().split()
        doubtful = frozenset(word[1:] for word in words if word.startswith("?"))
        return Holders(doubtful.union(word for word in words if not word.startswith("?")), doubtful)


@dataclass(frozen=True, slots=True)
class ContactToken:
    """The newest token a person gave us (empty: none) and its time; when we gave them ours (0: never); in seconds."""

    token: bytes = b""
    received_at: int = 0
    issued_at: int = 0

    def pack(self) -> bytes:
        """The record's value."""
        return _pack(self.token, str(self.received_at).encode(), str(self.issued_at).encode())

    @classmethod
    def unpack(cls, value: bytes | None) -> ContactToken:
        """Read a record's value, or make one of nothing; raises RecordUnreadable."""
        if value is None:
            return cls()
        with _reading():
            token, received_at, issued_at = _unpack(value, 3)
            return cls(token, int(received_at), int(issued_at))


@dataclass(frozen=True, slots=True)
class Asked:
    """How often each of a device's newest unreadable messages was asked for, and which ciphertext that was about."""

    counts: dict[str, tuple[int, str]]

    @classmethod
    def unpack(cls, value: bytes | None) -> Asked:
        """Read a record's value, or make one of nothing; raises RecordUnreadable."""
        with _reading():
            return cls({id: (int(count), str(digest)) for id, (count, digest) in json.loads(value or b"{}").items()})

    def count(self, wa_id: str) -> int:
        """How often a message was asked for."""
        return self.counts[wa_id][0] if wa_id in self.counts else 0

    def is_about(self, wa_id: str, ciphertext: bytes) -> bool:
        """Whether it was this ciphertext that was last asked about: then the server never heard that we asked.

        Our request goes out before our ack of what it is about, so whoever lost the one did not get the other.
        """
        return wa_id in self.counts and self.counts[wa_id][1] == _digest(ciphertext)

    def once_more(self, wa_id: str, count: int, ciphertext: bytes) -> bytes:
        """The record's value after asking for the ``count``-th time; the oldest are forgotten."""
        others = {id: asked for id, asked in self.counts.items() if id != wa_id}
        counts = {**others, wa_id: (count, _digest(ciphertext))}
        return json.dumps(dict(list(counts.items())[-_ASKED_IDS:])).encode()

    def settled(self, wa_id: str) -> bytes | None:
        """The record's value after the message could be read; None when nothing is left."""
        counts = {id: asked for id, asked in self.counts.items() if id != wa_id}
        return json.dumps(counts).encode() if counts else None


def _digest(ciphertext: bytes) -> str:
    return blake2b(ciphertext, digest_size=_ID_HASH).hexdigest()


def was_seen(seen: bytes | None, chat: Jid, wa_id: str) -> bool:
    """Whether a message is among a device's newest that were received."""
    at = (seen or b"").find(wanted := _id_hash(chat, wa_id))
    while at >= 0 and at % _ID_HASH:
        at = (seen or b"").find(wanted, at + 1)
    return at >= 0


def remember(seen: bytes | None, chat: Jid, wa_id: str) -> bytes:
    """The record of a device's newest messages with one more. The oldest of more than 128 is forgotten.

    Forgetting is harmless: a copy that comes later still than that is asked for again and told apart by who listens.
    """
    return ((seen or b"") + _id_hash(chat, wa_id))[-_SEEN_IDS * _ID_HASH :]


def _id_hash(chat: Jid, wa_id: str) -> bytes:
    return blake2b(f"{chat}/{wa_id}".encode(), digest_size=_ID_HASH).digest()


@contextmanager
def _reading() -> Iterator[None]:
    try:
        yield
    except ValueError as error:
        raise RecordUnreadable("a record is damaged") from error


def _pack(*fields: bytes) -> bytes:
    return _VERSION + b"".join(len(field).to_bytes(_LENGTH, "big") + field for field in fields)


def _unpack(value: bytes, count: int) -> list[bytes]:
    fields, at = [], len(_VERSION)
    while at < len(value):
        start = at + _LENGTH
        at = start + int.from_bytes(value[at:start], "big")
        fields.append(value[start:at])
    if not value.startswith(_VERSION) or at != len(value) or len(fields) != count:
        raise ValueError("the fields do not fill the record")
    return fields
