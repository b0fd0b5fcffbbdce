"""What a connection does with the files of messages: upload them before they are sent, and fetch them."""

from __future__ import annotations

import asyncio
import time
from abc import abstractmethod
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from functools import partial
from typing import Final, TypeVar

from typing_extensions import override

from wagate.adapters.engines.native.machine import attachments, receipts
from wagate.adapters.engines.native.machine.device import Device
from wagate.adapters.engines.native.machine.flows import Flow
from wagate.adapters.whatsapp_web.files import Sealed, Upload, wire_kind
from wagate.adapters.whatsapp_web.media import MediaLine, Source
from wagate.adapters.whatsapp_web.transfers import SharedUploads, fetched, is_animated
from wagate.domain.content import Attached, Sticker
from wagate.domain.jid import Jid
from wagate.ports.abilities import FetchesFiles, MarksPlayed
from wagate.ports.engine import Outgoing
from wagate.ports.files import MediaSource
from whatsapp_wire.media.kinds import MediaKind

UPLOADS: Final = 16
"""Files on their way out at once, of all lines together."""

_T = TypeVar("_T")


class HandlesFiles(FetchesFiles, MarksPlayed):
    """The part of a connection that knows the ways of files."""

    _uploads: SharedUploads

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
        async with aclosing(fetched(self.media, reference)) as pieces:
            async for piece in pieces:
                yield piece

    @override
    async def mark_played(self, chat: Jid, sender: Jid, wa_ids: list[str]) -> None:
        """Send played receipts."""
        await self._about_files(partial(receipts.mark_played, chat=chat, sender=sender, wa_ids=wa_ids))

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
        work = partial(self._upload_and_keep, address, kind, partial(self._kept.read, enclosure))
        upload = known.upload or await self._uploads.of(address, work)
        moves = isinstance(content, Sticker) and await is_animated(self._kept, enclosure)
        return Sealed(enclosure, upload, moves)

    async def _upload_and_keep(self, address: str, kind: MediaKind, source: Source) -> Upload:
        async with self._turns:
            done = await self.media.upload(kind, source, int(time.time()))
        upload = Upload(done.file, done.sidecar)
        await self._about_files(partial(attachments.keep, address=address, upload=upload))
        return upload
