"""What other programs leave to be sent, as it stands in a row, and what the door reads in it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from wagate.domain.media import MediaKind
from wagate.features.messaging.requests import SendRequest

MAX_CONTENT = 1_000_000
"""Characters of the column ``content`` that are read. What is longer is refused for it."""


@dataclass(frozen=True, slots=True)
class Left:
    """A row as somebody left it."""

    id: int
    tenant: str | None
    session: str
    to: str
    type: str | None
    text: str | None
    content: str | None
    priority: str | None
    send_at: str | None
    expires_at: str | None
    client_ref: str | None


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a row asks for. ``kind``: its content names a kept file, which is to be of that kind."""

    request: SendRequest
    kind: MediaKind | None = None


ReadsRow = Callable[[Left], Wanted]
"""Reads a row as the API reads a body. Raises GatewayError."""
