"""When a device tells the service that it has something: once that is durable, or at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from typing_extensions import override

from wagate.ports.news import GapSuspected
from wagate.ports.vault import Unit, Vault

_MARK = ("hearing", "since")

Tell = Callable[[], None]
"""Acknowledges one frame to the service."""


class Hearing(Protocol):
    """How frames are acknowledged, and what follows when a process ended in between. Moments are ms since 1970."""

    async def begin(self, vault: Vault, now_ms: int) -> None:
        """The vault was opened: before anything is heard. Raises VaultFailed."""
        ...

    def heard(self, unit: Unit, now_ms: int, tell: Tell) -> None:
        """A frame was heard; ``unit``, with what it says, is not durable yet."""
        ...

    def durable(self, tell: Tell) -> None:
        """What a frame says is durable."""
        ...

    async def end(self, vault: Vault) -> None:
        """Everything that was heard is durable, or never will be. Raises VaultFailed."""
        ...


class TellsWhenDurable(Hearing):
    """What was not committed comes again: nothing can be missing."""

    @override
    async def begin(self, vault: Vault, now_ms: int) -> None:
        """Nothing to look for."""

    @override
    def heard(self, unit: Unit, now_ms: int, tell: Tell) -> None:
        """Not yet."""

    @override
    def durable(self, tell: Tell) -> None:
        tell()

    @override
    async def end(self, vault: Vault) -> None:
        """Nothing to leave behind."""


class TellsAtOnce(Hearing):
    """What was heard and not committed is gone. A mark that nobody removed says that this may have happened.

    The mark holds the moment up to which everything is certainly here.
    """

    @override
    async def begin(self, vault: Vault, now_ms: int) -> None:
        await vault.load([_MARK])
        mark = vault.get(*_MARK)
        unit = Unit()
        if mark is not None:
            detail = (
                "The process ended, or its storage failed, between the acknowledgement of messages and their commit"
            )
            unit.news.append(GapSuspected(int(mark), now_ms, "unclean_end", detail))
        unit.put(*_MARK, str(now_ms).encode())
        await vault.submit(unit)

    @override
    def heard(self, unit: Unit, now_ms: int, tell: Tell) -> None:
        unit.put(*_MARK, str(now_ms).encode())
        tell()

    @override
    def durable(self, tell: Tell) -> None:
        """It is told already."""

    @override
    async def end(self, vault: Vault) -> None:
        unit = Unit()
        unit.delete(*_MARK)
        await vault.submit(unit)
