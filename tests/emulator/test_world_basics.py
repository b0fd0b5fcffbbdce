from emulator.wires import Wires


def test_text_reaches_the_phone_and_comes_back():
    wires = Wires()
    companion, line = wires.pair("4917001", "Ann")
    wires.world.account("4917002", "Bob")
    wires.send(line, "M1", "4917002", "hello")
    bob = wires.world.phone("4917002")
    assert [shown.as_dict()["text"] for shown in bob.inbox] == ["hello"]
    assert [shown.own for shown in wires.world.phone("4917001").inbox] == [True]
    line.the("ack", id="M1")
    line.the("receipt", id="M1")
    id = wires.type("4917002", companion.lid, "hi there")
    message = line.the("message", id=id)
    assert companion.open(message).conversation == "hi there"
    line.say(companion.receipt(message))
    assert [receipt.ids for receipt in bob.receipts if receipt.device.device] == [(id,)]
    assert wires.world.audit.violations == []
