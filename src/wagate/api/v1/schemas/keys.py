"""API keys on the wire."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

from pydantic import AwareDatetime, Field, StringConstraints

from wagate.api.v1.schemas.parts import Asked, Line, Moment, Shown, example
from wagate.features.access import Scope


class CreateApiKey(Asked):
    """A key to make. It can allow no more than the key that makes it."""

    model_config = example({"name": "crm", "scopes": ["messages:send", "messages:read"]})

    name: Annotated[Line, StringConstraints(min_length=1, max_length=100)]
    scopes: list[Scope] = Field(min_length=1, max_length=len(Scope), description="What the key allows.")
    expires_at: AwareDatetime | None = Field(default=None, description="When it ends by itself; null: never.")


class ApiKey(Shown):
    """A key, without its secret."""

    EXAMPLE: ClassVar[dict[str, Any]] = {
        "id": "key_01KAGQ4R2T5W8Z1C4F7J0M3Q6S",
        "name": "crm",
        "scopes": ["messages:read", "messages:send"],
        "created_at": "2026-11-20T09:15:27.123Z",
        "last_used_at": None,
        "expires_at": None,
        "revoked_at": None,
    }
    model_config = example(EXAMPLE)

    id: str
    name: str
    scopes: list[Scope]
    created_at: Moment
    last_used_at: Moment | None = Field(description="To the minute.")
    expires_at: Moment | None
    revoked_at: Moment | None


class IssuedApiKey(ApiKey):
    """A new key with its secret."""

    model_config = example(
        {**ApiKey.EXAMPLE, "key": "wag_live_01KAGQ4R2T5W8Z1C4F7J0M3Q6S_…"},
    )

    key: str = Field(description="The secret to send with every request. It is shown once and never again.")


class ApiKeyPage(Shown):
    """Some keys, and the cursor to the next ones."""

    model_config = example({"data": [ApiKey.EXAMPLE], "next_cursor": None})

    data: list[ApiKey]
    next_cursor: str | None


class Caller(Shown):
    """Who is asking."""

    model_config = example(
        {"tenant": "tnt_01KAGQ4R2T0A3D6G9K2N5R8V1Y", "key": ApiKey.EXAMPLE, "scopes": ApiKey.EXAMPLE["scopes"]}
    )

    tenant: str
    key: ApiKey | None
    scopes: list[Scope]
