"""What a line shows in a chat beside messages: that we have read, and that we are writing."""

from __future__ import annotations

from abc import abstractmethod

from typing_extensions import override

from wagate.domain.jid import Jid
from wagate.ports.abilities import Activity, MarksRead, ShowsTyping


class ShowsManners(MarksRead, ShowsTyping):
    """Receipts and typing, each an errand of the worker."""

    @abstractmethod
    async def ask(
        self, what: str, subject: str = "", sender: str = "", ids: tuple[str, ...] = (), text: str = ""
    ) -> str:
        """Have the worker do something; what came of it, in a word. Raises NotSent."""
        ...

    @abstractmethod
    async def _meet(self, chat: Jid) -> None:
        """Make sure that there is an account behind an address. Raises NotOnWhatsApp, NotSent."""
        ...

    @override
    async def mark_read(self, chat: Jid, sender: Jid, wa_ids: list[str]) -> None:
        """Send read receipts."""
        await self.ask("read", chat, sender, tuple(wa_ids))

    @override
    async def show_typing(self, chat: Jid, activity: Activity) -> None:
        """Show that we are writing or recording, or not any more."""
        await self._meet(chat)
        await self.ask("typing", chat, text=activity.value)
