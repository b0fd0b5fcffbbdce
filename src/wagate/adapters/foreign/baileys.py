"""The folder of Baileys' ``useMultiFileAuthState``: one JSON file for each thing, named after its kind and id.

In a name ``:`` is written as ``-`` and ``/`` as ``__``. The folder may say anything: only plain files with names that
Baileys gives are read, within limits, and whatever does not hold raises DeviceUnreadable.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from typing_extensions import override

from wagate.adapters.foreign.baileys_signal import sender_key_of, session_of
from wagate.adapters.foreign.fields import Fields, fields_of, items_of, octets, parsed, point, untyped, whole, word
from wagate.domain.errors import DeviceNotNamed, DeviceUnreadable
from wagate.domain.jid import LID_SERVER, PHONE_SERVER
from wagate.ports.device import (
    Account,
    AppStateKey,
    LinkedDevice,
    OneTimeKey,
    PrivacyToken,
    ReadsDevices,
    SignedKey,
    address,
)
from wagate.ports.ratchets import SenderKey, Session

MAX_FILES: Final = 100_000
MAX_FILE: Final = 8 * 1024 * 1024
MAX_ALL: Final = 512 * 1024 * 1024
"""Bytes of all files together."""

CREDENTIALS: Final = "creds.json"

_NAME: Final = r"([0-9A-Za-z]{1,64})(?:_([0-9]{1,3}))?"
_PREKEY: Final = re.compile(r"pre-key-([0-9]{1,8})\.json\Z")
_SESSION: Final = re.compile(rf"session-{_NAME}\.([0-9]{{1,5}})\.json\Z")
_IDENTITY: Final = re.compile(rf"identity-key-{_NAME}\.([0-9]{{1,5}})\.json\Z")
_SENDER_KEY: Final = re.compile(rf"sender-key-([0-9A-Za-z.-]{{1,64}}@[a-z.]{{1,32}})--{_NAME}--([0-9]{{1,5}})\.json\Z")
_APP_STATE_KEY: Final = re.compile(r"app-state-sync-key-([0-9A-Za-z+_=]{1,200})\.json\Z")
_LID: Final = re.compile(r"lid-mapping-([0-9]{1,32})\.json\Z")
_BACK: Final = re.compile(r"lid-mapping-([0-9]{1,32})_reverse\.json\Z")
_TOKEN: Final = re.compile(r"tctoken-([0-9]{1,32})@(s\.whatsapp\.net|lid)\.json\Z")
_KINDS: Final = (_PREKEY, _SESSION, _IDENTITY, _SENDER_KEY, _APP_STATE_KEY, _LID, _BACK, _TOKEN)
_IS_LID: Final = {0: False, 1: True, 128: False, 129: True}


def is_known(name: str) -> bool:
    """Whether a file of this name says something about a device."""
    return name == CREDENTIALS or any(kind.match(name) for kind in _KINDS)


def read_folder(folder: Path) -> LinkedDevice:
    """The linked device in a folder. Raises DeviceUnreadable, OSError."""
    return _Folder(folder).device()


class BaileysFolder(ReadsDevices):
    """Reads the files of one folder, which hold one linked device."""

    @override
    def place(self, name: str) -> str | None:
        """Every file with a name that Baileys gives."""
        return name if is_known(name) else None

    @override
    def read(self, folder: Path, jid: str | None) -> LinkedDevice:
        """Read the device; ``jid``, if it is given, must be its own."""
        device = read_folder(folder)
        if jid is not None and jid.lstrip("+").partition("@")[0] not in _names_of(device):
            raise DeviceNotNamed(f"The folder is the device {device.pn}, not {jid!r}", pointer="/jid")
        return device


class _Folder:
    """The files of a folder that have names which Baileys gives."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._left = MAX_ALL
        self._names = []
        with os.scandir(folder) as entries:
            for entry in entries:
                if is_known(entry.name):
                    self._names.append(entry.name)
                if len(self._names) > MAX_FILES:
                    raise DeviceUnreadable(f"The folder has more than {MAX_FILES} files")
        self._names.sort()
        if CREDENTIALS not in self._names:
            raise DeviceUnreadable(f"The folder has no {CREDENTIALS}: it is not one of Baileys' multi-file auth state")

    def device(self) -> LinkedDevice:
        us = fields_of(self._read(CREDENTIALS), CREDENTIALS)
        me = fields_of(us.get("me"), "me (was a phone ever linked?)")
        people = self._people()
        first = whole(us, "firstUnuploadedPreKeyId")
        prekeys = self._prekeys(first)
        sessions = self._sessions()
        pn = _own(word(me, "id"))
        return LinkedDevice(
            pn=pn,
            lid=_own_lid(word(me, "lid"), pn, dict(people)),
            registration_id=whole(us, "registrationId"),
            noise_private=_private(us, "noiseKey"),
            identity_private=_private(us, "signedIdentityKey"),
            adv_secret=octets(us, "advSecretKey"),
            account=_account(fields_of(us.get("account"), "account")),
            signed_prekeys=(_signed(fields_of(us.get("signedPreKey"), "signedPreKey")),),
            next_prekey=max(whole(us, "nextPreKeyId"), max((key.id for key in prekeys), default=0) + 1),
            name=word(me, "name") or None,
            platform=word(us, "platform") or None,
            prekeys=prekeys,
            sessions=sessions,
            identities=self._identities(sessions),
            sender_keys=self._sender_keys(),
            people=people,
            app_state_keys=tuple(sorted(self._app_state_keys(), key=lambda key: key.id)),
            privacy_tokens=tuple(sorted(self._privacy_tokens(), key=lambda token: token.person)),
        )

    def _prekeys(self, first_unpublished: int) -> tuple[OneTimeKey, ...]:
        found = []
        for match, content in self._all(_PREKEY):
            id, pair = int(match[1]), fields_of(content, match.string)
            found.append(OneTimeKey(id, octets(pair, "private"), id < first_unpublished))
        return tuple(sorted(found, key=lambda key: key.id))

    def _sessions(self) -> tuple[Session, ...]:
        found = []
        for match, content in self._all(_SESSION):
            device = _device(match[1], match[2], match[3])
            session = session_of(device, content) if device is not None else None
            if session is not None:
                found.append(session)
        return tuple(sorted(found, key=lambda session: session.device))

    def _identities(self, sessions: tuple[Session, ...]) -> tuple[tuple[str, bytes], ...]:
        """Others' identity keys: Baileys writes down those of who wrote first, the sessions know the others'."""
        found = {session.device: session.current.remote_identity for session in sessions}
        for match, content in self._all(_IDENTITY):
            device = _device(match[1], match[2], match[3])
            if device is not None:
                found.setdefault(device, untyped(octets({"key": content}, "key"), match.string))
        return tuple(sorted(found.items()))

    def _sender_keys(self) -> tuple[SenderKey, ...]:
        found = []
        for match, content in self._all(_SENDER_KEY):
            device = _device(match[2], match[3], match[4])
            if device is not None:
                states = parsed(octets({"states": content}, "states"), match.string)
                found.append(sender_key_of(match[1], device, states))
        return tuple(sorted(found, key=lambda key: (key.group, key.device)))

    def _people(self) -> tuple[tuple[str, str], ...]:
        """Phone numbers and LIDs; of two numbers with one LID, the one that the LID leads back to."""
        found: dict[str, str] = {}
        phones = {match[1]: content for match, content in self._all(_BACK)}
        for match, content in self._all(_LID):
            lid = word({"lid": content}, "lid")
            if phones.get(lid) == match[1]:
                found[match[1]] = lid
        return tuple(sorted(found.items()))

    def _app_state_keys(self) -> Iterator[AppStateKey]:
        for match, content in self._all(_APP_STATE_KEY):
            key = fields_of(content, match.string)
            id = octets({"id": match[1].replace("__", "/")}, "id")
            yield AppStateKey(
                id, octets(key, "keyData"), _fingerprint(key.get("fingerprint")), whole(key, "timestamp", 0)
            )

    def _privacy_tokens(self) -> Iterator[PrivacyToken]:
        for match, content in self._all(_TOKEN):
            token = fields_of(content, match.string)
            person = f"{match[1]}@{match[2]}"
            received, issued = whole(token, "timestamp", 0), whole(token, "senderTimestamp", 0)
            yield PrivacyToken(person, octets(token, "token"), received, issued)

    def _all(self, kind: re.Pattern[str]) -> Iterator[tuple[re.Match[str], object]]:
        for name in self._names:
            match = kind.match(name)
            if match is not None:
                yield match, self._read(name)

    def _read(self, name: str) -> object:
        """A file's content; links are not followed, and devices and pipes not opened."""
        handle = os.open(self._folder / name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(handle, "rb") as file:
            status = os.fstat(handle)
            if not stat.S_ISREG(status.st_mode):
                raise DeviceUnreadable(f"{name} is not a plain file")
            text = file.read(MAX_FILE + 1)
        self._left -= len(text)
        if len(text) > MAX_FILE or self._left < 0:
            raise DeviceUnreadable(f"{name} is too large, or all files together are")
        return parsed(text, name)


def _names_of(device: LinkedDevice) -> tuple[str, str]:
    name = device.pn.partition("@")[0]
    return name, name.partition(":")[0]


def _device(user: str, domain: str | None, number: str) -> str | None:
    kind = int(domain or 0)
    return address(user, int(number), is_lid=_IS_LID[kind]) if kind in _IS_LID else None


def _own(jid: str) -> str:
    user, _, server = jid.partition("@")
    user, _, number = user.partition(":")
    if server not in (PHONE_SERVER, LID_SERVER) or not (number or "0").isascii() or not (number or "0").isdigit():
        raise DeviceUnreadable(f"{jid[:100]!r} is not the address of a linked device")
    return address(user, int(number or 0), is_lid=server == LID_SERVER)


def _own_lid(lid: str, pn: str, lids: dict[str, str]) -> str:
    """Our LID, with the device number that it shares with the phone number's address."""
    user, _, number = pn.partition("@")[0].partition(":")
    found = _own(lid).partition("@")[0].partition(":")[0] if lid else lids.get(user)
    if found is None:
        raise DeviceUnreadable("The folder does not know the account's LID: connect once with a newer Baileys")
    return address(found, int(number or 0), is_lid=True)


def _private(fields: Fields, name: str) -> bytes:
    return octets(fields_of(fields.get(name), name), "private")


def _account(fields: Fields) -> Account:
    return Account(
        details=octets(fields, "details"),
        identity=point(fields, "accountSignatureKey"),
        signature=octets(fields, "accountSignature"),
        device_signature=octets(fields, "deviceSignature"),
    )


def _signed(fields: Fields) -> SignedKey:
    return SignedKey(whole(fields, "keyId"), _private(fields, "keyPair"), octets(fields, "signature"))


def _fingerprint(found: object) -> bytes:
    """A key's fingerprint as the phone wrote it: ``rawId`` = 1, ``currentIndex`` = 2, ``deviceIndexes`` = 3, packed."""
    if found is None:
        return b""
    fields = fields_of(found, "fingerprint")
    indexes = items_of(fields.get("deviceIndexes"), "deviceIndexes")
    packed = b"".join(_varint(whole({"index": index}, "index")) for index in indexes)
    written = b"".join(
        bytes((number << 3,)) + _varint(whole(fields, name))
        for number, name in ((1, "rawId"), (2, "currentIndex"))
        if name in fields
    )
    return written + (b"\x1a" + _varint(len(packed)) + packed if packed else b"")


def _varint(value: int) -> bytes:
    if not 0 <= value < 2**32:
        raise DeviceUnreadable("A fingerprint's number is too large")
    encoded = bytearray()
    while value > 0x7F:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)
