"""A person types into a virtual phone: the message goes to every device of the other, and to the own companions."""

from collections.abc import Sequence

from whatsapp_emulator.world import group_typing, sealing, status_typing
from whatsapp_emulator.world.accounts import Account
from whatsapp_emulator.world.handset import Shown, Typed
from whatsapp_emulator.world.inbox import show
from whatsapp_emulator.world.state import State
from whatsapp_wire.jid import STATUS_BROADCAST, Jid
from whatsapp_wire.message import text_message
from whatsapp_wire.proto.message_pb2 import Message


class NoSuchPerson(LookupError):
    """Nobody has this number or address."""


class NoSuchMessage(LookupError):
    """The phone knows no message with this id."""


def type_text(
    state: State, account: Account, to: Jid, text: str, quote: str | None = None, mentions: Sequence[Jid] = ()
) -> str:
    """Send a text from an account's phone; returns the message's id.

    `quote` is the id of a message the phone has shown or sent. Raises NoSuchPerson and NoSuchMessage, and IqRefused
    for a group that the person may not write to.
    """
    quoted = None if quote is None else find_message(account, quote).as_quote()
    return send_message(state, account, to, text_message(text, quoted, mentions))


def send_message(state: State, account: Account, to: Jid, message: Message) -> str:
    """Send any content from an account's phone; returns the message's id. Raises NoSuchPerson, IqRefused."""
    if to.is_group:
        return group_typing.send(state, account, to, message)
    if to == STATUS_BROADCAST:
        return status_typing.send(state, account, message)
    recipient = state.directory.find(to)
    if recipient is None:
        raise NoSuchPerson(to)
    id = state.message_id()
    typed = account.handset.sent[id] = Typed(message, recipient.lid)
    state.audit.counts["typed"] += 1
    if recipient is not account and account.lid not in recipient.blocked:
        # Two phones of this world need no cryptography between them: no client under test would see it.
        if not recipient.handset.swallow:
            show(state, recipient, Shown(id, account.lid, account.lid, own=False, message=message, at=state.now))
        for device in recipient.devices.values():
            sealing.send(state, account, device, id, typed)
    for device in account.devices.values():
        sealing.send(state, account, device, id, typed)
    return id


def find_message(account: Account, id: str) -> Shown:
    """A message the phone has shown or sent. Raises NoSuchMessage."""
    for shown in reversed(account.handset.inbox):
        if shown.id == id:
            return shown
    typed = account.handset.sent.get(id)
    if typed is None:
        raise NoSuchMessage(id)
    return Shown(id, account.lid, typed.recipient, own=True, message=typed.message, at=0.0)
