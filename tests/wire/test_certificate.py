from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from whatsapp_wire.certificate import BACKDATED_S, LIFETIME_S, WHATSAPP_ROOT, ServerIdentity, verify_chain
from whatsapp_wire.crypto.keys import KeyPair
from whatsapp_wire.errors import HandshakeFailed
from whatsapp_wire.proto.transport_pb2 import CertChain

NOW = 1_763_600_000
ROOT, INTERMEDIATE, STATIC = KeyPair.generate(), KeyPair.generate(), KeyPair.generate()
IDENTITY = ServerIdentity.generate(NOW, ROOT)

Details = CertChain.NoiseCertificate.Details


def chain_of(intermediate: Details, leaf: Details, root: KeyPair = ROOT, issuer: KeyPair = INTERMEDIATE) -> bytes:
    chain = CertChain()
    for certificate, details, key in ((chain.intermediate, intermediate, root), (chain.leaf, leaf, issuer)):
        certificate.details = details.SerializeToString()
        certificate.signature = key.sign(certificate.details)
    return chain.SerializeToString()


def intermediate_details() -> Details:
    return Details(serial=7, issuer_serial=0, key=INTERMEDIATE.public, not_before=NOW - 10, not_after=NOW + 10)


def leaf_details() -> Details:
    return Details(serial=8, issuer_serial=7, key=STATIC.public, not_before=NOW - 5, not_after=NOW + 5)


def verify(chain: bytes, now: int = NOW) -> None:
    verify_chain(chain, STATIC.public, ROOT.public, now)


def test_a_generated_identity_holds_for_its_lifetime() -> None:
    assert IDENTITY.root_public == ROOT.public
    for now in (NOW - BACKDATED_S, NOW, NOW + LIFETIME_S):
        verify_chain(IDENTITY.chain, IDENTITY.static.public, IDENTITY.root_public, now)
    for now in (NOW - BACKDATED_S - 1, NOW + LIFETIME_S + 1):
        with pytest.raises(HandshakeFailed, match="valid from"):
            verify_chain(IDENTITY.chain, IDENTITY.static.public, IDENTITY.root_public, now)


def test_two_identities_without_a_given_root_have_their_own() -> None:
    first, second = ServerIdentity.generate(NOW), ServerIdentity.generate(NOW)
    assert first.root_public != second.root_public
    with pytest.raises(HandshakeFailed, match="intermediate certificate is not signed"):
        verify_chain(first.chain, first.static.public, second.root_public, NOW)


def test_another_servers_chain_does_not_hold() -> None:
    other = ServerIdentity.generate(NOW, ROOT)
    with pytest.raises(HandshakeFailed, match="another server key"):
        verify_chain(IDENTITY.chain, other.static.public, ROOT.public, NOW)


def test_whatsapps_root_does_not_vouch_for_us() -> None:
    assert len(WHATSAPP_ROOT) == 32
    with pytest.raises(HandshakeFailed):
        verify_chain(IDENTITY.chain, IDENTITY.static.public, WHATSAPP_ROOT, NOW)


def test_a_chain_holds_while_both_certificates_do() -> None:
    chain = chain_of(intermediate_details(), leaf_details())
    for now in (NOW - 5, NOW, NOW + 5):
        verify(chain, now)
    for now in (NOW - 6, NOW + 6, NOW + 11):
        with pytest.raises(HandshakeFailed, match="valid from"):
            verify(chain, now)


def change(**fields: int | bytes) -> Callable[[Details], None]:
    def apply(details: Details) -> None:
        details.MergeFrom(Details(**fields))  # type: ignore[arg-type]  # the fields' types differ by name

    return apply


@pytest.mark.parametrize(
    ("change_intermediate", "change_leaf", "reason"),
    [
        (change(issuer_serial=1), None, "another issuer, or no key"),
        (change(key=b""), None, "another issuer, or no key"),
        (change(key=bytes(31)), None, "another issuer, or no key"),
        (change(key=ROOT.public), None, "leaf certificate is not signed"),
        (change(not_after=NOW - 1), None, "valid from"),
        (change(not_before=NOW + 1), None, "valid from"),
        (None, change(issuer_serial=0), "leaf certificate has another issuer"),
        (None, change(key=INTERMEDIATE.public), "another server key"),
        (None, change(key=b""), "another server key"),
        (None, change(not_after=NOW - 1), "valid from"),
        (None, change(not_before=NOW + 1), "valid from"),
    ],
)
def test_every_checked_field_is_checked(
    change_intermediate: Callable[[Details], None] | None,
    change_leaf: Callable[[Details], None] | None,
    reason: str,
) -> None:
    intermediate, leaf = intermediate_details(), leaf_details()
    if change_intermediate:
        change_intermediate(intermediate)
    if change_leaf:
        change_leaf(leaf)
    with pytest.raises(HandshakeFailed, match=reason):
        verify(chain_of(intermediate, leaf))


def test_a_certificate_signed_by_someone_else_does_not_hold() -> None:
    with pytest.raises(HandshakeFailed, match="intermediate certificate is not signed"):
        verify(chain_of(intermediate_details(), leaf_details(), root=INTERMEDIATE))
    with pytest.raises(HandshakeFailed, match="leaf certificate is not signed"):
        verify(chain_of(intermediate_details(), leaf_details(), issuer=ROOT))


@pytest.mark.parametrize("chain", [b"", b"\xff\xff", CertChain(leaf={}, intermediate={}).SerializeToString()])
def test_bytes_that_are_no_chain_do_not_hold(chain: bytes) -> None:
    with pytest.raises(HandshakeFailed):
        verify(chain)


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_no_bit_of_a_chain_may_flip(data: st.DataObject) -> None:
    chain = bytearray(IDENTITY.chain)
    bit = data.draw(st.integers(0, 8 * len(chain) - 1))
    chain[bit // 8] ^= 1 << bit % 8
    with pytest.raises(HandshakeFailed):
        verify_chain(bytes(chain), IDENTITY.static.public, ROOT.public, NOW)
