"""API keys from the terminal: in the data directory while the gateway is stopped, through its API while it runs.

Whoever can write the data directory owns everything in it anyway, so there no key is asked for.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any, Protocol

from typing_extensions import override

from wagate.api.key_shape import key_shape
from wagate.cli.client import ApiClient
from wagate.cli.options import read_settings
from wagate.cli.outcome import CommandFailed, Exit, say, say_json
from wagate.cli.serving import prepare_data
from wagate.cli.tables import table
from wagate.cli.variables import KEY_VARIABLE
from wagate.domain.errors import GatewayError
from wagate.features.access import EVERY_SCOPE, Access, Scope
from wagate.settings import Settings

Key = dict[str, Any]


class Keys(Protocol):
    """Where keys can be made, listed and revoked."""

    async def create(self, name: str, scopes: list[Scope]) -> Key:
        """Make one; ``key`` in the answer is its secret."""
        ...

    async def all(self) -> list[Key]:
        """Every key, without its secret."""
        ...

    async def revoke(self, key: str) -> Key:
        """End one."""
        ...


async def create(data: Path | None, name: str, scopes: list[str] | None, *, as_json: bool) -> None:
    """Make a key and print its secret."""
    wanted = _read_scopes(scopes)
    async with _keys(data) as keys:
        made = await keys.create(name, wanted)
    if as_json:
        say_json(made)
    else:
        say(made["key"], f"This is {made['id']}, for {made['name']}. It is shown this once only.")


async def show_all(data: Path | None, *, as_json: bool) -> None:
    """Print every key."""
    async with _keys(data) as keys:
        found = await keys.all()
    if as_json:
        say_json(found)
        return
    rows = [
        (
            one["id"],
            one["name"],
            "everything" if set(one["scopes"]) == set(EVERY_SCOPE) else " ".join(one["scopes"]),
            one["last_used_at"] or "never",
            f"revoked {one['revoked_at']}" if one["revoked_at"] else "good",
        )
        for one in found
    ]
    say(table(("Key", "For", "Allows", "Last used", "State"), rows))


async def revoke(data: Path | None, key: str, *, as_json: bool) -> None:
    """End a key."""
    async with _keys(data) as keys:
        ended = await keys.revoke(key)
    if as_json:
        say_json(ended)
    else:
        say(f"{ended['id']} ({ended['name']}) is revoked.")


@asynccontextmanager
async def _keys(data: Path | None) -> AsyncIterator[Keys]:
    """The keys of the data directory if nobody works in it, else those of the gateway that does."""
    from wagate.store.folder import DataFolder, DataInUse

    settings = read_settings(data)
    prepare_data(settings.data)
    try:
        folder = DataFolder(settings.data)
    except DataInUse as error:
        async with _client(settings, error) as client:
            yield _KeysByApi(client)
        return
    with closing(folder):
        try:
            async with _own(settings) as keys:
                yield keys
        except GatewayError as error:
            raise CommandFailed(f"{error.detail} [{error.code}]") from error


def _client(settings: Settings, in_use: GatewayError) -> ApiClient:
    try:
        return ApiClient()
    except CommandFailed:
        raise CommandFailed(
            f"A gateway works in {settings.data}: stop it, or let it do this: set {KEY_VARIABLE} to a key with the "
            f"scope {Scope.KEYS_MANAGE}.",
            Exit.NOT_ALLOWED,
        ) from in_use


@asynccontextmanager
async def _own(settings: Settings) -> AsyncIterator[Keys]:
    from wagate.adapters.clock import SystemClock
    from wagate.store import open_database
    from wagate.store.migrations import migrate

    await migrate(settings.storage_url)
    database = await open_database(settings.storage_url)
    try:
        yield _KeysInPlace(Access(database, SystemClock()))
    finally:
        await database.close()


class _KeysByApi(Keys):
    """Through a running gateway."""

    def __init__(self, client: ApiClient) -> None:
        self._client = client

    @override
    async def create(self, name: str, scopes: list[Scope]) -> Key:
        made: Key = await self._client.call("POST", "/api-keys", {"name": name, "scopes": scopes})
        return made

    @override
    async def all(self) -> list[Key]:
        return await self._client.all("/api-keys")

    @override
    async def revoke(self, key: str) -> Key:
        ended: Key = await self._client.call("DELETE", f"/api-keys/{key}")
        return ended


class _KeysInPlace(Keys):
    """In the database of a gateway that is stopped, for its first tenant, which is made if there is none."""

    def __init__(self, access: Access) -> None:
        self._access = access

    @override
    async def create(self, name: str, scopes: list[Scope]) -> Key:
        first = await self._access.bootstrap()
        operator = await self._access.operator()
        if first is not None:
            await self._access.revoke_key(operator, first.key.id)  # this one takes its place: nobody will see it
        issued = await self._access.create_key(operator, name=name, scopes=scopes)
        return {**key_shape(issued.key), "key": issued.secret}

    @override
    async def all(self) -> list[Key]:
        operator = await self._access.operator()
        found: list[Key] = []
        cursor: str | None = None
        while True:
            page = await self._access.list_keys(operator, cursor=cursor)
            found.extend(key_shape(key) for key in page.items)
            cursor = page.next_cursor
            if cursor is None:
                return found

    @override
    async def revoke(self, key: str) -> Key:
        return key_shape(await self._access.revoke_key(await self._access.operator(), key))


def _read_scopes(words: list[str] | None) -> list[Scope]:
    try:
        return [Scope(word) for word in words] if words else sorted(EVERY_SCOPE)
    except ValueError as error:
        raise CommandFailed(f"{error}; there are: {', '.join(Scope)}.", Exit.USAGE) from None
