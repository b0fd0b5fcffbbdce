"""The Signal half of a virtual phone: its identity, its prekeys, and its sessions with companions, all in memory."""

from random import Random

from whatsapp_wire.crypto.keys import KeyPair
from whatsapp_wire.crypto.xeddsa import clamp
from whatsapp_wire.errors import NoSession
from whatsapp_wire.jid import Jid
from whatsapp_wire.proto.message_pb2 import Message
from whatsapp_wire.signal import sender_keys, session
from whatsapp_wire.signal.padding import pad, unpad
from whatsapp_wire.signal.prekeys import PreKey, PreKeyBundle, SignedPreKey
from whatsapp_wire.signal.session import Encrypted

_SIGNED_PREKEY_ID = 1


class Keyring:
    """Sessions are kept by the companion's LID address; `whatsapp_wire` archives older states inside each record."""

    def __init__(self, entropy: Random) -> None:
        self.identity = KeyPair.from_private(clamp(entropy.randbytes(32)))
        self.registration_id = entropy.randrange(1, 16381)
        self._signed_prekey = SignedPreKey.generate(_SIGNED_PREKEY_ID, self.identity)
        self._prekeys: dict[int, KeyPair] = {}
        self._next_prekey = 1
        self._sessions: dict[Jid, bytes] = {}
        self._own_groups: dict[Jid, bytes] = {}
        self._group_keys: dict[tuple[Jid, Jid], bytes] = {}

    def publish(self) -> PreKeyBundle:
        """A bundle with a prekey made for whoever asked: a phone never runs out, and none is handed out twice."""
        prekey = PreKey.generate(self._next_prekey)
        self._next_prekey += 1
        self._prekeys[prekey.id] = prekey.key
        return PreKeyBundle(
            self.registration_id,
            self.identity.public,
            self._signed_prekey.id,
            self._signed_prekey.key.public,
            self._signed_prekey.signature,
            prekey.id,
            prekey.key.public,
        )

    def knows(self, device: Jid) -> bool:
        """Whether there is a session to encrypt with."""
        return device in self._sessions

    def begin(self, device: Jid, bundle: PreKeyBundle) -> None:
        """Start a session; an older one is archived. Raises BadBundle."""
        self._sessions[device] = session.initiate(self.identity, bundle, self._sessions.get(device))

    def encrypt(self, device: Jid, plaintext: bytes) -> Encrypted:
        """Pad, encrypt and move the ratchet. Raises NoSession."""
        record = self._sessions.get(device)
        sealed = session.encrypt(record, self.identity, self.registration_id, pad(plaintext))
        self._sessions[device] = sealed.record
        return sealed

    def decrypt(self, device: Jid, kind: str, ciphertext: bytes) -> bytes:
        """Decrypt a `pkmsg` or `msg`, and move the ratchet when it worked. Raises SignalError and its family."""
        record = self._sessions.get(device)
        if kind == "msg":
            opened = session.decrypt(record, self.identity, ciphertext)
            self._sessions[device] = opened.record
            return unpad(opened.plaintext)
        if kind != "pkmsg":
            raise NoSession(f"a phone has no session for {kind}")
        ids = session.prekey_ids(ciphertext)
        first = session.decrypt_prekey(
            record,
            self.identity,
            ciphertext,
            self._signed_prekey.key if ids.signed_prekey_id == self._signed_prekey.id else None,
            None if ids.prekey_id is None else self._prekeys.get(ids.prekey_id),
        )
        self._sessions[device] = first.record
        if first.used_prekey_id is not None:
            self._prekeys.pop(first.used_prekey_id, None)
        return unpad(first.plaintext)

    def writes_to(self, group: Jid) -> bool:
        """Whether there is a sender key of our own for a group."""
        return group in self._own_groups

    def begin_group(self, group: Jid) -> None:
        """Make a sender key for a group; the one before is of no use any more."""
        self._own_groups[group] = sender_keys.create()

    def distribution(self, group: Jid) -> bytes:
        """What lets a device read what we write to a group from now on."""
        return sender_keys.distribution(self._own_groups[group])

    def encrypt_for_group(self, group: Jid, message: Message) -> bytes:
        """Encrypt for everybody who has our key, and move it on."""
        sealed = sender_keys.encrypt(self._own_groups[group], pad(message.SerializeToString()))
        self._own_groups[group] = sealed.record
        return sealed.ciphertext

    def take_group_key(self, group: Jid, device: Jid, distributed: bytes) -> None:
        """Keep the key with which a device will write to a group. Raises MalformedCiphertext."""
        key = (group, device)
        self._group_keys[key] = sender_keys.process_distribution(self._group_keys.get(key), distributed)

    def group_key(self, group: Jid, device: Jid) -> bytes | None:
        """The record of the keys with which a device writes to a group, to be compared with another; None: none."""
        return self._group_keys.get((group, device))

    def decrypt_from_group(self, group: Jid, device: Jid, ciphertext: bytes) -> bytes:
        """Decrypt a `skmsg`, and move its chain on when it worked. Raises SignalError and its family."""
        opened = sender_keys.decrypt(self._group_keys.get((group, device)), ciphertext)
        self._group_keys[group, device] = opened.record
        return unpad(opened.plaintext)

    def forget(self) -> set[Jid]:
        """Lose every session, sender key and prekey that was handed out, as a phone restored from a backup has.

        Returns the companions there were sessions with.
        """
        lost = set(self._sessions)
        self._sessions.clear()
        self._prekeys.clear()
        self._own_groups.clear()
        self._group_keys.clear()
        return lost
