"""What the network can be told to do wrong, and the dice that decide when: the same seed, the same moments."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from random import Random

from whatsapp_wire.pairing.payload import ClientVersion


@dataclass(slots=True)
class Faults:
    """The knobs, all off. A queued stanza is a message, receipt, notification or call: what devices acknowledge."""

    latency_s: float = 0.0
    """Every stanza of a client is handled this long after it arrived, order kept; many may be under way at once.

    The doors see to it: in a world without them, whoever drives it decides when a stanza arrives.
    """

    no_ack: bool = False
    """Messages are relayed and their `ack` is withheld, as if the connection had died in between."""

    lose_messages: bool = False
    """Messages are neither relayed nor acknowledged."""

    ack_error: str | None = None
    """Messages are not relayed; their `ack` carries this error code (463 is what a restricted account gets)."""

    oldest_version: str | None = None
    """Whoever announces an older version of WhatsApp Web (``2.3000.1045649367``) is refused as outdated: 405."""

    no_prekeys: bool = False
    """Whoever asks for a key bundle is told 404."""

    deaf: bool = False
    """Connections stay open, and nothing that arrives is handled, nothing that is due is sent."""

    drop_rate: float = 0.0
    """The share of queued stanzas that is withheld on this connection; they come with the next login."""

    duplicate_rate: float = 0.0
    """The share of queued stanzas that is delivered twice in a row."""

    reorder: float = 0.0
    """The share of queued stanzas that the next stanza on the connection, in either direction, overtakes."""

    media_hosts_down: int = 0
    """So many media hosts, from the first on, answer 503."""

    media_ttl_s: float = 3600.0
    """How long clients may use the media hosts they were told, and the word for uploads."""

    media_life_s: float = 30 * 86_400.0
    """How long files that are uploaded from now on stay on the hosts; then they are gone (410)."""

    media_max: int = 2 << 30
    """Larger uploads, in bytes, are refused with 413."""

    media_rate: float = 0.0
    """Bytes a second of every download; 0 for as fast as it goes."""

    media_cut_rate: float = 0.0
    """The share of downloads whose connection ends in the middle."""

    app_state_snapshots: bool = True
    """Whoever begins with a collection gets all of it in one file; without, every patch of it.

    Baileys asks the internet for such a file, at the one host that it knows.
    """

    app_state_inline: int | None = None
    """Patches of the app state with more mutations than this are served with these in a file of their own."""

    app_state_spoil: int = 0
    """So many of the next patches and snapshots of the app state are served with a bit that is wrong."""

    history_chunk: int = 500
    """So many messages of a phone's past are told in one file, at least one."""

    seed: int = 0
    """Where the dice start; setting it, even to the same number, starts them anew."""

    _dice: Random = field(default_factory=lambda: Random(0), repr=False)  # noqa: S311 - faults are not secrets

    def update(self, changes: Mapping[str, object]) -> None:
        """Turn some knobs. Raises ValueError, and turns none, when a name is unknown or a value makes no sense."""
        checked = {name: _check(name, value) for name, value in changes.items()}
        for name, value in checked.items():
            setattr(self, name, value)
        if "seed" in checked:
            self._dice = Random(self.seed)  # noqa: S311 - faults are not secrets

    def strike(self, rate: float) -> bool:
        """Throw the dice: true in that share of cases. A rate of 0 throws none, so knobs do not disturb one another."""
        return rate > 0 and self._dice.random() < rate

    def as_dict(self) -> dict[str, object]:
        """The knobs by name, as `update` takes them."""
        return {name: value for name, value in asdict(self).items() if name != "_dice"}


def _flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError("must be true or false")
    return value


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
        raise ValueError("must be a number that is not negative")
    return float(value)


def _rate(value: object) -> float:
    rate = _number(value)
    if rate > 1:
        raise ValueError("must be a share between 0 and 1")
    return rate


def _code(value: object) -> str | None:
    if value is not None and not (isinstance(value, str | int) and str(value).isdigit()):
        raise ValueError("must be null or an error code")
    return None if value is None else str(value)


def _version(value: object) -> str | None:
    if value is None:
        return None
    try:
        return ClientVersion.parse(str(value)).text
    except ValueError:
        raise ValueError("must be null or a version such as 2.3000.1") from None


def _count(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise ValueError("must be a whole number that is not negative")
    return value


def _maybe_count(value: object) -> int | None:
    return None if value is None else _count(value)


def _seed(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError("must be a whole number")
    return value


_CHECKS: dict[str, Callable[[object], object]] = {
    "latency_s": _number,
    "no_ack": _flag,
    "lose_messages": _flag,
    "ack_error": _code,
    "oldest_version": _version,
    "no_prekeys": _flag,
    "deaf": _flag,
    "drop_rate": _rate,
    "duplicate_rate": _rate,
    "reorder": _rate,
    "media_hosts_down": _count,
    "media_ttl_s": _number,
    "media_life_s": _number,
    "media_max": _count,
    "media_rate": _number,
    "media_cut_rate": _rate,
    "app_state_snapshots": _flag,
    "app_state_inline": _maybe_count,
    "app_state_spoil": _count,
    "history_chunk": _count,
    "seed": _seed,
}


def _check(name: str, value: object) -> object:
    check = _CHECKS.get(name)
    if check is None:
        raise ValueError(f"there is no fault {name}")
    try:
        return check(value)
    except ValueError as error:
        raise ValueError(f"{name} {error}") from None
