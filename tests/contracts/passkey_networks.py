"""Passkeys on the networks of the examination."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from typing_extensions import override

from contracts.engine_passkeys import PasskeyNetwork
from contracts.examinee import OWN
from wagate.domain.passkey import PasskeyAssertion
from wagate.ports.news import PasskeyRequired
from whatsapp_emulator.client import ControlError, EmulatorClient
from whatsapp_wire.pairing.webauthn import decoded


class EmulatedPasskeys(PasskeyNetwork):
    """On the emulator."""

    _control: EmulatorClient

    @override
    async def insist_on_passkey(self, *, stalls: int = 0) -> None:
        await self._control.phone(OWN).passkey.insist(stalls=stalls)

    @override
    @asynccontextmanager
    async def scanning(self, qr: str) -> AsyncIterator[None]:
        async def scan() -> None:
            with suppress(ControlError):
                await self._control.phone(OWN).scan(qr)

        async with asyncio.TaskGroup() as group:
            task = group.create_task(scan())
            yield
            task.cancel()

    @override
    async def assertion(self, request: PasskeyRequired) -> PasskeyAssertion:
        said = await self._control.phone(OWN).passkey.sign(dict(request.options))
        response = said["response"]
        return PasskeyAssertion(
            decoded(said["rawId"]) or b"",
            decoded(response["clientDataJSON"]) or b"",
            decoded(response["authenticatorData"]) or b"",
            decoded(response["signature"]) or b"",
            decoded(response["userHandle"]),
        )

    @override
    async def compare(self, code: str) -> bool:
        return await self._control.phone(OWN).passkey.compare(code)
