"""How a session's state changes: the row and the events together, under the epoch of whoever holds the session."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from wagate.domain.errors import DeviceInUse
from wagate.domain.events import EventType
from wagate.domain.moments import iso
from wagate.domain.passkey import PasskeyStep
from wagate.domain.session import LIVE, Me, Reason, Session, SessionState, action_for
from wagate.features.journal import Journal
from wagate.features.sessions import repository
from wagate.features.sessions.repository import Stored
from wagate.features.sessions.sealed_settings import SettingsBox
from wagate.features.sessions.shape import me_shape
from wagate.ports.clock import Clock
from wagate.ports.news import GapSuspected, OwnNameChanged, Paired
from wagate.ports.vault import OwnershipLost
from wagate.store.scoped import SessionScope
from wagate.store.script import Script

_SHORTHANDS = {
    SessionState.CONNECTED: EventType.SESSION_CONNECTED,
    SessionState.DISCONNECTED: EventType.SESSION_DISCONNECTED,
    SessionState.LOGGED_OUT: EventType.SESSION_LOGGED_OUT,
    SessionState.BANNED: EventType.SESSION_BANNED,
    SessionState.OUTDATED: EventType.SESSION_OUTDATED,
}
_NO_VERSIONS: Mapping[str, str | None] = MappingProxyType({})


class States:
    """Changes of state. Every method is a write script, or part of one."""

    def __init__(
        self, journal: Journal, clock: Clock, box: SettingsBox, versions: Mapping[str, str | None] = _NO_VERSIONS
    ) -> None:
        """Every change is told in ``journal``. ``versions`` are what the engines claim to be, by name."""
        self._versions = versions
        self._journal = journal
        self._clock = clock
        self._box = box

    def change(self, scope: SessionScope, state: SessionState, reason: Reason | None = None) -> Script[Session]:
        """Give a session a state, unless it has it already. Raises OwnershipLost when the epoch is over."""
        stored = yield from repository.owned_session(scope, self._box)
        if stored is None:
            raise OwnershipLost(f"{scope.session} is held by another process, or was deleted")
        return (yield from self.change_stored(stored, state, reason))

    def change_stored(self, stored: Stored, state: SessionState, reason: Reason | None) -> Script[Session]:
        """``change``, for a row that this very transaction has read."""
        session = stored.session
        if session.state is state and session.reason == reason:
            return session
        moved = replace(session, state=state, state_since=self._clock.now_ms(), reason=reason)
        yield from repository.move_session(moved)
        yield from self._tell(session, moved)
        if state is SessionState.LOGGED_OUT:
            # The account is named in the event; from here on the session belongs to nobody until it is paired again.
            yield from repository.set_me(moved, moved.id, None)
            yield from repository.set_device(moved, moved.id, None)
            moved = replace(moved, me=None)
        return moved

    def paired(self, scope: SessionScope, news: Paired) -> Script[None]:
        """A phone linked the session: part of the transaction that keeps its keys."""
        yield from repository.set_me(scope, scope.session, news.me)

    def renamed(self, scope: SessionScope, news: OwnNameChanged) -> Script[None]:
        """The account behind a session has another name."""
        yield from repository.rename_me(scope, scope.session, news.name)

    def shown_qr(self, scope: SessionScope, expires_at: int, remaining: int) -> Script[None]:
        """There is a new code to scan. The code itself is a secret, and is not told."""
        data = {"expires_at": iso(expires_at), "remaining": remaining}
        yield from self._journal.append(scope, scope.session, EventType.SESSION_QR, data)

    def issued_pairing_code(self, scope: SessionScope, expires_at: int) -> Script[None]:
        """A code to type was asked for. The code itself is a secret, and is not told."""
        yield from self._journal.append(
            scope, scope.session, EventType.SESSION_PAIRING_CODE, {"expires_at": iso(expires_at)}
        )

    def shown_passkey(self, scope: SessionScope, step: PasskeyStep) -> Script[None]:
        """A human has to have a passkey answer, or to compare a code. Neither is a secret."""
        expires_at = iso(step.expires_at)
        if step.code is None:
            kind, data = EventType.PAIRING_PASSKEY_REQUIRED, {"options": dict(step.options), "expires_at": expires_at}
        else:
            kind, data = EventType.PAIRING_PASSKEY_CODE, {"code": step.code, "expires_at": expires_at}
        yield from self._journal.append(scope, scope.session, kind, data)

    def suspected_gap(self, scope: SessionScope, news: GapSuspected) -> Script[None]:
        """Messages may be missing: told once, for nobody else will notice."""
        data = {"since": iso(news.since), "until": iso(news.until), "code": news.code, "detail": news.detail}
        yield from self._journal.append(scope, scope.session, EventType.SESSION_GAP_SUSPECTED, data)

    def moved(self, scope: SessionScope, origin: str, target: str) -> Script[None]:
        """Another engine goes on with the session."""
        yield from self._journal.append(
            scope, scope.session, EventType.SESSION_MOVED, {"previous": origin, "engine": target}
        )

    def claim_device(self, scope: SessionScope, device: str) -> Script[None]:
        """The session is this linked device, and no other session is. Raises DeviceInUse."""
        holder = yield from repository.holder_of(device, scope.session)
        if holder is not None:
            where = f"The session {holder[0]}" if holder[1] == scope.tenant else "A session of another tenant"
            raise DeviceInUse(f"{where} is this linked device already; delete that one first")
        yield from repository.set_device(scope, scope.session, device)

    def _tell(self, before: Session, after: Session) -> Script[None]:
        news = {
            "state": after.state.value,
            "previous": before.state.value,
            "reason": None if after.reason is None else {"code": after.reason.code, "detail": after.reason.detail},
            "action": action_for(after.reason),
            "me": _me(after.me),
        }
        yield from self._journal.append(after, after.id, EventType.SESSION_STATE, news, after.state_since)
        shorthand = _SHORTHANDS.get(after.state)
        is_still_live = before.state in LIVE and after.state in LIVE
        if shorthand is not None and before.state is not after.state and not is_still_live:
            if after.state is SessionState.OUTDATED:
                news |= {"engine": after.engine, "client_version": self._versions.get(after.engine)}
            yield from self._journal.append(after, after.id, shorthand, news, after.state_since)


def _me(me: Me | None) -> dict[str, str | None] | None:
    return None if me is None else me_shape(me)
