"""What frames of the pretend service mean for the rest of the house, and the files of messages."""

from __future__ import annotations

from wagate.adapters.engines.fake.frames import Agreement, Delivery, PostedFile, Receipt, Told
from wagate.adapters.engines.fake.service import FakeService
from wagate.domain.content import Attached, Document
from wagate.domain.media import MediaKind
from wagate.ports.engine import Outgoing
from wagate.ports.files import ArrivedFile, MediaSource
from wagate.ports.news import DurableNews, MessageArrived, ReadElsewhere, ReceiptArrived


async def laid(service: FakeService, media: MediaSource, outgoing: Outgoing) -> PostedFile | None:
    """Lay what a message shows on the service. It is a pretend one: the file is in memory whole."""
    content = outgoing.content
    if not isinstance(content, Attached):
        return None
    enclosure = await media.find(content.media)
    pieces = [piece async for piece in media.read(enclosure)]
    name = content.filename if isinstance(content, Document) else None
    return service.store(b"".join(pieces), enclosure.media.mime, name or enclosure.media.filename)


def news_of(frame: Delivery | Receipt | Told | Agreement, now: int) -> DurableNews:
    """What a frame of the service, heard at ``now`` (s since 1970), means for the rest of the house."""
    if isinstance(frame, Told | Agreement):
        return frame.news
    if isinstance(frame, Receipt) and frame.chat is not None:
        return ReadElsewhere(frame.wa_ids, frame.chat)
    if isinstance(frame, Receipt):
        return ReceiptArrived(frame.kind, frame.wa_ids, frame.by, frame.by, now)
    return MessageArrived(
        wa_id=frame.wa_id,
        chat=frame.chat,
        sender=frame.sender,
        from_me=frame.from_me,
        timestamp=now,
        content=frame.content,
        sender_alt=frame.sender_alt,
        chat_alt=None if frame.from_me else frame.sender_alt,
        push_name=frame.push_name,
        quoted=frame.quoted,
        context=frame.context,
        file=_arrived(frame),
    )


def _arrived(frame: Delivery) -> ArrivedFile | None:
    file = frame.file
    if file is None or not isinstance(frame.content, Attached):
        return None
    kind = MediaKind(frame.content.type)
    return ArrivedFile(kind, file.mime, file.size, filename=file.filename, reference=file.key.encode())
