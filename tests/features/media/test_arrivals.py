"""Media that was announced: expected in a transaction of another room, fulfilled when the bytes are fetched."""

from __future__ import annotations

import asyncio
import hashlib
import os
from dataclasses import replace

import pytest

from features.media.rooms import US, A, B, Corner, one_database, pieces, stream
from fixtures import samples
from wagate.adapters.blobs.memory import MemoryBlobs
from wagate.domain.errors import InvalidMedia, MediaGone, MediaNotFound, MediaNotReady, MediaTooLarge
from wagate.domain.ids import MediaId
from wagate.domain.media import VOICE_MIME, Media, MediaKind, MediaState
from wagate.features.media import expect

ANNOUNCED = Media(
    id=MediaId("med_01KAGQ9C3E6H9K2N5Q8T1W4Y7Z"),
    tenant=A,
    state=MediaState.PENDING,
    kind=MediaKind.IMAGE,
    mime="image/jpeg",
    size=12_345,
    sha256=None,
    filename=None,
    width=640,
    height=480,
    duration_ms=None,
    waveform=None,
    created_at=1,
)


async def announce(corner: Corner, media: Media = ANNOUNCED, thumbnail: bytes | None = None) -> Media:
    await corner.database.write(expect(media, thumbnail))
    return media


async def test_what_is_expected_is_known_and_has_no_bytes(corner: Corner) -> None:
    announced = replace(ANNOUNCED, has_thumbnail=True)
    await announce(corner, thumbnail=b"tiny")
    assert await corner.room.get(US, ANNOUNCED.id) == announced
    assert await corner.room.thumbnail(US, ANNOUNCED.id) == b"tiny"
    with pytest.raises(MediaNotReady):
        await corner.room.open(US, ANNOUNCED.id)
    assert await corner.room.pending(A) == [announced]
    assert await corner.room.pending(A, after=ANNOUNCED.id) == []
    assert await corner.room.pending(B) == []


async def test_the_bytes_make_it_ready(corner: Corner) -> None:
    await announce(corner)
    content = samples.image("JPEG", (800, 600))
    ready = await corner.room.fulfil(A, ANNOUNCED.id, pieces(content), sha256=hashlib.sha256(content).hexdigest())
    assert (ready.state, ready.size, ready.width, ready.height) == (MediaState.READY, len(content), 800, 600)
    assert await corner.content(ready) == content
    assert await corner.room.thumbnail(US, ANNOUNCED.id) is not None
    assert await corner.room.pending(A) == []
    await corner.is_sound()


async def test_doing_it_again_changes_nothing(corner: Corner) -> None:
    await announce(corner)
    first = await corner.room.fulfil(A, ANNOUNCED.id, pieces(b"the bytes"))
    assert await corner.room.fulfil(A, ANNOUNCED.id, pieces(b"others")) == first
    await announce(corner)
    assert (await corner.room.get(US, ANNOUNCED.id)).state is MediaState.READY
    assert await corner.rows() == [("kept", 1)]
    await corner.is_sound()


async def test_two_at_once_settle_on_one(corner: Corner, memory: MemoryBlobs) -> None:
    await announce(corner)
    ended = await asyncio.gather(*(corner.room.fulfil(A, ANNOUNCED.id, pieces(os.urandom(1000))) for _ in range(4)))
    assert len({media.sha256 for media in ended}) == 1
    assert await corner.content(ended[0])
    await corner.sweeper.sweep(all_is_stale=True)
    assert len(memory.kept) == 1
    await corner.is_sound()


@one_database
async def test_other_bytes_than_announced_are_refused(corner: Corner, memory: MemoryBlobs) -> None:
    await announce(corner)
    with pytest.raises(InvalidMedia):
        await corner.room.fulfil(A, ANNOUNCED.id, pieces(b"not these"), sha256="0" * 64)
    with pytest.raises(ConnectionError):
        await corner.room.fulfil(A, ANNOUNCED.id, stream(b"half", ConnectionError()))
    assert await corner.room.get(US, ANNOUNCED.id) == ANNOUNCED
    assert memory.kept == {}


@one_database
async def test_what_is_sent_to_us_is_kept_whatever_it_is(corner: Corner) -> None:
    """Nobody's picture is lost because a library does not like it; it is only not measured."""
    await announce(corner)
    content = samples.image("PNG")[:200]
    ready = await corner.room.fulfil(A, ANNOUNCED.id, pieces(content))
    assert (ready.state, ready.mime, ready.width, ready.height) == (MediaState.READY, "image/png", 640, 480)
    playlist = replace(ANNOUNCED, id=MediaId("med_01KAGQ9C3E6H9K2N5Q8T1W4Y80"), kind=MediaKind.VIDEO, mime="video/mp4")
    await announce(corner, playlist)
    ready = await corner.room.fulfil(A, playlist.id, pieces(b"#EXTM3U\nhttp://127.0.0.1/x"))
    assert (ready.state, ready.mime) == (MediaState.READY, "video/mp4")


@one_database
async def test_a_voice_note_keeps_the_waveform_of_its_sender(corner: Corner) -> None:
    voice = replace(
        ANNOUNCED, kind=MediaKind.VOICE, mime=VOICE_MIME, width=None, height=None, waveform=bytes(range(64))
    )
    await announce(corner, voice)
    ready = await corner.room.fulfil(A, voice.id, pieces(samples.sound("ogg", 1.0)))
    assert (ready.kind, ready.mime, ready.waveform) == (MediaKind.VOICE, VOICE_MIME, bytes(range(64)))
    assert ready.duration_ms == pytest.approx(1000, abs=100)


@one_database
async def test_what_is_too_large_for_anybody_is_refused(corner: Corner) -> None:
    corner.rebuild(limits=dict.fromkeys(MediaKind, 1000))
    await announce(corner)
    with pytest.raises(MediaTooLarge):
        await corner.room.fulfil(A, ANNOUNCED.id, pieces(bytes(1001)))


@pytest.mark.parametrize("state", [MediaState.OMITTED, MediaState.EXPIRED, MediaState.FAILED])
async def test_it_can_be_given_up_and_taken_up_again(corner: Corner, state: MediaState) -> None:
    await announce(corner)
    assert (await corner.room.give_up(A, ANNOUNCED.id, state)).state is state
    with pytest.raises(MediaGone, match=state.value):
        await corner.room.open(US, ANNOUNCED.id)
    assert await corner.room.pending(A) == []
    assert (await corner.room.give_up(A, ANNOUNCED.id, MediaState.PENDING)).state is MediaState.PENDING
    await corner.room.fulfil(A, ANNOUNCED.id, pieces(b"at last"))
    assert (await corner.room.give_up(A, ANNOUNCED.id, state)).state is MediaState.READY
    with pytest.raises(ValueError, match="bytes"):
        await corner.room.give_up(A, ANNOUNCED.id, MediaState.READY)


async def test_nobody_fulfils_what_is_not_there_or_anothers(corner: Corner) -> None:
    await announce(corner)
    with pytest.raises(MediaNotFound):
        await corner.room.fulfil(B, ANNOUNCED.id, pieces(b"x"))
    with pytest.raises(MediaNotFound):
        await corner.room.give_up(B, ANNOUNCED.id, MediaState.FAILED)
    await corner.room.delete(US, ANNOUNCED.id)
    with pytest.raises(MediaNotFound):
        await corner.room.fulfil(A, ANNOUNCED.id, pieces(b"x"))
