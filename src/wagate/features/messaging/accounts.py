"""What each account that sends from this process may do: its pace, its day, its guard. All of it is kept, so that
another process, or a restart, goes on with it and does not burst.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from random import Random

from wagate.domain.events import EventType
from wagate.domain.ids import SessionId
from wagate.domain.moments import iso
from wagate.domain.pacing import Pacing
from wagate.features.journal import Journal
from wagate.features.messaging.guard import Guard, Health
from wagate.features.messaging.pace import Pace
from wagate.features.messaging.quotas import Quotas
from wagate.features.messaging.repository import queues
from wagate.features.messaging.repository.people import InSession
from wagate.features.messaging.repository.queues import QueueState
from wagate.ports.clock import Clock
from wagate.store.scoped import SessionScope
from wagate.store.script import Script


@dataclass(frozen=True, slots=True)
class Account:
    """One session's account, as the process has it that claimed the session with ``scope``."""

    scope: SessionScope
    rules: Pacing
    pace: Pace
    quotas: Quotas
    guard: Guard

    @property
    def is_unruled(self) -> bool:
        """Whether nothing is to be remembered of what it sends."""
        rules = self.rules
        return self.pace.is_free and rules.per_day is None and rules.cold_per_day is None and not rules.warm_up


class Accounts:
    """The accounts of the sessions that send from here."""

    def __init__(self, rules: Mapping[SessionId, Pacing], usual: Pacing, journal: Journal, clock: Clock) -> None:
        """``rules``: of the sessions that were started here, where they are not the ``usual`` ones."""
        self._rules = rules
        self.usual = usual
        self._journal = journal
        self._clock = clock
        self._random = Random()  # noqa: S311 - no secret
        self._accounts: dict[SessionId, Account] = {}

    def open(self, scope: SessionScope, stands: QueueState) -> Account:
        """The account of a session that begins to send here; ``stands`` is what was written down of it."""
        rules = self._rules.get(scope.session, self.usual)
        account = self._accounts.get(scope.session)
        if account is not None and account.scope == scope and account.rules == rules:
            return account
        pace, quotas, guard = Pace(rules, self._random), Quotas(stands.linked_at), Guard()
        if stands.pace is not None:
            pace.restore(stands.pace, self._clock.monotonic(), self._clock.now_ms() / 1000)
            quotas.restore(stands.pace["quotas"])
        if stands.guard is not None:
            guard.restore(stands.guard)
            pace.slow_down(guard.factor)
        account = self._accounts[scope.session] = Account(scope, rules, pace, quotas, guard)
        return account

    def find(self, session: SessionId) -> Account | None:
        """A session's account, if it sends from here."""
        return self._accounts.get(session)

    def forget(self, session: SessionId) -> None:
        """The session is gone."""
        self._accounts.pop(session, None)

    # ---- parts of write scripts

    def keep(self, scope: InSession) -> Script[None]:
        """A message goes: what was sent counts from here on, whatever becomes of this process."""
        account = self._accounts.get(scope.session)
        if account is not None and not account.is_unruled:
            kept = account.pace.kept(self._clock.monotonic(), self._clock.now_ms() / 1000)
            yield from queues.keep_pace(scope, {**kept, "quotas": account.quotas.kept()})

    def took(self, scope: InSession) -> Script[None]:
        """WhatsApp took a message of the account."""
        account = self._accounts.get(scope.session)
        if account is not None:
            account.guard.outcome(is_good=True, now_ms=self._clock.now_ms())
        yield from ()

    def refused(self, scope: InSession, code: str) -> Script[None]:
        """WhatsApp refused a message, or the account, with a code."""
        account = self._accounts.get(scope.session)
        if account is None:
            return
        now = self._clock.now_ms()
        before = account.guard.kept()
        began = account.guard.signal(code, now) | account.guard.outcome(is_good=False, now_ms=now)
        if account.guard.kept() != before:
            yield from self._limit(account, EventType.ACCOUNT_LIMITED if began else None)

    def recover(self) -> Script[None]:
        """Time has passed: some accounts may send as before."""
        for account in list(self._accounts.values()):
            before = account.guard.factor, account.guard.is_limited
            recovered = account.guard.recover(self._clock.now_ms())
            if (account.guard.factor, account.guard.is_limited) != before:
                yield from self._limit(account, EventType.ACCOUNT_RECOVERED if recovered else None)

    @property
    def are_limited(self) -> bool:
        """Whether any account does not send as it was set."""
        return any(account.guard.is_limited for account in self._accounts.values())

    def _limit(self, account: Account, event: EventType | None) -> Script[None]:
        """Go on at the guard's pace, and write down why."""
        account.pace.slow_down(account.guard.factor)
        yield from queues.keep_guard(account.scope, account.guard.kept())
        if event is not None:
            shape = health_shape(account.guard.health(self._clock.now_ms()))
            yield from self._journal.append(account.scope, account.scope.session, event, shape)


def health_shape(health: Health) -> dict[str, object]:
    """How an account fares, as the API and the events ``account.*`` show it."""
    return {
        "score": health.score,
        "reasons": list(health.reasons),
        "pace": health.factor,
        "paused_until": None if health.paused_until is None else iso(health.paused_until),
        "no_new_people_until": None if health.cold_until is None else iso(health.cold_until),
    }
