"""Ways to the service: TLS, proxies, certificates; and what we rely on in asyncio and aiohttp."""

import asyncio
import gc
import socket
import time
from asyncio import sslproto
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import uvloop

from engines.native.lines import OTHER, OWN, QUICK, LineUnderTest, engine_for, paired_line, until
from engines.native.socks import socks_proxy
from wagate.adapters.engines.native.transport import DialFailed, Endpoint, Wire, WireClosed, dial
from wagate.adapters.whatsapp_web.http import USER_AGENT, Pools, tls_context
from wagate.domain.session import SessionState, action_for
from wagate.ports.news import QrShown, StateChanged
from whatsapp_emulator.client import EmulatorClient
from whatsapp_emulator.emulator import Emulator
from whatsapp_emulator.whereabouts import Whereabouts
from whatsapp_wire.crypto.keys import KeyPair
from whatsapp_wire.encoding import encode
from whatsapp_wire.pairing.payload import ClientVersion, CompanionName, registration_payload
from whatsapp_wire.signal.prekeys import SignedPreKey
from whatsapp_wire.stanza import iq

WHATSAPP = "wss://web.whatsapp.com/ws/chat"


@asynccontextmanager
async def _line(where: Whereabouts, proxy: str | None = None, **options: Any) -> AsyncIterator[LineUnderTest]:
    line = LineUnderTest(engine_for(where, **{"tls": True, **options}), proxy=proxy)
    await line.open()
    try:
        yield line
    finally:
        await line.close()
        await line.engine.close()


async def _fails(where: Whereabouts, code: str, proxy: str | None = None, **options: Any) -> None:
    """The first dial fails with that code, and a human is told what to do."""
    async with _line(where, proxy, **options) as line:
        await until(lambda: len(line.states()) > 1)
        told = next(news for news in line.told if isinstance(news, StateChanged) and news.reason)
        assert told.reason is not None
        assert (told.state, told.reason.code) == (SessionState.DISCONNECTED, code), told.reason.detail
        assert action_for(told.reason)


async def test_through_an_http_proxy(emulator: Emulator, control: EmulatorClient) -> None:
    await control.account(OWN)
    where = emulator.whereabouts
    async with _line(where, f"http://127.0.0.1:{where.proxy_port}", url=WHATSAPP) as line:
        await line.pair(control.phone(OWN))
        assert emulator.proxy.tunnels


async def test_through_a_socks_proxy_that_looks_names_up(emulator: Emulator, control: EmulatorClient) -> None:
    await control.account(OWN)
    where = emulator.whereabouts
    async with socks_proxy(where.tls_port) as proxy, _line(where, proxy.url, url=WHATSAPP) as line:
        await line.pair(control.phone(OWN))
        assert proxy.asked == ["web.whatsapp.com"] * 2


async def test_a_proxy_that_refuses(emulator: Emulator) -> None:
    where = emulator.whereabouts
    url = "wss://elsewhere.example/ws/chat"
    await _fails(where, "proxy_failed", f"http://127.0.0.1:{where.proxy_port}", url=url)
    async with socks_proxy(where.tls_port, refuses=True) as proxy:
        await _fails(where, "proxy_failed", proxy.url)


@pytest.mark.parametrize("scheme", ["http", "socks5"])
async def test_a_proxy_that_is_not_there(emulator: Emulator, scheme: str) -> None:
    await _fails(emulator.whereabouts, "proxy_failed", f"{scheme}://127.0.0.1:{_free_port()}")


async def test_a_server_that_is_not_there(emulator: Emulator) -> None:
    await _fails(emulator.whereabouts, "connection_lost", url=f"wss://127.0.0.1:{_free_port()}/ws/chat")


async def test_a_server_of_another_root(emulator: Emulator) -> None:
    await _fails(emulator.whereabouts, "handshake_failed", root_key=KeyPair.generate().public)


async def test_a_certificate_of_an_unknown_authority(emulator: Emulator) -> None:
    await _fails(emulator.whereabouts, "tls_failed", ca_file=None)


async def test_a_certificate_for_another_name(emulator: Emulator) -> None:
    async with socks_proxy(emulator.whereabouts.tls_port) as proxy:
        await _fails(emulator.whereabouts, "tls_failed", proxy.url, url="wss://elsewhere.example/ws/chat")


async def test_a_server_that_speaks_no_websocket(emulator: Emulator) -> None:
    url = f"http://127.0.0.1:{emulator.whereabouts.control_port}/control/info"
    await _fails(emulator.whereabouts, "connection_lost", url=url, tls=False)


async def test_a_missing_authority_file_is_told_at_once() -> None:
    with pytest.raises(OSError, match="No such file"):
        tls_context(Path("/nonexistent/ca.pem"))


async def test_many_lines_at_once(emulator: Emulator) -> None:
    """More than aiohttp's pool allows by default: each line keeps its connection."""
    engine = engine_for(emulator.whereabouts)
    lines = [LineUnderTest(engine) for _ in range(110)]
    for line in lines:
        await line.open()
    await until(lambda: all(line.of(QrShown) for line in lines))
    for line in lines:
        await line.close()
    await engine.close()


async def test_idle_tls_lines_are_small(emulator: Emulator, control: EmulatorClient) -> None:
    """The read buffer of asyncio's TLS follows ``SSLProtocol.max_size``, and what is larger still passes."""
    tls_context(Path(emulator.whereabouts.ca_file))
    assert sslproto.SSLProtocol.max_size == 16_384
    async with paired_line(emulator.whereabouts, control, tls=True) as line:
        text = "x" * 60_000
        await line.send(OTHER, text)
        (shown,) = await control.phone(OTHER).inbox(wait_s=40)
        assert shown.text == text
        buffers = [each.get_buffer(-1) for each in gc.get_objects() if type(each) is sslproto.SSLProtocol]
        assert {len(buffer) for buffer in buffers} == {16_384}


async def test_hanging_up_needs_no_other_side(emulator: Emulator) -> None:
    """A duplicate of the connection's socket can be shut down, and the reader hears of it at once."""
    pools = Pools()
    wire = await _dial(emulator, pools)
    await wire.receive()
    wire.hang_up()
    async with asyncio.timeout(40):
        with pytest.raises(WireClosed):
            await _read_on(wire)
    await wire.close()
    await pools.close()


def test_another_event_loop_will_do() -> None:
    """The gateway runs on uvloop where it is installed; its sockets and TLS are not asyncio's."""

    async def talk_and_be_cut() -> None:
        async with Emulator() as network, EmulatorClient(network.whereabouts.control_url) as phones:
            await _talk_and_be_cut(network, phones)

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(talk_and_be_cut())


async def _talk_and_be_cut(network: Emulator, phones: EmulatorClient) -> None:
    async with paired_line(network.whereabouts, phones, QUICK, tls=True) as line:
        await phones.faults(deaf=True)
        await line.state(SessionState.DISCONNECTED, "keepalive_lost")
        await phones.faults(deaf=False)
        await line.state(SessionState.CONNECTED)
        await line.send(OTHER, "hello")
        assert [shown.text for shown in await phones.phone(OTHER).inbox(wait_s=40)] == ["hello"]


async def test_what_was_written_goes_out_before_hanging_up(emulator: Emulator) -> None:
    pools = Pools()
    wire = await _dial(emulator, pools)
    for number in range(3):
        wire.write(encode(iq.ping(f"{number}")))
    wire.hang_up()
    with pytest.raises(WireClosed):
        await _read_on(wire)
    await wire.close()
    await pools.close()
    await until(lambda: emulator.world.audit.counts["iqs"] == 3)


async def test_a_dial_that_fails_says_why(emulator: Emulator) -> None:
    pools = Pools()
    endpoint = Endpoint(f"ws://127.0.0.1:{_free_port()}/", bytes(32), None, USER_AGENT)
    with pytest.raises(DialFailed, match="connection_lost"):
        await dial(endpoint, pools, None, KeyPair.generate(), lambda: b"", 0)
    await pools.close()


async def _dial(emulator: Emulator, pools: Pools) -> Wire:
    where, identity = emulator.whereabouts, KeyPair.generate()
    endpoint = Endpoint(f"ws://127.0.0.1:{where.plain_port}/ws/chat", bytes.fromhex(where.root_key), None, USER_AGENT)
    payload = registration_payload(
        ClientVersion(2, 3000, 1), CompanionName("test"), 1, identity.public, SignedPreKey.generate(1, identity)
    )
    return await dial(endpoint, pools, None, KeyPair.generate(), lambda: payload, time.time())


async def _read_on(wire: Wire) -> None:
    while True:
        await wire.receive()


def _free_port() -> int:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port: int = unused.getsockname()[1]
        return port
