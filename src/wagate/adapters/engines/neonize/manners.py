"""What a line says in a chat beside messages: that we have read or played, are writing, or want to be forgotten."""

from __future__ import annotations

import time
from abc import abstractmethod

from typing_extensions import override

from wagate.adapters.engines.neonize.errands import RunsErrands
from wagate.domain.jid import Jid
from wagate.domain.marks import ChatMarks
from wagate.ports.abilities import Activity, MarksPlayed, MarksRead, SetsTimers, ShowsTyping
from wagate.ports.engine import Line
from wagate.ports.news import ChatMarked
from wagate.ports.vault import Unit


class ShowsManners(RunsErrands, MarksRead, MarksPlayed, ShowsTyping, SetsTimers):
    """Receipts, typing and timers, each an errand of the worker."""

    _line: Line

    @abstractmethod
    async def ask(
        self, what: str, subject: str = "", sender: str = "", ids: tuple[str, ...] = (), text: str = ""
    ) -> str:
        """Have the worker do something; what came of it, in a word. Raises NotSent."""
        ...

    @override
    async def mark_read(self, chat: Jid, sender: Jid, wa_ids: list[str]) -> None:
        """Send read receipts."""
        await self._mark("read", chat, sender, wa_ids)

    @override
    async def mark_played(self, chat: Jid, sender: Jid, wa_ids: list[str]) -> None:
        """Send played receipts."""
        await self._mark("played", chat, sender, wa_ids)

    async def _mark(self, how: str, chat: Jid, sender: Jid, wa_ids: list[str]) -> None:
        if wa_ids:
            await self.ask(
                "read", chat, sender, tuple(wa_ids), how if self._line.options.tells_reading else f"{how}-self"
            )

    @override
    async def set_timer(self, chat: Jid, seconds: int) -> None:
        """Say in the chat after how long its messages disappear."""
        await self._meet(chat)
        await self.ask("timer", chat, text=str(seconds))
        news = ChatMarked(chat, ChatMarks(disappearing_s=seconds), time.time_ns() // 1_000_000)
        await self._commit(Unit(news=[news]))

    @override
    async def show_typing(self, chat: Jid, activity: Activity) -> None:
        """Show that we are writing or recording, or not any more."""
        await self._meet(chat)
        await self.ask("typing", chat, text=activity.value)
