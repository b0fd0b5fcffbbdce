"""People: an account, the companions linked to it, and the directory in which they are found by any address."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from random import Random
from typing import TYPE_CHECKING

from whatsapp_emulator.world.authenticator import Passkey
from whatsapp_emulator.world.collections import Collection
from whatsapp_emulator.world.handset import Handset
from whatsapp_emulator.world.key_store import KeyStore
from whatsapp_emulator.world.links import Link
from whatsapp_emulator.world.queue import DeviceQueue
from whatsapp_wire.crypto.keys import KeyPair
from whatsapp_wire.jid import LID_SERVER, USER_SERVER, Jid

if TYPE_CHECKING:
    from whatsapp_emulator.world.tickets import Ticket

_LID_BASE = 10**14


class Device:
    """A companion: what the server knows of it. The phone itself is not one of these, it is the account's `handset`."""

    __slots__ = (
        "account",
        "app_state_key_shared",
        "available",
        "history_told",
        "id",
        "keys",
        "lid",
        "link",
        "noise_key",
        "pn",
        "queue",
        "shown_as",
        "status_keys",
        "takes_inline_history",
        "wants_full_history",
    )

    def __init__(self, account: Account, id: int, noise_key: bytes, identity: bytes) -> None:
        self.account = account
        self.id = id
        self.noise_key = noise_key
        self.pn = account.pn.with_device(id)
        self.lid = account.lid.with_device(id)
        self.keys = KeyStore(identity)
        self.queue = DeviceQueue()
        self.link: Link | None = None
        self.available = False
        self.app_state_key_shared = False
        self.shown_as = b""
        """How the phone lists it: `DeviceProps`, as its registration had them."""
        self.history_told = False
        self.takes_inline_history = False
        self.wants_full_history = False
        self.status_keys: dict[bytes, set[Jid]] = {}
        """Who got the key of the chain that its status posts are written with, by LID: one chain at most."""

    @property
    def label(self) -> str:
        """The device as reports name it: ``phone:device``."""
        return f"{self.account.phone}:{self.id}"


PRIVACY = {
    "last": "all",
    "online": "all",
    "profile": "all",
    "status": "all",
    "readreceipts": "all",
    "groupadd": "all",
    "calladd": "all",
    "messages": "all",
    "defense": "off",
    "stickers": "contacts",
}
"""The privacy settings of a new account, in the server's words."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture as somebody set it, under the id that the server gave it."""

    id: str
    jpeg: bytes


@dataclass(frozen=True, slots=True)
class SignedList:
    """The device numbers an account vouched for, when, and the signed list that says so."""

    ids: tuple[int, ...]
    stamp: int
    signed: bytes


@dataclass(eq=False, slots=True)
class Account:
    """One person. `handset` is the virtual phone (device 0), `devices` the companions by number."""

    phone: str
    lid_user: str
    name: str
    handset: Handset
    raw_id: int
    """Names this registration of the account in every signature; another one means the account began anew."""

    devices: dict[int, Device] = field(default_factory=dict)
    next_device: int = 1
    about: str = "Hey there! I am using WhatsApp."
    about_at: int = 0
    last_seen: int = 0
    present: bool = False
    subscribers: set[Device] = field(default_factory=set)
    """Devices that want to know when this person comes and goes."""

    observers: set[Device] = field(default_factory=set)
    """Devices that asked for this account's device list, and hear when it changes."""

    blocked: set[Jid] = field(default_factory=set)
    """Whom this person has blocked, by LID."""

    picture: Picture | None = None
    privacy: dict[str, str] = field(default_factory=lambda: dict(PRIVACY))
    contacts: set[str] = field(default_factory=set)
    """The phone numbers in this person's address book; with them empty, nobody is a contact."""

    refusal: dict[str, str] | None = None
    """Attributes of the `failure` that every login gets."""

    signed_list: SignedList | None = None
    collections: dict[str, Collection] = field(default_factory=dict)
    """App state, by name."""

    passkey: Passkey | None = None
    """With one, no device is linked without it; the phone does not react to the first `passkey_stalls` assertions."""

    passkey_stalls: int = 0
    passkey_hides_options: bool = False
    """Whether the server asks for it without saying what for, so that a companion has to ask back."""

    pairing: Ticket | None = None
    """The latest pairing with a passkey."""

    pn: Jid = field(init=False)
    lid: Jid = field(init=False)

    def __post_init__(self) -> None:
        self.pn = Jid.of(self.phone, USER_SERVER)
        self.lid = Jid.of(self.lid_user, LID_SERVER)

    @property
    def identity(self) -> KeyPair:
        """The identity key, which is the phone's."""
        return self.handset.keyring.identity

    def owns(self, jid: Jid) -> bool:
        """Whether an address, of whatever device, is this account's."""
        return jid.user in (self.phone, self.lid_user)


class Directory:
    """All accounts."""

    def __init__(self) -> None:
        self._accounts: dict[str, Account] = {}
        self._by_lid: dict[str, Account] = {}

    def __iter__(self) -> Iterator[Account]:
        return iter(list(self._accounts.values()))

    def register(self, phone: str, name: str, entropy: Random) -> Account:
        """The account of a phone number, created when there is none; a name that is given replaces the old one.

        Raises ValueError for anything but digits without a leading zero, as a login spells a number.
        """
        if not (phone.isascii() and phone.isdigit()) or phone.startswith("0"):
            raise ValueError(f"{phone!r} is no phone number: digits in international form, without zeros in front")
        account = self._accounts.get(phone)
        if account is None:
            raw_id = entropy.randrange(1, 1 << 31)
            account = Account(phone, _lid_user(phone), name or f"User {phone[-4:]}", Handset.new(entropy), raw_id)
            self._accounts[phone] = self._by_lid[account.lid_user] = account
        elif name:
            account.name = name
        return account

    def check_free(self, phone: str) -> None:
        """Raise ValueError for what is no number, or somebody's."""
        if not (phone.isascii() and phone.isdigit()) or phone.startswith("0") or phone in self._accounts:
            raise ValueError(f"{phone!r} is no phone number, or somebody has it")

    def renumber(self, account: Account, phone: str) -> None:
        """An account goes on under another number, which must be free; its LID stays."""
        self._accounts[phone] = self._accounts.pop(account.phone)
        account.phone, account.pn = phone, Jid.of(phone, USER_SERVER)

    def of_phone(self, phone: str) -> Account | None:
        """The account with that number, digits only."""
        return self._accounts.get(phone)

    def find(self, jid: Jid) -> Account | None:
        """The account behind a phone-number or LID address, whatever its device."""
        user, _, server = jid.split_address()
        return (self._by_lid if server == LID_SERVER else self._accounts).get(user)

    def device(self, jid: Jid) -> Device | None:
        """The companion behind an address; None also for device 0, the phone."""
        account = self.find(jid)
        return None if account is None else account.devices.get(jid.device)


def _lid_user(phone: str) -> str:
    """Fifteen digits that say nothing of the number, and are the same in every world."""
    return str(_LID_BASE + int.from_bytes(sha256(phone.encode()).digest(), "big") % (9 * _LID_BASE))
