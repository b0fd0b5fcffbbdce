"""Files in messages: content, wire and back; what a crash between upload and message leaves; bad references."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typing_extensions import override

from contracts.kept import Files
from engines.native.lines import OTHER, LineUnderTest, paired_line, until
from wagate.adapters.whatsapp_web.files import (
    REUSE_S,
    Reference,
    Sealed,
    Upload,
    content_in,
    file_in,
    message_with,
    recaptioned,
)
from wagate.adapters.whatsapp_web.media import Patience
from wagate.domain.content import UNKEPT, Attached, Audio, Document, Image, Sticker, Text, Video, Voice
from wagate.domain.errors import MediaGone
from wagate.domain.ids import MediaId, TenantId
from wagate.domain.media import VOICE_MIME, Media, MediaKind, MediaState
from wagate.domain.session import SessionState
from wagate.ports.engine import NotSent
from wagate.ports.files import Enclosure, FileDamaged
from wagate.ports.news import SendAccepted, SendStarted
from wagate.ports.vault import RecordUnreadable, VaultFailed
from whatsapp_emulator.client import EmulatorClient
from whatsapp_emulator.emulator import Emulator
from whatsapp_wire.jid import Jid as WireJid
from whatsapp_wire.media.content import MediaFile
from whatsapp_wire.media.kinds import MediaKind as WireKind
from whatsapp_wire.media.opening import MediaSecret
from whatsapp_wire.message import parse, read, unwrap
from whatsapp_wire.stanza.media import MediaMessage

CONTENT = bytes(range(256)) * 1_000
QUICK = Patience(rounds=1, pause_s=0.02)
PEOPLE = MediaMessage("3EB0", WireJid("1@lid"), False)

words = st.text(min_size=1, max_size=40)
captions = st.none() | words
kinds: st.SearchStrategy[Attached] = st.one_of(
    st.builds(Image, st.just(UNKEPT), captions),
    st.builds(Video, st.just(UNKEPT), captions, gif=st.booleans()),
    st.builds(Video, st.just(UNKEPT), captions, note=st.just(True)),
    st.just(Audio()),
    st.just(Voice()),
    st.builds(Document, st.just(UNKEPT), words, captions),
    st.builds(Sticker, st.just(UNKEPT), st.booleans()),
)
_WIRE = {
    "image": WireKind.IMAGE,
    "video": WireKind.VIDEO,
    "audio": WireKind.AUDIO,
    "voice": WireKind.AUDIO,
    "document": WireKind.DOCUMENT,
    "sticker": WireKind.STICKER,
}


def media_of(kind: MediaKind, mime: str = "text/plain", **known: int) -> Media:
    return Media(
        id=MediaId("med_1"),
        tenant=TenantId("ten_1"),
        state=MediaState.READY,
        kind=kind,
        mime=mime,
        size=5,
        sha256="ab" * 32,
        filename="a.txt",
        width=known.get("width"),
        height=known.get("height"),
        duration_ms=known.get("duration_ms"),
        waveform=bytes(64) if kind is MediaKind.VOICE else None,
        created_at=0,
    )


def upload_of(kind: WireKind, made_at: int = 100, size: int | None = 5) -> Upload:
    secret = MediaSecret(kind, bytes(range(32)), b"p" * 32, b"s" * 32, size)
    return Upload(MediaFile(secret, "/v/a?b=c", "https://a.example/v/a", made_at), b"side")


@given(kinds, st.booleans())
def test_what_is_said_is_what_is_read(content: Attached, view_once: bool) -> None:
    media = media_of(MediaKind(content.type), VOICE_MIME, width=3, height=2, duration_ms=2_400)
    upload = upload_of(_WIRE[content.type])
    is_animated = isinstance(content, Sticker) and content.animated
    written = message_with(content, Sealed(Enclosure(media, b"small"), upload, is_animated), view_once=view_once)
    message = parse(written.SerializeToString())
    inner = unwrap(message)
    said = content_in(inner, read(message))
    assert said == content
    file = file_in(message, content, PEOPLE)
    assert (file.kind, file.mime, file.size) == (media.kind, VOICE_MIME, 5)
    assert file.sha256 == (b"p" * 32).hex()
    assert file.reference is not None
    assert Reference.unpack(file.reference) == Reference(upload.file, PEOPLE)


def test_an_upload_is_named_for_half_a_day_and_its_record_is_read_back() -> None:
    upload = upload_of(WireKind.IMAGE, made_at=1_000)
    assert Upload.unpack(upload.pack()) == upload
    assert [upload.is_good(at) for at in (999, 1_000, 1_000 + REUSE_S - 1, 1_000 + REUSE_S)] == [
        False,
        True,
        True,
        False,
    ]


DAMAGED = [b"", b"[]", b"{}", b"null", b'{"file": {}}', b'{"file": null, "message": null}', b"\xff"]


@pytest.mark.parametrize("damaged", DAMAGED)
def test_what_is_damaged_is_called_so(damaged: bytes) -> None:
    with pytest.raises(ValueError, match="a reference is damaged"):
        Reference.unpack(damaged)
    with pytest.raises(RecordUnreadable):
        Upload.unpack(damaged)


def test_a_caption_is_replaced_where_there_is_a_place_for_one() -> None:
    sealed = Sealed(Enclosure(media_of(MediaKind.IMAGE)), upload_of(WireKind.IMAGE))
    sent = message_with(Image(caption="helo"), sealed, view_once=False).SerializeToString()
    new = recaptioned(sent, Text("hello"))
    assert new is not None
    assert (new.image_message.caption, new.image_message.direct_path) == ("hello", "/v/a?b=c")
    sealed = Sealed(Enclosure(media_of(MediaKind.VOICE)), upload_of(WireKind.AUDIO))
    assert recaptioned(message_with(Voice(), sealed, view_once=False).SerializeToString(), Text("x")) is None


@asynccontextmanager
async def a_line(emulator: Emulator, control: EmulatorClient) -> AsyncIterator[tuple[LineUnderTest, Files]]:
    where, files = emulator.whereabouts, Files()
    async with paired_line(where, control, ca_file=Path(where.ca_file), patience=QUICK, files=files) as line:
        yield line, files


async def accepted(line: LineUnderTest, count: int) -> None:
    await until(lambda: len(line.of(SendAccepted)) == count, lambda: f"{line.durable}")


async def test_a_crash_between_upload_and_message_costs_neither(emulator: Emulator, control: EmulatorClient) -> None:
    async with a_line(emulator, control) as (line, files):
        outgoing = replace(
            line.outgoing(OTHER, ""), content=Document(files.keep(MediaKind.DOCUMENT, "text/plain", CONTENT))
        )

        def once_uploaded() -> None:
            if any(kind == "upload" for kind, _ in line.storage.records[line.session]):
                raise VaultFailed

        line.storage.before_commit = once_uploaded
        # Something else that is just being kept may fail before the message is: then the line is gone already.
        with pytest.raises((VaultFailed, NotSent)):
            await line.live.send(outgoing)
        line.storage.before_commit = None
        await line.restart()
        await line.state(SessionState.CONNECTED)
        await line.live.send(outgoing)
        await accepted(line, 1)
        assert emulator.world.audit.counts["media uploads"] == 1
        assert [shown.id for shown in await control.phone(OTHER).inbox()] == [outgoing.wa_id]


async def test_messages_with_one_file_at_the_same_time_share_its_upload(
    emulator: Emulator, control: EmulatorClient
) -> None:
    async with a_line(emulator, control) as (line, files):
        media = files.keep(MediaKind.DOCUMENT, "text/plain", CONTENT)
        people = ["5511900000101", "5511900000102", "5511900000103"]
        for person in people:
            await control.account(person, person)
        async with asyncio.TaskGroup() as group:
            for person in people:
                group.create_task(line.say(person, Document(media, caption=person)))
        await accepted(line, 3)
        assert emulator.world.audit.counts["media uploads"] == 1
        again = files.keep(MediaKind.IMAGE, "image/png", CONTENT)
        await line.say(OTHER, Image(again))
        await accepted(line, 4)
        # The same bytes are encrypted otherwise as an image.
        assert emulator.world.audit.counts["media uploads"] == 2


async def test_hosts_that_take_nothing_leave_the_message_for_later(emulator: Emulator, control: EmulatorClient) -> None:
    async with a_line(emulator, control) as (line, files):
        outgoing = replace(
            line.outgoing(OTHER, ""), content=Document(files.keep(MediaKind.DOCUMENT, "text/plain", CONTENT))
        )
        await control.faults(media_hosts_down=9)
        with pytest.raises(NotSent):
            await line.live.send(outgoing)
        await control.faults(media_hosts_down=0)
        await line.live.send(outgoing)
        await accepted(line, 1)


async def test_files_that_are_not_kept_and_references_that_are_none(
    emulator: Emulator, control: EmulatorClient
) -> None:
    async with a_line(emulator, control) as (line, _):
        with pytest.raises(MediaGone):
            await line.say(OTHER, Document(MediaId("med_none")))
        for reference in (b"", json.dumps({"file": {}, "message": {}}).encode()):
            pieces = line.live.fetch_file(reference)
            with pytest.raises(FileDamaged):
                await anext(pieces)


class StalledFiles(Files):
    """Files that begin and do not go on."""

    @override
    async def read(self, enclosure: Enclosure) -> AsyncIterator[bytes]:
        self.read_out += 1
        yield CONTENT
        await asyncio.Event().wait()


async def test_closing_a_line_does_not_wait_for_what_is_on_its_way_out(
    emulator: Emulator, control: EmulatorClient
) -> None:
    where, files = emulator.whereabouts, StalledFiles()
    async with paired_line(where, control, ca_file=Path(where.ca_file), patience=QUICK, files=files) as line:
        media = files.keep(MediaKind.DOCUMENT, "text/plain", CONTENT)
        async with asyncio.TaskGroup() as group, asyncio.timeout(40):
            sending = group.create_task(_is_not_sent(line, Document(media)))
            await until(lambda: files.read_out == 1)
            await line.close()
            await sending
    assert not line.of(SendStarted)


async def _is_not_sent(line: LineUnderTest, content: Document) -> None:
    with pytest.raises(NotSent):
        await line.say(OTHER, content)
