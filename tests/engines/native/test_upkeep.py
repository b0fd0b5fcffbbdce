"""What a device does besides messages: prekeys, pings, notifications, and how a connection is judged at its end."""

from dataclasses import replace
from random import Random

import pytest

from engines.native.replay import HABITS
from engines.native.scripted import LID, OWN, PN, START, Script, Stranger, directory_of
from wagate.adapters.engines.native.machine.credentials import Credentials
from wagate.adapters.engines.native.machine.errors import Ending
from wagate.adapters.engines.native.machine.outlook import Outlook
from wagate.adapters.whatsapp_web.files import REUSE_S
from wagate.domain.content import Text
from wagate.domain.jid import Jid as Address
from wagate.domain.session import SessionState, action_for
from wagate.ports.news import ReadElsewhere, ReceiptArrived, ReceiptKind, SeenAlive, StateChanged
from whatsapp_wire.jid import SERVER, Jid
from whatsapp_wire.node import Node
from whatsapp_wire.proto.message_pb2 import Message

DAY = 86_400
GROUP = Jid("120363000000000001@g.us")


@pytest.fixture
def script() -> Script:
    return Script()


def _prekeys(script: Script) -> list[int]:
    return sorted(int(address) for kind, address in script.disk.records if kind == "prekey")


def _uploads(script: Script) -> list[list[int]]:
    """The ids of each upload."""
    return [
        [int.from_bytes(key.require("id").bytes(), "big") for key in upload.require("list").children]
        for upload in script.asked("skey")
        if upload.child("list") is not None
    ]


class KeyServer:
    """Counts what is published, and hears of signed prekeys."""

    def __init__(self, count: int = 0) -> None:
        self.count = count
        self.signed: list[int] = []
        self.refuses = False

    def answer(self, iq: Node) -> Node | None:
        if iq.get("type") == "get":
            return Node("count", {"value": self.count})
        if self.refuses:
            return Node("iq", {"type": "error", "from": SERVER}, [Node("error", {"code": 503, "text": "later"})])
        skey = iq.child("skey") or iq.require("rotate").require("skey")
        self.signed.append(int.from_bytes(skey.require("id").bytes(), "big"))
        if (published := iq.child("list")) is not None:
            self.count += len(published.children)
        return None


def _script(server: KeyServer, credentials: Credentials | None = None) -> Script:
    script = Script(credentials=credentials)
    script.machine.closed()
    script.said.clear()
    script.answers["encrypt"] = server.answer
    script.connect()
    return script


def test_prekeys_are_published_on_the_first_login() -> None:
    server = KeyServer()
    script = _script(server)
    assert _uploads(script) == [list(range(1, HABITS.first_prekeys + 1))]
    assert _prekeys(script) == _uploads(script)[0]
    assert (script.keys.next_prekey, script.keys.first_unpublished) == (13, 13)
    assert Credentials.unpack(script.disk.records["credentials", "me"]) == script.keys


def test_more_are_published_when_they_run_low() -> None:
    server = KeyServer()
    script = _script(server)
    server.count = 5
    low = Node("notification", {"id": "N1", "from": SERVER, "type": "encrypt", "t": 1}, [Node("count", {"value": 5})])
    (ack,) = script.hear(low)
    assert ack.get("class") == "notification"
    assert _uploads(script)[1] == list(range(13, 13 + HABITS.more_prekeys))
    script.machine.closed()
    server.count = 2
    script.connect()
    assert len(_uploads(script)) == 3


def test_an_upload_that_was_cut_off_is_taken_up_again() -> None:
    server = KeyServer()
    server.refuses = True
    script = _script(server)
    assert script.shell.told[-1] == StateChanged(SessionState.CONNECTED)
    assert _prekeys(script) == list(range(1, 13))
    server.refuses = False
    script.start()
    assert _uploads(script)[-1] == list(range(1, 13))
    assert _prekeys(script) == list(range(1, 13))


def test_the_signed_prekey_is_renewed_every_week_and_old_ones_are_kept_a_month() -> None:
    server = KeyServer(50)
    script = _script(server)
    old = Stranger()
    old.meet(script)
    script.wait(31)
    assert server.signed == []
    for week in range(1, 4):
        script.now += 7 * DAY
        script.wait(31)
        assert server.signed[-1] == week + 1
        assert script.keys.signed_prekey.id == week + 1
    assert [receipt.tag for receipt in script.hear(old.say("A1", "to the first key"))] == ["receipt"]
    script.now += 14 * DAY
    script.wait(31)
    script.now += 7 * DAY
    script.wait(31)
    assert [dated.prekey.id for dated in script.keys.signed_prekeys] == [2, 3, 4, 5, 6]


def test_a_signed_prekey_that_was_not_taken_stays_second() -> None:
    server = KeyServer(50)
    script = _script(server)
    server.refuses = True
    script.now += 7 * DAY
    script.wait(31)
    assert script.keys.signed_prekey.id == 1
    assert sorted(dated.prekey.id for dated in script.keys.signed_prekeys) == [1, 2]
    server.refuses = False
    script.now += 3600
    script.wait(31)
    assert (server.signed, script.keys.signed_prekey.id) == ([3], 3)


def test_what_was_sent_is_kept_for_a_week_and_what_reads_votes_for_half_a_year(script: Script) -> None:
    script.wait(31)
    ages = {kind: script.now - before for kind, before in script.shell.expired}
    assert ages == {
        "sent": pytest.approx(HABITS.sent_life_s, abs=60),
        "audience": pytest.approx(HABITS.sent_life_s, abs=60),
        "upload": pytest.approx(2 * REUSE_S, abs=60),
        "secret": pytest.approx(HABITS.secret_life_s, abs=60),
    }
    assert HABITS.secret_life_s >= 180 * DAY
    assert HABITS.sent_life_s >= 7 * DAY


def test_pings_tell_that_the_line_is_alive(script: Script) -> None:
    for _ in range(5):
        script.wait(30)
    pings = [node for node in script.said if node.get("xmlns") == "w:p"]
    assert len(pings) == 5
    alive = [news for news in script.shell.told if isinstance(news, SeenAlive)]
    assert 2 <= len(alive) <= 3


def test_two_pings_without_an_answer_end_the_connection(script: Script) -> None:
    script.shell.write = lambda stanza: None  # type: ignore[method-assign]  # the server no longer hears us
    script.wait(30)
    assert not script.shell.hung_up
    script.wait(10)
    assert script.shell.told[-1].state is SessionState.DEGRADED  # type: ignore[union-attr]  # the newest is a state
    script.wait(10)
    assert script.shell.hung_up
    ending = script.machine.closed()
    assert (ending.state, _code(ending)) == (SessionState.DISCONNECTED, "keepalive_lost")


def _code(ending: Ending) -> str | None:
    return ending.reason.code if ending.reason else None


@pytest.mark.parametrize(
    ("stanza", "state", "code", "is_final", "forgets_keys"),
    [
        (Node("stream:error", {"code": 515}), SessionState.CONNECTING, None, False, False),
        (Node("stream:error", {"code": 503}), SessionState.DISCONNECTED, "server_unavailable", False, False),
        (Node("stream:error"), SessionState.DISCONNECTED, "server_unavailable", False, False),
        (Node("stream:error", {"code": 401}), SessionState.DISCONNECTED, "server_unavailable", False, False),
        (
            Node("stream:error", {"code": 401}, [Node("conflict", {"type": "device_removed"})]),
            SessionState.LOGGED_OUT,
            "device_removed",
            True,
            True,
        ),
        (
            Node("stream:error", content=[Node("conflict", {"type": "replaced"})]),
            SessionState.REPLACED,
            "replaced",
            True,
            False,
        ),
        (Node("xmlstreamend"), SessionState.DISCONNECTED, "connection_lost", False, False),
        (Node("failure", {"reason": 401}), SessionState.LOGGED_OUT, "device_removed", True, True),
        (Node("failure", {"reason": 402, "code": 101}), SessionState.BANNED, "banned", True, False),
        (Node("failure", {"reason": 403}), SessionState.LOGGED_OUT, "login_refused", True, True),
        (Node("failure", {"reason": 405}), SessionState.OUTDATED, "client_outdated", True, False),
        (Node("failure", {"reason": 406}), SessionState.LOGGED_OUT, "login_refused", True, True),
        (Node("failure", {"reason": 500}), SessionState.DISCONNECTED, "server_unavailable", False, False),
        (Node("failure", {"reason": 409}), SessionState.FAILED, "login_failed", True, False),
        (Node("failure", {"reason": 999}), SessionState.FAILED, "login_failed", True, False),
        (Node("failure"), SessionState.DISCONNECTED, "server_unavailable", False, False),
    ],
)
def test_every_end_has_its_meaning(
    script: Script, stanza: Node, state: SessionState, code: str | None, is_final: bool, forgets_keys: bool
) -> None:
    script.hear(stanza)
    assert script.shell.hung_up
    ending = script.machine.closed()
    assert (ending.state, _code(ending), ending.is_final, ending.forgets_keys) == (state, code, is_final, forgets_keys)
    assert ending.reason is None or action_for(ending.reason)


def test_the_first_reason_counts(script: Script) -> None:
    script.hear(Node("stream:error", {"code": 503}), Node("xmlstreamend"))
    assert _code(script.machine.closed()) == "server_unavailable"
    script.connect()
    assert _code(script.machine.closed("reset by peer")) == "connection_lost"


def test_a_contact_with_a_new_phone_is_met_anew(script: Script) -> None:
    friend, phone = Stranger(), Stranger(OWN.lid.bare, OWN.pn.bare)
    script.answers.update(directory_of([friend, phone]))
    script.send("M1")
    assert script.record("session", LID) is not None
    changed = Node("notification", {"id": "N1", "from": PN, "type": "encrypt", "t": 1}, [Node("identity")])
    (ack,) = script.hear(changed)
    assert ack.get("id") == "N1"
    assert [script.record(kind, LID) for kind in ("session", "identity", "device")] == [None, None, None]
    script.send("M2")
    assert script.record("session", LID) is not None


def test_changed_device_lists_are_forgotten(script: Script) -> None:
    friend, phone = Stranger(), Stranger(OWN.lid.bare, OWN.pn.bare)
    script.answers.update(directory_of([friend, phone]))
    script.send("M1")
    added = Node("add", content=[Node("device", {"jid": PN.with_device(3)})])
    script.hear(Node("notification", {"id": "N1", "from": PN, "type": "devices", "t": 1}, [added]))
    assert script.record("device", LID) is None
    own = Node("devices", content=[Node("device", {"jid": OWN.pn.bare})])
    script.hear(Node("notification", {"id": "N2", "from": OWN.pn.bare, "type": "account_sync", "t": 1}, [own]))
    assert script.record("device", OWN.lid.bare) is None


@pytest.mark.parametrize("type", ["server_sync", "picture", "w:gp2", "mediaretry", "something_new"])
def test_every_notification_is_acknowledged(script: Script, type: str) -> None:
    (ack,) = script.hear(Node("notification", {"id": "N1", "from": LID, "type": type, "t": 1}))
    assert (ack.get("class"), ack.get("type"), ack.get("error")) == ("notification", type, None)


@pytest.mark.parametrize(
    ("type", "kind"),
    [
        (None, ReceiptKind.DELIVERED),
        ("inactive", ReceiptKind.DELIVERED),
        ("read", ReceiptKind.READ),
        ("played", ReceiptKind.PLAYED),
        ("server-error", None),
        ("read-self", None),
    ],
)
def test_receipts_say_how_far_a_message_got(script: Script, type: str | None, kind: ReceiptKind | None) -> None:
    more = Node("list", content=[Node("item", {"id": "M2"})])
    receipt = Node("receipt", {"id": "M1", "from": LID.with_device(4), "sender_pn": PN, "type": type, "t": 9}, [more])
    (ack,) = script.hear(receipt)
    assert (ack.get("class"), ack.get("type")) == ("receipt", type)
    told = script.news(ReceiptArrived)
    expected = ReceiptArrived(kind, ("M1", "M2"), Address(LID), Address(LID), 9) if kind else None
    assert told == ([expected] if expected else [])


def test_our_own_devices_prove_nothing(script: Script) -> None:
    for type in ("sender", None):
        script.hear(Node("receipt", {"id": "M1", "from": OWN.lid.bare, "recipient": LID, "t": 9, "type": type}))
    assert script.news(ReceiptArrived) == []


@pytest.mark.parametrize("type", ["read", "read-self"])
def test_what_our_own_devices_have_read_is_told(script: Script, type: str) -> None:
    more = Node("list", content=[Node("item", {"id": "M2"})])
    own = OWN.lid.bare
    script.hear(
        Node("receipt", {"id": "M1", "from": own, "recipient": LID, "t": 9, "type": type}, [more]),
        Node("receipt", {"id": "M3", "from": GROUP, "participant": own, "t": 9, "type": type}),
    )
    assert script.news(ReadElsewhere) == [
        ReadElsewhere(("M1", "M2"), Address(LID)),
        ReadElsewhere(("M3",), Address(GROUP)),
    ]
    assert script.news(ReceiptArrived) == []


def test_receipts_of_a_group_come_bundled_or_not(script: Script) -> None:
    single = Node("receipt", {"id": "M1", "from": GROUP, "participant": LID.with_device(1), "type": "read", "t": 9})
    users = [Node("user", {"jid": LID, "t": 8}), Node("user", {"jid": Jid("900003@lid")})]
    bundle = Node("participants", {"key": "M2"}, users)
    script.hear(single, Node("receipt", {"id": "R", "from": GROUP, "t": 9}, [bundle]))
    assert [(each.wa_ids, each.by, each.timestamp) for each in script.news(ReceiptArrived)] == [
        (("M1",), Address(LID), 9),
        (("M2",), Address(LID), 8),
        (("M2",), Address("900003@lid"), 9),
    ]


@pytest.mark.parametrize(("setting", "type"), [("all", "read"), ("none", "read-self")])
def test_reading_is_told_as_our_privacy_allows(script: Script, setting: str, type: str) -> None:
    category = Node("category", {"name": "readreceipts", "value": setting})
    script.answers["privacy"] = lambda iq: Node("privacy", content=[category])
    results: list[Exception | None] = []
    for _ in range(2):
        script.machine.mark_read(Address(LID), Address(LID), ["A1", "A2"], lambda error, _: results.append(error))
        (receipt,) = script.rest() or script.said[-1:]
        assert (receipt.get("type"), receipt.get("id"), receipt.get("to")) == (type, "A1", LID)
    assert results == [None, None]
    assert len(script.asked("privacy")) == 1


def test_dials_back_off_with_jitter_up_to_a_minute() -> None:
    outlook = Outlook(Random(1))
    longest = []
    for _ in range(12):
        longest.append(max(outlook.delay(0.0) for _ in range(200)))
        outlook.failed()
    assert longest[0] <= 0.5
    assert 55 < longest[-1] <= 60
    assert longest[:7] == sorted(longest[:7])
    outlook.came_up()
    assert max(outlook.delay(0.0) for _ in range(200)) <= 0.5


def test_five_drops_in_five_minutes_are_flapping() -> None:
    outlook = Outlook(Random(1))
    for second in range(4):
        outlook.dropped(float(second))
    assert not outlook.is_flapping(4.0)
    outlook.dropped(4.0)
    assert outlook.is_flapping(200.0)
    assert not outlook.is_flapping(300.5)
    for second in range(10):
        outlook.dropped(300.0 + second)
    assert max(outlook.delay(310.0) for _ in range(200)) > 5


def test_commits_that_always_fail_back_off_too() -> None:
    outlook = Outlook(Random(1))
    for _ in range(6):
        outlook.vault_failed(after_success=False)
        outlook.came_up()
    assert max(outlook.delay(0.0) for _ in range(200)) > 10
    outlook.vault_failed(after_success=True)
    assert max(outlook.delay(0.0) for _ in range(200)) <= 0.5


def test_the_name_that_the_server_tells_is_kept(script: Script) -> None:
    script.machine.closed()
    script.machine.opened()
    script.hear(Node("success", {"t": int(START), "display_name": "My Shop"}))
    assert Credentials.unpack(script.disk.records["credentials", "me"]).me.name == "My Shop"


def test_a_text_of_no_words_is_a_text(script: Script) -> None:
    friend = Stranger()
    friend.meet(script)
    script.hear(friend.stanza("A1", friend.encrypt(Message(conversation=""))))
    assert script.disk.ledger[-1].content == Text("")  # type: ignore[union-attr]  # the newest is a message


def test_credentials_survive_being_stored() -> None:
    keys = replace(Credentials.create(int(START)), own=OWN, voucher=b"v", account_identity=b"i" * 32, name="ü")
    assert Credentials.unpack(keys.pack()) == keys
    assert keys.me.phone == "+15550001"
    assert keys.adv_secret.hex() not in repr(keys)
    assert str(keys.identity.private) not in repr(keys)
