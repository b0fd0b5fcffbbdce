import pytest

from emulator.companion import Companion, iq
from emulator.wires import Line, Wires
from whatsapp_wire.jid import SERVER, Jid
from whatsapp_wire.node import Node
from whatsapp_wire.pairing.identity import verify_key_index_list

PHONE = "4917001"


def usync(*protocols: Node, users: list[Node]) -> Node:
    head = {"sid": "77", "mode": "query", "last": "true", "index": "0", "context": "interactive"}
    content = [Node("query", None, list(protocols)), Node("list", None, users)]
    return iq("usync", "get", Node("usync", head, content))


def users_of(answer: Node) -> list[Node]:
    return answer.require("usync").require("list").all("user")


def test_usync_tells_addresses_devices_and_about() -> None:
    wires = Wires()
    companion, line = wires.pair(PHONE)
    account = wires.world.account(PHONE)
    protocols = [Node("devices", {"version": "2"}), Node("lid"), Node("status")]
    answer = line.ask(usync(*protocols, users=[Node("user", {"jid": account.pn})]))
    assert answer.require("usync").get("sid") == "77"
    [user] = users_of(answer)
    assert user.jid("jid") == account.pn
    assert user.require("lid").jid("val") == companion.lid.bare
    assert user.require("status").text() == account.about
    listed = user.require("devices")
    rows = listed.require("device-list").all("device")
    assert [(row.get("id"), row.get("key-index")) for row in rows] == [("0", "0"), ("1", "1")]
    indexes = verify_key_index_list(listed.require("key-index-list").bytes(), account.identity.public)
    assert indexes.valid == {0, 1}
    assert (indexes.current, indexes.raw_id) == (1, account.raw_id)


def test_usync_by_number_finds_people_and_says_who_is_not_there() -> None:
    wires = Wires()
    _, line = wires.pair(PHONE)
    account = wires.world.account("4917002")
    users = [Node("user", None, [Node("contact", None, number)]) for number in ("+49 170-02", "+999")]
    found, missing = users_of(line.ask(usync(Node("contact", {"addressing_mode": "lid"}), users=users)))
    assert (found.jid("jid"), found.jid("pn_jid")) == (account.lid, account.pn)
    assert found.require("contact").get("type") == "in"
    assert missing.require("contact").get("type") == "out"
    [stranger] = users_of(line.ask(usync(Node("lid"), users=[Node("user", {"jid": Jid("999@s.whatsapp.net")})])))
    assert stranger.children == []


def test_app_state_keeps_patches_numbers_them_and_tells_the_other_devices() -> None:
    wires = Wires()
    _, first = wires.pair(PHONE)
    _, second = wires.pair(PHONE)
    first.take("notification")

    def synchronise(line: Line, version: int, *patch: Node) -> Node:
        collection = Node("collection", {"name": "regular", "version": version}, list(patch) or None)
        answer = line.ask(iq("w:sync:app:state", "set", Node("sync", None, [collection])))
        return answer.require("sync").require("collection")

    assert synchronise(first, 0).get("version") == "0"
    assert synchronise(first, 0, Node("patch", None, b"\x12\x00")).get("version") == "1"
    assert second.the("notification", type="server_sync").require("collection").get("version") == "1"
    missed = synchronise(second, 0)
    assert [patch.bytes() for patch in missed.require("patches").all("patch")] == [b"\x12\x00\x0a\x02\x08\x01"]
    conflict = synchronise(second, 0, Node("patch", None, b"\x12\x00"))
    assert conflict.require("error").get("code") == "409"
    assert len(conflict.require("patches").all("patch")) == 1
    assert synchronise(second, 1).child("patches") is None


KNOWN = [
    ("w:p", "get", None),
    ("w:p", "get", Node("ping")),
    ("w:m", "set", Node("media_conn")),
    ("privacy", "get", Node("privacy")),
    ("privacy", "set", Node("tokens", None, [Node("token", {"t": 1, "type": "trusted_contact"})])),
    ("blocklist", "get", None),
    ("abt", "get", Node("props", {"protocol": 1})),
    ("w:g2", "get", Node("participating", None, [Node("participants"), Node("description")])),
    ("status", "get", Node("privacy")),
    ("status", "set", Node("status", None, "Busy")),
    ("w:qr", "set", Node("qr", {"type": "contact", "action": "get"})),
    ("urn:xmpp:whatsapp:push", "set", Node("config", {"platform": "none"})),
    ("passive", "set", Node("passive")),
    ("disappearing_mode", "get", None),
]


@pytest.mark.parametrize(("namespace", "type", "child"), KNOWN)
def test_what_clients_ask_after_login_is_answered(namespace: str, type: str, child: Node | None) -> None:
    wires = Wires()
    _, line = wires.pair(PHONE)
    answer = line.ask(iq(namespace, type, *([] if child is None else [child])))
    assert (answer.get("type"), answer.get("from")) == ("result", SERVER)
    assert wires.world.audit.violations == []


def test_the_block_list_is_kept() -> None:
    wires = Wires()
    _, line = wires.pair(PHONE)
    somebody = wires.world.account("4917003").lid
    blocked = line.ask(iq("blocklist", "set", Node("item", {"jid": somebody, "action": "block"})))
    assert [item.jid("jid") for item in blocked.require("list").all("item")] == [somebody]
    freed = line.ask(iq("blocklist", "set", Node("item", {"jid": somebody, "action": "unblock"})))
    assert freed.require("list").all("item") == []


def test_a_device_logs_itself_out() -> None:
    wires = Wires()
    companion, line = wires.pair(PHONE)
    line.ask(iq("md", "set", Node("remove-companion-device", {"jid": companion.pn, "reason": "user_initiated"})))
    assert line.the("stream:error").require("conflict").get("type") == "device_removed"
    assert wires.world.account(PHONE).devices == {}


def test_a_device_cannot_log_out_another_account() -> None:
    wires = Wires()
    _, line = wires.pair(PHONE)
    victim, _ = wires.pair("4917002")
    answer = line.ask(iq("md", "set", Node("remove-companion-device", {"jid": victim.pn})))
    assert answer.require("error").get("code") == "403"


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        (Node("dance", {"id": "1"}), "unhandled_stanza"),
        (iq("w:unheard-of", "get", Node("x")), "unknown_iq"),
        (iq("usync", "get", Node("usync")), "malformed"),
        (Node("message", {"id": "1", "to": "5@lid", "type": "text"}), "malformed"),
        (Node("ib", None, [Node("surprise")]), "unhandled_stanza"),
        (Node("receipt", {"id": "1"}), "malformed"),
    ],
)
def test_strict_mode_sees_what_nobody_understands(said: Node, kind: str) -> None:
    wires = Wires()
    _, line = wires.pair(PHONE)
    line.say(said)
    assert [(found.kind, found.who) for found in wires.world.audit.violations] == [(kind, f"{PHONE}:1")]
    if said.tag == "iq":
        line.the("iq", id=said.get("id"))


def test_an_exception_inside_is_a_violation_and_an_error_for_the_client() -> None:
    wires = Wires()
    _, line = wires.pair(PHONE)
    wires.world.account("4917002").about = None  # type: ignore[assignment]  # the fault that is planted
    answer = line.ask(usync(Node("status"), users=[Node("user", {"jid": wires.world.account("4917002").pn})]))
    assert answer.require("error").get("code") == "500"
    [found] = wires.world.audit.violations
    assert found.kind == "exception"
    assert "AttributeError" in found.detail


def test_violations_can_be_forgiven_by_kind_and_by_device() -> None:
    wires = Wires()
    _, line = wires.pair(PHONE)
    audit = wires.world.audit
    line.say(Node("dance"))
    audit.forgive(who="491")
    audit.forgive("unknown_iq", PHONE)
    assert len(audit.violations) == 1
    audit.forgive("unhandled_stanza", PHONE)
    line.say(Node("dance"))
    assert audit.violations == []
    assert audit.counts["forgiven"] == 2
    line.say(iq("usync", "get", Node("usync")))
    assert [found.kind for found in audit.violations] == ["malformed"]


def test_an_unpaired_client_may_ping_and_nothing_else() -> None:
    wires = Wires()
    line = Line(wires, Companion())
    line.take("iq")
    assert line.ask(iq("w:p", "get")).get("type") == "result"
    line.say(Node("presence", {"name": "~"}))
    assert wires.world.audit.violations == []
    line.say(Node("message", {"id": "1"}))
    assert [found.who for found in wires.world.audit.violations] == ["unpaired"]
