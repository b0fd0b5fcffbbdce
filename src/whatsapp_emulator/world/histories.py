"""What a phone remembers from before a companion was linked, and how it tells: after pairing, and when it is asked.

Order and kinds: whatsmeow `message.go`, and what Baileys expects (`Utils/history.ts`): who is called what, the newest
messages inside the first notice, more of them as files, all the rest only for a companion that asked for it when it was
paired (`DeviceProps.require_full_sync`).
"""

from __future__ import annotations

import os
import zlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from whatsapp_emulator.world import sealing
from whatsapp_emulator.world.accounts import Account, Device
from whatsapp_emulator.world.state import State
from whatsapp_wire.history.notices import HistoryKind, HistoryNotice, OlderWanted
from whatsapp_wire.jid import Jid
from whatsapp_wire.media.content import MediaFile
from whatsapp_wire.media.keys import MEDIA_KEY_SIZE
from whatsapp_wire.media.kinds import MediaKind
from whatsapp_wire.media.opening import MediaSecret
from whatsapp_wire.media.sealing import MediaSealer
from whatsapp_wire.proto.history_pb2 import HistorySync, WebMessageInfo
from whatsapp_wire.proto.message_pb2 import Message

_FIRST: Final = 5
"""Messages of each chat in the first notice."""

_RECENT: Final = 200
"""Messages of each chat, the first ones included, that every companion gets."""


@dataclass(frozen=True, slots=True)
class PastMessage:
    """A message from before. ``status`` is as `WebMessageInfo` has it; ``sender`` (bare) is for groups."""

    id: str
    message: Message
    from_me: bool
    at: int
    sender: Jid | None = None
    status: int | None = None


@dataclass(eq=False, slots=True)
class PastChat:
    """A chat from before, its messages oldest first."""

    jid: Jid
    name: str | None = None
    unread: int = 0
    messages: list[PastMessage] = field(default_factory=list)


def remember(account: Account, chat: PastChat) -> None:
    """Let a phone have had this chat; messages of one that it knows are added to it."""
    known = account.handset.past.setdefault(chat.jid, PastChat(chat.jid))
    known.name, known.unread = chat.name or known.name, chat.unread
    known.messages = sorted((*known.messages, *chat.messages), key=lambda message: message.at)


def tell(state: State, device: Device) -> None:
    """Tell a companion that was just linked, once. A phone without a past tells nothing."""
    device.history_told = True
    chats = list(device.account.handset.past.values())
    if not chats:
        return
    _send(state, device, HistoryKind.NAMES, [_names(state, chats)])
    first = _sync(HistorySync.INITIAL_BOOTSTRAP, ((chat, chat.messages[-_FIRST:]) for chat in chats), 1, 100)
    _link_addresses(state, first, chats)
    _send(state, device, HistoryKind.BOOTSTRAP, [first], inline=device.takes_inline_history)
    size = max(1, state.faults.history_chunk)
    recent = _parts(HistorySync.RECENT, chats, lambda messages: messages[-_RECENT:-_FIRST], size)
    _send(state, device, HistoryKind.RECENT, recent)
    if device.wants_full_history:
        _send(
            state, device, HistoryKind.FULL, _parts(HistorySync.FULL, chats, lambda messages: messages[:-_RECENT], size)
        )


def answer(state: State, device: Device, wish: OlderWanted, request: str) -> None:
    """Tell what was in a chat before a message that the companion knows."""
    handset = device.account.handset
    state.audit.counts["history requests"] += 1
    if not handset.answers_history:
        return
    asked = state.directory.find(wish.chat)
    chat = next((chat for chat in handset.past.values() if _is_same(state, chat.jid, wish.chat, asked)), None)
    messages: list[PastMessage] = []
    if chat is not None:
        known = [place for place, message in enumerate(chat.messages) if message.id == wish.oldest_id]
        older = (message for message in chat.messages if message.at * 1000 < wish.oldest_at_ms)
        before = chat.messages[: known[0]] if known else list(older)
        messages = before[-wish.count :] if wish.count else []
    sync = _sync(HistorySync.ON_DEMAND, [] if chat is None else [(chat, messages)], 1, 100)
    _send(state, device, HistoryKind.ON_DEMAND, [sync], request=request)


def _is_same(state: State, jid: Jid, wanted: Jid, asked: Account | None) -> bool:
    return jid == wanted.bare or (asked is not None and state.directory.find(jid) is asked)


def _names(state: State, chats: Iterable[PastChat]) -> HistorySync:
    """How the people of the chats call themselves."""
    sync = HistorySync(sync_type=HistorySync.PUSH_NAME)
    for chat in chats:
        account = state.directory.find(chat.jid)
        if account is not None:
            sync.pushnames.add(id=str(chat.jid), pushname=account.name)
    return sync


def _link_addresses(state: State, sync: HistorySync, chats: Iterable[PastChat]) -> None:
    for chat in chats:
        account = state.directory.find(chat.jid)
        if account is not None:
            sync.phone_number_to_lid_mappings.add(pn_jid=str(account.pn), lid_jid=str(account.lid))


def _sync(kind: int, chats: Iterable[tuple[PastChat, Sequence[PastMessage]]], chunk: int, progress: int) -> HistorySync:
    sync = HistorySync(sync_type=kind, chunk_order=chunk, progress=progress)
    for chat, messages in chats:
        told = sync.conversations.add(id=str(chat.jid), unread_count=chat.unread, name=chat.name)
        for message in reversed(messages):
            told.messages.add(message=_info(chat, message))
    return sync


def _info(chat: PastChat, message: PastMessage) -> WebMessageInfo:
    info = WebMessageInfo(message=message.message, message_timestamp=message.at, status=message.status)
    info.key.remote_jid, info.key.from_me, info.key.id = str(chat.jid), message.from_me, message.id
    if message.sender is not None and not message.from_me:
        info.participant = info.key.participant = str(message.sender)
    return info


def _parts(
    kind: int, chats: Sequence[PastChat], choose: Callable[[list[PastMessage]], list[PastMessage]], size: int
) -> list[HistorySync]:
    """Files of so many messages; a chat may go on in the next one."""
    slices = [
        (chat, chosen[max(0, end - size) : end])
        for chat in chats
        for chosen in [choose(chat.messages)]
        for end in range(len(chosen), 0, -size)
    ]
    packed: list[list[tuple[PastChat, list[PastMessage]]]] = []
    room = 0
    for chat, messages in slices:
        if len(messages) > room:
            packed.append([])
            room = size
        packed[-1].append((chat, messages))
        room -= len(messages)
    return [_sync(kind, part, number, 100 * number // len(packed)) for number, part in enumerate(packed, start=1)]


def _send(
    state: State,
    device: Device,
    kind: HistoryKind,
    parts: Iterable[HistorySync],
    *,
    inline: bool = False,
    request: str | None = None,
) -> None:
    for part in parts:
        deflated = zlib.compress(part.SerializeToString())
        progress = part.progress if part.HasField("progress") else None
        file = None if inline else _shelve(state, deflated)
        notice = HistoryNotice(kind, part.chunk_order, progress, deflated if inline else None, file, request)
        sealing.tell_companion(state, device, notice.message())


def _shelve(state: State, deflated: bytes) -> MediaFile:
    """Lay a history on the media hosts. The world itself holds its bytes: no door brought them."""
    key = os.urandom(MEDIA_KEY_SIZE)
    sealer = MediaSealer(key, MediaKind.HISTORY)
    start = sealer.update(deflated)
    last, sealed = sealer.finish()
    blob, until = f"history-{state.entropy.randbytes(8).hex()}", state.now + state.faults.media_life_s
    stored = state.media.put(blob, sealed.enc_sha256, sealed.sealed_size, until, state.entropy, start + last)
    secret = MediaSecret(MediaKind.HISTORY, key, sealed.sha256, sealed.enc_sha256, sealed.size)
    return MediaFile(secret, stored.direct_path)
