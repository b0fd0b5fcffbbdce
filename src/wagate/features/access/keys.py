"""What an API key looks like, and what may be done with it.

``wag_live_<26 characters: the key's public id>_<43 characters: 256 random bits><6 characters: checksum>``. The checksum
lets a scanner recognise a leaked key, and lets us refuse a mistyped one without asking the database.
"""

from __future__ import annotations

import hashlib
import re
import secrets
import zlib
from dataclasses import dataclass
from enum import StrEnum

from typing_extensions import override

from wagate.domain.errors import Forbidden
from wagate.domain.ids import ApiKeyId, TenantId, api_key_id

_PREFIX = "wag_live_"
_FORM = re.compile(r"wag_live_([0-9A-HJKMNP-TV-Z]{26})_[A-Za-z0-9_-]{43}[0-9A-Za-z]{6}", re.ASCII)
_BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_CHECKSUM = 6


class Scope(StrEnum):
    """One thing that a key may allow."""

    SESSIONS_READ = "sessions:read"
    SESSIONS_WRITE = "sessions:write"
    SESSIONS_PAIR = "sessions:pair"
    MESSAGES_READ = "messages:read"
    MESSAGES_SEND = "messages:send"
    GROUPS_READ = "groups:read"
    GROUPS_WRITE = "groups:write"
    CONTACTS_READ = "contacts:read"
    CONTACTS_WRITE = "contacts:write"
    MEDIA_READ = "media:read"
    MEDIA_WRITE = "media:write"
    TEMPLATES_READ = "templates:read"
    TEMPLATES_WRITE = "templates:write"
    EVENTS_READ = "events:read"
    KEYS_MANAGE = "keys:manage"


EVERY_SCOPE = frozenset(Scope)


@dataclass(frozen=True, slots=True)
class Principal:
    """Who is asking: a tenant, what they may do, and the key they showed (None: the house itself)."""

    tenant: TenantId
    scopes: frozenset[Scope]
    key: ApiKeyId | None = None

    @classmethod
    def system(cls, tenant: TenantId) -> Principal:
        """The house itself, working for a tenant."""
        return cls(tenant, EVERY_SCOPE)

    def require(self, scope: Scope) -> None:
        """Raises Forbidden unless this principal has the scope."""
        if scope not in self.scopes:
            raise Forbidden(f"The API key lacks the scope {scope.value!r}")


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key as its owner may see it again: everything but the secret. ``*_at`` are milliseconds since 1970, UTC."""

    id: ApiKeyId
    tenant: TenantId
    name: str
    scopes: frozenset[Scope]
    created_at: int
    last_used_at: int | None
    expires_at: int | None
    revoked_at: int | None


@dataclass(frozen=True, slots=True)
class IssuedKey:
    """A new key with its secret, which nobody can show a second time."""

    key: ApiKey
    secret: str

    @override
    def __repr__(self) -> str:
        """The key without its secret: this may meet a log."""
        return f"IssuedKey(key={self.key!r}, secret=…)"


def issue(now_ms: int) -> tuple[ApiKeyId, str]:
    """A new key: its public id, and the text to hand out."""
    key_id = api_key_id(now_ms)
    body = f"{_PREFIX}{key_id.partition('_')[2]}_{secrets.token_urlsafe(32)}"
    return key_id, body + checksum(body)


def read_id(raw: str) -> ApiKeyId | None:
    """The public id inside a well-formed key with a right checksum, or None."""
    match = _FORM.fullmatch(raw)
    if match is None or checksum(raw[:-_CHECKSUM]) != raw[-_CHECKSUM:]:
        return None
    return ApiKeyId(f"key_{match[1]}")


def digest(raw: str) -> bytes:
    """What is stored of a key: the SHA-256 of all of it. 256 random bits need no slow hash."""
    return hashlib.sha256(raw.encode("utf-8", "surrogatepass")).digest()


def checksum(body: str) -> str:
    """The last characters of a key whose rest is ``body``: its CRC-32 in base 62, as GitHub's tokens have it."""
    rest = zlib.crc32(body.encode())
    digits = ""
    for _ in range(_CHECKSUM):
        rest, digit = divmod(rest, 62)
        digits = _BASE62[digit] + digits
    return digits
