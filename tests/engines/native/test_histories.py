"""What is held of a past while it is read: so many messages, and so many bytes of them, and no more."""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import Callable
from functools import partial
from typing import Any

from fixtures.waiting import until
from wagate.adapters.engines.native.histories import HistoryDesk, Means
from wagate.adapters.engines.native.machine import histories
from wagate.adapters.engines.native.machine.histories import Waiting
from wagate.adapters.whatsapp_web.past import PART, PART_BYTES, Part
from wagate.ports.news import HistoryRead
from whatsapp_wire.history.notices import HistoryKind, HistoryNotice
from whatsapp_wire.jid import Jid
from whatsapp_wire.proto.history_pb2 import HistorySync
from whatsapp_wire.stanza.source import Own

OWN = Own(Jid("491:5@s.whatsapp.net"), Jid("101:5@lid"))


class Desk:
    """A desk with one history to read, whose parts are not committed but noted."""

    def __init__(self, count: int, size: int) -> None:
        sync = HistorySync(sync_type=HistorySync.RECENT)
        chat = sync.conversations.add(id="492@s.whatsapp.net")
        for number in range(count):
            info = chat.messages.add().message
            info.key.remote_jid, info.key.id = chat.id, f"A{number}"
            info.message.conversation = "x" * size
        notice = HistoryNotice(HistoryKind.RECENT, 1, 100, zlib.compress(sync.SerializeToString()), None, None)
        self.waiting = [Waiting("1", notice.message().protocol_message.history_sync_notification)]
        self.parts: list[Part] = []
        self.read: HistoryRead | None = None

    async def run(self, begin: Callable[..., Any]) -> Any:
        """Carry out what is asked of the machine."""
        if begin is histories.waiting:
            return self.waiting
        assert isinstance(begin, partial)
        if begin.func is histories.commit:
            self.parts.append(begin.keywords["part"])
        elif begin.func is histories.finish:
            self.read = begin.keywords["read"]
        return None


async def parts_of(count: int, size: int) -> list[int]:
    """How many things are in each part of a history with so many messages of that size, its one chat included."""
    kept = Desk(count, size)

    def no_media() -> Any:
        raise AssertionError("the history is in the notice")

    desk = HistoryDesk(Means(kept.run, no_media, lambda: OWN, "ses_1"))
    running = asyncio.get_running_loop().create_task(desk.run())
    desk.wake()
    await until(lambda: kept.read is not None)
    running.cancel()
    assert kept.read is not None
    assert (kept.read.code, kept.read.skipped) == (None, 0)
    assert [part.number for part in kept.parts] == list(range(len(kept.parts)))
    return [part.size for part in kept.parts]


async def test_a_part_has_so_many_messages_and_no_more() -> None:
    assert await parts_of(2 * PART + 1, 10) == [PART, PART, 2]


async def test_a_part_of_large_messages_has_fewer() -> None:
    assert await parts_of(7, PART_BYTES // 3 + 1) == [3, 3, 2]
