"""The `w:g2` queries of companions (whatsmeow `group.go`)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from whatsapp_emulator.world import group_notices as notices
from whatsapp_emulator.world import group_rules as rules
from whatsapp_emulator.world.accounts import Device
from whatsapp_emulator.world.groups import Group
from whatsapp_emulator.world.replies import NOT_FOUND, Reply
from whatsapp_emulator.world.state import State
from whatsapp_wire.errors import StanzaRefused
from whatsapp_wire.jid import Jid
from whatsapp_wire.node import Node
from whatsapp_wire.stanza.groups import Description, MemberAddMode, Settings, approval_of

_Ask = Callable[[State, Device, Group, Node], Reply]


def answer(state: State, device: Device, iq: Node) -> Reply:
    """Answer a `w:g2` query. Raises IqRefused, StanzaRefused."""
    child, to = _child(iq), iq.jid("to")
    if not to.user:
        return _GENERAL[child.tag](state, device, iq) if child.tag in _GENERAL else _unknown(child)
    group = state.groups.find(to)
    if group is None:
        raise NOT_FOUND
    key = (iq.get("type"), child.tag)
    return _OF_ONE[key](state, device, group, child) if key in _OF_ONE else _unknown(child)


def _create(state: State, device: Device, iq: Node) -> Reply:
    create = _child(iq)
    people = [child.jid("jid") for child in create.all("participant")]
    add_mode, ephemeral = create.child("member_add_mode"), create.child("ephemeral")
    settings = Settings(
        announcement=create.child("announcement") is not None,
        locked=create.child("locked") is not None,
        approval=approval_of(create.child("membership_approval_mode")),
        member_add_mode=MemberAddMode.EVERYBODY if add_mode is None else _add_mode(add_mode),
        ephemeral_s=0 if ephemeral is None else int(ephemeral.get("expiration") or 0),
    )
    group, fates = rules.create(state, device.account, create.get("subject") or "", people, settings)
    described = notices.described(group)
    described.content = [*described.children, *(fate.node(state, group) for fate in fates if fate.error)]
    return Reply([described])


def _participating(state: State, device: Device, iq: Node) -> Reply:
    groups = state.groups.of(device.account)
    return Reply([Node("groups", None, [notices.described(group) for group in groups])])


def _leave(state: State, device: Device, iq: Node) -> Reply:
    left = []
    for named in _child(iq).all("group"):
        jid = Jid(named.attr("id"))
        group = state.groups.find(jid)
        if group is None:
            raise NOT_FOUND
        rules.leave(state, group, device.account)
        left.append(Node("group", {"id": jid}))
    return Reply([Node("leave", None, left)])


def _by_link(state: State, device: Device, iq: Node) -> Reply:
    code = _child(iq).attr("code")
    if iq.get("type") == "get":
        return Reply([notices.described(rules.find_by_code(state, code), for_strangers=True)])
    group, is_pending = rules.join(state, device.account, code)
    return Reply([Node("membership_approval_request" if is_pending else "group", {"jid": group.jid})])


def _query(state: State, device: Device, group: Group, child: Node) -> Reply:
    if device.account not in group.members:
        raise rules.NOT_MEMBER
    return Reply([notices.described(group)])


def _members(state: State, device: Device, group: Group, child: Node) -> Reply:
    people = [one.jid("jid") for one in child.all("participant")]
    action = child.tag
    assert action in ("add", "remove", "promote", "demote")
    fates = rules.change_members(state, group, device.account, action, people)  # type: ignore[arg-type]  # asserted
    return Reply([Node(action, None, [fate.node(state, group) for fate in fates])])


def _subject(state: State, device: Device, group: Group, child: Node) -> Reply:
    rules.set_subject(state, group, device.account, child.text())
    return Reply()


def _description(state: State, device: Device, group: Group, child: Node) -> Reply:
    body = child.child("body")
    new = None if body is None else Description(child.attr("id"), body.text(), state.stamp)
    rules.set_description(state, group, device.account, new, child.get("prev"))
    return Reply()


def _setting(name: str, read: Callable[[Node], object]) -> _Ask:
    def ask(state: State, device: Device, group: Group, child: Node) -> Reply:
        rules.set_settings(state, group, device.account, rules.with_setting(group.settings, name, read(child)))
        return Reply()

    return ask


def _invite(*, reset: bool) -> _Ask:
    def ask(state: State, device: Device, group: Group, child: Node) -> Reply:
        return Reply([Node("invite", {"code": rules.invite_code(state, group, device.account, reset=reset)})])

    return ask


def _requests(state: State, device: Device, group: Group, child: Node) -> Reply:
    if not group.is_admin(device.account):
        raise rules.NOT_ADMIN
    asked = [
        Node(
            "membership_approval_request",
            {
                "jid": group.address(account),
                "phone_number": account.pn if group.by_lid else None,
                "request_time": at,
                "request_method": "invite_link",
            },
        )
        for account, at in group.requests.items()
    ]
    return Reply([Node("membership_approval_requests", None, asked)])


def _decide(state: State, device: Device, group: Group, child: Node) -> Reply:
    decided = []
    for action in child.children:
        if action.tag not in ("approve", "reject"):
            _unknown(action)
        people = [one.jid("jid") for one in action.all("participant")]
        fates = rules.decide(state, group, device.account, action.tag, people)  # type: ignore[arg-type]  # checked
        decided.append(Node(action.tag, None, [fate.node(state, group) for fate in fates]))
    return Reply([Node("membership_requests_action", None, decided)])


def _add_mode(child: Node) -> MemberAddMode:
    try:
        return MemberAddMode(child.text())
    except ValueError:
        raise rules.NOT_ACCEPTABLE from None


def _child(iq: Node) -> Node:
    if not iq.children:
        raise StanzaRefused("a question about groups asks nothing")
    return iq.children[0]


def _unknown(child: Node) -> Reply:
    raise StanzaRefused(f"nobody knows <{child.tag}> of groups")


_GENERAL: Final[dict[str, Callable[[State, Device, Node], Reply]]] = {
    "create": _create,
    "participating": _participating,
    "leave": _leave,
    "invite": _by_link,
}

_OF_ONE: Final[dict[tuple[str | None, str], _Ask]] = {
    ("get", "query"): _query,
    ("set", "add"): _members,
    ("set", "remove"): _members,
    ("set", "promote"): _members,
    ("set", "demote"): _members,
    ("set", "subject"): _subject,
    ("set", "description"): _description,
    ("set", "announcement"): _setting("announcement", lambda _: True),
    ("set", "not_announcement"): _setting("announcement", lambda _: False),
    ("set", "locked"): _setting("locked", lambda _: True),
    ("set", "unlocked"): _setting("locked", lambda _: False),
    ("set", "ephemeral"): _setting("ephemeral_s", lambda child: int(child.attr("expiration"))),
    ("set", "not_ephemeral"): _setting("ephemeral_s", lambda _: 0),
    ("set", "member_add_mode"): _setting("member_add_mode", lambda child: _add_mode(child).value),
    ("set", "membership_approval_mode"): _setting("approval", approval_of),
    ("get", "invite"): _invite(reset=False),
    ("set", "invite"): _invite(reset=True),
    ("get", "membership_approval_requests"): _requests,
    ("set", "membership_requests_action"): _decide,
}
