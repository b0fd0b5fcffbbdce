"""Events as the API shows them: the journal's fact, together with what is known of its session."""

from __future__ import annotations

from collections import OrderedDict
from time import monotonic

from wagate.domain.errors import SessionNotFound
from wagate.domain.events import Event
from wagate.domain.ids import SessionId
from wagate.domain.moments import iso
from wagate.features.access import Principal
from wagate.features.sessions.service import Sessions

_BELIEVED_S = 2.0
_REMEMBERED = 4_096

SessionShape = dict[str, object]


class EventShapes:
    """Writes events; remembers sessions for two seconds, so that a busy stream does not ask for each event."""

    def __init__(self, sessions: Sessions) -> None:
        """``sessions`` knows the names."""
        self._sessions = sessions
        self._seen: OrderedDict[SessionId, tuple[float, SessionShape]] = OrderedDict()

    async def shape(self, principal: Principal, event: Event) -> dict[str, object]:
        """One event as JSON. Raises StorageUnavailable."""
        return {
            "id": event.id,
            "seq": event.seq,
            "type": event.type.value,
            "tenant": event.tenant,
            "session": None if event.session is None else await self._session(principal, event.session),
            "occurred_at": iso(event.occurred_at),
            "data": event.data,
        }

    async def _session(self, principal: Principal, session: SessionId) -> SessionShape:
        now = monotonic()
        seen = self._seen.get(session)
        if seen is not None and seen[0] > now:
            return seen[1]
        try:
            found = await self._sessions.get(principal, session)
        except SessionNotFound:
            shape: SessionShape = {"id": session, "name": None, "engine": None, "metadata": {}}
        else:
            shape = {"id": found.id, "name": found.name, "engine": found.engine, "metadata": found.metadata}
        self._seen[session] = (now + _BELIEVED_S, shape)
        self._seen.move_to_end(session)
        if len(self._seen) > _REMEMBERED:
            self._seen.popitem(last=False)
        return shape
