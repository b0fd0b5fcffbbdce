"""The account's vouchers: accepted when whole, refused for any forgery, with the code whatsmeow answers."""

import os
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from whatsapp_wire.crypto.kdf import hmac_sha256
from whatsapp_wire.crypto.keys import KeyPair, verify
from whatsapp_wire.errors import PairingRefused, WireError
from whatsapp_wire.pairing import identity
from whatsapp_wire.pairing.identity import KeyIndexes
from whatsapp_wire.proto.adv_pb2 import (
    DeviceIdentity,
    SignedDeviceIdentity,
    SignedDeviceIdentityHmac,
    SignedKeyIndexList,
)

ACCOUNT, COMPANION = KeyPair.generate(), KeyPair.generate()
SECRET = os.urandom(32)
DETAILS = DeviceIdentity(raw_id=5, timestamp=1_763_600_000, key_index=3, account_type=0, device_type=0)
INDEXES = KeyIndexes(raw_id=5, timestamp=1_763_600_000, current=4, valid=frozenset({1, 4}))


def offered(details: DeviceIdentity = DETAILS, account: KeyPair = ACCOUNT, secret: bytes = SECRET) -> bytes:
    return identity.sign_device_identity(account, COMPANION.public, secret, details)


def refusal(device_identity: bytes) -> tuple[int, str]:
    with pytest.raises(PairingRefused) as refused:
        identity.accept_pair_success(device_identity, SECRET, COMPANION)
    return refused.value.code, refused.value.text


@pytest.mark.parametrize("device_type", [0, 1])
@pytest.mark.parametrize("account_type", [0, 1])
def test_a_whole_voucher_is_accepted_and_signed_back(account_type: int, device_type: int) -> None:
    details = DeviceIdentity(raw_id=5, timestamp=7, key_index=3, account_type=account_type, device_type=device_type)
    success = identity.accept_pair_success(offered(details), SECRET, COMPANION)
    assert (success.key_index, success.account_identity) == (3, ACCOUNT.public)
    assert identity.verify_device_signature(success.reply, ACCOUNT.public, COMPANION.public)
    assert identity.verify_device_identity(success.account, COMPANION.public) == ACCOUNT.public
    reply = SignedDeviceIdentity.FromString(success.reply)
    assert not reply.HasField("account_signature_key")


def test_signatures_are_over_what_the_protocol_says() -> None:
    container = SignedDeviceIdentityHmac.FromString(offered())
    assert container.hmac == hmac_sha256(SECRET, container.details)
    success = identity.accept_pair_success(offered(), SECRET, COMPANION)
    signed = SignedDeviceIdentity.FromString(success.account)
    assert verify(ACCOUNT.public, b"\x06\x00" + signed.details + COMPANION.public, signed.account_signature)
    agreed = b"\x06\x01" + signed.details + COMPANION.public + ACCOUNT.public
    assert verify(COMPANION.public, agreed, signed.device_signature)


def test_a_wrong_secret_is_an_hmac_mismatch() -> None:
    assert refusal(offered(secret=os.urandom(32))) == (401, "hmac-mismatch")


def test_a_signature_of_another_account_is_a_mismatch() -> None:
    signed = SignedDeviceIdentity.FromString(SignedDeviceIdentityHmac.FromString(offered()).details)
    signed.account_signature_key = KeyPair.generate().public
    details = signed.SerializeToString()
    forged = SignedDeviceIdentityHmac(details=details, hmac=hmac_sha256(SECRET, details))
    assert refusal(forged.SerializeToString()) == (401, "signature-mismatch")


def test_a_voucher_for_another_companion_is_a_mismatch() -> None:
    other = identity.sign_device_identity(ACCOUNT, KeyPair.generate().public, SECRET, DETAILS)
    assert refusal(other) == (401, "signature-mismatch")


def test_what_is_no_voucher_is_an_internal_error() -> None:
    assert refusal(b"\xff\xff") == (500, "internal-error")
    nonsense = SignedDeviceIdentityHmac(details=b"\xff", hmac=hmac_sha256(SECRET, b"\xff"))
    assert refusal(nonsense.SerializeToString()) == (500, "internal-error")


@settings(max_examples=80, deadline=None)
@given(place=st.integers(0, 10_000), flip=st.integers(1, 255))
def test_a_damaged_voucher_is_refused_or_says_the_same(place: int, flip: int) -> None:
    damaged = bytearray(offered())
    damaged[place % len(damaged)] ^= flip
    try:
        success = identity.accept_pair_success(bytes(damaged), SECRET, COMPANION)
    except PairingRefused:
        return
    assert (success.key_index, success.account_identity) == (3, ACCOUNT.public)


def test_a_companions_voucher_may_leave_the_accounts_key_out() -> None:
    success = identity.accept_pair_success(offered(), SECRET, COMPANION)
    assert identity.verify_device_identity(success.reply, COMPANION.public) is None
    assert identity.verify_device_identity(success.reply, COMPANION.public, ACCOUNT.public) == ACCOUNT.public
    assert identity.verify_device_identity(success.reply, COMPANION.public, KeyPair.generate().public) is None
    assert identity.verify_device_identity(success.account, KeyPair.generate().public) is None
    assert identity.verify_device_identity(b"\xff", COMPANION.public) is None


def test_a_phone_refuses_a_companion_that_did_not_sign() -> None:
    success = identity.accept_pair_success(offered(), SECRET, COMPANION)
    assert not identity.verify_device_signature(success.reply, ACCOUNT.public, KeyPair.generate().public)
    assert not identity.verify_device_signature(b"\xff", ACCOUNT.public, COMPANION.public)


def test_a_key_index_list_is_believed_from_its_account_only() -> None:
    signed = identity.sign_key_index_list(ACCOUNT, INDEXES)
    assert identity.verify_key_index_list(signed) == INDEXES
    assert identity.verify_key_index_list(signed, ACCOUNT.public) == INDEXES
    with pytest.raises(WireError):
        identity.verify_key_index_list(signed, KeyPair.generate().public)
    with pytest.raises(WireError):
        identity.verify_key_index_list(b"\xff")


def test_a_changed_key_index_list_is_refused() -> None:
    signed = SignedKeyIndexList.FromString(identity.sign_key_index_list(ACCOUNT, INDEXES))
    other = identity.sign_key_index_list(KeyPair.generate(), replace(INDEXES, valid=frozenset({1, 4, 9})))
    signed.details = SignedKeyIndexList.FromString(other).details
    with pytest.raises(WireError):
        identity.verify_key_index_list(signed.SerializeToString())


@pytest.mark.parametrize(("key_index", "vouched"), [(1, True), (2, False), (3, False), (4, True), (5, True)])
def test_an_index_counts_when_listed_or_newer_than_the_list(key_index: int, vouched: bool) -> None:
    assert INDEXES.vouches_for(key_index) is vouched
