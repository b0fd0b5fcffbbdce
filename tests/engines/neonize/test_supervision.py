"""A worker that dies or hangs costs its own session a reconnect, and nobody else anything."""

import asyncio
import os
import signal
import time
from dataclasses import replace
from pathlib import Path

import pytest

from engines.neonize.desk import LINKED, QUICK, Bench, cleared, linked, scripted
from fixtures.waiting import until
from wagate.adapters.engines.neonize.host import Host, Launch, StartGate, WorkerFailed
from wagate.adapters.engines.neonize.limits import Limits
from wagate.adapters.vault.memory import MemoryStorage
from wagate.domain.ids import SessionId
from wagate.domain.session import SessionState
from wagate.ports.news import GapSuspected, SendAccepted, StateChanged


def another(bench: Bench) -> Bench:
    """A second session of the same engine."""
    made = replace(bench, session=SessionId("ses_neighbour"), storage=MemoryStorage(), durable=[], told=[])
    made.engine = bench.engine
    return made


@pytest.mark.parametrize("number", [signal.SIGABRT, signal.SIGKILL, signal.SIGSTOP], ids=lambda number: number.name)
async def test_one_worker_is_one_session(tmp_path: Path, number: signal.Signals) -> None:
    async with scripted(tmp_path, run=LINKED) as bench, cleared(neighbour := another(bench)):
        await asyncio.gather(linked(bench), linked(neighbour))
        worker, other = bench.worker, neighbour.worker
        told = len(neighbour.told)
        os.kill(worker, number)
        lost = await bench.is_in(SessionState.DISCONNECTED)
        assert lost.reason is not None
        assert lost.reason.code == "engine_died"
        detected = time.monotonic()
        sent = [await neighbour.send(f"{n}") for n in range(5)]
        await bench.is_in(SessionState.CONNECTED)
        assert time.monotonic() - detected < 10
        await neighbour.hears(SendAccepted, times=5)
        assert [news.message for news in neighbour.of_kind(SendAccepted)] == sent
        assert [news for news in neighbour.told[told:] if isinstance(news, StateChanged)] == []
        assert neighbour.worker == other
        assert bench.worker != worker
        await bench.send("back")
        await bench.hears(SendAccepted)


async def test_a_worker_that_hangs_while_nobody_is_attached_is_replaced(tmp_path: Path) -> None:
    async with scripted(tmp_path, replace(QUICK, silence_s=1.0), run=LINKED) as bench:
        await linked(bench)
        worker = bench.worker
        await bench.die()
        os.kill(worker, signal.SIGSTOP)
        await bench.open()
        await bench.is_in(SessionState.CONNECTED)
        assert bench.worker != worker


async def test_a_worker_that_nobody_wants_hangs_up_and_ends(tmp_path: Path) -> None:
    async with scripted(tmp_path, replace(QUICK, orphan_s=0.3), run=LINKED) as bench:
        await linked(bench)
        await bench.die()
        await until(lambda: not bench.engine._host(bench.session).is_occupied())
        assert not (bench.files / "running").exists()
        await bench.open()
        await bench.is_in(SessionState.CONNECTED)
        assert bench.of_kind(GapSuspected) == []


async def test_a_worker_whose_gateway_vanished_in_the_middle_of_a_word_ends_too(tmp_path: Path) -> None:
    """The link ends while the worker is writing into it."""
    async with scripted(tmp_path, replace(QUICK, orphan_s=0.3), run=[*LINKED, ["flood", 64, 50_000]]) as bench:
        await bench.open()
        await bench.is_in(SessionState.CONNECTED)
        await bench.die()
        await until(lambda: not bench.engine._host(bench.session).is_occupied())


async def test_a_gateway_that_attaches_takes_over(tmp_path: Path) -> None:
    """Two never work on one line: the worker serves the newer one, and the older one leaves it alone."""
    async with scripted(tmp_path, run=LINKED) as bench:
        await linked(bench)
        worker = bench.worker
        former = replace(bench, storage=MemoryStorage())
        former.told, bench.told = bench.told, []
        connection = bench.connection
        await bench.open()
        await bench.is_in(SessionState.CONNECTED)
        superseded = await former.is_in(SessionState.STOPPED)
        assert superseded.reason is not None
        assert superseded.reason.code == "ownership_lost"
        await connection.close()
        assert bench.worker == worker
        await bench.send("mine")
        await bench.hears(SendAccepted)


async def test_nobody_without_the_token_gets_in(tmp_path: Path) -> None:
    async with scripted(tmp_path, run=LINKED) as bench:
        await linked(bench)
        reader, writer, _ = await bench.engine._host(bench.session).dial()
        writer.write(b"\x00\x00\x00\x02{}")
        assert await reader.read() == b""
        writer.close()
        await bench.send("still served")
        await bench.hears(SendAccepted)


async def test_starts_are_spaced() -> None:
    gate = StartGate(20.0)
    loop = asyncio.get_running_loop()
    passed: list[float] = []

    async def start() -> None:
        await gate()
        passed.append(loop.time())

    begin = loop.time()
    await asyncio.gather(*(start() for _ in range(11)))
    assert passed == sorted(passed)
    assert passed[-1] - begin >= 10 / 20.0


def host(folder: Path, *command: str, limits: Limits = QUICK) -> Host:
    return Host(folder / "ses_x", Launch(command, {}), StartGate(100.0), limits)


async def test_a_worker_that_does_not_start_says_why(tmp_path: Path) -> None:
    with pytest.raises(WorkerFailed, match=r"code 2.*Error: no neonize here"):
        await host(tmp_path, "/bin/sh", "-c", "echo 'Error: no neonize here' >&2; exit 2").start()


async def test_a_worker_that_never_opens_its_link_is_killed(tmp_path: Path) -> None:
    started = host(tmp_path, "/bin/sh", "-c", "exec sleep 60", limits=replace(QUICK, start_s=0.3))
    with pytest.raises(WorkerFailed, match="did not open its link"):
        await started.start()
    assert started._process is not None
    assert started._process.poll() == -signal.SIGKILL


async def test_a_deep_data_folder_is_no_obstacle(tmp_path: Path) -> None:
    """A socket's path may have 108 bytes, a folder's many more."""
    async with scripted(tmp_path / ("deep" * 30), run=LINKED) as bench:
        await linked(bench)
        await bench.send("from far down")
        await bench.hears(SendAccepted)


async def test_secrets_of_the_gateway_stay_out_of_its_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WAGATE_MASTER_KEY", "SECRET")
    async with scripted(tmp_path, run=LINKED) as bench:
        await linked(bench)
        environment = await asyncio.to_thread(Path(f"/proc/{bench.worker}/environ").read_bytes)
        assert b"NEONIZE_BOT_TAG=off" in environment
        assert b"WAGATE_" not in environment
