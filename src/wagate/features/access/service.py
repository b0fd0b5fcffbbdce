"""The verbs of the access room."""

from __future__ import annotations

import hmac
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from wagate.domain.errors import ApiKeyNotFound, Forbidden, InvalidRequest, Unauthenticated
from wagate.domain.ids import ApiKeyId, tenant_id
from wagate.domain.page import DEFAULT_LIMIT, Order, Page, read_cursor, write_cursor
from wagate.features.access import repository
from wagate.features.access.keys import EVERY_SCOPE, ApiKey, IssuedKey, Principal, Scope, digest, issue, read_id
from wagate.ports.clock import Clock
from wagate.store.database import Database
from wagate.store.script import Script

_TRUST_S = 1.0
"""How long a verified key is believed before the database is asked again: a revocation by another process waits."""

_REMEMBERED = 4096
_USE_NOTED_MS = 60_000
_NAME = 100


@dataclass(slots=True)
class _Seen:
    """A key's digest that was checked not long ago. ``principal`` is None for one that opens nothing."""

    principal: Principal | None
    until: float
    expires_at: int | None = None


class Access:
    """Tenants, API keys, and who is asking. Verbs that take a principal are narrowed to its tenant."""

    def __init__(self, database: Database, clock: Clock) -> None:
        """Work on ``database``; ``clock`` dates keys and ends them."""
        self._database = database
        self._clock = clock
        self._seen: OrderedDict[bytes, _Seen] = OrderedDict()
        self._use_noted: dict[ApiKeyId, int] = {}
        self._revocation_listeners: list[Callable[[ApiKeyId], None]] = []

    async def bootstrap(self, tenant_name: str = "default") -> IssuedKey | None:
        """On the very first start, make a tenant and a key that may do everything; later, do nothing."""
        now = self._clock.now_ms()
        first = tenant_id(now)
        issued, hashed = self._issue(Principal(first, EVERY_SCOPE), "admin", EVERY_SCOPE, None)

        def script() -> Script[bool]:
            if (yield from repository.first_tenant()) is not None:
                return False
            yield from repository.add_tenant(first, tenant_name, now)
            yield from repository.add_key(issued.key, hashed)
            return True

        return issued if await self._database.write(script()) else None

    async def operator(self) -> Principal:
        """Whoever sits at the machine: the command line acts for them. Raises Unauthenticated before ``bootstrap``."""
        tenant = await self._database.read(repository.first_tenant())
        if tenant is None:
            raise Unauthenticated("There is no tenant yet: start wagate once")
        return Principal.system(tenant)

    async def authenticate(self, raw: str) -> Principal:
        """Who shows this key. Raises Unauthenticated, StorageUnavailable."""
        hashed = digest(raw)
        seen = self._seen.get(hashed)
        if seen is None or seen.until <= self._clock.monotonic():
            seen = await self._look_up(raw, hashed)
        if seen.principal is None or (seen.expires_at is not None and seen.expires_at <= self._clock.now_ms()):
            raise Unauthenticated("The API key is not valid")
        return seen.principal

    async def create_key(
        self, principal: Principal, *, name: str, scopes: Iterable[Scope], expires_at: int | None = None
    ) -> IssuedKey:
        """Make a key that allows no more than the principal may. Raises InvalidRequest, Forbidden."""
        wanted = frozenset(scopes)
        if not name.strip() or len(name) > _NAME:
            raise InvalidRequest(f"A key needs a name of 1 to {_NAME} characters", pointer="/name")
        if not wanted:
            raise InvalidRequest("A key needs at least one scope", pointer="/scopes")
        if expires_at is not None and expires_at <= self._clock.now_ms():
            raise InvalidRequest("The key would have expired already", pointer="/expires_at")
        if not wanted <= principal.scopes:
            raise Forbidden(f"You cannot give away what you lack: {', '.join(sorted(wanted - principal.scopes))}")
        issued, hashed = self._issue(principal, name, wanted, expires_at)
        await self._database.write(repository.add_key(issued.key, hashed))
        return issued

    async def list_keys(
        self, principal: Principal, *, limit: int = DEFAULT_LIMIT, cursor: str | None = None, order: Order = Order.ASC
    ) -> Page[ApiKey]:
        """The tenant's keys by age, revoked ones included. Raises InvalidCursor."""
        listed = f"api_keys.{order.value}"
        ascending = order is Order.ASC
        after = read_cursor(listed, cursor) if cursor is not None else "" if ascending else "~"
        keys = await self._database.read(
            repository.list_keys(principal, after=after, ascending=ascending, limit=limit + 1)
        )
        more = len(keys) > limit
        return Page(tuple(keys[:limit]), write_cursor(listed, keys[limit - 1].id) if more else None)

    async def get_key(self, principal: Principal, key_id: str) -> ApiKey:
        """One key of the tenant. Raises ApiKeyNotFound."""
        key = await self._database.read(repository.get_key(principal, key_id))
        if key is None:
            raise ApiKeyNotFound
        return key

    async def revoke_key(self, principal: Principal, key_id: str) -> ApiKey:
        """End a key for good, in this process at once. Raises ApiKeyNotFound."""
        key = await self._database.write(repository.revoke_key(principal, key_id, self._clock.now_ms()))
        if key is None:
            raise ApiKeyNotFound
        self._forget(key.id)
        for listener in self._revocation_listeners:
            listener(key.id)
        return key

    @property
    def remembered(self) -> int:
        """How many answers are kept in memory."""
        return len(self._seen)

    def on_revoked(self, listener: Callable[[ApiKeyId], None]) -> None:
        """Have ``listener`` called with every key that this process revokes."""
        self._revocation_listeners.append(listener)

    # ---- inside

    def _issue(
        self, principal: Principal, name: str, scopes: frozenset[Scope], expires_at: int | None
    ) -> tuple[IssuedKey, bytes]:
        now = self._clock.now_ms()
        key_id, secret = issue(now)
        key = ApiKey(key_id, principal.tenant, name.strip(), scopes, now, None, expires_at, None)
        return IssuedKey(key, secret), digest(secret)

    async def _look_up(self, raw: str, hashed: bytes) -> _Seen:
        key_id = read_id(raw)
        if key_id is None:
            raise Unauthenticated("The API key is not well-formed; check that it was copied as a whole")
        found = await self._database.read(repository.find_key(key_id))
        principal = None
        expires_at = None
        if found is not None and hmac.compare_digest(found[1], hashed) and found[0].revoked_at is None:
            key = found[0]
            principal, expires_at = Principal(key.tenant, key.scopes, key.id), key.expires_at
            self._note_use(key)
        seen = _Seen(principal, self._clock.monotonic() + _TRUST_S, expires_at)
        self._seen[hashed] = seen
        self._seen.move_to_end(hashed)
        if len(self._seen) > _REMEMBERED:
            self._seen.popitem(last=False)
        return seen

    def _note_use(self, key: ApiKey) -> None:
        """Write ``last_used_at``, at most once a minute for each key; nobody waits for it."""
        now = self._clock.now_ms()
        noted = max(key.last_used_at or 0, self._use_noted.get(key.id, 0))
        if now - noted >= _USE_NOTED_MS:
            self._use_noted[key.id] = now
            self._database.enqueue(repository.note_use(key.id, now), lambda _result, _error: None)

    def _forget(self, key_id: ApiKeyId) -> None:
        gone = [hashed for hashed, seen in self._seen.items() if seen.principal and seen.principal.key == key_id]
        for hashed in gone:
            del self._seen[hashed]
        self._use_noted.pop(key_id, None)
