"""What becomes of messages and workers when one of the two processes dies."""

import asyncio
import os
import signal
from dataclasses import replace

import pytest

from contracts.examinee import Failing
from engines.neonize.desk import OTHER, OWN, QUICK, Desk
from fixtures.waiting import until
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


async def test_a_killed_worker_is_replaced_and_the_gap_is_told_once(desk: Desk) -> None:
    await desk.pair()
    first = desk.worker
    desk.told.clear()
    os.kill(first, signal.SIGKILL)
    lost = await desk.is_in(SessionState.DISCONNECTED)
    assert lost.reason is not None
    assert (lost.reason.code, "SIGKILL" in lost.reason.detail) == ("engine_died", True)
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


async def test_a_worker_that_nobody_wants_ends(desk: Desk) -> None:
    desk = replace(desk, limits=replace(QUICK, orphan_s=0.5))
    await desk.pair()
    await desk.die()
    await until(lambda: not desk.engine._host(desk.session).is_occupied())
    wa_id = await desk.control.phone(OTHER).type(OWN, "later")
    await desk.open()
    await until(lambda: arrived(desk) == [wa_id])
    assert desk.of_kind(GapSuspected) == []  # it hung up before it ended
    await desk.close()


async def test_what_cannot_be_committed_stays_in_the_spool(desk: Desk) -> None:
    await desk.pair()
    failing = Failing(desk.storage)
    sent = [await desk.control.phone(OTHER).type(OWN, f"{n}") for n in range(3)]
    await until(lambda: failing.failed > 1)
    state = await desk.is_in(SessionState.DISCONNECTED)
    assert state.reason is not None
    assert state.reason.code == "storage_unavailable"
    assert arrived(desk) == []
    failing.stop()
    await until(lambda: arrived(desk) == sent)
    await desk.is_in(SessionState.CONNECTED)


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


async def test_an_answer_that_comes_while_the_gateway_is_dead_is_not_lost(desk: Desk) -> None:
    await desk.pair()
    await desk.send("first")
    await desk.hears(SendAccepted)
    await desk.control.faults(latency_s=0.4)
    message = await desk.send("slow")
    await desk.die()
    await desk.shown("first", "slow")
    await desk.control.faults(latency_s=0)
    await desk.open()
    accepted = await desk.hears(SendAccepted, times=2)
    assert accepted.message == message
    assert desk.of_kind(SendUncertain) == []
    assert len(desk.of_kind(SendStarted)) == 2


async def test_asking_again_sends_nothing_before_and_after_the_answer(desk: Desk) -> None:
    await desk.pair()
    message = await desk.send("once")
    await desk.send("once", message=message)
    await desk.hears(SendAccepted)
    await desk.send("once", message=message)
    await desk.close()
    await desk.open()
    await desk.is_in(SessionState.CONNECTED)
    await desk.send("once", message=message)
    await desk.send("last")
    await desk.shown("once", "last")
    assert len(desk.of_kind(SendStarted)) == 2


async def test_nothing_is_sent_that_could_not_be_committed(desk: Desk) -> None:
    await desk.pair()
    failing = Failing(desk.storage)
    with pytest.raises(VaultFailed):
        await desk.send("not now")
    failing.stop()
    await desk.is_in(SessionState.CONNECTED)
    assert desk.of_kind(SendStarted) == []

    async def sent() -> bool:
        try:
            await desk.send("now")
        except Exception:
            return False
        return True

    async with asyncio.timeout(10):
        while not await sent():  # noqa: ASYNC110  the line says nothing when it can send again
            await asyncio.sleep(0.02)
    await desk.shown("now")
