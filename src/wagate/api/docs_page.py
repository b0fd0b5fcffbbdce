"""The page at /docs: the whole API on one page, without a script and without anything from elsewhere."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from html import escape
from typing import Any

from wagate.api.operations import Document, Field, Operation, curl, operations

_STYLE = """
:root { color-scheme: light dark; --line: #8884; --soft: #8881; --accent: #0a7d5a; }
* { box-sizing: border-box }
body { margin: 0; font: 15px/1.5 system-ui, sans-serif; display: grid; grid-template-columns: 17rem 1fr }
nav { padding: 1.5rem 1rem; border-right: 1px solid var(--line); height: 100vh; overflow: auto; position: sticky;
  top: 0 }
nav a { display: block; color: inherit; text-decoration: none; padding: .1rem 0 }
nav a:hover { color: var(--accent) }
nav b { display: block; margin-top: 1rem; text-transform: capitalize }
main { padding: 1.5rem 2.5rem; max-width: 62rem; min-width: 0 }
section { border-top: 1px solid var(--line); padding: 1rem 0 }
h3 { font: 600 1rem/1.4 ui-monospace, monospace; overflow-wrap: anywhere }
h3 em { font-style: normal; color: var(--accent) }
pre { background: var(--soft); padding: .75rem 1rem; overflow: auto; border-radius: .4rem }
code, pre { font: 13px/1.45 ui-monospace, monospace }
table { border-collapse: collapse; width: 100%; margin: .5rem 0 1rem }
td, th { text-align: left; vertical-align: top; padding: .3rem .6rem .3rem 0; border-bottom: 1px solid var(--line) }
summary { cursor: pointer; padding: .2rem 0 }
.scope { float: right; font-size: 12px; opacity: .75 }
@media (max-width: 50rem) { body { display: block } nav { display: none } main { padding: 1rem } }
"""


def render(document: Document) -> str:
    """The page as HTML."""
    listing = list(operations(document))
    return "".join(
        [
            "<!doctype html><html lang=en><head><meta charset=utf-8>",
            "<meta name=viewport content='width=device-width'>",
            f"<title>wagate {escape(document['info']['version'])}</title><style>{_STYLE}</style></head><body><nav>",
            "<a href=#top><strong>wagate</strong></a><a href=/openapi.json>openapi.json</a>",
            *_contents(listing),
            "</nav><main id=top><h1>wagate API</h1>",
            _prose(document["info"]["description"]),
            *_chapters(listing),
            "</main></body></html>",
        ]
    )


def _contents(listing: list[tuple[Document, list[Operation]]]) -> Iterator[str]:
    for tag, found in listing:
        yield f"<b>{escape(tag['name'])}</b>"
        for operation in found:
            yield f"<a href='#{escape(operation.anchor)}'>{escape(operation.summary)}</a>"


def _chapters(listing: list[tuple[Document, list[Operation]]]) -> Iterator[str]:
    for tag, found in listing:
        yield f"<h2 style='text-transform:capitalize'>{escape(tag['name'])}</h2>{_prose(tag['description'])}"
        for operation in found:
            yield from _operation(operation)


def _operation(operation: Operation) -> Iterator[str]:
    scope = operation.spec.get("x-scope")
    yield f"<section id='{escape(operation.anchor)}'>"
    if scope:
        yield f"<span class=scope>scope <code>{escape(scope)}</code></span>"
    yield f"<h3><em>{operation.method}</em> {escape(operation.path)}</h3>{_prose(operation.description)}"
    yield from _table("Parameter", operation.parameters)
    yield from _table("Field", operation.fields)
    yield f"<pre>{escape(curl(operation, 'http://127.0.0.1:3000'))}</pre>"
    for status, description, shown in operation.responses:
        yield _answer(status, description, shown)
    yield "</section>"


def _table(head: str, fields: Sequence[Field]) -> Iterator[str]:
    if not fields:
        return
    yield f"<table><tr><th>{head}<th>Type<th>Meaning"
    for field in fields:
        mark = " <b>*</b>" if field.is_required else ""
        yield f"<tr><td><code>{escape(field.name)}</code>{mark}<td>{_inline(field.type)}<td>{_inline(field.meaning)}"
    yield "</table>"


def _answer(status: str, description: str, shown: Any) -> str:
    title, _, rest = description.partition("\n")
    body = _prose(rest) if rest.strip() else ""
    if shown is not None:
        body += f"<pre>{escape(json.dumps(shown, indent=2, ensure_ascii=False))}</pre>"
    return f"<details><summary><code>{escape(status)}</code> {_inline(title)}</summary>{body}</details>"


def _prose(text: str) -> str:
    """The little Markdown that our descriptions use: paragraphs, bullets, bold and code."""
    blocks = []
    for block in re.split(r"\n\s*\n", text.strip()):
        lines = block.splitlines()
        if all(line.startswith("* ") for line in lines):
            blocks.append("<ul>" + "".join(f"<li>{_inline(line[2:])}" for line in lines) + "</ul>")
        else:
            blocks.append(f"<p>{_inline(block)}</p>")
    return "".join(blocks)


def _inline(text: str) -> str:
    safe = escape(text)
    safe = re.sub(r"`([^`]+)`", r"<code>\1</code>", safe)
    return re.sub(r"\*\*([^*]+)\*\*", r"<b>\1</b>", safe)
