"""Receipts that come before neonize says under which id it sent a message: told once the message has its id.

A receipt may be the first to know: the recipient's phone is often faster than whatsmeow's answer. Nobody could say then
which message it is about, and it would be lost.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from typing import Final

from wagate.adapters.engines.neonize.link.messages import Receipt
from wagate.adapters.engines.neonize.records import EARLY
from wagate.adapters.engines.neonize.translation import receipt_of
from wagate.domain.ids import MessageId
from wagate.ports.vault import Unit

_KNOWN: Final = 4096
"""Ids that are remembered as those of messages whose outcome was told."""

_HELD: Final = 256
"""Receipts that are held back at most; further ones are told as they come."""


@dataclass(frozen=True, slots=True)
class _Held:
    """A receipt for ids that may be those of some messages without an outcome."""

    receipt: Receipt
    messages: tuple[str, ...]


class EarlyReceipts:
    """One session's. Every method adds what is to be told, and what is to be kept, to a unit."""

    def __init__(self, kept: bytes | None) -> None:
        """``kept`` is the record of an earlier connection; a damaged one says nothing."""
        self._held = _unpack(kept)
        self._known: deque[str] = deque(maxlen=_KNOWN)

    def take(self, receipt: Receipt, outstanding: Iterable[MessageId], unit: Unit) -> None:
        """A receipt came while these messages had no outcome."""
        waiting = tuple(outstanding)
        unknown = tuple(id for id in receipt.wa_ids if id not in self._known)
        if not waiting or not unknown or len(self._held) >= _HELD:
            _tell(receipt, receipt.wa_ids, unit)
            return
        _tell(receipt, tuple(id for id in receipt.wa_ids if id not in unknown), unit)
        self._held.append(_Held(replace(receipt, wa_ids=unknown), waiting))
        self._keep(unit)

    def settled(self, message: MessageId, wa_id: str, unit: Unit) -> None:
        """A message has its outcome, and its id if one is known; its news are in the unit already."""
        if wa_id:
            self._known.append(wa_id)
        if not self._held:
            return
        left: list[_Held] = []
        for held in self._held:
            rest = tuple(other for other in held.messages if other != message)
            ids = held.receipt.wa_ids
            ours = tuple(id for id in ids if id == wa_id) if rest else ids
            _tell(held.receipt, ours, unit)
            others = tuple(id for id in ids if id not in ours)
            if others:
                left.append(_Held(replace(held.receipt, wa_ids=others), rest))
        self._held = left
        self._keep(unit)

    def _keep(self, unit: Unit) -> None:
        if self._held:
            unit.put(*EARLY, json.dumps([asdict(held) for held in self._held]).encode())
        else:
            unit.delete(*EARLY)


def _tell(receipt: Receipt, wa_ids: tuple[str, ...], unit: Unit) -> None:
    news = receipt_of(replace(receipt, wa_ids=wa_ids)) if wa_ids else None
    if news is not None:
        unit.news.append(news)


def _unpack(kept: bytes | None) -> list[_Held]:
    try:
        return [_read(fields) for fields in json.loads(kept or b"[]")]
    except (ValueError, TypeError, KeyError):
        return []


def _read(fields: dict[str, dict[str, object]]) -> _Held:
    receipt = fields["receipt"]
    kind, chat, by, timestamp = (receipt[name] for name in ("kind", "chat", "by", "timestamp"))
    ids, messages = receipt["wa_ids"], fields["messages"]
    if not (isinstance(timestamp, int) and isinstance(ids, list) and isinstance(messages, list)):
        raise TypeError
    return _Held(Receipt(str(kind), tuple(map(str, ids)), str(chat), str(by), timestamp), tuple(map(str, messages)))
