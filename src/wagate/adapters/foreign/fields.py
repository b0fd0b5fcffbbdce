"""Reading JSON that Baileys wrote, and that may say anything. What does not hold raises DeviceUnreadable."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping, Sequence
from typing import Final, cast

from wagate.domain.errors import DeviceUnreadable
from wagate.ports.checks import KEY

Fields = Mapping[str, object]
"""A JSON object."""

_TYPE: Final = b"\x05"


def parsed(text: bytes, name: str) -> object:
    """Any JSON value."""
    try:
        return cast(object, json.loads(text))
    except (ValueError, RecursionError) as error:
        raise DeviceUnreadable(f"{name} is not JSON") from error


def fields_of(found: object, name: str) -> Fields:
    """An object."""
    if not isinstance(found, dict):
        raise DeviceUnreadable(f"{name} is not there, or not what it should be")
    return found


def items_of(found: object, name: str) -> Sequence[object]:
    """A list; nothing is an empty one."""
    if found is None:
        return ()
    if not isinstance(found, list):
        raise DeviceUnreadable(f"{name} is not a list")
    return found


def word(fields: Fields, name: str) -> str:
    """Text; empty when it is not there."""
    found = fields.get(name)
    if found is None:
        return ""
    if not isinstance(found, str):
        raise DeviceUnreadable(f"{name} is not text")
    return found


def whole(fields: Fields, name: str, default: int | None = None) -> int:
    """A whole number; JavaScript writes large ones as text."""
    found = fields.get(name, default)
    if isinstance(found, str) and found.isascii() and found.lstrip("-").isdigit() and len(found) < 20:
        found = int(found)
    if isinstance(found, float) and found.is_integer():
        found = int(found)
    if not isinstance(found, int) or isinstance(found, bool):
        raise DeviceUnreadable(f"{name} is not a number")
    return found


def octets(fields: Fields, name: str) -> bytes:
    """Bytes: base64, a Buffer (``{"type": "Buffer", "data": …}``), or a typed array (``{"0": 1, …}``)."""
    found = fields.get(name)
    if isinstance(found, dict):
        found = found.get("data") if found.get("type") == "Buffer" else [found.get(str(at)) for at in range(len(found))]
    if found is None:
        return b""
    try:
        if isinstance(found, str):
            return base64.b64decode(found, validate=True)
        if isinstance(found, list):
            return bytes(cast(list[int], found))
    except (binascii.Error, ValueError, TypeError):
        pass
    raise DeviceUnreadable(f"{name} is not a row of bytes")


def point(fields: Fields, name: str) -> bytes:
    """A public key, with or without the type in front."""
    return untyped(octets(fields, name), name)


def untyped(key: bytes, name: str) -> bytes:
    """A public key without the type in front."""
    if len(key) == KEY + 1 and key[:1] == _TYPE:
        return key[1:]
    if len(key) != KEY:
        raise DeviceUnreadable(f"{name} is not a Curve25519 key")
    return key
