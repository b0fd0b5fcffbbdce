"""Plain texts that come together are accepted together; nobody notices, whatever comes beside them."""

import asyncio
from collections.abc import Sequence

import pytest
from typing_extensions import override

from fixtures.rooms import House, OpenHouse
from wagate.domain.content import Text
from wagate.domain.errors import (
    IdempotencyKeyReused,
    InvalidContent,
    InvalidRecipient,
    SessionNotFound,
    StorageUnavailable,
    TooBusy,
)
from wagate.domain.ids import TenantId
from wagate.domain.message import Message, MessageStatus
from wagate.domain.session import Session
from wagate.features.access import Principal
from wagate.features.messaging.gathering import Gathering
from wagate.features.messaging.repository.outbox import MOST_TARGETS
from wagate.features.messaging.requests import Accepted, Plain, SendRequest
from wagate.features.messaging.shape import message_shape
from wagate.features.messaging.together import Outcome, Together
from wagate.store import open_database
from wagate.store.database import ConstraintViolated
from wagate.store.scoped import Scoped
from wagate.store.script import Script

PEOPLE = [f"55119000002{number:02}" for number in range(3)]


async def stopped(house: House, name: str, number: str) -> Session:
    """A session that has talked with everybody, and sends nothing for now."""
    session, _ = await house.paired(name, number)
    await house.gateway.sessions.stop(house.us, session.id)
    for person in PEOPLE:
        await house.send(session, person, "first")
    return session


async def send(house: House, session: str, to: str, text: str, key: str | None = None) -> Accepted:
    request = SendRequest(to, Text(text))
    return await house.gateway.messaging.send(house.us, session, request, idempotency_key=key)


async def all_of(house: House, session: Session) -> list[Message]:
    page = await house.gateway.messaging.list(house.us, limit=200)
    return [message for message in page.items if message.session == session.id]


async def test_what_comes_together_is_accepted_as_what_comes_alone(house: House) -> None:
    sessions = [await stopped(house, f"s{number}", f"551190000100{number}") for number in range(3)]
    count = MOST_TARGETS + 20
    sent = await asyncio.gather(
        *(
            send(house, sessions[n % 3].name if n % 2 else sessions[n % 3].id, PEOPLE[n % 2], f"{n}")
            for n in range(count)
        )
    )
    kept = {message.id: message for session in sessions for message in await all_of(house, session)}
    assert len(kept) == count + 3 * len(PEOPLE)
    for number, accepted in enumerate(sent):
        assert kept[accepted.message.id] == accepted.message
        assert accepted.message.content == Text(f"{number}")
        assert accepted.message.status is MessageStatus.QUEUED
    for session in sessions:
        events = await house.gateway.journal.list(house.us, session=session.id, limit=200)
        assert [event.seq for event in events.items] == list(range(1, len(events.items) + 1))
        told = {event.data["id"]: event.data for event in events.items if event.type == "message.queued"}
        ours = [accepted.message for accepted in sent if accepted.message.session == session.id]
        assert [told[message.id] for message in ours] == [message_shape(message) for message in ours]
        timeline = await house.gateway.queues.timeline(house.us, ours[0].id)
        assert [moved.status for moved in timeline] == [MessageStatus.QUEUED]


async def test_what_was_accepted_together_goes_out_in_its_order(house: House) -> None:
    session = await stopped(house, "shop", "5511900001000")
    texts = [f"{number}" for number in range(40)]
    await asyncio.gather(*(send(house, session.id, PEOPLE[0], text) for text in texts))
    await house.gateway.sessions.start(house.us, session.id)
    phone = house.service.phone(PEOPLE[0])
    async with asyncio.timeout(30):
        while len(phone.inbox) < 41:  # noqa: ASYNC110  another process's memory, in effect
            await asyncio.sleep(0.01)
    assert [shown.text for shown in phone.inbox] == ["first", *texts]


async def test_whoever_is_refused_is_refused_alone(house: House) -> None:
    session = await stopped(house, "shop", "5511900001000")
    outcomes = await asyncio.gather(
        send(house, session.id, PEOPLE[0], "one"),
        send(house, "nowhere", PEOPLE[0], "two"),
        send(house, session.id, "not a number", "three"),
        send(house, session.id, PEOPLE[1], "x" * 70_000),
        send(house, session.id, "551190000299", "to somebody new"),
        send(house, session.id, PEOPLE[1], "six", "key"),
        return_exceptions=True,
    )
    kinds = [type(outcome) for outcome in outcomes]
    assert kinds == [Accepted, SessionNotFound, InvalidRecipient, InvalidContent, Accepted, Accepted]
    assert len(await all_of(house, session)) == len(PEOPLE) + 3


async def test_another_tenant_does_not_get_in_with_the_crowd(house: House) -> None:
    session = await stopped(house, "shop", "5511900001000")
    stranger = Principal.system(TenantId("tnt_STRANGER"))
    ours, theirs = await asyncio.gather(
        send(house, session.id, PEOPLE[0], "ours"),
        house.gateway.messaging.send(stranger, session.id, SendRequest(PEOPLE[0], Text("theirs"))),
        return_exceptions=True,
    )
    assert isinstance(ours, Accepted)
    assert isinstance(theirs, SessionNotFound)


async def gathered(house: House, session: str, to: str, text: str, key: str) -> Accepted:
    """Accept a text behind the door that lets in one request with a key at a time."""
    request = SendRequest(to, Text(text))
    return await house.gateway.messaging._gathering.accept(house.us, session, request, key, None)


async def test_keys_hold_among_those_that_come_together(house: House) -> None:
    session = await stopped(house, "shop", "5511900001000")
    before = (await send(house, session.id, PEOPLE[0], "before", "key-0")).message
    outcomes = await asyncio.gather(
        *(gathered(house, session.id, PEOPLE[n % 2], f"text {n % 4}", f"key-{n % 4 + 1}") for n in range(20)),
        gathered(house, session.id, PEOPLE[0], "before", "key-0"),
        gathered(house, session.id, PEOPLE[0], "another", "key-0"),
        return_exceptions=True,
    )
    *made, again, reused = outcomes
    assert all(isinstance(outcome, Accepted) for outcome in made)
    assert len({outcome.message.id for outcome in made if isinstance(outcome, Accepted)}) == 4
    assert sum(not outcome.replayed for outcome in made if isinstance(outcome, Accepted)) == 4
    assert isinstance(again, Accepted)
    assert (again.message.id, again.replayed) == (before.id, True)
    assert isinstance(reused, IdempotencyKeyReused)
    assert len(await all_of(house, session)) == len(PEOPLE) + 5


async def test_when_the_commit_fails_everybody_hears_of_it(open_house: OpenHouse) -> None:
    fails = False

    def before_commit() -> None:
        if fails:
            raise OSError("no space left")

    house = await open_house(before_commit=before_commit)
    session = await stopped(house, "shop", "5511900001000")
    fails = True
    outcomes = await asyncio.gather(
        *(send(house, session.id, PEOPLE[n % 3], f"{n}", f"key-{n}") for n in range(10)), return_exceptions=True
    )
    assert {type(outcome) for outcome in outcomes} == {StorageUnavailable}
    assert len({id(outcome) for outcome in outcomes}) == len(outcomes)
    fails = False
    assert not (await send(house, session.id, PEOPLE[0], "0", "key-0")).replayed
    assert len(await all_of(house, session)) == len(PEOPLE) + 1


class Breaks(Together):
    """Always fails as a whole."""

    def __init__(self) -> None:
        self.asked = 0

    @override
    def accept(self, scope: Scoped, by: str, asked: Sequence[Plain]) -> Script[list[Outcome]]:
        self.asked += len(asked)
        raise ConstraintViolated("planted")
        yield


class Fragile:
    """A way out that takes messages one by one only."""

    def __init__(self) -> None:
        self.together = Breaks()
        self.texts: list[str] = []

    def accept(self, scope: Scoped, session: str, request: SendRequest, *_: object) -> Script[None]:
        assert isinstance(request.content, Text)
        self.texts.append(request.content.body)
        yield from ()


async def test_what_fails_together_is_tried_alone(migrated_url: str) -> None:
    database, way_out = await open_database(migrated_url), Fragile()
    gathering = Gathering(database, way_out)  # type: ignore[arg-type]  # all that is asked of it
    scope = Principal.system(TenantId("tnt_1"))
    texts = [f"{number}" for number in range(MOST_TARGETS + 1)]
    requests = [SendRequest(PEOPLE[0], Text(text)) for text in texts]
    await asyncio.gather(*(gathering.accept(scope, "shop", request, None, None) for request in requests))
    await database.close()
    assert way_out.together.asked == len(texts)
    assert sorted(way_out.texts) == sorted(texts)


async def test_there_is_an_end_to_those_who_wait(migrated_url: str) -> None:
    database = await open_database(migrated_url)
    await database.close()
    gathering = Gathering(database, None)  # type: ignore[arg-type]  # it is not asked
    scope, request = Principal.system(TenantId("tnt_1")), SendRequest(PEOPLE[0], Text("hello"))
    with pytest.raises(StorageUnavailable):
        await gathering.accept(scope, "shop", request, None, None)
    with pytest.raises((StorageUnavailable, TooBusy)):
        await gathering.accept(scope, "shop", request, None, None)
