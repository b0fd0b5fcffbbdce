"""Identifiers: a typed prefix and a ULID (26 characters of Crockford base32: 48 bits of milliseconds, 80 random)."""

from __future__ import annotations

import secrets
from functools import lru_cache
from typing import NewType

TenantId = NewType("TenantId", str)
ApiKeyId = NewType("ApiKeyId", str)
SessionId = NewType("SessionId", str)
ContactId = NewType("ContactId", str)
ChatId = NewType("ChatId", str)
MessageId = NewType("MessageId", str)
EventId = NewType("EventId", str)
MediaId = NewType("MediaId", str)
TemplateId = NewType("TemplateId", str)
NodeId = NewType("NodeId", str)

_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_PAIRS = tuple(high + low for high in _CROCKFORD for low in _CROCKFORD)
_MOMENT = range(40, -1, -10)
_RANDOM = range(70, -1, -10)


class _Sequence:
    """The random part of the ids of one millisecond: the first is random, each later one a random step higher."""

    __slots__ = ("_now_ms", "_number")

    def __init__(self) -> None:
        self._now_ms = -1
        self._number = 0

    def next(self, now_ms: int) -> int:
        if now_ms == self._now_ms:
            self._number += 1 + secrets.randbits(32)
        else:
            self._now_ms = now_ms
            self._number = secrets.randbits(79)  # the highest bit is room for the steps
        return self._number


_sequence = _Sequence()


def ulid(now_ms: int) -> str:
    """A ULID for a moment given in milliseconds since 1970.

    Ids of later milliseconds sort after earlier ones, and those that this process makes in one millisecond sort in the
    order in which they were made: lists that are ordered by id show things in the order in which they happened.
    """
    return _moment(now_ms) + _written(_sequence.next(now_ms), _RANDOM)


def lowest_ulid(ms: int) -> str:
    """The first of all ULIDs of a moment in milliseconds since 1970."""
    return _moment(max(0, min(ms, 2**48 - 1))) + "0" * 16


@lru_cache(maxsize=64)  # a burst of ids shares its millisecond
def _moment(now_ms: int) -> str:
    return _written(now_ms, _MOMENT)


def _written(number: int, shifts: range) -> str:
    """A number in Crockford base32, two characters at a time."""
    return "".join([_PAIRS[(number >> shift) & 1023] for shift in shifts])


def tenant_id(now_ms: int) -> TenantId:
    """A new ``tnt_…``."""
    return TenantId(f"tnt_{ulid(now_ms)}")


def api_key_id(now_ms: int) -> ApiKeyId:
    """A new ``key_…``."""
    return ApiKeyId(f"key_{ulid(now_ms)}")


def session_id(now_ms: int) -> SessionId:
    """A new ``ses_…``."""
    return SessionId(f"ses_{ulid(now_ms)}")


def contact_id(now_ms: int) -> ContactId:
    """A new ``con_…``."""
    return ContactId(f"con_{ulid(now_ms)}")


def chat_id(now_ms: int) -> ChatId:
    """A new ``cht_…``."""
    return ChatId(f"cht_{ulid(now_ms)}")


def message_id(now_ms: int) -> MessageId:
    """A new ``msg_…``."""
    return MessageId(f"msg_{ulid(now_ms)}")


def event_id(now_ms: int) -> EventId:
    """A new ``evt_…``."""
    return EventId(f"evt_{ulid(now_ms)}")


def media_id(now_ms: int) -> MediaId:
    """A new ``med_…``."""
    return MediaId(f"med_{ulid(now_ms)}")


def template_id(now_ms: int) -> TemplateId:
    """A new ``tpl_…``."""
    return TemplateId(f"tpl_{ulid(now_ms)}")


def node_id(now_ms: int) -> NodeId:
    """A new ``nod_…``."""
    return NodeId(f"nod_{ulid(now_ms)}")


def wa_id() -> str:
    """A message id in the form that WhatsApp Web clients choose: ``3EB0`` and 18 upper-case hex digits."""
    return "3EB0" + secrets.token_hex(9).upper()
