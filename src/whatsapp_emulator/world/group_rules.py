"""What people may do with groups, whichever device they use. Each verb checks, changes, and tells everybody concerned.

The codes are whatsmeow's (`errors.go`, `group.go`): 401 not an admin, 403 not a member, 404 no such group, 406 not
acceptable, 410 a link that was revoked.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from whatsapp_emulator.world import group_notices as notices
from whatsapp_emulator.world.accounts import Account, Picture
from whatsapp_emulator.world.groups import MAX_SUBJECT, Group
from whatsapp_emulator.world.links import Attrs
from whatsapp_emulator.world.replies import NOT_FOUND, IqRefused
from whatsapp_emulator.world.state import State
from whatsapp_wire.jid import Jid
from whatsapp_wire.node import Node
from whatsapp_wire.stanza.groups import Action, Decision, Description, MemberAddMode, Role, Settings

NOT_ADMIN: Final = IqRefused(401, "not-authorized")
NOT_MEMBER: Final = IqRefused(403, "forbidden")
NOT_ACCEPTABLE: Final = IqRefused(406, "not-acceptable")
CONFLICT: Final = IqRefused(409, "conflict")
GONE: Final = IqRefused(410, "gone")

_INVITATION_S = 3 * 86_400


@dataclass(frozen=True, slots=True)
class Fate:
    """What became of one person in a change; `error` is the server's code, `invitation` what they can join with."""

    jid: Jid
    account: Account | None
    error: int | None = None
    invitation: str | None = None

    def node(self, state: State, group: Group) -> Node:
        """As the answer to the change tells it."""
        if self.account is None:
            return notices.stranger(self.jid, self.error or NOT_FOUND.code)
        person = notices.person(group, self.account)
        if self.error is not None:
            person.attrs["error"] = str(self.error)
        if self.invitation is not None:
            expires_at = state.stamp + _INVITATION_S
            person.content = [Node("add_request", {"code": self.invitation, "expiration": expires_at})]
        return person


def create(
    state: State, actor: Account, subject: str, people: Iterable[Jid], settings: Settings
) -> tuple[Group, list[Fate]]:
    """Make a group with these people in it, as far as they let themselves be added. Raises IqRefused."""
    _check_subject(subject)
    group = state.groups.add(subject, actor, state.stamp, state.entropy)
    group.settings = settings
    fates = [_try_to_add(state, group, jid) for jid in people]
    for account in group.members:
        # Everybody hears of a new group as something that they are in from now on.
        notices.tell(state, group, actor, notices.entered(group, is_new=True), [account])
    return group, fates


def change_members(state: State, group: Group, actor: Account, action: Action, people: Sequence[Jid]) -> list[Fate]:
    """Add, remove, promote or demote, one by one; returns what became of each. Raises IqRefused."""
    role = _require_member(group, actor)
    everybody_adds = action == "add" and group.settings.member_add_mode is MemberAddMode.EVERYBODY
    if role is Role.MEMBER and not everybody_adds:
        raise NOT_ADMIN
    if action == "add":
        return _add(state, group, actor, people)
    fates = [_try_to_change(state, group, action, jid) for jid in people]
    changed = [fate.account for fate in fates if fate.account is not None and fate.error is None]
    if changed:
        before = list(group.members)
        for account in changed:
            if action == "remove":
                del group.members[account]
            else:
                group.members[account] = Role.ADMIN if action == "promote" else Role.MEMBER
        notices.tell(state, group, actor, notices.members_changed(group, action, changed), before)
    return fates


def leave(state: State, group: Group, actor: Account) -> None:
    """Go. When the last admin goes, the longest member becomes one. Raises IqRefused."""
    _require_member(group, actor)
    before = list(group.members)
    del group.members[actor]
    notices.tell(state, group, actor, notices.members_changed(group, "remove", [actor]), before)
    if group.members and not any(group.is_admin(account) for account in group.members):
        heir = next(iter(group.members))
        group.members[heir] = Role.ADMIN
        notices.tell(state, group, None, notices.members_changed(group, "promote", [heir]), group.members)


def set_subject(state: State, group: Group, actor: Account, subject: str) -> None:
    """Rename. Raises IqRefused."""
    _require_editor(group, actor)
    _check_subject(subject)
    group.subject, group.subject_at = subject, state.stamp
    attrs: Attrs = {"subject": subject, "s_t": state.stamp, "s_o": group.address(actor)}
    notices.tell(state, group, actor, Node("subject", attrs), group.members)


def set_description(state: State, group: Group, actor: Account, new: Description | None, previous: str | None) -> None:
    """Describe, or stop doing so; `previous` must name the description that is replaced. Raises IqRefused."""
    _require_editor(group, actor)
    if (group.description.id if group.description else None) != previous:
        raise CONFLICT
    group.description = new
    content = Node("delete") if new is None else Node("body", None, new.text.encode())
    id = state.message_id() if new is None else new.id
    notices.tell(state, group, actor, Node("description", {"id": id}, [content]), group.members)


def set_settings(state: State, group: Group, actor: Account, settings: Settings) -> None:
    """Set the group, one notification for each setting that changes. Raises IqRefused."""
    _require_member(group, actor)
    for change in _changes(group, settings):
        if change.tag in ("ephemeral", "not_ephemeral"):
            _require_editor(group, actor)
        elif not group.is_admin(actor):
            raise NOT_ADMIN
    changes = _changes(group, settings)
    let_in = list(group.requests) if group.settings.approval and not settings.approval else []
    group.settings = settings
    for change in changes:
        notices.tell(state, group, actor, change, group.members)
    if let_in:
        decide(state, group, actor, "approve", [account.lid for account in let_in])


def set_picture(state: State, group: Group, actor: Account, jpeg: bytes | None) -> str | None:
    """Give the group another picture, or none; returns its id. Raises IqRefused."""
    _require_editor(group, actor)
    group.picture = None if jpeg is None else Picture(str(state.entropy.randrange(10**9, 10**10)), jpeg)
    picture_id = None if group.picture is None else group.picture.id
    notices.tell_picture(state, group, actor, picture_id)
    return picture_id


def invite_code(state: State, group: Group, actor: Account, *, reset: bool = False) -> str:
    """The code of the group's link; with `reset` a new one. Raises IqRefused."""
    _require_member(group, actor)
    if not group.is_admin(actor):
        raise NOT_ADMIN
    if reset:
        state.groups.reset_code(group, state.entropy)
        notices.tell(state, group, actor, Node("revoke"), group.members)
    return group.code


def find_by_code(state: State, code: str) -> Group:
    """The group a code leads to. Raises IqRefused."""
    group = state.groups.by_code(code)
    if group is None:
        raise GONE if state.groups.is_revoked(code) else NOT_ACCEPTABLE
    return group


def join(state: State, actor: Account, code: str) -> tuple[Group, bool]:
    """Follow a link: returns the group, and whether admins have to approve first. Raises IqRefused."""
    group = find_by_code(state, code)
    if actor in group.members:
        raise CONFLICT
    if group.settings.approval:
        group.requests[actor] = state.stamp
        asked = Node(
            "requested_user", {"jid": group.address(actor), "phone_number": actor.pn if group.by_lid else None}
        )
        created = Node("created_membership_requests", {"request_method": "invite_link"}, [asked])
        notices.tell(state, group, actor, created, _admins(group))
        return group, True
    _let_in(state, group, actor, [actor], "invite")
    return group, False


def decide(state: State, group: Group, actor: Account, decision: Decision, people: Sequence[Jid]) -> list[Fate]:
    """Let in who asked for it, or not; returns what became of each. Raises IqRefused."""
    _require_member(group, actor)
    if not group.is_admin(actor):
        raise NOT_ADMIN
    fates = []
    for jid in people:
        account = state.directory.find(jid)
        asked = account is not None and account in group.requests
        fates.append(Fate(jid, account, None if asked else NOT_FOUND.code))
    chosen = [fate.account for fate in fates if fate.account is not None and fate.error is None]
    for account in chosen:
        del group.requests[account]
    if chosen and decision == "approve":
        _let_in(state, group, actor, chosen, None)
    elif chosen:
        revoked = Node("revoked_membership_requests", None, [notices.person(group, account) for account in chosen])
        notices.tell(state, group, actor, revoked, [*_admins(group), *chosen])
    return fates


def _add(state: State, group: Group, actor: Account, people: Sequence[Jid]) -> list[Fate]:
    before = list(group.members)
    fates = [_try_to_add(state, group, jid) for jid in people]
    added = [fate.account for fate in fates if fate.account is not None and fate.error is None]
    if added:
        notices.tell(state, group, actor, notices.members_changed(group, "add", added), before)
        notices.tell(state, group, actor, notices.entered(group), added)
    return fates


def _let_in(state: State, group: Group, actor: Account, people: Sequence[Account], reason: str | None) -> None:
    before = list(group.members)
    for account in people:
        group.members[account] = Role.MEMBER
        group.requests.pop(account, None)
    notices.tell(state, group, actor, notices.members_changed(group, "add", people, reason), before)
    notices.tell(state, group, actor, notices.entered(group, reason=reason), people)


def _try_to_add(state: State, group: Group, jid: Jid) -> Fate:
    account = state.directory.find(jid)
    if account is None:
        return Fate(jid, None, NOT_FOUND.code)
    if account in group.members:
        return Fate(jid, account, CONFLICT.code)
    if account.handset.refuses_groups:
        return Fate(jid, account, NOT_MEMBER.code, group.code)
    group.members[account] = Role.MEMBER
    group.requests.pop(account, None)
    return Fate(jid, account)


def _try_to_change(state: State, group: Group, action: Action, jid: Jid) -> Fate:
    account = state.directory.find(jid)
    if account is None or account not in group.members:
        return Fate(jid, account, NOT_FOUND.code)
    if group.members[account] is Role.OWNER and action != "promote":
        return Fate(jid, account, NOT_ACCEPTABLE.code)
    return Fate(jid, account)


def _changes(group: Group, wanted: Settings) -> list[Node]:
    """One element for each setting that is to be another one."""
    now, changes = group.settings, []
    if wanted.announcement != now.announcement:
        tag = "announcement" if wanted.announcement else "not_announcement"
        changes.append(Node(tag, {"v_id": str(group.version)}))
    if wanted.locked != now.locked:
        changes.append(Node("locked" if wanted.locked else "unlocked"))
    if wanted.ephemeral_s != now.ephemeral_s:
        timer = {"expiration": wanted.ephemeral_s}
        changes.append(Node("ephemeral", timer) if wanted.ephemeral_s else Node("not_ephemeral"))
    if wanted.member_add_mode is not now.member_add_mode:
        changes.append(Node("member_add_mode", None, wanted.member_add_mode.value.encode()))
    if wanted.approval != now.approval:
        state = {"state": "on" if wanted.approval else "off"}
        changes.append(Node("membership_approval_mode", None, [Node("group_join", state)]))
    return changes


def _require_member(group: Group, actor: Account) -> Role:
    role = group.members.get(actor)
    if role is None:
        raise NOT_MEMBER
    return role


def _require_editor(group: Group, actor: Account) -> None:
    if _require_member(group, actor) is Role.MEMBER and group.settings.locked:
        raise NOT_ADMIN


def _check_subject(subject: str) -> None:
    if not 0 < len(subject) <= MAX_SUBJECT:
        raise NOT_ACCEPTABLE


def _admins(group: Group) -> list[Account]:
    return [account for account in group.members if group.is_admin(account)]


def with_setting(settings: Settings, name: str, value: object) -> Settings:
    """The same settings with another value in one place. Raises ValueError for what makes no sense."""
    match name, value:
        case "announcement", bool():
            return replace(settings, announcement=value)
        case "locked", bool():
            return replace(settings, locked=value)
        case "approval", bool():
            return replace(settings, approval=value)
        case "member_add_mode", str():
            return replace(settings, member_add_mode=MemberAddMode(value))
        case "ephemeral_s", int() if value >= 0 and not isinstance(value, bool):
            return replace(settings, ephemeral_s=value)
    raise ValueError(f"a group has no setting {name} of {value!r}")
