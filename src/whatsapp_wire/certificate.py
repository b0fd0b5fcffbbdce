"""The certificate chain by which WhatsApp's server proves its Noise key: root, intermediate, leaf."""

import hmac
from dataclasses import dataclass, field
from typing import Final, Self

from google.protobuf.message import DecodeError

from whatsapp_wire.crypto.keys import KEY_SIZE, KeyPair, verify
from whatsapp_wire.errors import HandshakeFailed
from whatsapp_wire.proto.transport_pb2 import CertChain

WHATSAPP_ROOT: Final = bytes.fromhex("142375574d0a587166aae71ebe516437c4a28b73e3695c6ce1f7f9545da8ee6b")
"""The public key that signs WhatsApp's intermediate certificates (whatsmeow handshake.go, WACertPubKey)."""

ROOT_SERIAL: Final = 0
INTERMEDIATE_SERIAL: Final = 1
LEAF_SERIAL: Final = 2
BACKDATED_S: Final = 86_400
LIFETIME_S: Final = 365 * 86_400

_Certificate = CertChain.NoiseCertificate
_Details = CertChain.NoiseCertificate.Details


def verify_chain(chain: bytes, static: bytes, root: bytes, now: int) -> None:
    """Check that ``root`` vouches for a server whose Noise key is ``static``, at ``now`` (Unix seconds).

    Raises `HandshakeFailed`, saying which link does not hold.
    """
    try:
        certificates = CertChain.FromString(chain)
        intermediate = _signed_details(certificates.intermediate, root, "intermediate")
        if intermediate.issuer_serial != ROOT_SERIAL or len(intermediate.key) != KEY_SIZE:
            raise HandshakeFailed("the intermediate certificate has another issuer, or no key")
        leaf = _signed_details(certificates.leaf, intermediate.key, "leaf")
    except DecodeError as error:
        raise HandshakeFailed("the certificate chain is not a protobuf") from error
    if leaf.issuer_serial != intermediate.serial:
        raise HandshakeFailed("the leaf certificate has another issuer")
    if not hmac.compare_digest(leaf.key, static):
        raise HandshakeFailed("the leaf certificate is for another server key")
    for certificate in (intermediate, leaf):
        if not certificate.not_before <= now <= certificate.not_after:
            raise HandshakeFailed(
                f"certificate {certificate.serial} is valid from {certificate.not_before} to {certificate.not_after}"
            )


def _signed_details(certificate: _Certificate, issuer_key: bytes, name: str) -> _Details:
    if not verify(issuer_key, certificate.details, certificate.signature):
        raise HandshakeFailed(f"the {name} certificate is not signed by its issuer")
    return _Details.FromString(certificate.details)


@dataclass(frozen=True, slots=True)
class ServerIdentity:
    """What a server brings to the handshake: its Noise key pair and the chain that vouches for it."""

    root_public: bytes
    static: KeyPair
    chain: bytes = field(repr=False)

    @classmethod
    def generate(cls, now: int, root: KeyPair | None = None) -> Self:
        """A new server under ``root`` (a new one when absent), valid from a day before ``now`` for a year."""
        root = root or KeyPair.generate()
        intermediate, static = KeyPair.generate(), KeyPair.generate()
        chain = CertChain(
            intermediate=_issue(root, intermediate.public, INTERMEDIATE_SERIAL, ROOT_SERIAL, now),
            leaf=_issue(intermediate, static.public, LEAF_SERIAL, INTERMEDIATE_SERIAL, now),
        )
        return cls(root.public, static, chain.SerializeToString())


def _issue(issuer: KeyPair, key: bytes, serial: int, issuer_serial: int, now: int) -> _Certificate:
    details = _Details(
        serial=serial,
        issuer_serial=issuer_serial,
        key=key,
        not_before=now - BACKDATED_S,
        not_after=now + LIFETIME_S,
    ).SerializeToString()
    return _Certificate(details=details, signature=issuer.sign(details))
