"""How the text of a status post looks: white on a colour, in one of a few fonts (`ExtendedTextMessage`)."""

from dataclasses import dataclass
from typing import Final

from whatsapp_wire.proto.message_pb2 import ExtendedTextMessage, Message

FONTS: Final = {
    0: "system",
    1: "system_text",
    2: "fb_script",
    6: "system_bold",
    7: "morningbreeze_regular",
    8: "calistoga_regular",
    9: "exo2_extrabold",
    10: "courierprime_bold",
}
"""The numbers of WhatsApp's `FontType`, and what its own definitions call them."""

_NUMBERS: Final = {name: number for number, name in FONTS.items()}
_OPAQUE: Final = 0xFF000000
_COLOUR: Final = 0x00FFFFFF


@dataclass(frozen=True, slots=True)
class Look:
    """A colour behind the text (0xRRGGBB), and a font: one of `FONTS`."""

    background: int
    font: str = "system"


def look_message(text: str, look: Look) -> Message:
    """The message for a text with a look. Raises KeyError for a font that there is none of."""
    return Message(
        extended_text_message=ExtendedTextMessage(
            text=text,
            text_argb=_OPAQUE | _COLOUR,
            background_argb=_OPAQUE | look.background,
            font=_NUMBERS[look.font],
        )
    )


def read_look(inner: Message) -> Look | None:
    """How an unwrapped text looks; None for one that says nothing of it. A font that is not known is the plain one."""
    told = inner.extended_text_message
    if not told.HasField("background_argb"):
        return None
    return Look(told.background_argb & _COLOUR, FONTS.get(told.font, "system"))
