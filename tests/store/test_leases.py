"""Who holds a session, who may take it over, and when a node lets go by itself."""

import asyncio

import pytest

from fixtures.waiting import until
from wagate.adapters.clock import ManualClock
from wagate.domain.ids import NodeId, SessionId
from wagate.store import open_database
from wagate.store.database import Database
from wagate.store.leases import Lease, Node
from wagate.store.script import Script, sql

_SESSION = sql(
    "INSERT INTO session (id, tenant_id, name, engine, wanted, state, state_since, settings, metadata, epoch,",
    "created_at) VALUES (:id, 'tnt_1', :id, 'fake', :wanted, 'connected', 0, '{}', '{}', 0, 0)",
)
_LAPSE = sql("UPDATE node SET expires_at = 0 WHERE id = :node")
_OWNER = sql("SELECT owner FROM session WHERE id = :id")
ONE = SessionId("ses_1")


def make_session(session: str, wanted: int = 1) -> Script[None]:
    yield _SESSION(id=session, wanted=wanted)


def lapse(node: Node) -> Script[None]:
    """The node's lease has ended by the database's clock."""
    yield _LAPSE(node=node.id)


def owner_of(session: str) -> Script[str | None]:
    [row] = yield _OWNER(id=session)
    owner: str | None = row["owner"]
    return owner


@pytest.fixture
async def node(database: Database, clock: ManualClock) -> Node:
    made = Node(database, clock, NodeId("nod_1"))
    await made.join()
    return made


@pytest.fixture
async def other(database: Database, clock: ManualClock) -> Node:
    made = Node(database, clock, NodeId("nod_2"))
    await made.join()
    return made


async def test_a_session_belongs_to_one_node(database: Database, node: Node, other: Node) -> None:
    await database.write(make_session("ses_1"))
    held = await database.write(node.claim(ONE))
    assert held is not None
    assert (held.session, held.tenant, held.epoch) == ("ses_1", "tnt_1", 1)
    assert await database.write(other.claim(ONE)) is None
    await database.write(node.release(held))
    taken = await database.write(other.claim(ONE))
    assert taken is not None
    assert taken.epoch == 2


async def test_a_node_that_comes_back_takes_its_own_under_a_new_epoch(database: Database, node: Node) -> None:
    await database.write(make_session("ses_1"))
    await database.write(node.claim(ONE))
    again = await database.write(node.claim(ONE))
    assert again is not None
    assert again.epoch == 2


async def test_a_lapsed_lease_frees_the_sessions(database: Database, node: Node, other: Node) -> None:
    await database.write(make_session("ses_1"))
    await database.write(node.claim(ONE))
    assert await database.write(other.waiting(10)) == []
    await database.write(lapse(node))
    assert await database.write(other.waiting(10)) == [ONE]
    taken = await database.write(other.claim(ONE))
    assert taken is not None
    assert taken.epoch == 2


async def test_a_former_holder_cannot_give_back_what_is_no_longer_its_own(
    database: Database, node: Node, other: Node
) -> None:
    await database.write(make_session("ses_1"))
    held = await database.write(node.claim(ONE))
    assert held is not None
    await database.write(lapse(node))
    await database.write(other.claim(ONE))
    await database.write(node.release(held))
    assert await database.read(owner_of("ses_1")) == other.id


async def test_only_wanted_sessions_wait_and_only_so_many_are_named(database: Database, node: Node) -> None:
    for session, wanted in (("ses_1", 1), ("ses_2", 0), ("ses_3", 1), ("ses_4", 1)):
        await database.write(make_session(session, wanted))
    assert await database.read(node.waiting(10)) == ["ses_1", "ses_3", "ses_4"]
    assert await database.read(node.waiting(2)) == ["ses_1", "ses_3"]


async def test_a_node_that_leaves_gives_everything_back(database: Database, node: Node, other: Node) -> None:
    await database.write(make_session("ses_1"))
    await database.write(node.claim(ONE))
    await node.leave()
    assert await database.write(other.claim(ONE)) is not None


async def test_a_session_that_is_gone_cannot_be_claimed(database: Database, node: Node) -> None:
    assert await database.write(node.claim(SessionId("ses_none"))) is None


# ---- the lease of a cluster's node


class Failpoint:
    failing = False

    def __call__(self) -> None:
        if self.failing:
            raise OSError("injected")


async def test_a_lease_is_renewed_in_time(database: Database, clock: ManualClock) -> None:
    node = Node(database, clock, NodeId("nod_1"), Lease(ttl_s=15, renewal_s=5))
    lost: list[None] = []
    node.on_loss(lambda: lost.append(None))
    await node.join()
    for _ in range(6):
        await until(lambda: clock.sleepers == 1)
        clock.turn(5)
        assert node.holds
    await until(lambda: clock.sleepers == 1)
    assert lost == []
    await node.leave()


async def test_a_node_that_cannot_renew_lets_go_before_its_lease_ends(migrated_url: str, clock: ManualClock) -> None:
    failpoint = Failpoint()
    database = await open_database(migrated_url, before_commit=failpoint)
    node = Node(database, clock, NodeId("nod_1"), Lease(ttl_s=15, renewal_s=5))
    lost: list[float] = []
    node.on_loss(lambda: lost.append(clock.monotonic()))
    await node.join()
    failpoint.failing = True
    while not lost:
        await until(lambda: clock.sleepers == 1 or bool(lost))
        clock.turn(0.5)
        await asyncio.sleep(0)
    assert 12 <= lost[0] <= 13
    assert not node.holds
    failpoint.failing = False
    await until(lambda: clock.sleepers == 1)
    clock.turn(0.5)
    await until(lambda: node.holds)
    assert len(lost) == 1
    await node.leave()
    await database.close()


async def test_a_frozen_node_notices_that_it_was_given_up(database: Database, clock: ManualClock) -> None:
    node = Node(database, clock, NodeId("nod_1"), Lease(ttl_s=15, renewal_s=5))
    lost: list[None] = []
    node.on_loss(lambda: lost.append(None))
    await node.join()
    await database.write(make_session("ses_1"))
    await database.write(node.claim(ONE))
    await until(lambda: clock.sleepers == 1)
    await database.write(lapse(node))
    clock.turn(5)
    await until(lambda: bool(lost))
    await until(lambda: node.holds)
    assert await database.read(owner_of("ses_1")) is None
    await node.leave()


async def test_a_node_past_its_deadline_no_longer_holds(database: Database, clock: ManualClock) -> None:
    node = Node(database, clock, NodeId("nod_1"), Lease(ttl_s=15, renewal_s=5))
    await node.join()
    clock.turn(11.9)
    assert node.holds
    clock.turn(0.2)
    assert not node.holds
    await node.leave()
