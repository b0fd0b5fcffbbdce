"""What the gateway and a worker say to each other. Addresses are bare ``user@server``, times what their names say."""

from __future__ import annotations

from dataclasses import dataclass, field

from wagate.adapters.engines.neonize.link.manners import ReadByUs
from wagate.adapters.engines.neonize.link.past import HistoryCame
from wagate.adapters.engines.neonize.link.people import (
    BlocklistNews,
    CallNews,
    PersonTold,
    PictureNews,
    PictureTold,
    PresenceTold,
    SettingTold,
)

VERSION = 5
"""Raised with every change that a worker of an older gateway would not understand; such a worker is replaced."""

# ---- the gateway's side


@dataclass(frozen=True, slots=True)
class Hello:
    """The first words. ``token`` opens the door once; ``spool`` and ``committed`` say what needs no repetition."""

    version: int
    token: str = field(repr=False)
    spool: str
    committed: int


@dataclass(frozen=True, slots=True)
class Begin:
    """Connect to WhatsApp. ``device`` is the address that is linked, or empty to link one; ``history`` a policy."""

    device: str
    proxy: str = field(repr=False)
    device_name: str
    platform: str
    history: str = "none"


@dataclass(frozen=True, slots=True)
class Sent:
    """A message that was handed over once: ``tag`` (hex) is the secret under which whatsmeow noted it."""

    message: str
    tag: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Recall:
    """What became of these?"""

    sends: tuple[Sent, ...]


@dataclass(frozen=True, slots=True)
class Post:
    """Send a plaintext (``body``: WhatsApp's ``Message`` protobuf, base64). What comes of it is a `SendEnded` entry.

    The tag goes out as the message's secret, in place of one that is in the plaintext.
    """

    message: str
    tag: str = field(repr=False)
    to: str
    body: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Ask:
    """Do something now; `Answer` has the same ``ticket``.

    ``what``: ``knows`` (is this phone address, ``subject``, on WhatsApp), ``pair`` (a code for this number),
    ``typing`` (``text``: composing, recording or paused), ``log_out``, ``upload`` (the file ``text`` of the session's
    folder, as a file of kind ``subject``), or one of the errands of
    ``manners``, ``groups`` and ``people``.
    """

    ticket: int
    what: str
    subject: str = ""
    sender: str = ""
    ids: tuple[str, ...] = ()
    text: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Committed:
    """Everything up to this entry is durable and may be forgotten."""

    number: int


@dataclass(frozen=True, slots=True)
class Ping:
    """Are you there?"""

    number: int


@dataclass(frozen=True, slots=True)
class Stop:
    """Hang up, keep what came, and end."""


# ---- the worker's side


@dataclass(frozen=True, slots=True)
class Welcome:
    """The door is open. ``begun``: a line is being worked on, by the ``Begin`` of an earlier gateway."""

    version: int
    pid: int
    spool: str
    begun: bool


@dataclass(frozen=True, slots=True)
class Arrived:
    """A message that is for a human to see: ``body`` is its plaintext as in `Post`, empty when it is too large.

    ``kind`` is WhatsApp's name for what it holds. ``view_once``: a wrapper that whatsmeow took off said so.
    ``by_admin``: the server let it pass as an act of a group's admin.
    """

    wa_id: str
    chat: str
    sender: str
    from_me: bool
    timestamp: int
    body: str = field(repr=False)
    kind: str = ""
    view_once: bool = False
    by_admin: bool = False
    chat_alt: str = ""
    sender_alt: str = ""
    push_name: str = ""
    offline: bool = False


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A message that could not be decrypted; whatsmeow has asked for it again."""

    wa_id: str
    chat: str
    sender: str
    timestamp: int


@dataclass(frozen=True, slots=True)
class Receipt:
    """``kind``: delivered, read, played, or retry (a device could not decrypt, and asked again)."""

    kind: str
    wa_ids: tuple[str, ...]
    chat: str
    by: str
    timestamp: int


@dataclass(frozen=True, slots=True)
class Linked:
    """This is the device that a phone linked: its address with device number, and the account's LID."""

    device: str
    lid: str
    name: str
    platform: str


@dataclass(frozen=True, slots=True)
class SendEnded:
    """What came of a `Post`. ``error`` is whatsmeow's text, empty when the server took the message.

    ``wa_id`` is what is known of the id; ``unreached``: the stanza was for none of the recipient's devices.
    """

    message: str
    wa_id: str = ""
    timestamp: int = 0
    error: str = ""
    unreached: bool = False


@dataclass(frozen=True, slots=True)
class Untagged:
    """The secret of this message could not be noted, so its absence will prove nothing."""

    message: str


@dataclass(frozen=True, slots=True)
class Gap:
    """What arrived between two moments (ms since 1970) may be missing. ``code`` and ``detail`` as in the news."""

    since: int
    until: int
    code: str
    detail: str


@dataclass(frozen=True, slots=True)
class GroupMember:
    """Somebody in a group; ``alt`` is their other address. ``role``: member, admin or owner.

    In the answer to a change ``error`` is the server's code for them (0: it worked); ``invite_code`` may invite them.
    """

    jid: str
    alt: str = ""
    role: str = "member"
    error: int = 0
    invite_code: str = field(default="", repr=False)
    invite_expires_at: int = 0


@dataclass(frozen=True, slots=True)
class GroupTold:
    """A group as the server tells it. neonize says nothing of who may add people, or whether they need approval."""

    jid: str
    subject: str
    description: str
    owner: str
    owner_alt: str
    created_at: int
    announce: bool
    locked: bool
    timer: int
    members: tuple[GroupMember, ...]


@dataclass(frozen=True, slots=True)
class GroupEntered:
    """We are in a group now, as ``by`` (and ``by_alt``) made it so."""

    group: GroupTold
    by: str = ""
    by_alt: str = ""


@dataclass(frozen=True, slots=True)
class GroupNote:
    """One change: ``what`` is subject, description, announce, lock (``text``: on, off), timer (seconds), link (there is
    a new one), end; or add, remove, promote, demote, with the addresses of ``people``.
    """

    what: str
    text: str = ""
    people: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class GroupEvent:
    """What somebody changed about a group; ``reason`` says how people came."""

    group: str
    by: str
    timestamp: int
    reason: str
    changes: tuple[GroupNote, ...]


@dataclass(frozen=True, slots=True)
class Nothing:
    """An entry that means nothing to a human, such as the keys of a group."""


OfGroups = GroupEntered | GroupEvent
OfPeople = PictureNews | BlocklistNews | CallNews
Told = Unreadable | Receipt | ReadByUs | Linked | OfGroups | OfPeople | HistoryCame
Event = Arrived | Told | SendEnded | Untagged | Gap | Nothing


@dataclass(frozen=True, slots=True)
class Entry:
    """What the worker keeps until it is committed. Numbers rise by one."""

    number: int
    event: Event


@dataclass(frozen=True, slots=True)
class LineEvent:
    """How the line does. The words are in ``endings``; ``code`` and ``detail`` are whatsmeow's."""

    what: str
    code: int = 0
    detail: str = ""


@dataclass(frozen=True, slots=True)
class QrCode:
    """A QR code to scan; ``index`` counts from 0 within its series."""

    text: str = field(repr=False)
    index: int


@dataclass(frozen=True, slots=True)
class Found:
    """``fate``: pending (an entry will tell), noted (whatsmeow built it under ``wa_id``), absent, or unclear."""

    message: str
    fate: str
    wa_id: str = ""


@dataclass(frozen=True, slots=True)
class Recalled:
    """The answer to `Recall`."""

    found: tuple[Found, ...]


@dataclass(frozen=True, slots=True)
class Shipped:
    """A file that whatsmeow left on WhatsApp's hosts. Key and hashes (SHA-256) are hex, the size is in bytes."""

    url: str = field(repr=False)
    direct_path: str = field(repr=False)
    media_key: str = field(repr=False)
    sha256: str
    enc_sha256: str
    size: int


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to `Ask`; ``error`` is empty when it went well. ``more``: another answer with this ticket follows."""

    ticket: int
    value: str = field(default="", repr=False)
    error: str = ""
    groups: tuple[GroupTold, ...] = ()
    members: tuple[GroupMember, ...] = ()
    shipped: tuple[Shipped, ...] = ()
    people: tuple[PersonTold, ...] = ()
    pictures: tuple[PictureTold, ...] = ()
    settings: tuple[SettingTold, ...] = ()
    more: bool = False


@dataclass(frozen=True, slots=True)
class LogLine:
    """Something that the worker, neonize or Go printed, with secrets taken out."""

    level: str
    source: str
    text: str


@dataclass(frozen=True, slots=True)
class Pong:
    """Here."""

    number: int


FromGateway = Hello | Begin | Recall | Post | Ask | Committed | Ping | Stop
FromWorker = Welcome | Entry | LineEvent | QrCode | Recalled | PresenceTold | Answer | LogLine | Pong
Message = FromGateway | FromWorker
