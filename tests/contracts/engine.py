"""The written examination for engines, in the scope of texts: pairing, messages out, messages in."""

import pytest

from contracts.examinee import NOBODY, OWN, Examinee, Failing, Network, Question, until
from wagate.domain.content import Quoted, Text
from wagate.domain.errors import SessionAlreadyPaired
from wagate.domain.jid import Jid
from wagate.domain.session import SessionState
from wagate.ports.abilities import PairsDevices
from wagate.ports.engine import NotOnWhatsApp, NotSent
from wagate.ports.news import (
    MessageArrived,
    Paired,
    QrShown,
    ReceiptArrived,
    ReceiptKind,
    SendAccepted,
    SendRefused,
    SendStarted,
    StateChanged,
)

# ---- pairing


async def an_unpaired_session_shows_codes_and_a_phone_links_it(network: Network) -> None:
    examinee = await Examinee.of(network)
    code = await examinee.hears(QrShown)
    assert code.expires_in_s > 0
    await examinee.is_in(SessionState.AWAITING_SCAN)
    await network.scan(code.text)
    await examinee.is_in(SessionState.CONNECTED)
    (paired,) = examinee.of_kind(Paired)
    assert paired.me.phone == f"+{OWN}"
    assert paired.me.lid is not None
    states = [news.state for news in examinee.of_kind(StateChanged)]
    assert states.index(SessionState.AWAITING_SCAN) < states.index(SessionState.PAIRING)
    assert len(examinee.of_kind(QrShown)) == 1


async def a_phone_links_it_by_a_code_that_is_typed(network: Network) -> None:
    examinee = await Examinee.of(network)
    await examinee.hears(QrShown)
    assert isinstance(examinee.connection, PairsDevices)
    code = await examinee.connection.request_pairing_code(Jid.from_phone(OWN))
    assert code.expires_in_s > 0
    await network.enter_code(code.code)
    await examinee.is_in(SessionState.CONNECTED)
    with pytest.raises(SessionAlreadyPaired):
        await examinee.connection.request_pairing_code(Jid.from_phone(OWN))
    with pytest.raises(SessionAlreadyPaired):
        await examinee.connection.renew_qr()


async def a_paired_session_comes_back_without_a_phone(network: Network) -> None:
    examinee = await Examinee.paired(network)
    await examinee.restart()
    await examinee.is_in(SessionState.CONNECTED)
    assert not [news for news in examinee.told if isinstance(news, QrShown)]
    assert len(examinee.of_kind(Paired)) == 1


async def its_class_says_what_it_can_do(network: Network) -> None:
    engine = network.engine()
    assert engine.features.contents >= {"text"}
    assert engine.features.max_text_bytes > 0
    examinee = await Examinee.of(network)
    assert isinstance(examinee.connection, engine.connection)
    await engine.close()


# ---- out


async def a_text_goes_out_and_its_receipts_come_back(network: Network) -> None:
    examinee = await Examinee.paired(network)
    wa_id = await examinee.send("hello")
    assert [started.wa_id for started in examinee.of_kind(SendStarted)] == [wa_id]  # durable when send returns
    (shown,) = await examinee.shown("hello")
    assert shown.wa_id == wa_id
    await network.read()
    receipt = await examinee.hears(ReceiptArrived, times=2)
    assert [accepted.wa_id for accepted in examinee.of_kind(SendAccepted)] == [wa_id]
    kinds = [(news.kind, news.wa_ids) for news in examinee.of_kind(ReceiptArrived)]
    assert kinds == [(ReceiptKind.DELIVERED, (wa_id,)), (ReceiptKind.READ, (wa_id,))]
    assert receipt.by.is_person


async def one_id_is_one_message_however_often_it_is_asked_for(network: Network) -> None:
    examinee = await Examinee.paired(network)
    outgoing = examinee.outgoing("once")
    await examinee.connection.send(outgoing)
    await examinee.connection.send(outgoing)
    await examinee.hears(SendAccepted)
    await examinee.connection.send(outgoing)
    await examinee.send("last")
    await examinee.shown("once", "last")


async def a_chat_keeps_its_order(network: Network) -> None:
    examinee = await Examinee.paired(network)
    texts = [f"message {n}" for n in range(20)]
    for text in texts:
        await examinee.send(text)
    await examinee.shown(*texts)
    await examinee.hears(SendAccepted, times=20)
    assert [news.wa_id for news in examinee.of_kind(SendAccepted)] == [
        news.wa_id for news in examinee.of_kind(SendStarted)
    ]


async def a_reply_quotes(network: Network) -> None:
    examinee = await Examinee.paired(network)
    question = await network.type("question")
    arrived = await examinee.hears(MessageArrived)
    await examinee.send("answer", quoted=Quoted(question, arrived.sender, "question"))
    (shown,) = await examinee.shown("answer")
    assert shown.quoted == question
    await network.type("thanks", quote=shown.wa_id)
    thanks = await examinee.hears(MessageArrived, times=2)
    assert thanks.quoted is not None
    assert thanks.quoted.wa_id == shown.wa_id


async def a_number_without_an_account_is_told_apart(network: Network) -> None:
    examinee = await Examinee.paired(network)
    with pytest.raises(NotOnWhatsApp):
        await examinee.send("hello?", to=NOBODY)
    assert examinee.of_kind(SendStarted) == []
    await examinee.send("hello")
    await examinee.shown("hello")


async def a_refused_message_is_settled(network: Network) -> None:
    examinee = await Examinee.paired(network)
    await network.refuse_messages()
    wa_id = await examinee.send("no")
    refused = await examinee.hears(SendRefused)
    assert refused.wa_id == wa_id
    assert refused.code
    assert examinee.of_kind(SendAccepted) == []


async def nothing_is_sent_while_the_line_is_down(network: Network) -> None:
    examinee = await Examinee.paired(network)
    await network.go_down()
    await network.drop()
    await examinee.is_in(SessionState.DISCONNECTED)
    with pytest.raises(NotSent):
        await examinee.send("not now")
    assert examinee.of_kind(SendStarted) == []
    await network.come_up()
    await examinee.is_in(SessionState.CONNECTED)
    await examinee.send("now")
    await examinee.shown("now")


# ---- in


async def a_text_comes_in_with_its_writer(network: Network) -> None:
    examinee = await Examinee.paired(network)
    wa_id = await network.type("hello machine")
    arrived = await examinee.hears(MessageArrived)
    assert (arrived.wa_id, arrived.content, arrived.from_me) == (wa_id, Text("hello machine"), False)
    assert arrived.chat == arrived.sender
    assert {arrived.sender, arrived.sender_alt} - {None} <= await network.other_addresses()


async def what_waited_arrives_in_order_and_once(network: Network) -> None:
    examinee = await Examinee.paired(network)
    await examinee.close()
    sent = [await network.type(f"{n}") for n in range(5)]
    await examinee.open()
    await examinee.hears(MessageArrived, times=5)
    await examinee.restart()
    await examinee.is_in(SessionState.CONNECTED)
    last = await network.type("last")
    await examinee.hears(MessageArrived, times=6)
    assert [news.wa_id for news in examinee.of_kind(MessageArrived)] == [*sent, last]


async def what_our_phone_writes_is_told_as_ours(network: Network) -> None:
    examinee = await Examinee.paired(network)
    wa_id = await network.type_on_own_phone("from the handset")
    arrived = await examinee.hears(MessageArrived)
    assert (arrived.wa_id, arrived.from_me) == (wa_id, True)
    assert arrived.chat in await network.other_addresses()


async def nothing_is_acknowledged_before_it_is_durable(network: Network) -> None:
    examinee = await Examinee.paired(network)
    failing = Failing(network.storage)
    await network.type("do not lose me")
    await until(lambda: failing.failed > 0, lambda: "no commit was tried")
    failing.stop()
    arrived = await examinee.hears(MessageArrived)
    assert arrived.content == Text("do not lose me")
    await examinee.is_in(SessionState.CONNECTED)
    assert len(examinee.of_kind(MessageArrived)) == 1


QUESTIONS: tuple[Question, ...] = (
    an_unpaired_session_shows_codes_and_a_phone_links_it,
    a_phone_links_it_by_a_code_that_is_typed,
    a_paired_session_comes_back_without_a_phone,
    its_class_says_what_it_can_do,
    a_text_goes_out_and_its_receipts_come_back,
    one_id_is_one_message_however_often_it_is_asked_for,
    a_chat_keeps_its_order,
    a_reply_quotes,
    a_number_without_an_account_is_told_apart,
    a_refused_message_is_settled,
    nothing_is_sent_while_the_line_is_down,
    a_text_comes_in_with_its_writer,
    what_waited_arrives_in_order_and_once,
    what_our_phone_writes_is_told_as_ours,
    nothing_is_acknowledged_before_it_is_durable,
)
