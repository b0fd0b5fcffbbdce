"""What the server says about the connection itself: accepted, refused, interrupted, and news in between (`ib`)."""

from dataclasses import dataclass
from typing import Final, TypeAlias

from whatsapp_wire.jid import Jid
from whatsapp_wire.node import Node
from whatsapp_wire.stanza.attributes import decimal, optional_jid, optional_number, timestamp

_WEEK_MS: Final = 7 * 86_400_000
_THREE_DAYS_MS: Final = 3 * 86_400_000


@dataclass(frozen=True, slots=True)
class Success:
    """The login was accepted; `lid` is our LID with the device number, `timestamp` the server's clock in seconds."""

    lid: Jid | None
    timestamp: int
    display_name: str | None


@dataclass(frozen=True, slots=True)
class Failure:
    """The login was refused.

    `reason`: 401 unlinked, 402 banned for a time (`ban_code` why, `expire_s` how long), 403 locked, 405 client
    too old, 406 banned, 500 and 503 try again, 0 none given. `message` and `header` are words for people.
    """

    reason: int
    ban_code: int | None
    expire_s: int | None
    message: str | None
    header: str | None
    location: str | None


@dataclass(frozen=True, slots=True)
class StreamError:
    """The server ends the connection.

    `code` 515 asks to connect again (after linking), 503 does so for its own reasons, 401 with `conflict`
    `device_removed` means unlinked; `conflict` `replaced` that this device connected elsewhere.
    """

    code: int | None
    conflict: str | None


@dataclass(frozen=True, slots=True)
class OfflinePreview:
    """What has waited for us, by number."""

    total: int
    messages: int
    receipts: int
    notifications: int
    app_data: int


@dataclass(frozen=True, slots=True)
class OfflineDelivered:
    """All of it has been delivered."""

    total: int


@dataclass(frozen=True, slots=True)
class Dirty:
    """Something of the account changed while we were away."""

    type: str
    timestamp: int


@dataclass(frozen=True, slots=True)
class EdgeRouting:
    """Where to connect next time; the bytes are opaque."""

    routing: bytes


@dataclass(frozen=True, slots=True)
class OtherNews:
    """A kind that is not taken apart here."""

    tag: str


News: TypeAlias = OfflinePreview | OfflineDelivered | Dirty | EdgeRouting | OtherNews


def parse_success(stanza: Node) -> Success:
    """Read a `success`; raises StanzaRefused when an attribute has the wrong type."""
    return Success(optional_jid(stanza, "lid"), timestamp(stanza), stanza.get("display_name"))


def parse_failure(stanza: Node) -> Failure:
    """Read a `failure`; raises StanzaRefused when a number is something else."""
    return Failure(
        reason=optional_number(stanza, "reason") or 0,
        ban_code=optional_number(stanza, "code"),
        expire_s=optional_number(stanza, "expire"),
        message=stanza.get("logout_message_subtext") or stanza.get("message"),
        header=stanza.get("logout_message_header"),
        location=stanza.get("location"),
    )


def parse_stream_error(stanza: Node) -> StreamError:
    """Read a `stream:error`, which is never refused: what matters is that the connection ends."""
    conflict = stanza.child("conflict")
    return StreamError(decimal(stanza.get("code") or ""), conflict.get("type") if conflict is not None else None)


def parse_news(stanza: Node) -> tuple[News, ...]:
    """Read an `ib`; raises StanzaRefused when a number is missing that its kind must have."""
    return tuple(_news(child) for child in stanza.children)


def unified_session(now_ms: int) -> Node:
    """Tell the server the "unified session" we are in: milliseconds since the last Monday, 00:00 UTC.

    `now_ms` is the server's clock. WhatsApp Web, and whatsmeow after it (`client.go`), send this after linking and
    whenever they come online.
    """
    return Node("ib", content=[Node("unified_session", {"id": str((now_ms + _THREE_DAYS_MS) % _WEEK_MS)})])


def _news(child: Node) -> News:
    match child.tag:
        case "offline_preview":
            parts = ("count", "message", "receipt", "notification", "appdata")
            return OfflinePreview(*(optional_number(child, part) or 0 for part in parts))
        case "offline":
            return OfflineDelivered(optional_number(child, "count") or 0)
        case "dirty":
            return Dirty(child.attr("type"), optional_number(child, "timestamp") or 0)
        case "edge_routing":
            return EdgeRouting(child.require("routing_info").bytes())
        case _:
            return OtherNews(child.tag)
