"""What engines do alike with files: fetch one by its reference, and upload none twice that several messages want."""

from __future__ import annotations

import asyncio
import re
import time
from asyncio import Task
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import aclosing
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

from wagate.adapters.whatsapp_web.files import MediaGone, Reference, Upload, wire_kind
from wagate.adapters.whatsapp_web.media import (
    Asks,
    MediaForged,
    MediaLine,
    MediaUnreachable,
    UploadFailed,
    UploadRefused,
    is_final,
    measured,
)
from wagate.domain.content import Attached
from wagate.ports.engine import NotSent, SendImpossible
from wagate.ports.files import Enclosure, FileDamaged, FileExpired, FileUnreachable, MediaSource
from whatsapp_wire.media.content import MediaFile, is_direct_path
from whatsapp_wire.media.keys import MEDIA_KEY_SIZE
from whatsapp_wire.media.opening import MediaSecret
from whatsapp_wire.stanza.media import MediaConnection, MediaMessage

_ANIMATED: Final = 0x02
_FLAGS_AT: Final = 20
_STATUS: Final = re.compile(r"upload failed with status code (\d+)")


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


@dataclass(frozen=True, slots=True)
class Told:
    """What a library says of a file that it uploaded: where it is, its key, and hashes (SHA-256) of both its forms."""

    direct_path: str
    url: str = field(repr=False)
    media_key: bytes = field(repr=False)
    sha256: bytes
    enc_sha256: bytes


async def upload_told(content: Attached, told: Told, enclosure: Enclosure, source: MediaSource) -> Upload:
    """A library's upload as one of ours, if it is of the file that we keep; a streamed one gets the sidecar it lacks.

    Raises UploadFailed, UploadRefused, and what the source raises.
    """
    made_at, kind, media = int(time.time()), wire_kind(content), enclosure.media
    if not is_direct_path(told.direct_path) or len(told.media_key) != MEDIA_KEY_SIZE:
        raise UploadFailed("what is told of the upload makes no sense")
    if media.sha256 is None or told.sha256 != bytes.fromhex(media.sha256):
        raise UploadFailed("what was uploaded is not the file that is kept")
    sidecar = None
    if kind.is_streamed:
        sealed = await measured(told.media_key, kind, partial(source.read, enclosure))
        if sealed.enc_sha256 != told.enc_sha256:
            raise UploadFailed("what was uploaded is not encrypted as it should be")
        sidecar = sealed.sidecar
    secret = MediaSecret(kind, told.media_key, told.sha256, told.enc_sha256, media.size)
    return Upload(MediaFile(secret, told.direct_path, told.url or None, made_at), sidecar)


def told_failure(words: str) -> NotSent | SendImpossible:
    """What whatsmeow's words about an upload mean (``upload.go``): a host's refusal is final, all else may pass."""
    status = _STATUS.search(words)
    if status is not None and is_final(int(status[1])):
        return UploadRefused(f"the media host answered HTTP {status[1]}")
    return UploadFailed(words)


def asks_for(hosts: tuple[str, ...]) -> Asks:
    """For a line that can ask WhatsApp for neither: these hosts, which serve without a word, and no phone."""

    async def known(_stale: MediaConnection | None) -> MediaConnection:
        return MediaConnection("", 0, 0, hosts)

    async def nobody(_message: MediaMessage, _key: bytes) -> str:
        raise MediaGone("the hosts do not have the file any more, and this engine cannot ask the phone for it")

    return Asks(known, nobody)
