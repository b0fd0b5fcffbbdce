"""Messages out, stanza by stanza: to which devices, with which keys, and what the server's answers do."""

from dataclasses import replace

import pytest

from engines.native.scripted import LID, OWN, PN, START, Script, Stranger, directory_of
from wagate.adapters.engines.native.machine.records import ContactToken, Sent
from wagate.domain.content import Text
from wagate.domain.ids import MessageId
from wagate.domain.jid import Jid as Address
from wagate.ports.engine import NoRecipientDevice, NotOnWhatsApp, NotSent, Outgoing
from wagate.ports.news import SendAccepted, SendRefused, SendStarted
from whatsapp_wire.crypto.keys import KeyPair
from whatsapp_wire.jid import Jid
from whatsapp_wire.node import Node
from whatsapp_wire.pairing.identity import KeyIndexes, sign_key_index_list
from whatsapp_wire.proto.message_pb2 import Message
from whatsapp_wire.signal.session import prekey_ids
from whatsapp_wire.stanza.prekeys import prekey_node, registration_node, signed_prekey_node

WEEK = 604_800


@pytest.fixture
def friend() -> Stranger:
    return Stranger()


@pytest.fixture
def phone() -> Stranger:
    return Stranger(OWN.lid.bare, OWN.pn.bare)


@pytest.fixture
def script(friend: Stranger, phone: Stranger) -> Script:
    script = Script()
    script.answers.update(directory_of([friend, phone]))
    return script


def _encs(stanza: Node) -> dict[Jid, Node]:
    return {to.jid("jid"): to.require("enc") for to in stanza.require("participants").all("to")}


def _sent(script: Script, wa_id: str) -> Node:
    return [node for node in script.said if node.tag == "message" and node.get("id") == wa_id][-1]


def _ack(wa_id: str, **attrs: str | int) -> Node:
    return Node("ack", {"class": "message", "id": wa_id, "from": LID, "t": 1, **attrs})


def _retry(device: Jid, wa_id: str, count: int = 1, *extra: Node) -> Node:
    asked = Node("retry", {"count": count, "id": wa_id, "t": 1, "v": 1})
    registration = Node("registration", content=bytes(4))
    return Node("receipt", {"id": wa_id, "from": device, "type": "retry"}, [asked, registration, *extra])


def test_every_device_gets_its_own_ciphertext(script: Script, friend: Stranger, phone: Stranger) -> None:
    assert script.send("M1", "hello") is None
    stanza = _sent(script, "M1")
    assert (stanza.get("to"), stanza.get("peer_recipient_pn"), stanza.get("type")) == (LID, PN, "text")
    encs = _encs(stanza)
    assert friend.open(encs[LID]) == Message(conversation="hello")
    copy = phone.open(encs[OWN.lid.bare])
    assert copy.device_sent_message.destination_jid == LID
    assert copy.device_sent_message.message.conversation == "hello"
    assert stanza.require("device-identity").bytes() == b"voucher"
    assert [news.wa_id for news in script.news(SendStarted)] == ["M1"]


def test_look_ups_are_made_once(script: Script) -> None:
    script.send("M1")
    script.send("M2")
    # One for the LID, one for the devices of both sides, one for the bundles of all of them.
    assert [len(script.asked(tag)) for tag in ("lid", "usync", "key")] == [1, 2, 1]
    assert script.record("lid", PN) == LID.encode()


def test_a_device_list_is_asked_for_again_after_a_day(script: Script) -> None:
    script.send("M1")
    script.wait(86_000)
    script.send("M2")
    assert len(script.asked("usync")) == 2
    script.wait(1_000)
    script.send("M3")
    assert len(script.asked("usync")) == 3


def test_companions_count_only_if_their_account_vouches_for_them(script: Script, friend: Stranger) -> None:
    account = friend.identity
    script.disk.records["identity", LID] = account.public
    signed = sign_key_index_list(account, KeyIndexes(1, 1, 3, frozenset({0, 2})))
    listed = [Node("device", {"id": id, "key-index": index}) for id, index in ((0, 0), (1, 2), (9, 3))]
    devices = [Node("device-list", content=listed), Node("key-index-list", {"ts": 1}, signed)]
    user = Node("user", {"jid": LID}, [Node("devices", content=devices)])
    script.answers["usync"] = lambda iq: Node("usync", content=[Node("list", content=[user])])
    script.send("M1", to=LID)
    assert script.record("device", LID) == f"{int(START)} 900002@lid 900002:1@lid".encode()
    forged = sign_key_index_list(KeyPair.generate(), KeyIndexes(1, 1, 3, frozenset({0, 2, 3})))
    devices[1] = Node("key-index-list", {"ts": 1}, forged)
    script.wait(90_000)
    script.send("M2", to=LID)
    assert (script.record("device", LID) or b"").split()[1:] == [b"900002@lid"]


def test_who_is_unknown_or_has_no_keys(script: Script, friend: Stranger) -> None:
    assert isinstance(script.send("M1", to=Jid("1999@s.whatsapp.net")), NotOnWhatsApp)
    script.answers["encrypt"] = lambda iq: Node("list", content=[])
    assert isinstance(script.send("M2"), NoRecipientDevice)
    friend.signed_prekey = replace(friend.signed_prekey, signature=bytes(64))
    script.answers.update(directory_of([friend]))
    assert isinstance(script.send("M3"), NoRecipientDevice)
    assert script.news(SendStarted) == []
    assert [key for key in script.disk.records if key[0] in ("sent", "unacked")] == []


@pytest.mark.parametrize("answer", [Node("nonsense"), Node("iq", {"type": "error"}, [Node("error", {"code": 500})])])
def test_a_look_up_that_fails_sends_nothing(script: Script, answer: Node) -> None:
    script.answers["usync"] = lambda iq: answer
    assert isinstance(script.send("M1"), NotSent)
    script.answers["usync"] = lambda iq: None
    assert isinstance(script.send("M1"), NotSent)


def test_an_answer_that_does_not_come_sends_nothing(script: Script) -> None:
    failures: list[Exception | None] = []
    script.machine.send(_outgoing("M1"), lambda error, _: failures.append(error))
    script.shell.answers.popleft()()
    while script.shell.answers:
        script.shell.answers.popleft()()
    script.shell.written.clear()
    script.wait(74)
    assert failures == []
    script.wait(2)
    assert [type(failure).__mro__[1] for failure in failures] == [NotSent]


def test_an_ack_settles_a_message(script: Script) -> None:
    script.send("M1")
    assert [key for key in script.disk.records if key[0] == "unacked"]
    script.hear(_ack("M1"), _ack("M1"))
    assert [(news.wa_id, news.timestamp) for news in script.news(SendAccepted)] == [("M1", 1)]
    assert [key for key in script.disk.records if key[0] == "unacked"] == []
    assert script.record("sent", "M1") is not None
    script.send("M1")
    assert len([node for node in script.said if node.get("id") == "M1"]) == 1


def test_a_refused_message_is_forgotten(script: Script) -> None:
    script.send("M1")
    script.hear(_ack("M1", error=463))
    assert [(news.wa_id, news.code) for news in script.news(SendRefused)] == [("M1", "account_restricted")]
    assert [key for key in script.disk.records if key[0] in ("unacked", "sent")] == []


def test_another_idea_of_the_devices_is_made_up_for(script: Script) -> None:
    script.send("M1")
    script.hear(_ack("M1", phash="2:other"))
    assert script.record("device", LID) is None
    assert script.record("device", OWN.lid.bare) is None
    assert [news.wa_id for news in script.news(SendAccepted)] == ["M1"]
    script.send("M2")
    unacked = next(value for key, value in script.disk.records.items() if key[0] == "unacked")
    phash = unacked.split(b"2:")[1][:8]
    script.hear(_ack("M2", phash=f"2:{phash.decode()}"))
    assert script.record("device", LID) is not None


def test_a_device_list_put_in_doubt_during_another_look_up_still_serves(script: Script, friend: Stranger) -> None:
    """Our own devices are asked for; meanwhile an ack says that the recipient's may have changed."""
    for wa_id in ("M1", "M2"):
        script.send(wa_id, to=LID)
    del script.disk.records["device", OWN.lid.bare]
    script.shell.forget_clean()
    usync = script.answers["usync"]

    def doubt(iq: Node) -> list[Node] | Node | None:
        script.machine.received(_ack("M2", phash="2:other"))
        return usync(iq)

    script.answers["usync"] = doubt
    assert script.send("M3", "hello", to=LID) is None
    assert friend.open(_encs(_sent(script, "M3"))[LID]) == Message(conversation="hello")


def test_what_was_not_acknowledged_goes_out_again_in_order(script: Script) -> None:
    for wa_id in ("M1", "M2", "M3"):
        script.send(wa_id)
    script.hear(_ack("M2"))
    first = [node for node in script.said if node.tag == "message"]
    script.machine.closed()
    script.said.clear()
    script.connect()
    again = [node for node in script.rest() or script.said if node.tag == "message"]
    assert again == [first[0], first[2]]
    script.said.clear()
    script.start()
    again = [node for node in script.rest() or script.said if node.tag == "message"]
    assert again == [first[0], first[2]]
    script.send("M4")
    assert [key[1] for key in script.disk.records if key[0] == "unacked"] == [f"{n:016}" for n in (1, 3, 4)]


def test_a_retry_is_answered_for_that_device_alone(script: Script, friend: Stranger) -> None:
    script.send("M1", "hello")
    said = script.hear(_retry(LID, "M1"))
    message, ack = said
    assert (message.get("id"), message.get("to"), message.get("device_fanout")) == ("M1", LID, "false")
    assert message.require("enc").get("count") == "1"
    assert friend.open(message.require("enc")) == Message(conversation="hello")
    assert (ack.tag, ack.get("class")) == ("ack", "receipt")


def test_our_phone_gets_its_copy_again(script: Script, phone: Stranger) -> None:
    script.send("M1", "hello")
    message, _ = script.hear(_retry(OWN.lid.bare, "M1"))
    assert phone.open(message.require("enc")).device_sent_message.message.conversation == "hello"


def test_a_retry_is_answered_ten_times(script: Script) -> None:
    script.send("M1")
    said = [script.hear(_retry(LID, "M1", 1)) for _ in range(11)]
    assert [len(each) for each in said] == [2] * 10 + [1]
    assert Sent.unpack(script.record("sent", "M1") or b"").answered == {LID: 10}


def test_a_retry_for_an_unknown_message_is_acknowledged(script: Script) -> None:
    (ack,) = script.hear(_retry(LID, "M0"))
    assert ack.tag == "ack"


def test_only_the_devices_of_the_chat_get_a_message_again(script: Script, friend: Stranger) -> None:
    """Else a server could have any message encrypted for a device of its own making."""
    script.send("M1")
    other = Stranger(Jid("900003@lid"), Jid("15550003@s.whatsapp.net"))
    hidden = Stranger(LID.with_device(9))
    script.answers.update(directory_of([friend, other, Stranger(OWN.lid.bare, OWN.pn.bare)]))
    for device in (other.device, hidden.device):
        (ack,) = script.hear(_retry(device, "M1"))
        assert ack.tag == "ack"
    message, _ = script.hear(_retry(LID, "M1"))
    assert message.tag == "message"


def test_a_session_begun_under_the_number_is_used_for_sending(script: Script, friend: Stranger) -> None:
    friend.device = PN
    friend.meet(script)
    script.hear(friend.stanza("A1", friend.encrypt(Message(conversation="hello"))))
    friend.device = LID
    assert script.record("session", PN) is not None
    script.send("M1")
    assert script.record("session", PN) is None
    assert _encs(_sent(script, "M1"))[LID].get("type") == "msg"


def test_the_second_retry_begins_a_new_session(script: Script) -> None:
    script.send("M1")
    bundles = len(script.asked("key"))
    script.hear(_retry(LID, "M1", 1))
    assert len(script.asked("key")) == bundles
    script.hear(_retry(LID, "M1", 2))
    assert len(script.asked("key")) == bundles + 1


def test_three_messages_refused_begin_a_new_session(script: Script) -> None:
    early = [f"M{number}" for number in range(8)]
    for wa_id in early:
        script.send(wa_id)
    bundles = len(script.asked("key"))
    script.wait(1)
    for wa_id in early[:2] * 2:
        script.hear(_retry(LID, wa_id))
    assert len(script.asked("key")) == bundles
    for wa_id in early[2:]:  # all encrypted before the new session, so they say nothing about it
        script.hear(_retry(LID, wa_id))
    assert len(script.asked("key")) == bundles + 1
    script.wait(1)
    for number in range(3):
        script.send(f"L{number}")
        script.hear(_retry(LID, f"L{number}"))
    assert len(script.asked("key")) == bundles + 2


def test_keys_that_come_along_are_used_once(script: Script, friend: Stranger) -> None:
    """Of several requests at once, the first begins a session and the others are answered with it."""
    for wa_id in ("M1", "M2"):
        script.send(wa_id)
        script.hear(_retry(LID, wa_id, 1))
    script.wait(1)
    keys = Node("keys", content=friend.bundle_node().children[1:])
    said = []
    for wa_id in ("M1", "M2"):
        asked = _retry(LID, wa_id, 2, keys)
        asked.children[1] = registration_node(4711)
        said += script.hear(asked)
    first, second = (node.require("enc").bytes() for node in said if node.tag == "message")
    assert prekey_ids(first).base_key == prekey_ids(second).base_key
    assert prekey_ids(first).base_key != prekey_ids(_encs(_sent_first(script))[LID].bytes()).base_key


def _sent_first(script: Script) -> Node:
    return next(node for node in script.said if node.tag == "message")


def test_a_retry_with_keys_needs_no_server(script: Script, friend: Stranger) -> None:
    script.send("M1", "hello")
    reborn = Stranger()
    keys = [
        Node("type", content=b"\x05"),
        Node("identity", content=reborn.identity.public),
        prekey_node(reborn.prekey),
        signed_prekey_node(reborn.signed_prekey),
    ]
    bundles = len(script.asked("key"))
    asked = _retry(LID, "M1", 2, Node("keys", content=keys))
    asked.children[1] = registration_node(4711)
    message, _ = script.hear(asked)
    assert reborn.open(message.require("enc")) == Message(conversation="hello")
    assert len(script.asked("key")) == bundles
    assert script.record("identity", LID) == reborn.identity.public


def test_tokens_are_issued_once_a_week_and_sent_along(script: Script) -> None:
    script.send("M1")
    script.send("M2")
    assert len(script.asked("token")) == 1
    assert _sent(script, "M2").child("tctoken") is None
    given = Node("tokens", content=[Node("token", {"type": "trusted_contact", "t": int(START)}, b"token")])
    script.hear(Node("notification", {"id": "N1", "from": PN, "type": "privacy_token", "t": 1}, [given]))
    script.send("M3")
    assert _sent(script, "M3").require("tctoken").bytes() == b"token"
    older = Node("tokens", content=[Node("token", {"type": "trusted_contact", "t": 1}, b"older")])
    script.hear(Node("notification", {"id": "N2", "from": PN, "type": "privacy_token", "t": 1}, [older]))
    script.wait(WEEK)
    script.send("M4")
    assert _sent(script, "M4").require("tctoken").bytes() == b"token"
    assert len(script.asked("token")) == 2
    script.wait(5 * WEEK)
    script.send("M5")
    assert _sent(script, "M5").child("tctoken") is None
    assert ContactToken.unpack(script.record("tctoken", LID)).issued_at == int(script.now)


def test_nothing_goes_out_before_the_login_is_done(script: Script) -> None:
    script.machine.closed()
    assert isinstance(script.send("M1"), NotSent)
    script.machine.opened()
    assert isinstance(script.send("M1"), NotSent)
    script.hear(Node("success", {"t": 1}))
    assert script.send("M1") is None


def _outgoing(wa_id: str) -> Outgoing:
    return Outgoing(MessageId("msg_1"), wa_id, Address(PN), Text("hello"))
