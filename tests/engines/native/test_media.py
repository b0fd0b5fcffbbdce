"""Files up and down, through the emulator's hosts and all their faults."""

from __future__ import annotations

import tracemalloc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from engines.native.files import CONTENT, NOW, QUICK, got, source_of
from engines.native.lines import OTHER, OWN, LineUnderTest, engine_for, paired_line, until
from engines.native.socks import socks_proxy
from wagate.adapters.whatsapp_web.files import MediaGone
from wagate.adapters.whatsapp_web.media import (
    MediaForged,
    MediaUnreachable,
    UploadFailed,
    UploadRefused,
)
from wagate.domain.session import SessionState
from wagate.ports.engine import NotSent, SendImpossible
from whatsapp_emulator.client import EmulatorClient
from whatsapp_emulator.emulator import Emulator
from whatsapp_wire.media.content import MediaDetails, MediaFile, media_message, read_thumbnail
from whatsapp_wire.media.kinds import MediaKind
from whatsapp_wire.stanza.media import MediaMessage


@asynccontextmanager
async def a_line(emulator: Emulator, control: EmulatorClient) -> AsyncIterator[LineUnderTest]:
    where = emulator.whereabouts
    async with paired_line(where, control, ca_file=Path(where.ca_file), patience=QUICK) as line:
        yield line


@pytest.mark.parametrize("size", [0, 1, 16, 262_144, 700_001])
async def test_what_goes_up_comes_down(emulator: Emulator, control: EmulatorClient, size: int) -> None:
    content = CONTENT[:size]
    async with a_line(emulator, control) as line:
        media = line.live.media
        for kind in (MediaKind.DOCUMENT, MediaKind.VIDEO):
            uploaded = await media.upload(kind, source_of(content), NOW)
            assert (uploaded.file.secret.size, uploaded.file.key_made_at) == (size, NOW)
            assert (uploaded.sidecar is not None) == (kind is MediaKind.VIDEO)
            assert await got(media, uploaded.file) == content
    assert emulator.world.audit.counts["media uploads"] == 2


async def test_a_thumbnail_has_the_key_of_its_message(emulator: Emulator, control: EmulatorClient) -> None:
    async with a_line(emulator, control) as line:
        media = line.live.media
        image = await media.upload(MediaKind.IMAGE, source_of(CONTENT), NOW)
        key = image.file.secret.media_key
        small = await media.upload(MediaKind.IMAGE_THUMBNAIL, source_of(b"small"), NOW, key)
        told = read_thumbnail(media_message(image.file, MediaDetails(), thumbnail=small.file))
        assert told is not None
        assert await got(media, told) == b"small"


async def test_what_a_phone_sent_comes_down(emulator: Emulator, control: EmulatorClient) -> None:
    async with a_line(emulator, control) as line:
        id = await control.phone(OTHER).send_media(OWN, "audio", CONTENT, is_voice=True)
        assert await got(line.live.media, file_shown(emulator, id)) == CONTENT


def file_shown(emulator: Emulator, id: str) -> MediaFile:
    return emulator.world.phone(OWN).file_of(id).file


def message_of(emulator: Emulator, id: str) -> MediaMessage:
    return MediaMessage(id, emulator.world.account(OTHER).lid, False)


@pytest.mark.parametrize("scheme", ["http", "socks5"])
async def test_hosts_are_reached_through_the_sessions_proxy(
    emulator: Emulator, control: EmulatorClient, scheme: str
) -> None:
    where = emulator.whereabouts
    await control.account(OWN)
    async with socks_proxy(where.tls_port) as socks:
        proxy = socks.url if scheme == "socks5" else f"http://127.0.0.1:{where.proxy_port}"
        engine = engine_for(where, tls=True, url="wss://web.whatsapp.com/ws/chat", patience=QUICK)
        line = LineUnderTest(engine, proxy=proxy)
        await line.open()
        try:
            await line.pair(control.phone(OWN))
            tunnels = len(emulator.proxy.tunnels)
            uploaded = await line.live.media.upload(MediaKind.IMAGE, source_of(CONTENT), NOW)
            assert await got(line.live.media, uploaded.file) == CONTENT
            assert len(emulator.proxy.tunnels) > tunnels or "localhost" in socks.asked
        finally:
            await line.close()
            await engine.close()
    assert emulator.proxy.refused == {}


async def test_the_next_host_steps_in(emulator: Emulator, control: EmulatorClient) -> None:
    async with a_line(emulator, control) as line:
        await control.faults(media_hosts_down=1)
        uploaded = await line.live.media.upload(MediaKind.IMAGE, source_of(CONTENT), NOW)
        assert await got(line.live.media, uploaded.file) == CONTENT
        assert emulator.world.audit.counts["media host down"] == 2
        await control.faults(media_hosts_down=2)
        with pytest.raises(UploadFailed, match="HTTP 503") as failed:
            await line.live.media.upload(MediaKind.IMAGE, source_of(CONTENT), NOW)
        assert isinstance(failed.value, NotSent)
        with pytest.raises(MediaUnreachable, match="HTTP 503") as unreachable:
            await got(line.live.media, uploaded.file)
        assert unreachable.value.code == "media_unreachable"
        assert emulator.world.audit.counts["media host down"] == 2 + 2 * QUICK.rounds * 2


async def test_a_download_goes_on_where_it_broke_off(emulator: Emulator, control: EmulatorClient) -> None:
    async with a_line(emulator, control) as line:
        uploaded = await line.live.media.upload(MediaKind.IMAGE, source_of(CONTENT), NOW)
        await control.faults(media_cut_rate=0.8, seed=3)
        assert await got(line.live.media, uploaded.file) == CONTENT
        assert emulator.world.audit.counts["media downloads cut"] > 1


async def test_a_word_that_is_not_accepted_any_more_is_renewed(emulator: Emulator, control: EmulatorClient) -> None:
    async with a_line(emulator, control) as line:
        await line.live.media.upload(MediaKind.IMAGE, source_of(b"one"), NOW)
        emulator.world.media.revoke()
        await line.live.media.upload(MediaKind.IMAGE, source_of(b"two"), NOW)
        await control.faults(media_ttl_s=0)
        emulator.world.media.revoke()
        with pytest.raises(UploadFailed, match="do not accept our word"):
            await line.live.media.upload(MediaKind.IMAGE, source_of(b"three"), NOW)


async def test_a_source_that_fails_or_changes(emulator: Emulator, control: EmulatorClient) -> None:
    reads = 0

    async def changing() -> AsyncIterator[bytes]:
        nonlocal reads
        reads += 1
        yield bytes([reads]) * 200_000

    async def failing() -> AsyncIterator[bytes]:
        nonlocal reads
        reads += 1
        yield bytes(200_000)
        if reads > 3:
            raise RuntimeError("the disk is gone")

    async with a_line(emulator, control) as line:
        with pytest.raises(UploadRefused, match="changed") as refused:
            await line.live.media.upload(MediaKind.IMAGE, changing, NOW)
        assert isinstance(refused.value, SendImpossible)
        with pytest.raises(RuntimeError, match="the disk is gone"):
            await line.live.media.upload(MediaKind.IMAGE, failing, NOW)
        await control.faults(media_max=1000)
        with pytest.raises(UploadRefused, match="413"):
            await line.live.media.upload(MediaKind.IMAGE, source_of(CONTENT), NOW)
    assert emulator.world.audit.counts["media uploads"] == 0


@pytest.mark.parametrize("status", [404, 410])
async def test_the_phone_is_asked_for_what_is_gone(emulator: Emulator, control: EmulatorClient, status: int) -> None:
    async with a_line(emulator, control) as line:
        id = await control.phone(OTHER).send_media(OWN, "image", CONTENT)
        file, message = file_shown(emulator, id), message_of(emulator, id)
        await control.expire_media(status)
        with pytest.raises(MediaGone, match=str(status)):
            await got(line.live.media, file)
        assert await got(line.live.media, file, message) == CONTENT
        await control.expire_media(status)
        await control.phone(OWN).set(keeps_media=False)
        with pytest.raises(MediaGone, match="not_found"):
            await got(line.live.media, file, message)
        assert emulator.world.audit.counts["media retries"] == 2


async def test_a_file_that_is_gone_in_the_middle_is_taken_up_again(emulator: Emulator, control: EmulatorClient) -> None:
    async with a_line(emulator, control) as line:
        id = await control.phone(OTHER).send_media(OWN, "image", CONTENT)
        file, message = file_shown(emulator, id), message_of(emulator, id)
        await control.faults(media_cut_rate=1)
        taken = b""
        async for piece in line.live.media.download(file, message):
            if not taken:
                await control.expire_media()
                await control.faults(media_cut_rate=0)
            taken += piece
        assert taken == CONTENT
        assert emulator.world.audit.counts["media retries"] == 1


async def test_a_forged_file_is_never_good(emulator: Emulator, control: EmulatorClient) -> None:
    async with a_line(emulator, control) as line:
        uploaded = await line.live.media.upload(MediaKind.IMAGE, source_of(CONTENT), NOW)
        forged = replace(uploaded.file, secret=replace(uploaded.file.secret, sha256=bytes(32)))
        with pytest.raises(MediaForged, match="not the one") as failed:
            await got(line.live.media, forged)
        assert failed.value.code == "media_damaged"
        with pytest.raises(MediaForged, match="longer"):
            await got(
                line.live.media, replace(uploaded.file, secret=replace(uploaded.file.secret, size=len(CONTENT) - 50))
            )
        with pytest.raises(MediaGone, match="makes no sense"):
            await got(line.live.media, replace(uploaded.file, direct_path="//elsewhere\r\nX: y"))


async def test_memory_does_not_grow_with_the_file(emulator: Emulator, control: EmulatorClient) -> None:
    size, piece = 24 << 20, bytes(1 << 20)

    async def large() -> AsyncIterator[bytes]:
        for _ in range(size // len(piece)):
            yield piece

    async with a_line(emulator, control) as line:
        await line.live.media.upload(MediaKind.IMAGE, source_of(CONTENT), NOW)
        tracemalloc.start()
        try:
            uploaded = await line.live.media.upload(MediaKind.VIDEO, large, NOW)
            length = 0
            async for plain in line.live.media.download(uploaded.file):
                length += len(plain)
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert length == size
        assert peak < 4 << 20


async def test_no_transfer_without_a_line(emulator: Emulator, control: EmulatorClient) -> None:
    async with a_line(emulator, control) as line:
        await control.operator(OWN).refuse("503")
        await control.operator(OWN).kick("drop")
        await until(lambda: line.states()[-1][0] is not SessionState.CONNECTED)
        with pytest.raises(NotSent):
            await line.live.media.upload(MediaKind.IMAGE, source_of(b"x"), NOW)
