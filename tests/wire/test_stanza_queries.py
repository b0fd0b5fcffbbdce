"""Requests and answers: exact stanzas out, values in."""

import pytest

from whatsapp_wire.crypto.keys import KeyPair
from whatsapp_wire.errors import StanzaRefused
from whatsapp_wire.jid import SERVER, Jid
from whatsapp_wire.node import Node
from whatsapp_wire.pairing.identity import KeyIndexes, sign_key_index_list
from whatsapp_wire.signal.prekeys import PreKey, PreKeyBundle, SignedPreKey
from whatsapp_wire.stanza import iq, prekeys, privacy, usync
from whatsapp_wire.stanza.iq import IqError
from whatsapp_wire.stanza.prekeys import FetchedBundle
from whatsapp_wire.stanza.usync import LinkedDevice, Person, Verdict

PN, LID = Jid("491700000001@s.whatsapp.net"), Jid("100000000000001@lid")
IDENTITY = KeyPair.generate()
SIGNED = SignedPreKey.generate(0x010203, IDENTITY)
PREKEY = PreKey.generate(0x000102)

SKEY = Node(
    "skey",
    content=[
        Node("id", content=b"\x01\x02\x03"),
        Node("value", content=SIGNED.key.public),
        Node("signature", content=SIGNED.signature),
    ],
)
KEY = Node("key", content=[Node("id", content=b"\x00\x01\x02"), Node("value", content=PREKEY.key.public)])
REGISTRATION = Node("registration", content=b"\x00\x00\x0a\x0b")
TYPE = Node("type", content=b"\x05")
PUBLIC = Node("identity", content=IDENTITY.public)
BUNDLE = PreKeyBundle(
    0x0A0B, IDENTITY.public, 0x010203, SIGNED.key.public, SIGNED.signature, 0x000102, PREKEY.key.public
)


def asked(xmlns: str, type: str, *content: Node) -> Node:
    return Node("iq", {"id": "1.2-3", "xmlns": xmlns, "type": type, "to": SERVER}, list(content) or None)


def answer(*content: Node) -> Node:
    return Node("iq", {"from": SERVER, "id": "1.2-3", "type": "result"}, list(content))


@pytest.mark.parametrize(
    ("built", "expected"),
    [
        (iq.ping("1.2-3"), asked("w:p", "get")),
        (iq.passive("1.2-3", passive=False), asked("passive", "set", Node("active"))),
        (iq.passive("1.2-3", passive=True), asked("passive", "set", Node("passive"))),
        (prekeys.count_query("1.2-3"), asked("encrypt", "get", Node("count"))),
        (prekeys.digest_query("1.2-3"), asked("encrypt", "get", Node("digest"))),
        (prekeys.rotate("1.2-3", SIGNED), asked("encrypt", "set", Node("rotate", content=[SKEY]))),
        (
            prekeys.upload("1.2-3", 0x0A0B, IDENTITY.public, [PREKEY], SIGNED),
            asked("encrypt", "set", REGISTRATION, TYPE, PUBLIC, Node("list", content=[KEY]), SKEY),
        ),
        (
            prekeys.bundle_query("1.2-3", [LID, LID.with_device(5)]),
            asked(
                "encrypt",
                "get",
                Node(
                    "key",
                    content=[
                        Node("user", {"jid": LID, "reason": "identity"}),
                        Node("user", {"jid": LID.with_device(5), "reason": "identity"}),
                    ],
                ),
            ),
        ),
        (
            usync.lid_query("1.2-3", "1.2-4", [PN.with_device(3)]),
            asked(
                "usync",
                "get",
                Node(
                    "usync",
                    {"sid": "1.2-4", "mode": "full", "last": "true", "index": "0", "context": "background"},
                    [
                        Node(
                            "query",
                            content=[
                                Node("business", content=[Node("verified_name")]),
                                Node("status"),
                                Node("picture"),
                                Node("devices", {"version": "2"}),
                                Node("lid"),
                            ],
                        ),
                        Node("list", content=[Node("user", {"jid": PN})]),
                    ],
                ),
            ),
        ),
        (
            usync.device_query("1.2-3", "1.2-4", [LID, PN]),
            asked(
                "usync",
                "get",
                Node(
                    "usync",
                    {"sid": "1.2-4", "mode": "query", "last": "true", "index": "0", "context": "message"},
                    [
                        Node("query", content=[Node("devices", {"version": "2"})]),
                        Node("list", content=[Node("user", {"jid": LID}), Node("user", {"jid": PN})]),
                    ],
                ),
            ),
        ),
        (
            privacy.issue_tokens("1.2-3", [LID.with_device(2)], 1_763_600_000),
            asked(
                "privacy",
                "set",
                Node("tokens", content=[Node("token", {"jid": LID, "t": "1763600000", "type": "trusted_contact"})]),
            ),
        ),
        (privacy.settings_query("1.2-3"), asked("privacy", "get", Node("privacy"))),
    ],
)
def test_requests_are_whatsmeows(built: Node, expected: Node) -> None:
    assert built == expected


def test_addresses_are_sent_as_addresses() -> None:
    built = prekeys.bundle_query("1", [LID])
    assert isinstance(built.attrs["to"], Jid)
    assert isinstance(built.require("key").require("user").attrs["jid"], Jid)


def test_request_ids_count_on_one_prefix() -> None:
    ids = iq.RequestIds("12.34-")
    assert [ids.next() for _ in range(3)] == ["12.34-1", "12.34-2", "12.34-3"]
    first, second = iq.RequestIds().next().rstrip("1").rstrip("-").split(".")
    assert (0 <= int(first) < 256, 0 <= int(second) < 256) == (True, True)


def test_answers_to_the_server() -> None:
    question = Node("iq", {"from": SERVER, "id": "9", "type": "get", "xmlns": "urn:xmpp:ping"})
    assert iq.result(question) == Node("iq", {"to": SERVER, "id": "9", "type": "result"})
    refused = Node("iq", {"to": SERVER, "id": "9", "type": "error"}, [Node("error", {"code": "501", "text": "no"})])
    assert iq.refusal(question, 501, "no") == refused
    assert not iq.is_answer(question)
    with pytest.raises(StanzaRefused):
        iq.result(Node("iq", {"id": "9"}))


def test_errors_carry_code_text_and_patience() -> None:
    error = Node("error", {"code": "429", "text": "rate-overlimit", "backoff": "30"})
    refused = Node("iq", {"from": SERVER, "id": "1", "type": "error"}, [error])
    assert iq.is_answer(refused)
    assert iq.error_of(refused) == IqError(429, "rate-overlimit", 30)
    assert iq.error_of(answer()) is None
    assert iq.error_of(Node("iq", {"type": "error"})) == IqError(0, "the server gave no reason")


def test_prekey_counts_and_digests_are_read() -> None:
    assert prekeys.parse_count(answer(Node("count", {"value": "17"}))) == 17
    listed = Node("list", content=[Node("id", content=b"\x00\x00\x01"), Node("id", content=b"\x00\x00\x02")])
    digest = Node("digest", content=[REGISTRATION, TYPE, PUBLIC, SKEY, listed, Node("hash", content=bytes(20))])
    read = prekeys.parse_digest(answer(digest))
    assert (read.registration_id, read.identity, read.signed_prekey_id) == (0x0A0B, IDENTITY.public, 0x010203)
    assert (read.prekey_ids, read.hash) == ((1, 2), bytes(20))
    for broken in (answer(), answer(Node("count")), answer(Node("count", {"value": "many"}))):
        with pytest.raises(StanzaRefused):
            prekeys.parse_count(broken)


def test_bundles_are_read_one_by_one() -> None:
    whole = Node("user", {"jid": LID}, [REGISTRATION, TYPE, PUBLIC, KEY, SKEY, Node("device-identity", content=b"adv")])
    spent = Node("user", {"jid": LID.with_device(1)}, [REGISTRATION, TYPE, PUBLIC, SKEY])
    gone = Node("user", {"jid": LID.with_device(2)}, [Node("error", {"code": "404", "text": "item-not-found"})])
    short = Node("user", {"jid": LID.with_device(3)}, [REGISTRATION, TYPE, Node("identity", content=b"short"), SKEY])
    fetched = prekeys.parse_bundles(answer(Node("list", content=[whole, spent, gone, short])))
    assert fetched[0] == FetchedBundle(LID, BUNDLE, device_identity=b"adv")
    assert fetched[1].bundle is not None
    assert fetched[1].bundle.prekey is None
    assert fetched[2] == FetchedBundle(LID.with_device(2), None, 404)
    assert fetched[3] == FetchedBundle(LID.with_device(3), None, 0)


def found(user: Jid, *content: Node) -> Node:
    return answer(Node("usync", {"sid": "1"}, [Node("list", content=[Node("user", {"jid": user}, list(content))])]))


def device_list(*devices: tuple[int, int | None], signed: bytes | None = None) -> Node:
    listed = [Node("device", {"id": number, "key-index": index}) for number, index in devices]
    content = [Node("device-list", content=listed)]
    if signed is not None:
        content.append(Node("key-index-list", {"ts": "1"}, signed))
    return Node("devices", {"version": "2"}, content)


def test_lids_are_looked_up() -> None:
    assert usync.parse_people(found(PN, Node("lid", {"val": LID}))) == (Person(PN, LID),)
    assert usync.parse_people(found(PN, Node("status"))) == (Person(PN, None),)
    with pytest.raises(StanzaRefused):
        usync.parse_people(answer())


def test_device_lists_are_read() -> None:
    (read,) = usync.parse_devices(found(LID, device_list((0, None), (5, 2), signed=b"list")))
    assert read.user == LID
    assert read.devices == (LinkedDevice(LID, None), LinkedDevice(LID.with_device(5), 2))
    assert read.key_index_list == b"list"
    (nobody,) = usync.parse_devices(found(PN))
    assert (nobody.devices, nobody.key_index_list) == ((), None)


def test_hosted_devices_have_their_own_server() -> None:
    hosted = Node("devices", content=[Node("device-list", content=[Node("device", {"id": "99", "is_hosted": "true"})])])
    (by_lid,), (by_pn,) = usync.parse_devices(found(LID, hosted)), usync.parse_devices(found(PN, hosted))
    assert by_lid.devices[0].jid == f"{LID.user}:99@hosted.lid"
    assert by_pn.devices[0].jid == f"{PN.user}:99@hosted"


ACCOUNT = KeyPair.generate()
SIGNED_LIST = sign_key_index_list(ACCOUNT, KeyIndexes(1, 1, 4, frozenset({0, 2, 4})))


@pytest.mark.parametrize(
    ("signed", "account", "verdict", "vouched"),
    [
        (SIGNED_LIST, None, Verdict.SIGNED, (0, 5, 8)),
        (SIGNED_LIST, ACCOUNT.public, Verdict.SIGNED, (0, 5, 8)),
        (SIGNED_LIST, KeyPair.generate().public, Verdict.FORGED, (0,)),
        (b"nonsense", None, Verdict.FORGED, (0,)),
        (None, ACCOUNT.public, Verdict.UNSIGNED, (0,)),
    ],
    ids=["vouched", "vouched by the known key", "vouched by another key", "nonsense", "not vouched"],
)
def test_companions_count_when_the_account_vouches(
    signed: bytes | None, account: bytes | None, verdict: Verdict, vouched: tuple[int, ...]
) -> None:
    listed = device_list((0, None), (5, 2), (6, 3), (7, None), (8, 9), signed=signed)
    (devices,) = usync.parse_devices(found(LID, listed))
    judged = usync.judge(devices, account)
    assert judged.verdict is verdict
    assert judged.vouched == tuple(map(LID.with_device, vouched))
    assert {*judged.vouched, *judged.unvouched} == {device.jid for device in devices.devices}
    assert (judged.indexes is not None) == (verdict is Verdict.SIGNED)


def test_privacy_settings_and_token_weeks() -> None:
    content = [Node("category", {"name": "readreceipts", "value": "none"})]
    assert privacy.parse_settings(answer(Node("privacy", content=content))) == {"readreceipts": "none"}
    week = privacy.TOKEN_BUCKET_S
    now = 100 * week + 5
    assert privacy.is_token_due(None, now)
    assert privacy.is_token_due(100 * week - 1, now)
    assert not privacy.is_token_due(100 * week, now)
    assert privacy.is_token_expired(97 * week - 1, now)
    assert not privacy.is_token_expired(97 * week, now)
