"""Polls and votes. A vote says only the hashes of the options, sealed with the poll's own secret.

Facts: whatsmeow `msgsecret.go`, Baileys `Utils/process-message.ts`. The key of a vote is derived from the poll's
secret, its id and the bare addresses of its author and of the voter, in the form in which the chat knows them: phone
number or LID. Which of the two was meant is not said, so a reader tries those it knows.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from google.protobuf.message import DecodeError

from whatsapp_wire.crypto.ciphers import aes_gcm_decrypt, aes_gcm_encrypt
from whatsapp_wire.crypto.kdf import hkdf
from whatsapp_wire.errors import DecryptionFailed
from whatsapp_wire.jid import Jid
from whatsapp_wire.proto.message_pb2 import (
    Message,
    MessageContextInfo,
    MessageKey,
    PollCreationMessage,
    PollEncValue,
    PollUpdateMessage,
    PollVoteMessage,
)

SECRET_SIZE: Final = 32
NONCE_SIZE: Final = 12
_FIELDS: Final = ("poll_creation_message", "poll_creation_message_v2", "poll_creation_message_v3")
_MAX_OPTIONS: Final = 256


@dataclass(frozen=True, slots=True)
class Poll:
    """A poll: `selectable` is how many options one may choose (0: any number)."""

    question: str
    options: tuple[str, ...]
    selectable: int


def poll_message(poll: Poll, secret: bytes) -> Message:
    """The message that asks; `secret` is 32 random bytes, kept to read the votes."""
    options = [PollCreationMessage.Option(option_name=option) for option in poll.options]
    return Message(
        poll_creation_message=PollCreationMessage(
            name=poll.question, options=options, selectable_options_count=poll.selectable
        ),
        message_context_info=MessageContextInfo(message_secret=secret),
    )


def read_poll(inner: Message) -> Poll | None:
    """The poll that an unwrapped message asks; None when it asks none."""
    for name in _FIELDS:
        if inner.HasField(name):
            found: PollCreationMessage = getattr(inner, name)
            options = tuple(option.option_name for option in found.options[:_MAX_OPTIONS])
            return Poll(found.name, options, found.selectable_options_count)
    return None


def secret_of(message: Message, inner: Message) -> bytes | None:
    """The secret that came with a message: beside it, or inside what is wrapped around it."""
    for part in (message, inner):
        secret = part.message_context_info.message_secret
        if len(secret) == SECRET_SIZE:
            return secret
    return None


def vote_message(key: MessageKey, sealed: PollEncValue, at_ms: int) -> Message:
    """The message that votes in the poll with that key."""
    return Message(
        poll_update_message=PollUpdateMessage(poll_creation_message_key=key, vote=sealed, sender_timestamp_ms=at_ms)
    )


@dataclass(frozen=True, slots=True)
class Ballot:
    """Whose vote it is, in which poll: its id, its secret, and who asked. Addresses as the chat knows them."""

    poll_id: str
    secret: bytes
    author: Jid
    voter: Jid

    def seal(self, options: Iterable[str], nonce: bytes) -> PollEncValue:
        """Choose these options; `nonce` is 12 bytes, never used before."""
        vote = PollVoteMessage(selected_options=[_digest(option) for option in options])
        sealed = aes_gcm_encrypt(self._key, nonce, vote.SerializeToString(), self._label)
        return PollEncValue(enc_payload=sealed, enc_iv=nonce)

    def open(self, sealed: PollEncValue, options: Sequence[str]) -> tuple[str, ...]:
        """Which of the poll's options were chosen. Raises DecryptionFailed when this is not whose vote it is."""
        if len(sealed.enc_iv) != NONCE_SIZE:
            raise DecryptionFailed("a vote without its nonce")
        plaintext = aes_gcm_decrypt(self._key, sealed.enc_iv, sealed.enc_payload, self._label)
        try:
            chosen = set(PollVoteMessage.FromString(plaintext).selected_options)
        except DecodeError as error:
            raise DecryptionFailed("the vote is not a vote") from error
        return tuple(option for option in options if _digest(option) in chosen)

    @property
    def _key(self) -> bytes:
        info = f"{self.poll_id}{self.author.bare}{self.voter.bare}Poll Vote"
        return hkdf(self.secret, info.encode(), 32)

    @property
    def _label(self) -> bytes:
        return f"{self.poll_id}\0{self.voter.bare}".encode()


def _digest(option: str) -> bytes:
    return sha256(option.encode()).digest()
