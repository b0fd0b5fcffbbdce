"""Transport frames: a three-byte big-endian length, then the body; several or parts of one per WebSocket message."""

from typing import Final

from whatsapp_wire.errors import MalformedFrame

LENGTH_SIZE: Final = 3
MAX_FRAME: Final = (1 << 24) - 1
PROLOGUE_SIZE: Final = 4

_ROUTING_MARK = b"ED\x00\x01"


def frame(body: bytes) -> bytes:
    """Put the length in front; raise `MalformedFrame` when the body is longer than `MAX_FRAME` bytes."""
    if len(body) > MAX_FRAME:
        raise MalformedFrame(f"a frame carries at most {MAX_FRAME} bytes, not {len(body)}")
    return len(body).to_bytes(LENGTH_SIZE, "big") + body


def split_prologue(received: bytes) -> tuple[bytes, bytes] | None:
    """Split what a client sent first into its prologue and the frames behind it; None while bytes are missing.

    Baileys may put a block with the server's routing hint before the prologue (``ED 00 01``, three-byte length, hint).
    The hint takes no part in the handshake and is dropped.
    """
    start = 0
    if received.startswith(_ROUTING_MARK):
        start = len(_ROUTING_MARK) + LENGTH_SIZE
        start += int.from_bytes(received[len(_ROUTING_MARK) : start], "big")
    end = start + PROLOGUE_SIZE
    return (received[start:end], received[end:]) if len(received) >= end else None


class FrameReader:
    """Cuts a stream of bytes, split anywhere, into frame bodies.

    Holds at most one unfinished frame (`MAX_FRAME` bytes) between calls; any bytes at all make valid frames.
    """

    __slots__ = ("_rest",)

    def __init__(self) -> None:
        self._rest = bytearray()

    def feed(self, received: bytes) -> list[bytes]:
        """Take the next bytes of the stream and return the bodies they complete."""
        if not self._rest:
            bodies, at = _cut(received)
            self._rest += received[at:]
            return bodies
        self._rest += received
        if len(self._rest) < LENGTH_SIZE + int.from_bytes(self._rest[:LENGTH_SIZE], "big"):
            return []
        bodies, at = _cut(bytes(self._rest))
        del self._rest[:at]
        return bodies


def _cut(stream: bytes) -> tuple[list[bytes], int]:
    bodies = []
    at = 0
    while len(stream) - at >= LENGTH_SIZE:
        end = at + LENGTH_SIZE + int.from_bytes(stream[at : at + LENGTH_SIZE], "big")
        if end > len(stream):
            break
        bodies.append(stream[at + LENGTH_SIZE : end])
        at = end
    return bodies, at
