"""What a message says: one closed union. Every kind has a ``type`` (the API's word) and a readable ``text``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from wagate.domain.jid import Jid


@dataclass(frozen=True, slots=True)
class Text:
    """Plain text. ``mentions`` are the people named in it, in the order in which they are named."""

    type: ClassVar[str] = "text"
    body: str
    mentions: tuple[Jid, ...] = ()

    @property
    def text(self) -> str:
        """The readable text."""
        return self.body


@dataclass(frozen=True, slots=True)
class Unsupported:
    """Content that arrived and that this version cannot read. ``kind`` is the engine's own word for it."""

    type: ClassVar[str] = "unsupported"
    kind: str

    @property
    def text(self) -> str:
        """The readable text."""
        return f"[{self.kind}]"


Content = Text | Unsupported


@dataclass(frozen=True, slots=True)
class Quoted:
    """The message that another one answers, as far as it is known."""

    wa_id: str
    sender: Jid
    text: str = ""
