"""The passkey of an account: what the server takes from it, and what it refuses."""

from dataclasses import replace
from hashlib import sha256

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256

from whatsapp_emulator.world.authenticator import new_passkey
from whatsapp_wire.errors import PairingRefused
from whatsapp_wire.pairing.webauthn import Assertion

CHALLENGE = b"c" * 32
KEY = new_passkey(b"id", b"somebody")


def signed(data: bytes) -> Assertion:
    """What the passkey would say over other authenticator data."""
    right = KEY.sign(CHALLENGE)
    signature = KEY.key.sign(data + sha256(right.client_data).digest(), ec.ECDSA(SHA256()))
    return replace(right, authenticator_data=data, signature=signature)


def flipped(content: bytes, at: int, bit: int = 1) -> bytes:
    return content[:at] + bytes((content[at] ^ bit,)) + content[at + 1 :]


def test_what_the_passkey_says_is_taken() -> None:
    first, second = KEY.sign(CHALLENGE), KEY.sign(CHALLENGE)
    KEY.check(first, CHALLENGE)
    KEY.check(second, CHALLENGE)
    assert first.authenticator_data < second.authenticator_data  # it counts


RIGHT = KEY.sign(CHALLENGE)


@pytest.mark.parametrize(
    "wrong",
    [
        replace(RIGHT, credential_id=b"other"),
        replace(RIGHT, client_data=b"{}"),
        replace(RIGHT, client_data=RIGHT.client_data + b" "),
        replace(RIGHT, authenticator_data=flipped(RIGHT.authenticator_data, 0)),
        replace(RIGHT, authenticator_data=flipped(RIGHT.authenticator_data, 32)),
        replace(RIGHT, authenticator_data=flipped(RIGHT.authenticator_data, 36)),
        replace(RIGHT, authenticator_data=b""),
        replace(RIGHT, signature=b""),
        signed(flipped(RIGHT.authenticator_data, 0)),
        signed(flipped(RIGHT.authenticator_data, 32)),
        signed(flipped(RIGHT.authenticator_data, 32, 4)),
        signed(RIGHT.authenticator_data[:36]),
        replace(RIGHT, signature=KEY.sign(b"other").signature),
        KEY.sign(b"other"),
        KEY.sign(CHALLENGE, "https://evil.example"),
        new_passkey(b"id", b"somebody").sign(CHALLENGE),
    ],
)
def test_what_another_key_site_request_or_party_is_meant_by_is_refused(wrong: Assertion) -> None:
    with pytest.raises(PairingRefused):
        KEY.check(wrong, CHALLENGE)
