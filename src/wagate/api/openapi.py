"""The API's description in OpenAPI 3.1, drawn from the routes: what they take, answer, ask for and refuse."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from http import HTTPStatus
from typing import Any

from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from wagate import __version__
from wagate.api.errors import (
    MEDIA_TYPE,
    TYPE_PREFIX,
    BodyTooLarge,
    InvalidJson,
    UnsupportedMediaType,
    status_of,
    title_of,
)
from wagate.api.routing import ANY_SCOPE, JSON, GuardedRoute
from wagate.api.v1.schemas.parts import Asked, Problem, Shown
from wagate.api.v1.schemas.sendable import SENDABLE
from wagate.domain.errors import Forbidden, GatewayError, InvalidRequest, StorageUnavailable, Unauthenticated

Document = dict[str, Any]

_SCHEMAS = "#/components/schemas/"

_DESCRIPTION = """
A self-hosted WhatsApp gateway that never loses or doubles a message silently.

* **Who asks**: `Authorization: Bearer wag_…` or `X-Api-Key: wag_…`. The key decides the tenant.
* **Ids** are opaque. Where a path says `{session}`, its name will do as well.
* **Lists** take `limit`, `cursor` and `order`; go on with `next_cursor` until it is null.
* **Requests** with unknown fields are refused. **Answers** may grow new fields at any time: ignore what you don't know.
* **Edits** can be made safe against those of others: send the `ETag` of what you read as `If-Match`.
* **Errors** are problem documents (RFC 9457) with a stable `code`.
* **Times** are ISO 8601 in UTC; durations are seconds, in fields that end in `_s`.
""".strip()

_SECURITY: Document = {
    "bearer": {"type": "http", "scheme": "bearer", "description": "An API key: `Authorization: Bearer wag_…`"},
    "api_key": {"type": "apiKey", "in": "header", "name": "X-Api-Key", "description": "An API key: `X-Api-Key: wag_…`"},
}
_PATH_WORDS = {
    "session": "A session's id or name.",
    "message": "A message's id.",
    "group": "A group's address (`…@g.us`), or the id of its chat.",
    "contact": "A phone number in any sane form, a JID, a LID, or a contact's id.",
    "key": "An API key's id.",
    "call": "A call's id, as `call.received` tells it.",
    "media": "A media's id.",
    "template": "A template's id.",
    "chat": "A chat: its id, or whatever `to` takes.",
}
_TAGS = [
    {"name": "sessions", "description": "WhatsApp numbers: create, pair, start, stop."},
    {"name": "messages", "description": "Send messages, and see what became of them."},
    {"name": "queue", "description": "What waits to be sent, and how the account fares."},
    {"name": "chats", "description": "Conversations: what was said last, what is unread."},
    {"name": "media", "description": "Files: keep them, look at them, get them back."},
    {"name": "templates", "description": "Content that is stored once and sent often, each time with other words."},
    {"name": "groups", "description": "Groups: who is in them, what they are called, who may do what."},
    {"name": "contacts", "description": "People: what they show, whom to block, who is there; and our own profile."},
    {
        "name": "chats",
        "description": "What all devices of the account share: marks of chats, stars, names of contacts.",
    },
    {"name": "events", "description": "Everything that happens, as a list and as a live stream."},
    {"name": "access", "description": "API keys, and who is asking."},
    {"name": "health", "description": "Is it alive, is it ready?"},
]


def describe(routes: Sequence[APIRoute]) -> Document:
    """The OpenAPI document of these routes."""
    document = get_openapi(
        title="wagate",
        version=__version__,
        description=_DESCRIPTION,
        tags=_TAGS,
        routes=routes,
        openapi_version="3.1.0",
    )
    components = document.setdefault("components", {})
    components["securitySchemes"] = _SECURITY
    schemas = components.setdefault("schemas", {})
    schemas[Problem.__name__] = Problem.model_json_schema(ref_template=f"{_SCHEMAS}{{model}}")
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    _add_sendable(schemas)
    examples = _examples()
    for name in schemas.keys() & examples.keys():
        schemas[name]["examples"] = [examples[name]]
    for route in routes:
        for method in route.methods or ():
            operation = document["paths"][route.path_format].get(method.lower())
            if operation is not None:
                operation["operationId"] = route.name
                operation["summary"] = route.name.replace("_", " ").capitalize()
                _describe_path(operation)
                _describe_terms(operation, route)
                _show_examples(operation, examples)
    return document


def errors_of(route: GuardedRoute, *, takes_body: bool) -> list[type[GatewayError]]:
    """Every error that a route can answer with, but for mistakes of ours."""
    always: list[type[GatewayError]] = [Unauthenticated, InvalidRequest, StorageUnavailable]
    if route.terms.scope is not ANY_SCOPE:
        always.append(Forbidden)
    if takes_body:
        always += [InvalidJson, BodyTooLarge, UnsupportedMediaType]
    return sorted({*always, *route.terms.errors}, key=lambda error: (status_of(error), error.code))


def _add_sendable(schemas: Document) -> None:
    """The schemas of what can be sent: the busiest route reads its body itself, so FastAPI does not know of them."""
    models = [(model, "validation") for model in SENDABLE.values()]
    _, definitions = models_json_schema(models, ref_template=f"{_SCHEMAS}{{model}}")  # type: ignore[arg-type]  # literal
    schemas.update(definitions["$defs"])


def _describe_path(operation: Document) -> None:
    for parameter in operation.get("parameters", []):
        if parameter["in"] == "path":
            parameter["description"] = _PATH_WORDS[parameter["name"]]


def _describe_terms(operation: Document, route: APIRoute) -> None:
    operation["responses"].pop("422", None)
    if not isinstance(route, GuardedRoute):
        operation["security"] = []
        return
    operation["security"] = [{name: []} for name in _SECURITY]
    if route.terms.scope is not None:
        operation["x-scope"] = route.terms.scope.value
        operation["description"] += f"\n\nNeeds the scope `{route.terms.scope.value}`."
    possible = errors_of(route, takes_body="requestBody" in operation)
    operation["x-errors"] = [error.code for error in possible]
    for status, errors in _by_status(possible):
        lines = "\n".join(f"* `{error.code}`: {title_of(error)}" for error in errors)
        operation["responses"][str(status)] = {
            "description": f"{HTTPStatus(status).phrase}\n\n{lines}",
            "content": {
                MEDIA_TYPE: {
                    "schema": {"$ref": _SCHEMAS + Problem.__name__},
                    "example": {
                        "type": TYPE_PREFIX + errors[0].code,
                        "title": title_of(errors[0]),
                        "status": status,
                        "code": errors[0].code,
                        "detail": title_of(errors[0]),
                        "request_id": Problem.EXAMPLE["request_id"],
                    },
                }
            },
        }


def _by_status(errors: Iterable[type[GatewayError]]) -> list[tuple[int, list[type[GatewayError]]]]:
    found: dict[int, list[type[GatewayError]]] = {}
    for error in errors:
        found.setdefault(status_of(error), []).append(error)
    return list(found.items())


def _examples() -> dict[str, Any]:
    """Every schema's example by its name: from the models, because FastAPI drops the nulls from what it copies."""
    found: dict[str, Any] = {}
    for model in (*_descendants(Asked), *_descendants(Shown)):
        extra = model.model_config.get("json_schema_extra")
        if isinstance(extra, dict) and isinstance(shown := extra.get("examples"), list):
            found[model.__name__] = shown[0]
    return found


def _descendants(model: type[BaseModel]) -> Iterator[type[BaseModel]]:
    for child in model.__subclasses__():
        yield child
        yield from _descendants(child)


def _show_examples(operation: Document, examples: dict[str, Any]) -> None:
    """Show the example of each schema where it is used, which is where readers and generators look for it."""
    for body in [operation.get("requestBody", {}), *operation["responses"].values()]:
        content = body.get("content", {}).get(JSON)
        if content is None:
            continue
        schema = content.get("schema", {})
        name = schema["$ref"].removeprefix(_SCHEMAS) if "$ref" in schema else schema.get("title")
        if name in examples:
            content["example"] = examples[name]
