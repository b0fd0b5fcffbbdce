"""A certificate authority that lives as long as one emulator, and the server certificate for WhatsApp's hosts."""

import ipaddress
import ssl
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

_HOSTS = ("web.whatsapp.com", "*.whatsapp.com", "*.whatsapp.net", "localhost")
_LIFETIME = timedelta(days=365)
_BACKDATED = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class ServerTls:
    """What the TLS door uses, and the file that a client must be told to trust."""

    context: ssl.SSLContext
    ca_file: Path


def make_tls(directory: Path, now: float) -> ServerTls:
    """Make an authority and a server certificate, valid from a day before `now` (seconds since 1970) for a year.

    Writes `ca.pem`, for clients, and `server.pem`, which holds the private key and is readable by its owner only.
    """
    start = datetime.fromtimestamp(now, UTC) - _BACKDATED
    ca_key, key = generate_private_key(SECP256R1()), generate_private_key(SECP256R1())
    authority = _name("WhatsApp Emulator CA")
    ca_id = x509.SubjectKeyIdentifier.from_public_key(ca_key.public_key())
    ca = (
        _builder(authority, authority, ca_key, start)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(ca_id, critical=False)
        .add_extension(_authority_usage(), critical=True)
        .sign(ca_key, SHA256())
    )
    names = [*map(x509.DNSName, _HOSTS), x509.IPAddress(ipaddress.IPv4Address("127.0.0.1"))]
    certificate = (
        _builder(_name("web.whatsapp.com"), authority, key, start)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(ca_id), critical=False)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(ca_key, SHA256())
    )
    ca_file, server_file = directory / "ca.pem", directory / "server.pem"
    ca_file.write_bytes(ca.public_bytes(Encoding.PEM))
    server_file.touch(mode=0o600)
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    server_file.write_bytes(certificate.public_bytes(Encoding.PEM) + private)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(server_file)
    return ServerTls(context, ca_file)


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _builder(
    subject: x509.Name, issuer: x509.Name, key: EllipticCurvePrivateKey, start: datetime
) -> x509.CertificateBuilder:
    return x509.CertificateBuilder(
        issuer_name=issuer,
        subject_name=subject,
        public_key=key.public_key(),
        serial_number=x509.random_serial_number(),
        not_valid_before=start,
        not_valid_after=start + _LIFETIME,
    )


def _authority_usage() -> x509.KeyUsage:
    """What Go asks of an authority: that it may sign certificates."""
    return x509.KeyUsage(
        digital_signature=True,
        key_cert_sign=True,
        crl_sign=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
