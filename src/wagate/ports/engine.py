"""A way of reaching WhatsApp. Required: connect, send, close. Everything else is an ability (``abilities.py``)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from wagate.domain import limits
from wagate.domain.acts import Said
from wagate.domain.content import PLAIN_CONTEXT, Context, Quoted
from wagate.domain.errors import GatewayError
from wagate.domain.ids import MessageId, SessionId
from wagate.domain.jid import Jid
from wagate.domain.session import DevicePlatform, HistoryPolicy
from wagate.ports.files import MediaSource, NoMedia
from wagate.ports.news import LineNews
from wagate.ports.vault import Vault


@dataclass(frozen=True, slots=True)
class EngineFeatures:
    """An engine's data sheet. What it does not claim is not promised to anybody.

    ``contents`` are the kinds that it can send, acts included (``Said.type``); ``max_text_bytes`` counts UTF-8, what a
    caption and a footer hold is counted in characters (for other limits see `wagate.domain.limits`);
    ``edit_window_s`` is for how long after it was sent a message can be edited; ``sends_to_groups`` says that the
    recipient of a message may be a group, ``rekeys_groups`` that who has left a group could not read what is sent there
    from then on, even if they got hold of it. ``posts_status``: the recipient may be STATUS_LIST. ``tells_abouts``:
    what others write of themselves is told when they change it; ``removes_pictures``: a picture can be taken away.
    """

    chooses_message_id: bool
    acks_after_persist: bool
    answers_retries_from_store: bool
    queries_history: bool
    pairs_with_passkey: bool
    contents: frozenset[str]
    max_text_bytes: int
    edit_window_s: int = 900
    max_poll_options: int = 12
    max_caption_chars: int = limits.CAPTION
    max_footer_chars: int = limits.FOOTER
    sends_to_groups: bool = False
    rekeys_groups: bool = False
    posts_status: bool = False
    tells_abouts: bool = False
    removes_pictures: bool = False


@dataclass(frozen=True, slots=True)
class EngineCosts:
    """What running an engine takes: each a phrase for humans, empty where nobody has said it."""

    memory: str = ""
    processes: str = ""
    installation: str = ""


@dataclass(frozen=True, slots=True)
class EngineWords:
    """What the data sheet cannot say in yes and no.

    ``summary`` is a phrase; ``unproven`` says in sentences what nobody has shown, ``limits``, by the matter, how far
    its abilities do not go. ``module`` is the Python module that must be installed before this engine
    works, None when it needs no other.
    """

    summary: str = ""
    costs: EngineCosts = EngineCosts()
    unproven: str = ""
    limits: Mapping[str, str] = field(default_factory=dict)
    module: str | None = None


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message to send, or an act: what is done to a message travels like one. A file is in the line's ``media``.

    ``wa_id`` was chosen when the message was accepted and is the same for every attempt; it is None for an engine
    that does not choose ids (``EngineFeatures.chooses_message_id``), where ``message`` is what stays the same.
    ``audience``: whom a status post is for (``to`` is then STATUS_LIST), for its revocation as well.
    ``is_first``: no ``SendStarted`` of it was ever committed, nor is one under way, so nobody needs to look it up.
    """

    message: MessageId
    wa_id: str | None
    to: Jid
    content: Said
    quoted: Quoted | None = None
    context: Context = PLAIN_CONTEXT
    audience: tuple[Jid, ...] = ()
    is_first: bool = False

    @property
    def chosen_id(self) -> str:
        """``wa_id``, for an engine that chooses ids."""
        assert self.wa_id is not None, "an engine that chooses ids is given one"
        return self.wa_id


class NotSent(GatewayError):
    """The message certainly did not go out; the engine is not to blame and it may be tried again later"""

    code = "not_sent"


class SendImpossible(GatewayError):
    """The message certainly did not go out and never will as it is"""

    code = "send_impossible"


class NotOnWhatsApp(SendImpossible):
    """The recipient has no WhatsApp account"""

    code = "recipient_not_on_whatsapp"


class NoRecipientDevice(SendImpossible):
    """The recipient's devices could not be reached: none of them has published keys"""

    code = "recipient_unreachable"


@dataclass(frozen=True, slots=True)
class LineOptions:
    """How a line behaves; an engine does what it can of it (`RejectsCalls`, `ShowsPresence`, `MarksRead`).

    ``rejects_calls``: every call is turned down at once. ``always_online``: we are shown online while the line is up.
    ``tells_reading``: who wrote to us hears that it was read, if the account's privacy setting allows it, too.
    ``device_name`` and ``device_platform``: how the phone lists this device, None for the engine's own words.
    ``history``: how much of the past the phone is asked for.
    """

    rejects_calls: bool = False
    always_online: bool = False
    tells_reading: bool = True
    device_name: str | None = None
    device_platform: DevicePlatform | None = None
    history: HistoryPolicy = HistoryPolicy.RECENT


@dataclass(frozen=True, slots=True)
class Line:
    """What a session's owner hands to an engine.

    ``report`` never blocks and may be called from the engine's own event loop only. ``login_gate`` is awaited before
    every dial: it spaces the logins of the whole process. ``media`` has the files that messages show.
    """

    session: SessionId
    vault: Vault
    proxy: str | None
    report: Callable[[LineNews], None]
    login_gate: Callable[[], Awaitable[None]]
    options: LineOptions = LineOptions()
    media: MediaSource = field(default_factory=NoMedia)


class Connection(Protocol):
    """The live line of one session in one process. It reconnects by itself until a final state or ``close``."""

    async def send(self, outgoing: Outgoing) -> None:
        """Take responsibility for a message.

        Returns once ``SendStarted`` is durable; ``SendAccepted``, ``SendRefused`` or ``SendUncertain`` follow as news.
        Calling it again with the same ``message`` never sends a second one, unless SendRefused said of the first that
        it did not go out. Calls for one chat must not overlap: their
        order is the order on the wire. A file is uploaded before that; what was uploaded is kept, so that another call
        need not do it again. Raises NotSent, SendImpossible, VaultFailed, MediaGone, or UnsupportedByEngine for a kind
        of content that is not on the data sheet.
        """
        ...

    async def close(self) -> None:
        """Hang up and let go of everything; no news follow."""
        ...


class Engine(Protocol):
    """One kind of engine, for the life of the process."""

    @property
    def name(self) -> str:
        """The word that a session's ``engine`` field uses."""
        ...

    @property
    def features(self) -> EngineFeatures:
        """What this engine promises."""
        ...

    @property
    def connection(self) -> type[Connection]:
        """The class of its connections: the abilities among its bases are what they can do besides sending."""
        ...

    @property
    def words(self) -> EngineWords:
        """What to say of this engine besides its data sheet."""
        return EngineWords()

    @property
    def client_version(self) -> str | None:
        """The version of WhatsApp Web that it claims to be, None for an engine that claims none."""
        return None

    async def connect(self, line: Line) -> Connection:
        """Begin to work on a line and return at once; how it goes is reported through ``line``.

        Raises RecordUnreadable when the stored credentials are damaged: never start afresh over them.
        """
        ...

    async def forget(self, session: SessionId) -> None:
        """Delete whatever this kind keeps for a session outside the vault. Nobody is connected to it any more."""
        ...

    async def close(self) -> None:
        """Let go of what the kind holds for all its connections."""
        ...
