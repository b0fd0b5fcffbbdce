"""The linked device in this engine's records, to and from the plain form that all engines share.

Pure functions on records. Counters, chains and prekeys come out as they went in: a ratchet that goes through here goes
on exactly where it stood.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Final

from google.protobuf.message import DecodeError

from wagate.adapters.engines.native.carry_ratchets import (
    read_sender_key,
    read_session,
    sender_key_record,
    session_record,
)
from wagate.adapters.engines.native.machine.app_state_records import KEYED
from wagate.adapters.engines.native.machine.credentials import Credentials, DatedPreKey
from wagate.adapters.engines.native.machine.records import CREDENTIALS, ContactToken
from wagate.adapters.engines.native.machine.records import PollSecret as KeptPoll
from wagate.domain.errors import DeviceUnreadable
from wagate.domain.jid import LID_SERVER, PHONE_SERVER
from wagate.ports.device import Account, AppStateKey, LinkedDevice, OneTimeKey, PollSecret, PrivacyToken, SignedKey
from wagate.ports.ratchets import SenderKey
from wagate.ports.vault import RecordKey, RecordUnreadable
from whatsapp_wire.crypto.keys import KeyPair, verify
from whatsapp_wire.errors import WireError
from whatsapp_wire.jid import Jid
from whatsapp_wire.pairing.identity import verify_device_signature
from whatsapp_wire.proto.adv_pb2 import SignedDeviceIdentity
from whatsapp_wire.proto.message_pb2 import AppStateSyncKeyShare
from whatsapp_wire.signal.envelope import typed
from whatsapp_wire.signal.prekeys import SignedPreKey
from whatsapp_wire.stanza.source import Own

CARRIED: Final = (
    "credentials",
    "prekey",
    "session",
    "identity",
    "sender_key",
    "lid",
    "pn",
    "tctoken",
    "app_state_key",
    "secret",
)
"""The kinds of records that a device consists of; the others are about messages on their way, or can be asked again."""

Records = Mapping[str, Iterable[tuple[str, bytes]]]
"""(address, value) pairs by kind."""


def device_of(records: Records) -> LinkedDevice:
    """The device in these records, all of the kinds ``CARRIED``. Raises DeviceUnreadable."""
    kept = dict(records["credentials"])
    if CREDENTIALS[1] not in kept:
        raise DeviceUnreadable("No device is kept for this session")
    try:
        return _device_of(Credentials.unpack(kept[CREDENTIALS[1]]), records)
    except (RecordUnreadable, WireError, DecodeError, ValueError) as error:
        raise DeviceUnreadable(f"A stored record is damaged: {error}") from error


def records_of(device: LinkedDevice, now: int) -> dict[RecordKey, bytes]:
    """The records of a device, the credentials last; ``now`` in seconds stands for times that nobody wrote down.

    Raises DeviceUnreadable when its signatures do not hold.
    """
    device = holdable(device)
    records: dict[RecordKey, bytes] = {}
    for prekey in device.prekeys:
        records["prekey", str(prekey.id)] = prekey.private
    for session in device.sessions:
        records["session", session.device] = session_record(session)
    for address, identity in device.identities:
        records["identity", address] = identity
    for sender_key in device.sender_keys:
        records["sender_key", f"{sender_key.group}/{sender_key.device}"] = sender_key_record(sender_key)
    for phone, lid in device.people:
        pn_address, lid_address = f"{phone}@{PHONE_SERVER}", f"{lid}@{LID_SERVER}"
        records["lid", pn_address] = lid_address.encode()
        records["pn", lid_address] = pn_address.encode()
    for token in device.privacy_tokens:
        kept = ContactToken(token.token, token.received_at, token.issued_at)
        records["tctoken", token.person] = kept.pack()
    if device.app_state_keys:
        records[KEYED] = b"0"  # nothing says where the other program stood: all of it is read at the next login
    for key in device.app_state_keys:
        data = AppStateSyncKeyShare.Key.KeyData(key_data=key.data, fingerprint=key.fingerprint, timestamp=key.made_at)
        records["app_state_key", key.id.hex()] = data.SerializeToString()
    for poll in device.polls:
        records["secret", poll.id] = KeptPoll(Jid(poll.author), poll.secret, poll.options).pack()
    records[CREDENTIALS] = _credentials(device, now).pack()
    return records


def holdable(device: LinkedDevice) -> LinkedDevice:
    """The device as this engine keeps it.

    A prekey below a published one counts as published, and a privacy token belongs to the LID where that is known.
    """
    first = _first_unpublished(device)
    lids = {f"{phone}@{PHONE_SERVER}": f"{lid}@{LID_SERVER}" for phone, lid in device.people}
    tokens: dict[str, PrivacyToken] = {}
    for token in device.privacy_tokens:
        person = lids.get(token.person, token.person)
        known = tokens.get(person)
        if known is None or known.received_at < token.received_at:
            tokens[person] = replace(token, person=person)
    return replace(
        device,
        prekeys=tuple(replace(prekey, is_published=prekey.id < first) for prekey in device.prekeys),
        privacy_tokens=tuple(tokens[person] for person in sorted(tokens)),
    )


def _device_of(us: Credentials, records: Records) -> LinkedDevice:
    if us.own is None:
        raise DeviceUnreadable("No phone is linked to this session")
    voucher = SignedDeviceIdentity.FromString(us.voucher)
    prekeys = sorted((int(id), private) for id, private in records["prekey"])
    return LinkedDevice(
        pn=str(us.own.pn),
        lid=str(us.own.lid),
        registration_id=us.registration_id,
        noise_private=us.noise.private,
        identity_private=us.identity.private,
        adv_secret=us.adv_secret,
        account=Account(
            details=voucher.details,
            identity=voucher.account_signature_key or us.account_identity,
            signature=voucher.account_signature,
            device_signature=voucher.device_signature,
        ),
        signed_prekeys=tuple(
            SignedKey(dated.prekey.id, dated.prekey.key.private, dated.prekey.signature, dated.made_at)
            for dated in us.signed_prekeys
        ),
        next_prekey=us.next_prekey,
        name=us.name,
        platform=us.platform,
        prekeys=tuple(OneTimeKey(id, private, id < us.first_unpublished) for id, private in prekeys),
        sessions=tuple(read_session(address, value) for address, value in sorted(records["session"])),
        identities=tuple(sorted(records["identity"])),
        sender_keys=_sender_keys(records),
        people=_people(records),
        app_state_keys=tuple(_app_state_key(address, value) for address, value in sorted(records["app_state_key"])),
        privacy_tokens=tuple(_privacy_token(address, value) for address, value in sorted(records["tctoken"])),
        polls=tuple(_polls(records["secret"])),
    )


def _sender_keys(records: Records) -> tuple[SenderKey, ...]:
    found = (read_sender_key(address, value) for address, value in records["sender_key"])
    return tuple(sorted(found, key=lambda key: (key.group, key.device)))


def _people(records: Records) -> tuple[tuple[str, str], ...]:
    """Phone numbers and LIDs, as far as both directions agree: a number that has gone to somebody else is left out."""
    lids = {address: value.decode() for address, value in records["lid"]}
    pairs = ((value.decode(), address) for address, value in records["pn"])
    return tuple(sorted((Jid(pn).user, Jid(lid).user) for pn, lid in pairs if lids.get(pn) == lid))


def _app_state_key(address: str, value: bytes) -> AppStateKey:
    data = AppStateSyncKeyShare.Key.KeyData.FromString(value)
    return AppStateKey(bytes.fromhex(address), data.key_data, data.fingerprint, data.timestamp)


def _privacy_token(address: str, value: bytes) -> PrivacyToken:
    token = ContactToken.unpack(value)
    return PrivacyToken(address, token.token, token.received_at, token.issued_at)


def _polls(records: Iterable[tuple[str, bytes]]) -> Iterator[PollSecret]:
    """Those that people asked: nobody votes in another."""
    for id, value in sorted(records):
        poll = KeptPoll.unpack(value)
        if poll.author.is_user or poll.author.is_lid:
            yield PollSecret(id, str(poll.author), poll.secret, poll.options)


def _credentials(device: LinkedDevice, now: int) -> Credentials:
    identity = KeyPair.from_private(device.identity_private)
    account = device.account
    voucher = SignedDeviceIdentity(
        details=account.details,
        account_signature_key=account.identity,
        account_signature=account.signature,
        device_signature=account.device_signature,
    ).SerializeToString()
    signed_prekeys = tuple(
        DatedPreKey(SignedPreKey(key.id, KeyPair.from_private(key.private), key.signature), key.made_at or now)
        for key in device.signed_prekeys
    )
    if not all(
        verify(identity.public, typed(each.prekey.key.public), each.prekey.signature) for each in signed_prekeys
    ):
        raise DeviceUnreadable("A signed prekey is not signed by the identity key")
    if not verify_device_signature(voucher, account.identity, identity.public):
        raise DeviceUnreadable("The account's statement about this device is not signed by the identity key")
    return Credentials(
        noise=KeyPair.from_private(device.noise_private),
        identity=identity,
        registration_id=device.registration_id,
        adv_secret=device.adv_secret,
        signed_prekeys=signed_prekeys,
        own=Own(Jid(device.pn), Jid(device.lid)),
        voucher=voucher,
        account_identity=account.identity,
        platform=device.platform,
        name=device.name,
        next_prekey=device.next_prekey,
        first_unpublished=_first_unpublished(device),
    )


def _first_unpublished(device: LinkedDevice) -> int:
    """The id from which on no prekey is known to be published."""
    published = max((prekey.id for prekey in device.prekeys if prekey.is_published), default=0)
    later = (prekey.id for prekey in device.prekeys if not prekey.is_published and prekey.id > published)
    return min(later, default=device.next_prekey)
