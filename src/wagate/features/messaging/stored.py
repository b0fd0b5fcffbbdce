"""Content, quotes and failures as the JSON text that rows keep."""

from __future__ import annotations

from typing import Any

import orjson

from wagate.domain.content import Content, Quoted, Text, Unsupported
from wagate.domain.jid import Jid
from wagate.domain.message import MessageFailure


def write_content(content: Content) -> str:
    """What a message says, as JSON."""
    if isinstance(content, Text):
        fields: dict[str, object] = {"type": content.type, "body": content.body}
        if content.mentions:
            fields["mentions"] = content.mentions
        return _dump(fields)
    return _dump({"type": content.type, "kind": content.kind})


def read_content(text: str) -> Content:
    """The inverse of ``write_content``; a type that this version does not know is Unsupported."""
    fields: dict[str, Any] = orjson.loads(text)
    if fields["type"] == Text.type:
        return Text(fields["body"], tuple(Jid(mention) for mention in fields.get("mentions", ())))
    return Unsupported(fields.get("kind", fields["type"]))


def write_quoted(quoted: Quoted | None) -> str | None:
    """A quote, as JSON."""
    if quoted is None:
        return None
    return _dump({"wa_id": quoted.wa_id, "sender": quoted.sender, "text": quoted.text})


def read_quoted(text: str | None) -> Quoted | None:
    """The inverse of ``write_quoted``."""
    if text is None:
        return None
    fields: dict[str, str] = orjson.loads(text)
    return Quoted(fields["wa_id"], Jid(fields["sender"]), fields["text"])


def write_failure(failure: MessageFailure | None) -> str | None:
    """A failure, as JSON."""
    if failure is None:
        return None
    return _dump({"code": failure.code, "detail": failure.detail, "retryable": failure.retryable})


def read_failure(text: str | None) -> MessageFailure | None:
    """The inverse of ``write_failure``."""
    return None if text is None else MessageFailure(**orjson.loads(text))


def _dump(fields: dict[str, object]) -> str:
    return orjson.dumps(fields).decode()
