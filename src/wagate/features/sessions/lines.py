"""Lines: a session that this process holds, and how the rooms above see it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Protocol

from wagate.domain.errors import UnsupportedByEngine
from wagate.domain.ids import SessionId
from wagate.domain.passkey import PasskeyStep
from wagate.domain.session import Reason, SessionState
from wagate.ports.abilities import PairsDevices
from wagate.ports.engine import Connection, Engine
from wagate.ports.vault import Vault
from wagate.store.scoped import SessionScope


@dataclass(frozen=True, slots=True)
class QrCode:
    """What the phone scans. ``expires_at`` is in ms since 1970; ``remaining`` more codes follow by themselves."""

    text: str
    expires_at: int
    remaining: int


@dataclass(slots=True, eq=False)
class Running:
    """A session whose line this process holds. ``ended``: nothing that its engine still says is believed.

    ``spent`` is the engine that the session has left: what that one keeps is deleted once this line has come up.
    ``changed`` is set whenever ``state`` or ``ended`` changes. ``has_let_go``: the engine hung up when it was told to,
    and works no more with what it keeps of the session. ``passkey`` is what a pairing waits for a human to do with one.
    """

    scope: SessionScope
    engine: Engine
    vault: Vault
    state: SessionState
    reason: Reason | None = None
    connection: Connection | None = None
    qr: QrCode | None = None
    passkey: PasskeyStep | None = None
    ended: bool = False
    has_let_go: bool = False
    spent: str | None = None
    changed: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass(frozen=True, slots=True)
class LiveLine:
    """A line over which messages can leave. ``chooses_ids`` is what its engine's data sheet says."""

    scope: SessionScope
    connection: Connection
    chooses_ids: bool = True


class LineWatcher(Protocol):
    """Somebody who cares which lines are live. All methods only take note."""

    def line_up(self, line: LiveLine) -> None:
        """A line can send from now on (also said again when its connection changed)."""
        ...

    def line_down(self, session: SessionId) -> None:
        """A line cannot send any more."""
        ...

    def line_ended(self, scope: SessionScope, state: SessionState) -> None:
        """A line has come to a final state by itself, after it went down."""
        ...


def pairing_of(running: Running) -> PairsDevices:
    """The line's connection, as what links a phone. Raises UnsupportedByEngine."""
    if not isinstance(running.connection, PairsDevices):
        raise UnsupportedByEngine(f"The engine {running.engine.name!r} does not pair with a phone")
    return running.connection
