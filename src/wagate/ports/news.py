"""What an engine has to tell.

Durable news travel inside a vault ``Unit`` and are committed with the engine's own state, in one transaction.
Line news say how the connection is doing; they are reported as they happen and are not tied to a commit.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from wagate.domain.acts import Said
from wagate.domain.content import PLAIN_CONTEXT, Context, Quoted
from wagate.domain.ids import MessageId
from wagate.domain.jid import Jid
from wagate.domain.marks import ChatMarks, ContactName
from wagate.domain.people import GroupChange
from wagate.domain.session import Me, Reason, SessionState
from wagate.ports.files import ArrivedFile
from wagate.ports.people_news import PeopleNews

# ---- durable


@dataclass(frozen=True, slots=True)
class Paired:
    """A phone linked this device; the credentials are in the same unit."""

    me: Me


@dataclass(frozen=True, slots=True)
class MessageArrived:
    """A message was decrypted, from a contact or from another device of our own account (``from_me``).

    ``chat`` and ``sender`` are bare; ``sender_alt`` and ``chat_alt`` are the same person under the other kind of
    address, where the stanza says so. ``timestamp`` is the server's, in seconds. ``offline`` marks what was waiting
    while we were away. The same message may arrive more than once: (chat, sender, wa_id) tells. An act arrives in
    the same way; the message that it is about may be unknown, or come later. What shows a file (``Attached``) comes
    with ``file``, and its ``media`` is left open.
    """

    wa_id: str
    chat: Jid
    sender: Jid
    from_me: bool
    timestamp: int
    content: Said
    chat_alt: Jid | None = None
    sender_alt: Jid | None = None
    push_name: str | None = None
    quoted: Quoted | None = None
    offline: bool = False
    context: Context = PLAIN_CONTEXT
    file: ArrivedFile | None = None


@dataclass(frozen=True, slots=True)
class MessageUndecryptable:
    """A message arrived that could not be decrypted; its sender was asked to send it again (``attempt`` from 1)."""

    wa_id: str
    chat: Jid
    sender: Jid
    timestamp: int
    attempt: int
    detail: str


@dataclass(frozen=True, slots=True)
class SendStarted:
    """The engine answers for this message from here on: what it needs to send it, or to learn its fate, is kept.

    An engine that chooses ids has put the exact stanza into the same unit, and only that stanza is ever sent.
    ``wa_id`` is None where the engine learns the id from WhatsApp later.
    """

    message: MessageId
    wa_id: str | None


@dataclass(frozen=True, slots=True)
class SendAccepted:
    """The service took the message. ``timestamp`` is the server's, in seconds, when it said one.

    ``message`` names the message where the id was not ours to choose: it is known by ``wa_id`` from here on.
    """

    wa_id: str
    timestamp: int | None = None
    message: MessageId | None = None


@dataclass(frozen=True, slots=True)
class SendRefused:
    """The message did not and will not go out. ``code`` is ours, stable.

    Either ``wa_id`` or ``message`` says which, as with `SendAccepted`.
    """

    wa_id: str | None
    code: str
    detail: str
    message: MessageId | None = None


@dataclass(frozen=True, slots=True)
class SendUncertain:
    """The message may have gone out, or not, and nothing better is known. It is not sent again.

    ``wa_id`` is the id under which it would have gone out, where that much is known: a receipt for it is proof.
    A later `SendAccepted` or `SendRefused` for the same message settles the matter.
    """

    message: MessageId
    code: str
    detail: str
    wa_id: str | None = None


class ReceiptKind(StrEnum):
    """What a receipt proves."""

    DELIVERED = "delivered"
    READ = "read"
    PLAYED = "played"


@dataclass(frozen=True, slots=True)
class ReceiptArrived:
    """Somebody's device says how far our messages got. ``by`` is bare; ``timestamp`` in seconds.

    An engine that learns ids late says first which message an id belongs to: nobody else could tell.
    """

    kind: ReceiptKind
    wa_ids: tuple[str, ...]
    chat: Jid
    by: Jid
    timestamp: int


@dataclass(frozen=True, slots=True)
class ReadElsewhere:
    """Received messages of a chat were read on our phone, or on another device of our account. ``chat`` is bare."""

    wa_ids: tuple[str, ...]
    chat: Jid


@dataclass(frozen=True, slots=True)
class IdentityLinked:
    """A phone number and a LID turned out to be one person."""

    phone: Jid
    lid: Jid


@dataclass(frozen=True, slots=True)
class GapSuspected:
    """Messages that arrived between two moments (ms since 1970) may be missing here. ``code`` is ours, stable."""

    since: int
    until: int
    code: str
    detail: str


@dataclass(frozen=True, slots=True)
class GroupChanged:
    """Something happened in a group, or all of it was told. ``by`` (bare; ``by_alt`` their other address) did it.

    The same change may be told more than once: who keeps groups compares with what is known.
    """

    group: Jid
    change: GroupChange
    timestamp: int
    by: Jid | None = None
    by_alt: Jid | None = None


@dataclass(frozen=True, slots=True)
class ChatMarked:
    """A chat was archived, pinned, muted, marked, or no longer is, on one of the account's devices, at ``at`` (ms).

    This, and what follows up to `OwnNameChanged`, is told as it is now: again without a change when in doubt. ``quiet``
    is what was so before we were here: to be kept, and no event.
    """

    chat: Jid
    marks: ChatMarks
    at: int
    quiet: bool = False


@dataclass(frozen=True, slots=True)
class ChatEmptied:
    """The messages of a chat up to a moment (``until``, ms) are gone for us; the chat as well if ``is_deleted``.

    Those with a star stay unless ``with_starred``.
    """

    chat: Jid
    until: int
    with_starred: bool
    is_deleted: bool
    at: int
    quiet: bool = False


@dataclass(frozen=True, slots=True)
class MessageStarred:
    """One of our devices gave a message a star, or took it away. ``sender`` is None where the chat, or we, say who."""

    chat: Jid
    wa_id: str
    from_me: bool
    sender: Jid | None
    starred: bool
    at: int
    quiet: bool = False


@dataclass(frozen=True, slots=True)
class MessageHidden:
    """A message was deleted on one of our devices, for us alone."""

    chat: Jid
    wa_id: str
    from_me: bool
    sender: Jid | None
    at: int
    quiet: bool = False


@dataclass(frozen=True, slots=True)
class ContactNamed:
    """The phone's address book has a name for a person (``alt``: their other address); None: not any more."""

    person: Jid
    alt: Jid | None
    name: ContactName | None
    quiet: bool = False


@dataclass(frozen=True, slots=True)
class OwnNameChanged:
    """The name that others see of us is another one."""

    name: str
    quiet: bool = False


@dataclass(frozen=True, slots=True)
class PastMessage:
    """A message that a phone told of a time before. ``got_to`` is how far one of our own got, as far as it is known."""

    said: MessageArrived
    got_to: ReceiptKind | None = None


@dataclass(frozen=True, slots=True)
class PastChat:
    """A chat that a phone told of: what a group is called, and how many of its messages nobody has read."""

    jid: Jid
    alt: Jid | None = None
    name: str | None = None
    unread: int = 0


@dataclass(frozen=True, slots=True)
class HistoryArrived:
    """A part of a history, which the engine calls ``history``. Parts of one come in order, each exactly once.

    ``names`` are people and how they call themselves, ``links`` phone numbers and the LIDs of the same people.
    """

    history: str
    messages: tuple[PastMessage, ...] = ()
    chats: tuple[PastChat, ...] = ()
    names: tuple[tuple[Jid, str], ...] = ()
    links: tuple[tuple[Jid, Jid], ...] = ()


@dataclass(frozen=True, slots=True)
class HistoryRead:
    """A history has been read to its end, or could not be (``code``, stable, and ``detail`` say why).

    ``kind`` and ``chunk`` say which it was, ``progress`` how far the phone is with telling (percent). ``skipped``
    counts what could not be read in it. ``request`` is what `QueriesHistory.ask_for_history` returned, and ``chat``
    the chat that was asked for then.
    """

    history: str
    kind: str
    chunk: int = 0
    progress: int | None = None
    skipped: int = 0
    request: str | None = None
    chat: Jid | None = None
    code: str | None = None
    detail: str = ""


DurableNews = (
    Paired
    | MessageArrived
    | MessageUndecryptable
    | SendStarted
    | SendAccepted
    | SendRefused
    | SendUncertain
    | ReceiptArrived
    | ReadElsewhere
    | IdentityLinked
    | GapSuspected
    | GroupChanged
    | PeopleNews
    | ChatMarked
    | ChatEmptied
    | MessageStarred
    | MessageHidden
    | ContactNamed
    | OwnNameChanged
    | HistoryArrived
    | HistoryRead
)

# ---- about the line


@dataclass(frozen=True, slots=True)
class StateChanged:
    """There is new evidence about the line."""

    state: SessionState
    reason: Reason | None = None


@dataclass(frozen=True, slots=True)
class QrShown:
    """A QR code to scan within ``expires_in_s`` seconds; the next one replaces it. ``remaining`` more will follow."""

    text: str
    expires_in_s: float
    remaining: int


@dataclass(frozen=True, slots=True)
class PasskeyRequired:
    """WhatsApp wants an assertion of the account's passkey within ``expires_in_s`` seconds before it goes on pairing.

    ``options`` are those of a WebAuthn get request, as JSON. The state is ``pairing`` already, and stays it.
    """

    options: Mapping[str, object]
    expires_in_s: float


@dataclass(frozen=True, slots=True)
class PasskeyCodeShown:
    """The assertion was accepted; a human has to say within ``expires_in_s`` seconds whether the phone shows this code.

    A code is told only when it has to be compared.
    """

    code: str
    expires_in_s: float


@dataclass(frozen=True, slots=True)
class SeenAlive:
    """The service showed that it still knows this line (at most once a minute)."""


LineNews = StateChanged | QrShown | PasskeyRequired | PasskeyCodeShown | SeenAlive
