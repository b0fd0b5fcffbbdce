"""The kinds of content that no simpler command of a client makes: what each says, and what a judge is told to send.

``fields`` are those of WhatsApp's `Message`, spelled as Baileys does; each judge looks them up in its own definitions.
``content`` is what Baileys' `sendMessage` takes, where it can make the kind by itself. ``@file`` stands for the file,
``@date`` for a moment in ms since 1970.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from judges.pictures import png
from wagate.domain.content import (
    PLAIN_CONTEXT,
    Attached,
    Button,
    ButtonReply,
    Buttons,
    Card,
    Contacts,
    Content,
    Context,
    EventInvite,
    Image,
    LinkPreview,
    ListMenu,
    ListReply,
    Location,
    Poll,
    Row,
    Section,
    Sticker,
    Text,
    Video,
    Voice,
)
from wagate.domain.looks import Look
from wagate.domain.media import VOICE_MIME

Fields = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Sample:
    """A file to send: its bytes, what it calls itself, and as what WhatsApp's hosts take it."""

    data: bytes
    mime: str
    medium: str


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind. ``is_ours``: our engine sends it, too. The fields of a ``file``'s message lack where it lies."""

    name: str
    said: Content
    fields: Fields
    context: Context = PLAIN_CONTEXT
    content: Fields | None = None
    file: Sample | None = None
    is_ours: bool = True

    @property
    def part(self) -> str:
        """The one field of the message that shows the file."""
        (name,) = (name for name in self.fields if name.endswith("Message"))
        return name

    def with_media(self, media: Any) -> Content:
        """What is said, with a file of ours."""
        return replace(self.said, media=media) if isinstance(self.said, Attached) else self.said


def _webp() -> bytes:
    """The shortest file that calls itself a moving picture (RIFF, `VP8X` with the bit for animation, one `ANIM`)."""
    chunks = b"VP8X" + struct.pack("<I", 10) + bytes([0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0])
    chunks += b"ANIM" + struct.pack("<I", 6) + bytes(6)
    return b"RIFF" + struct.pack("<I", 4 + len(chunks)) + b"WEBP" + chunks


_GIF, _NOTE, _FILM = (Sample(bytes(range(256)) * times, "video/mp4", "video") for times in (100, 101, 102))
"""Each another one, as our engine uploads no file twice."""

_VOICE = Sample(bytes(range(256)) * 20, VOICE_MIME, "audio")
_ONCE, _POSTED = (Sample(png(64, height), "image/png", "image") for height in (49, 50))
_STICKER = Sample(_webp(), "image/webp", "image")

_SIZE = {"width": 320, "height": 200}
_STARTS, _ENDS = 1_900_000_000, 1_900_003_600
_LINK = "https://shop.example/new"
_PAGE = {"title": "New", "description": "What is new in the shop"}
_CARDS = tuple(
    Card(name, f"BEGIN:VCARD\nVERSION:3.0\nFN:{name}\nTEL:+491510000009{number}\nEND:VCARD")
    for number, name in enumerate(("Bea", "Cem"))
)
_SEVERAL = {
    "displayName": "2 contacts",
    "contacts": [{"displayName": card.name, "vcard": card.vcard} for card in _CARDS],
}
_LIST_REPLY = {
    "title": "Small",
    "listType": 1,
    "description": "for one",
    "singleSelectReply": {"selectedRowId": "r1"},
}
_ROWS = (Row("r1", "Small", "for one"), Row("r2", "Large"))


def _forwarded(times: int) -> Kind:
    said, context = f"passed on {times} times", {"isForwarded": True, "forwardingScore": times}
    return Kind(
        f"text forwarded {times} times",
        Text(said),
        {"extendedTextMessage": {"text": said, "contextInfo": context}},
        Context(forwarded=times),
        content={"text": said, "contextInfo": context},
    )


KINDS: Final = (
    Kind(
        "link with what is behind it",
        Text(f"look: {_LINK}", preview=LinkPreview(_LINK, "New", "What is new in the shop")),
        {"extendedTextMessage": {"text": f"look: {_LINK}", "matchedText": _LINK, **_PAGE}},
        content={"text": f"look: {_LINK}", "linkPreview": {"canonical-url": _LINK, "matched-text": _LINK, **_PAGE}},
    ),
    _forwarded(1),
    _forwarded(5),
    Kind(
        "text that vanishes",
        Text("gone tomorrow"),
        {"extendedTextMessage": {"text": "gone tomorrow", "contextInfo": {"expiration": 86_400}}},
        Context(expires_in_s=86_400),
        content={"text": "gone tomorrow", "contextInfo": {"expiration": 86_400}},
    ),
    Kind(
        "gif",
        Video(gif=True, caption="a gif"),
        {"videoMessage": {"mimetype": "video/mp4", "gifPlayback": True, "caption": "a gif", "seconds": 2, **_SIZE}},
        content={"video": "@file", "gifPlayback": True, "caption": "a gif", "seconds": 2},
        file=_GIF,
    ),
    Kind(
        "round video",
        Video(note=True),
        {"ptvMessage": {"mimetype": "video/mp4", "seconds": 2, **_SIZE}},
        content={"video": "@file", "ptv": True, "seconds": 2},
        file=_NOTE,
    ),
    Kind(
        "voice note",
        Voice(),
        {"audioMessage": {"mimetype": VOICE_MIME, "ptt": True, "seconds": 2}},
        content={"audio": "@file", "ptt": True, "mimetype": VOICE_MIME, "seconds": 2},
        file=_VOICE,
    ),
    Kind(
        "picture to be seen once",
        Image(caption="once"),
        {"imageMessage": {"mimetype": "image/png", "caption": "once", "viewOnce": True, **_SIZE}},
        Context(view_once=True),
        content={"image": "@file", "caption": "once", "viewOnce": True, "mimetype": "image/png"},
        file=_ONCE,
    ),
    Kind(
        "sticker that moves",
        Sticker(animated=True),
        {"stickerMessage": {"mimetype": "image/webp", "isAnimated": True, **_SIZE}},
        content={"sticker": "@file", "isAnimated": True},
        file=_STICKER,
    ),
    Kind(
        "several contacts",
        Contacts(_CARDS),
        {"contactsArrayMessage": _SEVERAL},
        content={"contacts": _SEVERAL},
    ),
    Kind(
        "poll with many answers",
        Poll("Which?", ("One", "Two", "Three"), 0),
        {
            "pollCreationMessage": {
                "name": "Which?",
                "options": [{"optionName": name} for name in ("One", "Two", "Three")],
                "selectableOptionsCount": 0,
            }
        },
        content={"poll": {"name": "Which?", "values": ["One", "Two", "Three"], "selectableCount": 0}},
    ),
    Kind(
        "event",
        EventInvite("Opening", _STARTS * 1000, _ENDS * 1000, "With music", "At the shop"),
        {
            "eventMessage": {
                "name": "Opening",
                "startTime": _STARTS,
                "endTime": _ENDS,
                "description": "With music",
                "location": {"name": "At the shop"},
                "isCanceled": False,
            }
        },
        content={
            "event": {
                "name": "Opening",
                "startDate": {"@date": _STARTS * 1000},
                "endDate": {"@date": _ENDS * 1000},
                "description": "With music",
                "location": {"name": "At the shop"},
            }
        },
    ),
    Kind(
        "live location",
        Location(-23.5, -46.5, live=True),
        {"liveLocationMessage": {"degreesLatitude": -23.5, "degreesLongitude": -46.5, "sequenceNumber": 1}},
        is_ours=False,
    ),
    Kind(
        "buttons",
        Buttons("Tea?", (Button("y", "Yes"), Button("n", "No")), "the shop"),
        {
            "buttonsMessage": {
                "contentText": "Tea?",
                "footerText": "the shop",
                "headerType": 1,
                "buttons": [
                    {"buttonId": id, "buttonText": {"displayText": title}, "type": 1}
                    for id, title in (("y", "Yes"), ("n", "No"))
                ],
            }
        },
        is_ours=False,
    ),
    Kind(
        "list",
        ListMenu("Which size?", "Choose", (Section("Sizes", _ROWS),), "Tea", "the shop"),
        {
            "listMessage": {
                "title": "Tea",
                "description": "Which size?",
                "buttonText": "Choose",
                "listType": 1,
                "footerText": "the shop",
                "sections": [
                    {
                        "title": "Sizes",
                        "rows": [
                            {"rowId": row.id, "title": row.title, "description": row.description or ""} for row in _ROWS
                        ],
                    }
                ],
            }
        },
        is_ours=False,
    ),
    Kind(
        "template",
        Buttons("Your order\nIt is ready", (Button("ok", "Thanks"),), "the shop"),
        {
            "templateMessage": {
                "hydratedTemplate": {
                    "hydratedTitleText": "Your order",
                    "hydratedContentText": "It is ready",
                    "hydratedFooterText": "the shop",
                    "hydratedButtons": [{"index": 0, "quickReplyButton": {"displayText": "Thanks", "id": "ok"}}],
                }
            }
        },
        is_ours=False,
    ),
    Kind(
        "native flow",
        Buttons("Pay?", (Button("pay", "Pay now"),)),
        {
            "interactiveMessage": {
                "body": {"text": "Pay?"},
                "nativeFlowMessage": {
                    "buttons": [{"name": "quick_reply", "buttonParamsJson": '{"display_text":"Pay now","id":"pay"}'}]
                },
            }
        },
        is_ours=False,
    ),
    Kind(
        "button reply",
        ButtonReply("y", "Yes"),
        {"buttonsResponseMessage": {"selectedButtonId": "y", "selectedDisplayText": "Yes", "type": 1}},
        content={"buttonReply": {"id": "y", "displayText": "Yes", "index": 0}, "type": "plain"},
        is_ours=False,
    ),
    Kind(
        "template button reply",
        ButtonReply("ok", "Thanks"),
        {"templateButtonReplyMessage": {"selectedId": "ok", "selectedDisplayText": "Thanks", "selectedIndex": 0}},
        content={"buttonReply": {"id": "ok", "displayText": "Thanks", "index": 0}, "type": "template"},
        is_ours=False,
    ),
    Kind(
        "list reply",
        ListReply("r1", "Small", "for one"),
        {"listResponseMessage": _LIST_REPLY},
        content={"listReply": _LIST_REPLY},
        is_ours=False,
    ),
)

POSTS: Final = (
    Kind(
        "status text",
        Text("open until ten", look=Look("#102030")),
        {
            "extendedTextMessage": {
                "text": "open until ten",
                "textArgb": 0xFFFFFFFF,
                "backgroundArgb": 0xFF102030,
                "font": 0,
            }
        },
        content={"text": "open until ten"},
    ),
    Kind(
        "status picture",
        Image(caption="new"),
        {"imageMessage": {"mimetype": "image/png", "caption": "new", **_SIZE}},
        content={"image": "@file", "caption": "new", "mimetype": "image/png"},
        file=_POSTED,
    ),
    Kind(
        "status video",
        Video(caption="new, too"),
        {"videoMessage": {"mimetype": "video/mp4", "caption": "new, too", "seconds": 2}},
        content={"video": "@file", "caption": "new, too", "seconds": 2},
        file=_FILM,
    ),
)
"""What a status post can be."""

BY_NAME: Final = {kind.name: kind for kind in (*KINDS, *POSTS)}
