from hypothesis import given
from hypothesis import strategies as st

from emulator.companion import Companion
from emulator.wires import Line, Wires
from whatsapp_emulator.world.queue import DeviceQueue
from whatsapp_wire.jid import Jid
from whatsapp_wire.node import Node

ANN = Jid("100@lid")


def message(id: str, sender: Jid = ANN) -> Node:
    return Node("message", {"id": id, "from": sender})


def ack(of: Node, **attrs: str) -> Node:
    return Node("ack", {"class": of.tag, "id": of.attr("id"), "to": of.jid("from"), **attrs})


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 5))))
def test_what_is_not_acknowledged_waits_in_order(steps: list[tuple[bool, int]]) -> None:
    queue = DeviceQueue()
    expected: list[str] = []
    for is_put, number in steps:
        id = f"M{number}"
        if is_put:
            queue.put(message(id))
            expected = [waiting for waiting in expected if waiting != id] + [id]
        else:
            assert queue.acknowledge("message", ack(message(id))) == (id in expected)
            expected = [waiting for waiting in expected if waiting != id]
    assert [node.attr("id") for node in queue] == expected
    assert queue.counts()["message"] == len(queue) == len(expected)


def test_one_receipt_of_a_message_does_not_replace_another() -> None:
    queue = DeviceQueue()
    delivered, read = (Node("receipt", {"id": "M", "from": ANN, "type": type}) for type in (None, "read"))
    queue.put(delivered)
    queue.put(read)
    assert list(queue) == [delivered, read]
    assert queue.acknowledge("receipt", ack(read, type="read"))
    assert list(queue) == [delivered]


def test_a_sender_may_be_spelled_with_or_without_its_device() -> None:
    queue = DeviceQueue()
    queue.put(message("M", ANN.with_device(3)))
    assert not queue.acknowledge("message", ack(message("M", Jid("200@lid"))))
    assert not queue.acknowledge("receipt", ack(message("M")))
    assert queue.acknowledge("message", ack(message("M", ANN)))
    assert len(queue) == 0


def test_the_ack_beside_a_retry_receipt_is_not_for_the_answer() -> None:
    queue = DeviceQueue()
    queue.put(message("M"))
    queue.excuse(Node("receipt", {"id": "M", "to": ANN, "type": "retry"}))
    assert len(queue) == 0
    queue.put(message("M"))
    assert queue.acknowledge("message", ack(message("M")))
    assert len(queue) == 1
    assert queue.acknowledge("message", ack(message("M")))
    assert len(queue) == 0


def test_an_ack_that_was_under_way_does_not_outlive_its_connection() -> None:
    queue = DeviceQueue()
    queue.put(message("M"))
    queue.excuse(Node("receipt", {"id": "M", "to": ANN, "type": "retry"}))
    queue.resume()
    queue.put(message("M"))
    assert queue.acknowledge("message", ack(message("M")))
    assert len(queue) == 0


class Patient:
    """A companion that notes what it is shown, acknowledges when told, and may hang up at any time."""

    def __init__(self, wires: Wires) -> None:
        self.wires = wires
        self.companion: Companion
        self.line: Line
        self.companion, self.line = wires.pair("4917001")
        self.companion.prekeys.clear()

    def shown(self) -> list[str]:
        return [node.attr("id") for node in self.line.heard if node.tag == "message"]

    def acknowledge_oldest(self) -> str | None:
        waiting = [node for node in self.line.heard if node.tag == "message"]
        if not waiting:
            return None
        self.line.heard.remove(waiting[0])
        self.line.say(self.companion.ack(waiting[0]))
        return waiting[0].attr("id")

    def reconnect(self) -> None:
        self.line.close()
        self.line = self.wires.log_in(self.companion)


@given(st.lists(st.sampled_from(["type", "acknowledge", "reconnect", "hang up"]), max_size=25))
def test_every_message_is_delivered_until_acknowledged_in_order(steps: list[str]) -> None:
    wires = Wires()
    patient = Patient(wires)
    wires.world.account("4917002")
    expected: list[str] = []
    for step in steps:
        if step == "type":
            expected.append(wires.type("4917002", patient.companion.lid, "x"))
        elif step == "acknowledge" and patient.line.link.open:
            acknowledged = patient.acknowledge_oldest()
            assert acknowledged == (expected[0] if expected else None)
            del expected[:1]
        elif step == "hang up":
            patient.line.close()
        elif step == "reconnect":
            patient.reconnect()
            assert patient.shown() == expected
    patient.reconnect()
    assert patient.shown() == expected
    assert wires.world.audit.violations == []
