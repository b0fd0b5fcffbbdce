"""People in the product's words and in the link's."""

from __future__ import annotations

from collections.abc import Iterator

from wagate.adapters.engines.neonize.link.messages import Answer
from wagate.adapters.engines.neonize.link.people import (
    BlocklistNews,
    CallNews,
    PersonTold,
    PictureNews,
    PresenceTold,
)
from wagate.domain.contacts import (
    BlockChanged,
    NumberCheck,
    PictureChanged,
    Whereabouts,
    spellings,
)
from wagate.domain.jid import Jid
from wagate.domain.people import GroupPictureChanged
from wagate.ports.news import GroupChanged
from wagate.ports.people_news import CallEnded, CallRang, ContactTold, PresenceSeen


def person_of(told: PersonTold) -> tuple[Jid, Jid | None]:
    """Somebody's address (the LID, where it is known), and their other one."""
    if told.lid and told.phone:
        return Jid(told.lid), Jid(told.phone)
    return Jid(told.lid or told.phone), None


def people_in(answer: Answer) -> tuple[Jid, ...]:
    """Everybody in an answer."""
    return tuple(person_of(told)[0] for told in answer.people)


def checked(numbers: tuple[str, ...], answer: Answer) -> tuple[NumberCheck, ...]:
    """Which numbers have an account, under whichever of their spellings."""
    found = {told.query: told for told in answer.people}
    return tuple(_check(number, found) for number in numbers)


def _check(number: str, found: dict[str, PersonTold]) -> NumberCheck:
    told = next((found[spelling] for spelling in spellings(number) if spelling in found), None)
    if told is None:
        return NumberCheck(number, None)
    return NumberCheck(number, Jid(told.phone or told.lid), Jid(told.lid) if told.lid else None)


def picture_news_of(told: PictureNews) -> ContactTold | GroupChanged:
    """Somebody, or a group, shows another picture, or none."""
    subject = Jid(told.subject)
    if subject.is_group:
        by = Jid(told.by) if told.by else None
        return GroupChanged(subject, GroupPictureChanged(None), told.timestamp, by)
    return ContactTold(subject, PictureChanged(None, told.is_removed), told.timestamp)


def block_news_of(told: BlocklistNews, timestamp: int) -> Iterator[ContactTold]:
    """Who was blocked, or is not any more."""
    for change in told.changes:
        yield ContactTold(Jid(change.person), BlockChanged(change.is_blocked), timestamp)


def call_rang(told: CallNews, *, is_rejected: bool) -> CallRang:
    """Somebody calls."""
    return CallRang(
        told.call,
        Jid(told.creator),
        told.timestamp,
        Jid(told.creator_alt) if told.creator_alt else None,
        Jid(told.group) if told.group else None,
        is_video=told.is_video,
        is_offline=told.is_offline,
        is_rejected=is_rejected,
    )


def call_ended(told: CallNews, outcome: str) -> CallEnded:
    """A call does not ring any more."""
    alt = Jid(told.creator_alt) if told.creator_alt else None
    return CallEnded(told.call, Jid(told.creator), told.timestamp, outcome, alt, told.reason or None)


def presence_of(told: PresenceTold) -> PresenceSeen:
    """Somebody came, went, or does something in a chat."""
    return PresenceSeen(
        Jid(told.person),
        Whereabouts(told.whereabouts),
        Jid(told.chat) if told.chat else None,
        Jid(told.alt) if told.alt else None,
        told.last_seen or None,
    )
