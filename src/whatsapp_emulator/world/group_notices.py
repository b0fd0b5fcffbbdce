"""What members hear when a group changes: a `w:gp2` notification for each of their devices, the actor's included."""

from __future__ import annotations

from collections.abc import Iterable

from whatsapp_emulator.world.accounts import Account
from whatsapp_emulator.world.groups import Group
from whatsapp_emulator.world.links import Attrs
from whatsapp_emulator.world.state import State
from whatsapp_wire.jid import Jid
from whatsapp_wire.node import Node
from whatsapp_wire.stanza.groups import Role


def tell(state: State, group: Group, actor: Account | None, change: Node, audience: Iterable[Account]) -> None:
    """Tell all companions of some people what somebody (None: the server) did."""
    people = list(dict.fromkeys(audience))
    head: Attrs = {
        "from": group.jid,
        "type": "w:gp2",
        "t": state.stamp,
        "addressing_mode": "lid" if group.by_lid else "pn",
    }
    if actor is not None:
        other = actor.pn if group.by_lid else actor.lid
        head |= {
            "participant": group.address(actor),
            "participant_pn" if group.by_lid else "participant_lid": other,
            "notify": actor.name,
        }
    for account in people:
        for device in account.devices.values():
            state.deliver(device, Node("notification", {**head, "id": state.next_id()}, [change]))


def tell_picture(state: State, group: Group, actor: Account, picture_id: str | None) -> None:
    """Tell the members that the group looks different."""
    author = group.address(actor)
    change = Node("set" if picture_id else "delete", {"jid": group.jid, "id": picture_id, "author": author})
    for account in group.members:
        for device in account.devices.values():
            head: Attrs = {"from": group.jid, "type": "picture", "t": state.stamp, "id": state.next_id()}
            state.deliver(device, Node("notification", head, [change]))


def members_changed(group: Group, tag: str, people: Iterable[Account], reason: str | None = None) -> Node:
    """The part of a notification about people; each such change has a version of its own."""
    before = group.version
    group.version += 1
    attrs: Attrs = {"reason": reason, "prev_v_id": str(before), "v_id": str(group.version)}
    return Node(tag, attrs, [person(group, each) for each in people])


def entered(group: Group, *, is_new: bool = False, reason: str | None = None) -> Node:
    """What somebody's devices hear who is in a group from now on."""
    return Node("create", {"type": "new" if is_new else None, "reason": reason}, [described(group)])


def described(group: Group, *, for_strangers: bool = False) -> Node:
    """The whole group; somebody who only holds a link is not told who is in it."""
    owner = group.owner
    head: Attrs = {
        "id": group.jid.user,
        "subject": group.subject,
        "s_t": group.subject_at,
        "s_o": group.address(owner),
        "creation": group.created_at,
        "creator": group.address(owner),
        "creator_pn": owner.pn if group.by_lid else None,
        "p_v_id": str(group.version),
        "size": len(group.members),
        "addressing_mode": "lid" if group.by_lid else "pn",
    }
    listed = [] if for_strangers else [person(group, one, role) for one, role in group.members.items()]
    return Node("group", head, [*listed, *_description(group), *_settings(group)])


def person(group: Group, account: Account, role: Role = Role.MEMBER) -> Node:
    """Somebody, with both addresses."""
    other = {"phone_number": account.pn} if group.by_lid else {"lid": account.lid}
    kind = None if role is Role.MEMBER else role.value
    return Node("participant", {"jid": group.address(account), **other, "type": kind})


def stranger(jid: Jid, error: int) -> Node:
    """Somebody who is not there, in the answer to a change."""
    return Node("participant", {"jid": jid, "error": error})


def _description(group: Group) -> list[Node]:
    described = group.description
    if described is None:
        return []
    attrs: Attrs = {"id": described.id, "t": described.set_at, "participant": group.address(group.owner)}
    return [Node("description", attrs, [Node("body", None, described.text.encode())])]


def _settings(group: Group) -> list[Node]:
    settings = group.settings
    nodes = [Node("member_add_mode", None, settings.member_add_mode.value.encode())]
    if settings.announcement:
        nodes.append(Node("announcement"))
    if settings.locked:
        nodes.append(Node("locked"))
    if settings.ephemeral_s:
        nodes.append(Node("ephemeral", {"expiration": settings.ephemeral_s}))
    if settings.approval:
        nodes.append(Node("membership_approval_mode", None, [Node("group_join", {"state": "on"})]))
    return nodes
