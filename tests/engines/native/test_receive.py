"""Messages in, stanza by stanza: what is kept, what is told, what is answered, and in which order."""

from typing import Any

import pytest

from engines.native.scripted import GROUP, LID, OWN, PN, Script, Stranger, directory_of
from wagate.adapters.engines.native.machine.records import Asked
from wagate.domain.content import Image, Text, Unsupported
from wagate.domain.jid import Jid as Address
from wagate.domain.media import MediaKind
from wagate.ports.files import ArrivedFile
from wagate.ports.news import IdentityLinked, MessageArrived, MessageUndecryptable
from whatsapp_wire.crypto.keys import KeyPair
from whatsapp_wire.jid import SERVER, Jid
from whatsapp_wire.message import device_sent
from whatsapp_wire.node import Node
from whatsapp_wire.pairing.identity import accept_pair_success, sign_device_identity
from whatsapp_wire.proto.adv_pb2 import DeviceIdentity
from whatsapp_wire.proto.message_pb2 import Message, ProtocolMessage
from whatsapp_wire.proto.signal_pb2 import PreKeySignalMessage, SessionRecord
from whatsapp_wire.signal.prekeys import PreKey


@pytest.fixture
def script() -> Script:
    return Script()


@pytest.fixture
def stranger(script: Script) -> Stranger:
    stranger = Stranger()
    stranger.meet(script)
    return stranger


def _protocol(type: int, **fields: Any) -> Message:
    return Message(protocol_message=ProtocolMessage(type=type, **fields))


def test_a_message_is_told_of_and_confirmed(script: Script, stranger: Stranger) -> None:
    (receipt,) = script.hear(stranger.say("A1", "hello", notify="Ada"))
    assert receipt == Node("receipt", {"id": "A1", "to": LID, "type": "inactive"})
    (arrived,) = script.news(MessageArrived)
    assert (arrived.content, arrived.chat, arrived.chat_alt) == (Text("hello"), Address(LID), Address(PN))
    assert (arrived.push_name, arrived.from_me, arrived.offline) == ("Ada", False, False)
    script.hear(stranger.say("A2", "and more"))
    assert script.news(IdentityLinked) == [IdentityLinked(Address(PN), Address(LID))]


def test_nothing_is_confirmed_before_it_is_durable(script: Script, stranger: Stranger) -> None:
    script.machine.received(stranger.say("A1", "one"))
    while script.shell.answers:
        script.shell.answers.popleft()()
    script.machine.received(stranger.say("A2", "two"))
    while script.shell.answers:
        script.shell.answers.popleft()()
    assert len(script.shell.uncommitted) == 2  # the second was read while the first was being committed
    assert not script.shell.written
    script.shell.commit()
    assert len(script.shell.written) == 1
    assert [node.attr("id") for node in script.rest()] == ["A1", "A2"]


def test_a_one_time_prekey_is_used_once(script: Script) -> None:
    prekey = PreKey.generate(77)
    script.disk.records["prekey", "77"] = prekey.key.private
    stranger = Stranger()
    stranger.meet(script, prekey)
    first = stranger.say("A1", "first")
    script.hear(first)
    assert script.record("prekey", "77") is None
    assert [node.tag for node in script.hear(first)] == ["receipt"]
    assert len(script.news(MessageArrived)) == 1


def test_a_copy_is_confirmed_and_not_told_again(script: Script, stranger: Stranger) -> None:
    stanza = stranger.say("A1", "once")
    assert script.hear(stanza) == script.hear(stanza)
    assert len(script.news(MessageArrived)) == 1
    assert script.news(MessageUndecryptable) == []


def test_the_same_message_in_other_words_is_told_once(script: Script, stranger: Stranger) -> None:
    """A sender that was asked twice encrypts twice."""
    script.hear(stranger.say("A1", "once"))
    (receipt,) = script.hear(stranger.say("A1", "once"))
    assert receipt.tag == "receipt"
    assert len(script.news(MessageArrived)) == 1


def test_a_used_counter_under_a_new_id_is_asked_for(script: Script, stranger: Stranger) -> None:
    """Clients that send and receive at once have been seen to use a counter twice; whatsmeow loses such a message."""
    before = stranger.record
    script.hear(stranger.say("A1", "one"))
    stranger.record = before
    retry, ack = script.hear(stranger.say("A2", "two"))
    assert (retry.get("type"), retry.require("retry").get("count"), ack.tag) == ("retry", "1", "ack")
    (failure,) = script.news(MessageUndecryptable)
    assert (failure.wa_id, failure.attempt) == ("A2", 1)
    script.hear(stranger.say("A2", "two"))
    assert [arrived.wa_id for arrived in script.news(MessageArrived)] == ["A1", "A2"]


def test_keys_go_along_with_the_second_request_and_the_fifth_is_not_made(script: Script, stranger: Stranger) -> None:
    script.hear(stranger.say("A0", "to have a session"))
    stranger.identity = KeyPair.generate()
    kinds = []
    for count in range(1, 6):
        said = script.hear(stranger.say("A1", "?")) + script.wait(5)
        kinds.append([node.tag for node in said])
        if count < 5:
            assert said[0].require("retry").get("count") == str(count)
            assert (said[0].child("keys") is not None) == (count >= 2)
            if count >= 2:
                id = int.from_bytes(said[0].require("keys").require("key").require("id").bytes(), "big")
                assert script.record("prekey", str(id)) is not None
    assert kinds == [["receipt", "ack"]] * 4 + [["ack"]]
    assert [failure.attempt for failure in script.news(MessageUndecryptable)] == [1, 2, 3, 4, 5]


def test_requests_for_one_message_are_not_made_in_quick_succession(script: Script, stranger: Stranger) -> None:
    script.hear(stranger.say("A0", "to have a session"))
    assert [node.tag for node in script.hear(_unreadable(stranger))] == ["receipt", "ack"]
    assert script.hear(_unreadable(stranger)) == []
    assert script.hear(_unreadable(stranger), _unreadable(stranger)) == []  # copies of one answer
    retry, *acks = script.wait(1)
    assert retry.require("retry").get("count") == "2"
    assert [(ack.tag, ack.get("id")) for ack in acks] == [("ack", "A1")] * 3


def test_a_request_that_went_down_with_the_line_was_not_made(script: Script, stranger: Stranger) -> None:
    """Five lost connections must not use up what a message may be asked for."""
    script.hear(stranger.say("A0", "to have a session"))
    script.hear(_unreadable(stranger))
    again = _unreadable(stranger)
    assert script.hear(again) == []
    for _ in range(5):
        script.machine.closed()
        script.connect()
        assert script.wait(5) == []
        retry, ack = script.hear(again)  # not acknowledged, so it came again
        assert (retry.require("retry").get("count"), ack.get("id")) == ("2", "A1")
    assert [failure.attempt for failure in script.news(MessageUndecryptable)] == [1, 2]


def test_three_unreadable_messages_begin_a_new_session(script: Script, stranger: Stranger) -> None:
    """A client whose half of the session is damaged takes up the one that our next message begins."""
    script.answers.update(directory_of([stranger, Stranger(OWN.lid.bare, OWN.pn.bare)]))
    script.hear(stranger.say("A0", "to have a session"))
    script.send("M1")
    bundles = len(script.asked("key"))
    for number in range(1, 6):
        enc = stranger.encrypt(Message(conversation="?"))
        script.hear(stranger.stanza(f"A{number}", _spoilt(enc)))
        assert len(script.asked("key")) == bundles + (number >= 3)
    script.send("M2")
    (sent,) = (node for node in script.said if node.tag == "message" and node.get("id") == "M2")
    encs = {to.get("jid"): to.require("enc") for to in sent.require("participants").all("to")}
    assert stranger.open(encs[LID]) == Message(conversation="hello")
    script.hear(stranger.say("A9", "healed"))
    assert script.news(MessageArrived)[-1].wa_id == "A9"


def _unreadable(stranger: Stranger) -> Node:
    """Message A1, encrypted once more and spoilt on its way."""
    return stranger.stanza("A1", _spoilt(stranger.encrypt(Message(conversation="?"))))


def _spoilt(enc: Node) -> Node:
    """The same ciphertext with a MAC that does not hold."""
    ciphertext = enc.bytes()
    if enc.get("type") == "pkmsg":
        first = PreKeySignalMessage.FromString(ciphertext[1:])
        first.message = first.message[:-1] + bytes((first.message[-1] ^ 1,))
        return Node("enc", dict(enc.attrs), ciphertext[:1] + first.SerializeToString())
    return Node("enc", dict(enc.attrs), ciphertext[:-1] + bytes((ciphertext[-1] ^ 1,)))


def test_a_resend_carries_its_count_on(script: Script, stranger: Stranger) -> None:
    enc = _spoilt(stranger.encrypt(Message(conversation="?")))
    enc.attrs["count"] = "2"
    retry, _ = script.hear(stranger.stanza("A1", enc))
    assert retry.require("retry").get("count") == "3"


def test_silent_failures_are_not_told(script: Script, stranger: Stranger) -> None:
    enc = Node("enc", {"v": "2", "type": "msg", "decrypt-fail": "hide"}, b"\x33" + bytes(60))
    retry, _ = script.hear(stranger.stanza("A1", enc))
    assert retry.get("type") == "retry"
    assert script.news(MessageUndecryptable) == []


def test_asking_is_remembered_for_the_newest_messages_only() -> None:
    value = None
    for number in range(50):
        value = Asked.unpack(value).once_more(f"A{number}", 1, b"")
    counts = Asked.unpack(value).counts
    assert len(counts) == 32
    assert "A49" in counts
    assert Asked({"A1": (2, "")}).settled("A1") is None


def test_a_group_message_needs_its_sender_key(script: Script, stranger: Stranger) -> None:
    retry, _ = script.hear(stranger.say_to_group("G1", "too early"))
    assert (retry.get("type"), retry.get("participant"), retry.get("to")) == ("retry", LID, GROUP)
    (receipt,) = script.hear(stranger.say_to_group("G2", "with the key", stranger.distribute()))
    assert (receipt.get("participant"), receipt.get("type")) == (LID, "inactive")
    script.hear(stranger.say_to_group("G3", "from then on"))
    arrived = script.news(MessageArrived)
    assert [(each.wa_id, each.content, each.chat, each.sender) for each in arrived] == [
        ("G2", Text("with the key"), Address(GROUP), Address(LID)),
        ("G3", Text("from then on"), Address(GROUP), Address(LID)),
    ]
    assert {each.sender_alt for each in arrived} == {Address(PN)}


def test_a_sender_key_alone_is_no_message(script: Script, stranger: Stranger) -> None:
    stanza = stranger.stanza("G1", stranger.distribute())
    stanza.attrs = {"id": "G1", "from": GROUP, "participant": LID, "t": "1", "type": "text"}
    assert [node.tag for node in script.hear(stanza)] == ["receipt"]
    assert script.news(MessageArrived) == []
    assert script.record("sender_key", f"{GROUP}/{LID}") is not None


def test_a_copy_from_our_phone_goes_to_its_chat(script: Script) -> None:
    phone = Stranger(OWN.lid.bare, OWN.pn.bare)
    phone.meet(script)
    copy = device_sent(Message(conversation="from the phone"), LID)
    stanza = phone.stanza("P1", phone.encrypt(copy), recipient=LID, peer_recipient_pn=PN)
    (receipt,) = script.hear(stanza)
    assert receipt.get("type") == "sender"
    (arrived,) = script.news(MessageArrived)
    assert (arrived.from_me, arrived.chat, arrived.chat_alt) == (True, Address(LID), Address(PN))
    assert (arrived.sender, arrived.sender_alt) == (Address(OWN.lid.bare), Address(OWN.pn.bare))
    assert arrived.push_name is None
    hidden = phone.stanza("P2", phone.encrypt(device_sent(Message(conversation="no recipient told"), LID)))
    script.hear(hidden)
    assert script.news(MessageArrived)[1].chat == Address(LID)


def test_a_stranger_cannot_speak_for_us(script: Script, stranger: Stranger) -> None:
    forged = device_sent(Message(conversation="I never said that"), Jid("900003@lid"))
    script.hear(stranger.stanza("A1", stranger.encrypt(forged)))
    (arrived,) = script.news(MessageArrived)
    assert (arrived.from_me, arrived.chat) == (False, Address(LID))


def test_keys_that_our_phone_shares_are_kept_and_not_shown(script: Script, stranger: Stranger) -> None:
    share = _protocol(ProtocolMessage.APP_STATE_SYNC_KEY_SHARE)
    key = share.protocol_message.app_state_sync_key_share.keys.add()
    key.key_id.key_id = b"\x00\x01"
    key.key_data.key_data = b"secret" + bytes(26)
    script.hear(stranger.stanza("A1", stranger.encrypt(share)))
    assert script.record("app_state_key", "0001") is None
    phone = Stranger(OWN.lid.bare, OWN.pn.bare)
    phone.meet(script)
    said = script.hear(phone.stanza("P1", phone.encrypt(share), category="peer", type="protocol"))
    assert script.record("app_state_key", "0001") is not None
    assert [node.get("type") for node in said] == ["sender", "peer_msg"]
    assert script.news(MessageArrived) == []


def test_announced_history_gets_its_receipt(script: Script) -> None:
    phone = Stranger(OWN.lid.bare, OWN.pn.bare)
    phone.meet(script)
    history = _protocol(ProtocolMessage.HISTORY_SYNC_NOTIFICATION)
    said = script.hear(phone.stanza("P1", phone.encrypt(history), category="peer"))
    assert [node.get("type") for node in said] == ["sender", "peer_msg", "hist_sync"]
    assert script.news(MessageArrived) == []


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        (Message(sticker_pack_message={"name": "pack"}), "sticker_pack"),
        (Message(reaction_message={"text": "👍"}), "reaction"),
        (_protocol(ProtocolMessage.REVOKE, key={"id": "X\0"}), "revoke"),
        (_protocol(ProtocolMessage.MESSAGE_EDIT, key={"id": ""}, edited_message={"conversation": "new"}), "edit"),
        (Message(location_message={"degrees_latitude": float("nan")}), "location"),
    ],
)
def test_what_this_version_cannot_show_is_named(
    script: Script, stranger: Stranger, message: Message, kind: str
) -> None:
    script.hear(stranger.stanza("A1", stranger.encrypt(message)))
    assert [arrived.content for arrived in script.news(MessageArrived)] == [Unsupported(kind)]


def test_a_file_of_which_too_little_is_said_is_told_of_without_a_way_to_it(script: Script, stranger: Stranger) -> None:
    script.hear(stranger.stanza("A1", stranger.encrypt(Message(image_message={"caption": "look"}))))
    [news] = script.news(MessageArrived)
    assert news.content == Image(caption="look")
    assert news.file == ArrivedFile(MediaKind.IMAGE, "")


@pytest.mark.parametrize(("reason", "kind"), [("view_once_unavailable_fanout", "view_once"), ("hosted", "unavailable")])
def test_what_only_the_phone_may_see_is_named(script: Script, stranger: Stranger, reason: str, kind: str) -> None:
    (ack,) = script.hear(stranger.stanza("A1", Node("unavailable", {"type": reason})))
    assert ack.tag == "ack"
    assert [arrived.content for arrived in script.news(MessageArrived)] == [Unsupported(kind)]


def test_a_session_begun_under_the_number_is_used_for_the_lid(script: Script) -> None:
    old = Stranger(PN, None)
    old.meet(script)
    script.hear(old.say("A1", "as a number"))
    assert script.record("session", PN) is not None
    old.device, old.pn = LID, PN
    script.hear(old.say("A2", "as a LID"))
    assert [arrived.wa_id for arrived in script.news(MessageArrived)] == ["A1", "A2"]
    assert script.record("session", PN) is None
    assert script.record("session", LID) is not None
    script.hear(old.say("A3", "and on"))
    assert script.news(MessageUndecryptable) == []


def test_a_new_identity_begins_a_new_session(script: Script, stranger: Stranger) -> None:
    script.hear(stranger.say("A1", "before"))
    script.disk.records["device", LID] = b"1 900002@lid"
    reborn = Stranger()
    reborn.meet(script)
    script.hear(reborn.say("A2", "new phone"))
    assert script.record("identity", LID) == reborn.identity.public
    assert script.record("device", LID) is None
    assert [arrived.wa_id for arrived in script.news(MessageArrived)] == ["A1", "A2"]
    archived = SessionRecord.FromString(script.record("session", LID) or b"").archived
    assert list(archived) == []


def test_a_companion_needs_the_word_of_its_account(script: Script) -> None:
    companion, account, secret = Stranger(LID.with_device(3)), KeyPair.generate(), bytes(32)
    companion.meet(script)
    details = DeviceIdentity(raw_id=1, timestamp=1, key_index=3)
    offer = sign_device_identity(account, companion.identity.public, secret, details)
    voucher = accept_pair_success(offer, secret, companion.identity).account
    for forged in (None, b"\x0a\x00", voucher[:-1] + bytes((voucher[-1] ^ 1,))):
        stanza = companion.say("A1", "trust me")
        if forged is not None:
            stanza.children.append(Node("device-identity", content=forged))
        retry, _ = script.hear(stanza) + script.wait(5)
        assert retry.get("type") == "retry"
        assert script.record("identity", companion.device) is None
    assert script.news(MessageArrived) == []
    stanza = companion.say("A2", "vouched for")
    stanza.children.append(Node("device-identity", content=voucher))
    script.hear(stanza)
    assert [arrived.wa_id for arrived in script.news(MessageArrived)] == ["A2"]
    assert script.news(MessageArrived)[0].sender == Address(LID)


def test_too_many_stanzas_at_once_wait_outside(script: Script, stranger: Stranger) -> None:
    stanzas = [stranger.say(f"A{number}", "hello") for number in range(600)]
    for stanza in stanzas:
        script.machine.received(stanza)
    assert script.shell.is_paused
    script.rest()
    assert not script.shell.is_paused
    assert [arrived.wa_id for arrived in script.news(MessageArrived)] == [f"A{number}" for number in range(600)]


@pytest.mark.parametrize(
    "stanza",
    [
        Node("message", {"id": "A1", "from": LID, "t": "soon"}, [Node("enc", {"type": "msg"}, b"x")]),
        Node("message", {"id": "A1", "from": LID}, [Node("enc", {"v": "2"}, b"x")]),
        Node("receipt", {"id": "A1", "from": LID, "type": "retry"}),
        Node("notification", {"id": "A1", "from": SERVER, "type": "encrypt"}, [Node("count")]),
    ],
)
def test_a_stanza_that_makes_no_sense_is_acknowledged_as_such(script: Script, stanza: Node) -> None:
    (ack,) = script.hear(stanza)
    assert (ack.tag, ack.get("error"), ack.get("class")) == ("ack", "487", stanza.tag)


@pytest.mark.parametrize(
    "stanza", [Node("message", {"from": LID}), Node("receipt"), Node("iq"), Node("ack"), Node("xyz"), Node("call")]
)
def test_a_stanza_without_a_name_is_let_go(script: Script, stanza: Node) -> None:
    assert script.hear(stanza) == []
    assert script.hear(Node("iq", {"id": "S1", "from": SERVER, "type": "get", "xmlns": "urn:xmpp:ping"})) == []
    assert script.said[-1].get("type") == "result"


def test_a_call_is_acknowledged(script: Script) -> None:
    (ack,) = script.hear(
        Node("call", {"id": "C1", "from": LID}, [Node("offer", {"call-id": "1", "call-creator": LID})])
    )
    assert (ack.tag, ack.get("class"), ack.get("to")) == ("ack", "call", LID)
