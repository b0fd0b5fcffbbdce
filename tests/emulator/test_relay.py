import pytest

from emulator.companion import Companion
from emulator.wires import Line, Wires
from whatsapp_emulator.world.handset import Shown
from whatsapp_wire.jid import Jid
from whatsapp_wire.message import read, text_message
from whatsapp_wire.node import Node

ANN, BOB = "4917001", "4917002"


def two() -> tuple[Wires, Companion, Line]:
    wires = Wires()
    companion, line = wires.pair(ANN, "Ann")
    wires.world.account(BOB, "Bob")
    return wires, companion, line


def texts(shown: list[Shown]) -> list[str | None]:
    return [read(message.message).text for message in shown]


def inbox(wires: Wires, phone: str) -> list[str | None]:
    return texts(list(wires.world.phone(phone).inbox))


def test_a_text_reaches_both_phones_and_is_acknowledged_first() -> None:
    wires, _, line = two()
    wires.send(line, "M1", BOB, "hello")
    wires.send(line, "M2", BOB, "again")
    assert inbox(wires, BOB) == ["hello", "again"]
    [copy, _] = wires.world.phone(ANN).inbox
    assert (copy.own, copy.chat) == (True, wires.world.account(BOB).lid)
    first, second = [node for node in line.heard if node.get("id") == "M1"]
    assert (first.tag, first.get("class")) == ("ack", "message")
    assert (second.tag, second.jid("from")) == ("receipt", wires.world.account(BOB).lid)
    assert wires.world.audit.violations == []


def test_a_text_reaches_every_companion_with_the_right_addresses() -> None:
    wires, companion, line = two()
    bob, bob_line = wires.pair(BOB)
    other, other_line = wires.pair(ANN)
    lid = wires.world.account(BOB).lid
    stanza = Node(
        "message",
        {"id": "M1", "type": "text", "to": lid, "peer_recipient_pn": wires.world.account(BOB).pn},
        [
            Node("participants", None, [to(bob.lid), to(other.lid)]),
            Node("device-identity", None, b"adv"),
            Node("tctoken"),
        ],
    )
    line.say(stanza)
    received, copy = bob_line.the("message"), other_line.the("message")
    assert received.jid("from") == copy.jid("from") == companion.lid
    assert received.jid("sender_pn") == companion.pn.bare
    assert (received.get("recipient"), received.get("addressing_mode")) == (None, "lid")
    assert (copy.jid("recipient"), copy.jid("peer_recipient_pn")) == (lid, wires.world.account(BOB).pn)
    assert [child.tag for child in received.children] == ["enc", "device-identity"]


def to(jid: Jid) -> Node:
    return Node("to", {"jid": jid}, [Node("enc", {"type": "msg", "v": 2}, a_ciphertext())])


def a_ciphertext() -> bytes:
    companion, jid = Companion(), Jid("1@lid")
    companion.begin(
        Node(
            "user",
            {"jid": jid},
            [
                Node("registration", None, b"\x00\x00\x00\x01"),
                Node("identity", None, companion.identity.public),
                Companion.skey(companion.signed_prekey),
            ],
        )
    )
    # The MAC is nobody's business on the way.
    return companion.seal(jid, text_message("x")).bytes()[-60:]


def test_number_addressed_messages_arrive_by_number() -> None:
    wires, companion, line = two()
    bob, bob_line = wires.pair(BOB)
    companion.sessions.clear()
    stanza = Node(
        "message", {"id": "M1", "type": "text", "to": bob.pn.bare}, [Node("participants", None, [to(bob.pn)])]
    )
    line.say(stanza)
    received = bob_line.the("message")
    assert received.jid("from") == companion.pn
    assert received.jid("sender_lid") == companion.lid.bare
    assert received.get("addressing_mode") == "pn"


def test_the_same_frame_again_is_shown_once_and_receipted_again() -> None:
    wires, _, line = two()
    stanza = wires.send(line, "M1", BOB, "hello")
    line.heard.clear()
    line.say(stanza)
    assert inbox(wires, BOB) == ["hello"]
    assert [node.tag for node in line.heard] == ["ack", "receipt"]
    assert wires.world.audit.counts["same ciphertext"] == 2
    assert wires.world.audit.violations == []


def test_a_ratchet_key_used_twice_is_found() -> None:
    wires, companion, line = two()
    wires.send(line, "M1", BOB, "hello")
    sessions = dict(companion.sessions)
    wires.send(line, "M2", BOB, "one")
    companion.sessions = sessions
    wires.send(line, "M3", BOB, "two")
    reuses = [found for found in wires.world.audit.violations if found.kind == "ratchet_reuse"]
    assert [found.who for found in reuses] == [f"{ANN}:1"] * 2
    assert inbox(wires, BOB) == ["hello", "one"]


def test_a_message_that_cannot_be_read_is_reported_and_asked_for_again() -> None:
    wires, companion, line = two()
    wires.send(line, "M1", BOB, "hello")
    companion.open(line.the("message", id=wires.type(BOB, companion.lid, "hi")))
    lid = wires.world.account(BOB).lid
    enc = companion.seal(lid, text_message("spoilt"))
    enc.content = enc.bytes()[:-1] + bytes((enc.bytes()[-1] ^ 1,))
    line.say(
        Node(
            "message",
            {"id": "M2", "type": "text", "to": lid},
            [Node("participants", None, [Node("to", {"jid": lid}, [enc])])],
        )
    )
    retry = line.the("receipt", type="retry")
    assert (retry.get("id"), retry.jid("from")) == ("M2", lid)
    assert retry.require("retry").get("count") == "1"
    assert retry.child("keys") is None
    [found] = wires.world.audit.violations
    assert (found.kind, found.who) == ("failed_decryption", f"{ANN}:1")
    line.say(Node("message", {"id": "M2", "type": "text", "to": lid}, [companion.seal(lid, text_message("whole"))]))
    assert inbox(wires, BOB) == ["hello", "whole"]


def test_a_phone_that_lost_its_keys_asks_again_and_nobody_is_blamed() -> None:
    wires, companion, line = two()
    wires.send(line, "M1", BOB, "hello")
    answer = wires.type(BOB, companion.lid, "hi")
    companion.open(line.the("message", id=answer))
    wires.world.phone(BOB).forget_keys()
    wires.send(line, "M2", BOB, "lost")
    wires.send(line, "M2", BOB, "lost")
    once, twice = line.take("receipt", type="retry")
    assert [retry.require("retry").get("count") for retry in (once, twice)] == ["1", "2"]
    user = Node(
        "user", {"jid": wires.world.account(BOB).lid}, [*twice.require("keys").children, twice.require("registration")]
    )
    companion.begin(user)
    wires.send(line, "M2", BOB, "found")
    assert inbox(wires, BOB) == ["hello", "found"]
    assert wires.world.audit.violations == []
    companion.sessions[wires.world.account(BOB).lid] = companion.sessions[wires.world.account(ANN).lid]
    wires.send(line, "M3", BOB, "in the wrong session")
    assert [found.kind for found in wires.world.audit.violations] == ["failed_decryption"]


def test_a_phone_asks_five_times_at_most() -> None:
    wires, companion, line = two()
    wires.send(line, "M0", BOB, "hello")
    companion.open(line.the("message", id=wires.type(BOB, companion.lid, "hi")))
    wires.world.phone(BOB).forget_keys()
    for _ in range(7):
        wires.send(line, "M1", BOB, "lost")
    assert len(line.take("receipt", type="retry")) == 5


@pytest.mark.parametrize(
    ("knobs", "acks", "shown"),
    [
        ({"no_ack": True}, [], ["hello"]),
        ({"lose_messages": True}, [], []),
        ({"ack_error": "463"}, ["463"], []),
    ],
)
def test_acks_can_go_wrong(knobs: dict[str, object], acks: list[str], shown: list[str]) -> None:
    wires, _, line = two()
    wires.world.faults.update(knobs)
    wires.send(line, "M1", BOB, "hello")
    assert [ack.get("error") for ack in line.take("ack")] == acks
    assert inbox(wires, BOB) == shown


def test_a_message_to_nobody_is_refused() -> None:
    _, line = Wires().pair(ANN)
    line.say(Node("message", {"id": "M1", "type": "text", "to": Jid("999@lid")}))
    assert line.the("ack").get("error") == "404"


def test_deaf_means_silence_both_ways() -> None:
    wires, companion, line = two()
    wires.send(line, "M0", BOB, "hello")
    line.heard.clear()
    wires.world.faults.update({"deaf": True})
    wires.send(line, "M1", BOB, "unheard")
    late = wires.type(BOB, companion.lid, "unsaid")
    assert line.heard == []
    assert inbox(wires, BOB) == ["hello"]
    wires.world.faults.update({"deaf": False})
    line.close()
    wires.log_in(companion).the("message", id=late)


def test_swallowing_phones_cost_nothing_and_answer_nothing() -> None:
    wires, _, line = two()
    wires.world.phone(BOB).set({"swallow": True})
    wires.world.phone(ANN).set({"swallow": True})
    wires.send(line, "M1", BOB, "hello")
    line.the("ack")
    assert line.heard == []
    assert inbox(wires, BOB) == []
    wires.world.phone(BOB).set({"swallow": False})
    wires.send(line, "M2", BOB, "now")
    assert inbox(wires, BOB) == ["now"]


def test_an_unknown_device_in_the_list_does_no_harm() -> None:
    wires, _, line = two()
    lid = wires.world.account(BOB).lid
    line.say(
        Node("message", {"id": "M", "type": "text", "to": lid}, [Node("participants", None, [to(lid.with_device(7))])])
    )
    line.the("ack")
    assert wires.world.audit.counts["messages to unknown devices"] == 1
