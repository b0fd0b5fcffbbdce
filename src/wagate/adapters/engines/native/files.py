"""What a connection does with the files of messages: upload them before they are sent, and fetch them."""

from __future__ import annotations

import asyncio
import time
from abc import abstractmethod
from asyncio import Task
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from functools import partial
from typing import Final, TypeVar

from typing_extensions import override

from wagate.adapters.engines.native.machine import attachments
from wagate.adapters.engines.native.machine.device import Device
from wagate.adapters.engines.native.machine.flows import Flow
from wagate.adapters.engines.native.machine.media import MediaGone
from wagate.adapters.engines.native.media import MediaForged, MediaLine, MediaUnreachable, Source
from wagate.adapters.whatsapp_web.files import Reference, Sealed, Upload, wire_kind
from wagate.domain.content import Attached, Sticker
from wagate.ports.abilities import FetchesFiles
from wagate.ports.engine import NotSent, Outgoing
from wagate.ports.files import Enclosure, FileDamaged, FileExpired, FileUnreachable, MediaSource
from whatsapp_wire.media.kinds import MediaKind

UPLOADS: Final = 16
"""Files on their way out at once, of all lines together."""

_T = TypeVar("_T")

_ANIMATED: Final = 0x02
_FLAGS_AT: Final = 20


class HandlesFiles(FetchesFiles):
    """The part of a connection that knows the ways of files."""

    _uploads: dict[str, Task[Upload]]

    @property
    @abstractmethod
    def media(self) -> MediaLine:
        """Files, to and from WhatsApp's hosts."""
        ...

    @property
    @abstractmethod
    def _kept(self) -> MediaSource:
        """The files that our messages show."""
        ...

    @property
    @abstractmethod
    def _turns(self) -> asyncio.Semaphore:
        """How many files may be on their way out."""
        ...

    @abstractmethod
    async def _about_files(self, begin: Callable[[Device], Flow[_T]]) -> _T:
        """Run a flow of the machine's; raises what prevents it."""
        ...

    @override
    async def fetch_file(self, reference: bytes) -> AsyncGenerator[bytes, None]:
        """Download, decrypt, and prove at the end; the phone is asked for what is gone."""
        try:
            wanted = Reference.unpack(reference)
            async with aclosing(self.media.download(wanted.file, wanted.message)) as pieces:
                async for piece in pieces:
                    yield piece
        except MediaGone as error:
            raise FileExpired(str(error)) from error
        except MediaUnreachable as error:
            raise FileUnreachable(str(error)) from error
        except (MediaForged, ValueError) as error:
            raise FileDamaged(str(error)) from error

    async def _enclosed(self, outgoing: Outgoing) -> Sealed | None:
        """The file of a message, on the hosts; None for one that shows none, or that is written already.

        Raises NotSent, SendImpossible, MediaGone and what else a `MediaSource` raises, or the vault's error.
        """
        content = outgoing.content
        if not isinstance(content, Attached):
            return None
        enclosure = await self._kept.find(content.media)
        kind = wire_kind(content)
        address = f"{enclosure.media.sha256}.{kind.value}"
        known = await self._about_files(partial(attachments.prepared, wa_id=outgoing.chosen_id, address=address))
        if known.is_written:
            return None
        upload = known.upload or await self._upload(address, kind, enclosure)
        is_animated = isinstance(content, Sticker) and await self._is_animated(enclosure)
        return Sealed(enclosure, upload, is_animated)

    async def _end_uploads(self) -> None:
        """Let go of what is on its way out; nobody has heard of it."""
        under_way = list(self._uploads.values())
        for task in under_way:
            task.cancel()
        await asyncio.gather(*under_way, return_exceptions=True)

    async def _upload(self, address: str, kind: MediaKind, enclosure: Enclosure) -> Upload:
        """Upload a file, once for all who want to send it now."""
        task = self._uploads.get(address)
        if task is None:
            work = self._upload_and_keep(address, kind, partial(self._kept.read, enclosure))
            task = self._uploads[address] = asyncio.get_running_loop().create_task(work)
            task.add_done_callback(partial(self._uploaded, address))
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            if task.cancelled():
                raise NotSent("the session was closed") from None
            raise

    def _uploaded(self, address: str, task: Task[Upload]) -> None:
        del self._uploads[address]
        if not task.cancelled():
            task.exception()  # whoever waited has heard it; perhaps nobody did

    async def _upload_and_keep(self, address: str, kind: MediaKind, source: Source) -> Upload:
        async with self._turns:
            done = await self.media.upload(kind, source, int(time.time()))
        upload = Upload(done.file, done.sidecar)
        await self._about_files(partial(attachments.keep, address=address, upload=upload))
        return upload

    async def _is_animated(self, enclosure: Enclosure) -> bool:
        """Whether a WebP says that it moves (the flags of its ``VP8X`` chunk; WebP Container Specification)."""
        async for piece in self._kept.read(enclosure):
            return piece[12:16] == b"VP8X" and bool(piece[_FLAGS_AT] & _ANIMATED)
        return False
