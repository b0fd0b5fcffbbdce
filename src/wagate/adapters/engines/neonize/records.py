"""What this engine keeps in the vault: whose device it is, how far the spool is read, messages without an outcome."""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Final, Self

from wagate.adapters.engines.neonize.link.messages import Linked, Post, Sent
from wagate.domain.content import Text
from wagate.domain.ids import MessageId
from wagate.domain.jid import Jid
from wagate.domain.session import Me
from wagate.ports.engine import Outgoing
from wagate.ports.vault import RecordKey, RecordUnreadable

CREDENTIALS: Final[RecordKey] = ("neonize_device", "own")
POSITION: Final[RecordKey] = ("neonize_spool", "position")
EARLY: Final[RecordKey] = ("neonize_receipts", "early")
SENDING: Final = "neonize_sending"
"""Messages that the engine answers for, by message id."""

DONE: Final = "neonize_done"
"""Messages whose outcome is known, so that asking again sends nothing."""

KINDS: Final = (SENDING, DONE, EARLY[0], POSITION[0], CREDENTIALS[0])
"""All kinds. While a device moves, the records of two engines lie side by side, so no other engine has these."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """Whose device is in the session's folder. ``key`` makes the secrets by which sent messages are found again."""

    key: bytes = field(repr=False)
    device: str = ""
    lid: str = ""
    name: str = ""
    platform: str = ""

    @classmethod
    def create(cls) -> Self:
        """For a session without a device."""
        return cls(secrets.token_bytes(32))

    def linked(self, linked: Linked) -> Credentials:
        """With the device that a phone linked."""
        return replace(self, device=linked.device, lid=linked.lid, name=linked.name, platform=linked.platform)

    @property
    def me(self) -> Me:
        """The account, in the product's words."""
        phone = "+" + self.device.partition("@")[0].partition(":")[0]
        return Me(phone, self.lid or None, self.name or None, self.platform or None)

    def tag(self, message: MessageId, attempt: int) -> str:
        """The secret (hex) under which whatsmeow notes this attempt to send a message."""
        return hmac.new(self.key, f"{message} {attempt}".encode(), hashlib.sha256).hexdigest()

    def pack(self) -> bytes:
        """The record's value."""
        return json.dumps({"version": 1, **asdict(replace(self, key=b"")), "key": self.key.hex()}).encode()

    @classmethod
    def unpack(cls, value: bytes) -> Credentials:
        """Read a record's value. Raises RecordUnreadable."""
        fields = _fields(value)
        try:
            key = bytes.fromhex(fields["key"])
            return cls(key, *(str(fields[name]) for name in ("device", "lid", "name", "platform")))
        except (KeyError, TypeError, ValueError) as error:
            raise RecordUnreadable("the stored credentials are damaged") from error


@dataclass(frozen=True, slots=True)
class Position:
    """The last entry of a spool that was committed, in the same unit as the news in it."""

    spool: str = ""
    number: int = 0

    def pack(self) -> bytes:
        """The record's value."""
        return json.dumps([self.spool, self.number]).encode()

    @classmethod
    def unpack(cls, value: bytes | None) -> Position:
        """Read a record's value; damage only costs a repetition, and repetitions are noticed."""
        try:
            spool, number = json.loads(value or b"[]")
            return cls(str(spool), int(number))
        except (ValueError, TypeError):
            return cls()


@dataclass(frozen=True, slots=True)
class Sending:
    """A message that the engine answers for. ``order`` is that in which messages were taken, ``attempt`` from 1.

    ``untagged``: whatsmeow could not note its secret, so that nothing can be learned from its absence.
    """

    message: MessageId
    order: int
    to: str
    text: str = field(repr=False)
    mentions: tuple[str, ...] = ()
    quoted_id: str = ""
    quoted_sender: str = ""
    quoted_text: str = field(default="", repr=False)
    attempt: int = 1
    untagged: bool = False

    @classmethod
    def of(cls, outgoing: Outgoing, text: Text, order: int) -> Sending:
        """Take a message on."""
        quoted = outgoing.quoted
        return cls(
            outgoing.message,
            order,
            outgoing.to,
            text.body,
            tuple(text.mentions),
            quoted.wa_id if quoted else "",
            quoted.sender if quoted else "",
            quoted.text if quoted else "",
        )

    def again(self) -> Sending:
        """The next attempt."""
        return replace(self, attempt=self.attempt + 1, untagged=False)

    def post(self, credentials: Credentials) -> Post:
        """The order to send it."""
        return Post(
            self.message,
            credentials.tag(self.message, self.attempt),
            self.to,
            self.text,
            self.mentions,
            self.quoted_id,
            self.quoted_sender,
            self.quoted_text,
        )

    def sent(self, credentials: Credentials) -> Sent:
        """The question what became of it."""
        return Sent(self.message, credentials.tag(self.message, self.attempt))

    def pack(self) -> bytes:
        """The record's value."""
        return json.dumps(asdict(self)).encode()

    @classmethod
    def unpack(cls, value: bytes) -> Sending:
        """Read a record's value. Raises RecordUnreadable."""
        fields = _fields(value)
        try:
            fields["mentions"] = tuple(map(Jid, fields["mentions"]))
            return cls(**fields)
        except (KeyError, TypeError) as error:
            raise RecordUnreadable("a message without an outcome is damaged in the store") from error


def _fields(value: bytes) -> dict[str, Any]:
    try:
        fields = json.loads(value)
    except ValueError as error:
        raise RecordUnreadable("a stored record is damaged") from error
    if not isinstance(fields, dict):
        raise RecordUnreadable("a stored record is damaged")
    return fields
