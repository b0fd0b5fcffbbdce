"""The files of messages: fetched by the gateway itself, and put into the session's folder for the worker to upload."""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import shutil
import time
from abc import abstractmethod
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Final, Protocol

from typing_extensions import override

from wagate.adapters.engines.neonize.attachment import AskFailed
from wagate.adapters.engines.neonize.limits import Limits
from wagate.adapters.engines.neonize.link.messages import Answer
from wagate.adapters.engines.neonize.records import UPLOADS
from wagate.adapters.whatsapp_web.files import Sealed, Upload, wire_kind
from wagate.adapters.whatsapp_web.http import USER_AGENT, Pools, http_proxy, tls_context
from wagate.adapters.whatsapp_web.media import MediaLine, Patience, Road, UploadFailed
from wagate.adapters.whatsapp_web.transfers import (
    SharedUploads,
    Told,
    asks_for,
    fetched,
    is_animated,
    told_failure,
    upload_told,
)
from wagate.domain.content import Attached, Sticker
from wagate.domain.errors import UnsupportedByEngine
from wagate.ports.abilities import FetchesFiles
from wagate.ports.engine import Line
from wagate.ports.files import Enclosure
from wagate.ports.vault import Unit

MEDIA_HOSTS: Final = ("mmg.whatsapp.net",)
"""Where files are fetched. whatsmeow asks for the nearest hosts, and neonize does not tell them; this one has all."""

STAGED: Final = "uploads"
"""The folder, in that of the session, with files that the worker is to upload."""

_MB: Final = 1 << 20


class Errand(Protocol):
    """Has the worker do something."""

    async def __call__(self, what: str, subject: str = "", *, text: str = "", within_s: float | None = None) -> Answer:
        """Raises AskFailed, NotSent."""
        ...


@dataclass(frozen=True, slots=True)
class Reach:
    """Where files are fetched, who must have signed for it (a PEM file; None: the system's authorities), how long."""

    hosts: tuple[str, ...] = MEDIA_HOSTS
    ca_file: Path | None = None
    patience: Patience = field(default_factory=Patience)


class Ways:
    """How all lines of an engine reach the media hosts; ``turns`` bounds the uploads of their workers."""

    def __init__(self, reach: Reach, turns: int) -> None:
        """Nothing is opened before it is needed. Raises OSError or ssl.SSLError for the file of authorities."""
        self.turns = asyncio.Semaphore(turns)
        self._reach = reach
        self._tls = tls_context(reach.ca_file)
        self._pools = Pools()

    def line(self, proxy: str | None) -> MediaLine:
        """Through a line's proxy."""
        road = Road(partial(self._pools.client, proxy), http_proxy(proxy), self._tls, USER_AGENT)
        return MediaLine(road, asks_for(self._reach.hosts), self._reach.patience)

    async def close(self) -> None:
        """Close what is open."""
        await self._pools.close()


class Parcels:
    """The files of one line, both ways."""

    def __init__(
        self,
        ways: Ways,
        line: Line,
        folder: Path,
        limits: Limits,
        errand: Errand,
        commit: Callable[[Unit], Awaitable[None]],
    ) -> None:
        """``folder`` is the session's. ``commit`` makes a unit durable; it raises NotSent or VaultFailed."""
        self._ways = ways
        self._line = line
        self._folder = folder / STAGED
        self._limits = limits
        self._errand = errand
        self._commit = commit
        self._uploads = SharedUploads()

    @property
    def media(self) -> MediaLine:
        """The way in, through the session's proxy."""
        return self._ways.line(self._line.proxy)

    def clear(self) -> None:
        """Delete what a gateway that died has left for its worker. Nothing may be on its way out."""
        shutil.rmtree(self._folder, ignore_errors=True)

    async def end(self) -> None:
        """Let go of what is on its way out."""
        await self._uploads.end()

    async def enclosed(self, content: object) -> Sealed | None:
        """The file that a content shows, on the hosts; None for one that shows none.

        Raises UnsupportedByEngine, NotSent, SendImpossible, VaultFailed, and what a `MediaSource` raises.
        """
        if not isinstance(content, Attached):
            return None
        enclosure = await self._line.media.find(content.media)
        largest = self._limits.upload_bytes
        if (enclosure.media.size or 0) > largest:
            raise UnsupportedByEngine(f"neonize holds a file whole to send it, so it may have {largest // _MB} MB")
        address = f"{enclosure.media.sha256}.{wire_kind(content).value}"
        upload = await self._known(address)
        if upload is None:
            upload = await self._uploads.of(address, partial(self._upload, content, enclosure, address))
        moves = isinstance(content, Sticker) and await is_animated(self._line.media, enclosure)
        return Sealed(enclosure, upload, moves)

    async def _known(self, address: str) -> Upload | None:
        await self._line.vault.load([(UPLOADS, address)])
        kept = self._line.vault.get(UPLOADS, address)
        upload = None if kept is None else Upload.unpack(kept)
        return upload if upload is not None and upload.is_good(time.time()) else None

    async def _upload(self, content: Attached, enclosure: Enclosure, address: str) -> Upload:
        """Have the worker upload a file, and remember where it is."""
        async with self._ways.turns:
            path = self._folder / secrets.token_hex(8)
            try:
                await self._stage(path, enclosure)
                told = await self._ship(wire_kind(content).value, path.name)
            finally:
                with contextlib.suppress(OSError):
                    path.unlink()
            upload = await upload_told(content, told, enclosure, self._line.media)
        unit = Unit()
        unit.put(UPLOADS, address, upload.pack())
        await self._commit(unit)
        return upload

    async def _stage(self, path: Path, enclosure: Enclosure) -> None:
        """Write the file where the worker finds it, piece by piece. Raises UploadFailed, and what the source raises."""
        try:
            async with asyncio.timeout(self._limits.upload_s):
                _create(path)
                async for piece in self._line.media.read(enclosure):
                    await asyncio.to_thread(_append, path, piece)
        except OSError as error:  # a TimeoutError is one, too
            reason = error.strerror or "it took too long"
            raise UploadFailed(f"the file could not be put into the session's folder: {reason}") from error

    async def _ship(self, kind: str, name: str) -> Told:
        """Raises UploadFailed, UploadRefused, NotSent."""
        try:
            answer = await self._errand("upload", kind, text=name, within_s=self._limits.upload_s)
        except AskFailed as failed:
            raise told_failure(str(failed)) from failed
        try:
            (shipped,) = answer.shipped
            key, plain, sealed = map(bytes.fromhex, (shipped.media_key, shipped.sha256, shipped.enc_sha256))
        except ValueError as error:
            raise UploadFailed("the worker's answer about an upload makes no sense") from error
        return Told(shipped.direct_path, shipped.url, key, plain, sealed)


class HandlesFiles(FetchesFiles):
    """The part of a connection that knows the ways of files."""

    @property
    @abstractmethod
    def _parcels(self) -> Parcels:
        """The files of this line."""
        ...

    @override
    async def fetch_file(self, reference: bytes) -> AsyncGenerator[bytes, None]:
        """Download, decrypt, and prove at the end. neonize has no call that asks the phone for what is gone."""
        async with aclosing(fetched(self._parcels.media, reference)) as pieces:
            async for piece in pieces:
                yield piece


def _create(path: Path) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))


def _append(path: Path, piece: bytes) -> None:
    """Opened for each piece: a thread that nobody waits for any more must not write into a reused descriptor."""
    file = os.open(path, os.O_WRONLY | os.O_APPEND)
    try:
        rest = memoryview(piece)
        while rest:
            rest = rest[os.write(file, rest) :]
    finally:
        os.close(file)
