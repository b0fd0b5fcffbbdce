"""Marks, stars and names that all devices of a pretend account share: told to the phone, and kept."""

from __future__ import annotations

from abc import abstractmethod

from typing_extensions import override

from wagate.domain.jid import Jid
from wagate.domain.marks import ChatMarks, ContactName, NamedMessage
from wagate.ports.abilities import KeepsName, MarksChats, SavesContacts, SetsTimers, StarsMessages
from wagate.ports.clock import Clock
from wagate.ports.news import ChatEmptied, ChatMarked, ContactNamed, MessageHidden, MessageStarred, OwnNameChanged

Agreed = ChatMarked | ChatEmptied | MessageStarred | MessageHidden | ContactNamed | OwnNameChanged
"""Something that all devices of an account agree on."""


class SharesMarks(MarksChats, SetsTimers, StarsMessages, SavesContacts, KeepsName):
    """The abilities; whoever has them keeps and tells what was done."""

    _clock: Clock

    @abstractmethod
    async def _agree(self, news: Agreed) -> None:
        """Let the account's other devices know, and keep it. Raises NotSent."""
        ...

    @override
    async def mark_chat(self, chat: Jid, marks: ChatMarks, newest: NamedMessage | None) -> None:
        """Mark what is given."""
        await self._agree(ChatMarked(chat, marks, self._clock.now_ms()))

    @override
    async def set_timer(self, chat: Jid, seconds: int) -> None:
        """Set the chat's timer."""
        await self._agree(ChatMarked(chat, ChatMarks(disappearing_s=seconds), self._clock.now_ms()))

    @override
    async def clear_chat(self, chat: Jid, newest: NamedMessage | None, *, with_starred: bool) -> None:
        """Delete the messages of a chat."""
        now = self._clock.now_ms()
        await self._agree(ChatEmptied(chat, newest.at if newest else now, with_starred, is_deleted=False, at=now))

    @override
    async def delete_chat(self, chat: Jid, newest: NamedMessage | None) -> None:
        """Delete a chat."""
        now = self._clock.now_ms()
        await self._agree(ChatEmptied(chat, newest.at if newest else now, with_starred=True, is_deleted=True, at=now))

    @override
    async def star_message(self, message: NamedMessage, *, starred: bool) -> None:
        """Give a star, or take it away."""
        chat, id, from_me, sender = message.chat, message.wa_id, message.from_me, message.sender
        await self._agree(MessageStarred(chat, id, from_me, sender, starred, self._clock.now_ms()))

    @override
    async def hide_message(self, message: NamedMessage) -> None:
        """Delete a message for us."""
        chat, id, from_me, sender = message.chat, message.wa_id, message.from_me, message.sender
        await self._agree(MessageHidden(chat, id, from_me, sender, self._clock.now_ms()))

    @override
    async def save_contact(self, person: Jid, name: ContactName | None) -> None:
        """Save a person under a name, or remove them."""
        await self._agree(ContactNamed(person, None, name))

    @override
    async def set_name(self, name: str) -> None:
        """Take another name."""
        await self._agree(OwnNameChanged(name))
