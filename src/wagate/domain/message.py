"""A message and the states it passes through (reliability rules R2 and R6)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from wagate.domain.acts import Said
from wagate.domain.conditions import PLAIN_CONDITIONS, Conditions
from wagate.domain.content import PLAIN_CONTEXT, Context, Quoted
from wagate.domain.ids import ChatId, ContactId, MessageId, SessionId, TenantId
from wagate.domain.jid import Jid
from wagate.domain.media import Media


class MessageStatus(StrEnum):
    """Where a message is. Ranks only rise, but ``unknown`` may resolve to anything.

    ``scheduled``: it waits for a moment; ``cancelled``: whoever accepted it took it back before it was sent.
    """

    QUEUED = "queued"
    SCHEDULED = "scheduled"
    SENDING = "sending"
    UNKNOWN = "unknown"
    SENT = "sent"
    DELIVERED = "delivered"
    READ = "read"
    PLAYED = "played"
    FAILED = "failed"
    CANCELLED = "cancelled"
    RECEIVED = "received"


WAITING = frozenset({MessageStatus.QUEUED, MessageStatus.SCHEDULED})
"""Of a message that no engine has taken over."""

_RANK = {
    MessageStatus.QUEUED: 0,
    MessageStatus.SCHEDULED: 0,
    MessageStatus.SENDING: 1,
    MessageStatus.UNKNOWN: 1,
    MessageStatus.SENT: 2,
    MessageStatus.DELIVERED: 3,
    MessageStatus.READ: 4,
    MessageStatus.PLAYED: 5,
}
OVER = frozenset({MessageStatus.FAILED, MessageStatus.CANCELLED})
"""Of a message that will not go out, as far as is known."""


def may_become(old: MessageStatus, new: MessageStatus) -> bool:
    """Whether an outbound message may move from one status to another: a late ``delivered`` never undoes ``read``."""
    if MessageStatus.RECEIVED in (old, new):
        return False
    if old in OVER:
        # A receipt proves that a message once called failed went out after all.
        return _RANK.get(new, 0) >= _RANK[MessageStatus.SENT]
    if new is MessageStatus.CANCELLED:
        return old in WAITING
    if new is MessageStatus.FAILED:
        return _RANK[old] < _RANK[MessageStatus.DELIVERED]
    if old in WAITING and new in WAITING:
        return old is not new
    if old is MessageStatus.SENDING and new is MessageStatus.UNKNOWN:
        return True
    return _RANK[new] > _RANK[old]


def may_return(old: MessageStatus, new: MessageStatus) -> bool:
    """Whether a message may go back to waiting: it certainly did not go out, or may be sent twice by its own terms."""
    return new in WAITING and old in (MessageStatus.SENDING, MessageStatus.UNKNOWN)


class Direction(StrEnum):
    """Whether the session's own account wrote the message."""

    IN = "in"
    OUT = "out"


class Origin(StrEnum):
    """Who caused the message."""

    API = "api"
    CONTACT = "contact"
    OTHER_DEVICE = "other_device"
    HISTORY = "history"
    """Told by the phone, of the time before this device was linked, or when it was asked."""


@dataclass(frozen=True, slots=True)
class MessageFailure:
    """Why a message failed: a stable code, a sentence, and whether sending it again could help."""

    code: str
    detail: str
    retryable: bool = False


@dataclass(frozen=True, slots=True)
class Contact:
    """One person as one session knows them, whatever address they were seen under."""

    id: ContactId
    phone: str | None
    lid: str | None
    push_name: str | None
    is_me: bool = False


@dataclass(frozen=True, slots=True)
class Chat:
    """A conversation of one session; ``contact`` is set for a direct one, ``jid`` for every other kind.

    ``name`` is what a group is called, as far as that is known.
    """

    id: ChatId
    kind: str
    contact: Contact | None
    jid: Jid | None
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Message:
    """A message as the API shows it. All ``*_at`` are milliseconds since 1970, UTC.

    An act that we send travels as a message of its own; ``act_on`` is then the message that it is about. ``media`` is
    the file that it shows, if any. ``due_at``: a waiting message is not sent before.
    """

    id: MessageId
    tenant: TenantId
    session: SessionId
    chat: Chat
    sender: Contact | None
    direction: Direction
    origin: Origin
    wa_id: str | None
    client_ref: str | None
    content: Said
    quoted: Quoted | None
    status: MessageStatus
    status_reason: str | None
    failure: MessageFailure | None
    accepted_at: int
    sent_at: int | None
    delivered_at: int | None
    read_at: int | None
    context: Context = PLAIN_CONTEXT
    edited_at: int | None = None
    deleted_at: int | None = None
    act_on: MessageId | None = None
    starred_at: int | None = None
    media: Media | None = None
    conditions: Conditions = PLAIN_CONDITIONS
    due_at: int | None = None


@dataclass(frozen=True, slots=True)
class Receipt:
    """How far a message of ours got with somebody: first moments in ms since 1970, None if it has not come so far."""

    recipient: Contact
    delivered_at: int
    read_at: int | None
    played_at: int | None
