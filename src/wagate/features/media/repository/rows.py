"""The rows of media, of who needs them, and of the blobs behind them.

A blob's row comes before its bytes and goes after them. Every change of a blob locks its row, so that whoever gives the
last user up and whoever becomes the next one cannot pass each other, in this process or in another.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from wagate.domain.ids import MediaId, TenantId
from wagate.domain.media import Media, MediaKind, MediaState
from wagate.store.scoped import Scoped, scoped
from wagate.store.script import Row, Script, sql


class BlobState(StrEnum):
    """The bytes are being written, are there, or are being removed."""

    ARRIVING = "arriving"
    KEPT = "kept"
    DOOMED = "doomed"


@dataclass(frozen=True, slots=True)
class BlobRef:
    """A blob's tenant and digest. Narrows statements to its tenant."""

    tenant: TenantId
    sha256: str


# By its length: in this RETURNING, SQLite 3.40 answers `thumbnail IS NOT NULL` with true for NULL.
_MEDIA = (
    "id, tenant_id, state, kind, mime, size, sha256, filename, width, height, duration_ms, waveform, created_at,"
    " COALESCE(LENGTH(thumbnail), 0) > 0 AS has_thumbnail"
)

_CLAIM = scoped(
    "INSERT INTO blob (tenant_id, sha256, size, state, users, since)",
    "VALUES (:tenant, :sha256, :size, 'arriving', 0, :now)",
    "ON CONFLICT (tenant_id, sha256) DO UPDATE SET since =",
    "CASE WHEN blob.state = 'arriving' THEN excluded.since ELSE blob.since END RETURNING state",
)
_ADOPT = scoped(
    "UPDATE blob SET state = 'kept', users = users + 1, since = :now",
    "WHERE tenant_id = :tenant AND sha256 = :sha256 AND state <> 'doomed' RETURNING users, size",
)
_ABANDON = scoped(
    "UPDATE blob SET users = users - 1, since = :now, state = CASE WHEN users = 1 THEN 'doomed' ELSE state END",
    "WHERE tenant_id = :tenant AND sha256 = :sha256 RETURNING users, size",
)
_FORGET_BLOB = scoped("DELETE FROM blob WHERE tenant_id = :tenant AND sha256 = :sha256 AND state = 'doomed'")
_COUNT = scoped(
    "INSERT INTO media_usage (tenant_id, bytes) VALUES (:tenant, :change)",
    "ON CONFLICT (tenant_id) DO UPDATE SET bytes = media_usage.bytes + excluded.bytes",
)
_USAGE = scoped("SELECT bytes FROM media_usage WHERE tenant_id = :tenant")

_ADD = scoped(
    "INSERT INTO media (id, tenant_id, state, kind, mime, size, sha256, filename, width, height, duration_ms,",
    "waveform, thumbnail, created_at) VALUES (:id, :tenant, :state, :kind, :mime, :size, :sha256, :filename, :width,",
    ":height, :duration_ms, :waveform, :thumbnail, :created_at) ON CONFLICT (id) DO NOTHING",
)
_FULFIL = scoped(
    "UPDATE media SET state = 'ready', mime = :mime, size = :size, sha256 = :sha256, width = :width, height = :height,",
    "duration_ms = :duration_ms, waveform = COALESCE(:waveform, waveform),",
    "thumbnail = COALESCE(:thumbnail, thumbnail)",
    "WHERE tenant_id = :tenant AND id = :id AND state <> 'ready' RETURNING",
    _MEDIA,
)
_GET = scoped("SELECT", _MEDIA, "FROM media WHERE tenant_id = :tenant AND id = :id")
_GET_MANY = {
    count: scoped(
        "SELECT",
        _MEDIA,
        "FROM media WHERE tenant_id = :tenant AND id IN (",
        ", ".join(f":id{number}" for number in range(count)),
        ")",
    )
    for count in (1, 8, 64)
}
"""One statement for so many ids; a shorter list is filled up by asking for its last id again."""

_THUMBNAIL = scoped("SELECT thumbnail FROM media WHERE tenant_id = :tenant AND id = :id")
_MOVE = scoped(
    "UPDATE media SET state = :state WHERE tenant_id = :tenant AND id = :id AND state <> 'ready' RETURNING", _MEDIA
)
_LET_GO = scoped(
    "UPDATE media SET state = :state WHERE tenant_id = :tenant AND id = :id AND state = 'ready' RETURNING sha256"
)
_REMOVE = scoped("DELETE FROM media WHERE tenant_id = :tenant AND id = :id RETURNING state, sha256")
_FORGET_ORIGIN = scoped("DELETE FROM media_origin WHERE tenant_id = :tenant AND media_id = :id")
_PENDING = scoped(
    "SELECT",
    _MEDIA,
    "FROM media WHERE tenant_id = :tenant AND state = 'pending' AND id > :after",
    "ORDER BY id LIMIT :limit",
)

_REFER = scoped(
    "INSERT INTO media_reference (media_id, holder, tenant_id, needs_bytes)",
    "SELECT id, :holder, tenant_id, :needs_bytes FROM media WHERE tenant_id = :tenant AND id = :id",
    "ON CONFLICT (media_id, holder) DO UPDATE SET needs_bytes = excluded.needs_bytes",
)
_RELEASE = scoped("UPDATE media_reference SET needs_bytes = 0 WHERE tenant_id = :tenant AND holder = :holder")
_UNREFER = scoped("DELETE FROM media_reference WHERE tenant_id = :tenant AND holder = :holder")
_REFERENCES = scoped(
    "SELECT COUNT(*) AS shown, COALESCE(SUM(needs_bytes), 0) AS needed FROM media_reference",
    "WHERE tenant_id = :tenant AND media_id = :id",
)
_UNNEEDED = "NOT EXISTS (SELECT 1 FROM media_reference r WHERE r.media_id = media.id AND r.needs_bytes = 1)"

# Retention and repair serve every tenant of the database.
_STALE = sql(
    "SELECT tenant_id, id FROM media WHERE state = 'ready' AND created_at <= :before AND",
    _UNNEEDED,
    "ORDER BY created_at LIMIT :limit",
)
_LARGE = sql("SELECT tenant_id, bytes FROM media_usage WHERE bytes > :limit ORDER BY tenant_id LIMIT 100")
_OLDEST = scoped(
    "SELECT id, size FROM media WHERE tenant_id = :tenant AND state = 'ready' AND",
    _UNNEEDED,
    "ORDER BY id LIMIT :limit",
)
_GIVE_UP = sql(
    "UPDATE blob SET state = 'doomed', since = :now WHERE state = 'arriving' AND users = 0 AND since <= :before"
)
_DOOMED = sql("UPDATE blob SET since = :now WHERE state = 'doomed' AND since <= :before RETURNING tenant_id, sha256")


# ---- blobs


def claim_blob(scope: Scoped, sha256: str, size: int, now_ms: int) -> Script[BlobState]:
    """Say that these bytes are about to be written; how the blob of that digest is now."""
    rows = yield _CLAIM(scope, sha256=sha256, size=size, now=now_ms)
    return BlobState(rows[0]["state"])


def adopt_blob(scope: Scoped, sha256: str, now_ms: int) -> Script[bool]:
    """Become a user of a blob whose bytes are there; False when it is being removed."""
    rows = yield _ADOPT(scope, sha256=sha256, now=now_ms)
    if rows and rows[0]["users"] == 1:
        yield _COUNT(scope, change=rows[0]["size"])
    return bool(rows)


def forget_blob(blob: BlobRef) -> Script[None]:
    """The bytes of a doomed blob are gone; so may its row be."""
    yield _FORGET_BLOB(blob, sha256=blob.sha256)


def usage(scope: Scoped) -> Script[int]:
    """How many bytes a tenant keeps."""
    rows = yield _USAGE(scope)
    return rows[0]["bytes"] if rows else 0


def give_up_arrivals(before_ms: int, now_ms: int) -> Script[None]:
    """Doom the blobs whose writers were last heard of before a moment."""
    yield _GIVE_UP(before=before_ms, now=now_ms)


def take_doomed(before_ms: int, now_ms: int) -> Script[list[BlobRef]]:
    """The blobs whose removal began before a moment and was not finished: now it is the caller's to finish."""
    rows = yield _DOOMED(before=before_ms, now=now_ms)
    return [BlobRef(TenantId(row["tenant_id"]), row["sha256"]) for row in rows]


# ---- media


def add_media(media: Media, thumbnail: bytes | None) -> Script[None]:
    """Keep a new media; one of this id that is there already stays as it is."""
    yield _ADD(
        media,
        id=media.id,
        state=media.state.value,
        kind=media.kind.value,
        mime=media.mime,
        size=media.size,
        sha256=media.sha256,
        filename=media.filename,
        width=media.width,
        height=media.height,
        duration_ms=media.duration_ms,
        waveform=media.waveform,
        thumbnail=thumbnail,
        created_at=media.created_at,
    )


def fulfil_media(media: Media, thumbnail: bytes | None) -> Script[Media | None]:
    """Give a media its bytes: those of ``media``, which must be an adopted blob. None when it has some, or is gone."""
    rows = yield _FULFIL(
        media,
        id=media.id,
        mime=media.mime,
        size=media.size,
        sha256=media.sha256,
        width=media.width,
        height=media.height,
        duration_ms=media.duration_ms,
        waveform=media.waveform,
        thumbnail=thumbnail,
    )
    return _media(rows[0]) if rows else None


def get_media(scope: Scoped, media: str) -> Script[Media | None]:
    """One media of a tenant."""
    rows = yield _GET(scope, id=media)
    return _media(rows[0]) if rows else None


def find_many(scope: Scoped, ids: Sequence[MediaId]) -> Script[dict[MediaId, Media]]:
    """Those of some media that there are, by their ids."""
    found: dict[MediaId, Media] = {}
    for start in range(0, len(ids), max(_GET_MANY)):
        wanted = ids[start : start + max(_GET_MANY)]
        count = next(count for count in _GET_MANY if count >= len(wanted))
        asked = [*wanted, *[wanted[-1]] * (count - len(wanted))]
        rows = yield _GET_MANY[count](scope, **{f"id{number}": id for number, id in enumerate(asked)})
        found |= {media.id: media for media in map(_media, rows)}
    return found


def get_thumbnail(scope: Scoped, media: str) -> Script[bytes | None]:
    """The small JPEG of a media, where it has one."""
    rows = yield _THUMBNAIL(scope, id=media)
    return bytes(rows[0]["thumbnail"]) if rows and rows[0]["thumbnail"] is not None else None


def list_pending(scope: Scoped, after: str, limit: int) -> Script[list[Media]]:
    """Media whose bytes have not come yet, in the order in which they were expected."""
    rows = yield _PENDING(scope, after=after, limit=limit)
    return [_media(row) for row in rows]


def move_media(scope: Scoped, media: str, state: MediaState) -> Script[Media | None]:
    """Say what became of a media that has no bytes. None when it has some, or is gone."""
    rows = yield _MOVE(scope, id=media, state=state.value)
    return _media(rows[0]) if rows else None


def drop_bytes(scope: Scoped, media: str, state: MediaState, now_ms: int) -> Script[BlobRef | None]:
    """Give up a media's bytes; what shows it stays. Returns the blob to remove, when nobody uses it any more."""
    rows = yield _LET_GO(scope, id=media, state=state.value)
    if not rows:
        return None
    return (yield from _abandon(scope, rows[0]["sha256"], now_ms))


def remove_media(scope: Scoped, media: str, now_ms: int) -> Script[BlobRef | None]:
    """Remove a media's row and give up its bytes. Returns the blob to remove, when nobody uses it any more."""
    rows = yield _REMOVE(scope, id=media)
    yield _FORGET_ORIGIN(scope, id=media)
    if not rows or rows[0]["state"] != MediaState.READY:
        return None
    return (yield from _abandon(scope, rows[0]["sha256"], now_ms))


def _abandon(scope: Scoped, sha256: str, now_ms: int) -> Script[BlobRef | None]:
    rows = yield _ABANDON(scope, sha256=sha256, now=now_ms)
    if not rows or rows[0]["users"]:
        return None
    yield _COUNT(scope, change=-rows[0]["size"])
    return BlobRef(scope.tenant, sha256)


# ---- who needs it


def refer(scope: Scoped, media: str, holder: str, *, needs_bytes: bool) -> Script[None]:
    """Note that something shows a media, and whether it still needs the bytes. Doing it again changes the latter."""
    yield _REFER(scope, id=media, holder=holder, needs_bytes=int(needs_bytes))


def release(scope: Scoped, holder: str) -> Script[None]:
    """Note that something needs no bytes any more."""
    yield _RELEASE(scope, holder=holder)


def unrefer(scope: Scoped, holder: str) -> Script[None]:
    """Note that something does not show media any more."""
    yield _UNREFER(scope, holder=holder)


def references(scope: Scoped, media: str) -> Script[tuple[int, int]]:
    """How many things show a media, and how many of them need its bytes."""
    rows = yield _REFERENCES(scope, id=media)
    return rows[0]["shown"], rows[0]["needed"]


# ---- retention


def find_stale(before_ms: int, limit: int) -> Script[list[tuple[TenantId, MediaId]]]:
    """The oldest media of all tenants that were made before a moment and whose bytes nobody needs."""
    rows = yield _STALE(before=before_ms, limit=limit)
    return [(TenantId(row["tenant_id"]), MediaId(row["id"])) for row in rows]


def find_large_tenants(limit_bytes: int) -> Script[list[tuple[TenantId, int]]]:
    """Some tenants that keep more than so many bytes, and how many."""
    rows = yield _LARGE(limit=limit_bytes)
    return [(TenantId(row["tenant_id"]), row["bytes"]) for row in rows]


def find_oldest(scope: Scoped, limit: int) -> Script[list[tuple[MediaId, int]]]:
    """A tenant's oldest media whose bytes nobody needs, with their sizes."""
    rows = yield _OLDEST(scope, limit=limit)
    return [(MediaId(row["id"]), row["size"]) for row in rows]


def _media(row: Row) -> Media:
    return Media(
        MediaId(row["id"]),
        TenantId(row["tenant_id"]),
        MediaState(row["state"]),
        MediaKind(row["kind"]),
        row["mime"],
        row["size"],
        row["sha256"],
        row["filename"],
        row["width"],
        row["height"],
        row["duration_ms"],
        None if row["waveform"] is None else bytes(row["waveform"]),
        row["created_at"],
        bool(row["has_thumbnail"]),
    )
