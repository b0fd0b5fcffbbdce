"""A message as JSON: the one place that knows the shape, shared by the API and by events."""

from __future__ import annotations

from collections.abc import Mapping

from wagate.domain import vcard
from wagate.domain.acts import Act, Edit, Pin, PollVote, Reaction, Said
from wagate.domain.content import Captioned, Contacts, EventInvite, Poll, Quoted, Text
from wagate.domain.marks import ContactName
from wagate.domain.message import WAITING, Chat, Contact, Message, Receipt
from wagate.domain.moments import iso
from wagate.domain.plain import all_fields
from wagate.features.media import media_shape

PACED = "paced"
"""Why a message that is ready does not go yet: others go before it, and the account keeps its pace."""


def contact_shape(contact: Contact) -> dict[str, object]:
    """A person, with every identifier that is known."""
    return {
        "id": contact.id,
        "phone": contact.phone,
        "lid": contact.lid,
        "push_name": contact.push_name,
        "is_me": contact.is_me,
    }


def contact_news_shape(
    contact: Contact, name: ContactName | None, changes: list[str], details: Mapping[str, object] | None = None
) -> dict[str, object]:
    """A person who is another than before, as `contact.updated` shows it; ``name`` is that of the address book."""
    full, first = (None, None) if name is None else (name.full, name.first or None)
    shown = contact_shape(contact)
    return {"contact": shown, "name": full, "first_name": first, "changes": changes, "details": details}


def chat_shape(chat: Chat) -> dict[str, object]:
    """A conversation: ``contact`` for a direct one, ``jid`` for every other kind."""
    return {
        "id": chat.id,
        "kind": chat.kind,
        "contact": None if chat.contact is None else contact_shape(chat.contact),
        "jid": chat.jid,
        "name": chat.name,
    }


def content_shape(content: Said) -> dict[str, object]:
    """What the message says, by its type."""
    match content:
        case Text(body):
            parts = {"preview": content.preview, "look": content.look}
            return {"text": body, **{name: all_fields(part) for name, part in parts.items() if part is not None}}
        case Contacts(cards):
            return {"cards": [_card(card.name, card.vcard) for card in cards]}
        case Poll(question, options, selectable):
            multiple = selectable != 1
            return {"question": question, "options": list(options), "selectable": selectable, "multiple": multiple}
        case EventInvite():
            moments = {"starts_at": _moment(content.starts_at), "ends_at": _moment(content.ends_at)}
            return {**all_fields(content), **moments}
    return _act_fields(content) if isinstance(content, Act) else all_fields(content)


def _act_fields(act: Act) -> dict[str, object]:
    target = {"id": act.target.message, "wa_id": act.target.wa_id, "from": act.target.author}
    match act:
        case Reaction(_, emoji):
            return {"target": target, "emoji": emoji}
        case Edit(_, content):
            return {"target": target, "text": content.body}
        case PollVote(_, selected):
            return {"poll": target, "selected": None if selected is None else list(selected)}
        case Pin(_, for_s):
            return {"target": target, "for_s": for_s}
    return {"target": target}


def _card(name: str, card: str) -> dict[str, object]:
    person = vcard.read(card)
    return {
        "name": name or (person.name if person is not None else ""),
        "phones": [] if person is None else list(person.phones),
        "vcard": card,
    }


def act_shape(chat: Chat, sender: Contact, act: Act, at: int, message: Message | None) -> dict[str, object]:
    """What somebody did to a message, as the events of acts show it; ``message`` is null where we do not know it."""
    shown: dict[str, object] = {
        "message": None if message is None else message.id,
        "wa_id": act.target.wa_id,
        "chat": chat_shape(chat),
        "from": contact_shape(sender),
        "at": iso(at),
    }
    match act:
        case Reaction(_, emoji):
            shown["emoji"] = emoji
        case PollVote(_, selected):
            shown["selected"] = None if selected is None else list(selected)
        case Pin(_, for_s):
            shown["for_s"] = for_s
    return shown


def quoted_shape(quoted: Quoted) -> dict[str, object]:
    """The message that another one answers; ``id`` is null where it is not here."""
    return {"id": quoted.message, "wa_id": quoted.wa_id, "from": quoted.sender, "text": quoted.text}


def receipt_shape(receipt: Receipt) -> dict[str, object]:
    """How far a message got with somebody."""
    return {
        "contact": contact_shape(receipt.recipient),
        "delivered_at": iso(receipt.delivered_at),
        "read_at": _moment(receipt.read_at),
        "played_at": _moment(receipt.played_at),
    }


def message_shape(message: Message) -> dict[str, object]:
    """A message as the API and the ``message.*`` events show it."""
    content, context = message.content, message.context
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
        "mentions": list(content.mentions) if isinstance(content, Text | Captioned) else [],
        "media": None if message.media is None else media_shape(message.media),
        "forwarded": context.forwarded,
        "view_once": context.view_once,
        "expires_at": _expiry(message),
        "edited_at": _moment(message.edited_at),
        "deleted_at": _moment(message.deleted_at),
        "starred": message.starred_at is not None,
        "quoted": None if message.quoted is None else quoted_shape(message.quoted),
        "status": message.status.value,
        "status_reason": message.status_reason,
        "priority": message.conditions.priority.value,
        "scheduled_for": _moment(message.due_at) if message.status in WAITING else None,
        "send_until": _moment(message.conditions.expires_at),
        "on_unknown": message.conditions.on_unknown.value,
        "position": None,
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


def placed_shape(message: Message, position: int | None, expected_at: int | None) -> dict[str, object]:
    """A message that waits, with its place (from 1) and about when it goes (ms), as far as they are known.

    Who waits for nothing but the account's pace is told so, and when their turn is.
    """
    shape = message_shape(message)
    shape["position"] = position
    if expected_at is not None and (message.due_at is None or message.due_at < expected_at):
        shape["scheduled_for"] = iso(expected_at)
        shape["status_reason"] = message.status_reason or PACED
    return shape


def _moment(ms: int | None) -> str | None:
    return None if ms is None else iso(ms)


def _expiry(message: Message) -> str | None:
    """When a message of a chat with a timer is gone from the phones."""
    expires_in_s = message.context.expires_in_s
    return None if expires_in_s is None else iso((message.sent_at or message.accepted_at) + expires_in_s * 1000)
