"""AES in the three modes WhatsApp uses: CBC for messages and media, GCM for the transport, CTR for pairing codes."""

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC, CTR

from whatsapp_wire.errors import DecryptionFailed

BLOCK_SIZE = 16
GCM_TAG_SIZE = 16


def aes_cbc_encrypt(key: bytes, iv: bytes, plaintext: bytes) -> bytes:
    """AES-CBC with PKCS#7 padding (RFC 5652 §6.3)."""
    pad = BLOCK_SIZE - len(plaintext) % BLOCK_SIZE
    encryptor = Cipher(AES(key), CBC(iv)).encryptor()
    return encryptor.update(plaintext + bytes((pad,)) * pad) + encryptor.finalize()


def aes_cbc_decrypt(key: bytes, iv: bytes, ciphertext: bytes) -> bytes:
    """Undo `aes_cbc_encrypt`; raise `DecryptionFailed` on a bad length or padding.

    CBC does not authenticate: check a MAC over the ciphertext first, or the error becomes a padding oracle.
    """
    if not ciphertext or len(ciphertext) % BLOCK_SIZE:
        raise DecryptionFailed("the ciphertext is not a whole number of blocks")
    decryptor = Cipher(AES(key), CBC(iv)).decryptor()
    padded = decryptor.update(ciphertext) + decryptor.finalize()
    pad = padded[-1]
    if not 1 <= pad <= BLOCK_SIZE or padded[-pad:] != bytes((pad,)) * pad:
        raise DecryptionFailed("the padding is wrong")
    return padded[:-pad]


def aes_gcm_encrypt(key: bytes, nonce: bytes, plaintext: bytes, aad: bytes | None = None) -> bytes:
    """AES-GCM; the 16-byte tag follows the ciphertext."""
    return AESGCM(key).encrypt(nonce, plaintext, aad)


def aes_gcm_decrypt(key: bytes, nonce: bytes, ciphertext: bytes, aad: bytes | None = None) -> bytes:
    """Undo `aes_gcm_encrypt`; raise `DecryptionFailed` when the tag does not match."""
    try:
        return AESGCM(key).decrypt(nonce, ciphertext, aad)
    except InvalidTag as error:
        raise DecryptionFailed("the tag does not match") from error


def aes_ctr(key: bytes, iv: bytes, text: bytes) -> bytes:
    """AES-CTR, which encrypts and decrypts alike; ``iv`` is the whole first counter block."""
    encryptor = Cipher(AES(key), CTR(iv)).encryptor()
    return encryptor.update(text) + encryptor.finalize()
