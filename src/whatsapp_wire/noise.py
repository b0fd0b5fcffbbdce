"""The transport encryption: Noise_XX_25519_AESGCM_SHA256 with WhatsApp's prologue, both sides of it.

It is the Noise Protocol Framework (revision 34) with one deviation: the first message carries no payload at all, where
Noise would mix an empty one into the hash. The three messages travel as fields of a protobuf, and the payloads of the
second and third are the server's certificate chain and the client's login.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from google.protobuf.message import DecodeError

from whatsapp_wire.certificate import WHATSAPP_ROOT, ServerIdentity, verify_chain
from whatsapp_wire.crypto.kdf import hkdf
from whatsapp_wire.crypto.keys import KEY_SIZE, KeyPair
from whatsapp_wire.errors import DecryptionFailed, HandshakeFailed, InvalidKey, MalformedFrame
from whatsapp_wire.frames import frame
from whatsapp_wire.proto.transport_pb2 import HandshakeMessage
from whatsapp_wire.tokens import DICTIONARY_VERSION

__all__ = ["PROLOGUE", "WHATSAPP_ROOT", "ClientHandshake", "ServerHandshake", "SymmetricState", "Transport"]

PROTOCOL_NAME: Final = b"Noise_XX_25519_AESGCM_SHA256"
PROLOGUE: Final = bytes((*b"WA", 6, DICTIONARY_VERSION))
"""The four bytes a client sends before its first frame: ``WA``, the protocol's version and the dictionary's."""


class SymmetricState:
    """The running hash and keys of a handshake (Noise §5.2, with the CipherState of §5.1 inside)."""

    __slots__ = ("_chaining_key", "_cipher", "_hash", "_nonce")

    def __init__(self, prologue: bytes) -> None:
        self._hash = self._chaining_key = PROTOCOL_NAME.ljust(KEY_SIZE, b"\0")
        self._cipher: AESGCM | None = None
        self._nonce = 0
        self.mix_hash(prologue)

    def mix_hash(self, public: bytes) -> None:
        """Bind everything that follows to these bytes."""
        self._hash = sha256(self._hash + public).digest()

    def mix_key(self, secret: bytes) -> None:
        """Derive the next chaining key and cipher key from a shared secret."""
        self._chaining_key, key = _two_keys(self._chaining_key, secret)
        self._cipher = AESGCM(key)
        self._nonce = 0

    def encrypt(self, plaintext: bytes) -> bytes:
        """Encrypt and bind; before the first `mix_key` the text stays plain, as Noise defines."""
        ciphertext = plaintext
        if self._cipher is not None:
            ciphertext = self._cipher.encrypt(_iv(self._nonce), plaintext, self._hash)
            self._nonce += 1
        self.mix_hash(ciphertext)
        return ciphertext

    def decrypt(self, ciphertext: bytes) -> bytes:
        """Undo `encrypt`; raise `DecryptionFailed` when the bytes or anything bound before differ."""
        plaintext = ciphertext
        if self._cipher is not None:
            try:
                plaintext = self._cipher.decrypt(_iv(self._nonce), ciphertext, self._hash)
            except InvalidTag as error:
                raise DecryptionFailed("the handshake's transcripts differ") from error
            self._nonce += 1
        self.mix_hash(ciphertext)
        return plaintext

    def split(self) -> tuple[bytes, bytes]:
        """The transport keys: client to server, then server to client."""
        return _two_keys(self._chaining_key, b"")


class Transport:
    """Encryption after the handshake: AES-GCM with a counter in each direction and no associated data."""

    __slots__ = ("_opened", "_opener", "_sealed", "_sealer")

    def __init__(self, sealing_key: bytes, opening_key: bytes) -> None:
        self._sealer = AESGCM(sealing_key)
        self._opener = AESGCM(opening_key)
        self._sealed = self._opened = 0

    def seal(self, plaintext: bytes) -> bytes:
        """Encrypt the next outgoing body and frame it; raise `MalformedFrame` when it does not fit into a frame."""
        framed = frame(self._sealer.encrypt(_iv(self._sealed), plaintext, None))
        self._sealed += 1
        return framed

    def open(self, body: bytes) -> bytes:
        """Decrypt the next incoming frame body; raise `MalformedFrame` when it is forged, damaged or out of order."""
        try:
            plaintext = self._opener.decrypt(_iv(self._opened), body, None)
        except InvalidTag as error:
            raise MalformedFrame("a frame fails authentication") from error
        self._opened += 1
        return plaintext


class ClientHandshake:
    """The client's side: `hello`, then `finish` with the server's answer. Each is called once."""

    def __init__(self, static: KeyPair, root: bytes, now: int) -> None:
        """Prepare to prove ``static`` to a server that ``root`` vouches for at ``now`` (Unix seconds)."""
        self._static = static
        self._root = root
        self._now = now
        self._ephemeral = KeyPair.generate()
        self._state = SymmetricState(PROLOGUE)

    def hello(self) -> bytes:
        """The first bytes of a connection: the prologue and a framed client hello."""
        self._state.mix_hash(self._ephemeral.public)
        message = HandshakeMessage()
        message.client_hello.ephemeral = self._ephemeral.public
        return PROLOGUE + frame(message.SerializeToString())

    def finish(self, server_hello: bytes, payload: bytes) -> tuple[bytes, Transport]:
        """Take the server's frame body; return the last message, framed, with ``payload`` in it, and the transport.

        Raises `HandshakeFailed` when the answer is malformed, tampered with, or not from a server the root vouches for.
        """
        state = self._state
        with _failing_as_handshake():
            hello = HandshakeMessage.FromString(server_hello).server_hello
            state.mix_hash(hello.ephemeral)
            state.mix_key(self._ephemeral.agree(hello.ephemeral))
            server_static = state.decrypt(hello.static)
            state.mix_key(self._ephemeral.agree(server_static))
            verify_chain(state.decrypt(hello.payload), server_static, self._root, self._now)
            message = HandshakeMessage()
            message.client_finish.static = state.encrypt(self._static.public)
            state.mix_key(self._static.agree(hello.ephemeral))
            message.client_finish.payload = state.encrypt(payload)
        outgoing, incoming = state.split()
        return frame(message.SerializeToString()), Transport(outgoing, incoming)


class ServerHandshake:
    """The server's side: `hello` answers the client's first frame, `finish` takes its second. Each is called once."""

    def __init__(self, identity: ServerIdentity, prologue: bytes) -> None:
        """Prepare to answer a client that sent this prologue (see `whatsapp_wire.frames.split_prologue`)."""
        self._identity = identity
        self._ephemeral = KeyPair.generate()
        self._state = SymmetricState(prologue)

    def hello(self, client_hello: bytes) -> bytes:
        """Take the body of the client's first frame, return the body of the answer; raise `HandshakeFailed`."""
        state = self._state
        with _failing_as_handshake():
            client_ephemeral = HandshakeMessage.FromString(client_hello).client_hello.ephemeral
            state.mix_hash(client_ephemeral)
            state.mix_hash(self._ephemeral.public)
            state.mix_key(self._ephemeral.agree(client_ephemeral))
            message = HandshakeMessage()
            message.server_hello.ephemeral = self._ephemeral.public
            message.server_hello.static = state.encrypt(self._identity.static.public)
            state.mix_key(self._identity.static.agree(client_ephemeral))
            message.server_hello.payload = state.encrypt(self._identity.chain)
        return message.SerializeToString()

    def finish(self, client_finish: bytes) -> tuple[bytes, bytes, Transport]:
        """Take the body of the client's second frame; return its static key, its payload and the transport.

        Raises `HandshakeFailed` when the message is malformed or tampered with.
        """
        state = self._state
        with _failing_as_handshake():
            message = HandshakeMessage.FromString(client_finish).client_finish
            client_static = state.decrypt(message.static)
            state.mix_key(self._ephemeral.agree(client_static))
            payload = state.decrypt(message.payload)
        incoming, outgoing = state.split()
        return client_static, payload, Transport(outgoing, incoming)


@contextmanager
def _failing_as_handshake() -> Iterator[None]:
    try:
        yield
    except (DecodeError, InvalidKey, DecryptionFailed) as error:
        raise HandshakeFailed(str(error)) from error


def _two_keys(chaining_key: bytes, secret: bytes) -> tuple[bytes, bytes]:
    """Noise §4.3: HKDF with two outputs is RFC 5869's with an empty info and 64 bytes."""
    keys = hkdf(secret, b"", 2 * KEY_SIZE, chaining_key)
    return keys[:KEY_SIZE], keys[KEY_SIZE:]


def _iv(nonce: int) -> bytes:
    """Noise §12.4: four zero bytes and the counter. WhatsApp counts in 32 bits, which agrees below 2**32."""
    return nonce.to_bytes(12, "big")
