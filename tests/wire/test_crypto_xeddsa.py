"""XEdDSA against the vectors of Signal's curve25519 library and against the independent package `xeddsa`."""

import pytest
import xeddsa as oracle
from hypothesis import given, settings
from hypothesis import strategies as st

from whatsapp_wire.crypto.keys import KeyPair
from whatsapp_wire.crypto.xeddsa import SIGNATURE_SIZE, clamp, sign, verify
from whatsapp_wire.errors import InvalidKey

# curve25519-java, tests/internal_fast_tests.c: curvesigs_fast_test (the scheme that libsignal and WhatsApp use) and
# xeddsa_fast_test (the specification's, which forces the sign bit to zero), both over 200 zero bytes and a zero nonce.
FAST_TEST_PRIVATE = clamp(bytes(8) + b"\xbd" + bytes(23))
FAST_TEST_SIGNATURE = bytes.fromhex(
    "cf873d0379ac20e8893e5567ee0f8951f8db840d26b243b463526689d01ca718"
    "ac189fb1678574ebdde569330659448b0bd6c1973f7d780ab39518626803d782"
)
FORCED_SIGN_SIGNATURE = bytes.fromhex(
    "11c7f3e6c4df9e8a5150e1db3b30f92de3a3b3aa438656545fa7390f4bcc7bb2"
    "6c431d9e90643e4f0eaa0e9c557766fa69ada576d63dcaf2ac326c11d0b97702"
)

# libsignal, curve25519 test_signature: Alice's identity key signs her ephemeral key, type byte included.
ALICE_PRIVATE = bytes.fromhex("c097248412e58bf05df487968205132794178e367637f5818f81e0e6ce73e865")
ALICE_PUBLIC = bytes.fromhex("ab7e717d4a163b7d9a1d8071dfe9dcf8cdcd1cea3339b6356be84d887e322c64")
ALICE_MESSAGE = bytes.fromhex("05edce9d9c415ca78cb7252e72c2c4a554d3eb29485a0e1d503118d1a82d99fb4a")
ALICE_SIGNATURE = bytes.fromhex(
    "5de88ca9a89b4a115da79109c67c9c7464a3e4180274f1cb8c63c2984e286dfb"
    "ede82deb9dcd9fae0bfbb821569b3d9001bd8130cd11d486cef047bd60b86e88"
)

ORDER = 2**252 + 27742317777372353535851937790883648493

private_keys = st.binary(min_size=32, max_size=32).map(KeyPair.from_private)


def test_signing_matches_signals_vector() -> None:
    assert sign(FAST_TEST_PRIVATE, bytes(200), bytes(64)) == FAST_TEST_SIGNATURE


@pytest.mark.parametrize("signature", [FAST_TEST_SIGNATURE, FORCED_SIGN_SIGNATURE])
def test_verification_accepts_both_forms_of_signals_vectors(signature: bytes) -> None:
    public = KeyPair.from_private(FAST_TEST_PRIVATE).public
    assert verify(public, bytes(200), signature)
    assert not verify(public, bytes(199), signature)
    assert not verify(b"\xff" * 32, bytes(200), signature)


def test_verification_refuses_every_flipped_bit_of_libsignals_vector() -> None:
    assert KeyPair.from_private(ALICE_PRIVATE).public == ALICE_PUBLIC
    assert verify(ALICE_PUBLIC, ALICE_MESSAGE, ALICE_SIGNATURE)
    for bit in range(8 * SIGNATURE_SIZE):
        flipped = bytearray(ALICE_SIGNATURE)
        flipped[bit // 8] ^= 1 << bit % 8
        assert not verify(ALICE_PUBLIC, ALICE_MESSAGE, bytes(flipped)), bit


@settings(max_examples=60, deadline=None)
@given(private_keys, st.binary(max_size=100), st.binary(min_size=64, max_size=64))
def test_the_oracle_accepts_what_we_sign(pair: KeyPair, message: bytes, nonce: bytes) -> None:
    signature = sign(pair.private, message, nonce)
    edwards = oracle.priv_to_ed25519_pub(pair.private)
    assert signature[63] & 0x80 == edwards[31] & 0x80
    unmarked = signature[:63] + bytes((signature[63] & 0x7F,))
    assert oracle.ed25519_verify(unmarked, edwards, message)
    if not edwards[31] & 0x80:
        # Without a sign to move, both schemes are the same and so is every byte.
        assert signature == oracle.ed25519_priv_sign(clamp(pair.private), message, nonce)


@settings(max_examples=60, deadline=None)
@given(private_keys, st.binary(max_size=100))
def test_we_accept_what_the_oracle_signs(pair: KeyPair, message: bytes) -> None:
    forced = oracle.priv_force_sign(pair.private, False)
    signature = oracle.ed25519_priv_sign(forced, message)
    assert verify(pair.public, message, signature)
    assert not verify(pair.public, message + b"!", signature)


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=40), st.binary(max_size=20), st.binary(max_size=70))
def test_verification_never_raises(public: bytes, message: bytes, signature: bytes) -> None:
    right_sizes = len(public) == 32 and len(signature) == 64
    assert right_sizes or not verify(public, message, signature)
    assert verify(public.ljust(32, b"\0")[:32], message, signature.ljust(64, b"\0")[:64]) in (False, True)


def test_a_key_whose_edwards_point_does_not_exist_is_refused() -> None:
    minus_one = (2**255 - 20).to_bytes(32, "little")
    assert not verify(minus_one, ALICE_MESSAGE, ALICE_SIGNATURE)


def test_a_signature_is_not_malleable() -> None:
    pair = KeyPair.generate()
    signature = sign(pair.private, b"message")
    answer = int.from_bytes(signature[32:63] + bytes((signature[63] & 0x7F,)), "little")
    larger = (answer + ORDER).to_bytes(32, "little")
    twin = signature[:32] + larger[:31] + bytes((larger[31] | signature[63] & 0x80,))
    assert twin != signature
    assert not verify(pair.public, b"message", twin)


def test_two_signatures_of_one_message_differ() -> None:
    pair = KeyPair.generate()
    assert sign(pair.private, b"message") != sign(pair.private, b"message")


def test_a_private_key_of_another_size_is_refused() -> None:
    with pytest.raises(InvalidKey):
        sign(bytes(31), b"message")
