"""What a line can do when WhatsApp asks for a passkey: every verb is a flow of the machine."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from typing import TypeVar

from typing_extensions import override

from wagate.adapters.engines.native.machine import passkey
from wagate.adapters.engines.native.machine.device import Device
from wagate.adapters.engines.native.machine.flows import Flow
from wagate.domain.passkey import PasskeyAssertion
from wagate.ports.abilities import PairsWithPasskeys

_T = TypeVar("_T")


class AnswersPasskeys(PairsWithPasskeys):
    """The ability to pair with a passkey."""

    @abstractmethod
    async def _run_flow(self, begin: Callable[[Device], Flow[_T]]) -> _T:
        """Have the machine run a flow, and wait for what comes of it."""
        ...

    @override
    async def answer_passkey(self, assertion: PasskeyAssertion) -> None:
        """Send it with a prologue of ours."""
        await self._run_flow(lambda us: passkey.answer(us, assertion))

    @override
    async def confirm_passkey(self, *, matches: bool) -> None:
        """Ask the phone to link us, or give the pairing up."""
        await self._run_flow(lambda us: passkey.confirm(us, matches=matches))
