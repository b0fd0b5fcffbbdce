"""Histories: read from the files in which the worker kept them, and committed part by part.

How many parts are committed stands in a history's record, in the same unit as each part, so a gateway that dies goes on
behind the last one. The file is deleted once nothing more is to be read in it, and only then its record.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import IO, Final, Self

import structlog

from wagate.adapters.engines.neonize.link.past import HISTORIES, UNSAID, HistoryCame
from wagate.adapters.engines.neonize.records import PASTS, POLLS, pack_poll
from wagate.adapters.whatsapp_web.letters import Account
from wagate.adapters.whatsapp_web.past import (
    MALFORMED,
    UNREADABLE,
    Part,
    PastReader,
    PastUnreadable,
    kind_wanted,
    letter_of,
    past_in,
)
from wagate.domain.jid import Jid
from wagate.domain.session import HistoryPolicy
from wagate.ports.engine import Line, NotSent
from wagate.ports.news import HistoryArrived, HistoryRead, PastChat
from wagate.ports.vault import RecordUnreadable, Unit, VaultFailed

_log = structlog.get_logger(__name__)

_PIECE: Final = 64 << 10
_PAUSE_S: Final = 60.0
"""How long to wait before trying again what the disk did not allow."""

_MAX_TRIES: Final = 20
"""How often reading a history is begun without a part of it being committed."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A history that is to be read: what the worker said of it, and how many parts are committed.

    ``tries`` counts how often reading it was begun since the last part was; of one that is ``over`` only the file may
    be left.
    """

    name: str
    kind: int
    chunk: int
    progress: int
    error: str = ""
    done: int = 0
    tries: int = 0
    over: bool = False

    @classmethod
    def of(cls, came: HistoryCame, address: str) -> Self:
        """One that the worker told of just now, under the address of its record."""
        return cls(address, came.kind, came.chunk, came.progress, came.error)

    def pack(self) -> bytes:
        """The record's value."""
        return json.dumps(asdict(self)).encode()

    @classmethod
    def unpack(cls, value: bytes) -> Self:
        """Read a record's value. Raises RecordUnreadable."""
        try:
            return cls(**json.loads(value))
        except (TypeError, ValueError) as error:
            raise RecordUnreadable("the record of a history is damaged") from error

    def read(self, kind: str, skipped: int = 0, code: str | None = None, detail: str = "") -> HistoryRead:
        """What is told at its end."""
        progress = None if self.progress == UNSAID else self.progress
        return HistoryRead(self.name, kind, max(0, self.chunk), progress, skipped, code=code, detail=detail)


def keep(came: HistoryCame, number: int, unit: Unit) -> None:
    """Take a history into account; ``number`` is that of the entry that tells of it."""
    address = came.name or f"lost-{number:018}"
    unit.put(PASTS, address, Waiting.of(came, address).pack())


class PastDesk:
    """Reads one history after the other, whenever it is woken. ``run`` ends only when it is cancelled."""

    def __init__(
        self,
        line: Line,
        folder: Path,
        account: Callable[[], Account],
        commit: Callable[[Unit], Awaitable[None]],
        settled: Callable[[], Awaitable[None]],
    ) -> None:
        """``folder`` is the session's. ``commit`` makes a unit durable, ``settled`` waits until all of them are.

        Both raise NotSent or VaultFailed.
        """
        self._line = line
        self._folder = folder / HISTORIES
        self._account = account
        self._commit = commit
        self._settled = settled
        self._woken = asyncio.Event()

    def wake(self) -> None:
        """There may be something to read, and somebody to commit it with."""
        self._woken.set()

    async def run(self) -> None:
        """Read whatever waits."""
        while True:
            await self._woken.wait()
            self._woken.clear()
            try:
                await self._settled()
                for _, value in await self._line.vault.list(PASTS):
                    await self._read(Waiting.unpack(value))
            except NotSent:
                continue  # there is no line, and with the next one we are woken again
            except VaultFailed as error:
                # What mends the vault begins a new service, which wakes us.
                _log.info("histories wait", session=self._line.session, reason=str(error))
            except OSError as error:
                _log.warning("histories cannot be read now", session=self._line.session, reason=str(error))
                asyncio.get_running_loop().call_later(_PAUSE_S, self.wake)
            except Exception:  # a mistake of ours must not end the reading of other histories for good
                _log.exception("the reading of a history failed", session=self._line.session)

    async def _read(self, whole: Waiting) -> None:
        """Read one history to its end, or find that it cannot be. Raises NotSent, VaultFailed, OSError."""
        if whole.over:
            await self._clear(whole)
            return
        kind = "other" if whole.kind == UNSAID else kind_wanted(self._line.options.history, whole.kind)
        if kind is None or self._line.options.history is HistoryPolicy.NONE:
            await self._end(whole, None)
        elif whole.error:
            await self._end(whole, whole.read(kind, code=UNREADABLE, detail=whole.error))
        elif whole.tries >= _MAX_TRIES:
            detail = f"reading it was begun {whole.tries} times, and each time something broke"
            await self._end(whole, whole.read(kind, code=UNREADABLE, detail=detail))
        else:
            await self._keep(replace(whole, tries=whole.tries + 1))
            await self._end(whole, await self._through(whole, kind))

    async def _through(self, whole: Waiting, kind: str) -> HistoryRead:
        """Read and commit all of it; how it ended. Raises NotSent, VaultFailed, OSError."""
        try:
            file = await asyncio.to_thread((self._folder / whole.name).open, "rb")
        except FileNotFoundError:
            return whole.read(kind, code=UNREADABLE, detail="the file with the history is gone")
        with file:
            reading = _Reading(self._line, whole, self._account(), self._commit)
            try:
                skipped = await reading.through(_pieces(file))
            except PastUnreadable as error:
                _log.info("a history was not read", session=self._line.session, kind=kind, reason=str(error))
                return whole.read(kind, code=MALFORMED, detail=str(error))
        return whole.read(kind, skipped)

    async def _end(self, whole: Waiting, read: HistoryRead | None) -> None:
        """Nothing more will be read in it: tell how it ended, if that is wanted, and delete it."""
        unit = Unit(news=[] if read is None else [read])
        unit.put(PASTS, whole.name, replace(whole, over=True).pack())
        await self._commit(unit)
        await self._clear(whole)

    async def _clear(self, whole: Waiting) -> None:
        await asyncio.to_thread((self._folder / whole.name).unlink, missing_ok=True)
        unit = Unit()
        unit.delete(PASTS, whole.name)
        await self._commit(unit)

    async def _keep(self, whole: Waiting) -> None:
        unit = Unit()
        unit.put(PASTS, whole.name, whole.pack())
        await self._commit(unit)


class _Reading:
    """One history on its way. Of people's other addresses it knows what the history itself has said so far."""

    def __init__(self, line: Line, whole: Waiting, us: Account, commit: Callable[[Unit], Awaitable[None]]) -> None:
        """Raises PastUnreadable."""
        self._line = line
        self._whole = whole
        self._us = us
        self._commit = commit

    async def through(self, pieces: AsyncIterator[bytes]) -> int:
        """Read and commit; how much of it could not be used. Raises PastUnreadable, NotSent, VaultFailed, OSError."""
        reader = PastReader(self._us)
        async for piece in pieces:
            for part in reader.feed(piece):
                await self._take(part)
            await asyncio.sleep(0)
        rest = reader.finish()
        if rest is not None:
            await self._take(rest)
        return reader.skipped

    async def _take(self, part: Part) -> None:
        """Commit a part, unless that was done before."""
        if part.number < self._whole.done:
            return
        unit = Unit()
        polls = [told for told in part.messages if letter_of(told).asks]
        await self._line.vault.load([(POLLS, told.wa_id) for told in polls])
        for told in polls:
            asked = letter_of(told).poll_by(Jid(told.sender))
            if asked is not None and self._line.vault.get(POLLS, told.wa_id) is None:
                unit.put(POLLS, told.wa_id, pack_poll(asked))
        unit.news.append(self._news_of(part))
        unit.put(PASTS, self._whole.name, replace(self._whole, done=part.number + 1, tries=0).pack())
        await self._commit(unit)

    def _news_of(self, part: Part) -> HistoryArrived:
        """What there is to tell. Phone number and LID of one person are told as a link, where a history says it."""
        others = {str(one): Jid(other) for link in part.links for one, other in (link, link[::-1])}
        told = ((told, self._us.pn if told.from_me else others.get(told.sender)) for told in part.messages)
        pasts = (past_in(message, self._us, others.get(message.chat), sender) for message, sender in told)
        return HistoryArrived(
            history=self._whole.name,
            messages=tuple(past for past in pasts if past is not None),
            chats=tuple(PastChat(chat.jid, others.get(chat.jid), chat.name, chat.unread) for chat in part.chats),
            names=tuple((Jid(person), name) for person, name in part.names),
            links=tuple((Jid(pn), Jid(lid)) for pn, lid in part.links),
        )


async def _pieces(file: IO[bytes]) -> AsyncIterator[bytes]:
    while piece := await asyncio.to_thread(file.read, _PIECE):
        yield piece
