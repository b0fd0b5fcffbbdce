"""The app state, written: a patch that follows upon the newest version, then read back like everybody else's.

Reading it back is how it is kept and told of: a crash at any point leaves the collection due, and it is read later.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import Final

import structlog

from wagate.adapters.engines.native.machine import app_state, app_state_keys, directory
from wagate.adapters.engines.native.machine.app_state_records import (
    DUE,
    STATE,
    put_due,
    shares_of,
    values_in,
)
from wagate.adapters.engines.native.machine.device import Device, Phase
from wagate.adapters.engines.native.machine.errors import RequestRefused
from wagate.adapters.engines.native.machine.flows import Commit, Flow, Load
from wagate.domain.errors import AppStateUnavailable
from wagate.domain.jid import Jid as DomainJid
from wagate.domain.marks import FOREVER, NOT_MUTED, ChatMarks, ContactName, NamedMessage
from wagate.ports.engine import NotOnWhatsApp, NotSent
from whatsapp_wire.app_state import actions, patches
from whatsapp_wire.app_state.actions import Action, MessageRef, Range
from whatsapp_wire.app_state.collection import Collection, Position
from whatsapp_wire.app_state.mutations import Mutation, SharedKey, write_index
from whatsapp_wire.errors import WireError
from whatsapp_wire.jid import Jid
from whatsapp_wire.stanza import app_state as stanzas
from whatsapp_wire.stanza import presence

_log = structlog.get_logger(__name__)

_TRIES: Final = 5
"""How often a patch is written anew because another device was faster."""

_READS: Final = 2
_SECOND_MS: Final = 1000


def mark_chat(us: Device, chat: DomainJid, marks: ChatMarks, newest: NamedMessage | None) -> Flow[None]:
    """Archive, pin, mute, mark as unread, or the contrary."""
    yield from _ready(us)
    to = yield from _chat_jid(us, Jid(chat))
    range = _range(to, newest)
    wanted: list[Action] = []
    if marks.pinned is not None:
        wanted.append(actions.Pin(to, marks.pinned))
    if marks.archived is not None:
        wanted.append(actions.Archive(to, marks.archived, range))
        if marks.archived and not marks.pinned:
            wanted.append(actions.Pin(to, on=False))  # as every client does: what is archived is not on top
    if marks.unread is not None:
        wanted.append(actions.MarkRead(to, not marks.unread, range))
    if marks.muted_until is not None:
        wanted.append(actions.Mute(to, _muted(marks.muted_until)))
    yield from _write(us, wanted)


def clear_chat(us: Device, chat: DomainJid, newest: NamedMessage | None, *, with_starred: bool) -> Flow[None]:
    """Delete a chat's messages for us."""
    yield from _ready(us)
    to = yield from _chat_jid(us, Jid(chat))
    yield from _write(us, [actions.Clear(to, with_starred, range=_range(to, newest))])


def delete_chat(us: Device, chat: DomainJid, newest: NamedMessage | None) -> Flow[None]:
    """Delete a chat for us."""
    yield from _ready(us)
    to = yield from _chat_jid(us, Jid(chat))
    yield from _write(us, [actions.DeleteChat(to, range=_range(to, newest))])


def star(us: Device, message: NamedMessage, *, starred: bool) -> Flow[None]:
    """Give a message a star, or take it away."""
    yield from _ready(us)
    to = yield from _chat_jid(us, Jid(message.chat))
    yield from _write(us, [actions.Star(_reference(to, message), starred)])


def hide(us: Device, message: NamedMessage) -> Flow[None]:
    """Delete a message for us."""
    yield from _ready(us)
    to = yield from _chat_jid(us, Jid(message.chat))
    yield from _write(us, [actions.DeleteForMe(_reference(to, message), sent_at=message.at // _SECOND_MS)])


def save_contact(us: Device, person: DomainJid, name: ContactName | None) -> Flow[None]:
    """Save a person under a name, or remove them."""
    yield from _ready(us)
    known = yield from directory.known_person(us, Jid(person))
    if known.lid.is_user:
        with suppress(NotOnWhatsApp):  # an address book may have anybody
            known = yield from directory.find(us, Jid(person))
    full, first = ("", "") if name is None else (name.full, name.first)
    lid = known.lid if known.lid.is_lid else None
    pn = known.pn or (known.lid if known.lid.is_user else None)
    if pn is not None:
        saved = actions.SaveContact(pn, full, first, lid=lid, to_phone=True)
    else:
        saved = actions.SaveContact(known.lid, full, first)
    yield from _write(us, [saved])


def set_name(us: Device, name: str) -> Flow[None]:
    """Take another name: a setting of all devices, which the server hears of from our presence, and others from it."""
    yield from _ready(us)
    yield from _write(us, [actions.SetPushName(name)])
    us.write(presence.own_presence(us.shows_online, name))


# ---- inside


def _ready(us: Device) -> Flow[None]:
    if us.phase is not Phase.READY:
        raise NotSent("the session is not connected to WhatsApp")
    yield from ()


def _write(us: Device, wanted: Sequence[Action]) -> Flow[None]:
    """Hand in what is wanted, a patch for each collection, and read it back. Raises NotSent, AppStateUnavailable."""
    by_collection: dict[Collection, list[Action]] = {}
    for action in wanted:
        by_collection.setdefault(actions.COLLECTIONS[type(action)], []).append(action)
    for collection, some in by_collection.items():
        mutations = [actions.mutation_of(action, int(us.shell.now() * _SECOND_MS)) for action in some]
        yield from _push(us, collection, mutations)


def _push(us: Device, collection: Collection, mutations: Sequence[Mutation]) -> Flow[None]:
    for _ in range(_TRIES):
        position, key = yield from _stand(us, collection)
        us.pushing[collection] += 1
        try:
            encoded = yield from _patch(us, collection, position, mutations, key)
            error = yield from _hand_in(us, collection, position.version, encoded)
        finally:
            us.pushing[collection] -= 1
        yield from _read_back(us, collection)
        if error is None:
            return
        _log.info("another device was faster; its change was taken in first", collection=collection.value)
    raise AppStateUnavailable("Other devices of the account keep changing the same; try again")


def _hand_in(us: Device, collection: Collection, version: int, patch: bytes) -> Flow[int | None]:
    """None when the server took a patch, or its code for a conflict. Raises NotSent, AppStateUnavailable."""
    try:
        answer = yield from us.flows.ask(lambda id: stanzas.push(id, collection.value, version, patch))
        error = stanzas.parse_synced(answer).error
    except RequestRefused as refused:
        error = refused.status
    except WireError as unreadable:
        raise NotSent(f"WhatsApp's answer cannot be read: {unreadable}") from unreadable
    if error not in (None, stanzas.CONFLICT):
        raise AppStateUnavailable(f"WhatsApp refused the change with code {error}")
    return error


def _read_back(us: Device, collection: Collection) -> Flow[None]:
    """Read what is due. A reading that was under way may have come before what was handed in: then once more."""
    for _ in range(_READS):
        yield Load(((DUE, collection.value),))
        if us.shell.get(DUE, collection.value) is None:
            return
        yield from app_state.read_due(us)


def _stand(us: Device, collection: Collection) -> Flow[tuple[Position, SharedKey]]:
    """Where to write, and with which key. What is due is read first. Raises AppStateUnavailable."""
    key = yield from app_state_keys.awaited(us)
    if key is None:
        raise AppStateUnavailable("The phone has not shared the account's keys with this device yet")
    yield Load(((STATE, collection.value), (DUE, collection.value)))
    if us.shell.get(DUE, collection.value) is not None or us.shell.get(STATE, collection.value) is None:
        step = us.step()
        put_due(step, collection.value, 0)
        yield Commit(step)
        yield from _read_back(us, collection)
    position = yield from app_state.position_of(us, collection)
    if position is None or us.shell.get(DUE, collection.value) is not None:
        raise AppStateUnavailable("What the account's devices agreed on could not be read; try again later")
    return position, key


def _patch(
    us: Device, collection: Collection, position: Position, mutations: Sequence[Mutation], key: SharedKey
) -> Flow[bytes]:
    """The patch; the collection is due from here on, whatever becomes of us."""
    indexes = [key.keys.index_mac(write_index(mutation.index)) for mutation in mutations]
    shares = shares_of(collection, indexes)
    yield Load((*shares, (DUE, collection.value)))
    # If somebody reads on meanwhile, the server refuses this, and the next attempt begins where we stand then.
    step = us.step()
    patch, _ = patches.write_patch(collection, position, values_in(step, shares), mutations, key)
    put_due(step, collection.value, 0)
    yield Commit(step)
    return patch.SerializeToString()


def _chat_jid(us: Device, chat: Jid) -> Flow[Jid]:
    """A chat as phones name it among themselves: a person by their LID, or there would be two opinions about one chat.

    Raises NotOnWhatsApp.
    """
    if not (chat.is_user or chat.is_lid):
        return chat
    return (yield from directory.find(us, chat)).lid


def _range(chat: Jid, newest: NamedMessage | None) -> Range:
    if newest is None:
        return actions.EVERYTHING
    at = newest.at // _SECOND_MS
    return Range(at, ((_reference(chat, newest), at),))


def _reference(chat: Jid, message: NamedMessage) -> MessageRef:
    sender = None if message.sender is None or not chat.is_group else Jid(message.sender)
    return MessageRef(chat, message.wa_id, message.from_me, sender)


def _muted(until: int) -> int | None:
    if until == NOT_MUTED:
        return None
    return actions.FOREVER if until >= FOREVER else until
