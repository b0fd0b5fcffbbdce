"""What was said, quotes, contexts and failures as the JSON text that rows keep."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import orjson

from wagate.domain.acts import Said
from wagate.domain.content import PLAIN_CONTEXT, Context, Quoted, Text
from wagate.domain.jid import Jid
from wagate.domain.message import MessageFailure
from wagate.domain.plain import plain, said_of


def write_content(content: Said) -> str:
    """What a message says, as JSON."""
    if isinstance(content, Text) and content == Text(content.body):
        return _dump({"type": "text", "body": content.body})  # nearly all of them, by a shorter way
    return _dump(plain(content))


def read_content(text: str) -> Said:
    """The inverse of ``write_content``; a type that this version does not know is Unsupported."""
    fields: dict[str, Any] = orjson.loads(text)
    if fields["type"] == "text" and len(fields) == 2:
        return Text(fields["body"])
    return said_of(fields)


def write_context(context: Context) -> str | None:
    """How something was said, as JSON; None for nothing special."""
    return None if context is PLAIN_CONTEXT or context == PLAIN_CONTEXT else _dump(asdict(context))


def read_context(text: str | None) -> Context:
    """The inverse of ``write_context``."""
    return PLAIN_CONTEXT if text is None else Context(**orjson.loads(text))


def write_quoted(quoted: Quoted | None) -> str | None:
    """A quote, as JSON."""
    if quoted is None:
        return None
    return _dump({"wa_id": quoted.wa_id, "sender": quoted.sender, "text": quoted.text, "message": quoted.message})


def read_quoted(text: str | None) -> Quoted | None:
    """The inverse of ``write_quoted``."""
    if text is None:
        return None
    fields: dict[str, str] = orjson.loads(text)
    return Quoted(fields["wa_id"], Jid(fields["sender"]), fields["text"], fields.get("message"))


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
