"""The one way out: where it goes, and where it does not."""

from __future__ import annotations

import ssl
import time
from pathlib import Path

import pytest
from aiohttp import web
from structlog.testing import capture_logs

from adapters.web import LOOPBACK, Names, egress, fetch, hello, refused, serving
from wagate.adapters.egress import EgressPolicy, HttpEgress
from whatsapp_emulator.web.tls import make_tls


async def test_a_file_is_fetched_with_its_name() -> None:
    async with serving(hello) as port, egress().get(f"http://127.0.0.1:{port}/x/pic.jpg?y=1") as fetched:
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
    async with serving(hello) as port:
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
    async with serving(hello) as port:
        assert await fetch(egress(), f"http://127.0.0.1:{port}/")


async def test_a_certificate_must_hold_for_the_name_and_not_for_the_address(tmp_path: Path) -> None:
    made = make_tls(tmp_path, time.time())
    trust = ssl.create_default_context(cafile=str(made.ca_file))
    names = Names(media_whatsapp_net=[["127.0.0.1"]], other_example=[["127.0.0.1"]])
    policy = EgressPolicy(allowed=LOOPBACK, total_s=5.0)
    async with serving(hello, made.context) as port:
        good, other = f"https://media.whatsapp.net:{port}/", f"https://other.example:{port}/"
        assert (await fetch(HttpEgress(policy, names, trust), good)).startswith(b"hello media.whatsapp.net")
        await refused(HttpEgress(policy, names, trust), other)
        await refused(HttpEgress(policy, names), good)
