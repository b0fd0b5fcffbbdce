"""A message reaches a virtual phone: decrypt it, show it, answer it, or ask for it again."""

from hashlib import blake2b

from whatsapp_emulator.world import acting, app_state_keys, composing, retries
from whatsapp_emulator.world.accounts import Account
from whatsapp_emulator.world.handset import Handset, Shown
from whatsapp_emulator.world.inbox import send_receipt, show
from whatsapp_emulator.world.state import State
from whatsapp_wire.errors import DuplicateMessage, WireError
from whatsapp_wire.jid import Jid
from whatsapp_wire.message import Kind, parse, read, stanza_kind, unwrap
from whatsapp_wire.node import Node
from whatsapp_wire.proto.message_pb2 import Message
from whatsapp_wire.sender_key_share import shared

_DIGEST_SIZE = 16


def receive(state: State, account: Account, stanza: Node) -> None:
    """Take a message stanza as the phone of an account gets it. Raises StanzaRefused when it lacks what it needs."""
    handset = account.handset
    if handset.swallow:
        state.audit.counts["swallowed"] += 1
        return
    sender, group = author_of(stanza), group_of(stanza)
    device = _session_address(state, sender)
    encs = stanza.all("enc")
    for enc in encs:
        digest = blake2b(enc.bytes(), digest_size=_DIGEST_SIZE).digest()
        try:
            message = _open(handset, device, group, enc)
        except DuplicateMessage as error:
            if digest not in handset.ciphertexts and digest not in handset.refused:
                _fail(state, account, stanza, device, error)
            elif not account.owns(sender) and enc is encs[-1]:
                state.audit.counts["phone saw same ciphertext"] += 1
                send_receipt(state, account, sender, [stanza.attr("id")], group=group)
        except WireError as error:
            handset.refused.add(digest)
            _fail(state, account, stanza, device, error)
        else:
            handset.ciphertexts.add(digest)
            handset.provoked.discard(device)
            _take(state, account, stanza, message)


def author_of(stanza: Node) -> Jid:
    """The device that wrote a message; in a group that is not the one it comes from. Raises StanzaRefused."""
    return stanza.jid("participant" if stanza.jid("from").is_shared else "from")


def group_of(stanza: Node) -> Jid | None:
    """The group in which a message was written. Raises StanzaRefused."""
    came_from = stanza.jid("from")
    return came_from if came_from.is_shared else None


def _open(handset: Handset, device: Jid, group: Jid | None, enc: Node) -> Message:
    if group is None:
        return parse(handset.keyring.decrypt(device, enc.attr("type"), enc.bytes()))
    if enc.attr("type") == "skmsg":
        return parse(handset.keyring.decrypt_from_group(group, device, enc.bytes()))
    message = parse(handset.keyring.decrypt(device, enc.attr("type"), enc.bytes()))
    distributed = shared(message)
    if distributed is not None:
        handset.keyring.take_group_key(group, device, distributed)
    return message


def _fail(state: State, account: Account, stanza: Node, device: Jid, error: Exception) -> None:
    state.audit.counts["phone failed to decrypt"] += 1
    if device not in account.handset.provoked:
        sender = state.directory.device(device)
        who = device if sender is None else sender.label
        detail = f"message {stanza.attr('id')} to {account.phone}: {type(error).__name__}: {error}"
        state.audit.violate("failed_decryption", who, detail, state.now)
    retries.ask(state, account, stanza)


def _take(state: State, account: Account, stanza: Node, message: Message) -> None:
    """Act on a decrypted message: housekeeping between own devices, or something for a person to see."""
    sender, group = author_of(stanza), group_of(stanza)
    if stanza.get("category") == "peer":
        _serve_companion(state, sender, message, stanza.attr("id"))
        return
    if read(message).kind is Kind.SENDER_KEY:
        return
    own = account.owns(sender)
    other = group or (stanza.jid("recipient") if own else sender)
    shown = Shown(
        id=stanza.attr("id"),
        sender=sender,
        chat=_lid(state, other),
        own=own,
        message=message,
        at=state.now,
        edit=stanza.get("edit"),
    )
    shown.vote = acting.chosen(account, account.lid if own else _lid(state, sender.bare), message)
    _check_attributes(state, stanza, message)
    show(state, account, shown)
    if account.handset.auto_reply is not None and not own and not shown.repeat:
        seen = read(message)
        if seen.kind is Kind.TEXT and seen.text is not None:
            composing.type_text(state, account, other, account.handset.auto_reply.replace("{text}", seen.text))


def _check_attributes(state: State, stanza: Node, message: Message) -> None:
    """An edit or a revocation says so outside, too: phones do not show one that does not, and fail loudly on it."""
    inner = unwrap(message)
    said = stanza.get("edit")
    if inner.HasField("protocol_message") and said != (expected := stanza_kind(message).edit):
        sender = state.directory.device(stanza.jid("from"))
        who = stanza.attr("from") if sender is None else sender.label
        detail = f"message {stanza.attr('id')} says edit={said}, and inside it is {expected}"
        state.audit.violate("wrong_attributes", who, detail, state.now)


def _serve_companion(state: State, sender: Jid, message: Message, id: str) -> None:
    device = state.directory.device(sender)
    if device is not None:
        app_state_keys.serve(state, device, unwrap(message), id)


def _session_address(state: State, sender: Jid) -> Jid:
    """Sessions belong to the LID address of a device, however the stanza spells it."""
    account = state.directory.find(sender)
    return sender if account is None else account.lid.with_device(sender.device)


def _lid(state: State, jid: Jid) -> Jid:
    account = state.directory.find(jid)
    return jid.bare if account is None else account.lid
