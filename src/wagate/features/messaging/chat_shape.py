"""A chat and how it stands as JSON."""

from __future__ import annotations

from wagate.domain.moments import iso
from wagate.features.messaging.mark_ledger import marks_shape
from wagate.features.messaging.repository.chats import LastMessage, StandingChat
from wagate.features.messaging.shape import chat_shape, contact_shape

MAX_PREVIEW = 200
"""Characters of the last message that a list shows."""

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_TIME_CHARS = 10


def standing_shape(standing: StandingChat) -> dict[str, object]:
    """A chat with a name that people can read, its last message in short, and what is unread."""
    shape = chat_shape(standing.chat)
    contact = standing.chat.contact
    if contact is not None:
        shape["name"] = standing.saved_name or contact.push_name or contact.phone
    last = standing.last_message
    marks = marks_shape(standing.marks)
    return {
        **shape,
        "unread": standing.unread,
        "marked_unread": marks.pop("unread"),
        **marks,
        "last_message": None if last is None else _last_shape(last),
        "last_activity_at": iso(moment_of(standing.activity) if last is None else last.at),
    }


def moment_of(ulid: str) -> int:
    """The moment in a ULID, in ms since 1970."""
    moment = 0
    for char in ulid[:_TIME_CHARS]:
        moment = moment * 32 + _ALPHABET.index(char)
    return moment


def _last_shape(last: LastMessage) -> dict[str, object]:
    text = last.content.text
    return {
        "id": last.id,
        "direction": last.direction.value,
        "from": contact_shape(last.sender),
        "type": last.content.type,
        "text": text if len(text) <= MAX_PREVIEW else text[: MAX_PREVIEW - 1] + "…",
        "status": last.status.value,
        "at": iso(last.at),
    }
