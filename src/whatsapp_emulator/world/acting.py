"""What a person does to messages on a virtual phone: react, edit, take back, pin, vote, pass on."""

from collections.abc import Callable, Sequence
from typing import Final

from whatsapp_emulator.world.accounts import Account
from whatsapp_emulator.world.composing import NoSuchMessage, find_message, send_message
from whatsapp_emulator.world.handset import Shown
from whatsapp_emulator.world.state import State
from whatsapp_wire.contents import acts, polls
from whatsapp_wire.contents.acts import read_act
from whatsapp_wire.contents.context import Context, context_info, read_context, with_context
from whatsapp_wire.contents.polls import Ballot
from whatsapp_wire.errors import DecryptionFailed
from whatsapp_wire.jid import Jid
from whatsapp_wire.message import text_message, unwrap
from whatsapp_wire.proto.message_pb2 import Message, MessageKey

_MOST: Final = 127


def react(state: State, account: Account, id: str, emoji: str) -> str:
    """React to a message; with no emoji, take the reaction away. Returns the reaction's id. Raises NoSuchMessage."""
    return _act(state, account, id, lambda key: acts.reaction_message(key, emoji, _now_ms(state)))


def edit(state: State, account: Account, id: str, text: str) -> str:
    """Put another text in the place of one that this account sent. Raises NoSuchMessage."""
    return _act(state, account, id, lambda key: acts.edit_message(key, text_message(text), _now_ms(state)))


def revoke(state: State, account: Account, id: str) -> str:
    """Take a message back. Raises NoSuchMessage."""
    return _act(state, account, id, acts.revoke_message)


def pin(state: State, account: Account, id: str, for_s: int) -> str:
    """Pin a message for so many seconds; with 0, unpin it. Raises NoSuchMessage."""
    return _act(state, account, id, lambda key: acts.pin_message(key, for_s, _now_ms(state)))


def vote(state: State, account: Account, id: str, options: Sequence[str]) -> str:
    """Choose these options of a poll. Raises NoSuchMessage when there is no poll with this id."""
    shown = find_message(account, id)
    secret = polls.secret_of(shown.message, unwrap(shown.message))
    if secret is None:
        raise NoSuchMessage(id)
    ballot = Ballot(id, secret, _author(account, shown), account.lid)
    sealed = ballot.seal(options, state.entropy.randbytes(polls.NONCE_SIZE))
    return _act(state, account, id, lambda key: polls.vote_message(key, sealed, _now_ms(state)))


def forward(state: State, account: Account, id: str, to: Jid) -> str:
    """Pass a message on, marked as phones mark it. Raises NoSuchMessage, NoSuchPerson."""
    shown = find_message(account, id)
    message = Message()
    message.CopyFrom(unwrap(shown.message))
    hops = read_context(message).forwarding_score + (not _is_own(account, shown))
    context_info(message).Clear()
    with_context(message, Context(forwarding_score=min(hops, _MOST)))
    return send_message(state, account, to, message)


def chosen(account: Account, voter: Jid, message: Message) -> tuple[str, ...] | None:
    """What a vote chooses, as a phone reads it; None for what is no vote, or in a poll that the phone does not have."""
    inner = unwrap(message)
    act = read_act(inner)
    if act is None or not inner.HasField("poll_update_message"):
        return None
    try:
        shown = find_message(account, act.target.id)
    except NoSuchMessage:
        return None
    asked = unwrap(shown.message)
    poll, secret = polls.read_poll(asked), polls.secret_of(shown.message, asked)
    if poll is None or secret is None:
        return None
    ballot = Ballot(act.target.id, secret, _author(account, shown), voter)
    try:
        return ballot.open(inner.poll_update_message.vote, poll.options)
    except DecryptionFailed:
        return None


def _act(state: State, account: Account, id: str, make: Callable[[MessageKey], Message]) -> str:
    shown = find_message(account, id)
    return send_message(state, account, shown.chat, make(_key(account, shown)))


def _key(account: Account, shown: Shown) -> MessageKey:
    return acts.key_of(shown.chat, shown.id, from_me=_is_own(account, shown), author=shown.sender)


def _is_own(account: Account, shown: Shown) -> bool:
    return shown.own or account.owns(shown.sender)


def _author(account: Account, shown: Shown) -> Jid:
    if _is_own(account, shown):
        return account.lid
    return shown.sender.bare if shown.chat.is_shared else shown.chat


def _now_ms(state: State) -> int:
    return int(state.now * 1000)
