"""The verbs of the messaging room."""

from __future__ import annotations

from dataclasses import dataclass

from wagate.domain.content import Content
from wagate.domain.message import Direction, Message, MessageStatus
from wagate.domain.page import DEFAULT_LIMIT, Order, Page
from wagate.features.access import Principal


@dataclass(frozen=True, slots=True)
class SendRequest:
    """What a caller asks to be sent.

    ``to`` is a phone number in any sane form, a JID, a LID, a chat id or a contact id; ``reply_to`` a message id of
    the same chat; ``client_ref`` the caller's own word for the message, kept and shown, never interpreted.
    """

    to: str
    content: Content
    reply_to: str | None = None
    client_ref: str | None = None


@dataclass(frozen=True, slots=True)
class Accepted:
    """A message that is durably ours to deliver. ``replayed``: an earlier request with this key already made it."""

    message: Message
    replayed: bool = False


@dataclass(frozen=True, slots=True)
class MessageFilter:
    """Which messages: ``session`` is an id or a name; ``chat`` takes what ``to`` takes, and needs ``session``."""

    session: str | None = None
    chat: str | None = None
    direction: Direction | None = None
    status: MessageStatus | None = None


EVERY_MESSAGE = MessageFilter()


class Messaging:
    """Messages of all tenants; every verb is narrowed to the principal's. All may raise StorageUnavailable."""

    async def send(
        self,
        principal: Principal,
        session: str,
        request: SendRequest,
        *,
        idempotency_key: str | None = None,
        wait_s: float = 0.0,
        until: MessageStatus = MessageStatus.SENT,
    ) -> Accepted:
        """Accept a message: once this returns it is committed and will go out when the session can send.

        With ``wait_s`` it returns later: as soon as the message has reached ``until`` (sent, delivered or read) or has
        failed, or when the time is over. An idempotency key is good for 72 hours in its tenant.
        Raises SessionNotFound, InvalidRecipient, InvalidContent, UnsupportedByEngine, MessageNotFound (reply_to),
        IdempotencyKeyReused, TooBusy.
        """

    async def get(self, principal: Principal, message: str) -> Message:
        """One message. Raises MessageNotFound."""

    async def list(
        self,
        principal: Principal,
        only: MessageFilter = EVERY_MESSAGE,
        *,
        limit: int = DEFAULT_LIMIT,
        cursor: str | None = None,
        order: Order = Order.DESC,
    ) -> Page[Message]:
        """Messages in the order in which we learnt of them.

        Raises InvalidCursor, SessionNotFound, InvalidRecipient.
        """
