"""Messages as bytes: four bytes of length (big-endian), then JSON. Nothing that does not fit its type gets through."""

from __future__ import annotations

import json
import types
from dataclasses import asdict, fields, is_dataclass
from functools import cache
from typing import Any, Final, Union, cast, get_args, get_origin, get_type_hints

from wagate.adapters.engines.neonize.link import messages
from wagate.adapters.engines.neonize.link.messages import Event, Message

MAX_FRAME: Final = 4 << 20
"""Bytes of a frame: the longest text that an engine takes, escaped, many times over."""

PREFIX: Final = 4


class LinkBroken(Exception):
    """What came is not in the link's language, or nothing comes any more"""


def encode(message: Message) -> bytes:
    """A message with its length in front. Raises LinkBroken when it is too long."""
    body = json.dumps(_tagged(message), ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")
    if len(body) > MAX_FRAME:
        raise LinkBroken(f"a {type(message).__name__} of {len(body)} bytes does not fit a frame")
    return len(body).to_bytes(PREFIX, "big") + body


def length_of(prefix: bytes) -> int:
    """How many bytes follow. Raises LinkBroken for more than `MAX_FRAME`."""
    length = int.from_bytes(prefix, "big")
    if length > MAX_FRAME:
        raise LinkBroken(f"a frame of {length} bytes is announced")
    return length


def decode(body: bytes) -> Message:
    """Read a frame without its length. Raises LinkBroken."""
    try:
        value = json.loads(body.decode("utf-8", "surrogatepass"))
        return cast(Message, _read(Message, value))
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise LinkBroken(f"a frame cannot be read: {type(error).__name__}") from error


def encode_event(event: Event) -> bytes:
    """An event as it is kept in the spool."""
    return json.dumps(_tagged(event)).encode()


def decode_event(value: bytes) -> Event:
    """Read what `encode_event` wrote. Raises LinkBroken."""
    try:
        return cast(Event, _read(Event, json.loads(value)))
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise LinkBroken(f"an event cannot be read: {type(error).__name__}") from error


def _tagged(message: object) -> list[object]:
    assert is_dataclass(message)
    assert not isinstance(message, type)
    values = asdict(message)
    if isinstance(message, messages.Entry):
        values["event"] = _tagged(message.event)
    return [type(message).__name__, values]


@cache
def _hints(kind: type) -> dict[str, Any]:
    return get_type_hints(kind)


@cache
def _named(union: Any) -> dict[str, type]:
    return {kind.__name__: kind for kind in get_args(union)}


def _read(hint: Any, value: Any) -> object:
    """A value as its annotation demands it; raises TypeError, KeyError or ValueError."""
    origin = get_origin(hint)
    if origin in (Union, types.UnionType):
        name, inner = value
        return _read(_named(hint)[name], inner)
    if origin is tuple:
        if not isinstance(value, list):
            raise TypeError
        (item, _) = get_args(hint)
        return tuple(_read(item, part) for part in value)
    if is_dataclass(hint):
        return _built(cast(type, hint), value)
    if type(value) is not hint:
        raise TypeError
    return value


def _built(kind: type, value: Any) -> object:
    hints = _hints(kind)
    if not isinstance(value, dict) or value.keys() - hints.keys():
        raise TypeError
    return kind(**{name.name: _read(hints[name.name], value[name.name]) for name in fields(kind)})
