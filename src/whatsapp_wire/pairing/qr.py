"""The text inside the QR code a phone scans (whatsmeow `pair.go`, Baileys: both with the URL in front)."""

import base64
import binascii
from dataclasses import dataclass
from typing import Final

from whatsapp_wire.errors import PairingRefused

URL: Final = "https://wa.me/settings/linked_devices#"

CLIENT_UNKNOWN: Final = "0"
CLIENT_CHROME: Final = "1"
CLIENT_OTHER_WEB: Final = "9"
"""Client types as whatsmeow lists them (`pair-code.go`, `PairClientType`)."""

_KEY_LENGTH: Final = 32


@dataclass(frozen=True, slots=True)
class QrCode:
    """What a companion shows: the server's reference for its connection, its public keys, the secret of the link."""

    ref: str
    noise_public: bytes
    identity_public: bytes
    adv_secret: bytes
    client_type: str = CLIENT_OTHER_WEB


def qr_text(code: QrCode) -> str:
    """The text to draw as a QR code."""
    keys = (code.noise_public, code.identity_public, code.adv_secret)
    return URL + ",".join((code.ref, *(base64.b64encode(key).decode() for key in keys), code.client_type))


def parse_qr(text: str) -> QrCode:
    """The phone's side: read a scanned code, with the URL in front or not; raise PairingRefused for other text."""
    ref, *parts = text.removeprefix(URL).split(",")
    if len(parts) not in (3, 4):
        raise PairingRefused(400, "the code has not four or five parts")
    try:
        noise, identity, secret = (base64.b64decode(part, validate=True) for part in parts[:3])
    except binascii.Error as error:
        raise PairingRefused(400, "a part of the code is not base64") from error
    if any(len(key) != _KEY_LENGTH for key in (noise, identity, secret)):
        raise PairingRefused(400, "a key of the code has not 32 bytes")
    return QrCode(ref, noise, identity, secret, *parts[3:])
