"""AES against NIST SP 800-38A (CBC, CTR) and the GCM specification's test cases 13 to 16."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from whatsapp_wire.crypto.ciphers import (
    aes_cbc_decrypt,
    aes_cbc_encrypt,
    aes_ctr,
    aes_gcm_decrypt,
    aes_gcm_encrypt,
)
from whatsapp_wire.errors import DecryptionFailed

KEY = bytes.fromhex("603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4")
PLAINTEXT = bytes.fromhex(
    "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51"
    "30c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710"
)
CBC_IV = bytes(range(16))
CBC_CIPHERTEXT = bytes.fromhex(
    "f58c4c04d6e5f1ba779eabfb5f7bfbd69cfc4e967edb808d679f777bc6702c7d"
    "39f23369a9d9bacfa530e26304231461b2eb05e2c39be9fcda6c19078c6a9d1b"
)
CTR_IV = bytes(range(0xF0, 0x100))
CTR_CIPHERTEXT = bytes.fromhex(
    "601ec313775789a5b7a7f504bbf3d228f443e3ca4d62b59aca84e990cacaf5c5"
    "2b0930daa23de94ce87017ba2d84988ddfc9c58db67aada613c2dd08457941a6"
)
GCM_KEY = bytes.fromhex("feffe9928665731c6d6a8f9467308308") * 2
GCM_NONCE = bytes.fromhex("cafebabefacedbaddecaf888")
GCM_AAD = bytes.fromhex("feedfacedeadbeeffeedfacedeadbeefabaddad2")
GCM_PLAINTEXT = bytes.fromhex(
    "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
    "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b391aafd255"
)
GCM_CIPHERTEXT = bytes.fromhex(
    "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
    "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662898015ad"
)


def test_cbc_matches_nist_before_the_padding_block() -> None:
    sealed = aes_cbc_encrypt(KEY, CBC_IV, PLAINTEXT)
    assert sealed[:64] == CBC_CIPHERTEXT
    assert len(sealed) == 80
    assert aes_cbc_decrypt(KEY, CBC_IV, sealed) == PLAINTEXT


@settings(max_examples=50, deadline=None)
@given(st.binary(max_size=70))
def test_cbc_gives_back_text_of_any_length(plaintext: bytes) -> None:
    sealed = aes_cbc_encrypt(KEY, CBC_IV, plaintext)
    assert len(sealed) == (len(plaintext) // 16 + 1) * 16
    assert aes_cbc_decrypt(KEY, CBC_IV, sealed) == plaintext


def test_cbc_refuses_bad_lengths_and_bad_padding() -> None:
    # The vector's own ciphertext decrypts to a last byte of 0x10 with fifteen others before it that differ.
    for damaged in (b"", b"short", CBC_CIPHERTEXT[:-1], CBC_CIPHERTEXT, CBC_CIPHERTEXT[:16]):
        with pytest.raises(DecryptionFailed):
            aes_cbc_decrypt(KEY, CBC_IV, damaged)


def test_ctr_matches_nist_both_ways() -> None:
    assert aes_ctr(KEY, CTR_IV, PLAINTEXT) == CTR_CIPHERTEXT
    assert aes_ctr(KEY, CTR_IV, CTR_CIPHERTEXT) == PLAINTEXT
    assert aes_ctr(KEY, CTR_IV, PLAINTEXT[:5]) == CTR_CIPHERTEXT[:5]


@pytest.mark.parametrize(
    ("key", "nonce", "plaintext", "aad", "expected"),
    [
        (bytes(32), bytes(12), b"", None, "530f8afbc74536b9a963b4f1c4cb738b"),
        (bytes(32), bytes(12), bytes(16), None, "cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919"),
        (GCM_KEY, GCM_NONCE, GCM_PLAINTEXT, None, GCM_CIPHERTEXT.hex() + "b094dac5d93471bdec1a502270e3cc6c"),
        (
            GCM_KEY,
            GCM_NONCE,
            GCM_PLAINTEXT[:60],
            GCM_AAD,
            GCM_CIPHERTEXT[:60].hex() + "76fc6ece0f4e1768cddf8853bb2d551b",
        ),
    ],
)
def test_gcm_matches_the_specification(
    key: bytes, nonce: bytes, plaintext: bytes, aad: bytes | None, expected: str
) -> None:
    assert aes_gcm_encrypt(key, nonce, plaintext, aad).hex() == expected
    assert aes_gcm_decrypt(key, nonce, bytes.fromhex(expected), aad) == plaintext


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 8 * (60 + 16) - 1))
def test_gcm_refuses_every_flipped_bit(bit: int) -> None:
    sealed = bytearray(aes_gcm_encrypt(GCM_KEY, GCM_NONCE, GCM_PLAINTEXT[:60], GCM_AAD))
    sealed[bit // 8] ^= 1 << bit % 8
    with pytest.raises(DecryptionFailed):
        aes_gcm_decrypt(GCM_KEY, GCM_NONCE, bytes(sealed), GCM_AAD)


def test_gcm_refuses_other_associated_data_and_text_without_a_tag() -> None:
    sealed = aes_gcm_encrypt(GCM_KEY, GCM_NONCE, b"text", b"aad")
    for ciphertext, aad in ((sealed, b"other"), (sealed, None), (b"", b"aad"), (sealed[:15], b"aad")):
        with pytest.raises(DecryptionFailed):
            aes_gcm_decrypt(GCM_KEY, GCM_NONCE, ciphertext, aad)
