"""Under which conditions a message is to be sent, as requests say it."""

from __future__ import annotations

from datetime import datetime

from pydantic import AwareDatetime, Field

from wagate.api.v1.schemas.parts import Asked
from wagate.domain.conditions import PLAIN_CONDITIONS, Conditions, OnUnknown, Priority

_CONDITIONS = frozenset({"priority", "send_at", "expires_at", "on_unknown", "typing"})


class Conditioned(Asked):
    """How urgent something is, from and until when it goes, and what if nobody learns whether it did."""

    priority: Priority = Field(
        default=Priority.NORMAL,
        description="`urgent` overtakes all others, `bulk` lets them pass and has its own pace.",
    )
    send_at: AwareDatetime | None = Field(
        default=None,
        description="ISO 8601: not before this moment, at most a year ahead. Until then it is `scheduled`.",
    )
    expires_at: AwareDatetime | None = Field(
        default=None, description="ISO 8601: what WhatsApp has not been handed by then fails with `expired`."
    )
    on_unknown: OnUnknown = Field(
        default=OnUnknown.HOLD,
        description="What to do when nobody learns within ten minutes whether it went out: `hold` leaves it `unknown`, "
        "`resend` may send it twice, `fail` may call failed what arrived.",
    )
    typing: bool | None = Field(
        default=None, description="Be seen typing before a text goes out. Null: as the session's `pacing` says."
    )

    def conditions(self) -> Conditions:
        """Under which conditions it goes out."""
        if self.model_fields_set.isdisjoint(_CONDITIONS):
            return PLAIN_CONDITIONS
        return Conditions(
            self.priority,
            None if self.send_at is None else ms(self.send_at),
            None if self.expires_at is None else ms(self.expires_at),
            self.on_unknown,
            self.typing,
        )


def ms(moment: datetime) -> int:
    """A moment in milliseconds since 1970."""
    return round(moment.timestamp() * 1000)
