"""What a line can do with groups: every verb is a flow of the machine."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from typing import TypeVar

from typing_extensions import override

from wagate.adapters.engines.native.machine import group_commands
from wagate.adapters.engines.native.machine.device import Device
from wagate.adapters.engines.native.machine.flows import Flow
from wagate.domain.jid import Jid
from wagate.domain.people import (
    CreatedGroup,
    Group,
    GroupEdit,
    JoinedGroup,
    JoinRequest,
    MemberOutcome,
    MembersAction,
    NewGroup,
    RequestDecision,
)
from wagate.ports.abilities import ApprovesMembers, InvitesToGroups, ListsGroups, ManagesGroups

_T = TypeVar("_T")


class SpeaksInGroups(ListsGroups, ManagesGroups, InvitesToGroups, ApprovesMembers):
    """The abilities that have to do with groups."""

    @abstractmethod
    async def _run_flow(self, begin: Callable[[Device], Flow[_T]]) -> _T:
        """Have the machine run a flow, and wait for what comes of it."""
        ...

    @override
    async def groups(self) -> tuple[Group, ...]:
        """Every group that the account is in."""
        return await self._run_flow(group_commands.list_groups)

    @override
    async def group(self, jid: Jid) -> Group:
        """One group that the account is in."""
        return await self._run_flow(lambda us: group_commands.get_group(us, jid))

    @override
    async def create_group(self, wanted: NewGroup) -> CreatedGroup:
        """Make a group."""
        return await self._run_flow(lambda us: group_commands.create(us, wanted))

    @override
    async def change_members(self, group: Jid, action: MembersAction, people: tuple[Jid, ...]) -> list[MemberOutcome]:
        """Add, remove, promote or demote people."""
        return await self._run_flow(lambda us: group_commands.change_members(us, group, action, people))

    @override
    async def edit_group(self, group: Jid, edit: GroupEdit) -> None:
        """Change what is given."""
        await self._run_flow(lambda us: group_commands.edit(us, group, edit))

    @override
    async def leave_group(self, group: Jid) -> None:
        """Go."""
        await self._run_flow(lambda us: group_commands.leave(us, group))

    @override
    async def invite_code(self, group: Jid, *, reset: bool = False) -> str:
        """The code of a group's invite link."""
        return await self._run_flow(lambda us: group_commands.invite_code(us, group, reset=reset))

    @override
    async def group_behind(self, code: str) -> Group:
        """The group that an invite link leads to."""
        return await self._run_flow(lambda us: group_commands.group_behind(us, code))

    @override
    async def join_group(self, code: str) -> JoinedGroup:
        """Follow an invite link."""
        return await self._run_flow(lambda us: group_commands.join(us, code))

    @override
    async def join_requests(self, group: Jid) -> tuple[JoinRequest, ...]:
        """Who wants to join."""
        return await self._run_flow(lambda us: group_commands.join_requests(us, group))

    @override
    async def decide_requests(
        self, group: Jid, decision: RequestDecision, people: tuple[Jid, ...]
    ) -> list[MemberOutcome]:
        """Let people in who asked for it, or not."""
        return await self._run_flow(lambda us: group_commands.decide(us, group, decision, people))
