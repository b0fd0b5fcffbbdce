"""What a phone tells of the time before: kept by the worker in files, read by the gateway part by part."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from engines.neonize.desk import LINKED, OTHER, OWN, Desk, linked, scripted
from fixtures import samples
from fixtures.waiting import until
from wagate.adapters.engines.neonize.link.past import HISTORIES
from wagate.domain.content import Text
from wagate.domain.jid import Jid
from wagate.domain.session import HistoryPolicy, SessionState
from wagate.ports.engine import LineOptions
from wagate.ports.news import HistoryArrived, HistoryRead, MessageArrived, PastMessage, ReceiptKind
from wagate.ports.vault import VaultFailed
from whatsapp_emulator.client import EmulatorClient

LONG_AGO = 1_700_000_000


def told(desk: Desk, kind: str) -> list[PastMessage]:
    """The messages of the histories of a kind, the newest first."""
    read = {news.history for news in desk.of_kind(HistoryRead) if news.kind == kind}
    return [past for part in desk.of_kind(HistoryArrived) if part.history in read for past in part.messages]


async def read_to_its_end(desk: Desk, kind: str, times: int = 1) -> HistoryRead:
    """The end of the last history of a kind."""

    def found() -> list[HistoryRead]:
        return [news for news in desk.of_kind(HistoryRead) if news.kind == kind]

    try:
        await until(lambda: len(found()) >= times, 30)
    except TimeoutError:
        raise AssertionError(f"{kind} never came: {desk.of_kind(HistoryRead)} {desk.output()}") from None
    return found()[-1]


async def test_what_was_said_before_pairing_is_told_afterwards(desk: Desk, control: EmulatorClient) -> None:
    mine = {"text": "seen by Ana", "from_me": True, "at": LONG_AGO + 60, "status": "read"}
    theirs = {"text": "written long ago", "at": LONG_AGO}
    ids = await control.phone(OWN).remember(OTHER, [theirs, mine], unread=1)
    await desk.pair()
    read = await read_to_its_end(desk, "bootstrap")
    assert (read.code, read.chunk, read.progress, read.skipped, read.request) == (None, 1, 100, 0, None)
    second, first = told(desk, "bootstrap")
    assert [first.said.wa_id, second.said.wa_id] == ids
    assert (first.said.content, first.said.from_me, first.said.timestamp) == (Text("written long ago"), False, LONG_AGO)
    assert (second.said.content, second.said.from_me, second.got_to) == (Text("seen by Ana"), True, ReceiptKind.READ)
    lid = (await control.account(OTHER)).lid
    parts = [part for part in desk.of_kind(HistoryArrived) if part.history == read.history]
    (chat,) = [chat for part in parts for chat in part.chats]
    assert chat.unread == 1
    assert (Jid.from_phone(OTHER), Jid(lid)) in [link for part in parts for link in part.links]
    await read_to_its_end(desk, "names")
    assert "Other" in [name for part in desk.of_kind(HistoryArrived) for _, name in part.names]
    assert desk.of_kind(MessageArrived) == []
    await until(lambda: list((desk.files / HISTORIES).glob("*")) == [], 10)


async def test_an_old_picture_can_be_had(desk: Desk, control: EmulatorClient) -> None:
    picture = samples.image("JPEG")
    sent = await control.phone(OTHER).send_media(OWN, "image", picture, mimetype="image/jpeg", caption="long ago")
    own = control.phone(OWN)
    await own.inbox(wait_s=5)
    await own.remember(OTHER, [{"id": sent, "says": sent, "at": LONG_AGO}])
    await desk.pair()
    await read_to_its_end(desk, "bootstrap")
    (past,) = told(desk, "bootstrap")
    assert past.said.file is not None
    pieces = [piece async for piece in desk.connection.fetch_file(past.said.file.reference)]  # type: ignore[attr-defined]
    assert b"".join(pieces) == picture


@pytest.mark.parametrize("policy", [HistoryPolicy.RECENT, HistoryPolicy.FULL])
async def test_all_of_it_comes_only_where_it_was_asked_for(
    policy: HistoryPolicy, desk: Desk, control: EmulatorClient
) -> None:
    desk.options = LineOptions(history=policy)
    await control.phone(OWN).remember(OTHER, [{"text": "old", "at": LONG_AGO}], count=730)
    await desk.pair()
    await read_to_its_end(desk, "recent")
    assert (len(told(desk, "bootstrap")), len(told(desk, "recent"))) == (5, 195)
    if policy is HistoryPolicy.FULL:
        await read_to_its_end(desk, "full", 2)
    texts = [past.said.content for kind in ("bootstrap", "recent", "full") for past in told(desk, kind)]
    assert len(texts) == (730 if policy is HistoryPolicy.FULL else 200)
    assert set(texts) == {Text(f"old {number}") for number in range(730 - len(texts), 730)}


async def test_a_session_that_wants_no_past_gets_none(desk: Desk, control: EmulatorClient) -> None:
    desk.options = LineOptions(history=HistoryPolicy.NONE)
    await control.phone(OWN).remember(OTHER, [{"text": "old", "at": LONG_AGO}], count=20)
    await desk.pair()
    await control.phone(OTHER).type(OWN, "new")
    await desk.hears(MessageArrived)
    assert desk.of_kind(HistoryArrived) + desk.of_kind(HistoryRead) == []
    assert not (desk.files / HISTORIES).exists()


async def test_a_history_goes_on_behind_its_last_part(desk: Desk, control: EmulatorClient) -> None:
    """The storage fails in the middle of one; neither is a part of it lost nor told twice."""
    await control.phone(OWN).remember(OTHER, [{"text": "old", "at": LONG_AGO}], count=200)
    failures = [1]

    def fail() -> None:
        if failures and len(told_texts()) > 100:
            failures.pop()
            raise VaultFailed("the disk is full")

    def told_texts() -> list[PastMessage]:
        return [past for part in desk.of_kind(HistoryArrived) for past in part.messages]

    desk.storage.before_commit = fail
    await desk.pair()
    await read_to_its_end(desk, "recent")
    assert failures == []
    ids = [past.said.wa_id for past in told_texts()]
    assert (len(ids), len(set(ids))) == (200, 200)


async def test_a_history_outlives_its_gateway_and_its_worker(desk: Desk, control: EmulatorClient) -> None:
    await control.phone(OWN).remember(OTHER, [{"text": "old", "at": LONG_AGO}], count=20)
    stuck = [True]

    def fail() -> None:
        if stuck and any(isinstance(news, HistoryRead) for news in desk.durable):
            raise VaultFailed("nothing can be kept")

    desk.storage.before_commit = fail
    await desk.pair()
    read = (await desk.hears(HistoryRead)).history
    await until(lambda: len({path.name for path in (desk.files / HISTORIES).glob("*")} - {read}) == 2, 20)
    os.kill(desk.worker, signal.SIGKILL)
    await desk.close()
    stuck.clear()
    desk.renew()
    await desk.open()
    await desk.is_in(SessionState.CONNECTED)
    await read_to_its_end(desk, "recent")
    assert len({past.said.wa_id for past in told(desk, "recent")}) == 15
    assert len(told(desk, "recent")) == 15


async def test_a_history_that_cannot_be_read_is_told_of(desk: Desk, control: EmulatorClient) -> None:
    await control.phone(OWN).remember(OTHER, [{"text": "old", "at": LONG_AGO}], count=20)
    spoilt: list[Path] = []

    def spoil() -> None:
        for path in [] if spoilt else list((desk.files / HISTORIES).glob("*"))[:1]:
            spoilt.append(path)
            content = path.read_bytes()
            path.write_bytes(content[:-1] + bytes((content[-1] ^ 1,)))

    desk.storage.before_commit = spoil
    await desk.pair()
    await until(lambda: any(news.code for news in desk.of_kind(HistoryRead)), 20)
    (failed,) = [news for news in desk.of_kind(HistoryRead) if news.code is not None]
    assert (failed.history, failed.code) == (spoilt[0].name, "history_malformed")
    await read_to_its_end(desk, "recent")
    await until(lambda: list((desk.files / HISTORIES).glob("*")) == [], 10)


async def test_a_history_that_whatsmeow_does_not_get_is_told_of(folder: Path) -> None:
    lost = ["log", "ERROR", "Failed to download history sync: failed to download: media file not found"]
    async with scripted(folder, run=[*LINKED, lost]) as bench:
        await linked(bench)
        read = await bench.hears(HistoryRead)
    assert (read.kind, read.code) == ("other", "history_unreadable")
    assert "media file not found" in read.detail
