"""The way out to URLs that users supply: one client, which goes nowhere but to the public internet."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Fetched:
    """An answer that is coming in. ``filename`` and ``mime`` are what the server says, or the URL; believe neither.

    ``chunks`` is the body, read once. It raises FetchFailed when it ends early, is too long, or takes too long.
    """

    filename: str | None
    mime: str | None
    chunks: AsyncIterator[bytes]


class Resolver(Protocol):
    """Finds the addresses of a host."""

    async def resolve(self, host: str) -> list[str]:
        """Every IP address of a name, IPv4 and IPv6; empty when there is none. Raises OSError."""
        ...


class Egress(Protocol):
    """Fetches."""

    def get(self, url: str) -> AbstractAsyncContextManager[Fetched]:
        """Fetch a URL. Entering raises FetchFailed, with the same words whatever is behind a forbidden address."""
        ...
