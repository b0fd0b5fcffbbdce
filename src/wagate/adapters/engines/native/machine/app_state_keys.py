"""The keys of the app state: shared by the phone, asked from it, and given to other devices of the account."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from typing import Final

import structlog
from google.protobuf.message import DecodeError

from wagate.adapters.engines.native.machine import directory, ratchets
from wagate.adapters.engines.native.machine.app_state_records import ASKED, KEY, KEYED
from wagate.adapters.engines.native.machine.device import Device
from wagate.adapters.engines.native.machine.flows import Commit, Flow, List, Load, Pause
from wagate.adapters.engines.native.machine.ratchets import Peer, peer_at
from wagate.adapters.engines.native.machine.records import Step
from whatsapp_wire.app_state.keys import KEY_SIZE, MutationKeys
from whatsapp_wire.app_state.mutations import SharedKey
from whatsapp_wire.errors import NoSession
from whatsapp_wire.jid import Jid
from whatsapp_wire.proto.message_pb2 import (
    AppStateSyncKeyRequest,
    AppStateSyncKeyShare,
    Message,
    ProtocolMessage,
)
from whatsapp_wire.stanza.message import peer_message

_log = structlog.get_logger(__name__)

_ASK_AGAIN_S: Final = 86_400.0
"""How long a phone is not asked for the same key again (whatsmeow `appstate.go`)."""

_MOST: Final = 32
"""Keys in one request or answer: an account has one, and another for each device that it lost."""

_LOOK_AGAIN_S: Final = 0.25
"""How often one looks whether a key has come that is waited for."""

KeyData = AppStateSyncKeyShare.Key.KeyData


def held(us: Device) -> Flow[dict[bytes, MutationKeys]]:
    """Every key that was shared with us, by id."""
    stored = yield from _stored(us)
    return {id: MutationKeys.expand(data.key_data) for id, data in stored.items()}


def newest(us: Device) -> Flow[SharedKey | None]:
    """The key to write with: the one that was made last (whatsmeow `GetLatestAppStateSyncKeyID`)."""
    stored = yield from _stored(us)
    if not stored:
        return None
    id = max(stored, key=lambda id: (stored[id].timestamp, id))
    return SharedKey(id, MutationKeys.expand(stored[id].key_data))


def awaited(us: Device) -> Flow[SharedKey | None]:
    """The key to write with; just after pairing the phone is still about to share it, and is given a while."""
    key = yield from newest(us)
    left_s = us.habits.shared_key_s
    while key is None and left_s > 0:
        yield Pause(_LOOK_AGAIN_S)
        left_s -= _LOOK_AGAIN_S
        key = yield from newest(us)
    return key


def keep(step: Step, share: AppStateSyncKeyShare) -> bool:
    """Keep the keys that a device of ours shares; returns whether there were any."""
    is_any = False
    for key in share.keys:
        if key.key_id.key_id and len(key.key_data.key_data) == KEY_SIZE:
            step.put(KEY, key.key_id.key_id.hex(), key.key_data.SerializeToString())
            step.delete(ASKED, key.key_id.key_id.hex())
            is_any = True
    if is_any:
        step.put(*KEYED, b"0")
    return is_any


def ask_phone(us: Device, ids: Iterable[bytes]) -> Flow[None]:
    """Ask our phone for keys that it was not asked for within a day. Whether it answers shows when a share comes."""
    wanted = sorted(ids)[:_MOST]
    yield Load(tuple((ASKED, id.hex()) for id in wanted))
    step = us.step()
    due = [id for id in wanted if us.shell.now() - float(step.get(ASKED, id.hex()) or b"0") >= _ASK_AGAIN_S]
    if not due:
        return
    for id in due:
        step.put(ASKED, id.hex(), str(us.shell.now()).encode())
    request = AppStateSyncKeyRequest(key_ids=[AppStateSyncKeyShare.Key.KeyId(key_id=id) for id in due])
    told = ProtocolMessage(type=ProtocolMessage.APP_STATE_SYNC_KEY_REQUEST, app_state_sync_key_request=request)
    yield from _tell(us, step, peer_at(us.me.lid), Message(protocol_message=told))


def serve(us: Device, peer: Peer, request: AppStateSyncKeyRequest) -> Flow[None]:
    """Give another device of ours the keys that it asks for, as far as we have them."""
    stored = yield from _stored(us)
    wanted = [key.key_id for key in request.key_ids][:_MOST]
    share = AppStateSyncKeyShare()
    for id in wanted:
        if id in stored:
            share.keys.add(key_id=AppStateSyncKeyShare.Key.KeyId(key_id=id), key_data=stored[id])
    if share.keys:
        told = ProtocolMessage(type=ProtocolMessage.APP_STATE_SYNC_KEY_SHARE, app_state_sync_key_share=share)
        yield from _tell(us, us.step(), peer, Message(protocol_message=told))


def _stored(us: Device) -> Flow[dict[bytes, KeyData]]:
    stored: list[tuple[str, bytes]] = yield List(KEY)
    found = {}
    for address, value in stored:
        try:
            data = KeyData.FromString(value)
        except DecodeError:
            _log.warning("a key of the app state is damaged", key=address)
            continue
        if len(data.key_data) == KEY_SIZE:
            found[bytes.fromhex(address)] = data
    return found


def _tell(us: Device, step: Step, peer: Peer, message: Message) -> Flow[None]:
    """Say something to a device of ours that no person sees. It is not sent again: whoever misses it asks again."""
    yield from directory.meet(us, (peer,))
    yield Load(peer.keys)
    try:
        sealed = ratchets.seal(us.credentials, step, peer, message.SerializeToString())
    except NoSession:
        _log.info("a device of ours has no keys", device=peer.device)
        return
    yield Commit(step)
    to = Jid(us.own.pn.bare).with_device(peer.device.device)
    is_urgent = message.protocol_message.HasField("app_state_sync_key_request")
    id = f"3EB0{secrets.token_hex(9).upper()}"
    us.write(peer_message(id, to, sealed, us.credentials.voucher, is_urgent=is_urgent))
