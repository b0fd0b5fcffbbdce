"""What the app state says, as news; and what of it the engine itself has to know."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from wagate.adapters.engines.native.machine import directory
from wagate.adapters.engines.native.machine.device import Device
from wagate.adapters.engines.native.machine.records import Step
from wagate.domain import jid as domain
from wagate.domain.marks import FOREVER, NOT_MUTED, ChatMarks, ContactName
from wagate.ports.news import (
    ChatEmptied,
    ChatMarked,
    ContactNamed,
    DurableNews,
    MessageHidden,
    MessageStarred,
    OwnNameChanged,
)
from wagate.ports.vault import RecordKey
from whatsapp_wire.app_state import actions
from whatsapp_wire.app_state.actions import Action, MessageRef, SaveContact
from whatsapp_wire.jid import Jid

Done = tuple[Action, int]
"""Something that was done, and when (ms since 1970; 0: not told)."""

_SECOND_MS = 1000


def records_of(us: Device, done: Iterable[Done]) -> tuple[RecordKey, ...]:
    """What `put` needs to have loaded."""
    return tuple(record for action, _ in done for pair in _pairs(action) for record in directory.pair_records(*pair))


def put(us: Device, step: Step, done: Iterable[Done], *, quiet: bool) -> None:
    """Make what was done part of a unit."""
    for action, at in done:
        for pn, lid in _pairs(action):
            if isinstance(action, SaveContact):
                directory.link_quietly(step, pn, lid)
            else:
                directory.link(step, pn, lid)
        if isinstance(action, actions.SetPushName) and action.name and action.name != us.credentials.name:
            us.store_credentials(step, replace(us.credentials, name=action.name))
        news = _news(action, max(at, 0) or int(us.shell.now() * _SECOND_MS), quiet)
        if news is not None:
            step.news.append(news)


def _pairs(action: Action) -> list[tuple[Jid, Jid]]:
    """(phone number, LID) of one person, where an action tells both."""
    if isinstance(action, actions.NameNumber):
        pairs = [(action.pn, action.lid)]
    elif isinstance(action, SaveContact):
        pairs = [(pn, lid) for pn in (action.pn or action.person,) for lid in (action.lid or action.person,)]
    else:
        return []
    return [(pn, lid) for pn, lid in pairs if pn.is_user and lid.is_lid]


def _news(action: Action, at: int, quiet: bool) -> DurableNews | None:
    match action:
        case actions.Archive(chat, on):
            return ChatMarked(_jid(chat), ChatMarks(archived=on), at, quiet)
        case actions.Pin(chat, on):
            return ChatMarked(_jid(chat), ChatMarks(pinned=on), at, quiet)
        case actions.Mute(chat, until):
            return ChatMarked(_jid(chat), ChatMarks(muted_until=_muted(until)), at, quiet)
        case actions.MarkRead(chat, read):
            return ChatMarked(_jid(chat), ChatMarks(unread=not read), at, quiet)
        case actions.Clear(chat, with_starred, _, range):
            return ChatEmptied(_jid(chat), _until(range, at), with_starred, is_deleted=False, at=at, quiet=quiet)
        case actions.DeleteChat(chat, _, range):
            return ChatEmptied(_jid(chat), _until(range, at), with_starred=True, is_deleted=True, at=at, quiet=quiet)
    return _rarer_news(action, at, quiet)


def _rarer_news(action: Action, at: int, quiet: bool) -> DurableNews | None:
    match action:
        case actions.Star(message, on):
            return MessageStarred(_jid(message.chat), message.id, message.from_me, _sender(message), on, at, quiet)
        case actions.DeleteForMe(message):
            return MessageHidden(_jid(message.chat), message.id, message.from_me, _sender(message), at, quiet)
        case SaveContact(person, full_name, first_name, lid, pn):
            other = lid if person.is_user else pn
            name = ContactName(full_name, first_name) if full_name else None
            return ContactNamed(_jid(person), None if other is None else _jid(other), name, quiet)
        case actions.SetPushName(name) if name:
            return OwnNameChanged(name, quiet)
    return None


def _until(range: actions.Range, at: int) -> int:
    """The moment (ms) up to which messages are gone: to the end of the second that is told."""
    return at if not range.until else range.until * _SECOND_MS + _SECOND_MS - 1


def _muted(until: int | None) -> int:
    if until is None:
        return NOT_MUTED
    return FOREVER if until == actions.FOREVER else min(until, FOREVER)


def _sender(message: MessageRef) -> domain.Jid | None:
    return None if message.sender is None else _jid(message.sender)


def _jid(jid: Jid) -> domain.Jid:
    return domain.Jid(jid)
