"""The rows of tenants and API keys."""

from __future__ import annotations

import orjson

from wagate.domain.ids import ApiKeyId, TenantId
from wagate.features.access.keys import ApiKey, Scope
from wagate.store.scoped import Scoped, scoped
from wagate.store.script import Row, Script, sql

_KEY = "id, tenant_id, name, scopes, created_at, last_used_at, expires_at, revoked_at"
_OF_TENANT = "FROM api_key WHERE tenant_id = :tenant"

_ADD_TENANT = sql("INSERT INTO tenant (id, name, created_at) VALUES (:id, :name, :now)")
_ANY_TENANT = sql("SELECT id FROM tenant ORDER BY id LIMIT 1")
# A key is looked up before it is known whose it is: it is what tells us the tenant.
_FIND = sql("SELECT", _KEY, ", hash FROM api_key WHERE id = :id")
_USED = sql("UPDATE api_key SET last_used_at = :now WHERE id = :id")

_ADD_KEY = scoped(
    "INSERT INTO api_key (id, tenant_id, name, scopes, created_at, expires_at, hash)",
    "VALUES (:id, :tenant, :name, :scopes, :created_at, :expires_at, :hash)",
)
_GET = scoped("SELECT", _KEY, _OF_TENANT, "AND id = :id")
_LIST_ASC = scoped("SELECT", _KEY, _OF_TENANT, "AND id > :after ORDER BY id LIMIT :limit")
_LIST_DESC = scoped("SELECT", _KEY, _OF_TENANT, "AND id < :after ORDER BY id DESC LIMIT :limit")
_REVOKE = scoped(
    "UPDATE api_key SET revoked_at = COALESCE(revoked_at, :now) WHERE tenant_id = :tenant AND id = :id RETURNING", _KEY
)


def first_tenant() -> Script[TenantId | None]:
    """The oldest tenant, if there is one."""
    rows = yield _ANY_TENANT()
    return TenantId(rows[0]["id"]) if rows else None


def add_tenant(tenant: TenantId, name: str, now_ms: int) -> Script[None]:
    """Keep a new tenant."""
    yield _ADD_TENANT(id=tenant, name=name, now=now_ms)


def add_key(key: ApiKey, hashed: bytes) -> Script[None]:
    """Keep a new key."""
    yield _ADD_KEY(
        key,
        id=key.id,
        name=key.name,
        scopes=orjson.dumps(sorted(key.scopes)).decode(),
        created_at=key.created_at,
        expires_at=key.expires_at,
        hash=hashed,
    )


def find_key(key_id: ApiKeyId) -> Script[tuple[ApiKey, bytes] | None]:
    """The key with this public id, whosever it is, and its hash."""
    rows = yield _FIND(id=key_id)
    return (_key(rows[0]), bytes(rows[0]["hash"])) if rows else None


def get_key(scope: Scoped, key_id: str) -> Script[ApiKey | None]:
    """One key of a tenant."""
    rows = yield _GET(scope, id=key_id)
    return _key(rows[0]) if rows else None


def list_keys(scope: Scoped, *, after: str, ascending: bool, limit: int) -> Script[list[ApiKey]]:
    """Keys of a tenant beyond the id ``after``, revoked ones included."""
    statement = _LIST_ASC if ascending else _LIST_DESC
    rows = yield statement(scope, after=after, limit=limit)
    return [_key(row) for row in rows]


def revoke_key(scope: Scoped, key_id: str, now_ms: int) -> Script[ApiKey | None]:
    """End a key; one that has ended keeps its moment."""
    rows = yield _REVOKE(scope, id=key_id, now=now_ms)
    return _key(rows[0]) if rows else None


def note_use(key_id: ApiKeyId, now_ms: int) -> Script[None]:
    """Remember when a key was used."""
    yield _USED(id=key_id, now=now_ms)


def _key(row: Row) -> ApiKey:
    return ApiKey(
        ApiKeyId(row["id"]),
        TenantId(row["tenant_id"]),
        row["name"],
        frozenset(Scope(word) for word in orjson.loads(row["scopes"])),
        row["created_at"],
        row["last_used_at"],
        row["expires_at"],
        row["revoked_at"],
    )
