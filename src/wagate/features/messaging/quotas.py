"""How many messages an account has sent in a day (UTC), and how many it may. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from wagate.domain.pacing import Pacing

DAY_MS: Final = 86_400_000
WARM_UP: Final = (20, 40, 80, 160, 320, 640)
"""Messages that a number may send on each of its first days; after them only what is set for every day."""


@dataclass(slots=True)
class Quotas:
    """What was sent today. ``linked_at``: since when the number is linked here (ms)."""

    linked_at: int
    day: int = 0
    sent: int = 0
    cold: int = 0

    def may_send(self, rules: Pacing, now_ms: int, *, is_cold: bool) -> str | None:
        """Why no more may be sent today: a code; None if some may."""
        self._turn_over(now_ms)
        most = self.most(rules, now_ms)
        if most is not None and self.sent >= most:
            warming = rules.warm_up and self._age(now_ms) < len(WARM_UP)
            return "warm_up" if warming and most == WARM_UP[self._age(now_ms)] else "daily_cap"
        if is_cold and rules.cold_per_day is not None and self.cold >= rules.cold_per_day:
            return "cold_cap"
        return None

    def most(self, rules: Pacing, now_ms: int) -> int | None:
        """How many messages may be sent in this day; None: any number."""
        age = self._age(now_ms)
        if not rules.warm_up or age >= len(WARM_UP):
            return rules.per_day
        return WARM_UP[age] if rules.per_day is None else min(WARM_UP[age], rules.per_day)

    def count(self, now_ms: int, *, is_cold: bool) -> None:
        """A message goes out."""
        self._turn_over(now_ms)
        self.sent += 1
        self.cold += is_cold

    def kept(self) -> dict[str, Any]:
        """What to remember beyond this process."""
        return {"day": self.day, "sent": self.sent, "cold": self.cold}

    def restore(self, kept: Mapping[str, Any]) -> None:
        """The inverse of ``kept``."""
        self.day, self.sent, self.cold = int(kept["day"]), int(kept["sent"]), int(kept["cold"])

    def _age(self, now_ms: int) -> int:
        return max(now_ms // DAY_MS - self.linked_at // DAY_MS, 0)

    def _turn_over(self, now_ms: int) -> None:
        # A clock that is set back a day does not give the day anew.
        if now_ms // DAY_MS > self.day:
            self.day, self.sent, self.cold = now_ms // DAY_MS, 0, 0


def next_day(now_ms: int) -> int:
    """When the day is over, in ms."""
    return (now_ms // DAY_MS + 1) * DAY_MS
