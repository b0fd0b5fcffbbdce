"""The state of one linked device between two stanzas. The other modules of this package are its behaviour."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from enum import Enum, auto
from typing import Final

from wagate.adapters.engines.native.machine.credentials import Credentials
from wagate.adapters.engines.native.machine.doubts import Doubts
from wagate.adapters.engines.native.machine.errors import Ending
from wagate.adapters.engines.native.machine.flows import Flows
from wagate.adapters.engines.native.machine.outlook import Outlook
from wagate.adapters.engines.native.machine.records import CREDENTIALS, Step, Unacked
from wagate.adapters.engines.native.machine.shell import Shell
from wagate.domain import jid as domain
from wagate.domain.contacts import Whereabouts
from wagate.domain.session import DevicePlatform, Reason, SessionState
from wagate.ports.engine import LineOptions
from wagate.ports.news import StateChanged
from wagate.ports.vault import Unit
from whatsapp_wire.crypto.keys import KeyPair
from whatsapp_wire.encoding import encode
from whatsapp_wire.jid import Jid
from whatsapp_wire.node import Node
from whatsapp_wire.pairing.passkey import Companion
from whatsapp_wire.pairing.payload import ClientVersion, CompanionName
from whatsapp_wire.stanza.media import MediaConnection
from whatsapp_wire.stanza.source import Own


@dataclass(frozen=True, slots=True)
class Habits:
    """How a device behaves; one value for all lines of an engine. Times are in seconds."""

    version: ClientVersion = field(default_factory=lambda: ClientVersion(2, 3000, 1045649367))
    name: CompanionName = field(default_factory=lambda: CompanionName("wagate"))
    browser: tuple[str, str] = ("1", "Chrome (Linux)")
    qr_series: int = 3
    first_qr_s: float = 60.0
    next_qr_s: float = 20.0
    ping_s: tuple[float, float] = (20.0, 30.0)
    pong_timeout_s: float = 10.0
    ack_timeout_s: float = 60.0
    passkey_step_s: float = 300.0
    handoff_life_s: float = 300.0
    longest_pause_s: float = 60.0
    first_prekeys: int = 812
    more_prekeys: int = 50
    low_prekeys: int = 5
    signed_prekey_life_s: float = 7 * 86_400.0
    old_signed_prekey_life_s: float = 37 * 86_400.0
    device_list_life_s: float = 86_400.0
    members_life_s: float = 86_400.0
    sent_life_s: float = 8 * 86_400.0
    secret_life_s: float = 183 * 86_400.0
    history_answer_s: float = 60.0
    shared_key_s: float = 10.0


_DOUBTED_DEVICES: Final = 256

_PLATFORMS: Final = {
    DevicePlatform.CHROME: 1,
    DevicePlatform.FIREFOX: 2,
    DevicePlatform.SAFARI: 5,
    DevicePlatform.EDGE: 6,
    DevicePlatform.DESKTOP: 7,
}
"""The numbers of WhatsApp's `DeviceProps.PlatformType`."""


class Phase(Enum):
    """How far a connection is."""

    CLOSED = auto()
    OPEN = auto()
    READY = auto()


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody's two addresses, bare. ``pn`` is None when only one is known; that one is then in ``lid``'s place."""

    lid: Jid
    pn: Jid | None


@dataclass(slots=True)
class InFlight:
    """A durable stanza, the address of its record, and when it was last written to a connection (seconds; 0: never).

    ``was_chased`` says that a connection was given up once already because the ack did not come, ``is_unasked`` that
    nobody waits to hear what became of it.
    """

    address: str
    unacked: Unacked
    written_at: float = 0.0
    was_chased: bool = False
    is_unasked: bool = False


@dataclass(frozen=True, slots=True)
class KnownHosts:
    """The media hosts that the server told last, and until when that holds (seconds since 1970)."""

    connection: MediaConnection
    until: float


@dataclass(slots=True)
class LinkCode:
    """A pairing code that waits to be typed: who for, our ephemeral key, the code, the server's reference."""

    phone: Jid
    ephemeral: KeyPair
    code: str
    ref: bytes
    expires_at: float


@dataclass(slots=True)
class PasskeyPairing:
    """A pairing that needs a passkey, from the request on. Times are seconds since 1970.

    ``deadline`` is that of the present step. ``handoff_key`` proves once, until ``handoff_until``, that we are the ones
    whose code was used. ``companion`` is our side since an assertion was sent, ``spares_code`` whether a proof went
    with it, ``request_key`` what the phone's answer made of it; ``is_sending`` while an answer is awaited.
    """

    deadline: float
    handoff_key: bytes | None
    handoff_until: float
    companion: Companion | None = None
    spares_code: bool = False
    request_key: bytes | None = None
    is_sending: bool = False


@dataclass(frozen=True, slots=True)
class Ringing:
    """A call that somebody began (``creator`` is bare), and whether it is over."""

    creator: Jid
    is_over: bool


class Device:
    """What the behaviour shares.

    ``unacked`` holds durable stanzas only, in the order of their commits. ``epoch`` counts connections: an answer to a
    stanza belongs on the connection that brought it. ``lane`` are received stanzas that wait for their turn.
    ``tells_reading`` is our privacy setting about read receipts, ``media_hosts`` where files go, once it was asked for.
    ``calls`` are the newest calls by id, ``watched`` the people (by LID) whose presence was asked for.
    ``pushing`` counts the patches of app state on their way to the server, by collection.
    """

    __slots__ = (
        "_doubts",
        "_last_unacked",
        "_me",
        "calls",
        "credentials",
        "ending",
        "epoch",
        "flows",
        "habits",
        "heard",
        "lane",
        "lane_is_busy",
        "link_code",
        "media_hosts",
        "next_upkeep",
        "options",
        "outlook",
        "passkey",
        "phase",
        "pushing",
        "qr_series",
        "seen_alive_at",
        "seen_presences",
        "shell",
        "shows_online",
        "tells_reading",
        "unacked",
        "watched",
    )

    def __init__(
        self,
        shell: Shell,
        habits: Habits,
        credentials: Credentials,
        outlook: Outlook,
        options: LineOptions | None = None,
    ) -> None:
        self.shell = shell
        self.habits = habits
        self.credentials = credentials
        self.outlook = outlook
        self.flows = Flows(shell)
        self.phase = Phase.CLOSED
        self.epoch = 0
        self.ending: Ending | None = None
        self.unacked: dict[str, InFlight] = {}
        self.lane: deque[Node] | None = None
        self.lane_is_busy = False
        self._doubts: dict[Jid, Doubts] | None = None
        self.link_code: LinkCode | None = None
        self.passkey: PasskeyPairing | None = None
        self.media_hosts: KnownHosts | None = None
        self.pushing: Counter[str] = Counter()
        self.qr_series = 0
        self.tells_reading: bool | None = None
        self._last_unacked = 0
        self._me: Person | None = None
        self.next_upkeep = 0.0
        self.seen_alive_at = 0.0
        self.heard = 0
        self.options = options or LineOptions()
        self.calls: dict[str, Ringing] = {}
        self.watched: dict[Jid, None] = {}
        self.shows_online = self.options.always_online
        self.seen_presences: dict[
            tuple[domain.Jid, domain.Jid | None], tuple[tuple[Whereabouts, int | None], float]
        ] = {}

    @property
    def own(self) -> Own:
        """Our addresses; only for a device that is linked."""
        assert self.credentials.own is not None
        return self.credentials.own

    @property
    def me(self) -> Person:
        """Ourselves; only for a device that is linked."""
        if self._me is None:
            self._me = Person(self.own.lid.bare, self.own.pn.bare)
        return self._me

    @property
    def companion_name(self) -> CompanionName:
        """How the phone lists us."""
        options, name = self.options, self.habits.name
        return replace(
            name,
            os=options.device_name or name.os,
            platform=name.platform if options.device_platform is None else _PLATFORMS[options.device_platform],
        )

    @property
    def now(self) -> int:
        """Whole seconds since 1970."""
        return int(self.shell.now())

    def write(self, stanza: Node) -> None:
        """Send a stanza, if there is a connection; whoever needs an answer asks instead."""
        if self.phase is not Phase.CLOSED:
            self.shell.write(encode(stanza))

    def doubts(self, device: Jid) -> Doubts:
        """The doubts about the session with a device. Those about many devices are forgotten together."""
        if self._doubts is None or len(self._doubts) > _DOUBTED_DEVICES:
            self._doubts = {}
        return self._doubts.setdefault(device, Doubts())

    def restore(self, unacked: Iterable[tuple[str, bytes]]) -> None:
        """Take up the stanzas that an earlier process left unacknowledged, by address."""
        for address, value in unacked:
            stanza = Unacked.unpack(value)
            self.unacked[stanza.wa_id] = InFlight(address, stanza)
            self._last_unacked = int(address)

    def next_unacked_address(self) -> str:
        """An address that sorts behind all earlier ones."""
        self._last_unacked += 1
        return f"{self._last_unacked:016}"

    def step(self) -> Step:
        """Begin a unit."""
        return Step(self.shell)

    def submit(self, unit: Unit, then: Callable[[], None] | None = None) -> None:
        """Make a unit durable and go on at once; ``then`` is called when it is, and not at all if it fails."""

        def committed(error: Exception | None, _: object) -> None:
            if error is None and then is not None:
                then()

        self.shell.submit(unit, committed)

    def store_credentials(self, unit: Unit, credentials: Credentials) -> None:
        """Use other credentials from now on, and make them part of the unit."""
        self.credentials = credentials
        unit.put(*CREDENTIALS, credentials.pack())

    def end(self, ending: Ending) -> None:
        """End the connection for this reason; the first reason of a connection counts."""
        if self.ending is None:
            self.ending = ending
        self.shell.hang_up()

    def become(self, state: SessionState, reason: Reason | None = None) -> None:
        """Report a state."""
        self.shell.report(StateChanged(state, reason))
