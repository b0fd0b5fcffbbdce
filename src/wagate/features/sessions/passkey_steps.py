"""How far a pairing is that needs a passkey, as the engine's reports tell it."""

from __future__ import annotations

from dataclasses import replace

from wagate.domain.passkey import PasskeyStep
from wagate.domain.session import Reason, SessionState
from wagate.ports.news import PasskeyCodeShown, PasskeyRequired

_WAITING = frozenset({"passkey_required", "passkey_accepted", "passkey_code"})


def step_of(before: PasskeyStep | None, news: PasskeyRequired | PasskeyCodeShown, expires_at: int) -> PasskeyStep:
    """The step that a report begins; ``expires_at`` in ms since 1970."""
    if isinstance(news, PasskeyRequired):
        return PasskeyStep(news.options, expires_at)
    return PasskeyStep({} if before is None else before.options, expires_at, news.code)


def step_after(before: PasskeyStep | None, state: SessionState, reason: Reason | None) -> PasskeyStep | None:
    """What a change of state leaves of a step: nothing, once the pairing goes on without the human or has ended."""
    if before is None or state is not SessionState.PAIRING or reason is None or reason.code not in _WAITING:
        return None
    return before if reason.code == "passkey_code" else replace(before, code=None)
