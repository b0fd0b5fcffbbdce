"""What callers ask of the way out, and what makes two requests the same."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

import orjson

from wagate.domain.conditions import PLAIN_CONDITIONS, Conditions
from wagate.domain.content import PLAIN_CONTEXT, Attached, Content, Context, Text
from wagate.domain.errors import GatewayError, IdempotencyInProgress, InvalidRequest, TooBusy
from wagate.domain.ids import ChatId, MediaId, SessionId, TenantId
from wagate.domain.jid import STATUS_LIST
from wagate.domain.message import Message
from wagate.domain.templates import TemplateUse
from wagate.features.messaging.audience import StatusAudience
from wagate.features.messaging.recipients import Recipient
from wagate.features.messaging.saying import told
from wagate.features.messaging.wishes import Wish

MAX_IN_FLIGHT = 20_000
"""As many as the writer lets wait."""

MAX_DEDUPLICATION_S = 72 * 3_600
"""How far back (s) content that was sent before can be looked for."""

FARTHEST_MS = 366 * 86_400_000
"""How long before its moment a message can be accepted."""


KEY_LIFE_MS = 72 * 3_600_000
"""How long an idempotency key stands for its message."""


@dataclass(frozen=True, slots=True)
class SendRequest:
    """What a caller asks to be sent.

    ``to`` is a phone number in any sane form, a JID, a LID, a chat id or a contact id; ``reply_to`` a message id of
    the same chat; ``client_ref`` the caller's own word for the message, kept and shown, never interpreted. ``source``
    is what tells the file from others that came with the request itself: its media's id is a new one each time.
    ``previews_link``: a text is to show what is behind its first link. ``audience``: this is a status post, for these
    people; ``to`` is then STATUS_LIST. ``deduplicate_s``: if the same was accepted for the same chat within so many
    seconds, on such terms as well, that message is the answer; ``deduplication_key`` says what is the same in place of
    the content.
    """

    to: str
    content: Content | TemplateUse
    reply_to: str | None = None
    client_ref: str | None = None
    context: Context = PLAIN_CONTEXT
    previews_link: bool = False
    source: str | None = None
    audience: StatusAudience | None = None
    conditions: Conditions = PLAIN_CONDITIONS
    deduplicate_s: int | None = None
    deduplication_key: str | None = None

    @property
    def recipient(self) -> Recipient:
        """Whom it is for, or where it is posted. Raises InvalidRecipient, UnsupportedByEngine."""
        return Recipient.read(self.to) if self.audience is None else Recipient("group", STATUS_LIST)


@dataclass(frozen=True, slots=True)
class Plain:
    """A text for one person, by their address, that neither answers anything nor needs anything looked up.

    Nearly all messages are. ``session`` is an id or a name.
    """

    session: str
    request: SendRequest
    recipient: Recipient
    content: Text
    key: str | None

    @classmethod
    def of(cls, session: str, request: SendRequest, key: str | None) -> Plain | None:
        """A request, if it is such a one. Raises InvalidRecipient, UnsupportedByEngine."""
        recipient, content = request.recipient, request.content
        needs_more = request.reply_to is not None or request.previews_link or recipient.road != "address"
        needs_more |= request.deduplicate_s is not None
        if needs_more or not isinstance(content, Text):
            return None
        return cls(session, request, recipient, content, key)


@dataclass(frozen=True, slots=True)
class ActRequest:
    """What a caller asks to be done to a message (its id)."""

    message: str
    wish: Wish
    client_ref: str | None = None


@dataclass(frozen=True, slots=True)
class ForwardRequest:
    """A message (its id) that is to be said again to somebody, in the same session."""

    message: str
    to: str
    client_ref: str | None = None


class KeysInFlight:
    """The idempotency keys of requests that are being taken in by this process right now."""

    def __init__(self, most: int = MAX_IN_FLIGHT) -> None:
        """Know ``most`` of them at once."""
        self._most = most
        self._keys: set[tuple[TenantId, str]] = set()

    @contextmanager
    def claim(self, tenant: TenantId, key: str | None) -> Iterator[None]:
        """Have a key for oneself for a while. Raises IdempotencyInProgress, TooBusy."""
        if key is None:
            yield
            return
        mine = tenant, key
        if mine in self._keys:
            raise IdempotencyInProgress("The request that came first with this key is being taken in; ask again")
        if len(self._keys) >= self._most:
            raise TooBusy(f"{self._most} requests with an Idempotency-Key are being taken in")
        self._keys.add(mine)
        try:
            yield
        finally:
            self._keys.discard(mine)


@dataclass(frozen=True, slots=True)
class BatchItem:
    """One message of many. ``index`` is its place among them; ``key`` makes it safe to repeat by itself."""

    index: int
    request: SendRequest
    key: str | None = None


@dataclass(frozen=True, slots=True)
class Accepted:
    """A message that is durably ours to deliver. ``replayed``: an earlier request with this key already made it.

    ``deduplicated``: an earlier request with the same content did, which is close enough by the terms of this one.
    """

    message: Message
    replayed: bool = False
    deduplicated: bool = False

    @property
    def is_new(self) -> bool:
        """Whether this request made the message."""
        return not (self.replayed or self.deduplicated)


@dataclass(frozen=True, slots=True)
class Batch:
    """What became of many messages, in their order. ``replayed``: an earlier request with this key was the same."""

    outcomes: Sequence[Accepted | GatewayError]
    replayed: bool = False


def due(conditions: Conditions, now_ms: int) -> int | None:
    """Until when (ms) a message with these conditions waits; None: it may go at once. Raises InvalidRequest."""
    if conditions.expires_at is not None and conditions.expires_at <= max(now_ms, conditions.send_at or 0):
        raise InvalidRequest("The message would have expired before it is sent", pointer="/expires_at")
    if conditions.send_at is None or conditions.send_at <= now_ms:
        return None
    if conditions.send_at > now_ms + FARTHEST_MS:
        raise InvalidRequest("Messages can be accepted up to a year before they are sent", pointer="/send_at")
    return conditions.send_at


def fingerprint(*parts: object) -> str:
    """What makes two requests the same."""
    return hashlib.sha256(orjson.dumps(parts)).hexdigest()


def fingerprint_of(session: SessionId, recipient: Recipient, request: SendRequest) -> str:
    """Session, recipient (however it was spelt), content, reply, reference, and whether it was forwarded."""
    context: tuple[object, ...] = () if request.audience is None else (repr(request.audience),)
    context += () if request.context == PLAIN_CONTEXT else (request.context.forwarded,)
    if request.context.view_once:
        context += ("view_once",)
    if request.previews_link:
        context += ("preview",)
    if request.conditions != PLAIN_CONDITIONS:
        context += (repr(request.conditions),)
    if request.deduplicate_s is not None:
        context += (("once", request.deduplicate_s, request.deduplication_key),)
    said = told(_as_asked(request))
    return fingerprint(session, recipient.word, said, request.reply_to, request.client_ref, *context)


def likeness(chat: ChatId, request: SendRequest) -> str:
    """What makes a message the same as another of its chat: the caller's own word for that, or what is said."""
    if request.deduplication_key is not None:
        return fingerprint(chat, "key", request.deduplication_key)
    return fingerprint(chat, "content", told(_as_asked(request)))


def _as_asked(request: SendRequest) -> Content | TemplateUse:
    """What is said; a file that came with the request is known by where it came from."""
    said = request.content
    if request.source is not None and isinstance(said, Attached):
        said = replace(said, media=MediaId(request.source))
    return said
