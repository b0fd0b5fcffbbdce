"""What is in a virtual phone: keys, what it has shown, what it has sent, and how it behaves."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass, field
from random import Random
from typing import TYPE_CHECKING

from whatsapp_emulator.world.app_state_shelf import AppStateShelf
from whatsapp_emulator.world.keyring import Keyring
from whatsapp_wire.contents.context import read_context
from whatsapp_wire.contents.timers import read_timer
from whatsapp_wire.jid import Jid
from whatsapp_wire.media.content import read_media
from whatsapp_wire.message import Quote, read
from whatsapp_wire.proto.message_pb2 import Message

if TYPE_CHECKING:
    from whatsapp_emulator.world.histories import PastChat

_NOT_TOLD = frozenset({"preview", "waveform", "sidecar"})


@dataclass(slots=True)
class Shown:
    """A message the phone has decrypted. One that was decrypted twice is listed twice, then as a `repeat`."""

    id: str
    sender: Jid
    """The device that sent it."""

    chat: Jid
    """The other person, as LID, or the group."""

    own: bool
    """Whether it is a copy of what another device of this account sent."""

    message: Message
    at: float
    """When, in seconds since 1970."""

    edit: str | None = None
    """The stanza's `edit` attribute: 1 edit, 7 revoke."""

    repeat: bool = False
    read: bool = False
    vote: tuple[str, ...] | None = None
    """What was chosen, for a vote in a poll that the phone knows."""

    def as_quote(self) -> Quote:
        """This message as a reply quotes it."""
        return Quote(self.id, self.sender.bare, self.message)

    def as_dict(self) -> dict[str, object]:
        """As the control API tells it."""
        seen = read(self.message)
        return {
            "id": self.id,
            "from": self.sender,
            "chat": self.chat,
            "own": self.own,
            "text": seen.text or "",
            "kind": seen.kind.value,
            "edit": self.edit,
            "t": self.at,
            "quoted": None if seen.quoted is None else seen.quoted.id,
            "mentions": list(seen.mentions),
            "repeat": self.repeat,
            "media": _told_media(self.message),
            "target": None if seen.target is None else seen.target.id,
            "vote": None if self.vote is None else list(self.vote),
            "forwarded": read_context(self.message).forwarding_score,
            "expires_in_s": read_context(self.message).expires_in_s,
            "timer": read_timer(self.message),
        }


def _told_media(message: Message) -> dict[str, object] | None:
    """What a message says of its file, as the control API tells it: all but keys, hashes and pictures."""
    media = read_media(message)
    if media is None:
        return None
    secret = None if media.file is None else media.file.secret
    details = {name: value for name, value in asdict(media.details).items() if name not in _NOT_TOLD}
    return {"kind": media.kind.value, "size": None if secret is None else secret.size, **details}


@dataclass(frozen=True, slots=True)
class SeenReceipt:
    """A receipt that reached the phone. `type` is `delivered` where the stanza has none; `device` sent it."""

    device: Jid
    type: str
    ids: tuple[str, ...]
    at: float

    def as_dict(self) -> dict[str, object]:
        """As the control API tells it."""
        return {"device": self.device, "type": self.type, "ids": list(self.ids), "t": self.at}


@dataclass(frozen=True, slots=True)
class Typed:
    """A message this phone sent, kept so that a companion may ask for it again."""

    message: Message
    recipient: Jid
    """The other person, as LID, or the group."""

    peer: bool = False
    """Whether it is between own devices, for no person to see."""


@dataclass(eq=False, slots=True)
class GroupKey:
    """Who has the phone's sender key for one group: companions, by LID."""

    holders: set[Jid] = field(default_factory=set)


@dataclass(eq=False, slots=True)
class Handset:
    """The state of one virtual phone. What it does with it is in `reading`, `typing`, `receipts` and `retries`."""

    keyring: Keyring
    app_state: AppStateShelf
    """What the account's devices agree on, and the keys that companions get for it."""

    swallow: bool = False
    """Take messages without decrypting or answering them: for measuring everything else."""

    auto_receipt: bool = True
    """Tell the sender that a message was delivered."""

    auto_read: bool = False
    """Open each message as soon as it is shown."""

    auto_reply: str | None = None
    """Answer each text from a companion with this one; ``{text}`` stands for what it said."""

    keeps_media: bool = True
    """Upload a file again when a companion asks for it."""

    answers_history: bool = True
    """Tell a companion what was before, when it asks."""

    refuses_groups: bool = False
    """Whether nobody may simply add this person to a group: they get a personal invitation instead."""

    available: bool = False
    seen_typing: dict[Jid, str] = field(default_factory=dict)
    """What each person seemed to be doing when they last showed it: `composing` or `paused`."""

    inbox: list[Shown] = field(default_factory=list)
    receipts: list[SeenReceipt] = field(default_factory=list)
    sent: dict[str, Typed] = field(default_factory=dict)
    retries: Counter[str] = field(default_factory=Counter)
    """How often each message was asked for again."""

    past: dict[Jid, PastChat] = field(default_factory=dict)
    """What the phone remembers from before its companions were linked, by chat."""

    status_audience: list[Jid] | None = None
    """Who sees what is posted as a status, by LID; None: everybody who is not blocked."""

    posted: dict[str, set[Jid]] = field(default_factory=dict)
    """Who each status post was for, by LID."""

    group_keys: dict[Jid, GroupKey] = field(default_factory=dict)
    ciphertexts: set[bytes] = field(default_factory=set)
    """Digests of what was decrypted, to tell a ciphertext that arrives again from a ratchet key used twice."""

    refused: set[bytes] = field(default_factory=set)
    """Digests of what could not be decrypted: once its chain has moved on, the same again is only a repetition."""

    known: set[tuple[str, str]] = field(default_factory=set)
    """User and message id of everything shown."""

    provoked: set[Jid] = field(default_factory=set)
    """Companions whose messages may fail once, because a test made the phone lose its keys: nobody's fault."""

    @classmethod
    def new(cls, entropy: Random) -> Handset:
        """A phone fresh out of the box."""
        return cls(Keyring(entropy), AppStateShelf(entropy))
