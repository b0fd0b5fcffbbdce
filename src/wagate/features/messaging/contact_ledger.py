"""What is kept and told of people. Engines may tell the same twice: only what is new here becomes an event."""

from __future__ import annotations

from dataclasses import replace

from wagate.domain.contacts import AboutChanged, BlockChanged, NumberMoved, PictureChanged, ProfileSeen
from wagate.domain.events import EventType
from wagate.domain.moments import iso
from wagate.features.journal import Journal
from wagate.features.messaging.contact_shape import detail_shape
from wagate.features.messaging.identities import Identities
from wagate.features.messaging.receipts import moment
from wagate.features.messaging.repository import contacts, marks, people
from wagate.features.messaging.repository.contacts import Detail
from wagate.features.messaging.repository.people import Known
from wagate.features.messaging.shape import contact_news_shape, contact_shape
from wagate.ports.clock import Clock
from wagate.ports.people_news import BlocklistTold, CallEnded, CallRang, ContactTold, PeopleNews, PresenceSeen
from wagate.store.scoped import SessionScope
from wagate.store.script import Script

_NOTHING = Detail()


class ContactLedger:
    """People of all sessions. Every method is part of a write script."""

    def __init__(self, journal: Journal, identities: Identities, clock: Clock) -> None:
        """Changes are told in ``journal``."""
        self._journal = journal
        self._identities = identities
        self._clock = clock

    def take(self, scope: SessionScope, news: PeopleNews) -> Script[None]:
        """Take in what happened to people, or what they do."""
        match news:
            case ContactTold():
                yield from self._told(scope, news)
            case BlocklistTold():
                yield from self._only_blocked(scope, news)
            case PresenceSeen():
                yield from self._seen(scope, news)
            case CallRang():
                yield from self._rang(scope, news)
            case CallEnded():
                yield from self._ended(scope, news)

    # ---- contacts

    def _told(self, scope: SessionScope, news: ContactTold) -> Script[None]:
        change = news.change
        if isinstance(change, NumberMoved):
            yield from self._identities.move(scope, news.person, news.alt, change.phone, change.lid)
            return
        if isinstance(change, ProfileSeen | BlockChanged):
            known: Known | None = yield from self._identities.resolve(scope, news.person, news.alt)
        else:  # anybody in a group may change their picture: of no interest unless we know them
            found = yield from people.find_people(scope, news.person, news.alt or news.person)
            known = found.get(news.person) or (None if news.alt is None else found.get(news.alt))
        if known is None:
            return
        before = yield from contacts.get_detail(scope, known.contact.id)
        after = _changed(before or _NOTHING, change, news.timestamp * 1000)
        changes = _differences(before or _NOTHING, after)
        if isinstance(change, PictureChanged) and change.picture_id is None and not change.is_removed:
            changes = ["picture"]  # another one, but we were not told which
        elif isinstance(change, AboutChanged) and change.about is None:
            changes = ["about"]
        if not changes and before is not None:
            return
        yield from contacts.put_detail(scope, known.contact.id, after, self._clock.now_ms())
        if changes and not (before is None and isinstance(change, ProfileSeen)):
            yield from self._tell(scope, known, after, changes, news.timestamp)

    def _only_blocked(self, scope: SessionScope, news: BlocklistTold) -> Script[None]:
        now = self._clock.now_ms() // 1000
        former = yield from contacts.blocked_contacts(scope)
        for person in news.people:
            known = yield from self._identities.resolve(scope, person)
            if known.contact.id in former:
                former.discard(known.contact.id)
            else:
                yield from self._set_blocked(scope, known, now, blocked=True)
        for contact in sorted(former):
            gone = yield from people.get_contact(scope, contact)
            if gone is not None:
                yield from self._set_blocked(scope, gone, now, blocked=False)

    def _set_blocked(self, scope: SessionScope, known: Known, timestamp: int, *, blocked: bool) -> Script[None]:
        before = yield from contacts.get_detail(scope, known.contact.id)
        after = replace(before or _NOTHING, blocked=blocked)
        if before == after:
            return
        yield from contacts.put_detail(scope, known.contact.id, after, self._clock.now_ms())
        yield from self._tell(scope, known, after, ["blocked"], timestamp)

    def _tell(
        self, scope: SessionScope, known: Known, detail: Detail, changes: list[str], timestamp: int
    ) -> Script[None]:
        name = yield from marks.get_name(scope, known.contact.id)
        data = contact_news_shape(known.contact, name, changes, detail_shape(detail))
        yield from self._append(scope, EventType.CONTACT_UPDATED, data, timestamp)

    # ---- presence and calls

    def _seen(self, scope: SessionScope, news: PresenceSeen) -> Script[None]:
        known = yield from self._identities.resolve(scope, news.person, news.alt)
        chat = None
        if news.chat is not None:
            chat = known.chat
            if not news.chat.is_person:
                group = yield from people.find_chat(scope, news.chat)
                chat = None if group is None else group.id
        data: dict[str, object] = {
            "contact": contact_shape(known.contact),
            "chat": chat,
            "state": news.whereabouts.value,
            "last_seen": None if news.last_seen is None else iso(news.last_seen * 1000),
        }
        yield from self._journal.append(scope, scope.session, EventType.PRESENCE_UPDATED, data)

    def _rang(self, scope: SessionScope, news: CallRang) -> Script[None]:
        known = yield from self._identities.resolve(scope, news.creator, news.creator_alt)
        data: dict[str, object] = {
            "id": call_id(news.call),
            "from": contact_shape(known.contact),
            "group": news.group,
            "video": news.is_video,
            "offline": news.is_offline,
            "rejected": news.is_rejected,
        }
        yield from self._append(scope, EventType.CALL_RECEIVED, data, news.timestamp)

    def _ended(self, scope: SessionScope, news: CallEnded) -> Script[None]:
        known = yield from self._identities.resolve(scope, news.creator, news.creator_alt)
        data: dict[str, object] = {
            "id": call_id(news.call),
            "from": contact_shape(known.contact),
            "outcome": news.outcome,
            "detail": news.detail,
        }
        yield from self._append(scope, EventType.CALL_ENDED, data, news.timestamp)

    def _append(self, scope: SessionScope, kind: EventType, data: dict[str, object], timestamp: int) -> Script[None]:
        yield from self._journal.append(scope, scope.session, kind, data, moment(timestamp, self._clock.now_ms()))


CALL_PREFIX = "call_"


def call_id(call: str) -> str:
    """A call's id as the API shows it: WhatsApp's own behind our prefix."""
    return f"{CALL_PREFIX}{call}"


def _changed(before: Detail, change: AboutChanged | PictureChanged | BlockChanged | ProfileSeen, at_ms: int) -> Detail:
    match change:
        case AboutChanged(about):
            return replace(before, about=about, about_at=None if about is None else at_ms)
        case PictureChanged(picture_id):
            return replace(before, picture_id=picture_id)
        case BlockChanged(is_blocked):
            return replace(before, blocked=is_blocked)
        case ProfileSeen(about, about_at, picture_id):
            return replace(
                before, about=about, about_at=None if about_at is None else about_at * 1000, picture_id=picture_id
            )


def _differences(before: Detail, after: Detail) -> list[str]:
    """What is different, by the API's words."""
    names = {"about": "about", "picture_id": "picture", "blocked": "blocked"}
    return [word for name, word in names.items() if getattr(before, name) != getattr(after, name)]
