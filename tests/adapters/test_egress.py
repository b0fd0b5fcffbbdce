"""The one way out: where it goes, where it does not, and how little it is impressed by servers."""

from __future__ import annotations

import ast
import asyncio
import gzip
import ssl
import time
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from aiohttp import web
from structlog.testing import capture_logs

from house import tree
from wagate.adapters.addresses import may_be_reached, read_networks
from wagate.adapters.egress import REFUSED, EgressPolicy, HttpEgress
from wagate.domain.errors import FetchFailed, MediaTooLarge
from whatsapp_emulator.web.tls import make_tls

LOOPBACK = read_networks(["127.0.0.1"])

PUBLIC = ["1.1.1.1", "93.184.216.34", "8.8.8.8", "192.0.1.1", "172.32.0.1", "2606:4700::1111", "2a00:1450:4001::1"]
INSIDE = [
    "0.0.0.0",
    "0.1.2.3",
    "10.0.0.1",
    "10.255.255.255",
    "100.64.0.1",
    "100.100.100.200",
    "127.0.0.1",
    "127.255.255.254",
    "168.63.129.16",
    "169.254.0.1",
    "169.254.169.254",
    "169.254.170.2",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.192",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.0.1",
    "192.168.255.255",
    "198.18.0.1",
    "198.19.255.255",
    "198.51.100.7",
    "203.0.113.9",
    "224.0.0.1",
    "239.255.255.255",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::127.0.0.1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "::ffff:169.254.169.254",
    "::ffff:7f00:1",
    "64:ff9b::7f00:1",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::a00:1",
    "100::1",
    "2001::1",
    "2001:db8::1",
    "2002:7f00:1::",
    "2002:a9fe:a9fe::1",
    "3fff::1",
    "5f00::1",
    "fc00::1",
    "fd00:ec2::254",
    "fd12:3456::1",
    "fe80::1",
    "fe80::1%eth0",
    "fe80::1%25lo",
    "fec0::1",
    "ff02::1",
    "ff05::2",
    "localhost",
    "2130706433",
    "",
]


@pytest.mark.parametrize("address", PUBLIC)
def test_what_is_public_may_be_reached(address: str) -> None:
    assert may_be_reached(address)


@pytest.mark.parametrize("address", INSIDE)
def test_what_is_inside_may_not(address: str) -> None:
    assert not may_be_reached(address)


def test_an_allowed_network_may_be_reached_and_nothing_beside_it() -> None:
    allowed = read_networks(["10.1.0.0/16", "fd12::/16"])
    assert may_be_reached("10.1.2.3", allowed)
    assert may_be_reached("::ffff:10.1.2.3", allowed)
    assert may_be_reached("fd12::9", allowed)
    assert not may_be_reached("10.2.0.1", allowed)
    assert not may_be_reached("fd13::1", allowed)


class Names:
    """A name service that says what the test wants: each time the next answer, and in the end always the last."""

    def __init__(self, **answers: list[list[str]]) -> None:
        self._answers = {name.replace("_", "."): list(addresses) for name, addresses in answers.items()}
        self.asked: list[str] = []

    async def resolve(self, host: str) -> list[str]:
        self.asked.append(host)
        answers = self._answers.get(host)
        if answers is None:
            raise OSError("no such name")
        return answers.pop(0) if len(answers) > 1 else answers[0]


Then = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]


@asynccontextmanager
async def serving(handler: Handler, context: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    """A web server on loopback; its port."""
    runner = web.ServerRunner(web.Server(handler), shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context)
    await site.start()
    try:
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


@asynccontextmanager
async def raw_server(answer: bytes, then: Then) -> AsyncIterator[int]:
    """A server that says these bytes to whoever asks, then does something."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(answer)
            await writer.drain()
            await then(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


async def _hang_up(_reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    return


def egress(policy: EgressPolicy | None = None, names: Names | None = None) -> HttpEgress:
    return HttpEgress(policy or EgressPolicy(allowed=LOOPBACK, total_s=10.0), names)


async def fetch(client: HttpEgress, url: str) -> bytes:
    async with client.get(url) as fetched:
        return b"".join([chunk async for chunk in fetched.chunks])


async def refused(client: HttpEgress, url: str) -> None:
    with pytest.raises(FetchFailed) as failed:
        await fetch(client, url)
    assert failed.value.detail == REFUSED, "every refusal reads alike"
    assert (failed.value.code, failed.value.pointer) == ("fetch_failed", "/url")


async def _hello(request: web.BaseRequest) -> web.StreamResponse:
    return web.Response(text=f"hello {request.host}", headers={"Content-Disposition": 'attachment; filename="a b.txt"'})


async def test_a_file_is_fetched_with_its_name() -> None:
    async with serving(_hello) as port, egress().get(f"http://127.0.0.1:{port}/x/pic.jpg?y=1") as fetched:
        assert b"".join([chunk async for chunk in fetched.chunks]) == f"hello 127.0.0.1:{port}".encode()
        assert (fetched.filename, fetched.mime) == ("a b.txt", "text/plain")


FORBIDDEN_URLS = [
    "ftp://example.com/x",
    "file:///etc/passwd",
    "gopher://127.0.0.1/",
    "data:text/plain,x",
    "javascript:1",
    "//127.0.0.1/",
    "127.0.0.1",
    "",
    "http://",
    "http:///x",
    "http://user@127.0.0.1/",
    "http://user:password@127.0.0.1/",
    "http://127.0.0.1:0/",
    "http://127.0.0.1:99999/",
    "http://127.0.0.1:x/",
    "http://[::1",
    "http://[fe80::1%25lo]/",
    "http://[fe80::1%lo]/",
    "http://127.0.0.1/\r\nX-Evil: 1",
    "http://127.0.0.1/ x",
    "http://exa mple/",
    "http://" + "a" * 9000,
    "http://xn--/",
    "http://a..b/",
    "http://\u0000/",
]


@pytest.mark.parametrize("url", FORBIDDEN_URLS)
async def test_what_is_no_url_of_ours_is_refused(url: str) -> None:
    await refused(egress(names=Names()), url)


SPELLINGS = [
    "127.0.0.1",
    "127.1",
    "127.0.1",
    "2130706433",
    "0x7f000001",
    "0x7f.0.0.1",
    "0177.0.0.1",
    "017700000001",
    "0",
    "0x0",
    "0.0.0.0",
    "localhost",
    "LOCALHOST",
    "localhost.",
    "①②⑦.⓪.⓪.①",
    "127。0。0。1",
    "[::1]",
    "[::]",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "[0:0:0:0:0:ffff:127.0.0.1]",
    "[64:ff9b::7f00:1]",
    "169.254.169.254",
    "[::ffff:a9fe:a9fe]",
    "[fd00:ec2::254]",
    "2852039166",
    "10.0.0.1",
]


@pytest.mark.parametrize("host", SPELLINGS)
async def test_no_spelling_of_an_inside_address_gets_through(host: str) -> None:
    hits: list[str] = []

    async def note(request: web.BaseRequest) -> web.StreamResponse:
        hits.append(request.host)
        return web.Response(text="inside")

    async with serving(note) as port:
        client = HttpEgress(EgressPolicy(ports=frozenset({port}), connect_s=1.0, total_s=5.0))
        with capture_logs() as logs:
            await refused(client, f"http://{host}:{port}/")
        await refused(client, f"http://{host}:{port}/latest/meta-data/")
    assert hits == []
    assert logs[0]["event"] == "fetch_failed"


async def test_one_bad_address_among_good_ones_is_enough() -> None:
    names = Names(mixed_example=[["93.184.216.34", "10.0.0.1"]], good_example=[["127.0.0.1"]])
    async with serving(_hello) as port:
        client = egress(EgressPolicy(ports=frozenset({80, port}), allowed=LOOPBACK), names)
        await refused(client, "http://mixed.example/")
        assert await fetch(client, f"http://good.example:{port}/") == f"hello good.example:{port}".encode()


async def test_a_name_that_changes_its_mind_changes_nothing() -> None:
    """Rebinding: the first answer is allowed, every later one leads elsewhere. Only the first one counts."""
    hits: list[str] = []

    async def note(request: web.BaseRequest) -> web.StreamResponse:
        hits.append(str(request.remote))
        return web.Response(text="the right one")

    async with serving(note) as port:
        names = Names(rebind_example=[["127.0.0.1"], ["169.254.169.254"]])
        client = egress(names=names)
        assert await fetch(client, f"http://rebind.example:{port}/") == b"the right one"
        assert names.asked == ["rebind.example"], "it is resolved once"
        await refused(client, f"http://rebind.example:{port}/")
    assert len(hits) == 1


async def test_a_port_that_is_not_on_the_list_is_refused() -> None:
    names = Names(public_example=[["93.184.216.34"]])
    for port in (22, 25, 5432, 6379, 9000):
        await refused(egress(names=names), f"http://public.example:{port}/")


@pytest.mark.parametrize(
    "target",
    [
        "http://169.254.169.254/latest/meta-data/",
        "http://10.0.0.1/",
        "http://[::1]:{port}/",
        "http://inside.example/",
        "file:///etc/passwd",
        "ftp://127.0.0.1/",
        "//10.0.0.1/",
        "http://user:x@127.0.0.1:{port}/",
        "",
        "http://127.0.0.1:{port}/loop",
    ],
)
async def test_a_redirect_is_judged_like_any_url(target: str) -> None:
    async def away(request: web.BaseRequest) -> web.StreamResponse:
        where = target.replace("{port}", str(request.url.port))
        return web.Response(status=302, headers={"Location": where})

    async with serving(away) as port:
        await refused(egress(names=Names(inside_example=[["192.168.1.1"]])), f"http://127.0.0.1:{port}/")


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_followed_three_times(status: int) -> None:
    async def on(request: web.BaseRequest) -> web.StreamResponse:
        left = int(request.path.strip("/"))
        onward = web.Response(status=status, headers={"Location": f"/{left - 1}"})
        return web.Response(text="there") if left == 0 else onward

    async with serving(on) as port:
        assert await fetch(egress(), f"http://127.0.0.1:{port}/3") == b"there"
        await refused(egress(), f"http://127.0.0.1:{port}/4")


@pytest.mark.parametrize("status", [201, 204, 206, 304, 400, 401, 404, 418, 500, 503])
async def test_what_is_not_the_file_is_refused(status: int) -> None:
    async def answer(_request: web.BaseRequest) -> web.StreamResponse:
        return web.Response(status=status)

    async with serving(answer) as port:
        await refused(egress(), f"http://127.0.0.1:{port}/")


async def test_nothing_of_ours_goes_along() -> None:
    seen: list[dict[str, str]] = []

    async def note(request: web.BaseRequest) -> web.StreamResponse:
        seen.append(dict(request.headers))
        response = web.Response(text="x")
        response.set_cookie("session", "1")
        return response

    client = egress()
    async with serving(note) as port:
        for _ in range(2):
            await fetch(client, f"http://127.0.0.1:{port}/")
    assert seen[0] == seen[1], "no cookie comes back"
    assert set(seen[0]) == {"Host", "User-Agent", "Accept", "Accept-Encoding", "Connection"}
    assert seen[0]["Accept-Encoding"] == "identity"


async def test_a_proxy_in_the_environment_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    async with serving(_hello) as port:
        assert await fetch(egress(), f"http://127.0.0.1:{port}/")


# ---- servers that lie, drip and burst


async def test_a_body_that_is_declared_too_long_is_refused_at_once() -> None:
    client = egress(EgressPolicy(allowed=LOOPBACK, max_bytes=1000))
    async with raw_server(b"HTTP/1.1 200 OK\r\nContent-Length: 1001\r\n\r\n", _hang_up) as port:
        with pytest.raises(MediaTooLarge):
            await fetch(client, f"http://127.0.0.1:{port}/")


async def test_a_body_that_does_not_end_is_cut() -> None:
    sent = 0

    async def pour(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        while True:
            writer.write(b"10000\r\n" + bytes(65536) + b"\r\n")
            await writer.drain()
            sent += 65536

    client = egress(EgressPolicy(allowed=LOOPBACK, max_bytes=1_000_000))
    async with raw_server(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", pour) as port:
        with pytest.raises(MediaTooLarge):
            await fetch(client, f"http://127.0.0.1:{port}/")
    assert sent < 20_000_000


async def test_a_body_that_is_shorter_than_declared_is_refused() -> None:
    async with raw_server(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this", _hang_up) as port:
        await refused(egress(), f"http://127.0.0.1:{port}/")


async def test_a_server_that_falls_silent_is_left() -> None:
    async def hold(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        await reader.read()

    policy = EgressPolicy(allowed=LOOPBACK, silence_s=0.1, total_s=30.0)
    for answer in (b"", b"HTTP/1.1 200", b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nx"):
        async with raw_server(answer, hold) as port, asyncio.timeout(5):
            await refused(egress(policy), f"http://127.0.0.1:{port}/")


async def test_a_server_that_drips_is_left_when_the_time_is_over() -> None:
    async def drip(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            writer.write(b"x")
            await writer.drain()
            await asyncio.sleep(0.01)

    policy = EgressPolicy(allowed=LOOPBACK, silence_s=5.0, total_s=0.4)
    async with raw_server(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n", drip) as port, asyncio.timeout(5):
        await refused(egress(policy), f"http://127.0.0.1:{port}/")
    async with raw_server(b"HTTP/1.1 200 OK\r\nX: ", drip) as port, asyncio.timeout(5):
        await refused(egress(policy), f"http://127.0.0.1:{port}/")


async def test_a_flood_of_headers_is_refused() -> None:
    flood = b"HTTP/1.1 200 OK\r\n" + b"".join(b"X-%d: %s\r\n" % (n, b"y" * 1000) for n in range(50_000))
    async with raw_server(flood + b"\r\n", _hang_up) as port:
        await refused(egress(), f"http://127.0.0.1:{port}/")
    async with raw_server(b"HTTP/1.1 200 OK\r\nX: " + b"y" * 100_000 + b"\r\n\r\n", _hang_up) as port:
        await refused(egress(), f"http://127.0.0.1:{port}/")


@pytest.mark.parametrize("answer", [b"nonsense\r\n\r\n", b"HTTP/9.9 200 OK\r\n\r\n", b"\x16\x03\x01\x02\x00\x01"])
async def test_what_is_not_http_is_refused(answer: bytes) -> None:
    async with raw_server(answer, _hang_up) as port:
        await refused(egress(), f"http://127.0.0.1:{port}/")


async def _packed(content: bytes, encoding: str, policy: EgressPolicy) -> bytes:
    async def answer(_request: web.BaseRequest) -> web.StreamResponse:
        return web.Response(body=content, headers={"Content-Encoding": encoding})

    async with serving(answer) as port:
        return await fetch(egress(policy), f"http://127.0.0.1:{port}/")


async def test_a_packed_body_is_unpacked_up_to_the_limit() -> None:
    policy = EgressPolicy(allowed=LOOPBACK, max_bytes=1_000_000)
    content = b"hello " * 10_000
    assert await _packed(gzip.compress(content), "gzip", policy) == content
    assert await _packed(zlib.compress(content), "deflate", policy) == content
    bomb = gzip.compress(bytes(200_000_000), 9)
    assert len(bomb) < 250_000
    with pytest.raises(MediaTooLarge):
        await _packed(bomb, "gzip", policy)
    for damaged in (b"no gzip", gzip.compress(content) + b"more"):
        with pytest.raises(FetchFailed):
            await _packed(damaged, "gzip", policy)
    with pytest.raises(FetchFailed):
        await _packed(content, "br", policy)


async def test_many_wait_for_their_turn_and_not_for_ever() -> None:
    reached, release = 0, asyncio.Event()

    async def hold(_request: web.BaseRequest) -> web.StreamResponse:
        nonlocal reached
        reached += 1
        await release.wait()
        return web.Response(text="x")

    client = egress(EgressPolicy(allowed=LOOPBACK, at_once=2, total_s=1.0))
    async with serving(hold) as port:
        waiting = [asyncio.get_running_loop().create_task(fetch(client, f"http://127.0.0.1:{port}/")) for _ in range(5)]
        ended = await asyncio.gather(*waiting, return_exceptions=True)
        release.set()
    assert all(isinstance(one, FetchFailed) for one in ended)
    assert reached == 2


async def test_a_certificate_must_hold_for_the_name_and_not_for_the_address(tmp_path: Path) -> None:
    made = make_tls(tmp_path, time.time())
    trust = ssl.create_default_context(cafile=str(made.ca_file))
    names = Names(media_whatsapp_net=[["127.0.0.1"]], other_example=[["127.0.0.1"]])
    policy = EgressPolicy(allowed=LOOPBACK, total_s=5.0)
    async with serving(_hello, made.context) as port:
        good, other = f"https://media.whatsapp.net:{port}/", f"https://other.example:{port}/"
        assert (await fetch(HttpEgress(policy, names, trust), good)).startswith(b"hello media.whatsapp.net")
        await refused(HttpEgress(policy, names, trust), other)
        await refused(HttpEgress(policy, names), good)


async def test_a_closed_port_and_a_forbidden_address_read_alike() -> None:
    client = egress(replace(EgressPolicy(), allowed=LOOPBACK, total_s=3.0))
    await refused(client, "http://127.0.0.1:9/")
    await refused(client, "http://10.0.0.1/")


# ---- nobody goes another way


ALLOWED_TO_CONNECT = {
    "src/wagate/adapters/egress.py": "the way out itself",
    "src/wagate/adapters/engines/native/transport.py": "the line to WhatsApp; its proxy is an option of the session",
    "src/wagate/sandbox/network.py": "the sandbox asks its own emulator",
    "src/wagate/cli/client.py": "the command line asks its own gateway",
}
_CLIENTS = {"aiohttp", "httpx", "requests", "urllib.request", "http.client", "urllib3"}


def test_nobody_else_in_the_product_speaks_http() -> None:
    found = set()
    for path in tree.modules("src"):
        if path.parts[1] != "wagate":
            continue
        for node in ast.walk(tree.parsed(path)):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module] if isinstance(node, ast.ImportFrom) and node.module else []
            if any(name == client or name.startswith(f"{client}.") for name in names for client in _CLIENTS):
                found.add(str(path))
    assert found == set(ALLOWED_TO_CONNECT)
