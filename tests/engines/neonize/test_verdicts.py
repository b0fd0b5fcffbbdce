"""What whatsmeow's words say about a message, row by row; and what becomes of messages without an outcome."""

import pytest

from engines.neonize.letters import plain
from wagate.adapters.engines.neonize.early import EarlyReceipts
from wagate.adapters.engines.neonize.limits import Limits
from wagate.adapters.engines.neonize.link.messages import Found, Receipt, SendEnded
from wagate.adapters.engines.neonize.outstanding import Outstanding
from wagate.adapters.engines.neonize.records import DONE, EARLY, SENDING, Credentials, Sending
from wagate.adapters.engines.neonize.verdicts import TABLE, Fate, Row, Verdict, verdict_on
from wagate.domain.content import Text
from wagate.domain.ids import MessageId
from wagate.domain.jid import Jid
from wagate.ports.engine import Outgoing
from wagate.ports.news import DurableNews, ReceiptArrived, ReceiptKind, SendAccepted, SendRefused, SendUncertain
from wagate.ports.vault import RecordUnreadable, Unit

TO = Jid.from_phone("5511900000002")


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.example)
def test_each_row_of_the_table_decides_over_its_example(row: Row) -> None:
    assert verdict_on(row.example) == Verdict(row.fate, row.code)


@pytest.mark.parametrize(
    ("error", "fate", "code"),
    [
        ("server returned error 479", Fate.REFUSED, "invalid_message"),
        ("server returned error 463", Fate.REFUSED, "account_restricted"),
        ("server returned error 999", Fate.REFUSED, "refused_by_whatsapp"),
        ("something that nobody has seen before", Fate.UNCERTAIN, "engine_error"),
        ("", Fate.UNCERTAIN, "engine_error"),
    ],
)
def test_errors_of_the_server_and_of_nobody(error: str, fate: Fate, code: str) -> None:
    assert verdict_on(error) == Verdict(fate, code)


class House:
    """Outstanding messages with all that was told and kept about them."""

    def __init__(self, kept: list[Sending] | None = None, early: bytes | None = None) -> None:
        self.early = EarlyReceipts(early)
        self.outstanding = Outstanding(
            kept or [],
            lambda sending, wa_id, unit: self.early.settled(sending.message, wa_id, unit),
            Limits(attempts=2),
        )
        self.news: list[DurableNews] = []
        self.records: dict[tuple[str, str], bytes | None] = {}

    def commit(self, unit: Unit) -> None:
        self.news += unit.news
        self.records.update(unit.changes)

    def take(self, message: str) -> Sending:
        unit = Unit()
        sending = self.outstanding.take(Outgoing(MessageId(message), None, TO, Text("hello")), plain("hello"), unit)
        self.commit(unit)
        self.news.clear()
        return sending

    def ended(self, ended: SendEnded) -> None:
        unit = Unit()
        self.outstanding.ended(ended, unit)
        self.commit(unit)

    def found(self, found: Found) -> None:
        unit = Unit()
        self.outstanding.found(found, unit)
        self.commit(unit)

    def receipt(self, *ids: str) -> None:
        unit = Unit()
        self.early.take(Receipt("delivered", ids, TO, TO, 5), self.outstanding.messages, unit)
        self.commit(unit)

    def delivered(self) -> list[tuple[str, ...]]:
        return [news.wa_ids for news in self.news if isinstance(news, ReceiptArrived)]


def test_a_message_that_never_went_out_is_tried_again_and_then_given_up() -> None:
    house = House()
    house.take("msg_1")
    house.ended(SendEnded("msg_1", error="websocket not connected"))
    assert house.news == []
    (again,) = house.outstanding.due()
    assert again.attempt == 2
    assert Sending.unpack(house.records[SENDING, "msg_1"] or b"") == again
    house.ended(SendEnded("msg_1", error="websocket not connected"))
    assert house.news == [SendRefused(None, "not_sent", "websocket not connected", MessageId("msg_1"))]
    assert house.records[SENDING, "msg_1"] is None
    assert house.records[DONE, "msg_1"] == b""
    assert house.outstanding.due() == []


def test_each_attempt_has_a_tag_of_its_own_and_nobody_else_can_make_it() -> None:
    one, other = Credentials.create(), Credentials.create()
    house = House()
    sending = house.take("msg_1")
    tags = {sending.post(one).tag, sending.again().post(one).tag, sending.post(other).tag}
    assert len(tags) == 3
    assert {len(bytes.fromhex(tag)) for tag in tags} == {32}
    assert sending.sent(one).tag == sending.post(one).tag


def test_after_a_crash_what_was_never_built_goes_out_and_what_was_is_uncertain() -> None:
    before = House()
    kept = [before.take(f"msg_{n}") for n in (3, 1, 2, 4)]
    house = House(kept)
    house.found(Found("msg_1", "absent"))
    house.found(Found("msg_2", "noted", "3EB0"))
    house.found(Found("msg_3", "absent"))
    house.found(Found("msg_4", "unclear"))
    assert [sending.message for sending in house.outstanding.due()] == ["msg_3", "msg_1"]
    uncertain = [news for news in house.news if isinstance(news, SendUncertain)]
    assert [(news.message, news.wa_id) for news in uncertain] == [("msg_2", "3EB0"), ("msg_4", None)]


def test_absence_proves_nothing_when_the_secret_could_not_be_noted() -> None:
    house = House()
    house.take("msg_1")
    unit = Unit()
    house.outstanding.untagged("msg_1", unit)
    house.commit(unit)
    again = House([Sending.unpack(house.records[SENDING, "msg_1"] or b"")])
    again.found(Found("msg_1", "absent"))
    assert again.outstanding.due() == []
    assert [type(news) for news in again.news] == [SendUncertain]


def test_what_the_worker_still_has_in_hand_is_left_alone() -> None:
    house = House()
    house.take("msg_1")
    house.found(Found("msg_1", "pending"))
    assert (house.news, house.outstanding.due()) == ([], [])
    assert MessageId("msg_1") in house.outstanding


def test_a_stanza_for_nobody_is_not_called_sent() -> None:
    house = House()
    house.take("msg_1")
    house.ended(SendEnded("msg_1", "3EB0", 5, unreached=True))
    (refused,) = house.news
    assert isinstance(refused, SendRefused)
    assert (refused.message, refused.code) == ("msg_1", "recipient_unreachable")


def test_a_receipt_that_is_faster_than_the_answer_waits_for_it() -> None:
    house = House()
    house.take("msg_1")
    house.receipt("3EB0")
    assert house.news == []
    house.ended(SendEnded("msg_1", "3EB0", 5))
    assert [type(news) for news in house.news] == [SendAccepted, ReceiptArrived]
    assert house.records[EARLY] is None
    house.receipt("3EB0")
    assert house.delivered() == [("3EB0",), ("3EB0",)]


def test_a_receipt_for_something_else_is_told_once_nothing_can_claim_it() -> None:
    house = House()
    house.take("msg_1")
    house.take("msg_2")
    house.receipt("OLD", "TWO")
    house.ended(SendEnded("msg_1", "ONE", 5))
    assert house.delivered() == []
    house.ended(SendEnded("msg_2", "TWO", 6))
    assert house.delivered() == [("OLD", "TWO")]
    house.receipt("OLDER")
    assert house.delivered() == [("OLD", "TWO"), ("OLDER",)]


def test_a_receipt_that_waits_survives_a_crash() -> None:
    before = House()
    sending = before.take("msg_1")
    before.receipt("3EB0")
    house = House([sending], before.records[EARLY])
    house.found(Found("msg_1", "noted", "3EB0"))
    assert [type(news) for news in house.news] == [SendUncertain, ReceiptArrived]
    assert house.delivered() == [("3EB0",)]


def test_receipts_that_prove_nothing_are_not_told() -> None:
    house = House()
    unit = Unit()
    house.early.take(Receipt("retry", ("3EB0",), TO, TO, 5), [], unit)
    assert unit.news == []
    assert {kind.value for kind in ReceiptKind} == {"delivered", "read", "played"}


def test_records_come_back_as_they_were() -> None:
    sending = Sending(MessageId("msg_1"), 7, TO, plain("hi"))
    assert Sending.unpack(sending.pack()) == sending
    credentials = Credentials.create()
    assert Credentials.unpack(credentials.pack()) == credentials
    for damaged in (b"", b"\xff", b"{}", b"[]", credentials.pack()[:-4]):
        with pytest.raises(RecordUnreadable):
            Credentials.unpack(damaged)
