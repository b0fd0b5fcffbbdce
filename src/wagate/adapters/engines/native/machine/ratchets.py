"""Sessions with other devices: read, stepped and stored without a wait in between."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import structlog

from wagate.adapters.engines.native.machine.credentials import Credentials
from wagate.adapters.engines.native.machine.records import Step
from wagate.ports.vault import RecordKey
from whatsapp_wire.crypto.keys import KeyPair
from whatsapp_wire.errors import NoSession
from whatsapp_wire.jid import HOSTED_LID_SERVER, HOSTED_SERVER, LID_SERVER, USER_SERVER, Jid
from whatsapp_wire.signal import sender_keys, session
from whatsapp_wire.signal.padding import pad, unpad
from whatsapp_wire.signal.prekeys import PreKeyBundle
from whatsapp_wire.stanza.message import Enc, Recipient

_log = structlog.get_logger(__name__)

_KEPT_UNDER: Final = {HOSTED_SERVER: USER_SERVER, HOSTED_LID_SERVER: LID_SERVER}


@dataclass(frozen=True, slots=True)
class Peer:
    """A device of somebody: as stanzas call it, under which address its records are kept, and which those are."""

    device: Jid
    address: str
    keys: tuple[RecordKey, ...]


@lru_cache(maxsize=4096)
def peer_at(device: Jid) -> Peer:
    """The device with that address; a hosted one is kept as one among the person's others."""
    user, number, server = device.split_address()
    address = Jid.of(user, _KEPT_UNDER.get(server, server), number)
    return Peer(device, address, (("session", address), ("identity", address)))


def session_of(step: Step, peer: Peer) -> bytes | None:
    """The session record of a device."""
    return step.get("session", peer.address)


def move(step: Step, old: Peer, new: Peer) -> None:
    """Keep what is known of a device under another address, unless something is known there already."""
    if session_of(step, new) is not None or session_of(step, old) is None:
        return
    for (kind, address), (_, new_address) in zip(old.keys, new.keys, strict=True):
        value = step.get(kind, address)
        if value is not None:
            step.put(kind, new_address, value)
            step.delete(kind, address)


def begin(us: Credentials, step: Step, peer: Peer, bundle: PreKeyBundle) -> None:
    """Begin a session from a bundle; with a new identity, forget the old one's. Raises BadBundle."""
    previous = None if _learn_identity(step, peer, bundle.identity) else session_of(step, peer)
    _store(step, peer, session.initiate(us.identity, bundle, previous))


def drop(step: Step, peer: Peer) -> None:
    """Forget a device's session and identity."""
    for kind, address in peer.keys:
        if step.get(kind, address) is not None:
            step.delete(kind, address)


def seal(us: Credentials, step: Step, peer: Peer, plaintext: bytes) -> Recipient:
    """Encrypt for a device; raises NoSession."""
    sealed = session.encrypt(session_of(step, peer), us.identity, us.registration_id, pad(plaintext))
    _store(step, peer, sealed.record)
    return Recipient(peer.device, sealed.kind, sealed.ciphertext)


def prekey_record(enc: Enc) -> tuple[RecordKey, ...]:
    """The one-time prekey that a ciphertext needs, if any; raises MalformedCiphertext."""
    if enc.kind != "pkmsg":
        return ()
    prekey_id = session.prekey_ids(enc.ciphertext).prekey_id
    return () if prekey_id is None else (("prekey", str(prekey_id)),)


def sender_key_record(group: Jid, peer: Peer) -> RecordKey:
    """Where the key is kept with which a device writes to a group."""
    return "sender_key", f"{group}/{peer.address}"


def unseal(us: Credentials, step: Step, peer: Peer, group: Jid, enc: Enc) -> bytes:
    """Decrypt what a device sent, directly or to a group. Raises SignalError; the step is then as it was before."""
    match enc.kind:
        case "msg":
            opened = session.decrypt(session_of(step, peer), us.identity, enc.ciphertext)
            plaintext = unpad(opened.plaintext)
            _store(step, peer, opened.record)
            return plaintext
        case "pkmsg":
            return _unseal_first(us, step, peer, enc.ciphertext)
        case "skmsg":
            key = sender_key_record(group, peer)
            opened = sender_keys.decrypt(step.get(*key), enc.ciphertext)
            plaintext = unpad(opened.plaintext)
            step.put(*key, opened.record)
            return plaintext
        case _:
            raise NoSession(f"there is no way to read an enc of type {enc.kind!r}")


def seal_for_group(step: Step, record: bytes, key: RecordKey, plaintext: bytes) -> bytes:
    """Encrypt for everybody who holds our sender key, which is stored as it is afterwards under ``key``."""
    sealed = sender_keys.encrypt(record, pad(plaintext))
    step.put(*key, sealed.record)
    return sealed.ciphertext


def take_sender_key(step: Step, peer: Peer, group: Jid, distributed: bytes) -> None:
    """Store the key with which a device will write to a group; raises MalformedCiphertext."""
    key = sender_key_record(group, peer)
    step.put(*key, sender_keys.process_distribution(step.get(*key), distributed))


def _unseal_first(us: Credentials, step: Step, peer: Peer, ciphertext: bytes) -> bytes:
    ids = session.prekey_ids(ciphertext)
    private = None if ids.prekey_id is None else step.get("prekey", str(ids.prekey_id))
    prekey = None if private is None else KeyPair.from_private(private)
    signed_prekey = us.signed_prekey_pair(ids.signed_prekey_id)
    opened = session.decrypt_prekey(session_of(step, peer), us.identity, ciphertext, signed_prekey, prekey)
    plaintext = unpad(opened.plaintext)
    if _learn_identity(step, peer, opened.remote_identity):
        opened = session.decrypt_prekey(None, us.identity, ciphertext, signed_prekey, prekey)
    _store(step, peer, opened.record)
    if opened.used_prekey_id is not None:
        step.delete("prekey", str(opened.used_prekey_id))
    return plaintext


def _store(step: Step, peer: Peer, record: bytes) -> None:
    step.put("session", peer.address, record)


def _learn_identity(step: Step, peer: Peer, identity: bytes) -> bool:
    """Keep a device's identity key; returns whether it is another one than before."""
    known = step.get("identity", peer.address)
    if known == identity:
        return False
    step.put("identity", peer.address, identity)
    if known is None:
        return False
    _log.warning("a contact's identity key changed", device=peer.address)
    # Its companions are vouched for by the old key only, so the list is asked for again.
    step.delete("device", peer.device.bare)
    return True
