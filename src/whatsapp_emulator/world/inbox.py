"""What a phone shows, and the delivery receipt it sends for it."""

from whatsapp_emulator.world.accounts import Account
from whatsapp_emulator.world.handset import Shown
from whatsapp_emulator.world.read_marks import tell_companions
from whatsapp_emulator.world.receipts import receipt_of, spread
from whatsapp_emulator.world.state import State
from whatsapp_wire.jid import Jid


def show(state: State, account: Account, shown: Shown) -> None:
    """Put a message on the screen of an account's phone, and tell its sender."""
    handset = account.handset
    key = (shown.sender.user, shown.id)
    shown.repeat = key in handset.known
    handset.known.add(key)
    handset.inbox.append(shown)
    if handset.auto_receipt and not shown.own:
        acknowledge(state, account, shown)
    if handset.auto_read and not shown.own:
        shown.read = True
        tell_companions(state, account, [shown])
        acknowledge(state, account, shown, "read")


def acknowledge(state: State, account: Account, shown: Shown, type: str | None = None) -> None:
    """Send a receipt for one message."""
    group = shown.chat if shown.chat.is_shared else None
    send_receipt(state, account, shown.sender, [shown.id], type, group)


def send_receipt(
    state: State, account: Account, to: Jid, ids: list[str], type: str | None = None, group: Jid | None = None
) -> None:
    """Send a receipt of an account's phone for messages of one person, in a group or not.

    Without a type it says `delivered`.
    """
    sender = state.directory.find(to)
    if sender is not None:
        spread(state, sender, account.lid if to.is_lid else account.pn, receipt_of(ids, type), group)
