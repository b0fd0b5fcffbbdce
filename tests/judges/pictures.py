"""Pictures: clients look into what they are told is one."""

from __future__ import annotations

import struct
import zlib
from io import BytesIO
from random import Random

from PIL import Image


def png(width: int, height: int) -> bytes:
    """A picture of noise, the same every time."""
    noise = Random(width * height)
    rows = b"".join(b"\x00" + noise.randbytes(3 * width) for _ in range(height))
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + _chunk(b"IDAT", zlib.compress(rows)) + _chunk(b"IEND", b"")


def jpeg() -> bytes:
    """A small square in one colour, as a portrait."""
    written = BytesIO()
    Image.new("RGB", (64, 64), "red").save(written, "JPEG")
    return written.getvalue()


def _chunk(name: bytes, content: bytes) -> bytes:
    """PNG, section 5.3."""
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))
