"""Writes down what engines report, in the order in which they report it, without making them wait."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import structlog

from wagate.domain.ids import SessionId
from wagate.domain.passkey import PasskeyStep
from wagate.features.sessions import repository
from wagate.features.sessions.lines import QrCode, Running
from wagate.features.sessions.states import States
from wagate.ports.clock import Clock
from wagate.ports.vault import OwnershipLost
from wagate.store.database import Database
from wagate.store.scoped import SessionScope
from wagate.store.script import Script

_SEEN_EVERY_S = 15.0

_log = structlog.get_logger(__name__)


class StateWriter:
    """Queues a transaction for each report. A state that could not be written is written again later, at its newest."""

    def __init__(self, database: Database, states: States, clock: Clock, on_lost: Callable[[Running], None]) -> None:
        """``on_lost`` is told when a write shows that another process holds the session now."""
        self._database = database
        self._states = states
        self._clock = clock
        self._on_lost = on_lost
        self._unsaved: set[Running] = set()
        self._seen: dict[SessionId, tuple[SessionScope, int]] = {}
        self._seen_written = clock.monotonic()

    def save(self, running: Running) -> None:
        """Write the state that a line has now."""
        script = self._states.change(running.scope, running.state, running.reason)

        def settled(_: Any, error: BaseException | None) -> None:
            if isinstance(error, OwnershipLost):
                self._on_lost(running)
            elif error is not None:
                _log.warning("state_not_written", session=running.scope.session, error=str(error))
                self._unsaved.add(running)

        self._database.enqueue(script, settled, vital=True)

    def shown_qr(self, running: Running, code: QrCode) -> None:
        """Tell that there is a new code. If that fails it is not tried again: the code is shown anyway."""
        self._forgettable(self._states.shown_qr(running.scope, code.expires_at, code.remaining))

    def shown_passkey(self, running: Running, step: PasskeyStep) -> None:
        """Tell that a passkey is asked for, or that there is a code to compare. Not tried again, as with a QR code."""
        self._forgettable(self._states.shown_passkey(running.scope, step))

    def seen(self, running: Running) -> None:
        """The service knows this line; written with the next ``tick`` that is due."""
        self._seen[running.scope.session] = (running.scope, self._clock.now_ms())

    def tick(self) -> None:
        """Do what is due: write again what could not be written, and when sessions were seen."""
        unsaved, self._unsaved = self._unsaved, set()
        for running in unsaved:
            self.save(running)
        if self._seen and self._clock.monotonic() - self._seen_written >= _SEEN_EVERY_S:
            self.flush()

    def flush(self) -> None:
        """Write when sessions were seen."""
        self._seen_written = self._clock.monotonic()
        seen, self._seen = self._seen, {}
        if seen:
            self._forgettable(repository.note_seen(list(seen.values())))

    def _forgettable(self, script: Script[None]) -> None:
        def settled(_: Any, error: BaseException | None) -> None:
            if error is not None:
                _log.warning("report_not_written", error=str(error))

        self._database.enqueue(script, settled, vital=True)
