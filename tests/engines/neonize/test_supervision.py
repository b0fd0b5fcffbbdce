"""A worker that dies or hangs costs its own session a reconnect, and nobody else anything."""

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
import pytest_asyncio

from engines.neonize.desk import OTHER, OWN, QUICK, Desk, desk
from fixtures.waiting import until
from wagate.adapters.engines.neonize.host import Host, Launch, StartGate, WorkerFailed
from wagate.adapters.engines.neonize.limits import Limits
from wagate.adapters.vault.memory import MemoryStorage
from wagate.domain.ids import SessionId
from wagate.domain.session import SessionState
from wagate.ports.news import MessageArrived, SendAccepted, SendUncertain, StateChanged
from whatsapp_emulator.client import EmulatorClient
from whatsapp_emulator.emulator import Emulator

NEIGHBOUR = "5511900000003"


@pytest_asyncio.fixture
async def neighbour(desk: Desk, emulator: Emulator, control: EmulatorClient) -> AsyncIterator[Desk]:
    """Another session of the same gateway."""
    await control.account(NEIGHBOUR, "Neighbour")
    made = replace(
        desk, session=SessionId("ses_neighbour"), phone=NEIGHBOUR, storage=MemoryStorage(), durable=[], told=[]
    )
    made.engine = desk.engine
    try:
        yield made
    finally:
        await made.close()
        await made.engine.forget(made.session)


@pytest.mark.parametrize("number", [signal.SIGABRT, signal.SIGKILL, signal.SIGSTOP], ids=lambda number: number.name)
async def test_one_worker_is_one_session(desk: Desk, neighbour: Desk, number: signal.Signals) -> None:
    await asyncio.gather(desk.pair(), neighbour.pair())
    worker, other = desk.worker, neighbour.worker
    told = len(neighbour.told)
    os.kill(worker, number)
    lost = await desk.is_in(SessionState.DISCONNECTED)
    assert lost.reason is not None
    assert lost.reason.code == "engine_died"
    detected = time.monotonic()
    sent = [await neighbour.send(f"{n}") for n in range(5)]
    await desk.is_in(SessionState.CONNECTED)
    assert time.monotonic() - detected < 10
    await neighbour.hears(SendAccepted, times=5)
    assert [news.message for news in neighbour.of_kind(SendAccepted)] == sent
    assert [news for news in neighbour.told[told:] if isinstance(news, StateChanged)] == []
    assert neighbour.worker == other
    assert desk.worker != worker
    await desk.send("back")
    await desk.hears(SendAccepted)


async def test_a_worker_that_hangs_while_nobody_is_attached_is_replaced(desk: Desk) -> None:
    await desk.pair()
    worker = desk.worker
    await desk.die()
    os.kill(worker, signal.SIGSTOP)
    await desk.open()
    await desk.is_in(SessionState.CONNECTED)
    assert desk.worker != worker


async def test_a_gateway_that_attaches_takes_over(desk: Desk) -> None:
    """Two never work on one line: the worker serves the newer, and the folder has no place for a second worker."""
    await desk.pair()
    worker = desk.worker
    former = replace(desk, storage=MemoryStorage())
    former.told = desk.told
    connection, desk.told = desk.connection, []
    await desk.open()
    await desk.is_in(SessionState.CONNECTED)
    superseded = await former.is_in(SessionState.STOPPED)
    assert superseded.reason is not None
    assert superseded.reason.code == "ownership_lost"
    await connection.close()
    assert desk.worker == worker
    await desk.send("mine")
    await desk.hears(SendAccepted)


async def test_nobody_without_the_token_gets_in(desk: Desk) -> None:
    await desk.pair()
    (desk.files / "token").rename(desk.files / "stolen")
    (desk.files / "token").write_text("0" * 64)
    reader, writer, _ = await desk.engine._host(desk.session).dial()
    writer.write(b"\x00\x00\x00\x02{}")
    assert await reader.read() == b""
    writer.close()
    wa_id = await desk.control.phone(OTHER).type(OWN, "still served")
    assert (await desk.hears(MessageArrived)).wa_id == wa_id


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


async def test_a_deep_data_folder_is_no_obstacle(emulator: Emulator, control: EmulatorClient, folder: Path) -> None:
    """A socket's path may have 108 bytes, a folder's many more."""
    deep = folder / ("deep" * 30)
    async with desk(emulator, control, deep) as made:
        await made.pair()
        await made.send("from far down")
        await made.hears(SendAccepted)


async def test_secrets_of_the_gateway_stay_out_of_its_environment(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WAGATE_MASTER_KEY", "SECRET")
    await desk.open()
    await until(lambda: desk.state is not None and desk.state.state is SessionState.AWAITING_SCAN)
    environment = await asyncio.to_thread(Path(f"/proc/{desk.worker}/environ").read_bytes)
    assert b"NEONIZE_BOT_TAG=off" in environment
    assert b"WAGATE_" not in environment


async def test_a_send_that_hangs_in_the_worker_is_uncertain_after_its_time(
    emulator: Emulator, control: EmulatorClient, folder: Path
) -> None:
    async with desk(emulator, control, folder, send_s=1.0) as made:
        await made.pair()
        await control.faults(no_ack=True)
        message = await made.send("perhaps")
        uncertain = await made.hears(SendUncertain)
        assert uncertain.message == message
        await control.faults(no_ack=False)
        await made.is_in(SessionState.CONNECTED)
