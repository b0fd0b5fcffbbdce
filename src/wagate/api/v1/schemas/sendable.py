"""Everything that can be sent, by its type."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from wagate.api.v1.schemas.parts import Asked
from wagate.api.v1.schemas.sending import WITHOUT_FILE, Sending
from wagate.api.v1.schemas.sending_media import WITH_FILE
from wagate.api.v1.schemas.templates import SendTemplate

SENDABLE: Mapping[str, type[Sending]] = {**WITHOUT_FILE, **WITH_FILE, "template": SendTemplate}
"""The shape of a message to send, by its ``type``."""


def examples(models: Mapping[str, type[Asked]] = SENDABLE) -> dict[str, Any]:
    """One example a type, as OpenAPI shows them."""
    found = {}
    for type_, model in models.items():
        extra = model.model_config.get("json_schema_extra")
        assert isinstance(extra, dict)
        shown = extra["examples"]
        assert isinstance(shown, list)
        found[type_] = {"summary": (model.__doc__ or "").split(".")[0], "value": shown[0]}
    return found
