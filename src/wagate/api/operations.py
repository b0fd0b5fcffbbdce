"""An OpenAPI document as a list of operations, in the order in which people read them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from wagate.api.routing import JSON
from wagate.api.uploads import FORM

Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Field:
    """Something that an operation takes: ``place`` is ``path``, ``query``, ``header`` or ``body``."""

    name: str
    place: str
    type: str
    is_required: bool
    meaning: str


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of one path."""

    method: str
    path: str
    tag: str
    spec: Document
    parameters: tuple[Field, ...]
    fields: tuple[Field, ...]
    """The fields of the body, those of inner objects as ``outer.inner``."""

    @property
    def anchor(self) -> str:
        """A name for links within a page."""
        return str(self.spec["operationId"])

    @property
    def summary(self) -> str:
        """What it is called in a table of contents."""
        return str(self.spec["summary"])

    @property
    def description(self) -> str:
        """What it does."""
        return str(self.spec.get("description", ""))

    @property
    def request_example(self) -> Any:
        """A body that it accepts, or None when it takes none."""
        content = self.spec.get("requestBody", {}).get("content", {}).get(JSON, {})
        return content["example"] if "example" in content else next(iter(self.request_examples.values()), None)

    @property
    def request_examples(self) -> dict[str, Any]:
        """Bodies that it accepts by their type, where it accepts several types."""
        content = self.spec.get("requestBody", {}).get("content", {}).get(JSON, {})
        return {name: told["value"] for name, told in content.get("examples", {}).items()}

    @property
    def form_example(self) -> dict[str, str]:
        """The fields of a form that it accepts, as curl takes them; empty when it takes none."""
        content = self.spec.get("requestBody", {}).get("content", {})
        return dict(content.get(FORM, {}).get("example", {}))

    @property
    def responses(self) -> list[tuple[str, str, Any]]:
        """Each answer: status, description, and its example (None for errors, which all look alike)."""
        return [
            (status, str(response["description"]), response.get("content", {}).get(JSON, {}).get("example"))
            for status, response in sorted(self.spec["responses"].items())
        ]

    @property
    def errors(self) -> list[str]:
        """The codes of the errors that it can answer with."""
        return list(self.spec.get("x-errors", []))

    @property
    def is_guarded(self) -> bool:
        """Whether it asks for an API key."""
        return bool(self.spec.get("security"))


def operations(document: Document) -> Iterator[tuple[Document, list[Operation]]]:
    """The operations of each tag, with the tag's own description."""
    schemas = document["components"]["schemas"]
    found = [
        Operation(method.upper(), path, spec["tags"][0], spec, _parameters(spec, schemas), tuple(_body(spec, schemas)))
        for path, methods in document["paths"].items()
        for method, spec in methods.items()
    ]
    for tag in document["tags"]:
        yield tag, sorted((one for one in found if one.tag == tag["name"]), key=lambda one: one.path)


def curl(operation: Operation, server: str) -> str:
    """The operation as a command to paste into a shell."""
    method = "" if operation.method == "GET" else f" -X {operation.method}"
    lines = [f"curl{method} {server}{operation.path.replace('{session}', 'support')}"]
    if operation.is_guarded:
        lines.append('-H "Authorization: Bearer $WAGATE_API_KEY"')
    if operation.request_example is not None:
        lines.append("-H 'Content-Type: application/json'")
        lines.append(f"-d '{json.dumps(operation.request_example, ensure_ascii=False)}'")
    lines += [f"-F {name}={value}" for name, value in operation.form_example.items()]
    return " \\\n  ".join(lines)


def _parameters(spec: Document, schemas: Document) -> tuple[Field, ...]:
    return tuple(
        Field(one["name"], one["in"], _type(one["schema"], schemas), one["required"], one.get("description", ""))
        for one in spec.get("parameters", [])
    )


def _body(spec: Document, schemas: Document) -> Iterator[Field]:
    content = spec.get("requestBody", {}).get("content", {})
    schema = content.get(JSON, content.get(FORM, {})).get("schema")
    if not schema:
        return
    if "oneOf" in schema:
        yield from _variants(schema, schemas)
    else:
        yield from _fields(_resolved(schema, schemas), schemas, "")


def _variants(schema: Document, schemas: Document) -> Iterator[Field]:
    """The fields of a body of several types: first those that all have, then each type's own."""
    by_type = {
        name: list(_fields(_resolved({"$ref": reference}, schemas), schemas, ""))
        for name, reference in schema["discriminator"]["mapping"].items()
    }
    first = next(iter(by_type.values()))
    common = [field for field in first if all(field in fields for fields in by_type.values())]
    yield Field("type", "body", ", ".join(f"`{name}`" for name in by_type), False, "What is sent.")
    yield from common
    for name, fields in by_type.items():
        for field in fields:
            if field not in common and field.name != "type":
                yield replace(field, name=f"{name}: {field.name}")


def _fields(schema: Document, schemas: Document, prefix: str) -> Iterator[Field]:
    required = schema.get("required", [])
    for name, inner in schema.get("properties", {}).items():
        yield Field(prefix + name, "body", _type(inner, schemas), name in required, inner.get("description", ""))
        # Objects inside lists are told like objects.
        for choice in inner.get("anyOf", [inner.get("items", inner)]):
            yield from _fields(_resolved(choice, schemas), schemas, f"{prefix}{name}.")


def _type(schema: Document, schemas: Document) -> str:
    schema = _resolved(schema, schemas)
    if "enum" in schema:
        return ", ".join(f"`{value}`" for value in schema["enum"])
    if "const" in schema:
        return f"`{schema['const']}`"
    if "anyOf" in schema:
        return " or ".join(_type(choice, schemas) for choice in schema["anyOf"])
    kind = str(schema.get("type", "any"))
    return f"list of {_type(schema['items'], schemas)}" if kind == "array" and "items" in schema else kind


def _resolved(schema: Document, schemas: Document) -> Document:
    name = str(schema.get("$ref", "")).rpartition("/")[2]
    found: Document = schemas[name] if name else schema
    return found
