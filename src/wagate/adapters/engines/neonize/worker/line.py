"""What the worker needs of a WhatsApp library: a line that talks, a listener that hears. ``binding`` is neonize's."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from wagate.adapters.engines.neonize.link.messages import Ask, Event, GroupMember, GroupTold, LineEvent, Post, Shipped
from wagate.adapters.engines.neonize.link.people import PersonTold, PictureTold, PresenceTold, SettingTold

DEVICE: Final = 0
MESSAGE: Final = 17
RECEIPT: Final = 18
HISTORY: Final = 13
OFFLINE_BEGINS: Final = 26
OFFLINE_ENDS: Final = 27
GROUP_ENTERED: Final = 21
GROUP_CHANGED: Final = 22
UNDECRYPTABLE: Final = 44
TYPING: Final = 19
PRESENCE: Final = 20
PICTURE: Final = 23
BLOCKLIST: Final = 30
CALL_OFFER: Final = 36
CALL_ACCEPT: Final = 37
CALL_NOTICE: Final = 40
CALL_END: Final = 42
"""Kinds of event, by neonize's numbers (``events.EVENT_TO_INT``)."""

CALLS: Final = frozenset({CALL_OFFER, CALL_ACCEPT, CALL_NOTICE, CALL_END})
"""The steps of a call."""

KEPT: Final = CALLS | {DEVICE, MESSAGE, RECEIPT, GROUP_ENTERED, GROUP_CHANGED, UNDECRYPTABLE, PICTURE, BLOCKLIST}
"""What must not be lost. Everything else is about the line, and is told as it happens."""

SEEN: Final = frozenset({TYPING, PRESENCE})
"""What is told at once, and is gone when nobody is there to hear it."""

UPLOADED: Final = frozenset({"image", "video", "audio", "document", "sticker"})
"""Kinds of file that can be uploaded."""


class Listener(Protocol):
    """Hears from the library, on threads of the library. Whatever these raise is lost, so they raise nothing."""

    def on_event(self, kind: int, value: bytes) -> None:
        """An event, or the device (0), once for each connection; ``value`` is its protobuf."""
        ...

    def on_qr(self, text: str) -> None:
        """A QR code to show."""
        ...

    def on_pairing_end(self, word: str) -> None:
        """The series of QR codes is over: ``success``, ``timeout`` or an error's name."""
        ...

    def on_log(self, level: str, source: str, text: str) -> None:
        """A line that whatsmeow logs. For what happens within a call, on the thread of the call."""
        ...


@dataclass(frozen=True, slots=True)
class Accepted:
    """The server has a message. ``timestamp`` is the server's, in seconds."""

    wa_id: str
    timestamp: int


@dataclass(frozen=True, slots=True)
class InGroups:
    """What came of something that was done with groups: an address or a code, groups, people."""

    value: str = ""
    groups: tuple[GroupTold, ...] = ()
    members: tuple[GroupMember, ...] = ()


@dataclass(frozen=True, slots=True)
class WithPeople:
    """What came of something that was done with people: a word, people, pictures, settings."""

    value: str = ""
    people: tuple[PersonTold, ...] = ()
    pictures: tuple[PictureTold, ...] = ()
    settings: tuple[SettingTold, ...] = ()


class Refused(Exception):
    """The library did not do what it was asked; the text is whatsmeow's"""


class LineUnavailable(Exception):
    """There can be no line: the library is not there, or not the one that this was written for"""


class EventUnreadable(Exception):
    """An event's bytes are not what its number says"""


class Line(Protocol):
    """The one client of a process. Everything but ``run`` raises Refused, and is for after ``run`` began."""

    def run(self, proxy: str) -> str:
        """Connect and stay for good; returns whatsmeow's reason for ending, or nothing. Blocks its thread."""
        ...

    def disconnect(self) -> None:
        """Hang up; what whatsmeow has taken in still comes as events."""
        ...

    def send(self, post: Post) -> Accepted:
        """Send a plaintext and wait for the server's ack, 75 s at most."""
        ...

    def reaches(self, recipient: str, failed: frozenset[str]) -> bool:
        """Whether a person has a device besides these (``user:device@server``), as far as whatsmeow knows."""
        ...

    def knows(self, phone: str) -> bool:
        """Whether this phone address has an account."""
        ...

    def pairing_code(self, phone: str) -> str:
        """A code to type into the phone."""
        ...

    def in_manners(self, ask: Ask) -> None:
        """Do one of `MANNER_ERRANDS`."""
        ...

    def show_typing(self, chat: str, activity: str) -> None:
        """Show in a chat that we are composing or recording, or have paused."""
        ...

    def in_groups(self, ask: Ask) -> InGroups:
        """Do one of `GROUP_ERRANDS`."""
        ...

    def with_people(self, ask: Ask) -> WithPeople:
        """Do one of `PEOPLE_ERRANDS`."""
        ...

    def upload(self, file: Path, kind: str) -> Shipped:
        """Encrypt a file as one of this kind (`UPLOADED`), and leave it on WhatsApp's hosts; also raises OSError."""
        ...

    def log_out(self) -> None:
        """Unlink this device; whatsmeow deletes its keys."""
        ...


class Library(Protocol):
    """Opens lines, and reads what they say."""

    def open(self, database: str, device_name: str, platform: str, listener: Listener, history: str) -> Line:
        """A client on a database; ``history`` is how much of the past it is for (a `HistoryPolicy`).

        Raises LineUnavailable, ValueError for an unknown platform.
        """
        ...

    def read_kept(self, kind: int, value: bytes, *, offline: bool) -> Event:
        """What an event of a kind in `KEPT` says. Raises EventUnreadable."""
        ...

    def read_seen(self, kind: int, value: bytes) -> PresenceTold | None:
        """What an event of a kind in `SEEN` says, if anything. Raises EventUnreadable."""
        ...

    def read_line(self, kind: int, value: bytes) -> LineEvent | None:
        """What any other event says about the line, if anything. Raises EventUnreadable."""
        ...
