"""Looking into real files, and into files that were made to do harm."""

import asyncio
import errno
import io
import os
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager

import psutil
import pytest
from PIL import Image

from fixtures import samples
from fixtures.waiting import until
from wagate.adapters.inspector import ForkingInspector
from wagate.domain.errors import InvalidMedia, TooBusy
from wagate.domain.media import VOICE_MIME
from wagate.ports.inspector import Inspected

REFUSED_WITHIN_S = 5.0
MEMORY_MB = 512


@contextmanager
def file_of(content: bytes = b"") -> Iterator[int]:
    with tempfile.TemporaryFile() as file:
        file.write(content)
        file.flush()
        yield file.fileno()


def whole(file: int) -> bytes:
    return os.pread(file, os.fstat(file).st_size, 0)


async def inspect(inspector: ForkingInspector, content: bytes, mime: str) -> Inspected:
    with file_of(content) as file:
        return await inspector.inspect(file, mime)


# ---- what it sees


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "WEBP", "BMP", "TIFF", "AVIF"])
async def test_an_image_is_measured_and_shown_in_small(inspector: ForkingInspector, kind: str) -> None:
    mime = f"image/{kind.lower()}"
    found = await inspect(inspector, samples.image(kind, (640, 400), "#10a050"), mime)
    assert (found.mime, found.width, found.height, found.is_animated) == (mime, 640, 400, False)
    assert found.thumbnail is not None
    small = Image.open(io.BytesIO(found.thumbnail))
    assert (small.format, small.size) == ("JPEG", (96, 60))
    red, green, blue = small.convert("RGB").getpixel((48, 30))  # type: ignore[misc]  # of an RGB image
    assert (abs(red - 0x10) < 12, abs(green - 0xA0) < 12, abs(blue - 0x50) < 12) == (True, True, True)
    assert len(found.thumbnail) <= 16_000


async def test_an_image_is_measured_as_it_is_seen(inspector: ForkingInspector) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    found = await inspect(inspector, samples.image("JPEG", (300, 100), exif=exif), "image/jpeg")
    assert (found.width, found.height) == (100, 300)
    assert found.thumbnail is not None
    assert Image.open(io.BytesIO(found.thumbnail)).size == (32, 96)


async def test_an_animation_is_recognised(inspector: ForkingInspector) -> None:
    assert (await inspect(inspector, samples.animation("GIF"), "image/gif")).is_animated
    assert (await inspect(inspector, samples.animation("WEBP"), "image/webp")).is_animated


@pytest.mark.parametrize(
    ("kind", "mime", "found_mime"),
    [
        ("wav", "audio/wav", "audio/wav"),
        ("mp3", "audio/mpeg", "audio/mpeg"),
        ("ogg", "audio/ogg", VOICE_MIME),
        ("adts", "audio/aac", "audio/aac"),
        ("flac", "audio/flac", "audio/flac"),
    ],
)
async def test_a_sound_is_measured(inspector: ForkingInspector, kind: str, mime: str, found_mime: str) -> None:
    content = samples.sound(kind, 3.0)
    found = await inspect(inspector, content, mime)
    assert found.mime == found_mime
    assert found.duration_ms == pytest.approx(3000, abs=150)


async def test_a_video_is_measured_and_shown_in_small(inspector: ForkingInspector) -> None:
    found = await inspect(inspector, samples.video(2.0, (320, 180)), "video/mp4")
    assert (found.mime, found.width, found.height) == ("video/mp4", 320, 180)
    assert found.duration_ms == pytest.approx(2000, abs=120)
    assert found.thumbnail is not None
    assert Image.open(io.BytesIO(found.thumbnail)).size == (96, 54)


# ---- what it makes


@pytest.mark.parametrize(
    ("kind", "mime"), [("mp3", "audio/mpeg"), ("wav", "audio/wav"), ("flac", "audio/flac"), ("adts", "audio/aac")]
)
async def test_a_sound_becomes_a_voice_note_of_the_same_length(
    inspector: ForkingInspector, kind: str, mime: str
) -> None:
    seconds = 30.0 if kind in ("mp3", "wav") else 3.0
    content = samples.sound(kind, seconds)
    with file_of(content) as source, file_of() as target:
        found = await inspector.voice_note(source, target, mime)
        made = whole(target)
    assert found.mime == VOICE_MIME
    assert made.startswith(b"OggS")
    assert b"OpusHead\x01\x01" in made[:100], "mono (RFC 7845, 5.1)"
    assert samples.duration_s(made) == pytest.approx(samples.duration_s(content), abs=0.15)
    assert found.duration_ms == pytest.approx(seconds * 1000, abs=150)
    assert found.waveform is not None
    assert len(found.waveform) == 64
    assert found.waveform[0] < 10 < 40 < found.waveform[62] <= 100, "it grows louder"


async def test_a_voice_note_stays_what_it_is(inspector: ForkingInspector) -> None:
    content = samples.sound("ogg", 2.0)
    with file_of(content) as source, file_of() as target:
        found = await inspector.voice_note(source, target, "audio/ogg")
        assert whole(target) == content
    assert found.waveform is not None


async def test_a_video_without_sound_is_no_voice_note(inspector: ForkingInspector) -> None:
    with file_of(samples.video()) as source, file_of() as target, pytest.raises(InvalidMedia, match="no sound"):
        await inspector.voice_note(source, target, "video/mp4")


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
async def test_an_image_becomes_a_sticker(inspector: ForkingInspector, kind: str) -> None:
    with file_of(samples.noise(kind, (900, 300))) as source, file_of() as target:
        found = await inspector.sticker(source, target, f"image/{kind.lower()}")
        made = whole(target)
    assert len(made) <= 100_000
    assert (found.width, found.height, found.is_animated) == (512, 512, False)
    sticker = Image.open(io.BytesIO(made))
    assert (sticker.format, sticker.size) == ("WEBP", (512, 512))
    assert sticker.convert("RGBA").getpixel((256, 5))[3] == 0, "transparent above"  # type: ignore[index]  # of RGBA
    assert sticker.convert("RGBA").getpixel((256, 256))[3] == 255  # type: ignore[index]


@pytest.mark.parametrize("kind", ["GIF", "WEBP"])
async def test_an_animation_becomes_an_animated_sticker(inspector: ForkingInspector, kind: str) -> None:
    with file_of(samples.animation(kind, 10, each_ms=120)) as source, file_of() as target:
        found = await inspector.sticker(source, target, f"image/{kind.lower()}")
        made = whole(target)
    assert found.is_animated
    assert len(made) <= 500_000
    sticker = Image.open(io.BytesIO(made))
    assert (sticker.size, sticker.n_frames) == ((512, 512), 10)  # type: ignore[attr-defined]  # of WebP
    lasts = 0
    for number in range(10):
        sticker.seek(number)
        sticker.load()
        lasts += sticker.info["duration"]
    assert lasts == pytest.approx(1200, abs=20)


async def test_a_sticker_stays_what_it_is(inspector: ForkingInspector) -> None:
    content = samples.image("WEBP", (512, 512))
    with file_of(content) as source, file_of() as target:
        await inspector.sticker(source, target, "image/webp")
        assert whole(target) == content


async def test_heic_becomes_a_jpeg(inspector: ForkingInspector) -> None:
    with file_of(samples.heic()) as source, file_of() as target:
        found = await inspector.picture(source, target, "image/heic", 4096)
        made = Image.open(io.BytesIO(whole(target)))
    assert (found.mime, made.format) == ("image/jpeg", "JPEG")
    assert made.size == (found.width, found.height) == (128, 64)


async def test_a_large_image_is_made_smaller_when_asked(inspector: ForkingInspector) -> None:
    with file_of(samples.image("PNG", (3000, 1500), "#ff000080")) as source, file_of() as target:
        found = await inspector.picture(source, target, "image/png", 1000)
        made = Image.open(io.BytesIO(whole(target)))
    assert made.size == (found.width, found.height) == (1000, 500)
    assert made.convert("RGB").getpixel((5, 5)) == pytest.approx((255, 127, 127), abs=6), "on white"


# ---- what it refuses


def png_of(width: int, height: int, rows: bytes = b"") -> bytes:
    """A PNG that says that it is so large."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    head = struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows, 9)) + chunk(b"IEND", b"")


def bmp_rle(width: int, height: int) -> bytes:
    head = struct.pack("<IiiHHIIiiII", 40, width, height, 1, 8, 1, 0, 0, 0, 256, 0)
    return b"BM" + struct.pack("<IHHI", 0, 0, 0, 1078) + head + bytes(1024) + b"\0\x01"


def gif_of(frames: int) -> bytes:
    """A canvas of 6,000 x 6,000 with many tiny frames."""
    frame = b"\x21\xf9\x04\x00\x01\x00\x00\x00," + struct.pack("<HHHHB", 0, 0, 1, 1, 0) + b"\x02\x02\x44\x01\x00"
    return b"GIF89a" + struct.pack("<HHBBB", 6000, 6000, 0x80, 0, 0) + bytes(6) + frame * frames + b";"


MP4_HEAD = b"\0\0\0\x18ftypisom\0\0\0\0isomiso2"

HARMFUL = {
    "60,000 x 60,000 pixels": ("image/png", png_of(60_000, 60_000)),
    "a bomb of 48 megapixels in 200 kB": ("image/png", png_of(6_900, 6_900, bytes(6_900 * (6_900 * 4 + 1)))),
    "a bomb that goes on after the last row": ("image/png", png_of(100, 100, bytes(300_000_000))),
    "a GIF of 100,000 frames": ("image/gif", gif_of(100_000)),
    "a BMP of 40,000 x 40,000": ("image/bmp", bmp_rle(40_000, 40_000)),
    "no pixels": ("image/png", png_of(0, 10)),
    "only the beginning": ("image/jpeg", samples.image("JPEG", (2000, 2000))[:300]),
    "an image that ends early": ("image/png", samples.noise("PNG")[:50_000]),
    "nonsense with the beginning of a PNG": ("image/png", b"\x89PNG\r\n\x1a\n" + os.urandom(5000)),
    "nonsense with the beginning of a JPEG": ("image/jpeg", b"\xff\xd8\xff\xe0" + os.urandom(50_000)),
    "an MP4 without anything in it": ("video/mp4", MP4_HEAD),
    "an MP4 of nonsense": ("video/mp4", MP4_HEAD + b"\x7f\xff\xff\xffmoov" + os.urandom(20_000)),
    "an Ogg of nonsense": ("audio/ogg", b"OggS" + os.urandom(30_000)),
    "a zip that is called a JPEG": ("image/jpeg", b"PK\x03\x04" + bytes(1000)),
    "a playlist that is called an MP4": ("video/mp4", b"#EXTM3U\n#EXTINF:1,\nhttp://127.0.0.1:9/x.ts\n"),
    "a type that nobody reads": ("image/svg+xml", b"<svg/>"),
}
MAY_PASS = {"a bomb of 48 megapixels in 200 kB", "a bomb that goes on after the last row"}
"""What is within the limits may be read, if it is read within them."""


@pytest.mark.parametrize("name", HARMFUL)
async def test_what_does_harm_is_refused_quickly_and_costs_little(inspector: ForkingInspector, name: str) -> None:
    mime, content = HARMFUL[name]
    await inspect(inspector, samples.image(), "image/png")
    assert inspector.process_id is not None
    with largest_child_mb(inspector.process_id) as largest, file_of(content) as file:
        began = time.monotonic()
        try:
            await inspector.inspect(file, mime)
        except InvalidMedia:
            pass
        else:
            assert name in MAY_PASS
        took = time.monotonic() - began
    assert took < REFUSED_WITHIN_S
    assert largest[0] < MEMORY_MB
    assert (await inspect(inspector, samples.image(), "image/png")).width == 320, "the next one is not the worse for it"


@pytest.mark.parametrize("size", [(60_000, 60_000), (50_001, 1_000), (1, 50_000_001)])
async def test_an_image_is_too_large_before_any_of_it_is_decoded(
    inspector: ForkingInspector, size: tuple[int, int]
) -> None:
    with pytest.raises(InvalidMedia, match=f"{size[0]} x {size[1]} pixels"):
        await inspect(inspector, png_of(*size), "image/png")


@pytest.mark.parametrize(
    "content",
    [
        b"#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\nhttp://127.0.0.1:{port}/segment.ts\n#EXT-X-ENDLIST\n",
        b"ffconcat version 1.0\nfile http://127.0.0.1:{port}/x.mp4\n",
        b'<?xml version="1.0"?><MPD><BaseURL>http://127.0.0.1:{port}/</BaseURL></MPD>',
    ],
)
@pytest.mark.parametrize("mime", ["video/mp4", "audio/mpeg", "audio/aac", "image/jpeg", "video/webm"])
async def test_nothing_that_a_file_says_makes_a_connection(
    inspector: ForkingInspector, content: bytes, mime: str
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as trap:
        trap.setblocking(False)
        port = str(trap.getsockname()[1]).encode()
        with pytest.raises(InvalidMedia):
            await inspect(inspector, content.replace(b"{port}", port), mime)
        with pytest.raises(BlockingIOError):
            trap.accept()


_CONFINED = """
import os, resource, socket
from wagate.adapters.inspector.confinement import confine
from wagate.adapters.inspector.jobs import COSTS
confine(COSTS["inspect"])
failed = []
for attempt in (socket.socket, lambda: os.open("/etc/passwd", os.O_RDONLY), os.pipe):
    try:
        attempt()
    except OSError as error:
        failed.append(error.errno)
try:
    bytearray(600 * 1024 * 1024)
except MemoryError:
    failed.append("memory")
print(failed, os.geteuid(), resource.getrlimit(resource.RLIMIT_CPU)[1])
"""


def test_a_job_can_open_nothing_and_has_given_up_its_rights() -> None:
    done = subprocess.run([sys.executable, "-c", _CONFINED], capture_output=True, text=True, check=True)
    user = 65534 if os.geteuid() == 0 else os.geteuid()
    assert done.stdout == f"[{errno.EMFILE}, {errno.EMFILE}, {errno.EMFILE}, 'memory'] {user} 4\n"


def test_a_job_that_does_nothing_is_ended_by_the_clock() -> None:
    program = "import signal\nfrom wagate.adapters.inspector.confinement import confine\n"
    program += "from wagate.adapters.inspector.jobs import Cost\nconfine(Cost(1, 0.05))\nsignal.pause()"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == -signal.SIGALRM


async def test_the_forking_process_is_replaced_when_it_dies(inspector: ForkingInspector) -> None:
    await inspect(inspector, samples.image(), "image/png")
    before = inspector.process_id
    assert before is not None
    os.kill(before, 9)
    await until(lambda: inspector.process_id is None)
    assert (await inspect(inspector, samples.image(), "image/png")).width == 320
    assert inspector.process_id != before


async def test_the_forking_process_ends_with_the_inspector() -> None:
    inspector = ForkingInspector()
    await inspect(inspector, samples.image(), "image/png")
    process = psutil.Process(inspector.process_id)
    await inspector.close()
    assert not process.is_running()
    with pytest.raises(TooBusy):
        await inspect(inspector, samples.image(), "image/png")


async def test_many_are_looked_into_at_once(inspector: ForkingInspector) -> None:
    found = await asyncio.gather(
        *(inspect(inspector, samples.image("PNG", (10 + n, 20)), "image/png") for n in range(24))
    )
    assert [one.width for one in found] == [10 + n for n in range(24)]


async def test_who_does_not_wait_takes_nothing_from_the_next(inspector: ForkingInspector) -> None:
    with file_of(samples.image("PNG", (77, 20))) as file:
        waiting = [asyncio.get_running_loop().create_task(inspector.inspect(file, "image/png")) for _ in range(6)]
        await asyncio.sleep(0)
        for task in waiting[::2]:
            task.cancel()
        ended = await asyncio.gather(*waiting, return_exceptions=True)
    assert not any(isinstance(one, Inspected) for one in ended[::2])
    assert [one.width for one in ended[1::2] if isinstance(one, Inspected)] == [77] * 3
    assert (await inspect(inspector, samples.image(), "image/png")).width == 320


@contextmanager
def largest_child_mb(parent: int) -> Iterator[list[float]]:
    """Watch the children of a process; the largest resident set that any of them had, in MB."""
    largest, ended = [0.0], threading.Event()

    def watch() -> None:
        process = psutil.Process(parent)
        while not ended.wait(0.005):
            try:
                sizes = [child.memory_info().rss / 1e6 for child in process.children()]
            except psutil.Error:
                continue
            largest[0] = max(largest[0], *sizes, 0.0)

    watching = threading.Thread(target=watch)
    watching.start()
    try:
        yield largest
    finally:
        ended.set()
        watching.join()
