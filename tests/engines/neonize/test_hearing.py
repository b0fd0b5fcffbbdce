"""Whatever a worker hands over as a message becomes news, and nothing that it says ends the line."""

from __future__ import annotations

import base64
import random
from dataclasses import dataclass

import pytest

from engines.neonize.desk import QUICK
from engines.neonize.letters import body_of, plain
from wagate.adapters.engines.neonize.holding import Holding, read_kept
from wagate.adapters.engines.neonize.link.messages import Arrived, Entry, GroupEvent, GroupNote, Linked, Nothing
from wagate.adapters.vault.memory import MemoryStorage, MemoryVault
from wagate.domain.content import Context, Text, Unsupported
from wagate.domain.ids import SessionId
from wagate.domain.people import GroupEdit, GroupEdited, MembersAction, MembersChanged
from wagate.ports.news import GroupChanged, MessageArrived
from whatsapp_wire.contents import polls
from whatsapp_wire.proto.message_pb2 import Message


@dataclass
class Ear:
    """A line's memory, and what is told through it."""

    vault: MemoryVault
    holding: Holding
    number: int = 0

    @classmethod
    async def of(cls) -> Ear:
        vault = MemoryStorage().open(SessionId("ses_ear"))
        ear = cls(vault, Holding(await read_kept(vault), QUICK, vault))
        await ear.hears(Linked("5511:4@s.whatsapp.net", "111@lid", "", "android"))
        return ear

    async def hears(self, event: Arrived | GroupEvent | Linked | Nothing) -> list[object]:
        self.number += 1
        unit = await self.holding.take("spool", Entry(self.number, event))
        if unit is None:
            return []
        await self.vault.submit(unit)
        return list(unit.news)


def arrived(body: str, kind: str = "", *, view_once: bool = False) -> Arrived:
    return Arrived("3EB0", "222@lid", "222@lid", False, 5, body, kind, view_once=view_once)


def encoded(message: Message) -> str:
    return base64.b64encode(message.SerializeToString()).decode()


@pytest.mark.parametrize(
    ("event", "content"),
    [
        (arrived(body_of("hi"), "conversation"), Text("hi")),
        (arrived("", "image"), Unsupported("image")),
        (arrived("", ""), Unsupported("unknown")),
        (arrived("no base64!", "image"), Unsupported("image")),
        (arrived(base64.b64encode(b"\xff\xff").decode(), "image"), Unsupported("image")),
        (
            arrived(base64.b64encode(b"\xfa\x3f\x00").decode(), "request_phone_number"),
            Unsupported("request_phone_number"),
        ),
    ],
)
async def test_what_cannot_be_read_is_shown_by_its_name(event: Arrived, content: object) -> None:
    (news,) = await (await Ear.of()).hears(event)
    assert isinstance(news, MessageArrived)
    assert (news.content, news.sender, news.timestamp) == (content, "222@lid", 5)


async def test_a_wrapper_that_whatsmeow_took_off_is_not_forgotten() -> None:
    (news,) = await (await Ear.of()).hears(arrived(body_of("hi"), view_once=True))
    assert isinstance(news, MessageArrived)
    assert news.context == Context(view_once=True)


async def test_an_id_stays_with_the_poll_that_came_first() -> None:
    ear = await Ear.of()
    poll = polls.Poll("Lunch?", ("Pizza", "Sushi"), 1)
    await ear.hears(arrived(encoded(polls.poll_message(poll, b"1" * 32))))
    await ear.hears(arrived(encoded(polls.poll_message(poll, b"2" * 32))))
    kept = await ear.holding.poll("3EB0")
    assert kept is not None
    assert (kept.author, kept.secret, kept.options) == ("222@lid", b"1" * 32, poll.options)
    assert await ear.holding.poll("3EB1") is None


async def test_damaged_plaintexts_are_told_one_way_or_another() -> None:
    ear, dice = await Ear.of(), random.Random(7)
    whole = plain("hello") + polls.poll_message(polls.Poll("Lunch?", ("Pizza",), 1), b"1" * 32).SerializeToString()
    for _ in range(500):
        damaged = bytearray(whole)
        for _ in range(dice.randrange(1, 6)):
            damaged[dice.randrange(len(damaged))] = dice.randrange(256)
        for news in await ear.hears(arrived(base64.b64encode(damaged).decode(), "conversation")):
            assert isinstance(news, MessageArrived)
            assert news.content.text


async def test_a_change_that_nobody_knows_is_left_out() -> None:
    notes = (
        GroupNote("hologram", "on"),
        GroupNote("timer", "soon"),
        GroupNote("subject", "Sales"),
        GroupNote("add", people=("111@lid", "333@lid")),
    )
    told = await (await Ear.of()).hears(GroupEvent("9@g.us", "222@lid", 9, "invite", notes))
    assert all(isinstance(news, GroupChanged) and (news.group, news.by) == ("9@g.us", "222@lid") for news in told)
    edited, came = (news.change for news in told if isinstance(news, GroupChanged))
    assert edited == GroupEdited(GroupEdit(subject="Sales"))
    assert isinstance(came, MembersChanged)
    assert (came.action, came.includes_us, came.reason) == (MembersAction.ADD, True, "invite")
