"""Whether a message may go right now, by everything but the pace: the guard, the hour where its reader lives, the day's
limits, and whether the reader is on WhatsApp at all. Nothing is refused for good but that: it is put off.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

from wagate.domain.acts import Act
from wagate.domain.conditions import Priority
from wagate.domain.content import Text
from wagate.domain.errors import GatewayError
from wagate.domain.ids import ChatId, SessionId
from wagate.domain.jid import Jid
from wagate.features.messaging.accounts import Account, Accounts
from wagate.features.messaging.lane import Lane
from wagate.features.messaging.quiet import quiet_until, zones_of
from wagate.features.messaging.quotas import next_day
from wagate.features.messaging.repository import queues
from wagate.features.messaging.repository.outbox import Waiting
from wagate.ports.abilities import Activity, LooksUpPeople, ShowsTyping
from wagate.ports.clock import Clock
from wagate.ports.engine import NotOnWhatsApp
from wagate.store.database import Database

_CHECK_LIFE_MS: Final = 24 * 3_600_000
_CHECKS: Final = 10_000
_TYPING_CHARS_A_S: Final = 12.0
_LEAST_TYPING_S: Final = 0.8
_MOST_TYPING_S: Final = 8.0
_SHOWN_AGAIN_S: Final = 4.0
"""Phones forget that somebody is typing after some seconds."""


@dataclass(frozen=True, slots=True)
class NotYet:
    """A message may not go before a moment (ms), for a reason: a stable code."""

    until_ms: int
    reason: str


class Permits:
    """Permits of all sessions."""

    def __init__(self, database: Database, accounts: Accounts, clock: Clock) -> None:
        """What accounts may do is in ``accounts``."""
        self._database = database
        self._accounts = accounts
        self._clock = clock
        self._checked: OrderedDict[tuple[SessionId, Jid], int] = OrderedDict()
        self._familiar: OrderedDict[ChatId, None] = OrderedDict()

    async def ask(self, lane: Lane, waiting: Waiting) -> NotYet | None:
        """Whether a message has to wait, and for how long. Raises NotOnWhatsApp, NotSent, StorageUnavailable."""
        account = self._accounts.find(waiting.session)
        if account is None:
            return None
        now = self._clock.now_ms()
        if account.guard.paused_until > now:
            return NotYet(account.guard.paused_until, "account_limited")
        quiet = self._quiet_until(account, waiting, now)
        if quiet is not None:
            return NotYet(quiet, "quiet_hours")
        is_cold = self._matters(account, now) and (await self._is_cold(lane, waiting))
        if is_cold and account.guard.cold_until > now:
            return NotYet(account.guard.cold_until, "account_limited")
        why = account.quotas.may_send(account.rules, now, is_cold=is_cold)
        if why is not None:
            return NotYet(next_day(now), why)
        if is_cold and account.rules.checks_numbers:
            await self._check(lane, waiting)
        account.quotas.count(now, is_cold=is_cold)
        return None

    async def prepare(self, lane: Lane, waiting: Waiting) -> None:
        """Be seen typing, if that is wanted, for about as long as somebody would who writes the text."""
        account = self._accounts.find(waiting.session)
        usual = account is not None and account.rules.types_first
        wanted = usual if waiting.conditions.types_first is None else waiting.conditions.types_first
        connection = lane.line.connection
        if not wanted or not isinstance(waiting.content, Text) or not isinstance(connection, ShowsTyping):
            return
        seconds = min(max(len(waiting.content.body) / _TYPING_CHARS_A_S, _LEAST_TYPING_S), _MOST_TYPING_S)
        try:
            while seconds > 0:
                await connection.show_typing(waiting.to, Activity.COMPOSING)
                await self._clock.sleep(min(seconds, _SHOWN_AGAIN_S))
                seconds -= _SHOWN_AGAIN_S
        except GatewayError:
            return  # what could not be shown must not keep the message

    def _quiet_until(self, account: Account, waiting: Waiting, now_ms: int) -> int | None:
        quiet = account.rules.quiet_hours
        if quiet is None or waiting.priority is Priority.URGENT or not waiting.to.is_person:
            return None
        return quiet_until(now_ms, quiet, zones_of(f"+{waiting.to.user}") if not waiting.to.is_lid else ())

    def _matters(self, account: Account, now_ms: int) -> bool:
        """Whether it makes a difference that somebody is new."""
        rules = account.rules
        return rules.cold_per_day is not None or rules.checks_numbers or account.guard.cold_until > now_ms

    async def _is_cold(self, lane: Lane, waiting: Waiting) -> bool:
        """Whether a message is the first between us and a person."""
        if not waiting.to.is_person or isinstance(waiting.content, Act):
            return False
        if waiting.chat in self._familiar:
            return False
        is_new = await self._database.read(queues.is_new(lane.line.scope, waiting.chat, waiting.message))
        if not is_new:
            self._familiar[waiting.chat] = None
            if len(self._familiar) > _CHECKS:
                self._familiar.popitem(last=False)
        return is_new

    async def _check(self, lane: Lane, waiting: Waiting) -> None:
        """Raise NotOnWhatsApp when a number has no account; who has one is remembered for a day."""
        connection, key, now = lane.line.connection, (waiting.session, waiting.to), self._clock.now_ms()
        if waiting.to.is_lid or self._checked.get(key, 0) + _CHECK_LIFE_MS > now:
            return
        if not isinstance(connection, LooksUpPeople):
            return
        (found,) = await connection.check_numbers((waiting.to.user,))
        if found.jid is None:
            raise NotOnWhatsApp(f"+{waiting.to.user} has no WhatsApp account")
        self._checked[key] = now
        self._checked.move_to_end(key)
        if len(self._checked) > _CHECKS:
            self._checked.popitem(last=False)
