"""What engines do alike with files: fetch one by its reference, and upload none twice that several messages want."""

from __future__ import annotations

import asyncio
from asyncio import Task
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import aclosing
from functools import partial
from typing import Any, Final

from wagate.adapters.whatsapp_web.files import MediaGone, Reference, Upload
from wagate.adapters.whatsapp_web.media import MediaForged, MediaLine, MediaUnreachable
from wagate.ports.engine import NotSent
from wagate.ports.files import Enclosure, FileDamaged, FileExpired, FileUnreachable, MediaSource

_ANIMATED: Final = 0x02
_FLAGS_AT: Final = 20


async def fetched(line: MediaLine, reference: bytes) -> AsyncGenerator[bytes, None]:
    """The plain bytes of a file that arrived, proven at the end. Raises what `FetchesFiles.fetch_file` does."""
    try:
        wanted = Reference.unpack(reference)
        async with aclosing(line.download(wanted.file, wanted.message)) as pieces:
            async for piece in pieces:
                yield piece
    except MediaGone as error:
        raise FileExpired(str(error)) from error
    except MediaUnreachable as error:
        raise FileUnreachable(str(error)) from error
    except (MediaForged, ValueError) as error:
        raise FileDamaged(str(error)) from error


async def is_animated(source: MediaSource, enclosure: Enclosure) -> bool:
    """Whether a WebP says that it moves (the flags of its ``VP8X`` chunk; WebP Container Specification)."""
    async for piece in source.read(enclosure):
        return piece[12:16] == b"VP8X" and bool(piece[_FLAGS_AT] & _ANIMATED)
    return False


class SharedUploads:
    """The uploads of one line that are under way, by what is uploaded: who wants the same waits for the same."""

    def __init__(self) -> None:
        """None are."""
        self._under_way: dict[str, Task[Upload]] = {}

    async def of(self, address: str, begin: Callable[[], Coroutine[Any, Any, Upload]]) -> Upload:
        """What is being uploaded under an address, which is begun unless it was. Raises what that raises, or NotSent.

        Who gives up waiting does not end it.
        """
        task = self._under_way.get(address)
        if task is None:
            task = self._under_way[address] = asyncio.get_running_loop().create_task(begin())
            task.add_done_callback(partial(self._ended, address))
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            if task.cancelled():
                raise NotSent("the session was closed") from None
            raise

    async def end(self) -> None:
        """Let go of what is on its way out; nobody has heard of it."""
        under_way = list(self._under_way.values())
        for task in under_way:
            task.cancel()
        await asyncio.gather(*under_way, return_exceptions=True)

    def _ended(self, address: str, task: Task[Upload]) -> None:
        del self._under_way[address]
        if not task.cancelled():
            task.exception()  # whoever waited has heard it; perhaps nobody did
