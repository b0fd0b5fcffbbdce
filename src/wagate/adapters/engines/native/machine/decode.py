"""What others say, in the product's words."""

from __future__ import annotations

from typing import Final

from wagate.domain.content import Content, Quoted, Text, Unsupported
from wagate.domain.jid import Jid
from whatsapp_wire.message import Content as Said
from whatsapp_wire.message import Kind

_SILENT: Final = frozenset({Kind.APP_STATE_KEYS, Kind.HISTORY, Kind.PROTOCOL, Kind.SENDER_KEY})
"""Housekeeping: taken note of, never shown."""


def content_of(said: Said) -> Content | None:
    """The content to show, or None for what is no message to a human."""
    if said.kind in _SILENT:
        return None
    if said.kind is Kind.TEXT:
        return Text(said.text or "", tuple(Jid(mention.bare) for mention in said.mentions))
    return Unsupported(said.kind.value)


def quoted_of(said: Said) -> Quoted | None:
    """The message that is replied to, when it is known who wrote it."""
    if said.quoted is None or said.quoted.sender is None:
        return None
    return Quoted(said.quoted.id, Jid(said.quoted.sender.bare), said.quoted.text or "")
