"""What a line can do with people and with its own profile: every verb is a flow of the machine."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from typing import TypeVar

from typing_extensions import override

from wagate.adapters.engines.native.machine import calls, people_commands, presence
from wagate.adapters.engines.native.machine.device import Device
from wagate.adapters.engines.native.machine.flows import Flow
from wagate.domain.contacts import Audience, NumberCheck, Picture, Privacy, Profile
from wagate.domain.jid import Jid
from wagate.ports.abilities import (
    BlocksPeople,
    GivesGroupsPictures,
    KeepsPrivacy,
    KeepsProfile,
    LooksUpPeople,
    RejectsCalls,
    ShowsPresence,
)

_T = TypeVar("_T")


class KnowsPeople(
    LooksUpPeople, BlocksPeople, KeepsProfile, GivesGroupsPictures, KeepsPrivacy, ShowsPresence, RejectsCalls
):
    """The abilities that have to do with people, ourselves among them."""

    @abstractmethod
    async def _run_flow(self, begin: Callable[[Device], Flow[_T]]) -> _T:
        """Have the machine run a flow, and wait for what comes of it."""
        ...

    @override
    async def check_numbers(self, numbers: tuple[str, ...]) -> tuple[NumberCheck, ...]:
        """Which numbers have an account."""
        return await self._run_flow(lambda us: people_commands.check_numbers(us, numbers))

    @override
    async def profile(self, jid: Jid) -> Profile:
        """What a person shows of themselves."""
        return await self._run_flow(lambda us: people_commands.profile(us, jid))

    @override
    async def picture(self, jid: Jid, *, preview: bool = False) -> Picture:
        """Where the picture of a person or group lies."""
        return await self._run_flow(lambda us: people_commands.picture(us, jid, preview=preview))

    @override
    async def blocked(self) -> tuple[Jid, ...]:
        """Everybody who is blocked."""
        return await self._run_flow(people_commands.blocked)

    @override
    async def block(self, jid: Jid, *, blocked: bool) -> None:
        """Block somebody, or do so no longer."""
        await self._run_flow(lambda us: people_commands.block(us, jid, blocked=blocked))

    @override
    async def set_about(self, text: str) -> None:
        """Show another about."""
        await self._run_flow(lambda us: people_commands.set_about(us, text))

    @override
    async def set_picture(self, jpeg: bytes | None) -> str | None:
        """Show another picture, or none."""
        return await self._run_flow(lambda us: people_commands.set_picture(us, jpeg))

    @override
    async def set_group_picture(self, group: Jid, jpeg: bytes | None) -> str | None:
        """Give a group another picture, or none."""
        return await self._run_flow(lambda us: people_commands.set_group_picture(us, group, jpeg))

    @override
    async def privacy(self) -> dict[Privacy, Audience]:
        """Who may see what of us."""
        return await self._run_flow(people_commands.get_privacy)

    @override
    async def set_privacy(self, setting: Privacy, audience: Audience) -> None:
        """Let others see something, or not."""
        await self._run_flow(lambda us: people_commands.set_privacy(us, setting, audience))

    @override
    async def show_presence(self, *, available: bool) -> None:
        """Show us online, or not any more."""
        await self._run_flow(lambda us: presence.show_presence(us, available=available))

    @override
    async def watch_presence(self, jid: Jid) -> None:
        """Ask to be told when somebody comes and goes."""
        await self._run_flow(lambda us: presence.watch(us, jid))

    @override
    async def reject_call(self, call: str) -> None:
        """Turn a call down."""
        await self._run_flow(lambda us: calls.reject(us, call))
