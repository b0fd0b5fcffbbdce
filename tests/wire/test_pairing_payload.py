"""Client payloads: the exact bytes, and the fields whatsmeow sends."""

import hashlib

import pytest

from whatsapp_wire.crypto.keys import KeyPair
from whatsapp_wire.jid import Jid
from whatsapp_wire.pairing.payload import ClientVersion, CompanionName, login_payload, registration_payload
from whatsapp_wire.proto.transport_pb2 import ClientPayload
from whatsapp_wire.signal.prekeys import SignedPreKey

VERSION = ClientVersion.parse("2.3000.1045649367")

Fields = list[tuple[int, "int | str | Fields"]]
"""A protobuf by field numbers: numbers are varints, texts and lists are length-delimited."""

USER_AGENT: Fields = [
    (1, 14),
    (2, [(1, 2), (2, 3000), (3, 1045649367)]),
    (3, "000"),
    (4, "000"),
    (5, "0.1"),
    (6, ""),
    (7, "Desktop"),
    (8, "0.1"),
    (10, 0),
    (11, "en"),
    (12, "US"),
]
WEB_AND_CONNECTION: Fields = [(6, [(4, 0)]), (12, 1), (13, 1)]
HISTORY: Fields = [
    (3, 10240),
    *((field, 1) for field in (4, 6, 7, 8, 9, 10, 11, 12, 14, 15)),
    (19, 60),
    (21, 1),
    (22, 1),
]


def varint(number: int) -> bytes:
    head = bytes((number & 0x7F | (0x80 if number > 0x7F else 0),))
    return head + varint(number >> 7) if number > 0x7F else head


def wire(fields: Fields) -> bytes:
    written = b""
    for field, value in fields:
        if isinstance(value, int):
            written += varint(field << 3) + varint(value)
        else:
            content = value.encode() if isinstance(value, str) else wire(value)
            written += varint(field << 3 | 2) + varint(len(content)) + content
    return written


def test_the_login_payload_is_whatsmeows() -> None:
    payload = login_payload(VERSION, Jid("491700000001:3@s.whatsapp.net"))
    expected: Fields = [(1, 491700000001), (3, 1), (5, USER_AGENT), *WEB_AND_CONNECTION]
    assert payload == wire([*expected, (18, 3), (24, 1), (33, 1), (41, 1)])


def test_the_registration_payload_is_whatsmeows() -> None:
    identity = KeyPair.generate()
    signed = SignedPreKey.generate(0x010203, identity)
    name = CompanionName("wagate", platform=1)
    payload = ClientPayload.FromString(registration_payload(VERSION, name, 0x0A0B, identity.public, signed))
    pairing = payload.device_pairing_data
    assert pairing.registration_id == bytes.fromhex("00000a0b")
    assert (pairing.key_type, pairing.identity) == (b"\x05", identity.public)
    assert pairing.signed_prekey_id == bytes.fromhex("010203")
    assert (pairing.signed_prekey, pairing.signed_prekey_signature) == (signed.key.public, signed.signature)
    assert pairing.build_hash == hashlib.md5(b"2.3000.1045649367").digest()
    props: Fields = [(1, "wagate"), (2, [(1, 0), (2, 1), (3, 0)]), (3, 1), (4, 0), (5, HISTORY)]
    assert pairing.device_props == wire(props)
    payload.ClearField("device_pairing_data")
    common: Fields = [(3, 0), (5, USER_AGENT), *WEB_AND_CONNECTION, (33, 0)]
    assert payload.SerializeToString() == wire(common)


@pytest.mark.parametrize("text", ["", "2.3000", "2.3000.x", "2.3000.1.1"])
def test_another_text_is_no_version(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        ClientVersion.parse(text)


def test_a_version_is_written_as_it_was_read() -> None:
    assert VERSION.text == "2.3000.1045649367"
