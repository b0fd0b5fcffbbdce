"""What the control API tells, as values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class AccountTold:
    """Somebody: number, name and both addresses."""

    phone: str
    name: str
    pn: str
    lid: str


@dataclass(frozen=True, slots=True)
class CallTold:
    """A call: `state` is `ringing`, `accepted`, `rejected` or `ended`; who calls and who is called, by number."""

    id: str
    state: str
    caller: str
    callee: str


@dataclass(frozen=True, slots=True)
class MessageTold:
    """A message that a phone has shown; see `whatsapp_emulator.world.handset.Shown`."""

    id: str
    sender: str
    chat: str
    own: bool
    text: str
    kind: str
    edit: str | None
    at: float
    quoted: str | None
    mentions: tuple[str, ...]
    repeat: bool
    target: str | None
    vote: tuple[str, ...] | None
    forwarded: int
    expires_in_s: int = 0
    timer: int | None = None
    """The seconds to which it sets the chat's timer, if it does."""

    media: dict[str, Any] | None = None
    """Of a message with a file: `kind`, `size`, and the details of `whatsapp_wire.media.content.MediaDetails`."""


@dataclass(frozen=True, slots=True)
class FileTold:
    """A file that a phone has got, decrypted and checked: what it says, in bytes and as SHA-256 in hexadecimal."""

    kind: str
    mimetype: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class ReceiptTold:
    """A receipt that a phone got: `delivered`, `read`, `played`, `inactive`, …"""

    device: str
    type: str
    ids: tuple[str, ...]
    at: float


@dataclass(frozen=True, slots=True)
class GroupTold:
    """A group: `members` are roles by phone number, `settings` as in `whatsapp_wire.stanza.groups.Settings`."""

    jid: str
    subject: str
    description: str | None
    members: dict[str, str]
    requests: list[str]
    settings: dict[str, object]
    has_picture: bool
    code: str


@dataclass(frozen=True, slots=True)
class ViolationTold:
    """What strict mode found."""

    kind: str
    who: str
    detail: str
    at: float
