from hashlib import sha1

from hypothesis import given
from hypothesis import strategies as st

from emulator.companion import iq, three
from emulator.wires import Wires
from whatsapp_emulator.world.key_store import KeyStore, PublishedSignedPreKey
from whatsapp_wire.crypto.keys import KeyPair
from whatsapp_wire.jid import Jid
from whatsapp_wire.node import Node
from whatsapp_wire.signal.prekeys import SignedPreKey

IDENTITY = KeyPair.generate()
SIGNED = SignedPreKey.generate(7, IDENTITY)


def a_store() -> KeyStore:
    store = KeyStore(IDENTITY.public)
    store.signed_prekey = PublishedSignedPreKey(SIGNED.id, SIGNED.key.public, SIGNED.signature)
    return store


def a_key(number: int) -> tuple[int, bytes]:
    return number, bytes((number,)) * 32


@given(st.lists(st.one_of(st.none(), st.lists(st.integers(1, 30), max_size=6)), max_size=40))
def test_a_prekey_is_handed_out_once(steps: list[list[int] | None]) -> None:
    store, seen, published = a_store(), list[bytes](), set[bytes]()
    for upload in steps:
        if upload is None:
            bundle = store.hand_out()
            assert bundle is not None
            if bundle.prekey is None:
                assert published == set(seen)
            else:
                seen.append(bundle.prekey)
        else:
            keys = [a_key(number) for number in upload]
            store.add(keys)
            published.update(public for _, public in keys)
    assert len(set(seen)) == len(seen)
    assert set(seen) <= published


def test_nothing_is_handed_out_before_anything_was_published() -> None:
    assert KeyStore(IDENTITY.public).hand_out() is None


def key_request(*jids: Jid) -> Node:
    return iq("encrypt", "get", Node("key", None, [Node("user", {"jid": jid}) for jid in jids]))


def count(answer: Node) -> str:
    return answer.require("count").attr("value")


def test_keys_are_counted_handed_out_and_missed() -> None:
    wires = Wires()
    companion, line = wires.pair("4917001")
    _, other = wires.pair("4917002")
    # The phone took the first one, to share the app-state key.
    assert count(line.ask(iq("encrypt", "get", Node("count")))) == "19"
    nobody = Jid("999@lid")
    found, missing = other.ask(key_request(companion.lid, nobody)).require("list").all("user")
    assert found.jid("jid") == companion.lid
    assert found.require("identity").bytes() == companion.identity.public
    assert found.require("registration").bytes() == companion.registration_id.to_bytes(4, "big")
    assert found.require("key").require("id").bytes() == three(2)
    assert found.require("skey").require("signature").bytes() == companion.signed_prekey.signature
    assert missing.require("error").get("code") == "404"
    assert count(line.ask(iq("encrypt", "get", Node("count")))) == "18"


def test_a_device_is_told_when_its_keys_run_low_and_still_reached_when_they_are_gone() -> None:
    wires = Wires()
    companion, line = wires.pair("4917001")
    _, other = wires.pair("4917002")
    for _ in range(14):
        other.ask(key_request(companion.lid))
    assert line.take("notification", type="encrypt") == []
    other.ask(key_request(companion.lid))
    low = line.the("notification", type="encrypt")
    assert low.require("count").attr("value") == "4"
    line.say(companion.ack(low))
    for _ in range(4):
        other.ask(key_request(companion.lid))
    answer = other.ask(key_request(companion.lid))
    assert [user.child("key") for user in answer.require("list").all("user")] == [None]
    line.ask(companion.upload(20))
    assert count(line.ask(iq("encrypt", "get", Node("count")))) == "0", "a key that was handed out came back"


def test_the_digest_matches_what_the_client_has() -> None:
    wires = Wires()
    companion, line = wires.pair("4917001")
    digest = line.ask(iq("encrypt", "get", Node("digest"))).require("digest")
    assert 1 not in companion.prekeys, "the phone's first message used it up"
    keys = b"".join(prekey.key.public for prekey in companion.prekeys.values())
    signed = companion.signed_prekey
    expected = sha1(companion.identity.public + signed.key.public + signed.signature + keys).digest()
    assert digest.require("hash").bytes() == expected
    assert [id.bytes() for id in digest.require("list").children] == [three(id) for id in companion.prekeys]


def test_a_signed_prekey_can_be_rotated_and_must_be_signed() -> None:
    wires = Wires()
    companion, line = wires.pair("4917001")
    _, other = wires.pair("4917002")
    renewed = SignedPreKey.generate(2, companion.identity)
    assert line.ask(iq("encrypt", "set", Node("rotate", None, [companion.skey(renewed)]))).get("type") == "result"
    users = other.ask(key_request(companion.lid)).require("list").all("user")
    assert users[0].require("skey").require("value").bytes() == renewed.key.public
    forged = SignedPreKey.generate(3, KeyPair.generate())
    assert line.ask(iq("encrypt", "set", Node("rotate", None, [companion.skey(forged)]))).get("type") == "error"
    assert [(found.kind, found.who) for found in wires.world.audit.violations] == [("bad_signature", "4917001:1")]


def test_no_prekeys_is_a_knob() -> None:
    wires = Wires()
    _, line = wires.pair("4917001")
    phone = wires.world.account("4917002").lid
    wires.world.faults.update({"no_prekeys": True})
    users = line.ask(key_request(phone)).require("list").all("user")
    assert users[0].require("error").get("code") == "404"
    wires.world.faults.update({"no_prekeys": False})
    bundles = [line.ask(key_request(phone)).require("list").require("user") for _ in range(2)]
    assert len({bundle.require("key").require("value").bytes() for bundle in bundles}) == 2
