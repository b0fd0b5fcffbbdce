"""What the abilities of a line stand on: its worker runs errands, and what came of them is made durable."""

from __future__ import annotations

from abc import ABC, abstractmethod

from wagate.adapters.engines.neonize.link.messages import Answer
from wagate.adapters.whatsapp_web.letters import Account
from wagate.domain.jid import Jid
from wagate.ports.vault import Unit


class RunsErrands(ABC):
    """What the connection gives to the parts of it that have abilities."""

    @abstractmethod
    async def errand(
        self,
        what: str,
        subject: str = "",
        people: tuple[str, ...] = (),
        text: str = "",
        within_s: float | None = None,
    ) -> Answer:
        """Have the worker do something, in the time that any question has or this one. Raises AskFailed, NotSent."""
        ...

    @abstractmethod
    async def _meet(self, chat: Jid) -> None:
        """Make sure that there is an account behind an address. Raises NotOnWhatsApp, NotSent."""
        ...

    @abstractmethod
    async def _commit(self, unit: Unit) -> None:
        """Make it durable. Raises NotSent, VaultFailed."""
        ...

    @property
    @abstractmethod
    def _account(self) -> Account:
        """Whose line this is."""
        ...
