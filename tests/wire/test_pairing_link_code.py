"""Pairing codes: both sides reach one secret, and a wrong code ends in a refusal."""

import os

import pytest

from whatsapp_wire.crypto.keys import KeyPair
from whatsapp_wire.errors import PairingRefused
from whatsapp_wire.pairing import link_code
from whatsapp_wire.pairing.link_code import CompanionKeys, KeyBundle

ACCOUNT, COMPANION = KeyPair.generate(), KeyPair.generate()


def exchanged(shown: str, typed: str) -> tuple[KeyBundle, KeyPair, bytes]:
    """The companion's bundle, and what the phone needs to open it, after both have wrapped their ephemeral keys."""
    mine, theirs = KeyPair.generate(), KeyPair.generate()
    salt, their_salt = link_code.new_salt(), link_code.new_salt()
    from_companion = link_code.wrap(mine.public, link_code.stretch(shown, salt), salt)
    from_phone = link_code.wrap(theirs.public, link_code.stretch(typed, their_salt), their_salt)
    phones = link_code.unwrap(from_phone, link_code.stretch(shown, link_code.salt_of(from_phone)))
    companions = link_code.unwrap(from_companion, link_code.stretch(typed, link_code.salt_of(from_companion)))
    return link_code.finish_companion(mine, phones, ACCOUNT.public, COMPANION), theirs, companions


def test_both_sides_reach_one_secret() -> None:
    code = link_code.new_code()
    bundle, theirs, ephemeral = exchanged(code, link_code.typed(link_code.shown(code).lower()))
    keys = link_code.finish_primary(theirs, ephemeral, ACCOUNT, bundle.wrapped, COMPANION.public)
    assert keys == CompanionKeys(COMPANION.public, bundle.adv_secret)


def test_a_wrong_code_does_not_open_the_bundle() -> None:
    bundle, theirs, ephemeral = exchanged("ABCDEFGH", "ABCDEFGJ")
    with pytest.raises(PairingRefused) as refused:
        link_code.finish_primary(theirs, ephemeral, ACCOUNT, bundle.wrapped, COMPANION.public)
    assert refused.value.code == 401


def test_a_bundle_is_for_one_pair_of_devices() -> None:
    bundle, theirs, ephemeral = exchanged("ABCDEFGH", "ABCDEFGH")
    with pytest.raises(PairingRefused):
        link_code.finish_primary(theirs, ephemeral, ACCOUNT, bundle.wrapped, KeyPair.generate().public)
    with pytest.raises(PairingRefused):
        link_code.finish_primary(theirs, ephemeral, ACCOUNT, b"", COMPANION.public)


def test_low_order_keys_are_refused() -> None:
    with pytest.raises(PairingRefused):
        link_code.finish_companion(KeyPair.generate(), bytes(32), ACCOUNT.public, COMPANION)


def test_stretching_is_pbkdf2_with_signals_parameters() -> None:
    assert link_code.PBKDF2_ITERATIONS == 2 << 16
    wrapped = link_code.wrap(ACCOUNT.public, os.urandom(32), bytes(32))
    assert (len(wrapped), wrapped[:32]) == (80, bytes(32))


def test_codes_use_the_alphabet_and_all_of_it() -> None:
    codes = {link_code.new_code() for _ in range(200)}
    assert len(codes) == 200
    assert all(len(code) == 8 for code in codes)
    assert set("".join(codes)) == set(link_code.ALPHABET)


@pytest.mark.parametrize("text", ["", "ABCDEFG", "ABCDEFGHJ", "ABCDEFG0", "ABCDEFGI", "ABCDEFGO", "ABCDEFGU"])
def test_what_cannot_be_a_code_is_refused(text: str) -> None:
    with pytest.raises(PairingRefused):
        link_code.typed(text)


def test_a_wrapped_key_has_one_length() -> None:
    with pytest.raises(PairingRefused):
        link_code.salt_of(bytes(79))
