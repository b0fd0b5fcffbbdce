"""The rows that say where the bytes of an arrived media can be had, and when to try it next."""

from __future__ import annotations

from dataclasses import dataclass

from wagate.domain.ids import MediaId, SessionId, TenantId
from wagate.domain.media import Media
from wagate.store.scoped import Scoped, SessionScope, scoped
from wagate.store.script import Script, sql


@dataclass(frozen=True, slots=True)
class Wanted:
    """A media that is to be fetched now: by which session, with which sealed reference, after how many attempts."""

    media: MediaId
    tenant: TenantId
    session: SessionId
    sealed: bytes
    attempts: int


_ADD = scoped(
    "INSERT INTO media_origin (media_id, tenant_id, session_id, reference, attempts, due_at)",
    "VALUES (:media, :tenant, :session, :reference, 0, :due_at) ON CONFLICT (media_id) DO NOTHING",
)
_WANT = scoped(
    "UPDATE media_origin SET due_at = :now WHERE tenant_id = :tenant AND media_id = :media AND due_at IS NULL",
    "RETURNING session_id",
)
_LATER = scoped(
    "UPDATE media_origin SET attempts = :attempts, due_at = :due_at WHERE tenant_id = :tenant AND media_id = :media"
)
_SETTLE = scoped("UPDATE media_origin SET due_at = NULL WHERE tenant_id = :tenant AND media_id = :media")
_EXISTS = scoped("SELECT 1 AS found FROM media_origin WHERE tenant_id = :tenant AND media_id = :media")
_DUE = scoped(
    "SELECT media_id, reference, attempts FROM media_origin",
    "WHERE tenant_id || '' = :tenant AND session_id = :session AND due_at <= :now ORDER BY due_at LIMIT :limit",
)
_OF_SESSION = scoped(
    "SELECT media_id FROM media_origin WHERE tenant_id || '' = :tenant AND session_id = :session LIMIT :limit"
)
# The downloader serves the sessions of all tenants that this process holds. The newest come first: what is due for a
# session whose line is down stays due, and must not hide the others.
_DUE_SESSIONS = sql("SELECT session_id FROM media_origin WHERE due_at <= :now ORDER BY due_at DESC LIMIT :limit")


def add_origin(media: Media, session: SessionId, sealed: bytes, due_at: int | None) -> Script[None]:
    """Keep where a media comes from, and when it is to be fetched (ms since 1970; None: once somebody wants it)."""
    yield _ADD(media, media=media.id, session=session, reference=sealed, due_at=due_at)


def want(scope: Scoped, media: str, now_ms: int) -> Script[SessionId | None]:
    """Somebody wants a media that nobody wanted so far; which session fetches it."""
    rows = yield _WANT(scope, media=media, now=now_ms)
    return SessionId(rows[0]["session_id"]) if rows else None


def later(scope: Scoped, media: MediaId, attempts: int, due_at: int) -> Script[None]:
    """It did not succeed: when to try again."""
    yield _LATER(scope, media=media, attempts=attempts, due_at=due_at)


def settle(scope: Scoped, media: str) -> Script[None]:
    """There is nothing more to try."""
    yield _SETTLE(scope, media=media)


def arrived_from_somewhere(scope: Scoped, media: str) -> Script[bool]:
    """Whether a media came with a message; otherwise somebody here uploaded it."""
    return bool((yield _EXISTS(scope, media=media)))


def due(scope: SessionScope, now_ms: int, limit: int) -> Script[list[Wanted]]:
    """What a session is to fetch by now, the oldest first."""
    rows = yield _DUE(scope, session=scope.session, now=now_ms, limit=limit)
    return [
        Wanted(MediaId(row["media_id"]), scope.tenant, scope.session, bytes(row["reference"]), row["attempts"])
        for row in rows
    ]


def due_sessions(now_ms: int, limit: int) -> Script[set[SessionId]]:
    """Sessions of all tenants that have something to fetch."""
    rows = yield _DUE_SESSIONS(now=now_ms, limit=limit)
    return {SessionId(row["session_id"]) for row in rows}


def of_session(scope: SessionScope, limit: int) -> Script[list[MediaId]]:
    """Some media that came to a session."""
    rows = yield _OF_SESSION(scope, session=scope.session, limit=limit)
    return [MediaId(row["media_id"]) for row in rows]
