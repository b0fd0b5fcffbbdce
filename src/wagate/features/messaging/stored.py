"""What was said, quotes, contexts, conditions and failures as the text that rows keep: JSON, but for timelines."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import Any

import orjson

from wagate.domain.acts import Said
from wagate.domain.conditions import PLAIN_CONDITIONS, Conditions, OnUnknown, Priority
from wagate.domain.content import PLAIN_CONTEXT, Context, Quoted, Text
from wagate.domain.jid import Jid
from wagate.domain.message import MessageFailure, MessageStatus
from wagate.domain.plain import plain, said_of

_CONDITIONS = tuple(field.name for field in fields(Conditions))


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


def write_conditions(conditions: Conditions) -> str | None:
    """Under which conditions a message goes out, as JSON without what is usual; None for nothing special."""
    if conditions is PLAIN_CONDITIONS:
        return None
    values = {name: getattr(conditions, name) for name in _CONDITIONS}
    unusual = {name: value for name, value in values.items() if value != getattr(PLAIN_CONDITIONS, name)}
    return _dump(unusual) if unusual else None


def read_conditions(text: str | None) -> Conditions:
    """The inverse of ``write_conditions``."""
    if text is None:
        return PLAIN_CONDITIONS
    kept: dict[str, Any] = orjson.loads(text)
    if "priority" in kept:
        kept["priority"] = Priority(kept["priority"])
    if "on_unknown" in kept:
        kept["on_unknown"] = OnUnknown(kept["on_unknown"])
    return Conditions(**kept)


@dataclass(frozen=True, slots=True)
class Transition:
    """A status that a message came to at a moment in ms, and why, as far as there is a word for it."""

    status: MessageStatus
    at: int
    reason: str | None = None


def write_transition(transition: Transition) -> str:
    """A line of a message's timeline."""
    reason = "" if transition.reason is None else f" {transition.reason}"
    return f"{transition.status.value} {transition.at}{reason}\n"


def read_timeline(text: str | None) -> list[Transition]:
    """The inverse of ``write_transition``, for many lines."""
    found = []
    for line in (text or "").splitlines():
        status, at, *reason = line.split(" ", 2)
        found.append(Transition(MessageStatus(status), int(at), reason[0] if reason else None))
    return found


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
