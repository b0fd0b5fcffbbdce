"""What a caller can have done in groups: one request each, and what it taught is kept before the caller hears of it.

The server tells every device of a change, ours as well; what comes in that way later says nothing new then.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Sequence
from typing import Final, TypeVar

from wagate.adapters.engines.native.machine import directory, group_keys, groups
from wagate.adapters.engines.native.machine.device import Device, Phase
from wagate.adapters.engines.native.machine.errors import RequestRefused
from wagate.adapters.engines.native.machine.flows import Commit, Flow, Load
from wagate.adapters.engines.native.machine.group_words import (
    group_of_wire,
    outcome_of,
    participant_of,
    settings_to,
)
from wagate.adapters.engines.native.machine.records import ContactToken, Step
from wagate.domain import people as domain
from wagate.domain.errors import (
    AlreadyGroupMember,
    GatewayError,
    GroupNotFound,
    GroupRefused,
    InviteInvalid,
    NotGroupAdmin,
    NotGroupMember,
)
from wagate.domain.jid import Jid as DomainJid
from wagate.domain.people import (
    CreatedGroup,
    GroupChange,
    GroupEdit,
    GroupEdited,
    GroupEnded,
    JoinedGroup,
    JoinRequest,
    MemberOutcome,
    MembersAction,
    MembersChanged,
    NewGroup,
    RequestDecision,
)
from wagate.ports.engine import NotOnWhatsApp, NotSent
from wagate.ports.news import GroupChanged
from whatsapp_wire.errors import WireError
from whatsapp_wire.jid import Jid
from whatsapp_wire.node import Node
from whatsapp_wire.stanza import groups as stanzas
from whatsapp_wire.stanza import privacy
from whatsapp_wire.stanza.groups import Group, Member, MemberAddMode

_T = TypeVar("_T")

_REFUSALS: Final[dict[int, type[GatewayError]]] = {401: NotGroupAdmin, 403: NotGroupMember, 404: GroupNotFound}
_LINK_REFUSALS: Final[dict[int, type[GatewayError]]] = {
    401: InviteInvalid,
    404: InviteInvalid,
    406: InviteInvalid,
    409: AlreadyGroupMember,
    410: InviteInvalid,
}


def list_groups(us: Device) -> Flow[tuple[domain.Group, ...]]:
    """Every group that we are in."""
    answer = yield from _ask(us, stanzas.participating)
    found = _read(lambda: stanzas.parse_groups(answer))
    yield from _learn(us, found)
    return tuple(map(group_of_wire, found))


def get_group(us: Device, jid: DomainJid) -> Flow[domain.Group]:
    """One group that we are in."""
    found = yield from _query(us, Jid(jid))
    yield from _learn(us, [found])
    return group_of_wire(found)


def create(us: Device, wanted: NewGroup) -> Flow[CreatedGroup]:
    """Make a group."""
    people = yield from _named(us, wanted.people)
    settings = settings_to(wanted.settings)
    answer = yield from _ask(us, lambda id: stanzas.create(id, wanted.subject, people, settings))
    found = _read(lambda: stanzas.parse_group(answer))
    yield from _learn(us, [found])
    refused = tuple(outcome_of(member) for member in found.members if member.error is not None)
    return CreatedGroup(group_of_wire(found), refused)


def change_members(
    us: Device, jid: DomainJid, action: MembersAction, people: tuple[DomainJid, ...]
) -> Flow[list[MemberOutcome]]:
    """Add, remove, promote or demote people."""
    group = Jid(jid)
    named = yield from _named(us, people)
    records = (("group", group), *group_keys.records(us, group))
    yield Load(records)  # before we ask: what the server tells after its answer must not be taken in before that
    answer = yield from _ask(us, lambda id: stanzas.change_members(id, group, action.value, named))
    fates = _read(lambda: stanzas.parse_changed(answer, action.value))
    changed = [fate for fate in fates if fate.error is None]
    if changed:
        yield Load(records)
        step = us.step()
        groups.apply_members(us, step, group, action.value, changed)
        ours = any(us.own.is_me(fate.jid) for fate in changed)
        yield from _tell(us, step, jid, MembersChanged(action, tuple(map(participant_of, changed)), ours))
    return list(map(outcome_of, fates))


def edit(us: Device, jid: DomainJid, wanted: GroupEdit) -> Flow[None]:
    """Change what is given, one after the other."""
    group = Jid(jid)
    for change, request in _requests(group, wanted):
        yield from _ask(us, request)
        yield from _tell(us, us.step(), jid, GroupEdited(change))
    if wanted.description is not None:
        yield from _describe(us, group, wanted.description)


def leave(us: Device, jid: DomainJid) -> Flow[None]:
    """Go."""
    group = Jid(jid)
    yield from _ask(us, lambda id: stanzas.leave(id, group))
    step = us.step()
    yield Load((("group", group), *group_keys.records(us, group)))
    groups.left(us, step, group)
    yield from _tell(us, step, jid, GroupEnded())


def invite_code(us: Device, jid: DomainJid, *, reset: bool) -> Flow[str]:
    """The code of a group's link, or a new one."""
    answer = yield from _ask(us, lambda id: stanzas.invite(id, Jid(jid), reset=reset))
    return _read(lambda: stanzas.parse_invite(answer))


def group_behind(us: Device, code: str) -> Flow[domain.Group]:
    """The group that a link leads to; nothing of it is kept, we may not be in it."""
    answer = yield from _ask(us, lambda id: stanzas.invite_info(id, code), _LINK_REFUSALS)
    return group_of_wire(_read(lambda: stanzas.parse_group(answer)))


def join(us: Device, code: str) -> Flow[JoinedGroup]:
    """Follow a link; who is in the group is asked at once, if we are."""
    answer = yield from _ask(us, lambda id: stanzas.join(id, code), _LINK_REFUSALS)
    joined = _read(lambda: stanzas.parse_joined(answer))
    if not joined.is_pending:
        yield from _learn(us, [(yield from _query(us, joined.group))])
    return JoinedGroup(DomainJid(joined.group), joined.is_pending)


def join_requests(us: Device, jid: DomainJid) -> Flow[tuple[JoinRequest, ...]]:
    """Who wants to join."""
    answer = yield from _ask(us, lambda id: stanzas.join_requests(id, Jid(jid)))
    return tuple(
        JoinRequest(participant_of(Member(one.jid, one.alt)), one.requested_at, one.method)
        for one in _read(lambda: stanzas.parse_requests(answer))
    )


def decide(
    us: Device, jid: DomainJid, decision: RequestDecision, people: tuple[DomainJid, ...]
) -> Flow[list[MemberOutcome]]:
    """Let people in who asked for it, or not."""
    group = Jid(jid)
    word: stanzas.Decision = "approve" if decision is RequestDecision.APPROVE else "reject"
    named = yield from _named(us, people)
    answer = yield from _ask(us, lambda id: stanzas.decide_requests(id, group, word, [one.jid for one in named]))
    return [outcome_of(fate) for fate in _read(lambda: stanzas.parse_decided(answer, word))]


# ---- inside


def _ask(us: Device, build: Callable[[str], Node], refusals: dict[int, type[GatewayError]] = _REFUSALS) -> Flow[Node]:
    if us.phase is not Phase.READY:
        raise NotSent("the session is not connected to WhatsApp")
    try:
        return (yield from us.flows.ask(build))
    except RequestRefused as refused:
        kind = refusals.get(refused.status, GroupRefused)
        detail = "" if kind is not GroupRefused else f"WhatsApp refused the request with code {refused.status}"
        raise kind(detail) from refused


def _read(parse: Callable[[], _T]) -> _T:
    try:
        return parse()
    except WireError as error:
        raise NotSent(f"WhatsApp's answer cannot be read: {error}") from error


def _query(us: Device, group: Jid) -> Flow[Group]:
    answer = yield from _ask(us, lambda id: stanzas.query(id, group))
    return _read(lambda: stanzas.parse_group(answer))


def _learn(us: Device, found: Sequence[Group]) -> Flow[None]:
    step = us.step()
    groups.learn(us, step, found)
    yield Commit(step)
    yield from groups.learn_members(us, found)


def _tell(us: Device, step: Step, jid: DomainJid, change: GroupChange) -> Flow[None]:
    step.news.append(GroupChanged(jid, change, us.now, DomainJid(us.me.lid), DomainJid(us.own.pn.bare)))
    yield Commit(step)


def _named(us: Device, people: Iterable[DomainJid]) -> Flow[list[Member]]:
    """People under the addresses that WhatsApp wants: their LID with their number, as far as they can be found.

    With the token that lets us approach them, if they gave us one (whatsmeow `group.go`).
    """
    named = []
    for jid in people:
        try:
            person = yield from directory.find(us, Jid(jid))
        except NotOnWhatsApp:
            named.append(Member(Jid(jid)))
        else:
            yield Load((("tctoken", person.lid),))
            kept = ContactToken.unpack(us.shell.get("tctoken", person.lid))
            is_good = kept.token and not privacy.is_token_expired(kept.received_at, us.now)
            named.append(Member(person.lid, person.pn, token=kept.token if is_good else None))
    return named


def _requests(group: Jid, wanted: GroupEdit) -> list[tuple[GroupEdit, Callable[[str], Node]]]:
    """One request for each thing to change, and the change it makes."""
    found: list[tuple[GroupEdit, Callable[[str], Node]]] = []
    subject, send, locked = wanted.subject, wanted.admins_send, wanted.admins_edit
    add, approval, timer = wanted.admins_add, wanted.approval, wanted.disappearing_s
    if subject is not None:
        found.append((GroupEdit(subject=subject), lambda id: stanzas.set_subject(id, group, subject)))
    if send is not None:
        found.append((GroupEdit(admins_send=send), lambda id: stanzas.set_announcement(id, group, on=send)))
    if locked is not None:
        found.append((GroupEdit(admins_edit=locked), lambda id: stanzas.set_locked(id, group, on=locked)))
    if add is not None:
        mode = MemberAddMode.ADMINS if add else MemberAddMode.EVERYBODY
        found.append((GroupEdit(admins_add=add), lambda id: stanzas.set_member_add_mode(id, group, mode)))
    if approval is not None:
        found.append((GroupEdit(approval=approval), lambda id: stanzas.set_approval(id, group, on=approval)))
    if timer is not None:
        found.append((GroupEdit(disappearing_s=timer), lambda id: stanzas.set_ephemeral(id, group, timer)))
    return found


def _describe(us: Device, group: Jid, text: str) -> Flow[None]:
    """Describe a group anew: the server wants to be told which description that replaces."""
    found = yield from _query(us, group)
    previous = None if found.description is None else found.description.id
    if previous is None and not text:
        return
    new_id = f"3EB0{secrets.token_hex(9).upper()}"
    yield from _ask(us, lambda id: stanzas.set_description(id, group, text, new_id, previous))
    yield from _tell(us, us.step(), DomainJid(group), GroupEdited(GroupEdit(description=text)))
