"""What becomes of messages and workers when one of the two processes dies."""

import asyncio
import json
import os
import signal
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from contracts.examinee import Failing
from engines.neonize.desk import LINKED, OTHER, OWN, Desk, linked, scripted
from fixtures.waiting import until
from wagate.adapters.engines.neonize.link.frames import PREFIX, decode, encode, length_of
from wagate.adapters.engines.neonize.link.messages import VERSION, Found, Hello, Recall, Recalled, Sent
from wagate.adapters.engines.neonize.link.tokens import read_token
from wagate.domain.session import SessionState
from wagate.ports.news import (
    GapSuspected,
    MessageArrived,
    QrShown,
    ReceiptArrived,
    SendAccepted,
    SendStarted,
    SendUncertain,
)
from wagate.ports.vault import VaultFailed


def arrived(desk: Desk) -> list[str]:
    return [news.wa_id for news in desk.of_kind(MessageArrived)]


async def test_a_worker_that_aborts_is_replaced_and_the_gap_is_told_once(desk: Desk) -> None:
    await desk.pair()
    first = desk.worker
    desk.told.clear()
    os.kill(first, signal.SIGABRT)
    lost = await desk.is_in(SessionState.DISCONNECTED)
    assert lost.reason is not None
    assert (lost.reason.code, "SIGABRT" in lost.reason.detail) == ("engine_died", True)
    wa_id = await desk.control.phone(OTHER).type(OWN, "meanwhile")
    await desk.is_in(SessionState.CONNECTED)
    await until(lambda: arrived(desk) == [wa_id])
    assert desk.worker != first
    (gap,) = desk.of_kind(GapSuspected)
    assert gap.code == "worker_died"
    assert 0 <= gap.until - gap.since < 20_000
    await desk.close()
    await desk.open()
    await desk.is_in(SessionState.CONNECTED)
    assert desk.of_kind(GapSuspected) == [gap]


async def test_a_worker_outlives_the_gateway_and_is_adopted_with_all_it_has_heard(desk: Desk) -> None:
    await desk.pair()
    worker, token = desk.worker, (desk.files / "token").read_text()
    await desk.die()
    sent = [await desk.control.phone(OTHER).type(OWN, f"{n}") for n in range(200)]
    await until(lambda: (desk.files / "spool").stat().st_size > 200 * 100)
    await desk.open()
    await desk.is_in(SessionState.CONNECTED)
    await until(lambda: len(arrived(desk)) == 200)
    assert arrived(desk) == sent
    assert desk.worker == worker
    assert (desk.files / "token").read_text() != token
    assert desk.of_kind(GapSuspected) == []
    assert desk.of_kind(QrShown) == []
    await desk.send("still here")
    await desk.shown("still here")
    await until(lambda: (desk.files / "spool").stat().st_size < 100)


async def test_looking_up_a_message_costs_whatsmeow_nothing_that_it_has_written(desk: Desk) -> None:
    await desk.pair()
    await desk.send("before")
    await desk.shown("before")
    await desk.die()
    # A gateway that adopts the worker asks after messages while whatsmeow has its file open …
    unfinished = Sent("msg_unfinished", "ab" * 32)
    reader, writer = await asyncio.open_unix_connection(str(desk.files / "link"))
    writer.write(encode(Hello(VERSION, read_token(desk.files), "", 0)) + encode(Recall((unfinished,))))
    answer = Recalled(())
    while not answer.found:
        size = length_of(await reader.readexactly(PREFIX))
        message = decode(await reader.readexactly(size))
        answer = message if isinstance(message, Recalled) else answer
    assert answer.found == (Found("msg_unfinished", "absent"),)
    writer.close()
    # … and what whatsmeow writes after that has to be there when its process is killed.
    await desk.open()
    await desk.is_in(SessionState.CONNECTED)
    await desk.send("after")
    accepted = await desk.hears(SendAccepted, 2)
    os.kill(desk.worker, signal.SIGKILL)
    await until(lambda: not Path(f"/proc/{desk.worker}/maps").exists() or not Path(f"/proc/{desk.worker}").exists())
    with closing(sqlite3.connect(desk.files / "device.db")) as database:
        ids = {row[0] for row in database.execute("SELECT message_id FROM whatsmeow_message_secrets")}
    assert accepted.wa_id in ids


async def test_what_cannot_be_committed_stays_in_the_spool(tmp_path: Path) -> None:
    texts = [["event", 17, json.dumps({"id": f"{n}", "text": "hello"})] for n in range(3)]
    async with scripted(tmp_path, run=[*LINKED, ["wait_for", "go"], *texts]) as bench:
        await linked(bench)
        failing = Failing(bench.storage)
        (bench.files / "go").touch()
        await until(lambda: failing.failed > 1)
        state = await bench.is_in(SessionState.DISCONNECTED)
        assert state.reason is not None
        assert state.reason.code == "storage_unavailable"
        assert bench.of_kind(MessageArrived) == []
        failing.stop()
        await bench.hears(MessageArrived, times=3)
        assert [news.wa_id for news in bench.of_kind(MessageArrived)] == ["0", "1", "2"]
        await bench.is_in(SessionState.CONNECTED)


async def test_a_message_that_was_taken_but_never_built_goes_out_once(desk: Desk) -> None:
    await desk.pair()
    await desk.send("first")
    await desk.hears(SendAccepted)
    worker = desk.worker
    os.kill(worker, signal.SIGSTOP)
    message = await desk.send("once")  # the address is known, so nothing is asked of the worker before
    os.kill(worker, signal.SIGKILL)
    accepted = await desk.hears(SendAccepted, times=2)
    assert accepted.message == message
    await desk.send("last")
    await desk.shown("first", "once", "last")
    assert len(desk.of_kind(SendStarted)) == 3
    assert desk.of_kind(SendUncertain) == []


async def test_a_message_that_may_have_gone_out_is_uncertain_under_its_id(desk: Desk) -> None:
    await desk.pair()
    await desk.control.faults(no_ack=True)
    message = await desk.send("perhaps")
    await desk.shown("perhaps")
    os.kill(desk.worker, signal.SIGKILL)
    uncertain = await desk.hears(SendUncertain)
    (shown,) = await desk.control.phone(OTHER).inbox()
    assert (uncertain.message, uncertain.wa_id) == (message, shown.id)
    delivered = await desk.hears(ReceiptArrived)
    assert delivered.wa_ids == (shown.id,)
    news = [type(told) for told in desk.durable]
    assert news.index(SendUncertain) < news.index(ReceiptArrived)
    await desk.control.faults(no_ack=False)
    await desk.is_in(SessionState.CONNECTED)
    await desk.send("last")
    await desk.shown("perhaps", "last")


async def test_an_answer_that_comes_while_the_gateway_is_dead_is_not_lost(tmp_path: Path) -> None:
    async with scripted(tmp_path, run=LINKED, sends={"slow": "wait"}) as bench:
        await linked(bench)
        message = await bench.send("slow")
        await bench.die()
        (bench.files / "go").touch()
        await until(lambda: (bench.files / "sent").exists())
        await bench.open()
        accepted = await bench.hears(SendAccepted)
        assert accepted.message == message
        assert bench.of_kind(SendUncertain) == []
        assert len(bench.of_kind(SendStarted)) == 1
        assert (bench.files / "sent").read_text() == "slow\n"


async def test_a_send_that_goes_on_while_the_gateway_is_dead_is_waited_for(tmp_path: Path) -> None:
    async with scripted(tmp_path, run=LINKED, sends={"slow": "wait"}) as bench:
        await linked(bench)
        message = await bench.send("slow")
        await bench.die()
        await bench.open()
        await bench.is_in(SessionState.CONNECTED)
        behind = await bench.send("behind")
        (bench.files / "go").touch()
        await bench.hears(SendAccepted, times=2)
        assert [news.message for news in bench.of_kind(SendAccepted)] == [message, behind]
        assert (bench.files / "sent").read_text() == "slow\nbehind\n"


async def test_asking_again_sends_nothing_before_and_after_the_answer(tmp_path: Path) -> None:
    async with scripted(tmp_path, run=LINKED) as bench:
        await linked(bench)
        message = await bench.send("once")
        await bench.send("once", message=message)
        await bench.hears(SendAccepted)
        await bench.send("once", message=message)
        await bench.close()
        await bench.open()
        await bench.is_in(SessionState.CONNECTED)
        await bench.send("once", message=message)
        await bench.send("last")
        await bench.hears(SendAccepted, times=2)
        assert (bench.files / "sent").read_text() == "once\nlast\n"
        assert len(bench.of_kind(SendStarted)) == 2


async def test_nothing_is_sent_that_could_not_be_committed(tmp_path: Path) -> None:
    async with scripted(tmp_path, run=LINKED) as bench:
        await linked(bench)
        failing = Failing(bench.storage)
        with pytest.raises(VaultFailed):
            await bench.send("not now")
        failing.stop()
        await bench.connects(2)
        assert bench.of_kind(SendStarted) == []
        await bench.send("now")
        await bench.hears(SendAccepted)
        assert (bench.files / "sent").read_text() == "now\n"


async def test_what_meant_nothing_does_not_hold_up_what_comes_after_it(tmp_path: Path) -> None:
    """Such entries are acknowledged without a commit, so that the next gateway knows of fewer than the worker."""
    async with scripted(tmp_path, run=[*LINKED, *(["event", 17, "{}"] for _ in range(80))]) as bench:
        await linked(bench)
        await until(lambda: (bench.files / "spool").stat().st_size < 100)
        for _ in range(2):
            await bench.close()
            await bench.open()
            await bench.is_in(SessionState.CONNECTED)
        text = json.dumps({"id": "AFTER", "text": "hello"})
        bench.renew(SCRIPT=json.dumps({"run": [["event", 17, "{}"], ["event", 17, text], ["connected"]]}))
        await bench.close()
        await bench.open()
        await bench.is_in(SessionState.CONNECTED)
        assert [news.wa_id for news in bench.of_kind(MessageArrived)] == ["AFTER"]
