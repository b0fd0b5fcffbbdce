"""A worker's events as news."""

from __future__ import annotations

import base64
import binascii
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from wagate.adapters.engines.neonize.group_words import change_of, group_of
from wagate.adapters.engines.neonize.link.manners import ReadByUs
from wagate.adapters.engines.neonize.link.messages import (
    Arrived,
    Gap,
    GroupEntered,
    GroupEvent,
    Receipt,
    Unreadable,
)
from wagate.adapters.whatsapp_web.letters import Account, Letter, Origin
from wagate.domain.acts import Said
from wagate.domain.content import PLAIN_CONTEXT, Unsupported
from wagate.domain.jid import Jid
from wagate.domain.marks import ChatMarks
from wagate.domain.people import GroupSeen
from wagate.ports.news import (
    ChatMarked,
    GapSuspected,
    GroupChanged,
    IdentityLinked,
    MessageArrived,
    MessageUndecryptable,
    ReadElsewhere,
    ReceiptArrived,
    ReceiptKind,
)

_RECEIPTS: Final = {kind.value: kind for kind in ReceiptKind}
_UNKNOWN: Final = "unknown"
"""What `whatsapp_web` calls the kinds that it does not know."""


def news_of(event: Unreadable | Gap | ReadByUs) -> MessageUndecryptable | GapSuspected | ReadElsewhere:
    """What an event means for the rest of the house."""
    match event:
        case ReadByUs(wa_ids, chat):
            return ReadElsewhere(wa_ids, Jid(chat))
        case Unreadable(wa_id, chat, sender, timestamp):
            detail = "whatsmeow could not decrypt it and has asked for it again"
            return MessageUndecryptable(wa_id, Jid(chat), Jid(sender), timestamp, 1, detail)
        case Gap(since, until, code, detail):
            return GapSuspected(since, until, code, detail)


def receipt_of(receipt: Receipt) -> ReceiptArrived | None:
    """What a receipt proves, if anything. A device that asks again has not got the message."""
    proof = _RECEIPTS.get(receipt.kind)
    if proof is None:
        return None
    return ReceiptArrived(proof, receipt.wa_ids, Jid(receipt.chat), Jid(receipt.by), receipt.timestamp)


def letter_in(event: Arrived) -> Letter | None:
    """The plaintext of a message, taken apart; None where there is none that can be read."""
    try:
        body = base64.b64decode(event.body, validate=True)
    except binascii.Error:
        return None
    return Letter.of(body) if body else None


def timer_of(event: Arrived, letter: Letter) -> list[IdentityLinked | ChatMarked]:
    """What a message changes of the timer of its chat with one person, if that is what it is for; and who that is."""
    chat, alt = Jid(event.chat), _jid(event.chat_alt)
    if letter.timer is None or not chat.is_person:
        return []
    changed = ChatMarked(chat, ChatMarks(disappearing_s=letter.timer), event.timestamp * 1000)
    if alt is None or alt.is_phone == chat.is_phone:
        return [changed]
    return [IdentityLinked(*((chat, alt) if chat.is_phone else (alt, chat))), changed]


def origin_of(event: Arrived) -> Origin:
    """Who said it, and where."""
    return Origin(Jid(event.chat), Jid(event.sender), _jid(event.sender_alt), event.from_me, event.by_admin)


def arrival_of(event: Arrived, letter: Letter | None, said: Said | None) -> MessageArrived:
    """A message that says this, or nothing that can be read; what nobody here knows goes by WhatsApp's name for it."""
    if said is None or said == Unsupported(_UNKNOWN):
        said = Unsupported(event.kind or _UNKNOWN)
    context = PLAIN_CONTEXT if letter is None else letter.context
    return MessageArrived(
        wa_id=event.wa_id,
        chat=Jid(event.chat),
        sender=Jid(event.sender),
        from_me=event.from_me,
        timestamp=event.timestamp,
        content=said,
        chat_alt=_jid(event.chat_alt),
        sender_alt=_jid(event.sender_alt),
        push_name=event.push_name or None,
        quoted=None if letter is None else letter.quoted,
        offline=event.offline,
        context=replace(context, view_once=True) if event.view_once else context,
        file=None if letter is None else letter.file(said, event.wa_id, origin_of(event)),
    )


def group_news_of(event: GroupEntered | GroupEvent, us: Account) -> Iterator[GroupChanged]:
    """What happened to a group."""
    by = _jid(event.by)
    match event:
        case GroupEntered(group, _, by_alt):
            yield GroupChanged(Jid(group.jid), GroupSeen(group_of(group)), int(time.time()), by, _jid(by_alt))
        case GroupEvent(group, _, timestamp, reason, changes):
            for note in changes:
                change = change_of(note, reason or None, us)
                if change is not None:
                    yield GroupChanged(Jid(group), change, timestamp, by)


def _jid(address: str) -> Jid | None:
    return Jid(address) if address else None
