"""Messages on the wire."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from pydantic import Field

from wagate.api.v1.schemas.media import Media
from wagate.api.v1.schemas.parts import Asked, Moment, Shown, example
from wagate.domain.conditions import OnUnknown, Priority
from wagate.domain.message import Direction, MessageStatus, Origin
from wagate.features.messaging.queueing import COUNTED

MAX_WAIT_S = 60


class Contact(Shown):
    """One person as one session knows them, with every identifier that is known."""

    id: str
    phone: str | None
    lid: str | None
    push_name: str | None = Field(description="The name that they chose themselves.")
    is_me: bool


class Chat(Shown):
    """A conversation: `contact` for a direct one, `jid` for every other kind."""

    id: str
    kind: str
    contact: Contact | None
    jid: str | None
    name: str | None = Field(description="What a group is called, as far as that is known.")


class Quoted(Shown):
    """The message that another one answers."""

    id: str | None = Field(description="Null where we do not have it.")
    wa_id: str
    from_: str = Field(alias="from")
    text: str


class Times(Shown):
    """When each thing became known."""

    accepted: Moment
    sent: Moment | None
    delivered: Moment | None
    read: Moment | None


class MessageError(Shown):
    """Why a message failed."""

    code: str = Field(description="Stable.")
    detail: str
    retryable: bool = Field(description="Whether sending it again could help.")


_CONTACT = {
    "id": "con_01KAGQ7M3D5F8H1K4N6Q9S2V0X",
    "phone": "+5511888888888",
    "lid": "193847562910473@lid",
    "push_name": "Ana",
    "is_me": False,
}


class Message(Shown):
    """A message, sent or received."""

    EXAMPLE: ClassVar[dict[str, Any]] = {
        "id": "msg_01KAGQ8Z1B4D7G0J3M5P8R1T6W",
        "session": "ses_01KAGQ5W7N4T9M2V6Z8X3C1B0R",
        "chat": {
            "id": "cht_01KAGQ7M3E6G9J2M5P8R1T4W7Z",
            "kind": "direct",
            "contact": _CONTACT,
            "jid": None,
            "name": None,
        },
        "direction": "out",
        "origin": "api",
        "from": None,
        "wa_id": "3EB0C767D097B7C7C030AA",
        "client_ref": None,
        "type": "text",
        "text": "Hello from wagate",
        "content": {"text": "Hello from wagate"},
        "mentions": [],
        "media": None,
        "forwarded": 0,
        "view_once": False,
        "expires_at": None,
        "edited_at": None,
        "deleted_at": None,
        "starred": False,
        "quoted": None,
        "status": "queued",
        "status_reason": None,
        "priority": "normal",
        "scheduled_for": None,
        "send_until": None,
        "on_unknown": "hold",
        "position": None,
        "times": {"accepted": "2026-11-20T09:15:27.123Z", "sent": None, "delivered": None, "read": None},
        "error": None,
    }
    model_config = example(EXAMPLE)

    id: str
    session: str
    chat: Chat
    direction: Direction
    origin: Origin
    from_: Contact | None = Field(alias="from", description="Who wrote it; null before anything is known of them.")
    wa_id: str | None = Field(
        description="WhatsApp's own id of the message; null until an engine that does not choose ids learns it."
    )
    client_ref: str | None
    type: str
    text: str = Field(description="Always readable, whatever the type.")
    content: dict[str, Any] = Field(description="What it says, by its type.")
    mentions: list[str]
    media: Media | None = Field(description="The file that it shows; `state` says whether its bytes are here.")
    forwarded: int = Field(description="How often it was passed on before; 5 and more is shown as *many times*.")
    view_once: bool
    expires_at: Moment | None = Field(description="When the phones forget it, in a chat with a timer.")
    edited_at: Moment | None
    deleted_at: Moment | None = Field(
        description="When its author took it back, or it was deleted for the account; what it said is gone here, too."
    )
    starred: bool = Field(description="Whether it has a star on the devices of the account.")
    quoted: Quoted | None
    status: MessageStatus
    status_reason: str | None = Field(
        description="Why it is in this status or waits: `paced`, `quiet_hours`, `daily_cap`, `warm_up`, `cold_cap`, "
        "`account_limited`, …"
    )
    priority: Priority
    scheduled_for: Moment | None = Field(
        description="When it goes, while it waits: the moment that was asked for, or about when it is its turn."
    )
    send_until: Moment | None = Field(description="The request's `expires_at`: it fails if it could not go by then.")
    on_unknown: OnUnknown = Field(description="What to do when nobody learns whether it went out.")
    position: int | None = Field(
        description=f"Place in the session's queue, from 1 and counted up to {COUNTED}; told when a message is "
        "accepted and in the queue, and null while the account keeps no pace or the message waits for a moment."
    )
    times: Times
    error: MessageError | None


class MessagePage(Shown):
    """Some messages, and the cursor to the next ones."""

    model_config = example({"data": [Message.EXAMPLE], "next_cursor": "w3nQ1lsibWVzc2FnZXMi"})

    data: list[Message]
    next_cursor: str | None


class Reactor(Shown):
    """Somebody's reaction to a message."""

    EXAMPLE: ClassVar[dict[str, Any]] = {"from": _CONTACT, "emoji": "👍", "at": "2026-11-20T09:16:02.000Z"}

    from_: Contact = Field(alias="from")
    emoji: str
    at: Moment


class Reactions(Shown):
    """The reactions to a message, one a person at most."""

    model_config = example({"data": [Reactor.EXAMPLE]})

    data: list[Reactor]


class Receipt(Shown):
    """How far a message got with one of those whom it was for: the first moment of each kind."""

    EXAMPLE: ClassVar[dict[str, Any]] = {
        "contact": _CONTACT,
        "delivered_at": "2026-11-20T09:15:01.000Z",
        "read_at": "2026-11-20T09:16:02.000Z",
        "played_at": None,
    }

    contact: Contact
    delivered_at: Moment
    read_at: Moment | None
    played_at: Moment | None


class ReceiptPage(Shown):
    """How far a message got with some of those whom it was for, and the cursor to the next ones."""

    model_config = example({"data": [Receipt.EXAMPLE], "next_cursor": None})

    data: list[Receipt]
    next_cursor: str | None


class Viewer(Shown):
    """Somebody who has looked at a status post."""

    EXAMPLE: ClassVar[dict[str, Any]] = {"contact": _CONTACT, "at": "2026-11-20T09:16:02.000Z"}

    contact: Contact
    at: Moment = Field(description="When they looked first.")


class ViewerPage(Shown):
    """Some of those who have looked at a status post, and the cursor to the next ones."""

    model_config = example({"data": [Viewer.EXAMPLE], "next_cursor": None})

    data: list[Viewer]
    next_cursor: str | None


class Voter(Shown):
    """What somebody chose in a poll."""

    EXAMPLE: ClassVar[dict[str, Any]] = {"from": _CONTACT, "selected": ["Pizza"], "at": "2026-11-20T09:16:02.000Z"}

    from_: Contact = Field(alias="from")
    selected: list[str] | None = Field(description="Null where the vote could not be read.")
    at: Moment


class Votes(Shown):
    """The votes in a poll, one a person at most."""

    model_config = example({"data": [Voter.EXAMPLE]})

    data: list[Voter]


class SendQuery(Asked):
    """How long to wait for what becomes of the message."""

    wait: float = Field(
        default=0,
        ge=0,
        le=MAX_WAIT_S,
        description=f"Seconds to wait for the outcome, at most {MAX_WAIT_S}. The answer is 200 once the message got as "
        "far as `until` or failed, and 202 when the time is over first. The message is accepted in either case.",
        examples=[20],
    )
    until: Literal[MessageStatus.SENT, MessageStatus.DELIVERED, MessageStatus.READ] = Field(
        default=MessageStatus.SENT, description="What to wait for."
    )
