"""multipart/form-data (RFC 7578), part by part as it comes in: no part is ever in memory as a whole."""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator
from dataclasses import dataclass

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from wagate.api.errors import InvalidMultipart

PIECE = 256 * 1024
"""Data is handed on in pieces of about this size: each piece costs a trip to the disk's threads."""

_MAX_PARTS = 20
_MAX_HEADERS = 8 * 1024
_MAX_FIELD = 1024


@dataclass(frozen=True, slots=True)
class Part:
    """The head of a part. ``filename`` is None for a plain field; it and ``mime`` are what the client says."""

    name: str
    filename: str | None
    mime: str | None


@dataclass(frozen=True, slots=True)
class _EndOfPart:
    pass


class Form:
    """A form that is coming in. Parts are taken in order: each must be read to its end before the next."""

    def __init__(self, content_type: str, chunks: AsyncIterator[bytes]) -> None:
        """``content_type`` names the boundary. Raises InvalidMultipart."""
        _, options = parse_options_header(content_type)
        boundary = options.get(b"boundary", b"")
        if not 1 <= len(boundary) <= 70:  # RFC 2046, 5.1.1
            raise InvalidMultipart("The Content-Type names no boundary of 1 to 70 characters")
        self._chunks = chunks
        self._found: deque[Part | bytes | _EndOfPart] = deque()
        self._headers: dict[bytes, bytes] = {}
        self._header: tuple[bytes, bytes] = (b"", b"")
        self._header_bytes = 0
        self._parts = 0
        self._is_complete = False
        self._parser = MultipartParser(
            boundary,
            {
                "on_part_begin": self._begin,
                "on_header_field": self._name_header,
                "on_header_value": self._fill_header,
                "on_header_end": self._end_header,
                "on_headers_finished": self._open_part,
                "on_part_data": self._take,
                "on_part_end": self._end_part,
                "on_end": self._complete,
            },
        )

    async def part(self) -> Part | None:
        """The next part, or None at the end. Raises InvalidMultipart."""
        while not self._found:
            if not await self._feed():
                return None
        found = self._found.popleft()
        if not isinstance(found, Part):
            raise InvalidMultipart("A part was not read to its end")
        return found

    async def data(self) -> AsyncIterator[bytes]:
        """The content of the part that was taken last. Raises InvalidMultipart."""
        gathered: list[bytes] = []
        size = 0
        while True:
            while self._found:
                found = self._found.popleft()
                if isinstance(found, bytes):
                    gathered.append(found)
                    size += len(found)
                    continue
                if gathered:
                    yield b"".join(gathered)
                return
            if size >= PIECE:
                yield b"".join(gathered)
                gathered, size = [], 0
            if not await self._feed():
                raise InvalidMultipart("The body ends in the middle of a part")

    async def field(self, most: int = _MAX_FIELD) -> str:
        """The content of a plain field. Raises InvalidMultipart if it has more than ``most`` bytes, or is not UTF-8."""
        value = b""
        async for piece in self.data():
            value += piece
            if len(value) > most:
                raise InvalidMultipart(f"A field has more than {most} bytes; only `file` may")
        try:
            return value.decode()
        except UnicodeDecodeError:
            raise InvalidMultipart("A field is not UTF-8") from None

    async def _feed(self) -> bool:
        """Parse one more chunk; False when there is none, and the form is complete."""
        async for chunk in self._chunks:
            if not chunk:
                continue
            try:
                self._parser.write(chunk)
            except FormParserError as error:
                raise InvalidMultipart(f"The body is not well-formed: {error}") from None
            return True
        if not self._is_complete:
            raise InvalidMultipart("The body ends before the last boundary")
        return False

    # ---- what the parser tells

    def _begin(self) -> None:
        self._headers, self._header_bytes = {}, 0
        self._parts += 1
        if self._parts > _MAX_PARTS:
            raise InvalidMultipart(f"The form has more than {_MAX_PARTS} parts")

    def _name_header(self, raw: bytes, start: int, end: int) -> None:
        name, value = self._header
        self._header = (name + raw[start:end], value)
        self._count(end - start)

    def _fill_header(self, raw: bytes, start: int, end: int) -> None:
        name, value = self._header
        self._header = (name, value + raw[start:end])
        self._count(end - start)

    def _end_header(self) -> None:
        name, value = self._header
        self._headers[name.lower()] = value
        self._header = (b"", b"")

    def _open_part(self) -> None:
        disposition, options = parse_options_header(self._headers.get(b"content-disposition"))
        name = options.get(b"name")
        if disposition != b"form-data" or name is None:
            raise InvalidMultipart("A part has no Content-Disposition: form-data with a name")
        filename = options.get(b"filename")
        mime = self._headers.get(b"content-type")
        self._found.append(
            Part(
                name.decode(errors="replace"),
                None if filename is None else filename.decode(errors="replace"),
                None if mime is None else mime.decode("latin-1").partition(";")[0].strip().lower(),
            )
        )

    def _take(self, raw: bytes, start: int, end: int) -> None:
        if end > start:
            self._found.append(bytes(raw[start:end]))

    def _end_part(self) -> None:
        self._found.append(_EndOfPart())

    def _complete(self) -> None:
        self._is_complete = True

    def _count(self, more: int) -> None:
        self._header_bytes += more
        if self._header_bytes > _MAX_HEADERS:
            raise InvalidMultipart(f"The headers of a part have more than {_MAX_HEADERS} bytes")
