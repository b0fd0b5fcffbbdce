"""The written examination for engines, seventh part: what all devices of an account share. Not for who lacks it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Protocol, runtime_checkable

import pytest

from contracts.examinee import OTHER, Examinee, Network, eventually
from contracts.paper import Paper
from fixtures.waiting import until
from wagate.domain.jid import Jid
from wagate.domain.marks import FOREVER, ChatMarks, ContactName, NamedMessage
from wagate.domain.session import SessionState
from wagate.ports.abilities import MarksChats, SavesContacts, SetsTimers, StarsMessages
from wagate.ports.engine import NotSent
from wagate.ports.news import (
    ChatEmptied,
    ChatMarked,
    ContactNamed,
    MessageArrived,
    MessageHidden,
    MessageStarred,
    SendStarted,
)

PAPER = Paper()
CHAT = Jid.from_phone(OTHER)


@runtime_checkable
class MarkNetwork(Network, Protocol):
    """A network in which an account's phone and its devices share marks, stars and names."""

    async def archive(self, *, on: bool) -> None:
        """OWN archives the chat with OTHER on the phone, or takes it back."""
        ...

    async def star(self, wa_id: str) -> None:
        """OWN gives a message a star on the phone."""
        ...

    async def call(self, name: str) -> None:
        """OWN saves OTHER under a name on the phone."""
        ...

    async def set_timer_on_phone(self, seconds: int) -> None:
        """OTHER sets the timer of the chat with OWN."""
        ...

    async def timer(self) -> int | None:
        """The timer that the chat has on OTHER's phone by what OWN said in it; None: nothing was said."""
        ...

    async def marks(self) -> dict[str, object]:
        """What OWN's phone knows of OTHER: `archived`, `muted_until` (ms, or None), `starred` (ids), `name`."""
        ...


MarkQuestion = Callable[[MarkNetwork], Awaitable[None]]


def _asks(ability: type) -> Callable[[MarkQuestion], MarkQuestion]:
    """Add a question to whom it is for."""

    def add(ask: MarkQuestion) -> MarkQuestion:
        @wraps(ask)
        async def ask_about_marks(network: Network) -> None:
            assert isinstance(network, MarkNetwork)
            await ask(network)

        PAPER.asks(ability=ability)(ask_about_marks)
        return ask

    return add


async def _met(network: MarkNetwork) -> tuple[Examinee, NamedMessage]:
    """A session that OTHER has written to."""
    examinee = await Examinee.paired(network)
    await network.type("hello machine")
    arrived = await examinee.hears(MessageArrived)
    return examinee, NamedMessage(CHAT, arrived.wa_id, from_me=False, sender=CHAT, at=arrived.timestamp * 1000)


@_asks(MarksChats)
async def a_chat_that_we_mark_is_marked_on_the_phone_and_told_before_the_call_returns(network: MarkNetwork) -> None:
    examinee, newest = await _met(network)
    connection = examinee.connection
    assert isinstance(connection, MarksChats)
    await connection.mark_chat(CHAT, ChatMarks(archived=True, muted_until=FOREVER), newest)
    told = [news.marks for news in examinee.of_kind(ChatMarked)]
    assert {marks.archived for marks in told} >= {True}
    assert {marks.muted_until for marks in told} >= {FOREVER}
    assert {news.chat for news in examinee.of_kind(ChatMarked)} <= await network.other_addresses()
    marks = await network.marks()
    assert (marks["archived"], marks["muted_until"]) == (True, FOREVER)
    await connection.clear_chat(CHAT, newest, with_starred=False)
    await connection.delete_chat(CHAT, newest)
    emptied = [(news.with_starred, news.is_deleted) for news in examinee.of_kind(ChatEmptied)]
    assert emptied == [(False, False), (True, True)]
    assert all(news.until // 1000 == newest.at // 1000 for news in examinee.of_kind(ChatEmptied))


@_asks(MarksChats)
async def a_chat_that_is_marked_on_the_phone_is_told_once_also_after_we_were_away(network: MarkNetwork) -> None:
    examinee, _ = await _met(network)
    await network.archive(on=True)
    assert (await examinee.hears(ChatMarked)).marks.archived is True
    await examinee.close()
    await network.archive(on=False)
    await examinee.open()

    def told() -> list[bool]:
        return [news.marks.archived for news in examinee.of_kind(ChatMarked) if news.marks.archived is not None]

    await until(lambda: len(told()) > 1)
    assert told() == [True, False]


@_asks(SetsTimers)
async def a_timer_is_set_in_the_chat_and_told_before_the_call_returns(network: MarkNetwork) -> None:
    examinee, _ = await _met(network)
    connection = examinee.connection
    assert isinstance(connection, SetsTimers)
    await connection.set_timer(CHAT, 86_400)
    (told,) = examinee.of_kind(ChatMarked)
    assert (told.marks, told.chat in await network.other_addresses()) == (ChatMarks(disappearing_s=86_400), True)
    assert examinee.of_kind(SendStarted) == []

    async def is_known() -> bool:
        return await network.timer() == 86_400

    await eventually(is_known, lambda: "OTHER was not told")
    await network.set_timer_on_phone(0)
    await examinee.hears(ChatMarked, times=2)
    theirs = examinee.of_kind(ChatMarked)[-1]
    assert (theirs.marks, theirs.chat in await network.other_addresses()) == (ChatMarks(disappearing_s=0), True)
    assert len(examinee.of_kind(MessageArrived)) == 1
    await network.go_down()
    await network.drop()
    await examinee.is_in(SessionState.DISCONNECTED)
    with pytest.raises(NotSent):
        await connection.set_timer(CHAT, 0)


@_asks(StarsMessages)
async def a_star_and_a_deletion_for_oneself_go_both_ways(network: MarkNetwork) -> None:
    examinee, message = await _met(network)
    connection = examinee.connection
    assert isinstance(connection, StarsMessages)
    await connection.star_message(message, starred=True)
    assert [(news.wa_id, news.starred) for news in examinee.of_kind(MessageStarred)] == [(message.wa_id, True)]
    assert (await network.marks())["starred"] == {message.wa_id}
    await connection.star_message(message, starred=False)
    assert (await network.marks())["starred"] == set()
    await network.star(message.wa_id)
    await examinee.hears(MessageStarred, times=3)
    assert [news.from_me for news in examinee.of_kind(MessageStarred)] == [False, False, False]
    await connection.hide_message(message)
    assert [news.wa_id for news in examinee.of_kind(MessageHidden)] == [message.wa_id]


@_asks(SavesContacts)
async def a_name_in_the_address_book_goes_both_ways(network: MarkNetwork) -> None:
    examinee, _ = await _met(network)
    connection = examinee.connection
    assert isinstance(connection, SavesContacts)
    await connection.save_contact(CHAT, ContactName("Ana Souza", "Ana"))
    assert [news.name for news in examinee.of_kind(ContactNamed)] == [ContactName("Ana Souza", "Ana")]
    assert (await network.marks())["name"] == "Ana Souza"
    await network.call("Anna")
    await examinee.hears(ContactNamed, times=2)
    await connection.save_contact(CHAT, None)
    assert [None if news.name is None else news.name.full for news in examinee.of_kind(ContactNamed)] == [
        "Ana Souza",
        "Anna",
        None,
    ]
    assert (await network.marks())["name"] is None


@_asks(MarksChats)
async def without_a_line_nothing_is_marked_and_that_is_said(network: MarkNetwork) -> None:
    examinee, newest = await _met(network)
    connection = examinee.connection
    assert isinstance(connection, MarksChats)
    await network.go_down()
    await network.drop()
    await examinee.is_in(SessionState.DISCONNECTED)
    with pytest.raises(NotSent):
        await connection.mark_chat(CHAT, ChatMarks(pinned=True), newest)
    assert examinee.of_kind(ChatMarked) == []
