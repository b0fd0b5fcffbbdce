"""Receipts in: how far our messages got, and requests to send one again."""

from __future__ import annotations

from typing import Final, Literal

from wagate.adapters.engines.native.machine import directory, retry
from wagate.adapters.engines.native.machine.device import Device, Phase
from wagate.adapters.engines.native.machine.flows import Flow, Load
from wagate.domain import jid as domain
from wagate.ports.engine import NotSent
from wagate.ports.news import ReadElsewhere, ReceiptArrived, ReceiptKind
from whatsapp_wire.jid import Jid
from whatsapp_wire.node import Node
from whatsapp_wire.stanza import privacy
from whatsapp_wire.stanza import receipt as stanzas
from whatsapp_wire.stanza.ack import ack
from whatsapp_wire.stanza.receipt import DELIVERED, Receipt, parse_receipt

_KINDS: Final = {
    DELIVERED: ReceiptKind.DELIVERED,
    "inactive": ReceiptKind.DELIVERED,
    "read": ReceiptKind.READ,
    "played": ReceiptKind.PLAYED,
}
"""Types of receipts that prove something about our messages. ``inactive``: delivered to a device not shown online."""

_Mark = Literal["read", "read-self", "played", "played-self"]

_READ_BY_US: Final = frozenset({"read", "read-self"})
"""Types of receipts by which our other devices say that we have read something (whatsmeow `receipt.go`)."""


def receipt(us: Device, stanza: Node) -> Flow[None]:
    """Take a receipt in. Raises StanzaRefused when it lacks what a receipt must have."""
    arrived = parse_receipt(stanza, us.own)
    if arrived.retry is not None:
        us.flows.start(retry.answer(us, stanza, arrived, arrived.retry))
        return
    epoch = us.epoch
    yield Load(directory.link_records(arrived.source))
    step = us.step()
    directory.learn_links(step, arrived.source)
    kind = _KINDS.get(arrived.type)
    if kind is not None and not arrived.source.is_from_me:
        step.news += _news(stanza, arrived, kind)
    elif arrived.source.is_from_me and arrived.type in _READ_BY_US:
        step.news.append(ReadElsewhere(arrived.ids, domain.Jid(arrived.source.chat)))

    def committed() -> None:
        if us.epoch == epoch:
            us.write(ack(stanza))

    us.submit(step, committed)


def mark_read(us: Device, chat: domain.Jid, sender: domain.Jid, wa_ids: list[str]) -> Flow[None]:
    """Tell a sender that messages were read, as far as our privacy settings allow. Raises NotSent."""
    is_told = yield from _tells_reading(us)
    yield from _mark(us, chat, sender, wa_ids, "read" if is_told else "read-self")


def mark_played(us: Device, chat: domain.Jid, sender: domain.Jid, wa_ids: list[str]) -> Flow[None]:
    """The same of voice and video notes that were played (whatsmeow `receipt.go`)."""
    is_told = yield from _tells_reading(us)
    yield from _mark(us, chat, sender, wa_ids, "played" if is_told else "played-self")


def _tells_reading(us: Device) -> Flow[bool]:
    """Whether senders may hear of it, by our options and by the account's privacy setting. Raises NotSent."""
    if us.phase is not Phase.READY:
        raise NotSent("the session is not connected to WhatsApp")
    if us.tells_reading is None and us.options.tells_reading:
        answer = yield from us.flows.ask(privacy.settings_query)
        us.tells_reading = privacy.parse_settings(answer).get("readreceipts") != "none"
    return bool(us.tells_reading) and us.options.tells_reading


def _mark(us: Device, chat: domain.Jid, sender: domain.Jid, wa_ids: list[str], type: _Mark) -> Flow[None]:
    if wa_ids:
        place = (yield from directory.known_person(us, Jid(chat))).lid if domain.Jid(chat).is_person else Jid(chat)
        author = (yield from directory.known_person(us, Jid(sender))).lid
        us.write(stanzas.read(place, wa_ids, us.now, author, type))


def _news(stanza: Node, arrived: Receipt, kind: ReceiptKind) -> list[ReceiptArrived]:
    chat = domain.Jid(arrived.source.chat)
    if arrived.participant is not None or not arrived.source.is_group:
        by = domain.Jid(arrived.source.sender.bare)
        return [ReceiptArrived(kind, arrived.ids, chat, by, arrived.timestamp)]
    # A group's receipts may be bundled: one list of people for each message.
    return [
        ReceiptArrived(
            kind, (bundle.attr("key"),), chat, domain.Jid(user.jid("jid").bare), int(user.get("t") or arrived.timestamp)
        )
        for bundle in stanza.all("participants")
        for user in bundle.all("user")
    ]
