"""What a virtual phone sends to a companion, sealed for it."""

from whatsapp_emulator.world import prekeys
from whatsapp_emulator.world.accounts import Account, Device
from whatsapp_emulator.world.handset import Typed
from whatsapp_emulator.world.state import State
from whatsapp_wire.message import device_sent, stanza_kind
from whatsapp_wire.node import Node
from whatsapp_wire.proto.message_pb2 import Message


def seal(state: State, account: Account, device: Device, content: Message) -> Node | None:
    """The `enc` that an account's phone makes for a companion; None when that has published no keys to begin with."""
    keyring = account.handset.keyring
    if not keyring.knows(device.lid):
        bundle = prekeys.take(state, device)
        if bundle is None:
            return None
        keyring.begin(device.lid, bundle)
    sealed = keyring.encrypt(device.lid, content.SerializeToString())
    attrs = {"v": "2", "type": sealed.kind, "mediatype": stanza_kind(content).media_type}
    return Node("enc", attrs, sealed.ciphertext)


def message_from(state: State, account: Account, device: Device, id: str, typed: Typed, enc: Node) -> Node:
    """The stanza in which an account's phone sends something to a companion: its own, or somebody else's."""
    own = device.account is account
    kind = stanza_kind(typed.message)
    head = {
        "from": account.pn if typed.peer else account.lid,
        "sender_pn": None if own else account.pn,
        "recipient": typed.recipient if own and not typed.peer else None,
        "addressing_mode": None if typed.peer else "lid",
        "id": id,
        "t": state.stamp,
        "type": kind.type,
        "edit": kind.edit,
        "category": "peer" if typed.peer else None,
        "notify": account.name,
    }
    return Node("message", head, [enc])


def send(state: State, account: Account, device: Device, id: str, typed: Typed, *, count: str | None = None) -> None:
    """Seal what an account's phone sends for a companion, and queue it; `count` marks the answer to a retry request.

    A companion that has published no keys gets nothing, as in life.
    """
    own = device.account is account and not typed.peer
    enc = seal(state, account, device, device_sent(typed.message, typed.recipient) if own else typed.message)
    if enc is None:
        state.audit.counts["companions without keys"] += 1
        return
    if count is not None:
        enc.attrs["count"] = count
    state.deliver(device, message_from(state, account, device, id, typed, enc))


def tell_companion(state: State, device: Device, content: Message) -> None:
    """A message between the phone and its own companion that no person sees (`category=peer`)."""
    account, id = device.account, state.message_id()
    typed = account.handset.sent[id] = Typed(content, account.lid, peer=True)
    send(state, account, device, id, typed)
