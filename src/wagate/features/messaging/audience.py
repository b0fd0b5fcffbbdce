"""Whom a status post is for: everybody we know, all of them but some, or those that are named."""

from __future__ import annotations

from dataclasses import dataclass

from wagate.domain.errors import InvalidRecipient
from wagate.domain.jid import Jid, parse_recipient
from wagate.features.messaging.repository import people, statuses
from wagate.features.messaging.repository.outbox import address_of
from wagate.features.messaging.repository.people import InSession
from wagate.store.script import Script

MAX_AUDIENCE = 5_000
"""People whom one status post may be for."""


@dataclass(frozen=True, slots=True)
class StatusAudience:
    """The wish. ``only``: these people (None: everybody who is saved under a name or has a chat); ``but``: not these.

    Each is named as in ``to``: a phone number, a JID, a LID, or the id of a contact.
    """

    only: tuple[str, ...] | None = None
    but: tuple[str, ...] = ()


def chosen(scope: InSession, wish: StatusAudience) -> Script[tuple[Jid, ...]]:
    """The addresses of those whom a wish means, each person once; nobody who is blocked, nor ourselves.

    Raises InvalidRecipient: for a name that means nobody, when nobody is left, or for too many.
    """
    left_out: set[Jid] = set()
    for number, word in enumerate(wish.but):
        left_out.update((yield from _addresses(scope, word, f"/except/{number}")))
    if wish.only is None:
        known = yield from statuses.audience(scope, MAX_AUDIENCE + len(wish.but) + 1)
    else:
        known = []
        for number, word in enumerate(wish.only):
            known.append((yield from _addresses(scope, word, f"/to/{number}")))
    meant = tuple(dict.fromkeys(addresses[0] for addresses in known if left_out.isdisjoint(addresses)))
    if not meant:
        raise InvalidRecipient("There is nobody whom this status post would be for", pointer="/to")
    if len(meant) > MAX_AUDIENCE:
        raise InvalidRecipient(f"A status post is for {MAX_AUDIENCE} people at most; name them", pointer="/to")
    return meant


def _addresses(scope: InSession, word: str, pointer: str) -> Script[tuple[Jid, ...]]:
    """What somebody is known by, the address to write to first."""
    if word.startswith("con_"):
        known = yield from people.get_contact(scope, word)
        if known is None:
            raise InvalidRecipient(f"There is no contact {word!r} in this session", pointer=pointer)
    else:
        try:
            jid = parse_recipient(word)
        except InvalidRecipient as error:
            raise InvalidRecipient(error.detail, pointer=pointer) from error
        if not jid.is_person:
            raise InvalidRecipient(f"{word!r} is not a person", pointer=pointer)
        known = (yield from people.find_people(scope, jid, jid)).get(jid)
        if known is None:
            return (jid,)
    contact = known.contact
    first = address_of(contact.phone, contact.lid, None)
    return (first,) if contact.lid is None else (first, Jid(contact.lid))
