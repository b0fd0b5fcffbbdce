"""What the API shows of a session whose engine promises little: late ids, doubts and gaps, as lists and as a stream."""

from __future__ import annotations

import orjson
import pytest

from api.listening import listening
from api.served import serving
from api.world import Api, World, until
from fixtures.rooms import QUICK, House, OpenHouse
from wagate.adapters.engines.fake import WITHOUT_PROMISES, FakeEngine
from wagate.api.app import create_app
from wagate.api.limits import Limits
from wagate.api.v1.schemas.event_shapes import GapNews
from wagate.api.v1.schemas.messages import Message


class Storage:
    """Commits fail while ``is_full``."""

    is_full = False
    failed = 0

    def before_commit(self) -> None:
        if self.is_full:
            self.failed += 1
            raise OSError("disk full")


@pytest.fixture
def storage() -> Storage:
    return Storage()


@pytest.fixture
async def house(open_house: OpenHouse, storage: Storage) -> House:
    """A gateway whose engine promises nothing."""
    return await open_house(
        make_engine=lambda house: FakeEngine(house.service, house.clock, QUICK, WITHOUT_PROMISES),
        before_commit=storage.before_commit,
    )


@pytest.fixture
async def world(house: House) -> World:
    assert house.gateway.first_key is not None
    return await World.begin(Api(create_app(house.gateway), house.gateway.first_key.secret), house.service)


async def test_a_message_is_shown_without_an_id_and_then_with_one(world: World) -> None:
    sent = await world.send()
    assert Message.model_validate(sent).model_dump(mode="json", by_alias=True) == sent
    assert (sent["status"], sent["wa_id"]) == ("queued", None)
    found = await world.api.until_status(sent["id"], "delivered")
    assert found["wa_id"] == world.ana.inbox[0].wa_id


async def test_doubt_is_shown_and_told_with_its_reason(world: World) -> None:
    world.ana.auto_deliver = False
    world.service.faults.withhold_acks = True
    sent = await world.send()
    await world.api.until_status(sent["id"], "sending")
    world.service.drop(world.shop)
    found = await world.api.until_status(sent["id"], "unknown")
    assert found["status_reason"] == "line_lost"
    assert Message.model_validate(found).model_dump(mode="json", by_alias=True) == found
    (event,) = (await world.api.get("/v1/events?types=message.unknown"))["data"]
    assert (event["data"]["id"], event["data"]["status"]) == (sent["id"], "unknown")
    listed = (await world.api.get("/v1/messages?status=unknown"))["data"]
    assert [message["id"] for message in listed] == [sent["id"]]


async def test_a_suspected_gap_is_on_the_journal_and_on_the_stream(
    world: World, house: House, storage: Storage
) -> None:
    async with (
        serving(house.gateway, Limits(heartbeat_s=0.2, streams=3)) as served,
        listening(served, "?types=session.gap_suspected") as listener,
    ):
        storage.is_full = True
        world.ana.type(world.shop, "acknowledged, and then lost")

        async def lost() -> bool:
            return storage.failed > 0 and not world.shop.devices[0].waiting

        await until(lost)
        storage.is_full = False
        event = await listener.next()
        assert event["event"] == "session.gap_suspected"
        told = orjson.loads(event["data"])
    assert told["session"]["name"] == "support"
    gap = GapNews.model_validate(told["data"])
    assert gap.model_dump(mode="json", by_alias=True) == told["data"]
    assert gap.code == "unclean_end"
    assert gap.since <= gap.until
    assert (await world.api.get("/v1/events?types=session.gap_suspected"))["data"] == [told]
    assert (await world.api.get("/v1/messages?direction=in"))["data"] == []


async def test_a_clean_stop_suspects_nothing(world: World) -> None:
    world.ana.type(world.shop, "Hi!")

    async def arrived() -> bool:
        return bool((await world.api.get("/v1/messages?direction=in"))["data"])

    await until(arrived)
    await world.api.post("/v1/sessions/support/restart")
    await world.api.until_state("support", "connected")
    world.ana.type(world.shop, "Hi again!")

    async def both() -> bool:
        return len((await world.api.get("/v1/messages?direction=in"))["data"]) == 2

    await until(both)
    assert (await world.api.get("/v1/events?types=session.gap_suspected"))["data"] == []
