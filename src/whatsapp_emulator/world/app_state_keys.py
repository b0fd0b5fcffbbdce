"""The key of the app state, which a phone gives to its companions in a message between own devices."""

from collections.abc import Iterable

from whatsapp_emulator.world import histories, sealing
from whatsapp_emulator.world.accounts import Device
from whatsapp_emulator.world.state import State
from whatsapp_wire.history.notices import parse_wish
from whatsapp_wire.proto.message_pb2 import AppStateSyncKeyShare, Message, ProtocolMessage

_FINGERPRINT = bytes((0x08, 1, 0x10, 1, 0x1A, 2, 0, 1))
"""AppStateSyncKeyFingerprint{raw_id = 1, current_index = 1, device_indexes = [0, 1]}."""


def share(state: State, device: Device, ids: Iterable[bytes] | None = None) -> None:
    """Give a companion the keys with these ids, as far as the phone has them; the newest one without."""
    device.app_state_key_shared = True
    shelf = device.account.handset.app_state
    wanted = [shelf.newest[0]] if ids is None else [id for id in ids if id in shelf.keys]
    order = list(shelf.keys)
    shared = [
        AppStateSyncKeyShare.Key(
            key_id=AppStateSyncKeyShare.Key.KeyId(key_id=id),
            key_data=AppStateSyncKeyShare.Key.KeyData(
                key_data=shelf.keys[id],
                fingerprint=_FINGERPRINT,
                timestamp=int(state.now * 1000) + order.index(id),
            ),
        )
        for id in wanted
    ]
    content = Message(
        protocol_message=ProtocolMessage(
            type=ProtocolMessage.APP_STATE_SYNC_KEY_SHARE,
            app_state_sync_key_share=AppStateSyncKeyShare(keys=shared),
        )
    )
    sealing.tell_companion(state, device, content)


def serve(state: State, device: Device, message: Message, id: str) -> None:
    """Answer what a companion asks of its phone in a message with that id; what is not served is counted."""
    if message.protocol_message.type == ProtocolMessage.APP_STATE_SYNC_KEY_REQUEST:
        state.audit.counts["app state keys asked for"] += 1
        share(state, device, [key.key_id for key in message.protocol_message.app_state_sync_key_request.key_ids])
    elif (wish := parse_wish(message.protocol_message)) is not None:
        histories.answer(state, device, wish, id)
    else:
        state.audit.counts["peer messages not served"] += 1
