"""The written examination for engines, seventh part: the past. Only who promises so is asked to fetch more of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Protocol, runtime_checkable

import pytest

from contracts.examinee import Examinee, Network, until
from contracts.paper import Paper
from wagate.domain.content import Text
from wagate.ports.abilities import Oldest, QueriesHistory
from wagate.ports.engine import NotSent
from wagate.ports.news import HistoryArrived, HistoryRead, MessageArrived, PastMessage

PAPER = Paper()


@runtime_checkable
class PastNetwork(Network, Protocol):
    """A network in which OWN's phone remembers what was before a device was linked to it."""

    async def remember(self, *texts: str) -> list[str]:
        """OTHER wrote these long ago, one after the other; their ids."""
        ...

    async def forget_to_answer(self) -> None:
        """OWN's phone does not answer when it is asked for more."""
        ...


_Question = Callable[[PastNetwork], Awaitable[None]]


def _on_paper(question: _Question) -> Callable[[Network], Awaitable[None]]:
    @wraps(question)
    async def ask_of_the_past(network: Network) -> None:
        assert isinstance(network, PastNetwork)
        await question(network)

    return ask_of_the_past


def _asks_everybody(question: _Question) -> _Question:
    PAPER.asks()(_on_paper(question))
    return question


def _asks(question: _Question) -> _Question:
    PAPER.asks(promised="queries_history", ability=QueriesHistory)(_on_paper(question))
    return question


def _past(examinee: Examinee) -> list[PastMessage]:
    return [past for news in examinee.of_kind(HistoryArrived) for past in news.messages]


async def _read(examinee: Examinee, kind: str) -> HistoryRead:
    """The end of a history of that kind, once it is told."""

    def found() -> list[HistoryRead]:
        return [news for news in examinee.of_kind(HistoryRead) if news.kind == kind]

    await until(lambda: bool(found()), lambda: f"{examinee.durable}")
    return found()[0]


@_asks_everybody
async def what_was_before_is_told_after_pairing_and_not_as_news(network: PastNetwork) -> None:
    ids = await network.remember("one", "two")
    examinee = await Examinee.paired(network)
    read = await _read(examinee, "bootstrap")
    assert (read.code, read.request) == (None, None)
    told = {past.said.wa_id: past.said for past in _past(examinee)}
    assert list(reversed(told)) == ids
    assert [told[wa_id].content for wa_id in ids] == [Text("one"), Text("two")]
    for said in told.values():
        assert {said.chat, said.chat_alt} - {None} <= await network.other_addresses()
        assert not said.from_me
    assert {part.history for part in examinee.of_kind(HistoryArrived) if part.messages} == {read.history}
    assert examinee.of_kind(MessageArrived) == []


@_asks_everybody
async def it_is_told_once_also_over_a_restart(network: PastNetwork) -> None:
    await network.remember("one")
    examinee = await Examinee.paired(network)
    await _read(examinee, "bootstrap")
    await examinee.restart()
    await network.type("now")
    await examinee.hears(MessageArrived)
    assert len(_past(examinee)) == 1


@_asks
async def older_messages_come_when_they_are_asked_for(network: PastNetwork) -> None:
    ids = await network.remember("one", "two", "three")
    examinee = await Examinee.paired(network)
    await _read(examinee, "bootstrap")
    newest = next(past.said for past in _past(examinee) if past.said.wa_id == ids[2])
    assert isinstance(examinee.connection, QueriesHistory)
    oldest = Oldest(newest.wa_id, newest.from_me, newest.timestamp * 1000)
    request = await examinee.connection.ask_for_history(newest.chat, oldest, 1)
    read = await _read(examinee, "on_demand")
    assert (read.request, read.chat, read.code) == (request, newest.chat, None)
    told = [past for part in examinee.of_kind(HistoryArrived) if part.history == read.history for past in part.messages]
    assert [past.said.wa_id for past in told] == [ids[1]]


@_asks
async def a_phone_that_does_not_answer_is_told_of(network: PastNetwork) -> None:
    (wa_id,) = await network.remember("one")
    await network.forget_to_answer()
    examinee = await Examinee.paired(network)
    await _read(examinee, "bootstrap")
    (past,) = _past(examinee)
    assert isinstance(examinee.connection, QueriesHistory)
    request = await examinee.connection.ask_for_history(past.said.chat, Oldest(wa_id, False, 1_700_000_000_000), 5)
    read = await _read(examinee, "on_demand")
    assert (read.request, read.code) == (request, "phone_not_answering")


@_asks
async def without_a_line_nothing_is_asked(network: PastNetwork) -> None:
    examinee = await Examinee.paired(network)
    connection = examinee.connection
    assert isinstance(connection, QueriesHistory)
    await examinee.close()
    (other, *_) = await network.other_addresses()
    with pytest.raises(NotSent):
        await connection.ask_for_history(other, Oldest("3EB0", False, 1), 1)
