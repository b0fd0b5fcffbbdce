"""X25519 against RFC 7748."""

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey

from whatsapp_wire.crypto.keys import KeyPair, verify
from whatsapp_wire.errors import InvalidKey, WireError

LOW_ORDER = [
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0100000000000000000000000000000000000000000000000000000000000000",
    "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
    "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
]


@pytest.mark.parametrize(
    ("private", "public", "shared"),
    [
        (
            "a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4",
            "e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c",
            "c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552",
        ),
        (
            "4b66e9d4d1b4673c5ad22691957d6af5c11b6421e0ea01d42ca4169e7918ba0d",
            "e5210f12786811d3f4b7959d0538ae2c31dbe7106fc03c3efc4cd549c715a493",
            "95cbde9476e8907d7aade45cb4b873f88b595a68799fa152e6f8f7647aac7957",
        ),
        (
            "5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb",
            "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a",
            "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742",
        ),
    ],
)
def test_agreement_matches_rfc_7748(private: str, public: str, shared: str) -> None:
    pair = KeyPair.from_private(bytes.fromhex(private))
    assert pair.agree(bytes.fromhex(public)).hex() == shared


def test_a_thousand_iterations_match_rfc_7748() -> None:
    scalar = coordinate = (9).to_bytes(32, "little")
    for _ in range(1000):
        scalar, coordinate = KeyPair(scalar, b"").agree(coordinate), scalar
    assert scalar.hex() == "684cf59ba83309552800ef566f2f4d3c1c3887c49360e3875f2eb94d99532c51"


def test_the_public_key_matches_rfc_7748() -> None:
    pair = KeyPair.from_private(
        bytes.fromhex("5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb"),
    )
    assert pair.public.hex() == "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f"


def test_two_pairs_agree_with_each_other_and_with_another_implementation() -> None:
    ours, theirs = KeyPair.generate(), KeyPair.generate()
    assert ours != theirs
    other = X25519PrivateKey.from_private_bytes(ours.private)
    assert other.public_key().public_bytes_raw() == ours.public
    shared = other.exchange(X25519PublicKey.from_public_bytes(theirs.public))
    assert ours.agree(theirs.public) == theirs.agree(ours.public) == shared


@pytest.mark.parametrize("public", [*LOW_ORDER, "", "05" + "09" * 32])
def test_a_public_key_that_would_give_a_known_secret_is_refused(public: str) -> None:
    with pytest.raises(InvalidKey) as raised:
        KeyPair.generate().agree(bytes.fromhex(public))
    assert isinstance(raised.value, WireError)


@pytest.mark.parametrize("size", [0, 31, 33])
def test_a_private_key_has_32_bytes(size: int) -> None:
    with pytest.raises(InvalidKey):
        KeyPair.from_private(bytes(size))


def test_a_pair_signs_and_does_not_print_its_secret() -> None:
    pair = KeyPair.generate()
    assert verify(pair.public, b"message", pair.sign(b"message"))
    assert repr(pair.private) not in repr(pair)
    assert repr(pair.public) in repr(pair)
