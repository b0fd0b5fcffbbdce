"""Which refusals are worth another try, and when (reliability rule R6, as data).

Only what certainly did not go out is here: what may have gone out is ``unknown`` and follows the message's own terms.
What is not in the table is refused for good: trying again would not help, or nobody knows that it would.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Final

_SECOND: Final = 1_000
_MINUTE: Final = 60 * _SECOND
_HOUR: Final = 60 * _MINUTE


@dataclass(frozen=True, slots=True)
class Patience:
    """How often a message is tried at most, and how long it waits: first ``first_ms``, then twice as long each time."""

    tries: int
    first_ms: int
    longest_ms: int


TABLE: Final = {
    "rate_limited": Patience(tries=8, first_ms=_MINUTE, longest_ms=30 * _MINUTE),
    "account_restricted": Patience(tries=40, first_ms=15 * _MINUTE, longest_ms=6 * _HOUR),
    "service_unavailable": Patience(tries=6, first_ms=5 * _SECOND, longest_ms=5 * _MINUTE),
}
"""By the code of the refusal."""

_JITTER: Final = 0.2


class Retries:
    """Says how long a refused message waits."""

    def __init__(self, random: Random | None = None) -> None:
        """Chance spreads what was refused at once."""
        self._random = random or Random()  # noqa: S311 - no secret

    def wait_ms(self, code: str, attempts: int) -> int | None:
        """How long to wait after so many attempts, each of which was refused; None: it has failed for good."""
        patience = TABLE.get(code)
        if patience is None or attempts >= patience.tries:
            return None
        wait = min(patience.first_ms << max(attempts - 1, 0), patience.longest_ms)
        return round(wait * self._random.uniform(1 - _JITTER, 1 + _JITTER))
