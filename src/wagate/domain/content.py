"""What a message says: one closed union. Every kind has a ``type`` (the API's word) and a readable ``text``.

``text`` is never empty. What is done to a message (reactions, edits, …) is in ``acts``. A new kind is a class here, its
place in ``Content``, and what each engine makes of it; rows and what the API shows follow by its fields (``plain``).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar, TypeVar

from wagate.domain.ids import MediaId
from wagate.domain.jid import Jid
from wagate.domain.looks import Look

UNKEPT = MediaId("")
"""In place of a media's id, while a file that arrives has none of ours yet."""


@dataclass(frozen=True, slots=True)
class LinkPreview:
    """What a text shows of the page behind a ``link`` in it; ``thumbnail`` is a small JPEG."""

    link: str
    title: str | None = None
    description: str | None = None
    thumbnail: bytes | None = None


@dataclass(frozen=True, slots=True)
class Text:
    """Plain text. ``mentions`` are people in it; ``mentions_all`` calls a whole group. A status has a ``look``."""

    type: ClassVar[str] = "text"
    body: str
    mentions: tuple[Jid, ...] = ()
    mentions_all: bool = False
    preview: LinkPreview | None = None
    look: Look | None = None

    @property
    def text(self) -> str:
        """The readable text."""
        return self.body or "[text]"


@dataclass(frozen=True, slots=True)
class Image:
    """A picture. Captions name people as texts do; whatever shows a file names its ``media``."""

    type: ClassVar[str] = "image"
    media: MediaId = UNKEPT
    caption: str | None = None
    mentions: tuple[Jid, ...] = ()
    mentions_all: bool = False

    @property
    def text(self) -> str:
        """The readable text."""
        return self.caption or "[image]"


@dataclass(frozen=True, slots=True)
class Video:
    """A video. ``gif``: silent, and repeats by itself; ``note``: the round one that is recorded in a chat."""

    type: ClassVar[str] = "video"
    media: MediaId = UNKEPT
    caption: str | None = None
    mentions: tuple[Jid, ...] = ()
    mentions_all: bool = False
    gif: bool = False
    note: bool = False

    @property
    def text(self) -> str:
        """The readable text."""
        return self.caption or ("[gif]" if self.gif else "[video_note]" if self.note else "[video]")


@dataclass(frozen=True, slots=True)
class Audio:
    """A sound: music, or anything that was not spoken into the chat."""

    type: ClassVar[str] = "audio"
    media: MediaId = UNKEPT

    @property
    def text(self) -> str:
        """The readable text."""
        return "[audio]"


@dataclass(frozen=True, slots=True)
class Voice:
    """A voice note: shown with its waveform, and known to have been played or not."""

    type: ClassVar[str] = "voice"
    media: MediaId = UNKEPT

    @property
    def text(self) -> str:
        """The readable text."""
        return "[voice]"


@dataclass(frozen=True, slots=True)
class Document:
    """A file of any kind, under a name."""

    type: ClassVar[str] = "document"
    media: MediaId = UNKEPT
    filename: str | None = None
    caption: str | None = None
    mentions: tuple[Jid, ...] = ()
    mentions_all: bool = False

    @property
    def text(self) -> str:
        """The readable text."""
        return self.caption or self.filename or "[document]"


@dataclass(frozen=True, slots=True)
class Sticker:
    """A sticker."""

    type: ClassVar[str] = "sticker"
    media: MediaId = UNKEPT
    animated: bool = False

    @property
    def text(self) -> str:
        """The readable text."""
        return "[sticker]"


Captioned = Image | Video | Document
"""Shows a file, with words under it."""

Attached = Captioned | Audio | Voice | Sticker
"""Shows a file."""


@dataclass(frozen=True, slots=True)
class Location:
    """A place: degrees north and east, and what it is called. ``live``: its sender shares where they are going."""

    type: ClassVar[str] = "location"
    latitude: float
    longitude: float
    name: str | None = None
    address: str | None = None
    live: bool = False

    @property
    def text(self) -> str:
        """The readable text."""
        return _joined((self.name, self.address), ", ") or f"{self.latitude:.6f}, {self.longitude:.6f}"


@dataclass(frozen=True, slots=True)
class Card:
    """Somebody's contact card: the name that it is shown under, and the card itself (vCard 3.0, RFC 2426)."""

    name: str
    vcard: str


@dataclass(frozen=True, slots=True)
class Contacts:
    """One or more contact cards."""

    type: ClassVar[str] = "contacts"
    cards: tuple[Card, ...]

    @property
    def text(self) -> str:
        """The readable text."""
        return _joined((card.name for card in self.cards), ", ") or "[contacts]"


@dataclass(frozen=True, slots=True)
class Poll:
    """A question with options, of which a person may choose ``selectable`` at most (0: as many as they like)."""

    type: ClassVar[str] = "poll"
    question: str
    options: tuple[str, ...]
    selectable: int = 1

    @property
    def text(self) -> str:
        """The readable text."""
        return _joined((self.question, *(f"- {option}" for option in self.options)), "\n") or "[poll]"


@dataclass(frozen=True, slots=True)
class EventInvite:
    """An invitation to something that happens: moments are in ms since 1970, UTC; ``place`` is free text."""

    type: ClassVar[str] = "event_invite"
    name: str
    starts_at: int
    ends_at: int | None = None
    description: str | None = None
    place: str | None = None
    link: str | None = None
    cancelled: bool = False

    @property
    def text(self) -> str:
        """The readable text."""
        return _joined((self.name, self.description, self.place, self.link), "\n") or "[event_invite]"


@dataclass(frozen=True, slots=True)
class Button:
    """A choice under a message: an answer with its ``id``, or something to open or to call."""

    id: str
    title: str
    url: str | None = None
    phone: str | None = None


@dataclass(frozen=True, slots=True)
class Buttons:
    """Text with buttons and a footer, as businesses send it. ``rendered_as``: what it goes out as, if not as itself."""

    type: ClassVar[str] = "buttons"
    body: str
    buttons: tuple[Button, ...] = ()
    footer: str | None = None
    rendered_as: str | None = None

    @property
    def text(self) -> str:
        """The readable text: the choices are numbered."""
        choices = (
            _joined((f"{number}. {button.title}", button.url or button.phone), ": ")
            for number, button in enumerate(self.buttons, 1)
        )
        return _joined((self.body, "\n".join(choices), self.footer), "\n\n") or "[buttons]"


@dataclass(frozen=True, slots=True)
class Row:
    """A choice of a list."""

    id: str
    title: str
    description: str | None = None


@dataclass(frozen=True, slots=True)
class Section:
    """Some choices of a list under a title."""

    title: str | None
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class ListMenu:
    """Text with a list of choices that opens by a ``button``. ``rendered_as``: as for buttons."""

    type: ClassVar[str] = "list"
    body: str
    button: str
    sections: tuple[Section, ...]
    title: str | None = None
    footer: str | None = None
    rendered_as: str | None = None

    @property
    def text(self) -> str:
        """The readable text: the choices are numbered through all sections."""
        number, parts = 0, []
        for section in self.sections:
            lines = [] if section.title is None else [section.title]
            for row in section.rows:
                number += 1
                lines.append(_joined((f"{number}. {row.title}", row.description), ": "))
            parts.append("\n".join(lines))
        return _joined((self.title, self.body, *parts, self.footer), "\n\n") or "[list]"


@dataclass(frozen=True, slots=True)
class ButtonReply:
    """The button that somebody pressed."""

    type: ClassVar[str] = "button_reply"
    id: str
    title: str

    @property
    def text(self) -> str:
        """The readable text."""
        return self.title or self.id or "[button_reply]"


@dataclass(frozen=True, slots=True)
class ListReply:
    """The choice of a list that somebody made."""

    type: ClassVar[str] = "list_reply"
    id: str
    title: str
    description: str | None = None

    @property
    def text(self) -> str:
        """The readable text."""
        return self.title or self.id or "[list_reply]"


@dataclass(frozen=True, slots=True)
class Unsupported:
    """Content that arrived and that this version cannot read. ``kind`` is the engine's own word for it."""

    type: ClassVar[str] = "unsupported"
    kind: str

    @property
    def text(self) -> str:
        """The readable text."""
        return f"[{self.kind}]"


@dataclass(frozen=True, slots=True)
class Deleted:
    """What is left of a message that its author took back; ``was`` is the type of what it said."""

    type: ClassVar[str] = "deleted"
    was: str

    @property
    def text(self) -> str:
        """The readable text."""
        return "[deleted]"


T = TypeVar("T")

Content = (
    Text
    | Image
    | Video
    | Audio
    | Voice
    | Document
    | Sticker
    | Location
    | Contacts
    | Poll
    | EventInvite
    | Buttons
    | ListMenu
    | ButtonReply
    | ListReply
    | Unsupported
    | Deleted
)


@dataclass(frozen=True, slots=True)
class Context:
    """How a message was said: how often it was forwarded before, to be seen once only, gone after so many seconds."""

    forwarded: int = 0
    view_once: bool = False
    expires_in_s: int | None = None


PLAIN_CONTEXT = Context()
"""A message like most: nothing special about it."""


@dataclass(frozen=True, slots=True)
class Quoted:
    """The message that another one answers, as far as it is known; ``message`` is its id in this house."""

    wa_id: str
    sender: Jid
    text: str = ""
    message: str | None = None


def as_sent(said: T) -> T | Text:
    """What goes out for something: itself, or its text where that is how it is rendered."""
    if isinstance(said, Buttons | ListMenu) and said.rendered_as == Text.type:
        return Text(said.text)
    return said


def _joined(parts: Iterable[str | None], between: str) -> str:
    """What there is of some parts."""
    return between.join(part for part in parts if part)
