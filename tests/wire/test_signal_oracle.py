"""Our sessions against an independent implementation: Syndace's X3DH and DoubleRatchet (MIT), with Signal's parameters.

The oracle brings key agreement, ratchets and the handling of order; only Signal's framing is written here, on
`cryptography` and not on our own primitives.
"""

import os
import random
from typing import Any, ClassVar

import doubleratchet
import pytest
import x3dh
from cryptography.hazmat.primitives import hashes, hmac, padding
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from doubleratchet.recommended import HashFunction, diffie_hellman_ratchet_curve25519, kdf_hkdf, kdf_separate_hmacs
from typing_extensions import override
from x3dh.identity_key_pair import IdentityKeyPairPriv

from whatsapp_wire.crypto.keys import KeyPair
from whatsapp_wire.proto.signal_pb2 import PreKeySignalMessage, SignalMessage
from whatsapp_wire.signal import session
from whatsapp_wire.signal.prekeys import PreKeyBundle
from wire.signal_parties import REGISTRATION_ID, Party

IDENTITIES = 66
SIGNED_PREKEY_ID, PREKEY_ID = 4, 9


class RootKdf(kdf_hkdf.KDF):
    @staticmethod
    @override
    def _get_hash_function() -> HashFunction:
        return HashFunction.SHA_256

    @staticmethod
    @override
    def _get_info() -> bytes:
        return b"WhisperRatchet"


class ChainKdf(kdf_separate_hmacs.KDF):
    @staticmethod
    @override
    def _get_hash_function() -> HashFunction:
        return HashFunction.SHA_256


class SignalAead(doubleratchet.AEAD):
    """The SignalMessage as a whole is the "ciphertext"; its header comes in with the associated data."""

    @staticmethod
    @override
    async def encrypt(plaintext: bytes, key: bytes, associated_data: bytes) -> bytes:
        cipher_key, mac_key, iv = SignalAead.keys(key)
        padder = padding.PKCS7(128).padder()
        encryptor = Cipher(algorithms.AES(cipher_key), modes.CBC(iv)).encryptor()
        body = encryptor.update(padder.update(plaintext) + padder.finalize()) + encryptor.finalize()
        signed = associated_data[IDENTITIES:] + SignalMessage(ciphertext=body).SerializeToString()
        return signed + SignalAead.mac(mac_key, associated_data[:IDENTITIES] + signed)

    @staticmethod
    @override
    async def decrypt(ciphertext: bytes, key: bytes, associated_data: bytes) -> bytes:
        cipher_key, mac_key, iv = SignalAead.keys(key)
        signed, mac = ciphertext[:-8], ciphertext[-8:]
        if SignalAead.mac(mac_key, associated_data[:IDENTITIES] + signed) != mac:
            raise doubleratchet.AuthenticationFailedException("the oracle refuses the MAC")
        body = SignalMessage.FromString(signed[1:]).ciphertext
        decryptor = Cipher(algorithms.AES(cipher_key), modes.CBC(iv)).decryptor()
        unpadder = padding.PKCS7(128).unpadder()
        return unpadder.update(decryptor.update(body) + decryptor.finalize()) + unpadder.finalize()

    @staticmethod
    def keys(seed: bytes) -> tuple[bytes, bytes, bytes]:
        keys = HKDF(hashes.SHA256(), 80, bytes(32), b"WhisperMessageKeys").derive(seed)
        return keys[:32], keys[32:64], keys[64:]

    @staticmethod
    def mac(key: bytes, message: bytes) -> bytes:
        mac = hmac.HMAC(key, hashes.SHA256())
        mac.update(message)
        return mac.finalize()[:8]


class SignalRatchet(doubleratchet.DoubleRatchet):
    @staticmethod
    @override
    def _build_associated_data(associated_data: bytes, header: doubleratchet.Header) -> bytes:
        message = SignalMessage(
            ratchet_key=b"\x05" + header.ratchet_pub,
            counter=header.sending_chain_length,
            previous_counter=max(header.previous_sending_chain_length - 1, 0),
        )
        return associated_data + b"\x33" + message.SerializeToString()


class SignalX3dh(x3dh.BaseState):
    @staticmethod
    @override
    def _encode_public_key(key_format: x3dh.IdentityKeyFormat, pub: bytes) -> bytes:
        return b"\x05" + pub


def plain_identity() -> KeyPair:
    """A key whose Edwards form has sign bit 0: X3DH by the book knows no other, libsignal knows both."""
    while True:
        key = KeyPair.generate()
        if not key.sign(b"")[63] & 0x80:
            return key


class Oracle:
    """A device made of Syndace's parts."""

    PARAMETERS: ClassVar[dict[str, Any]] = {
        "diffie_hellman_ratchet_class": diffie_hellman_ratchet_curve25519.DiffieHellmanRatchet,
        "root_chain_kdf": RootKdf,
        "message_chain_kdf": ChainKdf,
        "message_chain_constant": b"\x02\x01",
        "dos_protection_threshold": 1000,
        "max_num_skipped_message_keys": 1000,
        "aead": SignalAead,
    }

    def __init__(self) -> None:
        self.identity = plain_identity()
        self.x3dh = SignalX3dh.create(
            x3dh.IdentityKeyFormat.CURVE_25519,
            x3dh.HashFunction.SHA_256,
            b"WhisperText",
            IdentityKeyPairPriv(self.identity.private),
        )
        self.x3dh.generate_pre_keys(1)
        self.ratchet: SignalRatchet | None = None

    def bundle(self) -> PreKeyBundle:
        bundle = self.x3dh.bundle
        (prekey,) = bundle.pre_keys
        return PreKeyBundle(
            REGISTRATION_ID,
            bundle.identity_key,
            SIGNED_PREKEY_ID,
            bundle.signed_pre_key,
            bundle.signed_pre_key_sig,
            PREKEY_ID,
            prekey,
        )

    async def initiate(self, other: Party, plaintext: bytes) -> bytes:
        """The first message of a session this side begins."""
        ours = other.bundle()
        assert ours.prekey is not None
        bundle = x3dh.Bundle(ours.identity, ours.signed_prekey, ours.signature, frozenset([ours.prekey]))
        secret, _, header = await self.x3dh.get_shared_secret_active(bundle)
        self.ratchet, message = await SignalRatchet.encrypt_initial_message(
            **self.PARAMETERS,
            shared_secret=secret,
            recipient_ratchet_pub=ours.signed_prekey,
            message=plaintext,
            associated_data=self.associated(self.identity.public, other.identity.public),
        )
        first = PreKeySignalMessage(
            prekey_id=ours.prekey_id,
            base_key=b"\x05" + header.ephemeral_key,
            identity_key=b"\x05" + header.identity_key,
            message=message.ciphertext,
            registration_id=1,
            signed_prekey_id=ours.signed_prekey_id,
        )
        return b"\x33" + first.SerializeToString()

    async def accept(self, other: Party, ciphertext: bytes) -> bytes:
        """The plaintext of the first message of a session the other side began."""
        first, offer = PreKeySignalMessage.FromString(ciphertext[1:]), self.bundle()
        assert (first.prekey_id, first.signed_prekey_id) == (PREKEY_ID, SIGNED_PREKEY_ID)
        header = x3dh.Header(first.identity_key[1:], first.base_key[1:], offer.signed_prekey, offer.prekey)
        secret, _, signed_prekey = await self.x3dh.get_shared_secret_passive(header)
        self.ratchet, plaintext = await SignalRatchet.decrypt_initial_message(
            **self.PARAMETERS,
            shared_secret=secret,
            own_ratchet_priv=signed_prekey.priv,
            message=self.parsed(first.message),
            associated_data=self.associated(other.identity.public, self.identity.public),
        )
        return plaintext

    async def encrypt(self, other: Party, plaintext: bytes) -> bytes:
        assert self.ratchet is not None
        identities = self.associated(self.identity.public, other.identity.public)
        return (await self.ratchet.encrypt_message(plaintext, identities)).ciphertext

    async def decrypt(self, other: Party, kind: str, ciphertext: bytes) -> bytes:
        assert self.ratchet is not None
        inner = PreKeySignalMessage.FromString(ciphertext[1:]).message if kind == "pkmsg" else ciphertext
        identities = self.associated(other.identity.public, self.identity.public)
        return await self.ratchet.decrypt_message(self.parsed(inner), identities)

    @staticmethod
    def associated(sender: bytes, receiver: bytes) -> bytes:
        return b"\x05" + sender + b"\x05" + receiver

    @staticmethod
    def parsed(message: bytes) -> doubleratchet.EncryptedMessage:
        fields = SignalMessage.FromString(message[1:-8])
        # Signal sends the last index, Syndace wants the length; one key too many does no harm.
        header = doubleratchet.Header(fields.ratchet_key[1:], fields.previous_counter + 1, fields.counter)
        return doubleratchet.EncryptedMessage(header, message)


async def converse(ours: Party, oracle: Oracle, seed: int) -> None:
    """Bursts in both directions, each delivered in random order, some of it only after the next turn."""
    choose = random.Random(seed)
    late: list[tuple[str, bytes, bytes]] = []
    for _ in range(12):
        texts = [os.urandom(choose.randint(1, 60)) for _ in range(choose.randint(1, 5))]
        letters = [(*ours.encrypt(text), text) for text in texts]
        choose.shuffle(letters)
        held = letters.pop() if len(letters) > 1 and choose.random() < 0.5 else None
        for kind, ciphertext, text in letters:
            assert await oracle.decrypt(ours, kind, ciphertext) == text
        answers = [(text, await oracle.encrypt(ours, text)) for text in texts]
        choose.shuffle(answers)
        for text, ciphertext in answers:
            assert ours.decrypt("msg", ciphertext) == text
        late, due = [held] if held else [], late
        for kind, ciphertext, text in due:
            assert await oracle.decrypt(ours, kind, ciphertext) == text


@pytest.mark.parametrize("seed", range(4))
async def test_we_begin_and_the_oracle_reads(seed: int) -> None:
    ours, oracle = Party(), Oracle()
    ours.record = session.initiate(ours.identity, oracle.bundle())
    kind, ciphertext = ours.encrypt(b"first")
    assert kind == "pkmsg"
    assert await oracle.accept(ours, ciphertext) == b"first"
    await converse(ours, oracle, seed)


@pytest.mark.parametrize("seed", range(4))
async def test_the_oracle_begins_and_we_read(seed: int) -> None:
    ours, oracle = Party(identity=plain_identity()), Oracle()
    assert ours.decrypt("pkmsg", await oracle.initiate(ours, b"first")) == b"first"
    assert ours.record is not None
    assert session.remote_identity(ours.record) == oracle.identity.public
    await converse(ours, oracle, seed)
