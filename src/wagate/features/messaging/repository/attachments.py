"""The rows that say which file a message shows, and messages together with theirs."""

from __future__ import annotations

from dataclasses import replace

from wagate.domain.content import Attached
from wagate.domain.ids import MediaId, MessageId
from wagate.domain.message import Message
from wagate.features.media import dismiss, find_many
from wagate.features.messaging.repository.people import InSession
from wagate.store.scoped import Scoped, scoped
from wagate.store.script import Script

_ADD = scoped(
    "INSERT INTO attachment (message_id, tenant_id, session_id, media_id)",
    "VALUES (:message, :tenant, :session, :media) ON CONFLICT (message_id) DO NOTHING",
)
_REMOVE = scoped("DELETE FROM attachment WHERE tenant_id = :tenant AND message_id = :message")
_SHOWING = scoped(
    "SELECT message_id FROM attachment WHERE tenant_id = :tenant AND media_id = :media ORDER BY message_id LIMIT :limit"
)
_DELETE = scoped(
    "DELETE FROM attachment WHERE tenant_id = :tenant AND message_id IN",
    "(SELECT message_id FROM attachment WHERE session_id = :session LIMIT :limit) RETURNING message_id, media_id",
)


def with_media(scope: Scoped, found: list[Message]) -> Script[list[Message]]:
    """Messages with what is known of the files that they show."""
    wanted = [message.content.media for message in found if isinstance(message.content, Attached)]
    if not wanted:
        return found
    media = yield from find_many(scope, list(dict.fromkeys(wanted)))
    return [
        replace(message, media=media.get(message.content.media)) if isinstance(message.content, Attached) else message
        for message in found
    ]


def add_attachment(message: Message) -> Script[None]:
    """Note which file a message shows, if it shows one."""
    if isinstance(message.content, Attached):
        yield _ADD(message, message=message.id, session=message.session, media=message.content.media)


def remove_attachment(message: Message) -> Script[None]:
    """A message shows its file no more, nor do we keep it for its sake."""
    if isinstance(message.content, Attached):
        yield _REMOVE(message, message=message.id)
        yield from dismiss(message, message.content.media, message.id)


def showing(scope: Scoped, media: MediaId, limit: int) -> Script[list[MessageId]]:
    """Messages that show a file, the oldest first."""
    rows = yield _SHOWING(scope, media=media, limit=limit)
    return [MessageId(row["message_id"]) for row in rows]


def delete_attachments(scope: InSession, limit: int) -> Script[int]:
    """Let go of the files of a session's messages; how many there were."""
    rows = yield _DELETE(scope, session=scope.session, limit=limit)
    for row in rows:
        yield from dismiss(scope, row["media_id"], row["message_id"])
    return len(rows)
