"""How the text of a status post looks."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Font(StrEnum):
    """The fonts of status posts, as WhatsApp's own definitions call them."""

    SYSTEM = "system"
    SYSTEM_TEXT = "system_text"
    FB_SCRIPT = "fb_script"
    SYSTEM_BOLD = "system_bold"
    MORNINGBREEZE_REGULAR = "morningbreeze_regular"
    CALISTOGA_REGULAR = "calistoga_regular"
    EXO2_EXTRABOLD = "exo2_extrabold"
    COURIERPRIME_BOLD = "courierprime_bold"


@dataclass(frozen=True, slots=True)
class Look:
    """How the text of a status post looks: white on a ``background`` (``#rrggbb``), in a font."""

    background: str
    font: str = Font.SYSTEM
