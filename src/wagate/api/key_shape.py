"""An API key as JSON, for the API and for the command line."""

from __future__ import annotations

from wagate.domain.moments import iso
from wagate.features.access import ApiKey


def key_shape(key: ApiKey) -> dict[str, object]:
    """An API key without its secret."""
    return {
        "id": key.id,
        "name": key.name,
        "scopes": sorted(key.scopes),
        "created_at": iso(key.created_at),
        "last_used_at": None if key.last_used_at is None else iso(key.last_used_at),
        "expires_at": None if key.expires_at is None else iso(key.expires_at),
        "revoked_at": None if key.revoked_at is None else iso(key.revoked_at),
    }
