"""Reading what a phone told of the past: files from the media hosts, inflated and committed part by part.

Nothing is held as a whole: a file goes to an unlinked temporary one, because nothing of it may be believed before its
end was proven (`MediaLine.download`), and from there through `HistoryReader`. How many parts are committed stands in
the record of the notice, in the same unit as each part, so a process that dies goes on behind the last one.
"""

from __future__ import annotations

import asyncio
import tempfile
from abc import abstractmethod
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass
from functools import partial
from typing import IO, Any, Final, TypeVar

import structlog
from typing_extensions import override

from wagate.adapters.engines.native.machine import histories
from wagate.adapters.engines.native.machine.device import Device
from wagate.adapters.engines.native.machine.flows import Flow
from wagate.adapters.engines.native.machine.histories import Waiting
from wagate.adapters.whatsapp_web.files import MediaFailed, MediaGone
from wagate.adapters.whatsapp_web.media import MediaForged, MediaLine
from wagate.adapters.whatsapp_web.past import MALFORMED, UNREADABLE, Part
from wagate.domain.jid import Jid
from wagate.ports.abilities import Oldest, QueriesHistory
from wagate.ports.engine import NotSent
from wagate.ports.news import HistoryRead
from wagate.ports.vault import VaultFailed
from whatsapp_wire.errors import StanzaRefused
from whatsapp_wire.history.notices import HistoryNotice
from whatsapp_wire.history.reading import HistoryReader, MalformedHistory
from whatsapp_wire.media.content import MediaFile
from whatsapp_wire.stanza.source import Own

_log = structlog.get_logger(__name__)

_T = TypeVar("_T")

MAX_DEFLATED: Final = 256 << 20
"""Bytes that a history may have as it is on the hosts."""

_PIECE: Final = 64 << 10
_PAUSES_S: Final = (2.0, 10.0, 60.0)
"""How long to wait before trying again what did not succeed; after the last, it has failed."""

MAX_TRIES: Final = 20
"""How often reading a history is begun without a part of it being committed."""


class HistoryTooLarge(MediaFailed):
    """The history is larger than anybody's can be"""

    code = "history_too_large"


_FINAL: Final = (MalformedHistory, HistoryTooLarge, MediaGone, MediaForged)
"""What does not get better by trying again."""


@dataclass(frozen=True, slots=True)
class Means:
    """What reading needs of its line: to have the machine run a flow, files, our addresses, and who is told."""

    run: Callable[[Callable[[Device], Flow[Any]]], Awaitable[Any]]
    media: Callable[[], MediaLine]
    own: Callable[[], Own | None]
    session: str


class SpeaksOfThePast(QueriesHistory):
    """The ability that has to do with history."""

    @abstractmethod
    async def _in_history(self, begin: Callable[[Device], Flow[_T]]) -> _T:
        """Have the machine run a flow, and wait for what comes of it."""
        ...

    @override
    async def ask_for_history(self, chat: Jid, oldest: Oldest, count: int) -> str:
        """Ask the phone for older messages of a chat."""
        return await self._in_history(lambda us: histories.ask(us, chat, oldest, count))


@dataclass(frozen=True, slots=True)
class _PutOff:
    """How often reading a history has failed, and until when (by the loop's clock) it is not tried again."""

    count: int
    until: float


class HistoryDesk:
    """Reads one history after the other, whenever it is woken. ``run`` ends only when it is cancelled."""

    def __init__(self, means: Means, pauses_s: tuple[float, ...] = _PAUSES_S) -> None:
        """Wait that long before each further attempt."""
        self._means = means
        self._pauses_s = pauses_s
        self._woken = asyncio.Event()
        self._put_off: dict[str, _PutOff] = {}

    def wake(self) -> None:
        """There may be something to read, and a line over which it can be had."""
        self._woken.set()

    async def run(self) -> None:
        """Read whatever waits."""
        while True:
            await self._woken.wait()
            self._woken.clear()
            try:
                await self._read_all()
            except (NotSent, VaultFailed) as error:
                # The line or the vault is gone. Whoever mends it wakes us again.
                _log.info("histories wait", session=self._means.session, reason=str(error))
            except Exception:  # a mistake of ours must not end the reading of other histories for good
                _log.exception("the reading of a history failed", session=self._means.session)

    async def _read_all(self) -> None:
        waiting: list[Waiting] = await self._means.run(histories.waiting)
        for whole in waiting:
            put_off = self._put_off.get(whole.address)
            if put_off is None or put_off.until <= asyncio.get_running_loop().time():
                await self._read(whole)

    async def _read(self, whole: Waiting) -> None:
        """Read one history to its end, or find that it cannot be. Raises NotSent, VaultFailed."""
        try:
            notice = whole.notice
        except StanzaRefused as error:
            await self._finish(whole, HistoryRead(whole.address, "other", code=MALFORMED, detail=str(error)))
            return
        if whole.tries >= MAX_TRIES:
            detail = f"reading it was begun {whole.tries} times, and each time something broke"
            await self._finish(whole, HistoryRead(whole.address, notice.kind.value, code=UNREADABLE, detail=detail))
            return
        await self._means.run(partial(histories.begin, whole=whole))
        reading = _Reading(self._means, whole)
        failure: MalformedHistory | MediaFailed | None = None
        try:
            await reading.through(notice)
        except (MalformedHistory, MediaFailed) as error:
            _log.info("a history was not read", session=self._means.session, kind=notice.kind, reason=str(error))
            if not isinstance(error, _FINAL) and self._is_put_off(whole):
                return
            failure = error
        self._put_off.pop(whole.address, None)
        read = HistoryRead(
            whole.address,
            notice.kind.value,
            notice.chunk,
            notice.progress,
            reading.skipped,
            code=None if failure is None else MALFORMED if isinstance(failure, MalformedHistory) else failure.code,
            detail="" if failure is None else str(failure),
        )
        await self._finish(whole, read, frozenset(reading.chats))

    def _is_put_off(self, whole: Waiting) -> bool:
        """Try again later, unless there were enough attempts; whether there will be another."""
        count = self._put_off[whole.address].count if whole.address in self._put_off else 0
        if count >= len(self._pauses_s):
            return False
        loop, pause_s = asyncio.get_running_loop(), self._pauses_s[count]
        self._put_off[whole.address] = _PutOff(count + 1, loop.time() + pause_s)
        loop.call_later(pause_s, self.wake)
        return True

    async def _finish(self, whole: Waiting, read: HistoryRead, chats: frozenset[Jid] = frozenset()) -> None:
        await self._means.run(partial(histories.finish, whole=whole, read=read, chats=chats))


class _Reading:
    """One history on its way. ``chats`` are those that it tells of, ``skipped`` counts what could not be used."""

    def __init__(self, means: Means, whole: Waiting) -> None:
        self._means = means
        self._whole = whole
        self.chats: set[Jid] = set()
        self.skipped = 0

    async def through(self, notice: HistoryNotice) -> None:
        """Read and commit all of it. Raises MalformedHistory, MediaFailed, NotSent, VaultFailed."""
        if notice.inline is not None:
            await self._read(_sliced(notice.inline))
        elif notice.file is None:
            raise MalformedHistory("the notice does not say where the history is")
        else:
            with tempfile.TemporaryFile(prefix="wagate-history-") as spool:
                await self._fetch(notice.file, spool)
                await self._read(_pieces(spool))

    async def _fetch(self, file: MediaFile, spool: IO[bytes]) -> None:
        """Have the file on disk, and its end proven."""
        size = 0
        async with aclosing(self._means.media().download(file)) as arriving:
            async for piece in arriving:
                size += len(piece)
                if size > MAX_DEFLATED:
                    raise HistoryTooLarge(f"the history has more than {MAX_DEFLATED} bytes")
                await asyncio.to_thread(spool.write, piece)
        await asyncio.to_thread(spool.seek, 0)

    async def _read(self, pieces: AsyncIterator[bytes]) -> None:
        own = self._means.own()
        if own is None:
            raise NotSent("the session is not paired any more")
        reader, part, unusable = HistoryReader(), Part(0), 0
        self.chats.clear()
        async for piece in pieces:
            for told in reader.feed(piece):
                if not part.take(told, own.lid):
                    unusable += 1
                elif part.is_full:
                    await self._commit(part)
                    part = Part(part.number + 1)
            await asyncio.sleep(0)
        reader.finish()
        if part.size:
            await self._commit(part)
        self.skipped = reader.skipped + unusable

    async def _commit(self, part: Part) -> None:
        """Commit a part, unless that was done before."""
        self.chats.update(chat.jid for chat in part.chats)
        if part.number >= self._whole.done:
            await self._means.run(partial(histories.commit, whole=self._whole, part=part))


async def _sliced(content: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(content), _PIECE):
        yield content[start : start + _PIECE]


async def _pieces(spool: IO[bytes]) -> AsyncIterator[bytes]:
    while piece := await asyncio.to_thread(spool.read, _PIECE):
        yield piece
