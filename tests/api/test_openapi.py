"""The API's description: complete, true to the models, and the same as the pages in docs/reference."""

from __future__ import annotations

import json
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from fastapi.routing import APIRoute
from pydantic import BaseModel, TypeAdapter
from typing_extensions import override

from wagate.api.app import api_routes, openapi_document
from wagate.api.docs_page import render
from wagate.api.errors import STATUSES, status_of
from wagate.api.reference import EVENT_MEANINGS, api_reference, errors_reference, events_reference
from wagate.api.routing import JSON, GuardedRoute
from wagate.api.v1.schemas import (
    batches,
    chat_marks,
    chats,
    contacts,
    engines,
    events,
    groups,
    history,
    keys,
    media,
    messages,
    parts,
    passkeys,
    queues,
    search,
    sendable,
    sending,
    sending_media,
    sessions,
    templates,
)
from wagate.api.v1.schemas.event_shapes import SHAPES
from wagate.api.v1.schemas.sendable import examples
from wagate.api.v1.schemas.statuses import POSTABLE
from wagate.domain.errors import GatewayError
from wagate.domain.events import EventType

_DOCS = Path(__file__).parents[2] / "docs"
_MODELS: dict[str, type[BaseModel]] = {
    name: model
    for module in (
        batches,
        chat_marks,
        chats,
        contacts,
        engines,
        events,
        groups,
        history,
        keys,
        media,
        messages,
        parts,
        passkeys,
        queues,
        search,
        sending,
        sending_media,
        sessions,
        templates,
    )
    for name, model in vars(module).items()
    if isinstance(model, type) and issubclass(model, BaseModel)
}


def _operations() -> Iterator[tuple[str, dict[str, Any]]]:
    for path, methods in openapi_document()["paths"].items():
        for method, operation in methods.items():
            yield f"{method.upper()} {path}", operation


def _bodies() -> Iterator[tuple[str, dict[str, Any]]]:
    for name, operation in _operations():
        for body in (operation.get("requestBody", {}), *operation["responses"].values()):
            if JSON in body.get("content", {}):
                yield name, body["content"][JSON]


def test_it_is_openapi_3_1_and_describes_every_route() -> None:
    document = openapi_document()
    assert document["openapi"].startswith("3.1")
    described = {name for name, _ in _operations()}
    assert described == {f"{method} {route.path}" for route in api_routes() for method in route.methods or ()}
    assert len(described) >= 25


@pytest.mark.parametrize("name", [name for name, _ in _operations()])
def test_every_operation_is_explained_and_says_what_it_answers(name: str) -> None:
    operation = dict(_operations())[name]
    assert operation["description"]
    assert operation["operationId"]
    assert operation["tags"]
    good = [status for status in operation["responses"] if status.startswith("2")]
    assert good, "no good answer is described"
    for parameter in operation.get("parameters", []):
        assert parameter.get("description"), parameter["name"]


def test_every_json_body_has_an_example_that_its_model_accepts() -> None:
    checked = 0
    for name, content in _bodies():
        schema = content["schema"]
        if "oneOf" in schema:
            assert content["examples"].keys() == schema["discriminator"]["mapping"].keys()
            for type_, example in content["examples"].items() if "status-posts" not in name else ():
                assert sendable.SENDABLE[type_].model_validate(example["value"]).to_request().content.type == (
                    "video" if type_ in ("gif", "video_note") else type_
                )
            continue
        model = _MODELS.get(schema["$ref"].rpartition("/")[2] if "$ref" in schema else schema["title"])
        assert "example" in content, name
        if model is None:
            assert name.startswith("GET /health")
            continue
        TypeAdapter(model).validate_json(json.dumps(content["example"]))
        checked += 1
    assert checked >= 25


def test_the_example_of_a_status_post_is_one() -> None:
    for type_, model in POSTABLE.items():
        example = examples(POSTABLE)[type_]["value"]
        assert model.model_validate(example).to_request().content.type == type_


def test_an_example_of_an_answer_shows_every_field() -> None:
    for name, content in _bodies():
        reference = content["schema"].get("$ref", "").rpartition("/")[2]
        if issubclass(_MODELS.get(reference, parts.Asked), parts.Shown):
            shown = _MODELS[reference].model_validate(content["example"])
            assert shown.model_dump(mode="json", by_alias=True) == content["example"], name


def test_every_error_that_is_described_has_its_own_status_and_example() -> None:
    for name, operation in _operations():
        for code in operation.get("x-errors", []):
            response = operation["responses"][str(STATUSES[code])]
            assert f"`{code}`" in response["description"], name
            (content,) = response["content"].values()
            parts.Problem.model_validate(content["example"])


def test_a_guarded_route_names_its_scope_and_both_ways_of_showing_a_key() -> None:
    guarded = {f"{method} {route.path}": route for route in api_routes() for method in route.methods or ()}
    for name, operation in _operations():
        route = guarded[name]
        if isinstance(route, GuardedRoute):
            assert operation["security"] == [{"bearer": []}, {"api_key": []}]
            assert operation.get("x-scope") == route.terms.scope
        else:
            assert operation["security"] == []


def test_a_route_without_a_scope_cannot_be_made() -> None:
    async def forgotten() -> None: ...

    with pytest.raises(TypeError, match="scope"):
        GuardedRoute("/v1/forgotten", forgotten)
    assert isinstance(APIRoute("/elsewhere", forgotten), APIRoute)


def test_references_lead_somewhere() -> None:
    document = openapi_document()
    text = json.dumps(document)
    names = {piece.partition('"')[0] for piece in text.split('"#/components/schemas/')[1:]}
    assert names <= set(document["components"]["schemas"])


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        ("api.md", lambda: api_reference(openapi_document())),
        ("errors.md", errors_reference),
        ("events.md", events_reference),
    ],
)
def test_the_reference_pages_are_what_the_code_says(page: str, expected: Any) -> None:
    written = (_DOCS / "reference" / page).read_text("utf-8")
    assert written == expected(), f"write docs/reference/{page} anew: wagate openapi --reference docs/reference"


def test_every_event_is_explained() -> None:
    assert set(EVENT_MEANINGS) == set(SHAPES) == set(EventType)
    for shape in SHAPES.values():
        known = messages.Message.model_fields if issubclass(shape, messages.Message) else {}
        assert all(field.description for name, field in shape.model_fields.items() if name not in known)


def test_every_error_of_the_house_has_a_status() -> None:
    def all_errors(error: type[GatewayError]) -> Iterator[type[GatewayError]]:
        yield error
        for child in error.__subclasses__():
            yield from all_errors(child)

    assert {error.code for error in all_errors(GatewayError) if error.__module__.startswith("wagate.domain")} <= set(
        STATUSES
    )
    assert all(400 <= status_of(error) < 600 for error in all_errors(GatewayError))


class _Tags(HTMLParser):
    """Collects what a page refers to, and its ids."""

    def __init__(self) -> None:
        super().__init__()
        self.ids: set[str] = set()
        self.links: list[str] = []
        self.tags: set[str] = set()

    @override
    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        for name, value in attrs:
            if name == "id":
                self.ids.add(value or "")
            if name in ("href", "src"):
                self.links.append(value or "")


def test_the_docs_page_works_offline_and_its_links_lead_somewhere() -> None:
    page = _Tags()
    page.feed(render(openapi_document()))
    assert not page.tags & {"script", "img", "link", "iframe"}
    assert {link for link in page.links if not link.startswith("#")} == {"/openapi.json"}
    assert {link[1:] for link in page.links if link.startswith("#")} <= page.ids
    assert {operation["operationId"] for _, operation in _operations()} <= page.ids
