import pytest

from emulator.companion import Companion, iq
from emulator.wires import Line, Wires
from whatsapp_emulator.world.tickets import Ticket
from whatsapp_wire.crypto.keys import KeyPair
from whatsapp_wire.errors import PairingRefused
from whatsapp_wire.jid import Jid
from whatsapp_wire.node import Node
from whatsapp_wire.pairing import link_code
from whatsapp_wire.pairing.identity import verify_key_index_list

PHONE = "4917001"


def test_pairing_by_qr_ends_in_a_restart_and_a_login() -> None:
    wires = Wires()
    companion = Companion()
    line = Line(wires, companion)
    ticket = wires.world.scan(PHONE, companion.qr(line.the("iq")))
    wires.carry()
    line.say(companion.accept(line.the("iq")))
    assert line.the("stream:error").get("code") == "515"
    assert line.hangup is not None
    assert line.hangup.grace_s > 0
    assert ticket.outcome == "paired"
    assert [settled.ticket for settled in wires.settled] == [ticket]
    assert companion.pn == Jid(f"{PHONE}:1@s.whatsapp.net")
    again = Line(wires, companion)
    assert again.the("success").jid("lid") == companion.lid
    again.activate()
    assert again.the("message", category="peer").get("from") == f"{PHONE}@s.whatsapp.net"
    assert wires.world.audit.violations == []


def test_the_first_message_can_be_sealed_before_any_upload() -> None:
    wires = Wires()
    companion = Companion()
    companion.prekeys.clear()
    line = Line(wires, companion)
    wires.world.scan(PHONE, companion.qr(line.the("iq")))
    wires.carry()
    line.say(companion.accept(line.the("iq")))
    again = Line(wires, companion)
    again.activate()
    shared = companion.open(again.the("message", category="peer")).protocol_message.app_state_sync_key_share
    assert shared.keys[0].key_data.key_data == wires.world.account(PHONE).handset.app_state.newest[1]


def test_a_code_nobody_shows_cannot_be_scanned() -> None:
    wires = Wires()
    companion = Companion()
    line = Line(wires, companion)
    code = companion.qr(line.the("iq"))
    companion.noise = KeyPair.generate()
    with pytest.raises(PairingRefused, match="another Noise key"):
        wires.world.scan(PHONE, code.replace(code.split(",")[1], companion.qr_part()))
    line.close()
    with pytest.raises(PairingRefused, match="no connection"):
        wires.world.scan(PHONE, code)
    with pytest.raises(PairingRefused):
        wires.world.scan(PHONE, "https://example.org/")


def test_one_pairing_at_a_time_on_a_connection() -> None:
    wires = Wires()
    companion = Companion()
    line = Line(wires, companion)
    code = companion.qr(line.the("iq"))
    wires.world.scan(PHONE, code)
    with pytest.raises(PairingRefused, match="already"):
        wires.world.scan("4917002", code)


def scanned(wires: Wires) -> tuple[Companion, Line, Ticket, Node]:
    companion = Companion()
    line = Line(wires, companion)
    ticket = wires.world.scan(PHONE, companion.qr(line.the("iq")))
    wires.carry()
    return companion, line, ticket, line.the("iq")


def test_a_companion_may_refuse() -> None:
    wires = Wires()
    _, line, ticket, offer = scanned(wires)
    line.say(Node("iq", {"id": offer.attr("id"), "type": "error"}, [Node("error", {"code": 401, "text": "no"})]))
    assert ticket.outcome == "refused"
    assert "401" in ticket.reason
    assert wires.world.account(PHONE).devices == {}


def test_a_signature_that_does_not_hold_is_reported() -> None:
    wires = Wires()
    companion, line, ticket, offer = scanned(wires)
    companion.identity = KeyPair.generate()
    with pytest.raises(PairingRefused):
        companion.accept(offer)
    head = {"id": offer.attr("id"), "type": "result"}
    line.say(Node("iq", head, [Node("pair-device-sign", None, [Node("device-identity", None, b"\x0a\x00")])]))
    assert ticket.outcome == "refused"
    assert [found.kind for found in wires.world.audit.violations] == ["bad_signature"]


def test_hanging_up_ends_the_pairing() -> None:
    wires = Wires()
    _, line, ticket, _ = scanned(wires)
    line.close()
    assert (ticket.outcome, ticket.reason) == ("refused", "the client hung up")


def test_others_learn_of_a_new_device_and_of_its_removal() -> None:
    wires = Wires()
    ann, ann_line = wires.pair("4917001")
    _, bob_line = wires.pair("4917002")
    account = wires.world.account("4917001")
    query = [
        Node("query", None, [Node("devices", {"version": "2"})]),
        Node("list", None, [Node("user", {"jid": account.lid})]),
    ]
    bob_line.ask(iq("usync", "get", Node("usync", {"sid": "1", "mode": "query", "context": "message"}, query)))
    second, _ = wires.pair("4917001")
    add = bob_line.the("notification", type="devices").require("add")
    assert add.require("device").jid("lid") == second.lid == ann.lid.with_device(2)
    indexes = verify_key_index_list(add.require("key-index-list").bytes(), account.identity.public)
    assert indexes.valid == {0, 1, 2}
    own = ann_line.the("notification", type="account_sync").require("devices")
    assert [device.jid("jid").device for device in own.all("device")] == [0, 1, 2]
    wires.world.phone("4917001").log_out(2)
    wires.carry()
    remove = bob_line.the("notification", type="devices").require("remove")
    assert remove.require("device").jid("lid") == second.lid
    assert ann_line.link.open


class CodePairing:
    """A companion that pairs by code, up to where the phone has typed it."""

    def __init__(self, wires: Wires, typed: str | None = None) -> None:
        self.companion = companion = Companion()
        self.line = Line(wires, companion)
        self.line.the("iq")
        self.ephemeral = KeyPair.generate()
        self.code = link_code.new_code()
        salt = link_code.new_salt()
        wrapped = link_code.wrap(self.ephemeral.public, link_code.stretch(self.code, salt), salt)
        answer = self.line.ask(
            self.stage(
                "companion_hello",
                link_code_pairing_wrapped_companion_ephemeral_pub=wrapped,
                companion_server_auth_key_pub=companion.noise.public,
            )
        )
        self.ref = answer.require("link_code_companion_reg").require("link_code_pairing_ref").bytes()
        self.ticket = wires.world.enter_code(PHONE, typed or link_code.shown(self.code).lower())
        wires.carry()

    @staticmethod
    def stage(name: str, **content: bytes) -> Node:
        head = {"jid": Jid(f"{PHONE}@s.whatsapp.net"), "stage": name}
        return iq(
            "md", "set", Node("link_code_companion_reg", head, [Node(tag, None, it) for tag, it in content.items()])
        )

    def finish(self) -> None:
        hello = self.line.the("notification").require("link_code_companion_reg")
        wrapped = hello.require("link_code_pairing_wrapped_primary_ephemeral_pub").bytes()
        primary = link_code.unwrap(wrapped, link_code.stretch(self.code, link_code.salt_of(wrapped)))
        identity = hello.require("primary_identity_pub").bytes()
        bundle = link_code.finish_companion(self.ephemeral, primary, identity, self.companion.identity)
        self.companion.adv_secret = bundle.adv_secret
        self.line.ask(
            self.stage(
                "companion_finish",
                link_code_pairing_wrapped_key_bundle=bundle.wrapped,
                companion_identity_public=self.companion.identity.public,
                link_code_pairing_ref=self.ref,
            )
        )


def test_pairing_by_code() -> None:
    wires = Wires()
    pairing = CodePairing(wires)
    pairing.finish()
    pairing.line.say(pairing.companion.accept(pairing.line.the("iq")))
    assert pairing.ticket.outcome == "paired"
    assert pairing.line.the("stream:error").get("code") == "515"
    assert wires.world.audit.violations == []


def test_a_wrong_code_does_not_pair() -> None:
    wires = Wires()
    pairing = CodePairing(wires, typed="11111111")
    pairing.finish()
    assert pairing.ticket.outcome == "refused"
    assert pairing.line.take("iq") == []
    assert wires.world.audit.violations == []


def test_a_code_needs_somebody_who_waits_for_it() -> None:
    wires = Wires()
    with pytest.raises(PairingRefused, match="no companion waits"):
        wires.world.enter_code(PHONE, "ABCD-EFGH")
    with pytest.raises(PairingRefused, match="eight"):
        wires.world.enter_code(PHONE, "ABC")
