"""Takes in what other programs left to be sent with an INSERT of their own, and says in the row what became of it.

A row and its message are one transaction, so neither a crash nor a second gateway loses or doubles any. Whoever can
write the table can send for every tenant: it is looked at only where that was switched on.
"""

from __future__ import annotations

import asyncio
from asyncio import Future, TaskGroup
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import structlog

from wagate.domain.content import Attached, LinkPreview, Text
from wagate.domain.errors import FetchFailed, GatewayError, InvalidRequest, StorageUnavailable
from wagate.domain.ids import TenantId
from wagate.domain.media import MediaKind
from wagate.features.access import Principal
from wagate.features.media import MediaRoom
from wagate.features.messaging.outbox import Outbox
from wagate.features.messaging.previews import Previews
from wagate.features.messaging.repository import sql_inbox as rows
from wagate.features.messaging.requests import SendRequest
from wagate.features.messaging.sql_rows import Left, ReadsRow
from wagate.features.messaging.sql_statuses import SqlStatuses, status_of
from wagate.ports.clock import Clock
from wagate.store.database import Database
from wagate.store.scoped import TenantScope
from wagate.store.script import Script

CHANNEL = "wagate_inbox"
"""Where PostgreSQL tells of new rows."""

_POLL_S = 1.0
_BATCH = 50
"""Rows that are queued to be written at once: whoever else writes waits for so many at most."""

_PREPARE_S = 30.0
_MAX_ERROR = 1_000

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Ready:
    """A row as it was read, with all that a message needs."""

    left: Left
    scope: TenantScope
    request: SendRequest
    preview: LinkPreview | None


class _Batch:
    """Rows that are written one after the other. Once the storage fails for one, those behind it stay for later."""

    def __init__(self) -> None:
        self.failure: StorageUnavailable | None = None
        self.refused: list[tuple[int, Exception]] = []
        self.accepted = 0


class SqlInbox:
    """The table ``outbox_inbox``."""

    def __init__(
        self,
        database: Database,
        way_out: Outbox,
        read_row: ReadsRow,
        beside: tuple[MediaRoom, Previews, SqlStatuses],
        woken: Callable[[], None],
        clock: Clock,
    ) -> None:
        """Accept into ``way_out`` what ``read_row`` makes of rows, and call ``woken`` then.

        ``beside`` it files and pages are got ready, and rows are kept up with their messages.
        """
        self._database = database
        self._way_out = way_out
        self._read_row = read_row
        self._media, self._previews, self._statuses = beside
        self._woken = woken
        self._clock = clock
        self._heard = asyncio.Event()

    async def run(self) -> None:
        """Work until cancelled."""
        while not await self._has_begun():
            await self._clock.sleep(_POLL_S)
        async with TaskGroup() as group:
            group.create_task(self._statuses.run())
            group.create_task(self._database.listen(CHANNEL, self._heard.set))
            while True:
                self._heard.clear()
                try:
                    await self.look()
                except Exception as error:  # whatever it was, the rows are still there
                    _log.warning("sql_inbox_waits", error=repr(error))
                    await self._clock.sleep(_POLL_S)
                else:
                    await self._rest()

    async def look(self) -> None:
        """Take in all that is there. Raises StorageUnavailable."""
        after = 0
        while found := await self._find(after):
            after = found[-1]
            await self._work_off(found)

    # ---- inside

    async def _has_begun(self) -> bool:
        """Statuses are followed from before the first row is taken in."""
        try:
            await self._statuses.begin()
        except StorageUnavailable as error:
            _log.warning("sql_inbox_waits", error=repr(error))
            return False
        return True

    async def _rest(self) -> None:
        """Until a moment has passed, or PostgreSQL tells of a new row."""
        loop = asyncio.get_running_loop()
        both = [loop.create_task(self._heard.wait()), loop.create_task(self._clock.sleep(_POLL_S))]
        try:
            await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for one in both:
                one.cancel()

    async def _find(self, after: int) -> list[int]:
        return await self._database.read(rows.waiting_ids(after, _BATCH))

    async def _work_off(self, ids: list[int]) -> None:
        tenants: dict[str | None, list[TenantId]] = {}
        batch, ready = _Batch(), list[_Ready]()
        for left in await self._read(ids, batch):
            try:
                ready.append(await self._prepared(left, tenants))
            except StorageUnavailable:
                raise
            except Exception as error:  # it is this row's fault, and the others are not to wait for ever
                batch.refused.append((left.id, error))
        settled = [self._enqueue(one, batch) for one in ready]
        await asyncio.gather(*settled)
        if batch.accepted:
            self._woken()
        for id_, why in batch.refused:
            text = _told(id_, why)
            await self._database.write(rows.reject(self._database.dialect, id_, text, self._clock.now_ms()))
        if batch.failure is not None:
            raise batch.failure

    async def _read(self, ids: list[int], batch: _Batch) -> list[Left]:
        """The rows with these ids, all at once; if one of them cannot be read, one after the other."""
        try:
            found = await self._database.read(rows.waiting(ids[0] - 1, len(ids)))
            return [left for left in found if left.id <= ids[-1]]
        except StorageUnavailable:
            raise
        except Exception:  # noqa: S110  SQLite keeps any bytes as text; which row it is comes out below
            pass
        found = []
        for id_ in ids:
            try:
                found += [left for left in await self._database.read(rows.waiting(id_ - 1, 1)) if left.id == id_]
            except StorageUnavailable:
                raise
            except Exception:  # what the driver says of it names its bytes, which are nobody's business
                batch.refused.append((id_, InvalidRequest("The row cannot be read: it holds bytes that are no text")))
        return found

    async def _prepared(self, left: Left, tenants: dict[str | None, list[TenantId]]) -> _Ready:
        """Do what takes time before a row is written. Raises GatewayError."""
        if left.tenant not in tenants:
            tenants[left.tenant] = await self._database.read(rows.tenants(left.tenant))
        match tenants[left.tenant]:
            case [tenant]:
                scope = TenantScope(tenant)
            case _:
                known = "Name the tenant" if left.tenant is None else f"There is no tenant {left.tenant!r}"
                raise InvalidRequest(known, pointer="/tenant")
        wanted = self._read_row(left)
        request, preview = wanted.request, None
        try:
            async with asyncio.timeout(_PREPARE_S):
                if wanted.kind is not None:
                    request = await self._with_file(tenant, request, wanted.kind)
                if request.previews_link and isinstance(request.content, Text):
                    preview = await self._previews.of(request.content.body)
        except TimeoutError:
            raise FetchFailed("It took too long to get ready what the message shows") from None
        return _Ready(left, scope, request, preview)

    async def _with_file(self, tenant: TenantId, request: SendRequest, kind: MediaKind) -> SendRequest:
        content = request.content
        assert isinstance(content, Attached), "such a message has a file"
        media = await self._media.fit(Principal.system(tenant), content.media, kind)
        return replace(request, content=replace(content, media=media.id), source=content.media)

    def _enqueue(self, one: _Ready, batch: _Batch) -> Future[None]:
        """Have a row written; the future ends when it is, or cannot be."""
        ended: Future[None] = asyncio.get_running_loop().create_future()

        def settled(result: Any, error: BaseException | None) -> None:
            if isinstance(error, StorageUnavailable):
                batch.failure = batch.failure or error
            elif isinstance(error, Exception):
                batch.refused.append((one.left.id, error))
            elif result:
                batch.accepted += 1
            if not ended.done():
                ended.set_result(None)

        self._database.enqueue(self._take(one, batch), settled)
        return ended

    def _take(self, one: _Ready, batch: _Batch) -> Script[bool]:
        """Accept a row's message and say so in the row; False when it is no longer what it was."""
        if batch.failure is not None:
            return False
        left = yield from rows.claim(self._database.dialect, one.left.id)
        if left != one.left:
            return False
        accepted = yield from self._way_out.accept(one.scope, left.session, one.request, None, one.preview)
        message, now = accepted.message, self._clock.now_ms()
        yield from rows.mark(left.id, status_of(message.status.value), message.id, None, now)
        return True


def _told(id_: int, error: Exception) -> str:
    """What a row says of its error: a code, and a sentence."""
    if not isinstance(error, GatewayError):
        _log.error("sql_inbox_row_failed", row=id_, error=repr(error))
        return f"{GatewayError.code}: The row could not be taken in; the gateway's log says more"
    place = "" if error.pointer is None else f" ({error.pointer})"
    return f"{error.code}: {error.detail}{place}"[:_MAX_ERROR]
