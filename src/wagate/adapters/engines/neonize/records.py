"""What this engine keeps in the vault: whose device it is, how far the spool is read, messages without an outcome."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Final, Self

from wagate.adapters.engines.neonize.link.messages import Linked, Post, Sent
from wagate.adapters.whatsapp_web.letters import Account, PollKey, options_in
from wagate.domain.ids import MessageId
from wagate.domain.jid import Jid
from wagate.domain.session import Me
from wagate.ports.vault import RecordKey, RecordUnreadable

CREDENTIALS: Final[RecordKey] = ("neonize_device", "own")
POSITION: Final[RecordKey] = ("neonize_spool", "position")
EARLY: Final[RecordKey] = ("neonize_receipts", "early")
SENDING: Final = "neonize_sending"
"""Messages that the engine answers for, by message id."""

DONE: Final = "neonize_done"
"""Messages whose outcome is known, so that asking again sends nothing."""

POLLS: Final = "neonize_poll"
"""What reads the votes of polls (`PollKey`), by WhatsApp's id of the poll."""

UPLOADS: Final = "neonize_upload"
"""Files on WhatsApp's hosts (`whatsapp_web.files.Upload`), by their digest and the kind that they are encrypted as."""

CAPTIONED: Final = "neonize_captioned"
"""What we sent that has a place for a caption, by WhatsApp's id of it: an edit has to name the file again."""

PASTS: Final = "neonize_past"
"""Histories that are not read to their end (`pasts.Waiting`), in the order in which they came."""

MARKS: Final = "neonize_marks"
"""What was told of chats that the phone archived, pinned or muted, by the chat's address."""

NAMES: Final = "neonize_names"
"""What was told of the phone's address book, by a person's address."""

AGREED: Final[RecordKey] = ("neonize_agreed", "caught up")
"""That whatsmeow has caught up with the app state once."""

_LISTED: Final = (SENDING, DONE, POLLS, UPLOADS, CAPTIONED, PASTS, MARKS, NAMES)
KINDS: Final = (*_LISTED, AGREED[0], EARLY[0], POSITION[0], CREDENTIALS[0])
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

    @property
    def account(self) -> Account:
        """Our own addresses, bare."""
        user, _, server = self.device.partition("@")
        pn = Jid.of(user.partition(":")[0], server) if server else None
        return Account(pn, Jid(self.lid) if self.lid else None)

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
    body: bytes = field(repr=False)
    attempt: int = 1
    untagged: bool = False

    def again(self) -> Sending:
        """The next attempt."""
        return replace(self, attempt=self.attempt + 1, untagged=False)

    def post(self, credentials: Credentials) -> Post:
        """The order to send it."""
        body = base64.b64encode(self.body).decode()
        return Post(self.message, credentials.tag(self.message, self.attempt), self.to, body)

    def poll(self, credentials: Credentials) -> PollKey | None:
        """What reads the votes, if it asks a poll: its secret is the tag of the attempt."""
        options = options_in(self.body)
        own = credentials.account.lid or credentials.account.pn
        if not options or own is None:
            return None
        return PollKey(own, bytes.fromhex(credentials.tag(self.message, self.attempt)), options)

    def sent(self, credentials: Credentials) -> Sent:
        """The question what became of it."""
        return Sent(self.message, credentials.tag(self.message, self.attempt))

    def pack(self) -> bytes:
        """The record's value."""
        return json.dumps({**asdict(self), "body": base64.b64encode(self.body).decode()}).encode()

    @classmethod
    def unpack(cls, value: bytes) -> Sending:
        """Read a record's value. Raises RecordUnreadable."""
        fields = _fields(value)
        try:
            fields["body"] = base64.b64decode(fields["body"], validate=True)
            return cls(**fields)
        except (KeyError, TypeError, ValueError) as error:
            raise RecordUnreadable("a message without an outcome is damaged in the store") from error


def pack_poll(poll: PollKey) -> bytes:
    """The value of a poll's record."""
    return json.dumps([poll.author, poll.secret.hex(), poll.options]).encode()


def unpack_poll(value: bytes) -> PollKey:
    """Read it. Raises RecordUnreadable."""
    try:
        author, secret, options = json.loads(value)
        return PollKey(Jid(author), bytes.fromhex(secret), tuple(map(str, options)))
    except (TypeError, ValueError) as error:
        raise RecordUnreadable("the record of a poll is damaged") from error


def _fields(value: bytes) -> dict[str, Any]:
    try:
        fields = json.loads(value)
    except ValueError as error:
        raise RecordUnreadable("a stored record is damaged") from error
    if not isinstance(fields, dict):
        raise RecordUnreadable("a stored record is damaged")
    return fields
