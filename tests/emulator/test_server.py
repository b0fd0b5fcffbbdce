import asyncio
import ssl
import time

import aiohttp
import pytest

from emulator.companion import Companion, iq
from emulator.sockets import connect, log_in, pair
from whatsapp_emulator.client import EmulatorClient
from whatsapp_emulator.emulator import Emulator, Ports
from whatsapp_emulator.web.delay_line import DelayLine
from whatsapp_wire.certificate import WHATSAPP_ROOT
from whatsapp_wire.errors import HandshakeFailed
from whatsapp_wire.node import Node
from whatsapp_wire.noise import PROLOGUE

ANN, BOB = "4917001", "4917002"


async def linked(emulator: Emulator, control: EmulatorClient, phone: str = ANN) -> Companion:
    return await pair(emulator.whereabouts.plain_url, emulator.whereabouts.root_key, control, phone)


def trusting(emulator: Emulator) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=emulator.whereabouts.ca_file)


async def test_a_client_pairs_logs_in_and_talks(emulator: Emulator, control: EmulatorClient) -> None:
    companion = await linked(emulator, control)
    bob = await control.account(BOB, "Bob")
    async with connect(emulator.whereabouts.plain_url, emulator.whereabouts.root_key, companion) as line:
        await log_in(line)
        id = await control.phone(BOB).type(ANN, "hello")
        message = await line.wait("message", id=id)
        assert companion.open(message).conversation == "hello"
        await line.say(companion.receipt(message))
        receipts = await control.phone(BOB).receipts(1, wait_s=5)
        assert [(receipt.type, receipt.ids) for receipt in receipts] == [("delivered", (id,))]
        assert message.get("from") == bob.lid


async def test_tls_needs_the_emulators_authority(emulator: Emulator, control: EmulatorClient) -> None:
    companion = await linked(emulator, control)
    where = emulator.whereabouts
    async with connect(where.tls_url, where.root_key, companion, ssl=trusting(emulator)) as line:
        await line.wait("success")
    with pytest.raises(aiohttp.ClientConnectorCertificateError):
        async with connect(where.tls_url, where.root_key, companion):
            pass


async def test_whatsapps_root_key_does_not_vouch_for_the_emulator(emulator: Emulator) -> None:
    with pytest.raises(HandshakeFailed):
        async with connect(emulator.whereabouts.plain_url, WHATSAPP_ROOT.hex(), Companion()):
            pass


async def test_the_proxy_leads_to_whatsapp_and_nowhere_else(emulator: Emulator, control: EmulatorClient) -> None:
    companion = await linked(emulator, control)
    where, proxy = emulator.whereabouts, f"http://127.0.0.1:{emulator.whereabouts.proxy_port}"
    url = "wss://web.whatsapp.com/ws/chat"
    async with connect(url, where.root_key, companion, ssl=trusting(emulator), proxy=proxy) as line:
        await line.wait("success")
    for outside in ("https://example.org/", "https://whatsapp.com.example.org/"):
        async with aiohttp.ClientSession() as session:
            with pytest.raises(aiohttp.ClientHttpProxyError) as refused:
                await session.get(outside, proxy=proxy)
            assert refused.value.status == 403
    assert (await control.stats())["refused_hosts"] == {"example.org": 1, "whatsapp.com.example.org": 1}


async def test_the_proxy_passes_a_reset_on(emulator: Emulator, control: EmulatorClient) -> None:
    companion = await linked(emulator, control)
    where, proxy = emulator.whereabouts, f"http://127.0.0.1:{emulator.whereabouts.proxy_port}"
    url = "wss://web.whatsapp.com/ws/chat"
    async with connect(url, where.root_key, companion, ssl=trusting(emulator), proxy=proxy) as line:
        await line.wait("success")
        assert await control.operator(ANN).kick("rst") == 1
        await line.closed()
    assert not emulator.proxy.tunnels


@pytest.mark.parametrize("kind", ["drop", "rst", "503"])
async def test_cut_connections_come_back(emulator: Emulator, control: EmulatorClient, kind: str) -> None:
    companion = await linked(emulator, control)
    where = emulator.whereabouts
    async with connect(where.plain_url, where.root_key, companion) as line:
        await log_in(line)
        await control.operator(ANN).kick(kind)
        if kind == "503":
            await line.wait("stream:error", code="503")
        else:
            await line.closed()
    async with connect(where.plain_url, where.root_key, companion) as line:
        await line.wait("success")


async def test_routing_hints_and_split_frames_are_understood(emulator: Emulator) -> None:
    async with aiohttp.ClientSession() as session, session.ws_connect(emulator.whereabouts.plain_url) as socket:
        for piece in (b"ED\x00\x01\x00\x00\x02", b"hi" + PROLOGUE[:2], PROLOGUE[2:], b"\x00\x00"):
            await socket.send_bytes(piece)
        await socket.send_bytes(b"\x24\x12\x22\x0a\x20" + bytes(range(1, 33)))
        answer = await socket.receive_bytes()
        assert int.from_bytes(answer[:3], "big") == len(answer) - 3


async def test_rubbish_ends_the_connection_and_nothing_else(emulator: Emulator, control: EmulatorClient) -> None:
    async with aiohttp.ClientSession() as session, session.ws_connect(emulator.whereabouts.plain_url) as socket:
        await socket.send_bytes(PROLOGUE + b"\x00\x00\x03abc")
        assert (await socket.receive()).type in (aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSED)
    assert (await control.stats())["counts"]["handshakes failed"] == 1
    async with aiohttp.ClientSession() as session:
        where = emulator.whereabouts.plain_url.replace("ws://", "http://").replace("/ws/chat", "/other")
        assert (await session.get(where)).status == 404


async def test_a_forged_frame_after_login_is_a_violation(emulator: Emulator, control: EmulatorClient) -> None:
    companion = await linked(emulator, control)
    async with connect(emulator.whereabouts.plain_url, emulator.whereabouts.root_key, companion) as line:
        await line.wait("success")
        await line.say_raw(b"\x00\x00\x14" + bytes(20))
        await line.closed()
    assert [found.kind for found in await control.violations()] == ["malformed"]
    emulator.forgive("malformed", ANN)


async def test_latency_is_a_pipe(emulator: Emulator, control: EmulatorClient) -> None:
    companion = await linked(emulator, control)
    async with connect(emulator.whereabouts.plain_url, emulator.whereabouts.root_key, companion) as line:
        await line.wait("success")
        await control.faults(latency_s=0.2)
        start = time.monotonic()
        queries = [iq("w:p", "get") for _ in range(20)]
        for query in queries:
            await line.say(query)
        for query in queries:
            await line.wait("iq", id=query.get("id"))
        assert 0.2 <= time.monotonic() - start < 1.0


async def test_what_is_in_the_pipe_is_lost_with_the_connection(emulator: Emulator, control: EmulatorClient) -> None:
    companion = await linked(emulator, control)
    bob = emulator.world.account(BOB)
    async with connect(emulator.whereabouts.plain_url, emulator.whereabouts.root_key, companion) as line:
        await log_in(line)
        await control.faults(latency_s=0.2)
        await line.say(Node("presence", {"type": "subscribe", "to": bob.lid}))
        await asyncio.sleep(0.05)
        await control.operator(ANN).kick("rst")
        await line.closed()
    await asyncio.sleep(0.3)
    assert not bob.subscribers


async def test_a_delay_line_keeps_the_order_when_the_delay_shrinks() -> None:
    passed: list[int] = []
    line = DelayLine(passed.append)
    line.put(1, 0.1)
    line.put(2, 0)
    assert passed == []
    await asyncio.sleep(0.15)
    line.put(3, 0)
    assert passed == [1, 2, 3]
    line.put(4, 0.05)
    line.clear()
    await asyncio.sleep(0.1)
    assert passed == [1, 2, 3]


async def test_several_doors_and_chosen_ports() -> None:
    async with Emulator(Ports(plain=(0, 0, 0))) as emulator:
        ports = emulator.whereabouts.plain_ports
        assert len(set(ports)) == 3
        for port in ports:
            async with connect(f"ws://127.0.0.1:{port}/ws/chat", emulator.whereabouts.root_key, Companion()) as line:
                await line.wait("iq")
        with pytest.raises(OSError, match="in use"):
            async with Emulator(Ports(plain=(ports[0],))):
                pass


async def test_many_clients_at_once(emulator: Emulator) -> None:
    where = emulator.whereabouts

    async def one() -> None:
        async with connect(where.tls_url, where.root_key, Companion(), ssl=trusting(emulator)) as line:
            await line.wait("iq")

    async with asyncio.TaskGroup() as tasks:
        for _ in range(50):
            tasks.create_task(one())
    assert emulator.world.audit.counts["connections"] == 50


async def test_a_stanza_the_emulator_cannot_write_is_its_own_violation(
    emulator: Emulator, control: EmulatorClient
) -> None:
    companion = await linked(emulator, control)
    async with connect(emulator.whereabouts.plain_url, emulator.whereabouts.root_key, companion) as line:
        await log_in(line)
        with emulator.turn() as world:
            world.operator(ANN).mark_dirty("x" * (1 << 24))
        await line.ask(iq("w:p", "get"))
    assert [(found.kind, found.who) for found in await control.violations()] == [("exception", f"{ANN}:1")]
    emulator.forgive("exception")
