"""What a line can do with groups: every verb is an errand of the worker, or several.

neonize 0.5.2 has no call for who may add people (whatsmeow's ``SetGroupMemberAddMode``), for approval
(``SetGroupJoinApprovalMode``) and for deciding about requests to join (``UpdateGroupRequestParticipants``): there is no
`ApprovesMembers` here, and those two settings are refused.
"""

from __future__ import annotations

import base64
import re
import time
from typing import Final

from typing_extensions import override

from wagate.adapters.engines.neonize.attachment import AskFailed
from wagate.adapters.engines.neonize.errands import RunsErrands
from wagate.adapters.engines.neonize.group_words import group_of, outcome_of, participant_of
from wagate.adapters.engines.neonize.link.messages import Answer
from wagate.domain.errors import (
    AlreadyGroupMember,
    GatewayError,
    GroupNotFound,
    GroupRefused,
    InviteInvalid,
    NotGroupAdmin,
    NotGroupMember,
    UnsupportedByEngine,
)
from wagate.domain.jid import Jid
from wagate.domain.people import (
    CreatedGroup,
    Group,
    GroupChange,
    GroupEdit,
    GroupEdited,
    GroupEnded,
    GroupPictureChanged,
    GroupSeen,
    JoinedGroup,
    MemberOutcome,
    MembersAction,
    MembersChanged,
    NewGroup,
)
from wagate.ports.abilities import GivesGroupsPictures, InvitesToGroups, ListsGroups, ManagesGroups
from wagate.ports.engine import NotSent
from wagate.ports.news import GroupChanged
from wagate.ports.vault import Unit

_STATUS: Final = re.compile(r"info query returned status (\d+)")
_REFUSALS: Final[dict[str, type[GatewayError]]] = {
    "401": NotGroupAdmin,
    "403": NotGroupMember,
    "404": GroupNotFound,
    "that group does not exist": GroupNotFound,
    "not participating in that group": NotGroupMember,
    "you don't have the permission": NotGroupAdmin,
    "not a valid image": GroupRefused,
}
_LINK_REFUSALS: Final[dict[str, type[GatewayError]]] = {
    "401": InviteInvalid,
    "404": InviteInvalid,
    "406": InviteInvalid,
    "409": AlreadyGroupMember,
    "410": InviteInvalid,
    "link is not valid": InviteInvalid,
    "link has been revoked": InviteInvalid,
}
"""whatsmeow's words and WhatsApp's codes (``errors.go``, ``group.go``), and what they mean for us."""


class SpeaksInGroups(RunsErrands, ListsGroups, ManagesGroups, InvitesToGroups, GivesGroupsPictures):
    """The abilities that have to do with groups."""

    @override
    async def groups(self) -> tuple[Group, ...]:
        """Every group that the account is in."""
        answer = await self._do("groups")
        found = tuple(map(group_of, answer.groups))
        await self._told(*((group.jid, GroupSeen(group)) for group in found))
        return found

    @override
    async def group(self, jid: Jid) -> Group:
        """One group that the account is in."""
        found = _only(await self._do("group", jid))
        await self._told((found.jid, GroupSeen(found)))
        return found

    @override
    async def create_group(self, wanted: NewGroup) -> CreatedGroup:
        """Make a group. neonize makes it as any other; what is to be different is changed at once."""
        settings = wanted.settings
        _check(GroupEdit(admins_add=settings.admins_add or None, approval=settings.approval or None))
        answer = await self._do("create", "", tuple(wanted.people), wanted.subject)
        made = _only(answer)
        await self._told((made.jid, GroupSeen(made)))
        edit = GroupEdit(
            admins_send=settings.admins_send or None,
            admins_edit=settings.admins_edit or None,
            disappearing_s=settings.disappearing_s or None,
        )
        if edit != GroupEdit():
            await self.edit_group(made.jid, edit)
            made = await self.group(made.jid)
        return CreatedGroup(made, tuple(outcome_of(member) for member in answer.members if member.error))

    @override
    async def change_members(self, group: Jid, action: MembersAction, people: tuple[Jid, ...]) -> list[MemberOutcome]:
        """Add, remove, promote or demote people."""
        answer = await self._do(action.value, group, tuple(people))
        changed = tuple(participant_of(member) for member in answer.members if not member.error)
        if changed:
            ours = any(self._account.has(address) for person in changed for address in (person.jid, person.alt))
            await self._told((group, MembersChanged(action, changed, ours)))
        return list(map(outcome_of, answer.members))

    @override
    async def edit_group(self, group: Jid, edit: GroupEdit) -> None:
        """Change what is given, one after the other; what cannot be changed at all is refused before anything is."""
        _check(edit)
        for what, text, change in _errands(edit):
            await self._do(what, group, text=text)
            await self._told((group, GroupEdited(change)))

    @override
    async def leave_group(self, group: Jid) -> None:
        """Go."""
        await self._do("leave", group)
        await self._told((group, GroupEnded()))

    @override
    async def set_group_picture(self, group: Jid, jpeg: bytes | None) -> str | None:
        """Show another picture. Raises UnsupportedByEngine for none: neonize hands that on as an empty one."""
        if jpeg is None:
            raise UnsupportedByEngine("neonize cannot take a group's picture away")
        picture = (await self._do("picture", group, text=base64.b64encode(jpeg).decode())).value
        await self._told((group, GroupPictureChanged(picture)))
        return picture

    @override
    async def invite_code(self, group: Jid, *, reset: bool = False) -> str:
        """The code of a group's invite link."""
        link = (await self._do("new_link" if reset else "link", group)).value
        return link.rpartition("/")[2]

    @override
    async def group_behind(self, code: str) -> Group:
        """The group that an invite link leads to. How many are in it is only known where they are listed."""
        return _only(await self._do("behind", text=_code(code), refusals=_LINK_REFUSALS))

    @override
    async def join_group(self, code: str) -> JoinedGroup:
        """Follow an invite link. Whether an admin has to approve is seen by whether we may look into the group."""
        group = Jid((await self._do("join", text=_code(code), refusals=_LINK_REFUSALS)).value)
        try:
            await self.group(group)
        except NotGroupMember:
            return JoinedGroup(group, pending=True)
        return JoinedGroup(group, pending=False)

    async def _do(
        self,
        what: str,
        group: str = "",
        people: tuple[str, ...] = (),
        text: str = "",
        refusals: dict[str, type[GatewayError]] = _REFUSALS,
    ) -> Answer:
        """Raises NotSent, or what is in ``refusals``, or GroupRefused."""
        try:
            return await self.errand(what, group, people, text)
        except AskFailed as failed:
            raise _refusal(str(failed), refusals) from failed

    async def _told(self, *changes: tuple[Jid, GroupChange]) -> None:
        now = int(time.time())
        if changes:
            await self._commit(Unit(news=[GroupChanged(group, change, now) for group, change in changes]))


def _refusal(words: str, refusals: dict[str, type[GatewayError]]) -> GatewayError:
    status = _STATUS.search(words)
    for sign, kind in refusals.items():
        if sign in words if not sign.isdigit() else status is not None and status[1] == sign:
            return kind()
    if status is not None:
        return GroupRefused(f"WhatsApp refused the request with code {status[1]}")
    return NotSent(words)


def _check(edit: GroupEdit) -> None:
    """Raises UnsupportedByEngine."""
    if edit.admins_add is not None or edit.approval is not None:
        raise UnsupportedByEngine("neonize cannot change who may add people, or whether new ones need approval")


def _errands(edit: GroupEdit) -> list[tuple[str, str, GroupEdit]]:
    """One errand for each thing to change, what it is told, and the change that it makes."""
    found: list[tuple[str, str, GroupEdit]] = []
    if edit.subject is not None:
        found.append(("rename", edit.subject, GroupEdit(subject=edit.subject)))
    if edit.admins_send is not None:
        found.append(("announce", _switch(edit.admins_send), GroupEdit(admins_send=edit.admins_send)))
    if edit.admins_edit is not None:
        found.append(("lock", _switch(edit.admins_edit), GroupEdit(admins_edit=edit.admins_edit)))
    if edit.disappearing_s is not None:
        found.append(("expire", str(edit.disappearing_s), GroupEdit(disappearing_s=edit.disappearing_s)))
    if edit.description is not None:
        found.append(("describe", edit.description, GroupEdit(description=edit.description)))
    return found


def _switch(is_on: bool) -> str:
    return "on" if is_on else "off"


def _code(link: str) -> str:
    return link.rpartition("/")[2]


def _only(answer: Answer) -> Group:
    if len(answer.groups) != 1:
        raise NotSent("whatsmeow's answer cannot be read")
    return group_of(answer.groups[0])
