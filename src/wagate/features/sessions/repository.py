"""The rows of sessions."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import orjson

from wagate.domain.ids import SessionId, TenantId
from wagate.domain.page import Order
from wagate.domain.session import Me, Reason, Session, SessionState
from wagate.features.sessions.sealed_settings import SettingsBox
from wagate.store.scoped import Scoped, SessionScope, scoped
from wagate.store.script import Row, Script, sql


@dataclass(frozen=True, slots=True)
class Stored:
    """A session with what the outside does not see: whether it should run, and whose it is right now."""

    session: Session
    wanted: bool
    epoch: int


class Phase(StrEnum):
    """How far a move is. While ``copying`` the target's copy counts for nothing, when ``settling`` the origin's is."""

    COPYING = "copying"
    SETTLING = "settling"


@dataclass(frozen=True, slots=True)
class Move:
    """A move of a session from one engine to another that is not over. ``origin`` is empty for an import."""

    session: SessionId
    tenant: TenantId
    origin: str
    target: str
    phase: Phase


_COLUMNS = (
    "id, tenant_id, name, engine, wanted, state, state_since, reason_code, reason_detail, me_phone, me_lid, me_name,"
    " me_platform, settings, metadata, epoch, created_at, last_seen_at"
)
_ADD = scoped(
    "INSERT INTO session (id, tenant_id, name, engine, wanted, state, state_since, reason_code, settings, metadata,",
    "epoch, created_at) VALUES (:id, :tenant, :name, :engine, 0, :state, :now, :reason, :settings, :metadata, 0, :now)",
    "ON CONFLICT (tenant_id, name) DO NOTHING RETURNING id",
)
_OF_TENANT = "FROM session WHERE tenant_id = :tenant"
_BY_ID = scoped("SELECT", _COLUMNS, _OF_TENANT, "AND id = :ref")
_BY_NAME = scoped("SELECT", _COLUMNS, _OF_TENANT, "AND name = :ref")
_STATE = "AND (:state = '' OR state = :state)"
_PAGES = {
    Order.ASC: scoped("SELECT", _COLUMNS, _OF_TENANT, _STATE, "AND id > :after ORDER BY id LIMIT :limit"),
    Order.DESC: scoped("SELECT", _COLUMNS, _OF_TENANT, _STATE, "AND id < :after ORDER BY id DESC LIMIT :limit"),
}
_NAME_TAKEN = scoped("SELECT id", _OF_TENANT, "AND name = :name AND id <> :id")
_UPDATE = scoped(
    "UPDATE session SET name = :name, settings = :settings, metadata = :metadata WHERE tenant_id = :tenant AND id = :id"
)
_WANT = scoped("UPDATE session SET wanted = :wanted WHERE tenant_id = :tenant AND id = :id")
_OWNED = scoped("SELECT", _COLUMNS, _OF_TENANT, "AND id = :id AND epoch = :epoch")
_MOVE = scoped(
    "UPDATE session SET state = :state, state_since = :now, reason_code = :code, reason_detail = :detail",
    "WHERE tenant_id = :tenant AND id = :id",
)
_SET_ME = scoped(
    "UPDATE session SET me_phone = :phone, me_lid = :lid, me_name = :name, me_platform = :platform",
    "WHERE tenant_id = :tenant AND id = :id",
)
_RENAME_ME = scoped("UPDATE session SET me_name = :name WHERE tenant_id = :tenant AND id = :id")
# One statement for the sessions of many tenants, each under its own epoch.
_SEEN = sql(
    "UPDATE session SET last_seen_at = :at WHERE tenant_id = :tenant AND id = :id AND epoch = :epoch",
)
_DELETE = scoped("DELETE FROM session WHERE tenant_id = :tenant AND id = :id")
_SET_ENGINE = scoped("UPDATE session SET engine = :engine WHERE tenant_id = :tenant AND id = :id")
_SET_DEVICE = scoped("UPDATE session SET device = :device WHERE tenant_id = :tenant AND id = :id")
# A device must not work in two sessions, whoever they belong to.
_HOLDER = sql("SELECT id, tenant_id FROM session WHERE device = :device AND id <> :id")
_PUT_MOVE = scoped(
    "INSERT INTO session_move (session_id, tenant_id, origin, target, phase, begun_at)",
    "VALUES (:id, :tenant, :origin, :target, :phase, :now) ON CONFLICT (session_id) DO UPDATE SET",
    "origin = excluded.origin, target = excluded.target, phase = excluded.phase, begun_at = excluded.begun_at",
)
_FIND_MOVE = scoped("SELECT * FROM session_move WHERE tenant_id = :tenant AND session_id = :id")
_END_MOVE = scoped("DELETE FROM session_move WHERE tenant_id = :tenant AND session_id = :id")
# At boot this process looks after the sessions of all tenants.
_IMPORTS = sql("SELECT * FROM session_move WHERE origin = '' ORDER BY session_id LIMIT 1000")
_DELETE_COUNTER = scoped(
    "DELETE FROM session_counter WHERE session_id = :id",
    "AND NOT EXISTS (SELECT 1 FROM session WHERE id = :id AND tenant_id <> :tenant)",
)
_DELETE_RECORDS = scoped(
    "DELETE FROM vault_record WHERE (session_id, kind, address) IN (SELECT r.session_id, r.kind, r.address",
    "FROM vault_record r JOIN session s ON s.id = r.session_id",
    "WHERE s.tenant_id = :tenant AND r.session_id = :id AND s.epoch = :epoch LIMIT :limit) RETURNING kind",
)
# Whether an engine is outdated is a question about all tenants.
_OUTDATED = sql(
    "SELECT engine, COUNT(*) AS sessions, MAX(state_since) AS since, MAX(reason_detail) AS detail",
    "FROM session WHERE state = 'outdated' GROUP BY engine ORDER BY engine",
)
# At boot this process looks after the sessions of all tenants.
_EVERY = sql("SELECT", _COLUMNS, "FROM session WHERE id > :after ORDER BY id LIMIT :limit")


def add_session(session: Session, box: SettingsBox) -> Script[bool]:
    """Keep a new session; False when its name is taken."""
    assert session.reason is not None
    rows = yield _ADD(
        session,
        id=session.id,
        name=session.name,
        engine=session.engine,
        state=session.state.value,
        reason=session.reason.code,
        settings=box.write(session.id, session.settings),
        metadata=orjson.dumps(session.metadata).decode(),
        now=session.created_at,
    )
    return bool(rows)


def find_session(scope: Scoped, ref: str, box: SettingsBox) -> Script[Stored | None]:
    """A session of a tenant by id or by name."""
    statement = _BY_ID if ref.startswith("ses_") else _BY_NAME
    rows = yield statement(scope, ref=ref)
    return _stored(rows[0], box) if rows else None


def list_sessions(
    scope: Scoped, state: SessionState | None, order: Order, after: str, limit: int, box: SettingsBox
) -> Script[list[Session]]:
    """Sessions of a tenant beyond the id ``after``."""
    rows = yield _PAGES[order](scope, state="" if state is None else state.value, after=after, limit=limit)
    return [_stored(row, box).session for row in rows]


def is_name_taken(scope: Scoped, session: SessionId, name: str) -> Script[bool]:
    """Whether another session of the tenant has this name."""
    rows = yield _NAME_TAKEN(scope, id=session, name=name)
    return bool(rows)


def update_session(session: Session, box: SettingsBox) -> Script[None]:
    """Write what people edit."""
    yield _UPDATE(
        session,
        id=session.id,
        name=session.name,
        settings=box.write(session.id, session.settings),
        metadata=orjson.dumps(session.metadata).decode(),
    )


def want_session(scope: Scoped, session: SessionId, wanted: bool) -> Script[None]:
    """Remember whether the session should run, also after a restart."""
    yield _WANT(scope, id=session, wanted=int(wanted))


def owned_session(scope: SessionScope, box: SettingsBox) -> Script[Stored | None]:
    """The session, if this process still owns it."""
    rows = yield _OWNED(scope, id=scope.session, epoch=scope.epoch)
    return _stored(rows[0], box) if rows else None


def move_session(session: Session) -> Script[None]:
    """Write a session's state."""
    reason = session.reason
    yield _MOVE(
        session,
        id=session.id,
        state=session.state.value,
        now=session.state_since,
        code=None if reason is None else reason.code,
        detail=None if reason is None else reason.detail,
    )


def set_me(scope: Scoped, session: SessionId, me: Me | None) -> Script[None]:
    """Write which account is behind a session."""
    me = me or Me(None, None, None, None)
    yield _SET_ME(scope, id=session, phone=me.phone, lid=me.lid, name=me.name, platform=me.platform)


def rename_me(scope: Scoped, session: SessionId, name: str) -> Script[None]:
    """Write what the account behind a session is called now."""
    yield _RENAME_ME(scope, id=session, name=name)


def note_seen(seen: list[tuple[SessionScope, int]]) -> Script[None]:
    """Write when sessions were last seen alive (ms), where they are still ours."""
    yield _SEEN.many(
        {"id": scope.session, "tenant": scope.tenant, "epoch": scope.epoch, "at": at} for scope, at in seen
    )


def outdated_engines() -> Script[list[Row]]:
    """By engine: how many sessions were called outdated, the newest moment, and what was said."""
    return (yield _OUTDATED())


def set_engine(scope: Scoped, session: SessionId, engine: str) -> Script[None]:
    """Write which engine a session uses."""
    yield _SET_ENGINE(scope, id=session, engine=engine)


def set_device(scope: Scoped, session: SessionId, device: str | None) -> Script[None]:
    """Write which linked device a session is. The database refuses one that another session is."""
    yield _SET_DEVICE(scope, id=session, device=device)


def holder_of(device: str, session: SessionId) -> Script[tuple[SessionId, TenantId] | None]:
    """Another session, of any tenant, that is this device."""
    rows = yield _HOLDER(device=device, id=session)
    return (SessionId(rows[0]["id"]), TenantId(rows[0]["tenant_id"])) if rows else None


def put_move(move: Move, now_ms: int) -> Script[None]:
    """Keep that a session moves, in place of a move before."""
    yield _PUT_MOVE(move, id=move.session, origin=move.origin, target=move.target, phase=move.phase.value, now=now_ms)


def find_move(scope: Scoped, session: SessionId) -> Script[Move | None]:
    """The move of a session that is not over."""
    rows = yield _FIND_MOVE(scope, id=session)
    return _move(rows[0]) if rows else None


def end_move(scope: Scoped, session: SessionId) -> Script[None]:
    """A session's move is over."""
    yield _END_MOVE(scope, id=session)


def unfinished_imports() -> Script[list[Move]]:
    """Imports of all tenants that are not over."""
    rows = yield _IMPORTS()
    return [_move(row) for row in rows]


def delete_session(scope: Scoped, session: SessionId) -> Script[None]:
    """Remove a session whose other rows are gone."""
    yield _END_MOVE(scope, id=session)
    yield _DELETE_COUNTER(scope, id=session)
    yield _DELETE(scope, id=session)


def delete_records(scope: SessionScope, limit: int) -> Script[int]:
    """Remove what the engine kept, up to ``limit`` records, if the session is still ours; how many they were."""
    rows = yield _DELETE_RECORDS(scope, id=scope.session, epoch=scope.epoch, limit=limit)
    return len(rows)


def every_session(after: str, limit: int, box: SettingsBox) -> Script[list[Stored]]:
    """Sessions of all tenants, by id."""
    rows = yield _EVERY(after=after, limit=limit)
    return [_stored(row, box) for row in rows]


def _move(row: Row) -> Move:
    session, tenant = SessionId(row["session_id"]), TenantId(row["tenant_id"])
    return Move(session, tenant, row["origin"], row["target"], Phase(row["phase"]))


def _stored(row: Row, box: SettingsBox) -> Stored:
    code = row["reason_code"]
    me = Me(row["me_phone"], row["me_lid"], row["me_name"], row["me_platform"])
    session = Session(
        id=SessionId(row["id"]),
        tenant=TenantId(row["tenant_id"]),
        name=row["name"],
        engine=row["engine"],
        state=SessionState(row["state"]),
        state_since=row["state_since"],
        reason=None if code is None else Reason(code, row["reason_detail"] or ""),
        me=me if me.phone or me.lid else None,
        settings=box.read(row["id"], row["settings"]),
        metadata=orjson.loads(row["metadata"]),
        created_at=row["created_at"],
        last_seen_at=row["last_seen_at"],
    )
    return Stored(session, bool(row["wanted"]), row["epoch"])
