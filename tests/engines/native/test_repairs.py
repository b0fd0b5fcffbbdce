"""Messages that could not be read, copies, lost acks, failed commits: repaired from the store, also after a restart."""

import asyncio
from dataclasses import replace

import pytest

from engines.native.lines import CALM, OTHER, OWN, QUICK, paired_line, until
from wagate.domain.session import SessionState
from wagate.ports.engine import NotSent
from wagate.ports.news import MessageArrived, MessageUndecryptable, SendAccepted, SendStarted
from wagate.ports.vault import VaultFailed
from whatsapp_emulator.client import EmulatorClient
from whatsapp_emulator.emulator import Emulator


async def test_an_unreadable_message_is_asked_for_again(emulator: Emulator, control: EmulatorClient) -> None:
    emulator.forgive("failed_decryption")
    async with paired_line(emulator.whereabouts, control) as line:
        await control.phone(OTHER).type(OWN, "readable")
        wa_id = (await control.phone(OTHER).do("corrupt", to=OWN, text="unreadable at first"))["id"]
        await until(lambda: any(news.wa_id == wa_id for news in line.of(MessageArrived)))
        (failure,) = line.of(MessageUndecryptable)
        assert (failure.wa_id, failure.attempt) == (wa_id, 1)
        assert "BadMac" in failure.detail
        assert not [key for key in line.storage.records[line.session] if key[0] == "retry"]


async def test_a_message_asked_for_is_sent_again_after_a_restart(emulator: Emulator, control: EmulatorClient) -> None:
    async with paired_line(emulator.whereabouts, control) as line:
        wa_id = await line.send(OTHER, "say again?")
        await control.phone(OTHER).inbox(wait_s=40)
        await line.restart()
        await line.state(SessionState.CONNECTED)
        for count in (1, 2):
            await control.phone(OTHER).do("ask-retry", id=wa_id, count=count)
            await _shown(control, OTHER, wa_id, times=count + 1)


async def test_a_message_is_not_sent_again_for_ever(emulator: Emulator, control: EmulatorClient) -> None:
    async with paired_line(emulator.whereabouts, control) as line:
        wa_id = await line.send(OTHER, "stop asking")
        await control.phone(OTHER).inbox(wait_s=40)
        for count in range(1, 11):
            await control.phone(OTHER).do("ask-retry", id=wa_id, count=count)
            await _shown(control, OTHER, wa_id, times=count + 1)
        await control.phone(OTHER).do("ask-retry", id=wa_id, count=11)
        await line.send(OTHER, "the end")
        shown = await _shown(control, OTHER, wa_id, times=11)
        assert shown == 11


async def test_a_phone_that_lost_its_keys_gets_everything(emulator: Emulator, control: EmulatorClient) -> None:
    async with paired_line(emulator.whereabouts, control) as line:
        await line.send(OTHER, "before")
        await control.phone(OTHER).inbox(wait_s=40)
        await control.phone(OTHER).do("forget-keys")
        wa_ids = [await line.send(OTHER, f"after {n}") for n in range(5)]
        for wa_id in wa_ids:
            await _shown(control, OTHER, wa_id)
        back = await control.phone(OTHER).type(OWN, "I am back")
        await until(lambda: any(news.wa_id == back for news in line.of(MessageArrived)))


async def test_a_reinstalled_phone_is_met_anew(emulator: Emulator, control: EmulatorClient) -> None:
    async with paired_line(emulator.whereabouts, control) as line:
        await line.send(OTHER, "old phone")
        await control.phone(OTHER).inbox(wait_s=40)
        await control.phone(OTHER).do("reinstall")
        hello = await control.phone(OTHER).type(OWN, "new phone")
        await until(lambda: any(news.wa_id == hello for news in line.of(MessageArrived)))
        wa_id = await line.send(OTHER, "welcome")
        await _shown(control, OTHER, wa_id)


async def test_copies_are_shown_once(emulator: Emulator, control: EmulatorClient) -> None:
    async with paired_line(emulator.whereabouts, control) as line:
        await control.faults(duplicate_rate=1.0, reorder=0.3, seed=7)
        ids = await control.phone(OTHER).type_many(OWN, "twice ", 20)
        await until(lambda: len(line.of(MessageArrived)) >= 20)
        await control.faults(duplicate_rate=0.0, reorder=0.0)
        last = await control.phone(OTHER).type(OWN, "once")
        await until(lambda: any(news.wa_id == last for news in line.of(MessageArrived)))
        assert sorted(news.wa_id for news in line.of(MessageArrived)) == sorted([*ids, last])
        assert line.of(MessageUndecryptable) == []


@pytest.mark.parametrize("fault", ["no_ack", "lose_messages"])
async def test_a_lost_ack_is_made_up_for_by_the_same_stanza(
    emulator: Emulator, control: EmulatorClient, fault: str
) -> None:
    async with paired_line(emulator.whereabouts, control) as line:
        await control.faults(**{fault: True})
        wa_ids = [await line.send(OTHER, f"unheard {n}") for n in range(3)]
        assert [news.wa_id for news in line.of(SendStarted)] == wa_ids
        await line.restart()
        await control.faults(**{fault: False})
        await control.operator(OWN).kick("drop")
        await until(lambda: len(line.of(SendAccepted)) == 3)
        assert [news.wa_id for news in line.of(SendAccepted)] == wa_ids
        shown = await control.phone(OTHER).inbox(wait_s=40)
        assert [message.id for message in shown] == wa_ids


async def test_an_overdue_ack_is_chased(emulator: Emulator, control: EmulatorClient) -> None:
    async with paired_line(emulator.whereabouts, control, replace(QUICK, ack_timeout_s=0.3)) as line:
        await control.faults(lose_messages=True)
        wa_id = await line.send(OTHER, "where is my ack")
        line.told.clear()
        await line.state(SessionState.DISCONNECTED, "keepalive_lost")
        await control.faults(lose_messages=False)
        await until(lambda: [news.wa_id for news in line.of(SendAccepted)] == [wa_id])


async def test_the_same_message_handed_over_twice_goes_out_once(emulator: Emulator, control: EmulatorClient) -> None:
    async with paired_line(emulator.whereabouts, control) as line:
        wa_id = await line.send(OTHER, "once")
        await line.send(OTHER, "once", wa_id=wa_id)
        await until(lambda: bool(line.of(SendAccepted)))
        await line.restart()
        await line.state(SessionState.CONNECTED)
        await line.send(OTHER, "once", wa_id=wa_id)
        await line.send(OTHER, "the end")
        await _shown(control, OTHER, wa_id)
        assert len(line.of(SendStarted)) == 2


async def test_failed_commits_lose_nothing(emulator: Emulator, control: EmulatorClient) -> None:
    """Every seventh commit fails; whoever hands messages over tries the same ones again, as the outbox does."""
    async with paired_line(emulator.whereabouts, control, CALM) as line:
        commits = 0

        def sometimes() -> None:
            nonlocal commits
            commits += 1
            if commits % 7 == 0:
                raise OSError("disk full")

        line.storage.before_commit = sometimes
        typed = await control.phone(OTHER).type_many(OWN, "in ", 20, interval_ms=5)
        sent = []
        for n in range(12):
            outgoing = line.outgoing(OTHER, f"out {n}")
            sent.append(outgoing.wa_id)
            while True:
                await until(
                    lambda: line.states()[-1][0] in (SessionState.CONNECTED, SessionState.DEGRADED), timeout_s=30
                )
                try:
                    await line.live.send(outgoing)
                    break
                except (VaultFailed, NotSent):
                    await asyncio.sleep(0)
        line.storage.before_commit = None
        await until(lambda: len(set(news.wa_id for news in line.of(MessageArrived))) == 20, timeout_s=30)
        await until(lambda: len(line.of(SendAccepted)) == 12, timeout_s=30)
        assert [news.wa_id for news in line.of(MessageArrived)] == typed
        assert [shown.id for shown in await control.phone(OTHER).inbox(wait_s=40)] == sent


async def _shown(control: EmulatorClient, phone: str, wa_id: str, times: int = 1) -> int:
    """Wait until a phone has shown a message so many times; returns how often it has."""
    since = shown = 0
    for _ in range(100):
        news = await control.phone(phone).inbox(since, wait_s=40)
        since += len(news)
        shown += sum(message.id == wa_id for message in news)
        if shown >= times:
            return shown
    raise AssertionError(f"{wa_id} was shown {shown} times, not {times}")
