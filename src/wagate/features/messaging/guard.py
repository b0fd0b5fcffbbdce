"""Looks after an account: what WhatsApp and people do to its messages says whether it sends too much. Pure.

Every signal slows the account down and lowers its health; time without one lets it recover, step by step. Signals
and what they cost are data.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

_MINUTE: Final = 60_000
_HOUR: Final = 60 * _MINUTE


@dataclass(frozen=True, slots=True)
class Signal:
    """What one kind of signal does. ``factor``: the part of its pace that the account keeps. Times are in ms.

    ``pause_ms``: nothing leaves for so long, ``cold_ms``: nothing to people who are new; twice as long for each further
    signal of the kind within a day. ``cost`` is what it takes from the health score, fading over a day.
    """

    factor: float
    cost: float
    pause_ms: int = 0
    cold_ms: int = 0


SIGNALS: Final = {
    "rate_limited": Signal(factor=0.5, cost=0.3, pause_ms=_MINUTE),
    "account_restricted": Signal(factor=0.5, cost=0.5, cold_ms=_HOUR),
    "banned": Signal(factor=0.25, cost=1.0, pause_ms=_HOUR, cold_ms=24 * _HOUR),
    "many_failures": Signal(factor=0.5, cost=0.3, pause_ms=5 * _MINUTE),
}
"""By code: those of refusals, and what this module finds out by itself."""

DAY_MS: Final = 24 * _HOUR
CALM_MS: Final = 30 * _MINUTE
"""After so long without a signal the account sends twice as fast, until it is as fast as it was set."""

_SLOWEST: Final = 0.125
_LONGEST_MS: Final = DAY_MS
_WINDOW: Final = 20
_MANY: Final = 0.5
"""When of the last ``_WINDOW`` outcomes so large a part are failures, that is a signal."""

_REMEMBERED: Final = 50


@dataclass(frozen=True, slots=True)
class Health:
    """How an account fares: a score between 0 and 1, and why it is not 1."""

    score: float
    factor: float
    paused_until: int | None
    cold_until: int | None
    reasons: tuple[str, ...]


class Guard:
    """What is remembered of one account. Moments are ms since 1970."""

    __slots__ = ("_calm_since", "_outcomes", "_signals", "cold_until", "factor", "is_limited", "paused_until")

    def __init__(self) -> None:
        """Nothing has happened yet."""
        self.factor = 1.0
        self.is_limited = False
        """Whether the account does not send as it was set."""

        self.paused_until = 0
        self.cold_until = 0
        self._calm_since = 0
        self._signals: deque[tuple[int, str]] = deque(maxlen=_REMEMBERED)
        self._outcomes: deque[bool] = deque(maxlen=_WINDOW)

    def signal(self, code: str, now_ms: int) -> bool:
        """Something bad happened; whether the account is limited from here on that was not before."""
        rule = SIGNALS.get(code)
        if rule is None:
            return False
        was_limited = self.is_limited
        again = sum(1 for at, known in self._signals if known == code and at > now_ms - DAY_MS)
        longer = 2**again
        self._signals.append((now_ms, code))
        self._calm_since = now_ms
        self.factor = max(self.factor * rule.factor, _SLOWEST)
        self.is_limited = True
        if rule.pause_ms:
            self.paused_until = max(self.paused_until, now_ms + min(rule.pause_ms * longer, _LONGEST_MS))
        if rule.cold_ms:
            self.cold_until = max(self.cold_until, now_ms + min(rule.cold_ms * longer, _LONGEST_MS))
        return not was_limited

    def outcome(self, *, is_good: bool, now_ms: int) -> bool:
        """A message was taken or refused; whether that is one refusal too many."""
        self._outcomes.append(is_good)
        bad = self._outcomes.count(False)
        if is_good or len(self._outcomes) < _WINDOW or bad < _MANY * _WINDOW:
            return False
        self._outcomes.clear()
        return self.signal("many_failures", now_ms)

    def recover(self, now_ms: int) -> bool:
        """Let time heal; whether the account has just become what it was."""
        if not self.is_limited:
            return False
        while self.factor < 1.0 and now_ms - self._calm_since >= CALM_MS:
            self._calm_since += CALM_MS
            self.factor = min(self.factor * 2, 1.0)
        self.is_limited = self.factor < 1.0 or max(self.paused_until, self.cold_until) > now_ms
        return not self.is_limited

    def health(self, now_ms: int) -> Health:
        """How the account fares."""
        score, reasons = 1.0, []
        for at, code in self._signals:
            left = 1 - (now_ms - at) / DAY_MS
            if left > 0:
                score -= SIGNALS[code].cost * left
                if code not in reasons:
                    reasons.append(code)
        return Health(
            round(max(score, 0.0), 2),
            self.factor,
            self.paused_until if self.paused_until > now_ms else None,
            self.cold_until if self.cold_until > now_ms else None,
            tuple(reasons),
        )

    def kept(self) -> dict[str, Any]:
        """What to remember beyond this process."""
        return {
            "factor": self.factor,
            "limited": self.is_limited,
            "paused_until": self.paused_until,
            "cold_until": self.cold_until,
            "calm_since": self._calm_since,
            "signals": list(self._signals),
        }

    def restore(self, kept: Mapping[str, Any]) -> None:
        """The inverse of ``kept``."""
        self.factor, self.is_limited = float(kept["factor"]), bool(kept["limited"])
        self.paused_until, self.cold_until = int(kept["paused_until"]), int(kept["cold_until"])
        self._calm_since = int(kept["calm_since"])
        self._signals.extend((int(at), str(code)) for at, code in kept["signals"] if code in SIGNALS)
