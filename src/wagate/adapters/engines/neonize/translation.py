"""A worker's events as news."""

from __future__ import annotations

from typing import Final

from wagate.adapters.engines.neonize.link.messages import Arrived, Gap, Receipt, Unreadable
from wagate.domain.content import Content, Quoted, Text, Unsupported
from wagate.domain.jid import Jid
from wagate.ports.news import (
    DurableNews,
    GapSuspected,
    MessageArrived,
    MessageUndecryptable,
    ReceiptArrived,
    ReceiptKind,
)

_RECEIPTS: Final = {kind.value: kind for kind in ReceiptKind}


def news_of(event: Arrived | Unreadable | Receipt | Gap) -> DurableNews | None:
    """What an event means for the rest of the house, if anything. A device that asks again has not got the message."""
    match event:
        case Arrived():
            return _arrived(event)
        case Unreadable(wa_id, chat, sender, timestamp):
            detail = "whatsmeow could not decrypt it and has asked for it again"
            return MessageUndecryptable(wa_id, Jid(chat), Jid(sender), timestamp, 1, detail)
        case Receipt(kind, wa_ids, chat, by, timestamp):
            proof = _RECEIPTS.get(kind)
            return None if proof is None else ReceiptArrived(proof, wa_ids, Jid(chat), Jid(by), timestamp)
        case Gap(since, until, code, detail):
            return GapSuspected(since, until, code, detail)


def _arrived(event: Arrived) -> MessageArrived:
    content: Content = Unsupported(event.kind) if event.kind else Text(event.text, tuple(map(Jid, event.mentions)))
    quoted = None
    if event.quoted_id and event.quoted_sender:
        quoted = Quoted(event.quoted_id, Jid(event.quoted_sender), event.quoted_text)
    return MessageArrived(
        wa_id=event.wa_id,
        chat=Jid(event.chat),
        sender=Jid(event.sender),
        from_me=event.from_me,
        timestamp=event.timestamp,
        content=content,
        chat_alt=Jid(event.chat_alt) if event.chat_alt else None,
        sender_alt=Jid(event.sender_alt) if event.sender_alt else None,
        push_name=event.push_name or None,
        quoted=quoted,
        offline=event.offline,
    )
