"""Answers that are files: ranges (RFC 9110, 14), validators, and names for saving (RFC 6266)."""

from __future__ import annotations

import mimetypes
import re
import unicodedata
from dataclasses import dataclass
from urllib.parse import quote

from starlette.requests import Request

from wagate.api.errors import RangeNotSatisfiable

_RANGE = re.compile(r"bytes=(\d{0,19})-(\d{0,19})\Z", re.ASCII)
_SHOWN = ("image/", "video/", "audio/")
_NEVER_SHOWN = frozenset({"image/svg+xml"})
_QUOTED_SAFE = re.compile(r"[^A-Za-z0-9 !#$&+.^_`~()\[\]{}@=,;'-]")


@dataclass(frozen=True, slots=True)
class Span:
    """Bytes from ``start`` up to ``stop`` of ``size``."""

    start: int
    stop: int
    size: int

    @property
    def content_range(self) -> str:
        """The header of an answer that carries only this."""
        return f"bytes {self.start}-{self.stop - 1}/{self.size}"


def wanted_span(request: Request, etag: str, size: int) -> Span | None:
    """The part of a file that a request asks for; None means all of it.

    What is not understood (several ranges, other units, an If-Range that names another version) asks for all, as the
    RFC has it. Raises RangeNotSatisfiable.
    """
    header = request.headers.get("range")
    if header is None or request.headers.get("if-range", etag) != etag:
        return None
    match = _RANGE.match(header.strip().replace(" ", ""))
    if match is None or not (match[1] or match[2]):
        return None
    if not match[1]:
        start, stop = max(size - int(match[2]), 0), size
    else:
        start, stop = int(match[1]), min(int(match[2]) + 1, size) if match[2] else size
        if match[2] and int(match[2]) < start:
            return None
    if start >= size or stop <= start:
        raise RangeNotSatisfiable(f"The file has {size} bytes")
    return Span(start, stop, size)


def is_known(request: Request, etag: str) -> bool:
    """Whether the caller says that they have this very file already."""
    known = [tag.strip().removeprefix("W/") for tag in request.headers.get("if-none-match", "").split(",")]
    return etag in known or "*" in known


def disposition(name: str | None, mime: str, fallback: str) -> str:
    """A Content-Disposition header: pictures and sound may be shown in place, everything else is for saving.

    Old readers take the ASCII name, all others the exact one. Without a name, ``fallback`` gets an ending.
    """
    plain = mime.partition(";")[0]
    shown = plain.startswith(_SHOWN) and plain not in _NEVER_SHOWN
    exact = name or fallback + (mimetypes.guess_extension(plain) or "")
    ascii_name = unicodedata.normalize("NFKD", exact).encode("ascii", "ignore").decode()
    simple = _QUOTED_SAFE.sub("_", ascii_name).strip() or fallback
    header = f'{"inline" if shown else "attachment"}; filename="{simple}"'
    return header if simple == exact else f"{header}; filename*=UTF-8''{quote(exact, safe='')}"
