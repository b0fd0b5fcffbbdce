"""How much media may weigh, and how long it is kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from wagate.domain.media import MB, RULES, MediaKind

DAY_MS = 24 * 3600 * 1000


def _rules() -> Mapping[MediaKind, int]:
    return {kind: rule.max_bytes for kind, rule in RULES.items()}


@dataclass(frozen=True, slots=True)
class MediaPolicy:
    """Of a whole gateway; whatever is per tenant is the same for each.

    ``limits`` are bytes by kind. ``quota_bytes`` is what one tenant may keep, and an upload beyond it is refused;
    beyond ``keep_bytes`` the oldest go instead, and everything after ``keep_ms``. 0 means no limit, each time. Files
    that arrive are fetched at once up to ``eager_bytes``, larger ones when somebody asks for them,
    where a session has no limit of its own.
    """

    limits: Mapping[MediaKind, int] = field(default_factory=_rules)
    quota_bytes: int = 0
    keep_bytes: int = 0
    keep_ms: int = 0
    eager_bytes: int = 16 * MB

    @property
    def largest(self) -> int:
        """The most bytes of any kind."""
        return max(self.limits.values())

    def source_limit(self, kind: MediaKind, *, is_resized: bool) -> int:
        """How large a file may be from which one of ``kind`` is made."""
        if kind is MediaKind.STICKER:
            return self.limits[MediaKind.IMAGE]
        if kind is MediaKind.VOICE or is_resized:
            return max(self.limits[MediaKind.VIDEO], self.limits[kind])
        return self.limits[kind]
