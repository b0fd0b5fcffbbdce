"""Privacy tokens and settings (namespace `privacy`; whatsmeow `tctoken.go`, `privacysettings.go`)."""

from collections.abc import Iterable

from whatsapp_wire.jid import Jid
from whatsapp_wire.node import Node
from whatsapp_wire.stanza.iq import request

TOKEN_BUCKET_S = 604_800
"""A token is issued anew when a week (counted from 1970) has begun in which none was."""

TOKEN_BUCKETS = 4
"""A token received counts as expired when it is older than this week and the three before it."""


def issue_tokens(id: str, people: Iterable[Jid], now: int) -> Node:
    """Let people know us as a trusted contact, which lets them write to us; `now` in seconds."""
    tokens = [Node("token", {"jid": person.bare, "t": now, "type": "trusted_contact"}) for person in people]
    return request(id, "privacy", "set", [Node("tokens", content=tokens)])


def is_token_due(issued_at: int | None, now: int) -> bool:
    """Whether to issue a token to someone who was last issued one at `issued_at` (seconds; None: never)."""
    return issued_at is None or now // TOKEN_BUCKET_S > issued_at // TOKEN_BUCKET_S


def is_token_expired(received_at: int, now: int) -> bool:
    """Whether a token of that age (seconds) is too old to be sent along."""
    return received_at < (now // TOKEN_BUCKET_S - (TOKEN_BUCKETS - 1)) * TOKEN_BUCKET_S


def settings_query(id: str) -> Node:
    """Ask for our privacy settings; `readreceipts` decides between `read` and `read-self` receipts."""
    return request(id, "privacy", "get", [Node("privacy")])


def change_setting(id: str, category: str, value: str) -> Node:
    """Change one privacy setting."""
    changed = Node("category", {"name": category, "value": value})
    return request(id, "privacy", "set", [Node("privacy", content=[changed])])


def parse_settings(answer: Node) -> dict[str, str]:
    """Read the answer to `settings_query` or `change_setting`: value by category; raises StanzaRefused."""
    return {category.attr("name"): category.attr("value") for category in answer.require("privacy").all("category")}
