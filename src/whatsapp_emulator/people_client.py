"""What a person does about people, themselves included, through the control API: part of `PhoneClient`."""

from __future__ import annotations

import base64
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from whatsapp_emulator.told import CallTold

Post = Callable[..., Awaitable[dict[str, Any]]]


class PeopleClient:
    """People in one person's hand. What the server does not take raises ControlError 409."""

    def __init__(self, post: Post, get: Callable[[str], Awaitable[dict[str, Any]]], path: str) -> None:
        """``post`` and ``get`` are the control API's, ``path`` is that of the phone."""
        self._send = post
        self._get = get
        self._path = f"{path}/people"

    async def look(self) -> dict[str, Any]:
        """`name`, `about`, `picture_id`, `privacy`, `blocked` (LIDs), `present`, `watchers` (``phone:device``)."""
        return await self._get(self._path)

    async def set_about(self, text: str) -> None:
        """Show another about."""
        await self._post("about", text=text)

    async def set_name(self, name: str) -> None:
        """Take another name; others see it with the next message."""
        await self._post("name", name=name)

    async def set_picture(self, jpeg: bytes | None) -> str | None:
        """Show another picture, or none; its id."""
        encoded = None if jpeg is None else base64.b64encode(jpeg).decode()
        id: str | None = (await self._post("picture", jpeg=encoded))["id"]
        return id

    async def set_privacy(self, category: str, value: str) -> None:
        """Let others see something or not: `last`, `online`, `profile`, `status`, `readreceipts`, …"""
        await self._post("privacy", category=category, value=value)

    async def set_contacts(self, numbers: Sequence[str]) -> None:
        """Have these people, and no others, in the address book."""
        await self._post("contacts", numbers=list(numbers))

    async def block(self, who: str, *, blocked: bool = True) -> None:
        """Block somebody, or not any more."""
        await self._post("block", who=who, blocked=blocked)

    async def change_number(self, phone: str) -> None:
        """Go on under another number; all companions are unlinked."""
        await self._post("number", phone=phone)

    async def call(self, who: str, *, video: bool = False) -> CallTold:
        """Call somebody."""
        return CallTold(**await self._post("call", who=who, video=video))

    async def hang_up(self, id: str) -> CallTold:
        """Give up a call that rings."""
        return CallTold(**await self._post("hang-up", id=id))

    async def answer(self, id: str, *, accept: bool) -> CallTold:
        """Take a call that rings, or turn it down."""
        return CallTold(**await self._post("answer", id=id, accept=accept))

    async def _post(self, verb: str, **fields: object) -> dict[str, Any]:
        return await self._send(f"{self._path}/{verb}", **fields)
