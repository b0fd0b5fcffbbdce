"""Whom a message is for, as callers name them."""

from __future__ import annotations

from dataclasses import dataclass

from wagate.domain.errors import InvalidRecipient, UnsupportedByEngine
from wagate.domain.jid import parse_recipient

_ROADS = {"cht": "chat", "con": "contact"}


@dataclass(frozen=True, slots=True)
class Recipient:
    """A recipient as the caller named it: which ``road`` of the repository leads there, and the word to look up."""

    road: str
    word: str

    @classmethod
    def read(cls, to: str) -> Recipient:
        """Understand ``to``. Raises InvalidRecipient, UnsupportedByEngine."""
        prefix, _, rest = to.partition("_")
        if rest and prefix in _ROADS:
            return cls(_ROADS[prefix], to)
        try:
            jid = parse_recipient(to)
        except InvalidRecipient as error:
            raise InvalidRecipient(error.detail, pointer="/to") from error
        if jid.is_group:
            return cls("group", jid)
        if not jid.is_person:
            raise UnsupportedByEngine(
                "Messages go to people and groups; lists and channels cannot be written to yet", pointer="/to"
            )
        return cls("address", jid)
