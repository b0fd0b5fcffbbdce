"""The facts that the journal keeps. An event is written once, numbered per session, and never changes."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from wagate.domain.ids import EventId, SessionId, TenantId


class EventType(StrEnum):
    """Every kind of event."""

    SESSION_STATE = "session.state"
    SESSION_CONNECTED = "session.connected"
    SESSION_DISCONNECTED = "session.disconnected"
    SESSION_LOGGED_OUT = "session.logged_out"
    SESSION_BANNED = "session.banned"
    SESSION_OUTDATED = "session.outdated"
    SESSION_QR = "session.qr"
    SESSION_PAIRING_CODE = "session.pairing_code"
    PAIRING_PASSKEY_REQUIRED = "pairing.passkey_required"
    PAIRING_PASSKEY_CODE = "pairing.passkey_code"
    SESSION_MOVED = "session.moved"
    SESSION_GAP_SUSPECTED = "session.gap_suspected"
    MESSAGE_RECEIVED = "message.received"
    MESSAGE_QUEUED = "message.queued"
    MESSAGE_SCHEDULED = "message.scheduled"
    MESSAGE_CANCELLED = "message.cancelled"
    MESSAGE_SENT = "message.sent"
    MESSAGE_DELIVERED = "message.delivered"
    MESSAGE_READ = "message.read"
    MESSAGE_PLAYED = "message.played"
    MESSAGE_FAILED = "message.failed"
    MESSAGE_UNKNOWN = "message.unknown"
    MESSAGE_EDITED = "message.edited"
    MESSAGE_DELETED = "message.deleted"
    MESSAGE_REACTION = "message.reaction"
    MESSAGE_POLL_VOTE = "message.poll_vote"
    MESSAGE_PINNED = "message.pinned"
    MESSAGE_STARRED = "message.starred"
    MESSAGE_MEDIA_UPDATED = "message.media_updated"
    MESSAGE_UNDECRYPTABLE = "message.undecryptable"
    ACCOUNT_LIMITED = "account.limited"
    ACCOUNT_RECOVERED = "account.recovered"
    HISTORY_SYNCED = "history.synced"
    CONTACT_UPDATED = "contact.updated"
    CONTACT_MERGED = "contact.merged"
    CHAT_UPDATED = "chat.updated"
    GROUP_UPDATED = "group.updated"
    GROUP_PARTICIPANTS = "group.participants"
    GROUP_JOIN_REQUEST = "group.join_request"
    PRESENCE_UPDATED = "presence.updated"
    CALL_RECEIVED = "call.received"
    CALL_ENDED = "call.ended"


@dataclass(frozen=True, slots=True)
class Event:
    """One fact. ``position`` orders the whole journal, ``seq`` one session's part of it; ``occurred_at`` is in ms."""

    position: int
    id: EventId
    seq: int
    type: EventType
    tenant: TenantId
    session: SessionId | None
    occurred_at: int
    data: dict[str, object]


def matches(pattern: str, event_type: str) -> bool:
    """Whether a subscription such as ``*``, ``message.*`` or ``message.sent`` covers an event type."""
    if pattern == "*":
        return True
    if pattern.endswith(".*"):
        return event_type.startswith(pattern[:-1])
    return pattern == event_type
