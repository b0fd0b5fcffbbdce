"""The written examination for engines, seventh part: the files of messages. Who cannot fetch any is not asked."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import wraps
from typing import Protocol, runtime_checkable

import pytest

from contracts.examinee import Examinee, Network, eventually
from contracts.paper import Paper
from wagate.domain.content import UNKEPT, Attached, Audio, Document, Image, Sticker, Video, Voice
from wagate.domain.errors import MediaGone
from wagate.domain.ids import MediaId
from wagate.domain.media import VOICE_MIME, MediaKind
from wagate.domain.session import SessionState
from wagate.ports.abilities import FetchesFiles
from wagate.ports.engine import Outgoing
from wagate.ports.files import ArrivedFile, FileExpired
from wagate.ports.news import MessageArrived, SendStarted

CONTENT = bytes(range(256)) * 2_000
KINDS: tuple[tuple[Attached, str], ...] = (
    (Image(caption="look"), "image/jpeg"),
    (Video(caption="there"), "video/mp4"),
    (Video(gif=True), "video/mp4"),
    (Video(note=True), "video/mp4"),
    (Audio(), "audio/mpeg"),
    (Voice(), VOICE_MIME),
    (Document(filename="a.pdf", caption="read"), "application/pdf"),
    (Sticker(), "image/webp"),
)

PAPER = Paper()


@runtime_checkable
class FileNetwork(Network, Protocol):
    """A network that carries files."""

    async def send_file(self, content: Attached, mime: str, file: bytes) -> str:
        """OTHER sends a file to OWN; the id."""
        ...

    async def file_shown(self, wa_id: str) -> tuple[Attached, bytes] | None:
        """What OTHER's phone shows under an id, without our id of the media, and the bytes; None while it does not."""
        ...

    async def lose_files(self) -> None:
        """Neither the service nor any phone has files any more."""
        ...


FileQuestion = Callable[[FileNetwork], Awaitable[None]]


def _asks(ask: FileQuestion) -> FileQuestion:
    @wraps(ask)
    async def ask_with_files(network: Network) -> None:
        assert isinstance(network, FileNetwork)
        await ask(network)

    PAPER.asks(ability=FetchesFiles)(ask_with_files)
    return ask


def _outgoing(examinee: Examinee, content: Attached, mime: str) -> Outgoing:
    media = examinee.files.keep(MediaKind(content.type), mime, CONTENT)
    return replace(examinee.outgoing(""), content=replace(content, media=media))


async def _shown(network: FileNetwork, examinee: Examinee, outgoing: Outgoing) -> tuple[Attached, bytes]:
    found: list[tuple[Attached, bytes]] = []
    wa_id = await examinee.id_of(outgoing)

    async def is_there() -> bool:
        shown = await network.file_shown(wa_id)
        found.extend([] if shown is None else [shown])
        return bool(found)

    await eventually(is_there, lambda: f"{examinee.durable}")
    return found[0]


async def _arrived(examinee: Examinee, wa_id: str) -> MessageArrived:
    found: list[MessageArrived] = []

    async def is_there() -> bool:
        found[:] = [news for news in examinee.of_kind(MessageArrived) if news.wa_id == wa_id]
        return bool(found)

    await eventually(is_there, lambda: f"{examinee.durable} {examinee.told}")
    return found[0]


async def _fetched(examinee: Examinee, file: ArrivedFile | None) -> bytes:
    assert isinstance(examinee.connection, FetchesFiles)
    assert file is not None
    assert file.reference is not None
    return b"".join([piece async for piece in examinee.connection.fetch_file(file.reference)])


@_asks
async def each_kind_of_file_reaches_the_phone_as_it_is(network: FileNetwork) -> None:
    examinee = await Examinee.paired(network)
    for content, mime in KINDS:
        outgoing = await examinee.give(_outgoing(examinee, content, mime))
        assert await _shown(network, examinee, outgoing) == (content, CONTENT)


@_asks
async def each_kind_of_file_is_described_and_can_be_fetched(network: FileNetwork) -> None:
    examinee = await Examinee.paired(network)
    for content, mime in KINDS:
        news = await _arrived(examinee, await network.send_file(content, mime, CONTENT))
        assert news.content == content
        assert news.file is not None
        assert (news.file.kind, news.file.mime, news.file.size) == (MediaKind(content.type), mime, len(CONTENT))
        assert await _fetched(examinee, news.file) == CONTENT


@_asks
async def a_reference_is_good_after_a_restart(network: FileNetwork) -> None:
    examinee = await Examinee.paired(network)
    news = await _arrived(examinee, await network.send_file(Document(filename="a"), "text/plain", CONTENT))
    await examinee.restart()
    await examinee.is_in(SessionState.CONNECTED)
    assert await _fetched(examinee, news.file) == CONTENT


@_asks
async def a_file_that_nobody_has_any_more_is_called_so(network: FileNetwork) -> None:
    examinee = await Examinee.paired(network)
    news = await _arrived(examinee, await network.send_file(Document(filename="a"), "text/plain", CONTENT))
    await network.lose_files()
    with pytest.raises(FileExpired):
        await _fetched(examinee, news.file)


@_asks
async def a_message_whose_file_is_gone_does_not_go_out(network: FileNetwork) -> None:
    examinee = await Examinee.paired(network)
    outgoing = replace(examinee.outgoing(""), content=Document(MediaId("med_none")))
    with pytest.raises(MediaGone):
        await examinee.give(outgoing)
    assert not examinee.of_kind(SendStarted)


@_asks
async def a_message_with_a_file_that_is_asked_for_twice_goes_out_once(network: FileNetwork) -> None:
    examinee = await Examinee.paired(network)
    outgoing = await examinee.give(_outgoing(examinee, Document(filename="a"), "text/plain"))
    wa_id = await examinee.id_of(outgoing)
    read_out = examinee.files.read_out
    await examinee.restart()
    await examinee.is_in(SessionState.CONNECTED)
    await examinee.give(outgoing)
    assert examinee.files.read_out == read_out
    assert await examinee.id_of(outgoing) == wa_id
    assert len(examinee.of_kind(SendStarted)) == 1


def without_id(content: Attached) -> Attached:
    """What is said, without our id of the file."""
    return replace(content, media=UNKEPT)
