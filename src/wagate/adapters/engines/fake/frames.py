"""What the pretend service and a device say to each other."""

from __future__ import annotations

import json
import secrets
from dataclasses import asdict, dataclass
from typing import Any, Protocol

from wagate.adapters.engines.fake.marking import Agreed
from wagate.domain.acts import Said
from wagate.domain.content import PLAIN_CONTEXT, Context, Quoted
from wagate.domain.jid import Jid
from wagate.domain.plain import plain, said_of
from wagate.domain.session import Me, Reason, SessionState
from wagate.ports.engine import Outgoing
from wagate.ports.news import ReceiptKind
from wagate.ports.people_news import PeopleNews

CONTENTS = frozenset(
    {"text", "location", "contacts", "poll", "event_invite"}
    | {"image", "video", "audio", "voice", "document", "sticker"}
    | {"reaction", "edit", "revocation", "poll_vote", "pin"}
)
"""What the pretend service carries."""


@dataclass(frozen=True, slots=True)
class PostedFile:
    """A file that lies with the service: under which key, its MIME type, its size in bytes, and its name."""

    key: str
    mime: str
    size: int
    filename: str | None = None


@dataclass(frozen=True, slots=True)
class Linked:
    """A phone linked this device; ``token`` is what it logs in with from now on."""

    token: str
    me: Me


@dataclass(frozen=True, slots=True)
class Ack:
    """The service took a message, or refused it (``error`` is our code for why).

    ``ref`` is the sender's own word for it; ``wa_id`` is None when a message that was given no id was refused.
    """

    ref: str
    wa_id: str | None
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Numbered:
    """The service knows a message under this id, and does not say (yet) what becomes of it."""

    ref: str
    wa_id: str


@dataclass(frozen=True, slots=True)
class Delivery:
    """A message for this device. The service keeps it until the device acknowledges ``number``."""

    number: int
    wa_id: str
    chat: Jid
    sender: Jid
    sender_alt: Jid | None
    from_me: bool
    push_name: str
    content: Said
    quoted: Quoted | None
    context: Context = PLAIN_CONTEXT
    file: PostedFile | None = None


@dataclass(frozen=True, slots=True)
class Receipt:
    """How far messages of this device's account got; kept like a delivery until ``number`` is acknowledged.

    ``chat`` is set when it is the account itself that has read, on its phone, what others wrote there.
    """

    number: int
    kind: ReceiptKind
    wa_ids: tuple[str, ...]
    by: Jid
    chat: Jid | None = None


@dataclass(frozen=True, slots=True)
class AskedAgain:
    """A recipient could not read a message and wants it once more; kept like a delivery."""

    number: int
    wa_id: str


@dataclass(frozen=True, slots=True)
class Agreement:
    """Another device of the account did something that all of them share."""

    number: int
    news: Agreed


@dataclass(frozen=True, slots=True)
class LidTold:
    """The service says which LID belongs to a number."""

    phone: Jid
    lid: Jid


@dataclass(frozen=True, slots=True)
class Dropped:
    """The line broke."""


@dataclass(frozen=True, slots=True)
class Ended:
    """The service ended the line for good."""

    state: SessionState
    reason: Reason


@dataclass(frozen=True, slots=True)
class Told:
    """Something about people, or a call. The service keeps it until the device acknowledges ``number``."""

    number: int
    news: PeopleNews


Queued = Delivery | Receipt | AskedAgain | Told | Agreement
"""What the service keeps until the device acknowledges its number."""

Frame = Linked | Ack | Numbered | Queued | LidTold | Dropped | Ended


class Link(Protocol):
    """The device's end of the line."""

    def push(self, frame: Frame) -> None:
        """Hear something from the service; only remembers it."""
        ...


def encode_stanza(outgoing: Outgoing, wa_id: str | None, file: PostedFile | None = None) -> bytes:
    """A message as it travels. No two encodings are alike, as with ciphertext: a retry must reuse the first one.

    Without ``wa_id`` the service gives it one, and each such stanza is a message of its own.
    """
    return json.dumps(
        {
            "ref": outgoing.message,
            "wa_id": wa_id,
            "to": outgoing.to,
            "content": plain(outgoing.content),
            "context": asdict(outgoing.context),
            "file": None if file is None else asdict(file),
            "quoted": None if outgoing.quoted is None else [outgoing.quoted.wa_id, outgoing.quoted.sender],
            "nonce": secrets.token_hex(8),
        }
    ).encode()


@dataclass(frozen=True, slots=True)
class Stanza:
    """A message read back from the wire."""

    ref: str
    wa_id: str | None
    to: Jid
    content: Said
    quoted: Quoted | None
    context: Context = PLAIN_CONTEXT
    file: PostedFile | None = None


def decode_stanza(stanza: bytes) -> Stanza:
    """The inverse of ``encode_stanza``."""
    fields: dict[str, Any] = json.loads(stanza)
    quoted = fields["quoted"]
    return Stanza(
        fields["ref"],
        fields["wa_id"],
        Jid(fields["to"]),
        said_of(fields["content"]),
        None if quoted is None else Quoted(quoted[0], Jid(quoted[1])),
        Context(**fields["context"]),
        None if fields.get("file") is None else PostedFile(**fields["file"]),
    )
