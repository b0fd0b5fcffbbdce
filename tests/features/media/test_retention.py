"""What is too old or too much goes; what a message needs stays, and what shows it says so."""

from __future__ import annotations

import asyncio
import os

import pytest

from features.media.rooms import THEM, US, Corner
from fixtures.waiting import until
from wagate.adapters.blobs.memory import MemoryBlobs
from wagate.domain.errors import MediaGone, MediaInUse, MediaNotFound
from wagate.domain.media import MediaState
from wagate.features.media import refer, release, unrefer
from wagate.features.media.policy import DAY_MS
from wagate.features.media.sweeper import BATCH, EVERY_S


async def test_what_is_too_old_goes(corner: Corner, memory: MemoryBlobs) -> None:
    corner.rebuild(keep_ms=30 * DAY_MS)
    old, theirs = await corner.upload(b"old"), await corner.upload(b"theirs", who=THEM)
    corner.clock.turn(20 * 24 * 3600)
    young = await corner.upload(b"young")
    await corner.sweeper.sweep()
    assert await corner.content(old) == b"old"
    corner.clock.turn(10 * 24 * 3600)
    assert await corner.sweeper.sweep() == 2
    for who, media in ((US, old), (THEM, theirs)):
        with pytest.raises(MediaNotFound):
            await corner.room.get(who, media.id)
    assert await corner.content(young) == b"young"
    assert len(memory.kept) == 1
    await corner.is_sound()


async def test_without_a_policy_nothing_goes(corner: Corner) -> None:
    made = await corner.upload(b"for ever")
    corner.clock.turn(10 * 365 * 24 * 3600)
    assert await corner.sweeper.sweep() == 0
    assert await corner.content(made) == b"for ever"


async def test_the_oldest_go_when_it_is_too_much(corner: Corner) -> None:
    corner.rebuild(keep_bytes=350_000)
    made = []
    for _ in range(6):
        corner.clock.turn(1)
        made.append(await corner.upload(os.urandom(100_000)))
    theirs = await corner.upload(os.urandom(300_000), who=THEM)
    assert await corner.sweeper.sweep() == 3
    states: list[MediaState | None] = []
    for media in made:
        try:
            states.append((await corner.room.get(US, media.id)).state)
        except MediaNotFound:
            states.append(None)
    assert states == [None, None, None, MediaState.READY, MediaState.READY, MediaState.READY]
    assert (await corner.room.get(THEM, theirs.id)).state is MediaState.READY
    assert await corner.usage() == {US.tenant: 300_000, THEM.tenant: 300_000}
    await corner.is_sound()


async def test_bytes_that_several_share_count_once_and_go_with_the_last(corner: Corner) -> None:
    corner.rebuild(keep_bytes=250_000)
    content = os.urandom(100_000)
    for _ in range(4):
        corner.clock.turn(1)
        await corner.upload(content)
    await corner.upload(os.urandom(100_000))
    assert await corner.sweeper.sweep() == 0
    await corner.upload(os.urandom(100_000))
    assert await corner.sweeper.sweep() == 4
    await corner.is_sound()


async def test_a_run_takes_so_much_and_the_next_one_goes_on(corner: Corner) -> None:
    corner.rebuild(keep_ms=DAY_MS)
    for number in range(BATCH + 5):
        await corner.upload(str(number).encode())
    corner.clock.turn(2 * 24 * 3600)
    assert await corner.sweeper.sweep() == BATCH + 5
    assert await corner.rows() == []


async def test_what_a_waiting_message_needs_stays(corner: Corner) -> None:
    corner.rebuild(keep_ms=DAY_MS, keep_bytes=1)
    made = await corner.upload(b"to be sent")
    await corner.database.write(refer(US, made.id, "msg_1", needs_bytes=True))
    await corner.database.write(refer(US, made.id, "msg_2", needs_bytes=True))
    corner.clock.turn(2 * 24 * 3600)
    assert await corner.sweeper.sweep() == 0
    with pytest.raises(MediaInUse):
        await corner.room.delete(US, made.id)
    await corner.database.write(release(US, "msg_1"))
    assert await corner.sweeper.sweep() == 0
    assert await corner.content(made) == b"to be sent"
    await corner.database.write(release(US, "msg_2"))
    await corner.sweeper.sweep()
    assert (await corner.room.get(US, made.id)).state is MediaState.EXPIRED
    with pytest.raises(MediaGone):
        await corner.room.open(US, made.id)
    await corner.is_sound()


async def test_what_a_message_shows_says_that_it_was_deleted(corner: Corner, memory: MemoryBlobs) -> None:
    made = await corner.upload(b"regret")
    await corner.database.write(refer(US, made.id, "msg_1", needs_bytes=False))
    await corner.room.delete(US, made.id)
    left = await corner.room.get(US, made.id)
    assert (left.state, left.size) == (MediaState.OMITTED, 6)
    assert memory.kept == {}
    await corner.database.write(unrefer(US, "msg_1"))
    await corner.room.delete(US, made.id)
    with pytest.raises(MediaNotFound):
        await corner.room.get(US, made.id)


async def test_nobody_refers_to_what_is_not_theirs(corner: Corner) -> None:
    made = await corner.upload(b"ours")
    await corner.database.write(refer(THEM, made.id, "msg_9", needs_bytes=True))
    await corner.room.delete(US, made.id)
    with pytest.raises(MediaNotFound):
        await corner.room.get(US, made.id)


async def test_the_room_keeps_house_by_itself(corner: Corner, memory: MemoryBlobs) -> None:
    corner.rebuild(keep_ms=DAY_MS)
    await corner.upload(b"old")
    running = asyncio.get_running_loop().create_task(corner.room.run())
    await until(lambda: corner.clock.sleepers)
    corner.clock.turn(24 * 3600 + EVERY_S)
    await until(lambda: not memory.kept)
    corner.room.shut_down()
    await running
