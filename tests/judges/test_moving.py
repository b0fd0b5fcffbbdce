"""A linked device goes from one program to another and goes on: unmodified clients on one side, ours on the other."""

from __future__ import annotations

import asyncio
import time
from functools import partial
from pathlib import Path

import pytest

from fixtures.rooms import eventually, until
from judges.client import Client, Talker
from judges.gateway import GatewayClient
from judges.native import NativeClients
from judges.parked import ParkedEngine
from judges.peers import Judge, baileys, neonize, scratch
from wagate.adapters.engines.native import Habits, NativeEngine
from wagate.adapters.engines.neonize.store import export_device, holdable, write_device
from wagate.adapters.foreign.baileys import read_folder
from wagate.bootstrap import build
from wagate.domain.content import Text
from wagate.domain.session import LIVE
from wagate.features.messaging.requests import SendRequest
from wagate.ports.device import LinkedDevice
from wagate.ports.ratchets import MessageKey
from wagate.settings import Settings
from whatsapp_emulator.client import EmulatorClient
from whatsapp_emulator.emulator import Emulator
from whatsapp_emulator.world.audit import Violation

pytestmark = pytest.mark.judge

US, CONTACT = "4915100000021", "4915100000022"


async def _pair_and_talk(judge: Judge, emulator: Emulator, control: EmulatorClient) -> None:
    """Link the judge, and have it talk with a contact: both sides' ratchets turn, and one message waits at the end."""
    contact = await control.account(CONTACT, "Ana")
    await control.account(US, "Shop")
    phone = control.phone(CONTACT)
    async with judge.open(US) as peer:
        await control.phone(US).scan(await peer.qr_text())
        await peer.wait("open")
        for number in range(3):
            await peer.send(contact.pn, f"out {number}")
            await phone.type(US, f"in {number}")
            await peer.shows(f"in {number}")
        await _settled(emulator)


async def test_a_device_goes_from_neonize_to_native_and_back(emulator: Emulator, control: EmulatorClient) -> None:
    with scratch() as folder:
        judge, path = neonize(emulator.whereabouts, folder), folder / f"{US}.db"
        await _pair_and_talk(judge, emulator, control)
        async with judge.open(US) as peer:
            await peer.wait("open")
            await _overtake(peer, emulator, control, "late for neonize")
        await control.phone(CONTACT).type(US, "nobody is there")
        device = export_device(path)
        assert _skipped(device)
        async with NativeClients(emulator.whereabouts) as ours:
            await ours.take_over(US, device)
            async with ours.open(US) as us:
                await us.shows("late for neonize")
                await us.shows("nobody is there")
                await _talk(us, emulator, control, "native")
                await us.until(lambda: len(us.accepted) == 1)
                await _overtake(us, emulator, control, "late for native")
            await control.phone(CONTACT).type(US, "nobody again")
            device = await ours.hand_over(US)
            assert _skipped(device)
        write_device(path, device)
        assert export_device(path).sessions == holdable(device).sessions
        async with judge.open(US) as peer:
            await peer.shows("late for native")
            await peer.shows("nobody again")
            await _talk(peer, emulator, control, "neonize")
    assert emulator.world.audit.counts["receipt retry"] == 0


async def test_neonize_takes_over_a_device_that_was_always_ours(emulator: Emulator, control: EmulatorClient) -> None:
    async with NativeClients(emulator.whereabouts) as ours:
        await control.account(CONTACT, "Ana")
        await control.account(US, "Shop")
        async with ours.open(US) as us:
            await control.phone(US).scan(await us.qr_text())
            await us.until(lambda: us.is_connected)
            await _talk(us, emulator, control, "native")
            await us.until(lambda: len(us.accepted) == 1)
        device = await ours.hand_over(US)
    with scratch() as folder:
        write_device(folder / f"{US}.db", device)
        async with neonize(emulator.whereabouts, folder).open(US) as peer:
            await peer.wait("open")
            await _talk(peer, emulator, control, "neonize")
    assert emulator.world.audit.counts["receipt retry"] == 0


@pytest.mark.parametrize("successor", ["native", "neonize"])
async def test_a_device_of_baileys_goes_on(emulator: Emulator, control: EmulatorClient, successor: str) -> None:
    with scratch() as folder:
        await _pair_and_talk(baileys(emulator.whereabouts, folder), emulator, control)
        device = read_folder(folder / f"baileys-{US}")
        await control.phone(CONTACT).type(US, "nobody is there")
        if successor == "neonize":
            write_device(folder / f"{US}.db", device)
            async with neonize(emulator.whereabouts, folder).open(US) as peer:
                await peer.shows("nobody is there")
                await _talk(peer, emulator, control, "neonize")
        else:
            async with NativeClients(emulator.whereabouts) as ours:
                await ours.take_over(US, device)
                async with ours.open(US) as us:
                    await us.shows("nobody is there")
                    await _talk(us, emulator, control, "native")
                    await us.until(lambda: len(us.accepted) == 1)
    assert emulator.world.audit.counts["receipt retry"] == 0


async def test_a_session_of_the_gateway_goes_there_and_back_under_traffic(
    emulator: Emulator, control: EmulatorClient, tmp_path: Path
) -> None:
    """Texts come in and go out all the time: none is lost, none comes twice, and no key is used twice."""
    contact = await control.account(CONTACT, "Ana")
    await control.account(US, "Shop")
    phone, promised = control.phone(CONTACT), 0
    with scratch() as folder:
        parked = ParkedEngine(neonize(emulator.whereabouts, folder), folder, US)
        native = NativeEngine(
            url=emulator.whereabouts.plain_url,
            root_key=bytes.fromhex(emulator.whereabouts.root_key),
            habits=Habits(longest_pause_s=1.0),
        )
        settings = Settings(
            data=tmp_path / "gateway", engine="native", login_rate=0, pace_per_minute=0, pace_bulk_per_minute=0
        )
        async with await build(settings, engines=[native, parked]) as gateway:
            us = await gateway.access.operator()
            session = await gateway.sessions.create(us, name="judged")
            await gateway.sessions.start(us, session.id)
            client = GatewayClient(gateway, us, US)
            await control.phone(US).scan(await client.qr_text())

            async def shown() -> set[str]:
                texts = [text for _, text in await client.shown()]
                texts += [text for peer in parked.peers for _, text in await peer.shown()]
                assert len(texts) == len(set(texts)), "a text was shown twice"
                return set(texts)

            async def exchange(texts: int) -> None:
                nonlocal promised
                for _ in range(texts):
                    number, promised = promised, promised + 1
                    await phone.type(US, f"in {number}")
                    await gateway.messaging.send(us, session.id, SendRequest(contact.pn, Text(f"out {number}")))

            async def has_all() -> bool:
                return len(await shown()) == promised

            ours = time.time()
            for engine in ("neonize", "native") * 2:
                if engine == "neonize":
                    assert _faults_since(emulator, ours) == []
                async with asyncio.TaskGroup() as tasks:
                    if engine == "neonize":
                        # Only a client that acknowledges after it has stored may be stopped in mid-stream.
                        tasks.create_task(exchange(20))
                    moving = tasks.create_task(gateway.sessions.move(us, session.id, engine))
                assert moving.result().state in LIVE
                ours = time.time()
                await exchange(5)
                await eventually(has_all, 30.0)
                await eventually(partial(_all_sent, client), 30.0)
            assert _faults_since(emulator, ours) == []
        texts = [message.text for message in await phone.inbox(wait_s=10)]
        assert sorted(texts) == sorted(f"out {number}" for number in range(promised))
    for device in emulator.world.account(US).devices.values():
        # neonize's own: it sends and receives at once, and one of the two forgets what the other did to the ratchet.
        for kind in ("ratchet_reuse", "failed_decryption"):
            emulator.forgive(kind, device.label)


def _faults_since(emulator: Emulator, moment: float) -> list[Violation]:
    """What went wrong while the native engine had the device."""
    return [violation for violation in emulator.world.audit.violations if violation.at >= moment]


async def _all_sent(client: GatewayClient) -> bool:
    return not await client.unsettled()


async def _overtake(us: Client, emulator: Emulator, control: EmulatorClient, text: str) -> None:
    """A text gets lost on the way, the next one does not: the first will come when the device is connected again."""
    await _settled(emulator)
    phone = control.phone(CONTACT)
    await control.faults(drop_rate=1.0)
    await phone.type(US, text)
    await control.faults(drop_rate=0.0)
    await phone.type(US, f"before {text}")
    await us.shows(f"before {text}")
    await _settled(emulator, waiting=1)


async def _settled(emulator: Emulator, waiting: int = 0) -> None:
    """Wait until our device has acknowledged all but so many stanzas: a judge is killed, and must not be in between."""
    (device,) = emulator.world.account(US).devices.values()
    await until(lambda: len(device.queue) == waiting)


def _skipped(device: LinkedDevice) -> list[MessageKey]:
    """The keys of messages that were overtaken."""
    return [key for session in device.sessions for chain in session.current.receiving for key in chain.skipped]


async def _talk(us: Talker, emulator: Emulator, control: EmulatorClient, word: str) -> None:
    """A text each way."""
    phone = control.phone(CONTACT)
    await us.send(emulator.world.account(CONTACT).pn, f"{word} says")
    await phone.type(US, f"{word} hears")

    async def shown() -> bool:
        return f"{word} hears" in [text for _, text in await us.shown()]

    await eventually(shown)
    assert f"{word} says" in [message.text for message in await phone.inbox(wait_s=10)]
