"""Reading a history as it is inflated: one message at a time, whatever the size of the whole.

A history is a zlib stream of one `HistorySync` protobuf, in which a chat with all its messages is one field. Nothing of
that size is ever held: fields are read as they come, chats are entered, and only their innermost parts are parsed.
Facts: whatsmeow `message.go` (`DownloadHistorySync`), field numbers of `WAProto.proto`.
"""

from __future__ import annotations

import zlib
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from typing import Final, TypeAlias

from google.protobuf.message import DecodeError

from whatsapp_wire.errors import WireError
from whatsapp_wire.message import mended
from whatsapp_wire.proto.history_pb2 import (
    Conversation,
    HistorySyncMsg,
    PhoneNumberToLidMapping,
    Pushname,
    WebMessageInfo,
)

MAX_INFLATED: Final = 1 << 30
"""Bytes that a history may have once it is inflated; what goes beyond is a bomb."""

MAX_PART: Final = 1 << 20
"""Bytes that a message, or another part that is read as one, may have; larger ones are passed over.

The longest text has 256 kB in UTF-8, and small pictures are smaller: no app says anything of that size.
"""

_PIECE: Final = 64 << 10
_CONVERSATIONS, _STATUSES, _NAMES, _LINKS = 2, 3, 7, 15
_ID, _MESSAGES = 1, 2
_TOP: Final = frozenset({_STATUSES, _NAMES, _LINKS})
_OF_CHAT: Final = frozenset({1, 6, 11, 13, 38, 39, 42})
"""Fields of a chat that say something of it; they are parsed together at its end."""

_VARINT, _FIXED_64, _BYTES, _FIXED_32 = 0, 1, 2, 5
_LONGEST_VARINT: Final = 10
_LENGTH_OF: Final = {_FIXED_64: 8, _FIXED_32: 4}


class MalformedHistory(WireError):
    """A history is cut short, is no zlib stream of a protobuf, or is larger than anybody's can be."""


@dataclass(frozen=True, slots=True)
class ToldMessage:
    """A message, and the address of the chat that it is in as the history spells it; empty for a status post."""

    chat: str
    message: WebMessageInfo


ToldPart: TypeAlias = ToldMessage | Conversation | Pushname | PhoneNumberToLidMapping
"""A part of a history. A `Conversation` comes behind its messages, and without them."""


def size_of(part: ToldPart) -> int:
    """Bytes of a part, as it was told."""
    return part.message.ByteSize() if isinstance(part, ToldMessage) else part.ByteSize()


class HistoryReader:
    """Takes a history in order, chunks of any size, and gives its parts.

    ``skipped`` counts the parts that were too large or could not be parsed.
    """

    def __init__(self, *, largest: int = MAX_INFLATED, largest_part: int = MAX_PART) -> None:
        self.skipped = 0
        self._inflater = zlib.decompressobj()
        self._inflated = 0
        self._largest = largest
        self._largest_part = largest_part
        self._buffer = bytearray()
        self._pass_over = 0
        self._chat_left: int | None = None
        """Bytes of the chat that is being read which have not been consumed; None outside of chats."""

        self._chat_id = ""
        self._chat_fields = bytearray()

    def feed(self, deflated: bytes) -> Iterator[ToldPart]:
        """The parts that are complete once these bytes have come. Raises MalformedHistory."""
        data = deflated
        while not self._inflater.eof:
            try:
                inflated = self._inflater.decompress(data, _PIECE)
            except zlib.error as error:
                raise MalformedHistory("the history is no zlib stream") from error
            data = self._inflater.unconsumed_tail
            yield from self._take(inflated)
            if not inflated and not data:
                return

    def finish(self) -> None:
        """Make sure that the history has ended. Raises MalformedHistory."""
        if not self._inflater.eof or self._buffer or self._pass_over or self._chat_left is not None:
            raise MalformedHistory("the history is cut short")

    # ---- inside

    def _take(self, inflated: bytes) -> Iterator[ToldPart]:
        self._inflated += len(inflated)
        if self._inflated > self._largest:
            raise MalformedHistory(f"the history has more than {self._largest} bytes")
        self._buffer += inflated
        while True:
            if not self._passed_over():
                return
            if self._chat_left == 0:
                yield from self._end_chat()
                continue
            if not (yield from self._field()):
                return

    def _passed_over(self) -> bool:
        """Drop what was to be passed over; whether all of it has come."""
        count = min(self._pass_over, len(self._buffer))
        self._consume(count)
        self._pass_over -= count
        return not self._pass_over

    def _consume(self, count: int) -> None:
        del self._buffer[:count]
        if self._chat_left is not None:
            self._chat_left -= count
            if self._chat_left < 0:
                raise MalformedHistory("a field is longer than the chat that it is in")

    def _field(self) -> Generator[ToldPart, None, bool]:
        """Read the next field, if all of it has come; whether it has."""
        tag = self._varint(0)
        if tag is None:
            return False
        (key, at), kind = tag, tag[0] & 7
        number = key >> 3
        if kind == _VARINT:
            value = self._varint(at)
            if value is None:
                return False
            self._keep_scalar(number, value[1])
            return True
        if kind in _LENGTH_OF:
            self._consume(at)
            self._pass_over = _LENGTH_OF[kind]
            return True
        if kind != _BYTES:
            raise MalformedHistory(f"a field has wire type {kind}")
        length = self._varint(at)
        return False if length is None else (yield from self._bytes(number, *length))

    def _bytes(self, number: int, length: int, at: int) -> Generator[ToldPart, None, bool]:
        """Enter a chat, or read a field of bytes that is wanted, or pass over another one."""
        if self._chat_left is None and number == _CONVERSATIONS:
            self._consume(at)
            self._chat_left, self._chat_id = length, ""
            self._chat_fields.clear()
            return True
        wanted = _TOP if self._chat_left is None else _OF_CHAT | {_MESSAGES}
        if number not in wanted or length > self._largest_part:
            self.skipped += number in wanted
            self._consume(at)
            self._pass_over = length
            return True
        if len(self._buffer) < at + length:
            return False
        field, content = bytes(self._buffer[: at + length]), bytes(self._buffer[at : at + length])
        self._consume(at + length)
        try:
            part = self._part(number, field, content)
        except DecodeError:
            self.skipped += 1
            part = None
        if part is not None:
            yield part
        return True

    def _part(self, number: int, field: bytes, content: bytes) -> ToldPart | None:
        if self._chat_left is None:
            if number == _STATUSES:
                return ToldMessage("", mended(WebMessageInfo.FromString(content)))
            kind = Pushname if number == _NAMES else PhoneNumberToLidMapping
            return mended(kind.FromString(content))
        if number == _MESSAGES:
            if not self._chat_id:
                self.skipped += 1
                return None
            return ToldMessage(self._chat_id, mended(HistorySyncMsg.FromString(content)).message)
        if len(self._chat_fields) + len(field) <= self._largest_part:
            self._chat_fields += field
        if number == _ID:
            self._chat_id = content.decode(errors="replace")
        return None

    def _keep_scalar(self, number: int, end: int) -> None:
        if self._chat_left is not None and number in _OF_CHAT and len(self._chat_fields) < self._largest_part:
            self._chat_fields += self._buffer[:end]
        self._consume(end)

    def _end_chat(self) -> Iterator[ToldPart]:
        self._chat_left = None
        try:
            chat = mended(Conversation.FromString(bytes(self._chat_fields)))
        except DecodeError:
            self.skipped += 1
            return
        if chat.id:
            yield chat

    def _varint(self, at: int) -> tuple[int, int] | None:
        """The number at a place and where it ends; None when not all of it has come."""
        value = 0
        for place in range(_LONGEST_VARINT):
            if at + place >= len(self._buffer):
                return None
            byte = self._buffer[at + place]
            value |= (byte & 0x7F) << (7 * place)
            if byte < 0x80:
                return value, at + place + 1
        raise MalformedHistory("a number is longer than ten bytes")
