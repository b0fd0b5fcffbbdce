"""What every client under test can be asked to do, whether it is a judge, our engine or the whole gateway."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any, Protocol


class Talker(Protocol):
    """A running client that can be paired and talked with. Addresses are ``user@server``."""

    phone: str

    async def qr_text(self) -> str:
        """What the first QR code says."""
        ...

    async def send(self, to: str, text: str) -> str:
        """Send a text; returns its WhatsApp id once the client has taken responsibility for it."""
        ...

    async def shown(self) -> list[tuple[str, str]]:
        """WhatsApp id and text of the messages from contacts that were shown, in order, repeats included."""
        ...


class Client(Talker, Protocol):
    """A client that can do everything else, too. Messages go by their WhatsApp ids, people by phone number."""

    async def pairing_code(self) -> str:
        """A code to type into the phone."""
        ...

    async def mention(self, to: str, text: str, person: str) -> str:
        """Send a text that names somebody by ``@`` and a phone number; returns its id."""
        ...

    async def reply(self, to: str, text: str, answered: str) -> str:
        """Send a text that quotes a message; returns its id."""
        ...

    async def send_file(self, to: str, kind: str, path: Path, caption: str) -> str:
        """Send a file of a kind that this client can make (``image``, …); returns the message's id."""
        ...

    async def shows_file(self, id: str) -> None:
        """Wait until a message with a file has been shown. Raises TimeoutError."""
        ...

    async def fetch(self, id: str) -> str:
        """Get the file of a message that was shown; returns its SHA-256 in hexadecimal."""
        ...

    async def create_group(self, subject: str, people: list[str]) -> str:
        """Make a group with people, by LID; returns its address."""
        ...

    async def change_group(self, group: str, action: str, person: str) -> None:
        """Add, remove, promote or demote somebody, by LID."""
        ...

    async def rename_group(self, group: str, subject: str) -> None:
        """Give a group another name."""
        ...

    async def leave_group(self, group: str) -> None:
        """Leave a group."""
        ...

    async def read(self, chat: str, id: str) -> None:
        """Tell the author of a message that it was read."""
        ...

    async def react(self, chat: str, id: str, emoji: str) -> str:
        """React to a message of the other person; with no emoji, take the reaction away. Returns the act's id."""
        ...

    async def edit(self, chat: str, id: str, text: str) -> str:
        """Put another text in the place of one's own; returns the act's id."""
        ...

    async def revoke(self, chat: str, id: str) -> str:
        """Take one's own message back; returns the act's id."""
        ...

    async def poll(self, to: str, question: str, options: Sequence[str]) -> str:
        """Ask a question with one answer; returns its id."""
        ...

    async def vote(self, chat: str, id: str, options: Sequence[str]) -> str:
        """Vote in a poll of the other person that this client has shown; returns the act's id."""
        ...

    async def location(self, to: str, latitude: float, longitude: float, name: str) -> str:
        """Send a place; returns its id."""
        ...

    async def contact(self, to: str, name: str, vcard: str) -> str:
        """Send a contact card; returns its id."""
        ...

    async def say_kind(self, kind: str, to: str) -> str:
        """Send one of `kinds.KINDS`; returns its id."""
        ...

    async def pin(self, chat: str, id: str, author: str | None, seconds: int) -> str:
        """Pin a message, its own (no author) or another's; for no seconds, pin it no longer. Returns the act's id."""
        ...

    async def play(self, chat: str, id: str) -> None:
        """Tell the author of a voice note that it was played."""
        ...

    async def set_timer(self, chat: str, seconds: int) -> None:
        """Have what is said in a chat disappear after so many seconds."""
        ...

    async def post_status(self, kind: str, audience: Sequence[str]) -> str:
        """Post one of `kinds.KINDS` or `kinds.POSTS` as a status for these people; returns its id."""
        ...

    async def look(self, id: str, author: str) -> None:
        """Tell the author of a status post that we have looked at it."""
        ...

    async def with_people(self, what: str, **given: object) -> dict[str, Any]:
        """Do something with people; tells what came of it.

        ``check`` (numbers → there), ``look_up`` (who → about, picture), ``picture`` (who → id), ``block`` and
        ``unblock`` (who → blocked), ``set_about`` (text), ``set_name`` (text), ``privacy``, ``set_privacy`` (value:
        who sees when we were online last), ``watch`` (who), ``reject`` (who, call). People are named by address.
        """
        ...

    async def log_out(self) -> None:
        """Unlink this device."""
        ...

    async def shows(self, text: str) -> None:
        """Wait until a text from a contact has been shown. Raises TimeoutError."""
        ...


Opens = Callable[[str], AbstractAsyncContextManager[Client]]
"""Starts a client as the companion of a phone number; a second one for the same number goes on where it ended."""
