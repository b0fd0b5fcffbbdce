"""The key derivations against libsignal's published vectors."""

import pytest

from whatsapp_wire.crypto.keys import KeyPair
from whatsapp_wire.errors import TooFarAhead
from whatsapp_wire.signal import ratchet


def test_chain_and_message_keys_are_libsignals() -> None:
    """libsignal `ratchet/keys.rs`, test_chain_key_derivation."""
    seed = bytes.fromhex("8ab72d6f4cc5ac0d387eaf463378ddb28edd07385b1cb01250c715982e7ad48f")
    keys = ratchet.message_keys(ratchet.message_seed(seed))
    assert keys.cipher_key.hex() == "bf51e9d75e0e31031051f82a2491ffc084fa298b7793bd9db620056febf45217"
    assert keys.mac_key.hex() == "c6c77d6a73a354337a56435e34607dfe48e3ace14e77314dc6abc172e7a7030b"
    assert ratchet.next_chain_key(seed).hex() == "28e8f8fee54b801eef7c5cfb2f17f32c7b334485bbb70fac6ec10342a246d15d"


BOB_IDENTITY = KeyPair.from_private(bytes.fromhex("4875cc69ddf8ea0719ec947d61081135868d5fd801f02c0225e516df2156605e"))
BOB_SIGNED_PREKEY = KeyPair.from_private(
    bytes.fromhex("583900131fb727998b7803fe6ac22cc591f342e4e42a8c8d5d78194209b8d253")
)
ALICE_IDENTITY = KeyPair.from_private(bytes.fromhex("9040f0d4e09cf38f6dc7c13779c908c015a1da4fa78737a080eb0a6f4f5f8f58"))
ALICE_BASE = KeyPair.from_private(bytes.fromhex("10ae7c64d1e61cd596b76a0db5012673391cae66edbfcf073b4da80516a47449"))


def test_x3dh_is_libsignals_on_both_sides() -> None:
    """libsignal `RatchetingSessionTest`: Bob's first sending chain is Alice's first receiving chain."""
    assert BOB_IDENTITY.public.hex() == "f1f43874f6966956c2dd473f8fa15adeb71d1cb991b2341692324cefb1c5e626"
    assert ALICE_BASE.public.hex() == "e2c05860f2ac6b2b57ba564b421ffe71e4b128c591e46e0491cc9b33dbf22a27"
    as_alice = (
        ALICE_IDENTITY.agree(BOB_SIGNED_PREKEY.public)
        + ALICE_BASE.agree(BOB_IDENTITY.public)
        + ALICE_BASE.agree(BOB_SIGNED_PREKEY.public)
    )
    as_bob = (
        BOB_SIGNED_PREKEY.agree(ALICE_IDENTITY.public)
        + BOB_IDENTITY.agree(ALICE_BASE.public)
        + BOB_SIGNED_PREKEY.agree(ALICE_BASE.public)
    )
    expected = "ab9be50e5cb22a925446ab90ee5670545f4fd32902459ec274b6ad0ae5d6031a"
    assert ratchet.first_root(as_alice).chain_key.hex() == expected
    assert ratchet.first_root(as_bob).chain_key.hex() == expected


def test_advancing_equals_stepping() -> None:
    chain_key, steps = bytes(32), []
    for counter in range(5):
        steps.append((counter, ratchet.message_seed(chain_key)))
        chain_key = ratchet.next_chain_key(chain_key)
    advance = ratchet.advance(bytes(32), 0, 4)
    assert advance.skipped() == steps[:4]
    assert advance.seed == steps[4][1]
    assert advance.chain_key == chain_key


def test_a_long_jump_keeps_the_newest_keys() -> None:
    skipped = ratchet.advance(bytes(32), 0, ratchet.MAX_SKIPPED + 100).skipped()
    assert (skipped[0][0], skipped[-1][0]) == (100, ratchet.MAX_SKIPPED + 99)


def test_a_jump_beyond_the_limit_is_refused() -> None:
    ratchet.advance(bytes(32), 7, 17, limit=10)
    with pytest.raises(TooFarAhead):
        ratchet.advance(bytes(32), 7, 18, limit=10)
