"""What a text shows of the page behind a link in it (`ExtendedTextMessage`; Baileys `Utils/messages.ts`).

Nobody fetches anything on reading: whoever writes the text looks the page up and sends along what it is.
"""

from dataclasses import dataclass

from whatsapp_wire.proto.message_pb2 import ExtendedTextMessage, Message


@dataclass(frozen=True, slots=True)
class Preview:
    """A page: the link as it stands in the text, what the page is called and about, and a small JPEG of it."""

    link: str
    title: str = ""
    description: str = ""
    thumbnail: bytes = b""


def preview_message(text: str, preview: Preview) -> Message:
    """The message for a text with a link and what is behind that."""
    extended = ExtendedTextMessage(text=text, matched_text=preview.link)
    if preview.title:
        extended.title = preview.title
    if preview.description:
        extended.description = preview.description
    if preview.thumbnail:
        extended.jpeg_thumbnail = preview.thumbnail
    return Message(extended_text_message=extended)


def read_preview(inner: Message) -> Preview | None:
    """What an unwrapped text shows of a page; None when it shows none."""
    told = inner.extended_text_message
    if not told.matched_text or not (told.title or told.description or told.jpeg_thumbnail):
        return None
    return Preview(told.matched_text, told.title, told.description, told.jpeg_thumbnail)
