"""Files for tests: a content, where it is read from, and what came of a download."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator

from wagate.adapters.whatsapp_web.media import MediaLine, Patience, Source
from whatsapp_wire.media.content import MediaFile
from whatsapp_wire.stanza.media import MediaMessage

CONTENT = os.urandom(700_001)
QUICK = Patience(connect_s=2.0, stall_s=0.4, total_s=4.0, rounds=2, pause_s=0.01)
NOW = 1_800_000_000


def source_of(content: bytes, step: int = 100_000) -> Source:
    """A source that can be read as often as one likes."""

    async def read() -> AsyncIterator[bytes]:
        for start in range(0, len(content), step):
            yield content[start : start + step]

    return read


async def got(line: MediaLine, file: MediaFile, message: MediaMessage | None = None) -> bytes:
    """All of a file."""
    return b"".join([piece async for piece in line.download(file, message)])
