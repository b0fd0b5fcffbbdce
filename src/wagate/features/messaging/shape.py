"""A message as JSON: the one place that knows the shape, shared by the API and by events."""

from __future__ import annotations

from wagate.domain.content import Content, Quoted, Text
from wagate.domain.message import Chat, Contact, Message
from wagate.domain.moments import iso


def contact_shape(contact: Contact) -> dict[str, object]:
    """A person, with every identifier that is known."""
    return {
        "id": contact.id,
        "phone": contact.phone,
        "lid": contact.lid,
        "push_name": contact.push_name,
        "is_me": contact.is_me,
    }


def chat_shape(chat: Chat) -> dict[str, object]:
    """A conversation: ``contact`` for a direct one, ``jid`` for every other kind."""
    return {
        "id": chat.id,
        "kind": chat.kind,
        "contact": None if chat.contact is None else contact_shape(chat.contact),
        "jid": chat.jid,
    }


def content_shape(content: Content) -> dict[str, object]:
    """What the message says, by its type."""
    if isinstance(content, Text):
        return {"text": content.body}
    return {"kind": content.kind}


def quoted_shape(quoted: Quoted) -> dict[str, object]:
    """The message that another one answers."""
    return {"wa_id": quoted.wa_id, "from": quoted.sender, "text": quoted.text}


def message_shape(message: Message) -> dict[str, object]:
    """A message as the API and the ``message.*`` events show it."""
    content = message.content
    failure = message.failure
    return {
        "id": message.id,
        "session": message.session,
        "chat": chat_shape(message.chat),
        "direction": message.direction.value,
        "origin": message.origin.value,
        "from": None if message.sender is None else contact_shape(message.sender),
        "wa_id": message.wa_id,
        "client_ref": message.client_ref,
        "type": content.type,
        "text": content.text,
        "content": content_shape(content),
        "mentions": list(content.mentions) if isinstance(content, Text) else [],
        "quoted": None if message.quoted is None else quoted_shape(message.quoted),
        "status": message.status.value,
        "status_reason": message.status_reason,
        "times": {
            "accepted": iso(message.accepted_at),
            "sent": _moment(message.sent_at),
            "delivered": _moment(message.delivered_at),
            "read": _moment(message.read_at),
        },
        "error": None
        if failure is None
        else {"code": failure.code, "detail": failure.detail, "retryable": failure.retryable},
    }


def _moment(ms: int | None) -> str | None:
    return None if ms is None else iso(ms)
