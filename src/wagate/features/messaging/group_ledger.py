"""What is kept of groups. Engines may tell the same change twice: only what is new here becomes an event."""

from __future__ import annotations

from dataclasses import fields, replace

from wagate.domain.events import EventType
from wagate.domain.jid import Jid
from wagate.domain.message import Chat
from wagate.domain.people import (
    Group,
    GroupEdit,
    GroupEdited,
    GroupEnded,
    GroupPictureChanged,
    GroupRole,
    GroupSeen,
    GroupSettings,
    InviteReset,
    JoinRequested,
    JoinRequestsGone,
    MembersAction,
    MembersChanged,
    Participant,
)
from wagate.features.journal import Journal
from wagate.features.messaging.group_shape import (
    StoredGroup,
    group_lite_shape,
    group_shape,
    participant_shape,
    person_shape,
)
from wagate.features.messaging.identities import Identities
from wagate.features.messaging.receipts import moment
from wagate.features.messaging.repository import groups, people
from wagate.ports.clock import Clock
from wagate.ports.news import GroupChanged
from wagate.store.scoped import SessionScope
from wagate.store.script import Script

_ROLES = {MembersAction.PROMOTE: GroupRole.ADMIN, MembersAction.DEMOTE: GroupRole.MEMBER}


class GroupLedger:
    """Groups of all sessions. Every method is part of a write script."""

    def __init__(self, journal: Journal, identities: Identities, clock: Clock) -> None:
        """Changes are told in ``journal``."""
        self._journal = journal
        self._identities = identities
        self._clock = clock

    def changed(self, scope: SessionScope, news: GroupChanged) -> Script[None]:
        """Take in what happened in a group."""
        match news.change:
            case GroupSeen(group):
                yield from self._seen(scope, news, group)
            case GroupEdited(edit):
                yield from self._edited(scope, news, edit)
            case MembersChanged(action, members, includes_us):
                yield from self._members_changed(scope, news, action, members)
                if includes_us and action is MembersAction.REMOVE:
                    yield from self._left(scope, news.group)
            case GroupPictureChanged():
                stored = yield from self._known(scope, news.group)
                yield from self._tell_updated(scope, news, stored, ["picture"])
            case InviteReset():
                stored = yield from self._known(scope, news.group)
                yield from self._tell_updated(scope, news, stored, ["invite"])
            case JoinRequested(asking, method):
                yield from self._tell_requests(scope, news, asking, "requested", method)
            case JoinRequestsGone(asking):
                yield from self._tell_requests(scope, news, asking, "gone", None)
            case GroupEnded():
                yield from self._ended(scope, news)

    def only(self, scope: SessionScope, found: set[Jid], asked_at: int | None = None) -> Script[None]:
        """These are all the groups that we are in (none with an account that was just paired): we have left the others.

        What was heard of a group after ``asked_at`` (ms) is newer than the list.
        """
        before = self._clock.now_ms() + 1 if asked_at is None else asked_at
        for jid in (yield from groups.joined_groups(scope, before)) - found:
            yield from self._left(scope, jid)

    # ---- inside

    def _known(self, scope: SessionScope, jid: Jid) -> Script[StoredGroup]:
        """The group as it is kept, or as little as is known of one that is not."""
        stored = yield from groups.find_group(scope, jid)
        if stored is not None:
            return stored
        chat = yield from self._identities.other_chat(scope, jid)
        return StoredGroup(chat.id, Group(jid, chat.name or "", None, None, 0, GroupSettings(), (), 0), is_member=True)

    def _seen(self, scope: SessionScope, news: GroupChanged, group: Group) -> Script[None]:
        before = yield from groups.find_group(scope, group.jid)
        chat: Chat = yield from self._identities.other_chat(scope, group.jid)
        stored = StoredGroup(chat.id, group, is_member=True)
        yield from self._keep(scope, stored)
        for person in group.participants:
            if person.alt is not None:
                yield from self._identities.unite_known(scope, person.jid, person.alt)
        former = yield from groups.members(scope, chat.id)
        present = {person.jid: person for person in group.participants}
        yield from groups.drop_members(scope, chat.id, former.keys() - present.keys())
        yield from groups.put_members(scope, chat.id, [p for jid, p in present.items() if former.get(jid) != p])
        if before is None or not before.is_member:
            yield from self._tell_updated(scope, news, stored, ["is_member"])
            return
        changes = _differences(before.group, group)
        if changes:
            yield from self._tell_updated(scope, news, stored, changes)
        for action, changed in _movements(former, present):
            yield from self._tell_members(scope, news, stored, action, changed)

    def _edited(self, scope: SessionScope, news: GroupChanged, edit: GroupEdit) -> Script[None]:
        stored = yield from self._known(scope, news.group)
        before = stored.group
        after = replace(
            before,
            subject=before.subject if edit.subject is None else edit.subject,
            description=before.description if edit.description is None else edit.description or None,
            settings=edit.settings(before.settings),
        )
        changes = _differences(before, after)
        if not changes:
            return
        stored = replace(stored, group=after)
        if (yield from groups.find_group(scope, news.group)) is not None:
            yield from self._keep(scope, stored)
        elif edit.subject is not None:
            yield from people.name_chat(scope, stored.id, edit.subject)
        yield from self._tell_updated(scope, news, stored, changes)

    def _members_changed(
        self, scope: SessionScope, news: GroupChanged, action: MembersAction, changed: tuple[Participant, ...]
    ) -> Script[None]:
        kept = yield from groups.find_group(scope, news.group)
        if kept is None:
            stored = yield from self._known(scope, news.group)
            yield from self._tell_members(scope, news, stored, action, changed)
            return
        former = yield from groups.members(scope, kept.id)
        people_now = [replace(person, role=_role(action, former.get(person.jid))) for person in changed]
        if action is MembersAction.REMOVE:
            fresh = [person for person in people_now if person.jid in former]
            yield from groups.drop_members(scope, kept.id, [person.jid for person in fresh])
        else:
            fresh = [person for person in people_now if _differs(person, former.get(person.jid))]
            yield from groups.put_members(scope, kept.id, fresh)
        if fresh:
            yield from self._tell_members(scope, news, kept, action, fresh)

    def _ended(self, scope: SessionScope, news: GroupChanged) -> Script[None]:
        kept = yield from groups.find_group(scope, news.group)
        if kept is not None and kept.is_member:
            yield from self._left(scope, news.group)
            yield from self._tell_updated(scope, news, replace(kept, is_member=False), ["is_member"])

    def _left(self, scope: SessionScope, jid: Jid) -> Script[None]:
        kept = yield from groups.find_group(scope, jid)
        if kept is not None and kept.is_member:
            yield from groups.put_group(scope, replace(kept, is_member=False), self._clock.now_ms())

    def _keep(self, scope: SessionScope, stored: StoredGroup) -> Script[None]:
        yield from groups.put_group(scope, stored, self._clock.now_ms())
        yield from people.name_chat(scope, stored.id, stored.group.subject)

    def _tell_updated(
        self, scope: SessionScope, news: GroupChanged, stored: StoredGroup, changes: list[str]
    ) -> Script[None]:
        data: dict[str, object] = {"group": group_shape(stored), "changes": changes, "by": _by(news)}
        yield from self._append(scope, news, EventType.GROUP_UPDATED, data)

    def _tell_members(
        self,
        scope: SessionScope,
        news: GroupChanged,
        stored: StoredGroup,
        action: MembersAction,
        changed: list[Participant] | tuple[Participant, ...],
    ) -> Script[None]:
        reason = news.change.reason if isinstance(news.change, MembersChanged) else None
        data: dict[str, object] = {
            "group": group_lite_shape(stored.id, stored.group),
            "action": action.value,
            "participants": [participant_shape(person) for person in changed],
            "reason": reason,
            "by": _by(news),
        }
        yield from self._append(scope, news, EventType.GROUP_PARTICIPANTS, data)

    def _tell_requests(
        self,
        scope: SessionScope,
        news: GroupChanged,
        asking: tuple[Participant, ...],
        state: str,
        method: str | None,
    ) -> Script[None]:
        stored = yield from self._known(scope, news.group)
        data: dict[str, object] = {
            "group": group_lite_shape(stored.id, stored.group),
            "state": state,
            "people": [person_shape(person) for person in asking],
            "method": method,
            "by": _by(news),
        }
        yield from self._append(scope, news, EventType.GROUP_JOIN_REQUEST, data)

    def _append(
        self, scope: SessionScope, news: GroupChanged, kind: EventType, data: dict[str, object]
    ) -> Script[None]:
        at = moment(news.timestamp, self._clock.now_ms())
        yield from self._journal.append(scope, scope.session, kind, data, at)


def _by(news: GroupChanged) -> dict[str, object] | None:
    return None if news.by is None else person_shape(Participant(news.by, news.by_alt))


def _differences(before: Group, after: Group) -> list[str]:
    """What is different about a group itself, by the API's words."""
    names = [name for name in ("subject", "description") if getattr(before, name) != getattr(after, name)]
    settings = [field.name for field in fields(GroupSettings)]
    return names + [name for name in settings if getattr(before.settings, name) != getattr(after.settings, name)]


def _movements(
    former: dict[Jid, Participant], present: dict[Jid, Participant]
) -> list[tuple[MembersAction, list[Participant]]]:
    """Who came, went, rose and fell."""
    rose: list[Participant] = []
    fell: list[Participant] = []
    for jid in former.keys() & present.keys():
        was, now = former[jid].role, present[jid].role
        if was is not now:
            (fell if now is GroupRole.MEMBER else rose).append(present[jid])
    found = [
        (MembersAction.ADD, [person for jid, person in present.items() if jid not in former]),
        (MembersAction.REMOVE, [person for jid, person in former.items() if jid not in present]),
        (MembersAction.PROMOTE, rose),
        (MembersAction.DEMOTE, fell),
    ]
    return [(action, changed) for action, changed in found if changed]


def _role(action: MembersAction, former: Participant | None) -> GroupRole:
    return _ROLES.get(action) or (GroupRole.MEMBER if former is None else former.role)


def _differs(person: Participant, former: Participant | None) -> bool:
    return former is None or former.role is not person.role
