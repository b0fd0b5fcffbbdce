"""``wagate serve`` as a process: what it prints, keeps, refuses, and how it stops."""

from __future__ import annotations

import asyncio
import re
import signal
import socket
import stat
import time
from pathlib import Path

import aiohttp
import orjson
import pytest

from cli.processes import Running, running, wagate

_FAKE = {"WAGATE_ENGINE": "fake"}


async def _status(server: Running, path: str, key: str | None = None) -> int:
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    async with aiohttp.ClientSession(headers=headers) as http, http.get(server.url + path) as response:
        return response.status


async def test_the_first_start_shows_the_admin_key_once_and_the_data_is_kept(tmp_path: Path) -> None:
    data = tmp_path / "data"
    async with running("serve", data, **_FAKE) as first:
        key = first.key
        assert key is not None
        assert f"{first.url}/docs" in first.greeting
        assert re.search(rf"WAGATE_URL={first.url} WAGATE_API_KEY=wag_… \S*wagate session pair NAME", first.greeting)
        assert await _status(first, "/health/ready") == 200
        assert await _status(first, "/v1/me", key) == 200
        assert (await wagate("session", "create", "support", env=first.env())).code == 0
        ended = await first.end()
        assert (ended.code, ended.err) == (0, "")
        assert key not in ended.out.replace(key, "", 1)
    assert stat.S_IMODE(data.stat().st_mode) == 0o700
    assert [file.name for file in data.iterdir() if stat.S_IMODE(file.stat().st_mode) & 0o077] == []
    async with running("serve", data, **_FAKE) as second:
        assert second.key is None
        listed = await wagate("session", "list", "--json", env=second.env(key))
        assert [session["name"] for session in listed.json] == ["support"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_it_stops_within_seconds_though_a_stream_is_open(tmp_path: Path, number: int) -> None:
    async with running("serve", tmp_path / "data", **_FAKE) as server:
        async with (
            aiohttp.ClientSession(headers={"Authorization": f"Bearer {server.key}"}) as http,
            http.get(f"{server.url}/v1/events/stream") as stream,
        ):
            assert (await stream.content.readline()).startswith(b"retry")
            began = time.monotonic()
            ended = await server.end(number)
            assert time.monotonic() - began < 5
            await stream.content.read()
            assert stream.content.at_eof()
        assert (ended.code, ended.err) == (0, "")


async def test_a_second_gateway_on_the_same_data_is_refused(tmp_path: Path) -> None:
    async with running("serve", tmp_path / "data", **_FAKE):
        second = await wagate("serve", "--data", str(tmp_path / "data"), "--port", "0", env=_FAKE)
    assert second.code == 5
    assert "in use" in second.err
    assert "Traceback" not in second.err


async def test_a_port_that_is_taken_and_a_host_that_is_not_ours_are_named(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        ended = await wagate("serve", "--data", str(tmp_path / "data"), "--port", port)
    assert ended.code == 5
    assert port in ended.err
    assert "--port" in ended.err
    ended = await wagate("serve", "--data", str(tmp_path / "data"), "--host", "198.51.100.7", "--port", "0")
    assert ended.code != 0
    assert "198.51.100.7" in ended.err
    assert not (tmp_path / "data" / "wagate.db").exists()


async def test_a_wrong_setting_is_named(tmp_path: Path) -> None:
    ended = await wagate("serve", "--data", str(tmp_path), env={"WAGATE_MASTER_KEY": "too-short-a-secret"})
    assert ended.code == 2
    assert "master_key" in ended.err.lower()
    assert "too-short-a-secret" not in ended.err


async def test_a_data_directory_that_cannot_be_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    ended = await wagate("serve", "--data", str(tmp_path / "file" / "data"), "--port", "0")
    assert ended.code == 1
    assert str(tmp_path / "file") in ended.err


async def test_the_log_is_json_where_nobody_sits(tmp_path: Path) -> None:
    log = tmp_path / "wagate.log"
    async with running(
        "serve", tmp_path / "data", **_FAKE, WAGATE_LOG_FILE=str(log), WAGATE_LOG_LEVEL="debug"
    ) as server:
        assert await _status(server, "/v1/me", server.key) == 200
        key = server.key
        await server.end()
    lines = log.read_text("utf-8").splitlines()
    assert lines
    assert all(line.startswith("{") for line in lines)
    assert any('"path":"/v1/me"' in line and '"request_id"' in line for line in lines)
    assert key is not None
    assert key not in "".join(lines)


async def test_a_gateway_that_is_killed_comes_back_with_its_data(tmp_path: Path) -> None:
    async with running("serve", tmp_path / "data", **_FAKE) as first:
        key = first.key
        assert (await wagate("session", "create", "support", env=first.env())).code == 0
        ended = await first.end(signal.SIGKILL)
        assert ended.code == -signal.SIGKILL
    async with running("serve", tmp_path / "data", **_FAKE) as second:
        listed = await wagate("session", "list", "--json", env=second.env(key))
        assert [session["name"] for session in listed.json] == ["support"]


async def test_what_is_no_http_is_answered_with_a_problem_document_and_does_no_harm(tmp_path: Path) -> None:
    async with running("serve", tmp_path / "data", **_FAKE) as server:
        host, _, port = server.url.removeprefix("http://").partition(":")
        for nonsense in (b"\x16\x03\x01\x02\x00\x01", b"GET / NONSENSE", b"POST / HTTP/9.9"):
            reader, writer = await asyncio.open_connection(host, int(port))
            writer.write(nonsense + b"\r\n\r\n")
            async with asyncio.timeout(10):
                answer = await reader.read()
            head, _, body = answer.partition(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 400 ")
            assert orjson.loads(body)["code"] == "malformed_http"
            writer.close()
            await writer.wait_closed()
        assert await _status(server, "/health/ready") == 200
