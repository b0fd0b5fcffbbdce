"""The written examination for engines, fourth part: a promise is kept, and its absence is told truthfully."""

from contracts.examinee import Examinee, Failing, Network, eventually, until
from contracts.paper import Paper, Stage
from wagate.domain.content import Text
from wagate.domain.session import SessionState
from wagate.ports.news import GapSuspected, MessageArrived, SendAccepted, SendRefused, SendStarted, SendUncertain

PAPER = Paper()

# ---- chooses_message_id


@PAPER.asks(promised="chooses_message_id")
async def the_id_is_the_one_that_was_chosen(network: Network) -> None:
    examinee = await Examinee.paired(network)
    sent = await examinee.send("mine")
    assert [news.wa_id for news in examinee.of_kind(SendStarted)] == [sent.wa_id]
    (shown,) = await examinee.shown("mine")
    assert shown.wa_id == sent.wa_id == await examinee.id_of(sent)


@PAPER.asks(promised="chooses_message_id")
async def what_was_not_acknowledged_goes_out_again_as_it_was(network: Network) -> None:
    examinee = await Examinee.paired(network)
    await network.withhold_acks(on=True)
    texts = ["one", "two", "three"]
    sent = [await examinee.send(text) for text in texts]
    await examinee.shown(*texts)
    await examinee.die()  # the engine knows only what it had made durable
    await examinee.is_in(SessionState.CONNECTED)
    await network.withhold_acks(on=False)
    await network.drop()
    await examinee.hears(SendAccepted, times=3)
    assert sorted(news.wa_id for news in examinee.of_kind(SendAccepted)) == sorted(one.chosen_id for one in sent)
    await examinee.send("four")
    await examinee.shown(*texts, "four")


@PAPER.asks(promised="chooses_message_id")
async def what_was_lost_on_the_way_goes_out_again(network: Network) -> None:
    examinee = await Examinee.paired(network)
    await network.lose_messages(on=True)
    sent = await examinee.send("lost at first")
    await examinee.drops()
    assert examinee.accepted(sent) is None
    await network.lose_messages(on=False)
    await network.drop()
    await examinee.id_of(sent)
    await examinee.shown("lost at first")


@PAPER.asks(unpromised="chooses_message_id")
async def the_id_comes_with_the_services_answer(network: Network) -> None:
    examinee = await Examinee.paired(network)
    sent = await examinee.send("yours")
    assert [(news.message, news.wa_id) for news in examinee.of_kind(SendStarted)] == [(sent.message, None)]
    (shown,) = await examinee.shown("yours")
    assert await examinee.id_of(sent) == shown.wa_id
    accepted = examinee.accepted(sent)
    assert accepted is not None
    assert accepted.message == sent.message


@PAPER.asks(unpromised="chooses_message_id", stage=Stage.IMPATIENCE)
async def what_nobody_answered_is_uncertain_and_not_sent_again(network: Network) -> None:
    examinee = await Examinee.paired(network)
    await network.withhold_acks(on=True)
    sent = await examinee.send("did it go out?")
    await examinee.shown("did it go out?")
    await examinee.drops()
    await until(lambda: doubted(examinee), lambda: f"{examinee.durable}")
    assert {news.message for news in examinee.of_kind(SendUncertain)} == {sent.message}
    await ends_well(examinee)


@PAPER.asks(unpromised="chooses_message_id")
async def a_death_while_sending_leaves_doubt_and_no_second_message(network: Network) -> None:
    examinee = await Examinee.paired(network)
    await network.withhold_acks(on=True)
    sent = await examinee.send("did it go out?")
    await examinee.shown("did it go out?")
    await examinee.die()
    await until(lambda: doubted(examinee), lambda: f"{examinee.durable}")
    await examinee.is_in(SessionState.CONNECTED)
    await examinee.give(sent)  # whoever asks again gets no second one
    await ends_well(examinee)


async def ends_well(examinee: Examinee) -> None:
    """Acks come again: nothing is sent twice, and what is told of the doubtful message is true."""
    network = examinee.network
    await network.withhold_acks(on=False)
    await examinee.is_in(SessionState.CONNECTED)
    last = await examinee.send("last")
    first, _ = await examinee.shown("did it go out?", "last")
    await examinee.id_of(last)
    named = {news.wa_id for news in examinee.of_kind(SendUncertain)} - {None}
    accepted = {news.wa_id for news in examinee.of_kind(SendAccepted)} - {await examinee.id_of(last)}
    assert named | accepted <= {first.wa_id}
    assert examinee.of_kind(SendRefused) == []


@PAPER.asks(unpromised="chooses_message_id", stage=Stage.IMPATIENCE)
async def what_was_lost_on_the_way_is_never_called_sent(network: Network) -> None:
    examinee = await Examinee.paired(network)
    await network.lose_messages(on=True)
    sent = await examinee.send("lost")
    await examinee.drops()
    await until(lambda: doubted(examinee), lambda: f"{examinee.durable}")
    await network.lose_messages(on=False)
    await examinee.is_in(SessionState.CONNECTED)
    await examinee.send("last")
    await examinee.shown("last")
    assert examinee.accepted(sent) is None


def doubted(examinee: Examinee) -> bool:
    return bool(examinee.of_kind(SendUncertain))


# ---- acks_after_persist


@PAPER.asks(promised="acks_after_persist")
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


@PAPER.asks(promised="acks_after_persist")
async def what_arrives_while_it_dies_arrives_again(network: Network) -> None:
    examinee = await Examinee.paired(network)
    failing = Failing(network.storage)
    await network.type("do not lose me")
    await until(lambda: failing.failed > 0, lambda: "no commit was tried")
    await examinee.die()
    await examinee.hears(MessageArrived)
    await network.type("last")
    last = await examinee.hears(MessageArrived, times=2)
    assert last.content == Text("last")


@PAPER.asks(unpromised="acks_after_persist")
async def a_gap_is_suspected_after_an_unclean_end(network: Network) -> None:
    examinee = await Examinee.paired(network)
    await network.type("before")
    await examinee.hears(MessageArrived)
    await examinee.die()
    gap = await examinee.hears(GapSuspected)
    assert 0 < gap.since <= gap.until
    assert gap.code
    assert gap.detail
    await network.type("after")
    await examinee.hears(MessageArrived, times=2)
    assert len(examinee.of_kind(GapSuspected)) == 1


@PAPER.asks()
async def no_gap_is_suspected_after_a_clean_end(network: Network) -> None:
    examinee = await Examinee.paired(network)
    await network.type("before")
    await examinee.hears(MessageArrived)
    await examinee.restart()
    await examinee.is_in(SessionState.CONNECTED)
    await examinee.drops()
    await network.type("after")
    await examinee.hears(MessageArrived, times=2)
    assert examinee.of_kind(GapSuspected) == []


# ---- answers_retries_from_store


@PAPER.asks(promised="answers_retries_from_store")
async def who_asks_again_is_answered_after_a_restart_too(network: Network) -> None:
    examinee = await Examinee.paired(network)
    wa_id = await examinee.id_of(await examinee.send("say again?"))
    await examinee.die()
    await examinee.is_in(SessionState.CONNECTED)
    await network.ask_again(wa_id)

    async def repeated() -> bool:
        return await network.repeated() == [wa_id]

    await eventually(repeated, lambda: "the message did not come again")


@PAPER.asks(unpromised="answers_retries_from_store")
async def who_asks_again_disturbs_nobody(network: Network) -> None:
    examinee = await Examinee.paired(network)
    wa_id = await examinee.id_of(await examinee.send("say again?"))
    await examinee.restart()
    await examinee.is_in(SessionState.CONNECTED)
    await network.ask_again(wa_id)
    last = await examinee.send("last")
    await examinee.id_of(last)
    shown = {message.text for message in await network.shown()}
    assert shown == {"say again?", "last"}
