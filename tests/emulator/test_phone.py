import pytest

from emulator.companion import Companion, iq
from emulator.wires import Line, Wires
from whatsapp_emulator.world.composing import NoSuchMessage, NoSuchPerson
from whatsapp_wire.errors import BadMac
from whatsapp_wire.jid import Jid
from whatsapp_wire.message import Kind, read
from whatsapp_wire.node import Node

ANN, BOB = "4917001", "4917002"


def two() -> tuple[Wires, Companion, Line]:
    wires = Wires()
    companion, line = wires.pair(ANN, "Ann")
    wires.world.account(BOB, "Bob")
    return wires, companion, line


def test_what_is_typed_carries_both_addresses_and_a_name() -> None:
    wires, companion, line = two()
    message = line.the("message", id=wires.type(BOB, companion.pn, "hi"))
    bob = wires.world.account(BOB)
    assert (message.jid("from"), message.jid("sender_pn")) == (bob.lid, bob.pn)
    assert (message.get("notify"), message.get("addressing_mode")) == ("Bob", "lid")
    assert companion.open(message).conversation == "hi"


def test_what_the_own_phone_types_comes_as_a_copy() -> None:
    wires, companion, line = two()
    copy = line.the("message", id=wires.type(ANN, wires.world.account(BOB).pn, "mine"))
    assert copy.jid("from") == companion.lid.bare
    assert copy.jid("recipient") == wires.world.account(BOB).lid
    opened = companion.open(copy)
    assert opened.device_sent_message.destination_jid == wires.world.account(BOB).lid
    assert read(opened).text == "mine"
    [shown] = wires.world.phone(BOB).inbox
    assert (shown.as_dict()["text"], shown.sender) == ("mine", companion.lid.bare)
    line.the("receipt", id=copy.get("id"))


def test_a_reply_quotes_and_mentions() -> None:
    wires, companion, line = two()
    wires.send(line, "M1", BOB, "question")
    bob = wires.world.phone(BOB)
    id = bob.type(companion.lid, "answer", quote="M1", mentions=[companion.lid.bare])
    wires.carry()
    content = read(companion.open(line.the("message", id=id)))
    assert (content.kind, content.text) == (Kind.TEXT, "answer")
    assert content.quoted is not None
    assert (content.quoted.id, content.quoted.text, content.quoted.sender) == ("M1", "question", companion.lid.bare)
    assert content.mentions == (companion.lid.bare,)
    own = bob.type(companion.lid, "and", quote=id)
    wires.carry()
    quoted = read(companion.open(line.the("message", id=own))).quoted
    assert quoted is not None
    assert quoted.sender == wires.world.account(BOB).lid
    with pytest.raises(NoSuchMessage):
        bob.type(companion.lid, "x", quote="M9")
    with pytest.raises(NoSuchPerson):
        bob.type(Jid("9@lid"), "x")


def test_reading_sends_one_receipt_for_many_messages_and_none_twice() -> None:
    wires, _, line = two()
    for id in ("M1", "M2", "M3"):
        wires.send(line, id, BOB, id)
    line.heard.clear()
    bob = wires.world.phone(BOB)
    assert bob.read(["M2"]) == ["M2"]
    assert bob.read() == ["M1", "M3"]
    assert bob.read() == []
    assert bob.play(["M3"]) == ["M3"]
    wires.carry()
    single, listed = line.take("receipt", type="read")
    assert (single.get("id"), single.children) == ("M2", [])
    assert (listed.get("id"), [item.get("id") for item in listed.require("list").children]) == ("M1", ["M3"])
    line.the("receipt", type="played", id="M3")


def test_a_companions_receipts_reach_the_phone_that_typed() -> None:
    wires, companion, line = two()
    _, other_line = wires.pair(BOB)
    ids = [wires.type(BOB, companion.lid, text) for text in "ab"]
    messages = line.take("message")
    line.say(companion.receipt(messages[0], "inactive"))
    line.say(companion.receipt(messages[1]))
    assert len(line.take("ack")) == 2
    read_all = Node(
        "receipt",
        {"id": ids[0], "type": "read", "to": wires.world.account(BOB).lid},
        [Node("list", None, [Node("item", {"id": ids[1]})])],
    )
    line.say(read_all)
    seen = [
        (receipt.type, receipt.ids) for receipt in wires.world.phone(BOB).receipts if receipt.device == companion.lid
    ]
    assert seen == [("inactive", (ids[0],)), ("delivered", (ids[1],)), ("read", tuple(ids))]
    assert other_line.the("receipt", type="read").jid("from") == companion.lid
    assert len(wires.world.account(ANN).devices[1].queue) == 0


@pytest.mark.parametrize("type", ["sender", "peer_msg", "hist_sync", "read-self"])
def test_some_receipts_are_nobody_elses_business(type: str) -> None:
    wires, companion, line = two()
    message = line.the("message", id=wires.type(BOB, companion.lid, "x"))
    before = len(wires.world.phone(BOB).receipts)
    line.say(companion.receipt(message, type))
    line.the("ack", type=type)
    assert len(wires.world.phone(BOB).receipts) == before


def test_a_phone_answers_a_companion_that_asks_again() -> None:
    wires, companion, line = two()
    id = wires.world.phone(BOB).send_corrupt(companion.pn, "spoilt")
    wires.carry()
    message = line.the("message", id=id)
    with pytest.raises(BadMac):
        companion.open(message)
    lid = message.jid("from")
    retry = [
        Node("retry", {"count": 1, "id": id, "t": message.get("t"), "v": 1}),
        Node("registration", None, b"\x00\x00\x12\x67"),
    ]
    line.say(Node("receipt", {"id": id, "to": lid, "type": "retry"}, retry))
    line.say(companion.ack(message))
    assert len(wires.world.account(ANN).devices[1].queue) == 1, "the ack of what was asked for again took the answer"
    again = line.the("message", id=id)
    assert again.require("enc").get("count") == "1"
    line.say(companion.ack(again))
    assert len(wires.world.account(ANN).devices[1].queue) == 0
    key = next(iter(companion.prekeys.values()))
    keys = [
        Node("type", None, b"\x05"),
        Node("identity", None, companion.identity.public),
        companion.key(key),
        companion.skey(companion.signed_prekey),
    ]
    retry[0].attrs["count"] = "2"
    line.say(Node("receipt", {"id": id, "to": lid, "type": "retry"}, [*retry, Node("keys", None, keys)]))
    companion.sessions.clear()
    assert read(companion.open(line.the("message", id=id))).text == "spoilt"
    assert wires.world.audit.violations == []


def test_an_answer_is_kept_when_the_connection_ends_before_the_ack_of_the_first_message() -> None:
    wires, companion, line = two()
    message = line.the("message", id=wires.type(BOB, companion.lid, "x"))
    id = message.attr("id")
    retry = Node("retry", {"count": 1, "id": id, "t": message.get("t"), "v": 1})
    line.say(Node("receipt", {"id": id, "to": message.jid("from"), "type": "retry"}, [retry]))
    line.close()
    line = wires.log_in(companion)
    answer = line.the("message", id=id)
    assert answer.require("enc").get("count") == "1"
    line.say(companion.ack(answer))
    assert len(wires.world.account(ANN).devices[1].queue) == 0


def test_forged_keys_in_a_retry_receipt_are_reported() -> None:
    wires, companion, line = two()
    message = line.the("message", id=wires.type(BOB, companion.lid, "x"))
    stranger = Companion()
    keys = Node(
        "keys", None, [Node("identity", None, stranger.identity.public), companion.skey(companion.signed_prekey)]
    )
    content = [
        Node("retry", {"count": 2, "id": message.get("id")}),
        Node("registration", None, b"\x00\x00\x00\x01"),
        keys,
    ]
    line.say(Node("receipt", {"id": message.get("id"), "to": message.jid("from"), "type": "retry"}, content))
    assert [found.kind for found in wires.world.audit.violations] == ["bad_signature"]


def test_a_retry_request_between_companions_goes_to_the_sender_only() -> None:
    wires, companion, line = two()
    bob, bob_line = wires.pair(BOB)
    _, other_line = wires.pair(ANN)
    line.take("notification")
    head = {"id": "M1", "to": companion.lid, "type": "retry"}
    bob_line.say(Node("receipt", head, [Node("retry", {"count": 1, "id": "M1", "t": 1, "v": 1})]))
    receipt = line.the("receipt", type="retry")
    assert (receipt.jid("from"), receipt.require("retry").get("id")) == (bob.lid, "M1")
    assert other_line.take("receipt") == []


def test_a_phone_can_ask_for_what_it_has() -> None:
    wires, _, line = two()
    wires.send(line, "M1", BOB, "hello")
    wires.world.phone(BOB).ask_again("M1", 2)
    wires.world.phone(ANN).ask_again("M1")
    wires.carry()
    from_bob, own = line.take("receipt", type="retry")
    assert from_bob.child("keys") is not None
    assert own.jid("recipient") == wires.world.account(BOB).lid
    with pytest.raises(NoSuchMessage):
        wires.world.phone(BOB).ask_again("M9")


def test_a_contact_that_answers() -> None:
    wires, companion, line = two()
    wires.world.phone(BOB).set({"auto_reply": "you said {text}"})
    wires.send(line, "M1", BOB, "hello")
    assert companion.open(line.the("message")).conversation == "you said hello"
    wires.world.phone(BOB).set({"auto_reply": None, "auto_receipt": False})
    line.heard.clear()
    wires.send(line, "M2", BOB, "hello")
    assert [node.tag for node in line.heard] == ["ack"]


def test_a_contact_that_reads_at_once() -> None:
    wires, _, line = two()
    wires.world.phone(BOB).set({"auto_read": True})
    wires.send(line, "M1", BOB, "hello")
    assert [receipt.get("type") for receipt in line.take("receipt")] == [None, "read"]
    assert wires.world.phone(BOB).read() == []


@pytest.mark.parametrize("settings", [{"volume": 1}, {"swallow": "yes"}, {"auto_reply": 5}, {"swallow": True, "x": 1}])
def test_settings_are_checked_and_then_none_is_changed(settings: dict[str, object]) -> None:
    wires, _, _ = two()
    before = wires.world.phone(BOB).settings
    with pytest.raises(ValueError, match=r"setting|must be"):
        wires.world.phone(BOB).set(settings)
    assert wires.world.phone(BOB).settings == before


def test_reinstalling_changes_the_identity_and_tells_who_knew_it() -> None:
    wires, _, line = two()
    bob, bob_line = wires.pair(BOB)
    account = wires.world.account(BOB)
    query = [Node("query", None, [Node("devices")]), Node("list", None, [Node("user", {"jid": bob.lid.bare})])]
    line.ask(iq("usync", "get", Node("usync", {"sid": "1"}, query)))
    before = account.identity.public
    wires.world.phone(BOB).reinstall()
    wires.carry()
    assert account.identity.public != before
    assert bob_line.the("stream:error").get("code") == "401"
    changed = line.the("notification", type="encrypt")
    assert changed.child("identity") is not None
    assert changed.jid("from") == account.pn


def test_presence_and_typing_reach_who_listens() -> None:
    wires, companion, line = two()
    bob = wires.world.account(BOB)
    line.say(Node("presence", {"type": "subscribe", "to": bob.lid}))
    assert line.the("presence").get("type") == "unavailable"
    wires.world.phone(BOB).set_available(available=True)
    wires.carry()
    assert line.the("presence").get("type") is None
    wires.world.phone(BOB).set_typing(companion.pn, on=True)
    wires.carry()
    state = line.the("chatstate")
    assert (state.jid("from"), state.children[0].tag) == (bob.lid, "composing")
    line.say(Node("presence", {"type": "unsubscribe", "to": bob.lid}))
    wires.world.phone(BOB).set_available(available=False)
    wires.carry()
    assert line.take("presence") == []


def test_a_companion_is_present_until_it_hangs_up() -> None:
    wires, companion, line = two()
    _, bob_line = wires.pair(BOB)
    bob_line.say(Node("presence", {"type": "subscribe", "to": companion.lid.bare}))
    bob_line.take("presence")
    line.say(Node("presence", {"type": "available", "name": "Annie"}))
    assert bob_line.the("presence").jid("from") == companion.lid.bare
    assert wires.world.account(ANN).name == "Annie"
    line.say(Node("chatstate", {"to": wires.world.account(BOB).lid}, [Node("paused")]))
    assert bob_line.the("chatstate").jid("from") == companion.lid.bare
    wires.now += 60
    line.close()
    gone = bob_line.the("presence")
    assert (gone.get("type"), gone.get("last")) == ("unavailable", str(int(wires.now)))
