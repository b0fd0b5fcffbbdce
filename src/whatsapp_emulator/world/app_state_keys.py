"""The key of the app state, which a phone gives to its companions in a message between own devices."""

from whatsapp_emulator.world import sealing
from whatsapp_emulator.world.accounts import Device
from whatsapp_emulator.world.state import State
from whatsapp_wire.proto.message_pb2 import AppStateSyncKeyShare, Message, ProtocolMessage

_FINGERPRINT = bytes((0x08, 1, 0x10, 1, 0x1A, 2, 0, 1))
"""AppStateSyncKeyFingerprint{raw_id = 1, current_index = 1, device_indexes = [0, 1]}."""


def share(state: State, device: Device) -> None:
    """Give a companion the key."""
    device.app_state_key_shared = True
    id, key = device.account.handset.app_state_key
    shared = AppStateSyncKeyShare.Key(
        key_id=AppStateSyncKeyShare.Key.KeyId(key_id=id),
        key_data=AppStateSyncKeyShare.Key.KeyData(
            key_data=key, fingerprint=_FINGERPRINT, timestamp=int(state.now * 1000)
        ),
    )
    content = Message(
        protocol_message=ProtocolMessage(
            type=ProtocolMessage.APP_STATE_SYNC_KEY_SHARE,
            app_state_sync_key_share=AppStateSyncKeyShare(keys=[shared]),
        )
    )
    sealing.tell_companion(state, device, content)


def serve(state: State, device: Device, message: Message) -> None:
    """Answer what a companion asks of its phone; only the key is served, other requests are counted."""
    if message.protocol_message.type == ProtocolMessage.APP_STATE_SYNC_KEY_REQUEST:
        share(state, device)
    else:
        state.audit.counts["peer messages not served"] += 1
