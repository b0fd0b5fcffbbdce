"""Hands one message to its engine, unless something stands against that: it has expired, or may not go yet."""

from __future__ import annotations

from dataclasses import replace
from enum import Enum, auto

import structlog

from wagate.domain.content import as_sent
from wagate.domain.errors import GatewayError, StorageUnavailable
from wagate.domain.ids import wa_id
from wagate.domain.jid import STATUS_LIST
from wagate.domain.message import MessageFailure
from wagate.features.messaging.held import EXPIRED, Held
from wagate.features.messaging.lane import Lane
from wagate.features.messaging.outbox import Outbox
from wagate.features.messaging.permits import Permits
from wagate.features.messaging.repository import statuses
from wagate.features.messaging.repository.outbox import Waiting
from wagate.ports.clock import Clock
from wagate.ports.engine import NotSent, Outgoing
from wagate.ports.vault import VaultFailed
from wagate.store.database import Database

_MISTAKES = 5
"""How often an engine may fail in an unforeseen way over the same message before the message is given up."""

_log = structlog.get_logger(__name__)


class Fate(Enum):
    """What became of a message that was to be handed over."""

    LEFT = auto()
    """The engine answers for it."""

    STAYED = auto()
    """It failed for good, or waits for another moment: the next one may go."""

    STUCK = auto()
    """Nothing can leave this line for now."""


class Handover:
    """The way from a lane to an engine."""

    def __init__(self, database: Database, way_out: Outbox, held: Held, permits: Permits, clock: Clock) -> None:
        """Give messages up through ``way_out``, put them off through ``held`` when ``permits`` says so."""
        self._database = database
        self._way_out = way_out
        self._held = held
        self._permits = permits
        self._clock = clock

    async def hand(self, lane: Lane, waiting: Waiting) -> Fate:
        """Hand a message over, give it up, or put it off."""
        try:
            return await self._hand(lane, waiting)
        except (NotSent, VaultFailed, StorageUnavailable):
            return Fate.STUCK
        except GatewayError as error:
            failure = MessageFailure(error.code, error.detail)
        except Exception as error:  # an engine's mistake must not stop the messages of all other sessions
            _log.error("engine_send_failed", session=waiting.session, message=waiting.message, error=repr(error))
            if not lane.is_hopeless(waiting.message, _MISTAKES):
                return Fate.STUCK
            failure = MessageFailure("engine_failed", f"The engine failed {_MISTAKES} times: {error!r}", retryable=True)
        return await self._give_up(lane, waiting, failure)

    async def _hand(self, lane: Lane, waiting: Waiting) -> Fate:
        expires_at = waiting.conditions.expires_at
        if expires_at is not None and expires_at <= self._clock.now_ms():
            return await self._give_up(lane, waiting, MessageFailure(EXPIRED, "The message was not to be sent so late"))
        verdict = await self._permits.ask(lane, waiting)
        if verdict is not None:
            script = self._held.put_off(lane.line.scope, waiting.message, verdict.until_ms, verdict.reason)
            await self._database.write(script)
            return Fate.STAYED
        await self._permits.prepare(lane, waiting)
        await lane.line.connection.send(await self._outgoing(lane, waiting))
        return Fate.LEFT

    async def _outgoing(self, lane: Lane, waiting: Waiting) -> Outgoing:
        # A message accepted for another engine than the one that sends it may have an id too few, or one too many.
        known_as = (waiting.wa_id or wa_id()) if lane.line.chooses_ids else None
        outgoing = Outgoing(
            waiting.message,
            known_as,
            waiting.to,
            as_sent(waiting.content),
            waiting.quoted,
            waiting.context,
            # What was read here was read after all that this session's vault had under way was settled: a lane begins
            # anew whenever a send of it did not end well, and its line comes up only behind what the last one left.
            is_first=waiting.attempts == 0,
        )
        if waiting.to != STATUS_LIST:
            return outgoing
        seen_by = await self._database.read(statuses.audience_of(lane.line.scope, waiting.message))
        return replace(outgoing, audience=seen_by)

    async def _give_up(self, lane: Lane, waiting: Waiting, failure: MessageFailure) -> Fate:
        try:
            await self._database.write(self._way_out.give_up(lane.line.scope, waiting, failure))
        except StorageUnavailable:
            return Fate.STUCK
        return Fate.STAYED
