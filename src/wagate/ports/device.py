"""A linked device as plain data: what an engine hands to another, so that nobody has to pair a phone again.

Nothing here is any engine's own format. All keys are raw Curve25519 keys of 32 bytes, private ones where both halves
exist (the public half follows from it). An address is ``user[:device]@server`` with the server ``s.whatsapp.net`` or
``lid``; device 0, the phone, is not written out, and device 99 is the one that Meta hosts for a business.
Every value checks itself: what was built holds. What does not raises DeviceUnreadable.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Protocol, runtime_checkable

from wagate.domain.errors import DeviceUnreadable
from wagate.domain.ids import SessionId
from wagate.domain.jid import LID_SERVER, PHONE_SERVER
from wagate.domain.session import Me
from wagate.ports import checks
from wagate.ports.checks import KEY, MAX_COUNTER
from wagate.ports.ratchets import SenderKey, Session
from wagate.ports.vault import Vault

SIGNATURE: Final = 64
MAX_PREKEY_ID: Final = 0xFFFFFE
HOSTED_DEVICE: Final = 99
MAX_OPTIONS: Final = 1_024
"""Options of a poll: far more than any app allows."""

_USER: Final = re.compile(r"[0-9]{1,32}\Z")


def address(user: str, device: int, *, is_lid: bool) -> str:
    """The address of a device from its parts."""
    server = LID_SERVER if is_lid else PHONE_SERVER
    return f"{user}:{device}@{server}" if device else f"{user}@{server}"


@dataclass(frozen=True, slots=True)
class OneTimeKey:
    """A one-time prekey. ``is_published``: the server, or one contact, was given it."""

    id: int
    private: bytes = field(repr=False)
    is_published: bool

    def __post_init__(self) -> None:
        """Check."""
        checks.number(self.id, 1, MAX_PREKEY_ID, "a prekey's id")
        checks.size(self.private, KEY, "a prekey")


@dataclass(frozen=True, slots=True)
class SignedKey:
    """A prekey of medium life. ``made_at`` in seconds since 1970, None where nobody wrote it down."""

    id: int
    private: bytes = field(repr=False)
    signature: bytes
    made_at: int | None = None

    def __post_init__(self) -> None:
        """Check."""
        checks.number(self.id, 0, MAX_PREKEY_ID, "a signed prekey's id")
        checks.size(self.private, KEY, "a signed prekey")
        checks.size(self.signature, SIGNATURE, "a signed prekey's signature")


@dataclass(frozen=True, slots=True)
class Account:
    """How the account vouches for this device: the signed details, whose key signed them, and our counter-signature."""

    details: bytes
    identity: bytes
    signature: bytes
    device_signature: bytes

    def __post_init__(self) -> None:
        """Check."""
        checks.between(self.details, 1, 4096, "the account's statement")
        checks.point(self.identity, "the account's identity key")
        checks.size(self.signature, SIGNATURE, "the account's signature")
        checks.size(self.device_signature, SIGNATURE, "the device's signature")


@dataclass(frozen=True, slots=True)
class AppStateKey:
    """A key for the account's app state. ``made_at`` in ms; ``fingerprint`` as the phone wrote it (protobuf)."""

    id: bytes
    data: bytes = field(repr=False)
    fingerprint: bytes
    made_at: int

    def __post_init__(self) -> None:
        """Check."""
        checks.between(self.id, 1, 64, "an app state key's id")
        checks.between(self.data, 1, 256, "an app state key")
        checks.between(self.fingerprint, 0, 4096, "an app state key's fingerprint")
        checks.number(self.made_at, 0, 2**63 - 1, "an app state key's time")


@dataclass(frozen=True, slots=True)
class PrivacyToken:
    """The newest token a person gave us (empty: none) and when; when we gave them ours (0: never); in seconds."""

    person: str
    token: bytes = field(repr=False)
    received_at: int
    issued_at: int

    def __post_init__(self) -> None:
        """Check."""
        checks.device_address(self.person)
        checks.between(self.token, 0, 1024, "a privacy token")
        checks.number(self.received_at, 0, 2**53, "a privacy token's time")
        checks.number(self.issued_at, 0, 2**53, "a privacy token's time")


@dataclass(frozen=True, slots=True)
class PollSecret:
    """What reads the votes of a poll: WhatsApp's id of it, who asked (bare), its own secret, and its options."""

    id: str
    author: str
    secret: bytes = field(repr=False)
    options: tuple[str, ...]

    def __post_init__(self) -> None:
        """Check."""
        checks.between(self.id.encode(errors="replace"), 1, 256, "a poll's id")
        checks.device_address(self.author)
        checks.between(self.secret, 1, 256, "a poll's secret")
        checks.at_most(self.options, MAX_OPTIONS, "options of a poll")


@dataclass(frozen=True, slots=True)
class LinkedDevice:
    """Everything that makes a program this linked device, and nothing about chats but the secrets of their polls.

    ``pn`` and ``lid`` are our own addresses with our device number. ``signed_prekeys`` has the current one last; the
    others answer what was encrypted before. Every one-time prekey's id is below ``next_prekey``. ``identities`` are
    devices and their identity keys, ``people`` phone numbers (digits) and their LIDs (user part).
    """

    pn: str
    lid: str
    registration_id: int
    noise_private: bytes = field(repr=False)
    identity_private: bytes = field(repr=False)
    adv_secret: bytes = field(repr=False)
    account: Account
    signed_prekeys: tuple[SignedKey, ...]
    next_prekey: int
    name: str | None = None
    platform: str | None = None
    prekeys: tuple[OneTimeKey, ...] = ()
    sessions: tuple[Session, ...] = ()
    identities: tuple[tuple[str, bytes], ...] = ()
    sender_keys: tuple[SenderKey, ...] = ()
    people: tuple[tuple[str, str], ...] = ()
    app_state_keys: tuple[AppStateKey, ...] = ()
    privacy_tokens: tuple[PrivacyToken, ...] = ()
    polls: tuple[PollSecret, ...] = ()

    def __post_init__(self) -> None:
        """Check."""
        checks.device_address(self.pn)
        checks.device_address(self.lid)
        if not self.pn.endswith(PHONE_SERVER) or not self.lid.endswith(LID_SERVER):
            raise DeviceUnreadable(f"{self.pn!r} and {self.lid!r} are not a phone number's address and a LID")
        checks.number(self.registration_id, 0, MAX_COUNTER, "the registration id")
        checks.size(self.noise_private, KEY, "the noise key")
        checks.size(self.identity_private, KEY, "the identity key")
        checks.between(self.adv_secret, 1, 256, "the linking secret")
        if not self.signed_prekeys:
            raise DeviceUnreadable("There is no signed prekey")
        checks.number(self.next_prekey, 1, MAX_PREKEY_ID, "the next prekey's id")
        checks.rising((key.id for key in self.prekeys), self.next_prekey, "one-time prekeys")
        checks.unlike((key.id for key in self.signed_prekeys), "signed prekey")
        checks.unlike((session.device for session in self.sessions), "session")
        checks.unlike((device for device, _ in self.identities), "identity key")
        checks.unlike(((key.group, key.device) for key in self.sender_keys), "sender key")
        checks.unlike((key.id for key in self.app_state_keys), "app state key")
        checks.unlike((token.person for token in self.privacy_tokens), "privacy token")
        checks.unlike((poll.id for poll in self.polls), "poll")
        for device, identity in self.identities:
            checks.device_address(device)
            checks.point(identity, "an identity key")
        _check_people(self.people)

    @property
    def me(self) -> Me:
        """The account, in the product's words."""
        return Me(f"+{_user(self.pn)}", f"{_user(self.lid)}@{LID_SERVER}", self.name, self.platform)


@runtime_checkable
class CarriesDevices(Protocol):
    """Its linked devices can be moved to another engine, and foreign ones imported.

    Nobody is connected meanwhile.
    """

    async def export_device(self, session: SessionId, vault: Vault) -> LinkedDevice:
        """The device of a session, as of its last committed step. Raises DeviceUnreadable, VaultFailed."""
        ...

    async def import_device(self, session: SessionId, vault: Vault, device: LinkedDevice) -> None:
        """Keep a device for a session, in place of all that may be left of an earlier one; durable on return.

        What the engine cannot hold is left out (``holdable`` says what that is). Raises VaultFailed, OSError.
        """
        ...

    async def discard_device(self, session: SessionId, vault: Vault) -> None:
        """Make sure that the device of a session is never used again, then delete it. Raises VaultFailed, OSError."""
        ...

    def holdable(self, device: LinkedDevice) -> LinkedDevice:
        """What ``export_device`` answers after ``import_device``, but for newer prekeys."""
        ...


class ReadsDevices(Protocol):
    """The way in which some other program keeps a linked device in files."""

    def place(self, name: str) -> str | None:
        """Under which name a file of theirs is laid into a folder to be read; None for one that is of no use."""
        ...

    def read(self, folder: Path, jid: str | None) -> LinkedDevice:
        """The device in a folder's files, which may say anything; it takes a while. ``jid`` chooses one of several.

        Raises DeviceUnreadable (DeviceNotNamed among them), OSError.
        """
        ...


def _user(address: str) -> str:
    return address.partition("@")[0].partition(":")[0]


def _check_people(people: Iterable[tuple[str, str]]) -> None:
    people = tuple(people)
    for phone, lid in people:
        if not _USER.match(phone) or not _USER.match(lid):
            raise DeviceUnreadable("A phone number or a LID is not a number")
    checks.unlike((phone for phone, _ in people), "phone number")
    checks.unlike((lid for _, lid in people), "LID")
