"""The text of a QR code."""

import base64

import pytest

from whatsapp_wire.errors import PairingRefused
from whatsapp_wire.pairing.qr import URL, QrCode, parse_qr, qr_text

CODE = QrCode("2@abc/def+=", bytes(range(32)), bytes(range(32, 64)), bytes(range(64, 96)), "1")
KEYS = ",".join(base64.b64encode(key).decode() for key in (CODE.noise_public, CODE.identity_public, CODE.adv_secret))


def test_the_text_is_whatsmeows() -> None:
    assert qr_text(CODE) == f"https://wa.me/settings/linked_devices#2@abc/def+=,{KEYS},1"


def test_a_phone_reads_both_forms() -> None:
    assert parse_qr(qr_text(CODE)) == CODE
    old = parse_qr(f"{CODE.ref},{KEYS}")
    assert (old.ref, old.noise_public, old.adv_secret) == (CODE.ref, CODE.noise_public, CODE.adv_secret)


@pytest.mark.parametrize(
    "text", ["", "https://example.com", f"{URL}ref,{KEYS},1,2", f"{URL}ref,AAAA,AAAA,AAAA", f"{URL}ref,!,{KEYS[:90]}"]
)
def test_other_texts_are_refused(text: str) -> None:
    with pytest.raises(PairingRefused):
        parse_qr(text)
