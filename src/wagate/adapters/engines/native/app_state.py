"""What a line can do with chats, stars and contacts, on all devices of its account: every verb is a flow."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable

from typing_extensions import override

from wagate.adapters.engines.native.machine import app_state_commands, timers
from wagate.adapters.engines.native.machine.device import Device
from wagate.adapters.engines.native.machine.flows import Flow
from wagate.domain.jid import Jid
from wagate.domain.marks import ChatMarks, ContactName, NamedMessage
from wagate.ports.abilities import KeepsName, MarksChats, SavesContacts, SetsTimers, StarsMessages


class SharesAppState(MarksChats, SetsTimers, StarsMessages, SavesContacts, KeepsName):
    """The abilities that have to do with app state; and timers, which are set in the chat itself."""

    @abstractmethod
    async def _in_app_state(self, begin: Callable[[Device], Flow[None]]) -> None:
        """Have the machine run a flow, and wait for its end."""
        ...

    @override
    async def mark_chat(self, chat: Jid, marks: ChatMarks, newest: NamedMessage | None) -> None:
        """Archive, pin, mute or mark a chat."""
        await self._in_app_state(lambda us: app_state_commands.mark_chat(us, chat, marks, newest))

    @override
    async def set_timer(self, chat: Jid, seconds: int) -> None:
        """Say in the chat after how long its messages disappear."""
        await self._in_app_state(lambda us: timers.set_timer(us, chat, seconds))

    @override
    async def clear_chat(self, chat: Jid, newest: NamedMessage | None, *, with_starred: bool) -> None:
        """Delete a chat's messages for us."""
        await self._in_app_state(lambda us: app_state_commands.clear_chat(us, chat, newest, with_starred=with_starred))

    @override
    async def delete_chat(self, chat: Jid, newest: NamedMessage | None) -> None:
        """Delete a chat for us."""
        await self._in_app_state(lambda us: app_state_commands.delete_chat(us, chat, newest))

    @override
    async def star_message(self, message: NamedMessage, *, starred: bool) -> None:
        """Give a star, or take it away."""
        await self._in_app_state(lambda us: app_state_commands.star(us, message, starred=starred))

    @override
    async def hide_message(self, message: NamedMessage) -> None:
        """Delete a message for us."""
        await self._in_app_state(lambda us: app_state_commands.hide(us, message))

    @override
    async def save_contact(self, person: Jid, name: ContactName | None) -> None:
        """Save a person under a name, or remove them."""
        await self._in_app_state(lambda us: app_state_commands.save_contact(us, person, name))

    @override
    async def set_name(self, name: str) -> None:
        """Take another name."""
        await self._in_app_state(lambda us: app_state_commands.set_name(us, name))
