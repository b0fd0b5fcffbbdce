"""What comes in: recognised, checked, converted, counted, kept once."""

from __future__ import annotations

import asyncio
import os

import pytest

from features.media.rooms import THEM, US, Corner, Failing, all_bytes, one_database, pieces, stream
from fixtures import samples
from fixtures.waiting import until
from wagate.adapters.blobs.memory import MemoryBlobs
from wagate.domain.errors import (
    InvalidMedia,
    MediaGone,
    MediaNotFound,
    MediaQuotaExceeded,
    MediaTooLarge,
    StorageUnavailable,
    TooBusy,
)
from wagate.domain.media import MB, RULES, VOICE_MIME, MediaKind, MediaState
from wagate.features.media import Claims
from wagate.features.media.service import UPLOADS


async def test_what_went_in_comes_out(corner: Corner) -> None:
    content = samples.image("JPEG", (800, 600))
    made = await corner.upload(content, Claims("holiday.jpg", "image/jpeg"))
    assert (made.state, made.kind, made.mime) == (MediaState.READY, MediaKind.IMAGE, "image/jpeg")
    assert (made.size, made.width, made.height, made.filename) == (len(content), 800, 600, "holiday.jpg")
    assert await corner.room.get(US, made.id) == made
    assert await corner.content(made) == content
    thumbnail = await corner.room.thumbnail(US, made.id)
    assert thumbnail is not None
    assert thumbnail.startswith(b"\xff\xd8")
    await corner.is_sound()


async def test_the_same_bytes_are_kept_once_for_a_tenant_and_never_for_two(corner: Corner, memory: MemoryBlobs) -> None:
    content = os.urandom(100_000)
    first = await corner.upload(content, Claims("a.bin"))
    second = await corner.upload(content, Claims("b.bin"))
    theirs = await corner.upload(content, who=THEM)
    assert len({first.id, second.id, theirs.id}) == 3
    assert (first.filename, second.filename) == ("a.bin", "b.bin")
    assert await corner.rows() == [("kept", 2), ("kept", 1)]
    assert await corner.usage() == {US.tenant: 100_000, THEM.tenant: 100_000}
    await corner.room.delete(US, first.id)
    assert await corner.content(second) == content
    await corner.room.delete(US, second.id)
    assert await corner.content(theirs, THEM) == content
    assert len(memory.kept) == 1
    await corner.is_sound()


async def test_strangers_see_nothing(corner: Corner) -> None:
    made = await corner.upload(b"ours")
    with pytest.raises(MediaNotFound):
        await corner.room.get(THEM, made.id)
    with pytest.raises(MediaNotFound):
        await corner.room.open(THEM, made.id)
    with pytest.raises(MediaNotFound):
        await corner.room.delete(THEM, made.id)
    assert await corner.room.thumbnail(THEM, made.id) is None
    assert await corner.content(made) == b"ours"


async def test_what_was_deleted_is_gone_wholly(corner: Corner, memory: MemoryBlobs) -> None:
    made = await corner.upload(b"a canary")
    await corner.room.delete(US, made.id)
    with pytest.raises(MediaNotFound):
        await corner.room.get(US, made.id)
    assert memory.kept == {}
    assert await corner.rows() == []
    assert await corner.usage() == {US.tenant: 0}


@one_database
async def test_bytes_that_somebody_took_from_the_store_are_missed(corner: Corner, memory: MemoryBlobs) -> None:
    made = await corner.upload(b"here today")
    memory.kept.clear()
    with pytest.raises(MediaGone):
        await corner.room.open(US, made.id)
    again = await corner.upload(b"here today")
    assert await corner.content(made) == await corner.content(again) == b"here today"


# ---- kinds


@pytest.mark.parametrize(
    ("content", "kind", "mime"),
    [
        (samples.image("PNG"), MediaKind.IMAGE, "image/png"),
        (samples.image("WEBP"), MediaKind.IMAGE, "image/webp"),
        (samples.animation("GIF"), MediaKind.DOCUMENT, "image/gif"),
        (samples.heic(), MediaKind.DOCUMENT, "image/heic"),
        (samples.video(0.5), MediaKind.VIDEO, "video/mp4"),
        (samples.sound("mp3", 0.5), MediaKind.AUDIO, "audio/mpeg"),
        (samples.sound("ogg", 0.5), MediaKind.AUDIO, VOICE_MIME),
        (samples.sound("wav", 0.5), MediaKind.DOCUMENT, "audio/wav"),
        (b"%PDF-1.7\n", MediaKind.DOCUMENT, "application/pdf"),
        (b"hello", MediaKind.DOCUMENT, "text/plain"),
    ],
)
@one_database
async def test_a_file_without_a_wish_is_taken_as_it_is(
    corner: Corner, content: bytes, kind: MediaKind, mime: str
) -> None:
    made = await corner.upload(content)
    assert (made.kind, made.mime, made.size) == (kind, mime, len(content))


@one_database
async def test_a_sound_becomes_a_voice_note(corner: Corner) -> None:
    content = samples.sound("mp3", 4.0)
    made = await corner.upload(content, Claims("note.mp3", kind=MediaKind.VOICE))
    assert (made.kind, made.mime) == (MediaKind.VOICE, VOICE_MIME)
    assert made.duration_ms == pytest.approx(4000, abs=150)
    assert made.waveform is not None
    assert len(made.waveform) == 64
    kept = await corner.content(made)
    assert samples.duration_s(kept) == pytest.approx(samples.duration_s(content), abs=0.15)
    await corner.is_sound()


@one_database
async def test_an_image_becomes_a_sticker(corner: Corner) -> None:
    made = await corner.upload(samples.animation("GIF"), Claims(kind=MediaKind.STICKER))
    assert (made.kind, made.mime, made.width, made.height) == (MediaKind.STICKER, "image/webp", 512, 512)
    assert made.size is not None
    assert made.size <= RULES[MediaKind.STICKER].max_bytes


@pytest.mark.parametrize("content", [samples.heic(), samples.image("WEBP"), samples.image("BMP")])
@one_database
async def test_an_image_that_phones_do_not_show_becomes_a_jpeg(corner: Corner, content: bytes) -> None:
    made = await corner.upload(content, Claims(kind=MediaKind.IMAGE))
    assert (made.kind, made.mime) == (MediaKind.IMAGE, "image/jpeg")


@one_database
async def test_a_large_image_is_made_smaller_when_asked(corner: Corner) -> None:
    made = await corner.upload(samples.image("PNG", (4000, 1000)), Claims(max_edge=1600))
    assert (made.kind, made.mime, made.width, made.height) == (MediaKind.IMAGE, "image/jpeg", 1600, 400)


@one_database
async def test_a_document_is_not_looked_into(corner: Corner) -> None:
    content = samples.image("PNG")[:100]
    made = await corner.upload(content, Claims("broken.png", kind=MediaKind.DOCUMENT))
    assert (made.kind, made.mime, made.width) == (MediaKind.DOCUMENT, "image/png", None)


@pytest.mark.parametrize(
    ("content", "claims"),
    [
        (b"", Claims()),
        (samples.image("PNG")[:100], Claims()),
        (b"PK\x03\x04" + bytes(100), Claims("photo.jpg")),
        (b"PK\x03\x04" + bytes(100), Claims(mime="image/jpeg")),
        (b"#EXTM3U\nhttp://127.0.0.1/x.ts", Claims("film.mp4")),
        (b"#EXTM3U\nhttp://127.0.0.1/x.ts", Claims("list.m3u8", kind=MediaKind.DOCUMENT)),
        (b"hello", Claims(kind=MediaKind.VOICE)),
        (b"hello", Claims(kind=MediaKind.IMAGE)),
        (samples.sound("wav", 0.2), Claims(kind=MediaKind.AUDIO)),
        (samples.sound("wav", 0.2), Claims(kind=MediaKind.STICKER)),
        (samples.image("PNG"), Claims(kind=MediaKind.VIDEO)),
        (samples.image("PNG"), Claims(kind=MediaKind.VOICE)),
        (samples.video(0.3), Claims(kind=MediaKind.IMAGE)),
    ],
)
@one_database
async def test_what_does_not_fit_is_refused_and_leaves_nothing(
    corner: Corner, memory: MemoryBlobs, content: bytes, claims: Claims
) -> None:
    with pytest.raises(InvalidMedia):
        await corner.upload(content, claims)
    assert memory.kept == {}
    assert await corner.rows() == []


# ---- limits


@one_database
async def test_a_file_may_be_as_large_as_its_kind_may(corner: Corner) -> None:
    limits = dict(corner.policy.limits) | {MediaKind.DOCUMENT: 100_000, MediaKind.IMAGE: 1000}
    corner.rebuild(limits=limits)
    await corner.upload(b"x" * 100_000)
    with pytest.raises(MediaTooLarge):
        await corner.upload(b"x" * 100_001)
    with pytest.raises(MediaTooLarge):
        await corner.upload(samples.noise("PNG", (100, 100)))


@one_database
async def test_a_body_without_end_is_left_as_soon_as_it_is_too_large(corner: Corner, memory: MemoryBlobs) -> None:
    corner.rebuild(limits=dict.fromkeys(MediaKind, 1 * MB))
    taken = 0

    async def endless() -> object:
        nonlocal taken
        while True:
            taken += 100_000
            yield bytes(100_000)

    with pytest.raises(MediaTooLarge):
        await corner.room.upload(US, Claims(), endless())  # type: ignore[arg-type]  # a generator of bytes
    assert taken <= 2 * MB
    assert all_bytes(memory) == set()


@one_database
async def test_a_body_that_breaks_off_leaves_nothing(corner: Corner, memory: MemoryBlobs) -> None:
    with pytest.raises(ConnectionError):
        await corner.room.upload(US, Claims(), stream(b"half", ConnectionError("gone")))
    assert memory.kept == {}
    assert await corner.rows() == []


async def test_a_tenant_may_keep_no_more_than_its_share(corner: Corner) -> None:
    corner.rebuild(quota_bytes=250_000)
    first = await corner.upload(os.urandom(100_000))
    content = os.urandom(100_000)
    await corner.upload(content)
    with pytest.raises(MediaQuotaExceeded):
        await corner.upload(os.urandom(100_000))
    await corner.upload(content)
    await corner.upload(os.urandom(100_000), who=THEM)
    await corner.room.delete(US, first.id)
    await corner.upload(os.urandom(100_000))
    await corner.is_sound()


@one_database
async def test_only_so_many_come_in_at_once(corner: Corner) -> None:
    release = asyncio.Event()

    async def slow() -> object:
        yield b"x"
        await release.wait()

    loop = asyncio.get_running_loop()
    waiting = [
        loop.create_task(corner.room.upload(US, Claims(), slow()))  # type: ignore[arg-type]  # a generator of bytes
        for _ in range(UPLOADS)
    ]
    await asyncio.sleep(0)
    with pytest.raises(TooBusy):
        await corner.upload(b"one more")
    release.set()
    assert len({media.sha256 for media in await asyncio.gather(*waiting)}) == 1
    assert await corner.rows() == [("kept", UPLOADS)]
    await corner.upload(b"one more")


# ---- at the same time


async def test_many_bring_the_same_bytes_and_take_them_away_again(corner: Corner, memory: MemoryBlobs) -> None:
    async def bring_and_take(number: int) -> None:
        for _ in range(3):
            made = await corner.upload(b"the same" * 10_000, Claims(f"{number}.bin"))
            assert await corner.content(made) == b"the same" * 10_000
            await corner.room.delete(US, made.id)

    working = asyncio.gather(*(bring_and_take(number) for number in range(6)))
    while not working.done():
        await corner.clock.run(0.3)
        await asyncio.sleep(0)
    await working
    assert memory.kept == {}
    assert await corner.rows() == []


async def test_bytes_that_are_being_removed_are_waited_for(corner: Corner, blobs: Failing) -> None:
    made = await corner.upload(b"back again")
    blobs.fail_delete = True
    await corner.room.delete(US, made.id)
    assert await corner.rows() == [("doomed", 0)]
    again = asyncio.get_running_loop().create_task(corner.upload(b"back again"))
    await until(lambda: corner.clock.sleepers)
    blobs.fail_delete = False
    await corner.sweeper.sweep(all_is_stale=True)
    await corner.clock.run(0.5)
    assert await corner.content(await again) == b"back again"
    await corner.is_sound()


@one_database
async def test_a_removal_that_never_ends_is_an_error_and_not_a_wait(corner: Corner, blobs: Failing) -> None:
    made = await corner.upload(b"stuck")
    blobs.fail_delete = True
    await corner.room.delete(US, made.id)
    with pytest.raises(StorageUnavailable):
        await corner.turning(corner.upload(b"stuck"))


@one_database
async def test_a_reader_may_finish_what_is_deleted_meanwhile_or_hears_of_it(corner: Corner) -> None:
    made = await corner.upload(os.urandom(3 * MB))
    opened = await corner.room.open(US, made.id)
    reading = opened.read()
    first = await anext(reading)
    await corner.room.delete(US, made.id)
    rest = b"".join([piece async for piece in reading])
    assert len(first + rest) == 3 * MB
    with pytest.raises(MediaGone):
        await anext(opened.read())


@one_database
async def test_pieces_of_every_size_make_the_same_file(corner: Corner) -> None:
    content = samples.noise("PNG", (200, 200))
    for size in (1000, 65_536, 65_537, 10**7):
        made = await corner.room.upload(US, Claims(), pieces(content, size))
        assert (made.kind, made.size) == (MediaKind.IMAGE, len(content))
    assert await corner.rows() == [("kept", 4)]
