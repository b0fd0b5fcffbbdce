"""What a pretend phone remembers, and how it tells: after pairing, and when it is asked."""

from __future__ import annotations

from wagate.adapters.engines.fake.phone import FakePhone
from wagate.domain.ids import wa_id
from wagate.domain.jid import Jid
from wagate.ports.abilities import Oldest
from wagate.ports.news import DurableNews, HistoryArrived, HistoryRead, PastChat, PastMessage

_BOOTSTRAP = 5


def after_pairing(phone: FakePhone) -> list[DurableNews]:
    """What a new device is told: the newest messages. A phone without a past tells nothing."""
    return _told(phone, phone.past[-_BOOTSTRAP:], HistoryRead(wa_id(), "bootstrap", 1, 100)) if phone.past else []


def before(phone: FakePhone, chat: Jid, oldest: Oldest, count: int) -> tuple[str, list[DurableNews]]:
    """What a device is told that asks: a word for its request, and what came of it."""
    request = wa_id()
    if not phone.answers_history:
        silent = "the phone did not answer; it may be switched off"
        read = HistoryRead(request, "on_demand", request=request, chat=chat, code="phone_not_answering", detail=silent)
        return request, [read]
    ids = [past.said.wa_id for past in phone.past]
    older = phone.past[: ids.index(oldest.wa_id)] if oldest.wa_id in ids else []
    found = [past for past in older if chat in (past.said.chat, past.said.chat_alt)]
    return request, _told(phone, found[-count:], HistoryRead(request, "on_demand", request=request, chat=chat))


def _told(phone: FakePhone, past: list[PastMessage], read: HistoryRead) -> list[DurableNews]:
    chats = {message.said.chat: message.said.chat_alt for message in past}
    told = tuple(PastChat(jid, alt, unread=phone.unread_past.get(jid, 0)) for jid, alt in chats.items())
    return [HistoryArrived(read.history, tuple(reversed(past)), told), read]
