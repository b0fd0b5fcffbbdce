"""The written examination for engines, first part, in the scope of texts: pairing, messages out, messages in."""

import pytest

from contracts.examinee import OWN, Examinee, Network, eventually, until
from contracts.paper import Paper, Stage
from wagate.domain.content import Quoted, Text
from wagate.domain.errors import SessionAlreadyPaired
from wagate.domain.jid import Jid
from wagate.domain.session import SessionState
from wagate.ports.abilities import Activity, MarksPlayed, MarksRead, PairsDevices, ShowsTyping
from wagate.ports.engine import NotSent
from wagate.ports.news import (
    MessageArrived,
    Paired,
    QrShown,
    ReadElsewhere,
    ReceiptArrived,
    ReceiptKind,
    SeenAlive,
    SendAccepted,
    SendStarted,
    StateChanged,
)

PAPER = Paper()

# ---- pairing


@PAPER.asks()
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


@PAPER.asks(ability=PairsDevices)
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


@PAPER.asks()
async def a_paired_session_comes_back_without_a_phone(network: Network) -> None:
    examinee = await Examinee.paired(network)
    await examinee.restart()
    await examinee.is_in(SessionState.CONNECTED)
    assert not [news for news in examinee.told if isinstance(news, QrShown)]
    assert len(examinee.of_kind(Paired)) == 1


@PAPER.asks(ability=PairsDevices)
async def a_new_series_of_codes_can_be_begun(network: Network) -> None:
    examinee = await Examinee.of(network)
    first = await examinee.hears(QrShown)
    assert isinstance(examinee.connection, PairsDevices)
    await examinee.connection.renew_qr()
    await until(lambda: any(code.text != first.text for code in examinee.of_kind(QrShown)), lambda: f"{examinee.told}")
    await network.scan(examinee.of_kind(QrShown)[-1].text)
    await examinee.is_in(SessionState.CONNECTED)


@PAPER.asks(ability=PairsDevices, stage=Stage.SHORT_CODES)
async def codes_that_nobody_scans_come_to_an_end(network: Network) -> None:
    examinee = await Examinee.of(network, network.hurried_engine())
    ended = await examinee.is_in(SessionState.STOPPED)
    assert ended.reason is not None
    assert ended.reason.code == "qr_expired"
    codes = examinee.of_kind(QrShown)
    assert [code.remaining for code in codes] == list(range(len(codes)))[::-1]
    assert isinstance(examinee.connection, PairsDevices)
    with pytest.raises(NotSent):
        await examinee.connection.request_pairing_code(Jid.from_phone(OWN))


@PAPER.asks()
async def its_class_says_what_it_can_do(network: Network) -> None:
    engine = network.engine()
    assert engine.features.contents >= {"text"}
    assert engine.features.max_text_bytes > 0
    examinee = await Examinee.of(network)
    assert isinstance(examinee.connection, engine.connection)
    await engine.close()


@PAPER.asks()
async def a_line_that_is_up_was_seen_alive(network: Network) -> None:
    examinee = await Examinee.paired(network)
    await examinee.hears(SeenAlive)
    await examinee.restart()
    await examinee.is_in(SessionState.CONNECTED)
    await examinee.hears(SeenAlive)
    states = [news.state for news in examinee.of_kind(StateChanged)]
    assert states.index(SessionState.CONNECTING) < states.index(SessionState.CONNECTED)


# ---- out


@PAPER.asks()
async def a_text_goes_out_and_its_receipts_come_back(network: Network) -> None:
    examinee = await Examinee.paired(network)
    sent = await examinee.send("hello")
    (started,) = examinee.of_kind(SendStarted)  # durable when send returns
    assert (started.message, started.wa_id) == (sent.message, sent.wa_id)
    (shown,) = await examinee.shown("hello")
    assert shown.wa_id == await examinee.id_of(sent)
    await network.read()
    receipt = await examinee.hears(ReceiptArrived, times=2)
    kinds = [(news.kind, news.wa_ids) for news in examinee.of_kind(ReceiptArrived)]
    assert kinds == [(ReceiptKind.DELIVERED, (shown.wa_id,)), (ReceiptKind.READ, (shown.wa_id,))]
    assert receipt.by.is_person


@PAPER.asks()
async def one_message_is_sent_once_however_often_it_is_asked_for(network: Network) -> None:
    examinee = await Examinee.paired(network)
    sent = await examinee.send("once")
    await examinee.give(sent)
    await examinee.id_of(sent)
    await examinee.give(sent)
    await examinee.restart()
    await examinee.is_in(SessionState.CONNECTED)
    await examinee.give(sent)
    await examinee.send("last")
    await examinee.shown("once", "last")


@PAPER.asks()
async def a_chat_keeps_its_order(network: Network) -> None:
    examinee = await Examinee.paired(network)
    texts = [f"message {n}" for n in range(20)]
    sent = [await examinee.send(text) for text in texts]
    await examinee.shown(*texts)
    await examinee.hears(SendAccepted, times=20)
    assert [news.message for news in examinee.of_kind(SendStarted)] == [one.message for one in sent]


@PAPER.asks()
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


# ---- in


@PAPER.asks()
async def a_text_comes_in_with_its_writer(network: Network) -> None:
    examinee = await Examinee.paired(network)
    wa_id = await network.type("hello machine")
    arrived = await examinee.hears(MessageArrived)
    assert (arrived.wa_id, arrived.content, arrived.from_me) == (wa_id, Text("hello machine"), False)
    assert arrived.chat == arrived.sender
    assert {arrived.sender, arrived.sender_alt} - {None} <= await network.other_addresses()


@PAPER.asks()
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


@PAPER.asks()
async def what_our_phone_writes_is_told_as_ours(network: Network) -> None:
    examinee = await Examinee.paired(network)
    wa_id = await network.type_on_own_phone("from the handset")
    arrived = await examinee.hears(MessageArrived)
    assert (arrived.wa_id, arrived.from_me) == (wa_id, True)
    assert arrived.chat in await network.other_addresses()


@PAPER.asks()
async def what_is_read_on_our_phone_is_told(network: Network) -> None:
    examinee = await Examinee.paired(network)
    wa_id = await network.type("read this yourself")
    await examinee.hears(MessageArrived)
    await network.read_on_own_phone()
    told = await examinee.hears(ReadElsewhere)
    assert (told.wa_ids, told.chat in await network.other_addresses()) == ((wa_id,), True)
    assert examinee.of_kind(ReceiptArrived) == []


@PAPER.asks(ability=MarksRead)
async def its_readers_are_told_that_it_read(network: Network) -> None:
    examinee = await Examinee.paired(network)
    wa_id = await network.type("did you read this?")
    arrived = await examinee.hears(MessageArrived)
    assert isinstance(examinee.connection, MarksRead)
    await examinee.connection.mark_read(arrived.chat, arrived.sender, [wa_id])

    async def told() -> bool:
        return await network.read_by_us() == [wa_id]

    await eventually(told, lambda: "OTHER was not told")
    await network.go_down()
    await network.drop()
    await examinee.is_in(SessionState.DISCONNECTED)
    with pytest.raises(NotSent):
        await examinee.connection.mark_read(arrived.chat, arrived.sender, [wa_id])


@PAPER.asks(ability=MarksPlayed)
async def its_writers_are_told_that_it_played(network: Network) -> None:
    examinee = await Examinee.paired(network)
    wa_id = await network.type("as if it were a note")
    arrived = await examinee.hears(MessageArrived)
    assert isinstance(examinee.connection, MarksPlayed)
    await examinee.connection.mark_played(arrived.chat, arrived.sender, [wa_id])

    async def told() -> bool:
        return await network.played_by_us() == [wa_id]

    await eventually(told, lambda: "OTHER was not told")
    assert await network.read_by_us() == []


@PAPER.asks(ability=ShowsTyping)
async def its_writing_is_shown(network: Network) -> None:
    examinee = await Examinee.paired(network)
    await network.type("are you there?")
    arrived = await examinee.hears(MessageArrived)
    assert isinstance(examinee.connection, ShowsTyping)
    await examinee.connection.show_typing(arrived.chat, Activity.COMPOSING)
    await eventually(network.typing_of_us, lambda: "OTHER was not shown it")
    await network.go_down()
    await network.drop()
    await examinee.is_in(SessionState.DISCONNECTED)
    with pytest.raises(NotSent):
        await examinee.connection.show_typing(arrived.chat, Activity.COMPOSING)
