"""What ends a line, what a worker says about one, and what either means in the product's words."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from wagate.adapters.engines.neonize.link.messages import LineEvent
from wagate.domain.session import Reason, SessionState
from wagate.ports.news import StateChanged


@dataclass(frozen=True, slots=True)
class Ending:
    """Why a worker's line is over.

    A final ending stops the connection; ``forgets_keys`` says that the device is gone for certain. Otherwise a worker
    is started again, after a pause.
    """

    state: SessionState
    reason: Reason
    is_final: bool = False
    forgets_keys: bool = False

    def detailed(self, detail: str) -> Ending:
        """The same with other words to its reason."""
        return replace(self, reason=Reason(self.reason.code, detail)) if detail else self


def lost(code: str, detail: str = "") -> Ending:
    """An ending after which to start again."""
    return Ending(SessionState.DISCONNECTED, Reason(code, detail))


def _final(state: SessionState, code: str, *, forgets_keys: bool = False) -> Ending:
    return Ending(state, Reason(code), is_final=True, forgets_keys=forgets_keys)


DEVICE_REMOVED: Final = _final(SessionState.LOGGED_OUT, "device_removed", forgets_keys=True)
LOGGED_OUT_BY_USER: Final = _final(SessionState.LOGGED_OUT, "logged_out_by_user", forgets_keys=True)
LOGIN_REFUSED: Final = _final(SessionState.LOGGED_OUT, "login_refused", forgets_keys=True)
LOGIN_FAILED: Final = _final(SessionState.FAILED, "login_failed")
BANNED: Final = _final(SessionState.BANNED, "banned")
REPLACED: Final = _final(SessionState.REPLACED, "replaced")
CLIENT_OUTDATED: Final = _final(SessionState.OUTDATED, "client_outdated")
QR_EXPIRED: Final = _final(SessionState.STOPPED, "qr_expired")
OWNERSHIP_LOST: Final = _final(SessionState.STOPPED, "ownership_lost")
CREDENTIALS_CORRUPT: Final = _final(SessionState.FAILED, "credentials_corrupt")
KEYS_ELSEWHERE: Final = _final(SessionState.FAILED, "keys_elsewhere")
ENGINE_FAILED: Final = _final(SessionState.FAILED, "engine_failed")
ENGINE_MISSING: Final = _final(SessionState.FAILED, "engine_not_installed")

CONNECTION_LOST: Final = lost("connection_lost")
RENEWED: Final = Ending(SessionState.STARTING, Reason("codes_renewed", "a new series of QR codes begins"))

_ENDINGS: Final[Mapping[str, Ending]] = {
    "removed": DEVICE_REMOVED,
    "replaced": REPLACED,
    "banned": BANNED,
    "outdated": CLIENT_OUTDATED,
    "failure": LOGIN_FAILED,
    "device_unreadable": CREDENTIALS_CORRUPT,
    "device_missing": KEYS_ELSEWHERE,
    "unavailable": ENGINE_MISSING,
    "pairing_failed": lost("pairing_failed"),
    "superseded": OWNERSHIP_LOST,
    "spool_full": lost("storage_unavailable"),
    "not_kept": lost("storage_unavailable"),
}
"""What a worker says once its line is over (`worker.events`, `worker.process`)."""

_REFUSALS: Final[Mapping[int, Ending]] = {2: DEVICE_REMOVED, 4: LOGIN_REFUSED, 5: LOGIN_REFUSED}
"""neonize's ``ConnectFailureReason`` in a ``LoggedOut`` at login: 401, 403 and 406 of the server."""

_FAILURES: Final[Mapping[int, Ending]] = {3: BANNED, 6: CLIENT_OUTDATED, 8: lost("server_unavailable")} | {
    10: lost("server_unavailable")
}
"""The same in a ``ConnectFailure``. What does not pass by itself is final: to knock again would look like abuse."""


_DIALS: Final = (
    (r"proxyconnect|socks connect|Proxy Authentication", "proxy_failed"),
    (r"x509|tls:|certificate", "tls_failed"),
    (r"noise handshake|handshake failed", "handshake_failed"),
)
"""What Go says of a dial that fails, by a word in it; anything else is a lost connection."""


def ending_of(told: LineEvent) -> Ending | None:
    """The ending that a worker tells of, or None when the line goes on."""
    if told.what == "refused":
        return _REFUSALS.get(told.code, LOGIN_REFUSED).detailed(told.detail)
    if told.what == "failure" and told.code in _FAILURES:
        return _FAILURES[told.code].detailed(told.detail)
    if told.what == "ended":
        code = next((code for pattern, code in _DIALS if re.search(pattern, told.detail)), "connection_lost")
        return lost(code, told.detail)
    ending = _ENDINGS.get(told.what)
    return None if ending is None else ending.detailed(told.detail)


def is_same(one: StateChanged, other: StateChanged) -> bool:
    """Whether two states differ in the wording of their reasons at most."""
    codes = [news.reason.code if news.reason is not None else None for news in (one, other)]
    return one.state is other.state and codes[0] == codes[1]
