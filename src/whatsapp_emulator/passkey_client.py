"""A person's passkey and the phone's part in pairing with it, from the outside."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any


class PasskeyClient:
    """One account's passkey."""

    def __init__(
        self, post: Callable[..., Awaitable[dict[str, Any]]], get: Callable[..., Awaitable[dict[str, Any]]], path: str
    ) -> None:
        self._post, self._get = post, get
        self._path = f"{path}/passkey"

    async def insist(self, *, required: bool = True, stalls: int = 0, hides_options: bool = False) -> None:
        """Link no device without it from now on; the phone does not react to the first ``stalls`` assertions.

        With ``hides_options`` the server asks for it without saying what for, and companions have to ask back.
        """
        await self._post(self._path, required=required, stalls=stalls, hides_options=hides_options)

    async def sign(self, options: dict[str, Any], origin: str | None = None) -> dict[str, Any]:
        """The assertion that a browser on ``origin`` (WhatsApp's by default) gets for a request."""
        return await self._post(f"{self._path}/sign", challenge=options["challenge"], origin=origin)

    async def code(self, *, wait_s: float = 0) -> str | None:
        """The code that the phone shows."""
        code: str | None = (await self._get(f"{self._path}/code", wait_s=wait_s))["code"]
        return code

    async def compare(self, code: str) -> bool:
        """Compare the phone's code with the companion's, and tap accordingly; whether they are the same."""
        return bool((await self._post(f"{self._path}/compare", code=code))["same"])
