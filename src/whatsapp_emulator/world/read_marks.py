"""Reading on a phone: its companions hear of it, so that what is read in one place is read everywhere.

The receipt names our own account, and the chat as `recipient`; in a group it comes from the group, with our account as
`participant` (whatsmeow `receipt.go`).
"""

from collections.abc import Iterable

from whatsapp_emulator.world.accounts import Account
from whatsapp_emulator.world.handset import Shown
from whatsapp_emulator.world.links import Attrs
from whatsapp_emulator.world.receipts import receipt_of
from whatsapp_emulator.world.state import State
from whatsapp_wire.jid import Jid
from whatsapp_wire.node import Node


def tell_companions(state: State, account: Account, messages: Iterable[Shown]) -> None:
    """Tell the companions of an account which messages its phone has opened: one receipt for each chat."""
    by_chat: dict[Jid, list[str]] = {}
    for shown in messages:
        by_chat.setdefault(shown.chat.bare, []).append(shown.id)
    for chat, ids in by_chat.items():
        told = receipt_of(ids, "read")
        place: Attrs = {"from": account.lid, "recipient": chat}
        if chat.is_shared:
            place = {"from": chat, "participant": account.lid}
        for device in account.devices.values():
            state.deliver(device, Node("receipt", {**told.attrs, **place, "t": state.stamp}, told.content))
