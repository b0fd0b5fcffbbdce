"""Parameters that a route reads by itself, described for OpenAPI."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

Described = dict[str, Any]
"""An OpenAPI parameter object."""

SCHEMAS = "#/components/schemas/"

SESSION: Described = {"name": "session", "in": "path", "required": True, "schema": {"type": "string"}}
IDEMPOTENCY_KEY: Described = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "Your own unique word for this request, quoted or bare, at most 255 characters. "
    "It makes repeating the request safe.",
    "schema": {"type": "string", "maxLength": 255},
    "example": "order-17-confirmation",
}


def query_parameters(model: type[BaseModel]) -> list[Described]:
    """The fields of a model as query parameters."""
    schema = model.model_json_schema()
    return [
        {
            "name": name,
            "in": "query",
            "required": name in schema.get("required", []),
            "description": described.pop("description", ""),
            "schema": described,
        }
        for name, described in schema["properties"].items()
    ]


def union(models: Mapping[str, type[BaseModel]], default: str) -> Described:
    """A body that is one of these models, told apart by ``type``; without it, it is the default one."""
    return {
        "title": "one of",
        "oneOf": [{"$ref": f"{SCHEMAS}{model.__name__}"} for model in models.values()],
        "discriminator": {
            "propertyName": "type",
            "mapping": {name: f"{SCHEMAS}{model.__name__}" for name, model in models.items()},
        },
        "default": {"type": default},
    }
