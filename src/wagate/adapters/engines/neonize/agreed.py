"""What the phone does with chats and its address book, found in what whatsmeow keeps: its file is looked at.

A look at the clock of the write-ahead log costs next to nothing; only when whatsmeow has written is it asked how far it
is, and only when it has moved on in the app state, and for a while afterwards, is what it keeps compared with what was
told. What is found until it has caught up for the first time was so before we were here.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator
from pathlib import Path
from typing import Final

import structlog

from wagate.adapters.engines.neonize.limits import Limits
from wagate.adapters.engines.neonize.records import AGREED, MARKS, NAMES
from wagate.adapters.engines.neonize.store.agreed import (
    AgreedUnreadable,
    KeptChat,
    KeptName,
    Stand,
    chats_in,
    names_in,
    stand_in,
)
from wagate.domain.jid import Jid
from wagate.domain.marks import FOREVER, NOT_MUTED, ChatMarks, ContactName
from wagate.ports.engine import Line, NotSent
from wagate.ports.news import ChatMarked, ContactNamed
from wagate.ports.vault import Unit, VaultFailed

_log = structlog.get_logger(__name__)

_FILE: Final = "device.db"
_SLICE: Final = 50
"""Chats or names that are committed at once."""

_UNMARKED: Final = KeptChat("", archived=False, pinned=False, muted_until=0)

Change = tuple[str, str, bytes, ChatMarked | ContactNamed]
"""What is to be kept (a kind of record, its address, its value), and what is to be told."""


class AgreedDesk:
    """Looks after one session's file. ``run`` ends only when it is cancelled."""

    def __init__(self, line: Line, folder: Path, commit: Callable[[Unit], Awaitable[None]], limits: Limits) -> None:
        """``folder`` is the session's. ``commit`` makes a unit durable; it raises NotSent or VaultFailed."""
        self._line = line
        self._file = folder / _FILE
        self._commit = commit
        self._limits = limits
        self._seen: tuple[int, int] | None = None
        self._stand: Stand | None = None
        self._moved = 0.0
        self._has_caught_up: bool | None = None

    async def run(self) -> None:
        """Look again and again."""
        while True:
            await asyncio.sleep(self._limits.watch_s)
            try:
                await self._look()
            except (NotSent, VaultFailed, AgreedUnreadable) as error:
                # Nobody can take it, or there is nothing yet. The next look finds the same.
                _log.debug("the app state waits", session=self._line.session, reason=str(error))
            except Exception:  # a mistake of ours must not end the looking for good
                _log.exception("the app state was not read", session=self._line.session)

    async def _look(self) -> None:
        """Raises NotSent, VaultFailed, AgreedUnreadable."""
        written, now = _written(self._file), asyncio.get_running_loop().time()
        if written is None:
            return
        if self._has_caught_up is None:
            await self._line.vault.load([AGREED])
            self._has_caught_up = self._line.vault.get(*AGREED) is not None
        if written != self._seen:
            stand = await asyncio.to_thread(stand_in, self._file)
            if stand != self._stand:
                self._moved = now
            if now - self._moved <= self._limits.settle_s and await self._compare(quiet=not self._has_caught_up):
                self._moved = now  # whatsmeow writes chats down one by one, and may have many
            self._stand, self._seen = stand, written
        elif not self._has_caught_up and self._is_settled(now):
            unit = Unit()
            unit.put(*AGREED, b"1")
            await self._commit(unit)
            self._has_caught_up = True

    def _is_settled(self, now: float) -> bool:
        """Whether whatsmeow has the phone's keys, so that it has fetched what there was, and moves no more."""
        return self._stand is not None and self._stand.keys > 0 and now - self._moved > self._limits.settle_s

    async def _compare(self, *, quiet: bool) -> bool:
        """Tell what is otherwise than it was told; whether there was anything."""
        marked = dict(await self._line.vault.list(MARKS))
        chats = await asyncio.to_thread(chats_in, self._file)
        has_told = await self._tell(_marked(chats, marked, quiet))
        named = dict(await self._line.vault.list(NAMES))
        names = await asyncio.to_thread(names_in, self._file)
        return await self._tell(_named(names, named, quiet)) or has_told

    async def _tell(self, changes: Iterator[Change]) -> bool:
        has_told = False
        while part := [change for change, _ in zip(changes, range(_SLICE), strict=False)]:
            unit = Unit()
            for kind, address, value, news in part:
                unit.put(kind, address, value)
                unit.news.append(news)
            await self._commit(unit)
            has_told = True
        return has_told


def _marked(chats: Iterable[KeptChat], told: dict[str, bytes], quiet: bool) -> Iterator[Change]:
    """The chats whose marks are others than were told."""
    for chat in chats:
        jid, known = Jid(chat.jid), told.get(chat.jid)
        before = _UNMARKED if known is None else KeptChat(chat.jid, *json.loads(known))
        if (jid.is_person or jid.is_group) and (marks := _changed(chat, before)) != ChatMarks():
            value = json.dumps([chat.archived, chat.pinned, chat.muted_until]).encode()
            yield MARKS, chat.jid, value, ChatMarked(jid, marks, time.time_ns() // 1_000_000, quiet)


def _changed(now: KeptChat, before: KeptChat) -> ChatMarks:
    return ChatMarks(
        archived=now.archived if now.archived != before.archived else None,
        pinned=now.pinned if now.pinned != before.pinned else None,
        muted_until=_until(now.muted_until) if now.muted_until != before.muted_until else None,
    )


def _until(seconds: int) -> int:
    if seconds < 0:
        return FOREVER
    return min(seconds * 1000, FOREVER) if seconds else NOT_MUTED


def _named(names: Iterable[KeptName], told: dict[str, bytes], quiet: bool) -> Iterator[Change]:
    """The people whose names are others than were told."""
    for name in names:
        value = json.dumps([name.full, name.first]).encode()
        if told.get(name.jid) != value and Jid(name.jid).is_person:
            alt = None if name.alt is None else Jid(name.alt)
            said = ContactNamed(Jid(name.jid), alt, ContactName(name.full, name.first), quiet)
            yield NAMES, name.jid, value, said


def _written(file: Path) -> tuple[int, int] | None:
    """When whatsmeow last wrote, and how much there is then; None where it has not begun."""
    try:
        log = file.with_name(file.name + "-wal").stat()
    except FileNotFoundError:
        return None
    return log.st_mtime_ns, log.st_size
