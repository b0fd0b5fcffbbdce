"""The files that messages show: which can be sent, and telling of those that become ready, or never will."""

from __future__ import annotations

from dataclasses import replace

from wagate.domain.content import Attached, Document
from wagate.domain.errors import InvalidMedia, MediaGone, MediaNotFound, MediaNotReady
from wagate.domain.events import EventType
from wagate.domain.media import Media, MediaKind, MediaState
from wagate.domain.message import Message
from wagate.features.journal import Journal
from wagate.features.media import Arrivals, find_many
from wagate.features.messaging.repository import attachments, messages
from wagate.features.messaging.shape import message_shape
from wagate.ports.files import ArrivedFile
from wagate.ports.news import MessageArrived
from wagate.store.scoped import Scoped
from wagate.store.script import Script

MOST_TOLD = 100
"""Of so many messages that show one file it is told that the file has changed; the others say so when asked."""


class Showing:
    """What follows for messages from what becomes of their files."""

    def __init__(self, journal: Journal) -> None:
        """Tell it in ``journal``."""
        self._journal = journal

    def changed(self, scope: Scoped, media: Media) -> Script[None]:
        """Part of the write script that changes a media's state."""
        for id in (yield from attachments.showing(scope, media.id, MOST_TOLD)):
            message = yield from messages.get_message(scope, id)
            if message is not None:
                event = EventType.MESSAGE_MEDIA_UPDATED
                yield from self._journal.append(scope, message.session, event, message_shape(message))


def usable(scope: Scoped, content: Attached) -> Script[Media]:
    """The media that a message is to show. Raises MediaNotFound, MediaNotReady, MediaGone, InvalidMedia."""
    media = (yield from find_many(scope, [content.media])).get(content.media)
    if media is None:
        raise MediaNotFound(f"There is no media {content.media!r}", pointer="/media")
    if media.state is MediaState.PENDING:
        raise MediaNotReady(pointer="/media")
    if media.state is not MediaState.READY:
        raise MediaGone(f"The bytes of this media are not here: {media.state.value}", pointer="/media")
    if media.kind is not MediaKind(content.type) and not isinstance(content, Document):
        raise InvalidMedia(f"This media is of the type {media.kind.value}, not {content.type}", pointer="/media")
    return media


def promised(
    scope: Scoped, arrivals: Arrivals, said: MessageArrived, message: Message
) -> tuple[Message, ArrivedFile | None]:
    """A message that arrived with the media for what it shows, which is only promised so far."""
    if not isinstance(said.content, Attached):
        return message, None
    file = said.file or ArrivedFile(MediaKind(said.content.type), "")
    media = arrivals.promised(scope, file, message.accepted_at)
    return replace(message, content=replace(said.content, media=media.id), media=media), file
