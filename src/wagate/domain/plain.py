"""What is said, as plain fields: one form for rows, for pretend networks, and for what the API shows.

Fields with their default value are left out, and bytes become Base64; the reader tolerates unknown fields, and refuses
nothing that it wrote.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from types import NoneType, UnionType
from typing import get_args, get_origin, get_type_hints

from wagate.domain.acts import ACTS, Said
from wagate.domain.content import Content, Unsupported
from wagate.domain.jid import Jid

_KINDS: Mapping[str, type[Said]] = {kind.type: kind for kind in (*get_args(Content), *ACTS)}
_Reader = Callable[[object], object]


def plain(said: Said) -> dict[str, object]:
    """The fields of something said, JSON all through, with its ``type``."""
    return {"type": said.type, **_fields(said)}


def said_of(told: Mapping[str, object]) -> Said:
    """The inverse of ``plain``. A type that this version does not know is Unsupported."""
    type_ = str(told["type"])
    kind = _KINDS.get(type_)
    if kind is None:
        return Unsupported(str(told.get("kind", type_)))
    made = _READERS[kind](told)
    assert isinstance(made, kind)
    return made


def all_fields(said: object) -> dict[str, object]:
    """The fields of something said, those with their default value included."""
    assert is_dataclass(said)
    return {field.name: _plain(getattr(said, field.name), whole=True) for field in fields(said)}


def _fields(said: object) -> dict[str, object]:
    assert is_dataclass(said)
    values = ((field, getattr(said, field.name)) for field in fields(said))
    return {field.name: _plain(value) for field, value in values if not _is_default(field, value)}


def _is_default(field: Field[object], value: object) -> bool:
    return field.default is not MISSING and field.default == value


def _plain(value: object, *, whole: bool = False) -> object:
    if isinstance(value, tuple):
        return [_plain(each, whole=whole) for each in value]
    if isinstance(value, bytes):
        return b64encode(value).decode()
    if not isinstance(value, str) and is_dataclass(value):
        return all_fields(value) if whole else _fields(value)
    return value


def _reader(hint: object) -> _Reader:
    """Reads back a value of a type that the words use."""
    if get_origin(hint) is UnionType:
        (only,) = (each for each in get_args(hint) if each is not NoneType)
        read = _reader(only)
        return lambda value: None if value is None else read(value)
    if get_origin(hint) is tuple:
        each = _reader(get_args(hint)[0])
        return lambda value: tuple(map(each, value)) if isinstance(value, list) else ()
    if hint is Jid:
        return lambda value: Jid(str(value))
    if hint is bytes:
        return lambda value: b64decode(str(value))
    if hint is float:
        return lambda value: float(value) if isinstance(value, int | float) else 0.0
    if isinstance(hint, type) and is_dataclass(hint):
        return _record_reader(hint)
    return lambda value: value


def _record_reader(kind: type) -> _Reader:
    readers = {field.name: _reader(hint) for field, hint in _hints(kind)}

    def read(told: object) -> object:
        assert isinstance(told, Mapping)
        return kind(**{name: read_one(told[name]) for name, read_one in readers.items() if name in told})

    return read


def _hints(kind: type) -> list[tuple[Field[object], object]]:
    hints = get_type_hints(kind)
    assert is_dataclass(kind)
    return [(field, hints[field.name]) for field in fields(kind)]


_READERS: Mapping[type[Said], _Reader] = {kind: _record_reader(kind) for kind in _KINDS.values()}
