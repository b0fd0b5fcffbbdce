"""What whatsmeow's words say about a message that it did not call sent. neonize hands on nothing but the text."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Fate(StrEnum):
    """REFUSED: it did not go out and never will. NOT_SENT: it did not, and may be tried again. UNCERTAIN: who knows."""

    REFUSED = "refused"
    NOT_SENT = "not_sent"
    UNCERTAIN = "uncertain"


@dataclass(frozen=True, slots=True)
class Verdict:
    """A message's fate, with a stable code."""

    fate: Fate
    code: str


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the table: the first whose pattern is found in the text decides. ``example`` is such a text."""

    pattern: str
    fate: Fate
    code: str
    example: str


TABLE: Final = (
    Row(
        r"no LID found for \S+ from server",
        Fate.REFUSED,
        "recipient_not_on_whatsapp",
        "no LID found for 1@s.whatsapp.net from server",
    ),
    Row(
        r"must be a user JID with no device part",
        Fate.REFUSED,
        "invalid_message",
        "message recipient must be a user JID with no device part",
    ),
    Row(
        r"can't send message to unknown server",
        Fate.REFUSED,
        "invalid_message",
        "can't send message to unknown server x",
    ),
    Row(
        r"non-status broadcast lists",
        Fate.REFUSED,
        "invalid_message",
        "failed to get broadcast list members: sending to non-status broadcast lists is not yet supported",
    ),
    Row(
        r"not participating in that group",
        Fate.REFUSED,
        "not_group_member",
        "failed to get group members: you're not participating in that group",
    ),
    Row(
        r"that group does not exist",
        Fate.REFUSED,
        "not_group_member",
        "failed to get group members: that group does not exist",
    ),
    Row(r"doesn't contain a device JID", Fate.NOT_SENT, "not_sent", "the store doesn't contain a device JID"),
    Row(r"failed to get group members", Fate.NOT_SENT, "not_sent", "failed to get group members: info query timed out"),
    Row(
        r"failed to get broadcast list members",
        Fate.NOT_SENT,
        "not_sent",
        "failed to get broadcast list members: info query timed out",
    ),
    Row(
        r"failed to get LID for PN",
        Fate.NOT_SENT,
        "not_sent",
        "failed to get LID for PN 1@s.whatsapp.net: database is locked",
    ),
    Row(
        r"failed to get user info",
        Fate.NOT_SENT,
        "not_sent",
        "failed to get user info for 1@s.whatsapp.net to fill LID cache: websocket not connected",
    ),
    Row(r"failed to get device list", Fate.NOT_SENT, "not_sent", "failed to get device list: info query timed out"),
    Row(r"failed to fetch LID mappings", Fate.NOT_SENT, "not_sent", "failed to fetch LID mappings: database is locked"),
    Row(r"failed to prefetch sessions", Fate.NOT_SENT, "not_sent", "failed to prefetch sessions: database is locked"),
    Row(
        r"failed to save cached sessions",
        Fate.NOT_SENT,
        "not_sent",
        "failed to save cached sessions: database is locked",
    ),
    Row(
        r"failed to (create|marshal|encrypt)",
        Fate.NOT_SENT,
        "not_sent",
        "failed to encrypt group message to send 3EB0 to 1@g.us: x",
    ),
    Row(
        r"failed to send message node: .*websocket not connected",
        Fate.NOT_SENT,
        "not_sent",
        "failed to send message node: websocket not connected",
    ),
    Row(
        r"failed to send message node",
        Fate.UNCERTAIN,
        "connection_lost",
        "failed to send message node: write: broken pipe",
    ),
    Row(r"^websocket not connected", Fate.NOT_SENT, "not_sent", "websocket not connected"),
    Row(
        r"timed out waiting for message send response",
        Fate.UNCERTAIN,
        "ack_overdue",
        "timed out waiting for message send response",
    ),
    Row(
        r"disconnected before",
        Fate.UNCERTAIN,
        "connection_lost",
        "websocket disconnected before message send returned response",
    ),
)
"""From whatsmeow's ``send.go``, ``errors.go`` and ``request.go``. What is not in here is uncertain."""

_SERVER_ERROR: Final = re.compile(r"server returned error (\d+)")
_SERVER_CODES: Final = {
    400: "invalid_message",
    401: "not_allowed",
    403: "not_allowed",
    404: "recipient_not_on_whatsapp",
    405: "not_allowed",
    406: "invalid_message",
    429: "rate_limited",
    463: "account_restricted",
    475: "account_restricted",
    479: "invalid_message",
}
"""Error codes of message acks, as far as their meaning is known."""


def verdict_on(error: str) -> Verdict:
    """What an error of a send says about the message."""
    told = _SERVER_ERROR.search(error)
    if told is not None:
        number = int(told[1])
        usual = "service_unavailable" if number in range(500, 600) else "refused_by_whatsapp"
        return Verdict(Fate.REFUSED, _SERVER_CODES.get(number, usual))
    for row in TABLE:
        if re.search(row.pattern, error):
            return Verdict(row.fate, row.code)
    return Verdict(Fate.UNCERTAIN, "engine_error")
