"""Files through neonize: what a crash leaves between upload and message, faults on the way, and what is refused."""

from __future__ import annotations

import asyncio
import errno
import os
import resource
import signal
import stat
from collections.abc import AsyncIterator, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from typing_extensions import override

from contracts.kept import Files
from engines.neonize.desk import LINKED, OTHER, OWN, QUICK, Bench, Desk, linked, scripted
from engines.neonize.letters import US
from engines.neonize.talk import Talk
from fixtures.waiting import until
from wagate.adapters.engines.neonize.attachment import AskFailed
from wagate.adapters.engines.neonize.connection import NeonizeConnection
from wagate.adapters.engines.neonize.records import CAPTIONED, UPLOADS
from wagate.adapters.whatsapp_web.encode import Enclosed
from wagate.adapters.whatsapp_web.files import Upload
from wagate.adapters.whatsapp_web.letters import compose
from wagate.adapters.whatsapp_web.media import UploadFailed, UploadRefused
from wagate.adapters.whatsapp_web.transfers import told_failure
from wagate.domain.acts import Edit, Target
from wagate.domain.content import Attached, Document, Image, Text, Video, Voice
from wagate.domain.errors import MediaGone, UnsupportedByEngine
from wagate.domain.ids import MessageId
from wagate.domain.jid import Jid
from wagate.domain.media import MediaKind
from wagate.domain.session import SessionState
from wagate.ports.engine import NotSent, Outgoing
from wagate.ports.files import Enclosure, FileDamaged, FileExpired
from wagate.ports.news import MessageArrived, SendAccepted, SendStarted
from wagate.ports.vault import VaultFailed
from whatsapp_wire.media.kinds import MediaKind as WireKind
from whatsapp_wire.media.sealing import MediaSealer
from whatsapp_wire.message import parse, unwrap

CONTENT = os.urandom(300_000)
STAGED = "uploads"

_numbers = count(1)


class Vanishing(Files):
    """A file that is deleted while it is being read."""

    @override
    async def read(self, enclosure: Enclosure) -> AsyncIterator[bytes]:
        async for piece in super().read(enclosure):
            yield piece
            raise MediaGone


class Endless(Files):
    """A file that goes on."""

    @override
    async def read(self, enclosure: Enclosure) -> AsyncIterator[bytes]:
        while True:
            yield bytes(1_000)


def showing(bench: Bench, content: Attached | None = None, file: bytes = CONTENT) -> Outgoing:
    """A message with a file."""
    content = content or Document(filename="a.pdf")
    media = bench.kept.keep(MediaKind(content.type), "application/pdf", file)
    message = MessageId(f"msg_file_{next(_numbers)}")
    return Outgoing(message, None, Jid.from_phone(OTHER), replace(content, media=media))


def begun(work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
    """Something that goes on while the test does something else."""
    return asyncio.get_running_loop().create_task(work)


def staged(bench: Bench) -> list[Path]:
    """What lies in the session's folder for the worker."""
    folder = bench.files / STAGED
    return list(folder.iterdir()) if folder.exists() else []


def uploaded(bench: Bench) -> list[str]:
    """The uploads that a scripted worker was asked for."""
    path = bench.files / "uploaded"
    return path.read_text().splitlines() if path.exists() else []


async def arrival(desk: Desk, content: bytes, **details: str) -> MessageArrived:
    """OTHER sends a document."""
    before = len(desk.of_kind(MessageArrived))
    await desk.control.phone(OTHER).send_media(OWN, "document", content, mimetype="text/plain", **details)
    return await desk.hears(MessageArrived, times=before + 1)


def connection_of(bench: Bench) -> NeonizeConnection:
    assert isinstance(bench.connection, NeonizeConnection)
    return bench.connection


def reference_of(news: MessageArrived) -> bytes:
    assert news.file is not None
    assert news.file.reference is not None
    return news.file.reference


# ---- out


async def test_a_file_lies_in_the_session_s_folder_only_while_it_is_uploaded(folder: Path) -> None:
    async with scripted(folder, run=LINKED, upload="wait") as bench:
        await linked(bench)
        sending = begun(bench.connection.send(showing(bench)))
        await until(lambda: uploaded(bench) == [f"document {len(CONTENT)}"])
        (path,) = staged(bench)
        assert path.read_bytes() == CONTENT
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
        assert bench.of_kind(SendStarted) == []
        (bench.files / "go").touch()
        await sending
        await bench.hears(SendAccepted)
        assert staged(bench) == []


async def test_a_worker_that_dies_while_it_uploads_costs_an_upload_and_no_message(folder: Path) -> None:
    async with scripted(folder, run=LINKED, upload="wait") as bench:
        await linked(bench)
        outgoing = showing(bench)
        sending = begun(bench.connection.send(outgoing))
        await until(lambda: len(uploaded(bench)) == 1)
        os.kill(bench.worker, signal.SIGKILL)
        with pytest.raises(NotSent):
            await sending
        assert staged(bench) == []
        assert bench.of_kind(SendStarted) == []
        (bench.files / "go").touch()
        await bench.connects(2)
        await bench.connection.send(outgoing)
        await bench.hears(SendAccepted)
        assert len(uploaded(bench)) == 2
        assert len(bench.of_kind(SendStarted)) == 1


async def test_an_upload_is_used_again_after_a_crash_and_by_other_messages(folder: Path) -> None:
    async with scripted(folder, run=LINKED) as bench:
        await linked(bench)
        commits = count(1)

        def fail() -> None:
            if next(commits) > 1:  # the upload's record is kept, the message's is not
                raise VaultFailed

        bench.storage.before_commit = fail
        outgoing = showing(bench)
        with pytest.raises(VaultFailed):
            await bench.connection.send(outgoing)
        bench.storage.before_commit = None
        await bench.connects(2)
        await bench.connection.send(outgoing)
        await bench.connection.send(showing(bench))
        await bench.hears(SendAccepted, times=2)
        assert len(uploaded(bench)) == 1


async def test_messages_that_want_the_same_file_at_once_share_an_upload(folder: Path) -> None:
    async with scripted(folder, run=LINKED, upload="wait") as bench:
        await linked(bench)
        sending = [begun(bench.connection.send(showing(bench))) for _ in range(3)]
        await until(lambda: len(uploaded(bench)) == 1)
        (bench.files / "go").touch()
        await asyncio.gather(*sending)
        await bench.hears(SendAccepted, times=3)
        assert len(uploaded(bench)) == 1


async def test_what_a_gateway_that_died_left_for_its_worker_is_deleted(folder: Path) -> None:
    async with scripted(folder, run=LINKED, upload="wait") as bench:
        await linked(bench)
        left = bench.files / STAGED / "left"
        left.parent.mkdir(mode=0o700)
        left.touch()
        await bench.close()
        await bench.open()
        await bench.is_in(SessionState.CONNECTED)
        assert staged(bench) == []


async def test_a_session_that_is_closed_while_it_writes_leaves_nothing(folder: Path) -> None:
    async with scripted(folder, run=LINKED) as bench:
        bench.kept = Endless()
        await linked(bench)
        sending = begun(bench.connection.send(showing(bench)))
        await until(lambda: len(staged(bench)) == 1)
        await bench.close()
        with pytest.raises(NotSent):
            await sending
        assert staged(bench) == []
        assert uploaded(bench) == []


async def test_a_closed_session_lets_go_of_an_upload(folder: Path) -> None:
    async with scripted(folder, run=LINKED, upload="wait") as bench:
        await linked(bench)
        sending = begun(bench.connection.send(showing(bench)))
        await until(lambda: len(uploaded(bench)) == 1)
        await bench.close()
        with pytest.raises(NotSent):
            await sending
        assert staged(bench) == []


async def test_an_upload_that_never_ends_has_the_process_replaced(folder: Path) -> None:
    async with scripted(folder, limits=replace(QUICK, upload_s=0.5), run=LINKED, upload="hang") as bench:
        await linked(bench)
        worker = bench.worker
        with pytest.raises(NotSent):
            await bench.connection.send(showing(bench))
        await until(lambda: bench.worker != worker)
        await bench.is_in(SessionState.CONNECTED)


@contextmanager
def full_disk(size: int) -> Iterator[None]:
    """No file of this process may grow beyond so many bytes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


async def test_a_full_disk_is_told_and_leaves_nothing(folder: Path) -> None:
    async with scripted(folder, run=LINKED) as bench:
        await linked(bench)
        outgoing = showing(bench)
        with full_disk(len(CONTENT) // 2), pytest.raises(UploadFailed, match=os.strerror(errno.EFBIG)):
            await bench.connection.send(outgoing)
        assert staged(bench) == []
        assert uploaded(bench) == []
        await bench.connection.send(outgoing)
        await bench.hears(SendAccepted)


async def test_a_file_that_is_deleted_meanwhile_is_not_sent(folder: Path) -> None:
    async with scripted(folder, run=LINKED) as bench:
        bench.kept = Vanishing()
        await linked(bench)
        with pytest.raises(MediaGone):
            await bench.connection.send(showing(bench))
        assert staged(bench) == []
        assert uploaded(bench) == []
        assert bench.of_kind(SendStarted) == []


async def test_an_upload_of_something_else_is_not_believed(folder: Path) -> None:
    async with scripted(folder, run=LINKED, upload="other") as bench:
        await linked(bench)
        for content in (Document(filename="a"), Voice()):
            with pytest.raises(UploadFailed, match="not the file that is kept"):
                await bench.connection.send(showing(bench, content))
        assert bench.of_kind(SendStarted) == []


async def test_a_file_larger_than_whatsmeow_should_hold_is_refused_before_it_is_read(folder: Path) -> None:
    async with scripted(folder, limits=replace(QUICK, upload_bytes=len(CONTENT) - 1), run=LINKED) as bench:
        await linked(bench)
        with pytest.raises(UnsupportedByEngine):
            await bench.connection.send(showing(bench))
        assert bench.kept.read_out == 0


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        ("upload failed with status code 413", UploadRefused),
        ("upload failed with status code 401", UploadFailed),
        ("upload failed with status code 429", UploadFailed),
        ("upload failed with status code 503", UploadFailed),
        ("failed to refresh media connections: info query timed out", UploadFailed),
        ("failed to execute request: dial tcp: refused", UploadFailed),
    ],
)
def test_whatsmeow_s_words_about_an_upload(words: str, kind: type[Exception]) -> None:
    assert type(told_failure(words)) is kind


async def test_a_host_that_refuses_is_told_as_whatsmeow_does(folder: Path) -> None:
    async with scripted(folder, run=LINKED, upload="upload failed with status code 413") as bench:
        await linked(bench)
        with pytest.raises(UploadRefused):
            await bench.connection.send(showing(bench))


async def test_the_word_for_uploads_is_not_told(folder: Path) -> None:
    words = 'failed to execute request: Post "https://host.example/mms/image/a?auth=hush&token=abc": dial tcp: refused'
    async with scripted(folder, run=LINKED, upload=words) as bench:
        await linked(bench)
        with pytest.raises(UploadFailed, match="dial tcp: refused") as failed:
            await bench.connection.send(showing(bench))
        assert "hush" not in str(failed.value)
        assert "hush" not in bench.output()


async def test_a_host_that_is_down_delays_a_message_and_does_not_double_it(desk: Desk) -> None:
    await desk.pair()
    await desk.control.faults(media_hosts_down=2)
    outgoing = showing(desk)
    with pytest.raises(UploadFailed):
        await desk.connection.send(outgoing)
    await desk.control.faults(media_hosts_down=0)
    await desk.connection.send(outgoing)
    await desk.hears(SendAccepted)
    assert len(desk.of_kind(SendStarted)) == 1


async def test_a_streamed_file_has_the_sidecar_that_neonize_does_not_make(desk: Desk) -> None:
    await desk.pair()
    await desk.connection.send(showing(desk, Video(caption="there")))
    accepted = await desk.hears(SendAccepted)
    assert await desk.control.phone(OTHER).file(accepted.wa_id) == CONTENT
    assert desk.vault is not None
    ((_, record),) = await desk.vault.list(UPLOADS)
    upload = Upload.unpack(record)
    sealer = MediaSealer(upload.file.secret.media_key, WireKind.VIDEO)
    sealer.update(CONTENT)
    assert upload.sidecar == sealer.finish()[1].sidecar is not None


async def test_an_edited_caption_names_the_file_again(desk: Desk) -> None:
    await desk.pair()
    talk = Talk(desk)
    media = desk.kept.keep(MediaKind.IMAGE, "image/jpeg", CONTENT)
    wa_id = await talk.out(Image(media, caption="befor"))
    edit = Edit(Target(wa_id, (await talk.lids())[1]), Text("before"))
    shown = await talk.shown(await talk.out(edit))
    assert (shown.kind, shown.target, shown.text) == ("edit", wa_id, "before")
    assert desk.vault is not None
    ((address, original),) = await desk.vault.list(CAPTIONED)
    assert address == wa_id
    outgoing = Outgoing(MessageId("msg_edit"), None, Jid.from_phone(OTHER), edit)
    new = parse(compose(outgoing, US, 0, None, Enclosed(original=original)))
    image = unwrap(new).protocol_message.edited_message.image_message
    assert (image.caption, image.direct_path) == ("before", unwrap(parse(original)).image_message.direct_path)


# ---- in


async def test_a_worker_that_dies_does_not_disturb_a_download(desk: Desk) -> None:
    await desk.pair()
    news = await arrival(desk, CONTENT)
    pieces: list[bytes] = []
    async for piece in connection_of(desk).fetch_file(reference_of(news)):
        if not pieces:
            os.kill(desk.worker, signal.SIGKILL)
        pieces.append(piece)
    assert b"".join(pieces) == CONTENT


async def test_what_the_hosts_lost_has_expired_and_what_they_spoiled_is_damaged(desk: Desk) -> None:
    await desk.pair()
    news = await arrival(desk, CONTENT)
    reference = reference_of(news)
    with pytest.raises(FileDamaged):
        async for _ in connection_of(desk).fetch_file(reference[:-2]):
            pass
    await desk.control.expire_media()
    with pytest.raises(FileExpired):
        async for _ in connection_of(desk).fetch_file(reference):
            pass


async def test_no_name_leads_out_of_the_folder_for_uploads(folder: Path) -> None:
    async with scripted(folder, run=LINKED) as bench:
        await linked(bench)
        for kind, name in (("document", "../device.db"), ("document", ""), ("history", "abc")):
            with pytest.raises(AskFailed, match="there is no upload"):
                await connection_of(bench).errand("upload", kind, text=name)
        assert uploaded(bench) == []
