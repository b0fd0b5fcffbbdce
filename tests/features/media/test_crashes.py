"""A process that dies between the bytes and the row: nothing is promised that is not there, nothing stays for ever."""

from __future__ import annotations

import pytest

from features.media.rooms import US, Corner, Died, Failing
from wagate.adapters.blobs.memory import MemoryBlobs
from wagate.domain.errors import StorageUnavailable
from wagate.features.media.sweeper import ARRIVAL_MS, REMOVAL_MS
from wagate.store.database import Database

ON_THE_WAY_IN = ["die_before_keep", "die_after_keep"]
ON_THE_WAY_OUT = ["die_before_delete", "die_after_delete"]


async def _die(corner: Corner, blobs: Failing, point: str) -> None:
    """Upload, or upload and delete, and die at a point of it."""
    made = None if point in ON_THE_WAY_IN else await corner.upload(b"precious")
    setattr(blobs, point, True)
    act = corner.upload(b"precious") if made is None else corner.room.delete(US, made.id)
    with pytest.raises(Died):
        await act
    setattr(blobs, point, False)
    corner.rebuild()


@pytest.mark.parametrize("point", ON_THE_WAY_IN + ON_THE_WAY_OUT)
async def test_the_next_start_finishes_what_was_begun(
    corner: Corner, blobs: Failing, memory: MemoryBlobs, point: str
) -> None:
    await _die(corner, blobs, point)
    await corner.sweeper.sweep(all_is_stale=True)
    assert memory.kept == {}
    assert await corner.rows() == []
    await corner.is_sound()


@pytest.mark.parametrize("point", ON_THE_WAY_IN)
async def test_the_same_upload_again_heals_it(corner: Corner, blobs: Failing, point: str) -> None:
    await _die(corner, blobs, point)
    made = await corner.upload(b"precious")
    assert await corner.content(made) == b"precious"
    await corner.sweeper.sweep(all_is_stale=True)
    assert await corner.content(made) == b"precious"
    await corner.is_sound()


@pytest.mark.parametrize("point", ON_THE_WAY_IN + ON_THE_WAY_OUT)
async def test_beside_others_it_is_finished_when_nobody_can_be_at_it_any_more(
    corner: Corner, blobs: Failing, memory: MemoryBlobs, point: str
) -> None:
    await _die(corner, blobs, point)
    before = (dict(memory.kept), await corner.rows())
    await corner.sweeper.sweep()
    assert (memory.kept, await corner.rows()) == before
    corner.clock.turn(ARRIVAL_MS / 1000)
    await corner.sweeper.sweep()
    corner.clock.turn(REMOVAL_MS / 1000)
    await corner.sweeper.sweep()
    assert memory.kept == {}
    assert await corner.rows() == []


async def test_a_writer_that_was_held_dead_does_not_promise_what_was_removed(corner: Corner, blobs: Failing) -> None:
    async def fall_asleep() -> None:
        blobs.before_keep = None
        corner.clock.turn(ARRIVAL_MS / 1000)
        await corner.sweeper.sweep()

    blobs.before_keep = fall_asleep
    uploading = corner.upload(b"late")
    with pytest.raises(StorageUnavailable):
        await corner.turning(uploading)
    corner.clock.turn(REMOVAL_MS / 1000)
    await corner.sweeper.sweep()
    assert await corner.rows() == []
    assert blobs.deleted != []
    made = await corner.upload(b"late")
    assert await corner.content(made) == b"late"


async def test_a_commit_that_fails_leaves_nothing_that_is_promised(
    corner: Corner, database: Database, memory: MemoryBlobs
) -> None:
    await corner.upload(b"before")
    await database.close()
    with pytest.raises(StorageUnavailable):
        await corner.upload(b"after")
    assert len(memory.kept) == 1
