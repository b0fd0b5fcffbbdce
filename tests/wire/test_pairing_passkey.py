"""Pairing with a passkey: both sides reach one key and one code, and what was tampered with is refused."""

import json
import os
from collections.abc import Callable
from contextlib import suppress
from hashlib import sha256

import pytest
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from hypothesis import given as given_any
from hypothesis import settings
from hypothesis import strategies as st

from whatsapp_wire.crypto.keys import KeyPair
from whatsapp_wire.errors import PairingRefused, StanzaRefused
from whatsapp_wire.jid import SERVER, Jid
from whatsapp_wire.node import Node
from whatsapp_wire.pairing import passkey, webauthn
from whatsapp_wire.pairing.passkey import Companion, Primary, Request
from whatsapp_wire.pairing.webauthn import Assertion
from whatsapp_wire.stanza import passkey as stanzas
from whatsapp_wire.stanza.notification import Other, parse_notification

REF, DEVICE_TYPE = "2@abc", 1
ASSERTION = Assertion(b"id", b"{}", b"data", b"signature", None)
OPTIONS = {"challenge": "q83vEjRWeJA", "rpId": "whatsapp.com"}


def test_both_sides_reach_one_key_and_one_code() -> None:
    ours, theirs = Companion.new(REF, DEVICE_TYPE), KeyPair.generate()
    primary = passkey.read_primary(passkey.write_primary(Primary(theirs.public, os.urandom(32))))
    prologue = passkey.read_prologue(ours.prologue())
    assert (prologue.public, prologue.ref, prologue.device_type) == (ours.ephemeral.public, REF, DEVICE_TYPE)
    passkey.check_commitment(prologue, ours.nonce)
    our_key = passkey.request_key(ours.ephemeral, primary.public, REF, DEVICE_TYPE)
    their_key = passkey.request_key(theirs, prologue.public, prologue.ref, prologue.device_type)
    wanted = Request(os.urandom(32), os.urandom(32), os.urandom(32))
    assert passkey.open_request(their_key, passkey.seal_request(our_key, wanted)) == wanted
    other = passkey.request_key(theirs, prologue.public, prologue.ref, 2)
    with pytest.raises(PairingRefused):
        passkey.open_request(other, passkey.seal_request(our_key, wanted))


def test_the_values_are_those_of_an_independent_computation() -> None:
    """Another HKDF, and base32 digit by digit."""
    ours, theirs = KeyPair.from_private(bytes(range(32))), KeyPair.from_private(bytes(range(32, 64)))
    salt, info = b"Companion Pairing 7 with ref 2@xyz", b"Pairing Information Encryption Key"
    expected = HKDF(SHA256(), 32, salt, info).derive(theirs.agree(ours.public))
    assert passkey.request_key(ours, theirs.public, "2@xyz", 7) == expected
    secret = bytes(range(64, 96))
    handoff = HKDF(SHA256(), 32, None, b"shortcake-passkey-handoff-v1").derive(secret)
    assert passkey.handoff_key(secret) == handoff
    companion_nonce, nonce = b"c" * 32, b"p" * 32
    digest = sha256(companion_nonce + theirs.public).digest()
    number = int.from_bytes(nonce[:5], "big") ^ int.from_bytes(digest[:5], "big")
    letters = "123456789ABCDEFGHJKLMNPQRSTVWXYZ"
    code = "".join(letters[number >> 5 * place & 31] for place in range(7, -1, -1))
    assert passkey.comparison_code(companion_nonce, Primary(theirs.public, nonce)) == code


def test_the_prologue_hides_the_nonce_and_is_laid_out_as_the_schema_says() -> None:
    ours = Companion(KeyPair.from_private(bytes(32)), b"n" * 32, "r", 3)
    identity = b"\x0a\x20" + ours.ephemeral.public + b"\x10\x03" + b"\x1a\x01r"
    commitment = b"\x0a\x20" + sha256(identity + ours.nonce).digest()
    assert ours.prologue() == b"\x0a" + bytes((len(identity),)) + identity + b"\x12\x22" + commitment
    assert ours.nonce not in ours.prologue()


def test_another_nonce_than_was_committed_to_is_refused() -> None:
    ours = Companion.new(REF, DEVICE_TYPE)
    with pytest.raises(PairingRefused):
        passkey.check_commitment(passkey.read_prologue(ours.prologue()), os.urandom(32))


def test_a_handoff_proof_is_for_one_prologue_and_one_secret() -> None:
    key, payload = passkey.handoff_key(b"s" * 32), Companion.new(REF, DEVICE_TYPE).prologue()
    proof = passkey.handoff_proof(key, payload)
    assert passkey.proves_handoff(key, payload, proof)
    assert not passkey.proves_handoff(key, payload + b"\0", proof)
    assert not passkey.proves_handoff(passkey.handoff_key(b"t" * 32), payload, proof)


def test_a_key_of_low_order_is_refused() -> None:
    with pytest.raises(PairingRefused):
        passkey.request_key(KeyPair.generate(), bytes(32), REF, DEVICE_TYPE)


@settings(max_examples=300, deadline=None)
@given_any(st.data())
def test_mutated_input_gives_our_errors_only(data: st.DataObject) -> None:
    key = bytes(32)
    samples: dict[Callable[[bytes], object], bytes] = {
        passkey.read_prologue: Companion.new(REF, DEVICE_TYPE).prologue(),
        passkey.read_primary: passkey.write_primary(Primary(b"k" * 32, b"n" * 32)),
        webauthn.read_options: json.dumps(OPTIONS | {"extensions": {"a": [1, None, 2.5, True]}}).encode(),
        webauthn.read_assertion: webauthn.write_assertion(ASSERTION),
        lambda sealed: passkey.open_request(key, sealed): passkey.seal_request(key, Request(*[b"k" * 32] * 3)),
    }
    reader, sample = data.draw(st.sampled_from(list(samples.items())))
    at = data.draw(st.integers(0, len(sample)))
    mutated = sample[:at] + data.draw(st.binary(max_size=4)) + sample[at + data.draw(st.integers(0, 4)) :]
    with suppress(PairingRefused):
        reader(mutated)


def test_an_assertion_is_read_as_it_was_written() -> None:
    for handle in (None, b"somebody"):
        given_one = Assertion(b"\xfb\xff", b"{}", b"\x00" * 37, b"0E", handle)
        written = webauthn.write_assertion(given_one)
        assert json.loads(written)["rawId"] == "-_8"
        assert webauthn.read_assertion(written) == given_one


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"[]",
        b"{}",
        b'{"challenge": ""}',
        b'{"challenge": 7}',
        b'{"challenge": "a+b/"}',
        b'{"challenge": "AAAA", "timeout": NaN}',
        b'{"challenge": "AAAA", "timeout": 1e999}',
        b'{"challenge": "AAAA", "rpId": "\\ud800"}',
        b'{"challenge": "AAAA", "rpId": "\\u0000"}',
        b'{"challenge": "AAAA", "extensions": ' + b"[" * 9 + b"]" * 9 + b"}",
        b"[" * 100_000,
        b'{"challenge": "' + b"A" * 20_000 + b'"}',
    ],
)
def test_options_that_not_everybody_could_read_are_refused(payload: bytes) -> None:
    with pytest.raises(PairingRefused):
        webauthn.read_options(payload)


def notification(type: str, content: Node, sender: Jid = SERVER) -> Node:
    return Node("notification", {"id": "1", "from": sender, "type": type, "t": 1}, [content])


def test_a_request_is_read_from_a_notification_of_the_server_only() -> None:
    content = Node("passkey_request_options", content=json.dumps(OPTIONS).encode())
    asked = parse_notification(notification("passkey_prologue_request", content)).content
    assert asked == stanzas.PasskeyAsked(OPTIONS)
    unusable = Node("passkey_request_options", content=b"{")
    assert parse_notification(notification("passkey_prologue_request", unusable)).content == stanzas.PasskeyAsked(None)
    stranger = notification("passkey_prologue_request", content, Jid("5511900000002@s.whatsapp.net"))
    assert isinstance(parse_notification(stranger).content, Other)


def test_a_continuation_must_be_complete() -> None:
    primary = Primary(b"k" * 32, b"n" * 32)
    whole = Node("primary_ephemeral_identity", content=passkey.write_primary(primary))
    assert parse_notification(notification("crsc_continuation", whole)).content == stanzas.PasskeyContinued(primary)
    short = Node("primary_ephemeral_identity", content=passkey.write_primary(Primary(b"k" * 31, b"n" * 32)))
    with pytest.raises(StanzaRefused):
        parse_notification(notification("crsc_continuation", short))
