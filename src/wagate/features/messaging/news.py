"""What engines have to tell that must not be lost: each piece of news to whom it concerns, inside its transaction."""

from __future__ import annotations

from collections.abc import Mapping
from typing import assert_never

from wagate.domain.ids import SessionId
from wagate.domain.jid import Jid
from wagate.domain.session import ChatFilters
from wagate.features.messaging.contact_ledger import ContactLedger
from wagate.features.messaging.group_ledger import GroupLedger
from wagate.features.messaging.history_ledger import HistoryLedger
from wagate.features.messaging.identities import Identities
from wagate.features.messaging.inbox import Inbox
from wagate.features.messaging.mark_ledger import MarkLedger, MarkNews
from wagate.features.messaging.receipts import Receipts
from wagate.features.messaging.repository import (
    acts,
    attachments,
    chats,
    contacts,
    groups,
    history,
    messages,
    outbox,
    people,
    queues,
    receipts,
    search,
    statuses,
)
from wagate.features.sessions.states import States
from wagate.ports.news import (
    DurableNews,
    GapSuspected,
    GroupChanged,
    HistoryArrived,
    HistoryRead,
    IdentityLinked,
    MessageArrived,
    MessageUndecryptable,
    OwnNameChanged,
    Paired,
    ReadElsewhere,
    ReceiptArrived,
    SendAccepted,
    SendRefused,
    SendStarted,
    SendUncertain,
)
from wagate.ports.people_news import PeopleNews
from wagate.store.scoped import SessionScope
from wagate.store.script import Script

ERASERS = (
    outbox.delete_waiting,
    queues.delete_states,
    attachments.delete_attachments,
    acts.delete_acts,
    messages.delete_messages,
    statuses.delete_audiences,
    receipts.delete_receipts,
    search.delete_entries,
    groups.delete_groups,
    contacts.delete_details,
    chats.delete_activity,
    history.delete_histories,
    people.delete_people,
)
"""Remove, chunk by chunk, what this room keeps of a session that is deleted."""


class NewsDesk:
    """The script for every kind of durable news."""

    def __init__(
        self,
        states: States,
        identities: Identities,
        inbox: Inbox,
        receipts: Receipts,
        ledgers: tuple[GroupLedger, ContactLedger, MarkLedger, HistoryLedger],
        filters: Mapping[SessionId, ChatFilters],
    ) -> None:
        """Hand news on to these, but for what the ``filters`` of a session leave out."""
        self._filters = filters
        self._groups, self._contacts, self._marks, self._histories = ledgers
        self._states = states
        self._identities = identities
        self._inbox = inbox
        self._receipts = receipts

    def take(self, scope: SessionScope, news: DurableNews) -> Script[None]:
        """Part of the vault's write script: what a piece of news changes."""
        match news:
            case SendStarted():
                return self._receipts.started(scope, news)
            case SendAccepted():
                return self._receipts.accepted(scope, news)
            case ReceiptArrived():
                return self._receipts.arrived(scope, news)
            case MessageArrived():
                return self._inbox.arrived(scope, news, is_wanted=self._admits(scope, news.chat))
        if isinstance(news, PeopleNews):
            return self._contacts.take(scope, news)
        if isinstance(news, OwnNameChanged):
            return self._renamed(scope, news)
        if isinstance(news, MarkNews):
            return self._marks.changed(scope, news)
        if isinstance(news, HistoryArrived):
            return self._histories.arrived(scope, news)
        if isinstance(news, HistoryRead):
            return self._histories.read(scope, news)
        return self._take_rare(scope, news)

    def _take_rare(
        self,
        scope: SessionScope,
        news: SendRefused
        | SendUncertain
        | MessageUndecryptable
        | IdentityLinked
        | Paired
        | GapSuspected
        | GroupChanged
        | ReadElsewhere,
    ) -> Script[None]:
        match news:
            case SendRefused():
                return self._receipts.refused(scope, news)
            case SendUncertain():
                return self._receipts.uncertain(scope, news)
            case MessageUndecryptable():
                return self._inbox.undecryptable(scope, news) if self._admits(scope, news.chat) else _nothing()
            case IdentityLinked():
                return self._linked(scope, news)
            case Paired():
                return self._paired(scope, news)
            case GapSuspected():
                return self._states.suspected_gap(scope, news)
            case ReadElsewhere():
                return self._inbox.read_elsewhere(scope, news)
            case GroupChanged():
                return self._groups.changed(scope, news) if self._admits(scope, news.group) else _nothing()
        assert_never(news)

    def _admits(self, scope: SessionScope, chat: Jid) -> bool:
        filters = self._filters.get(scope.session)
        return filters is None or filters.admit(chat)

    def _linked(self, scope: SessionScope, news: IdentityLinked) -> Script[None]:
        yield from self._identities.resolve(scope, news.phone, news.lid)

    def _renamed(self, scope: SessionScope, news: OwnNameChanged) -> Script[None]:
        yield from self._states.renamed(scope, news)
        yield from self._marks.changed(scope, news)

    def _paired(self, scope: SessionScope, news: Paired) -> Script[None]:
        yield from self._states.paired(scope, news)
        yield from self._identities.adopt_own(scope, news.me)
        yield from self._groups.only(scope, set())


def _nothing() -> Script[None]:
    yield from ()
