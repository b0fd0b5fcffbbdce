"""A linked device as a sealed file of our own: written when a session is exported, read when one is imported."""

from __future__ import annotations

import base64
import types
from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields, is_dataclass
from pathlib import Path
from typing import Any, Final, Union, get_args, get_origin, get_type_hints

import orjson
from typing_extensions import override

from wagate.domain.errors import ArchiveUnreadable, InvalidRequest
from wagate.ports.device import LinkedDevice, ReadsDevices
from wagate.store.passphrases import seal, unseal

SOURCE: Final = "wagate"
LEAST_PASSPHRASE: Final = 12
MAX_ARCHIVE: Final = 256 << 20

_FILE = "archive"


def checked_passphrase(passphrase: str | None) -> str:
    """A passphrase that is long enough. Raises InvalidRequest."""
    if passphrase is None or len(passphrase) < LEAST_PASSPHRASE:
        raise InvalidRequest(f"A passphrase has at least {LEAST_PASSPHRASE} characters", pointer="/passphrase")
    return passphrase


def write_archive(device: LinkedDevice, passphrase: str) -> bytes:
    """A device, sealed."""
    return seal(passphrase, orjson.dumps({"device": _plain(device)}))


def read_archive(archive: bytes, passphrase: str) -> LinkedDevice:
    """The inverse of ``write_archive``. Raises ArchiveUnreadable, ArchiveNewer, PassphraseWrong, DeviceUnreadable."""
    content = unseal(passphrase, archive)
    try:
        device = _read(LinkedDevice, orjson.loads(content)["device"])
    except (ValueError, TypeError, KeyError) as error:
        raise ArchiveUnreadable("The archive holds no linked device") from error
    assert isinstance(device, LinkedDevice)
    return device


class ArchiveReader(ReadsDevices):
    """Reads the device out of an archive that was uploaded."""

    def __init__(self, passphrase: str) -> None:
        """Open it with this."""
        self._passphrase = passphrase

    @override
    def place(self, name: str) -> str | None:
        """Whatever it is called, there is one file."""
        return _FILE

    @override
    def read(self, folder: Path, jid: str | None) -> LinkedDevice:
        """The device. Raises what `read_archive` raises."""
        path = folder / _FILE
        if path.stat().st_size > MAX_ARCHIVE:
            raise ArchiveUnreadable(f"An archive has at most {MAX_ARCHIVE} bytes")
        return read_archive(path.read_bytes(), self._passphrase)


def _plain(value: object) -> object:
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if is_dataclass(value):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    return value


def _read(kind: Any, value: Any) -> Any:
    """A value of that type. Raises ValueError, TypeError, KeyError for any other."""
    origin, inner = get_origin(kind), get_args(kind)
    if origin in (Union, types.UnionType):
        return None if value is None else _read(next(each for each in inner if each is not type(None)), value)
    if origin is tuple:
        if not isinstance(value, list):
            raise TypeError("not a list")
        kinds = [inner[0]] * len(value) if inner[-1] is Ellipsis else inner
        return tuple(_read(each, item) for each, item in zip(kinds, value, strict=True))
    if kind is bytes:
        return base64.b64decode(value, validate=True)
    if isinstance(kind, type) and is_dataclass(kind):
        if not isinstance(value, Mapping):
            raise TypeError("not an object")
        hints = get_type_hints(kind)
        made: Callable[..., object] = kind
        # What has a default may be missing: archives that were written before it was carried are still good.
        there = (field.name for field in fields(kind) if field.name in value or field.default is MISSING)
        return made(**{name: _read(hints[name], value[name]) for name in there})
    if type(value) is not kind:
        raise TypeError(f"not of type {kind}")
    return value
