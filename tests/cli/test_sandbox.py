"""``wagate sandbox``: everything works, without a phone and without internet, and ends with its parent."""

from __future__ import annotations

import asyncio
import os
import pty
import re
import shlex
import signal
import sys
from asyncio.subprocess import Process
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import orjson
import psutil
import pytest
import pytest_asyncio

from cli.processes import PATIENCE_S, Running, environment, running, started, wagate

_CAROL = "+4915120000003"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def sandbox(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Running]:
    """One sandbox for all who only use it."""
    async with running("sandbox", tmp_path_factory.mktemp("sandbox")) as server:
        yield server


pytestmark = pytest.mark.asyncio(loop_scope="module")


async def _control(server: Running, path: str, **fields: object) -> Any:
    found = re.search(r"http://\S+/control\b", server.greeting)
    assert found
    async with aiohttp.ClientSession() as http, http.post(found[0] + path, json=fields) as response:
        assert response.status < 400, await response.text()
        return await response.json()


async def post_as_curl(arguments: list[str]) -> tuple[int, bytes]:
    """What ``curl URL -H … -d …`` does; a machine that has only Python has no curl."""
    url, *options = arguments
    headers = [value for option, value in zip(options[::2], options[1::2], strict=True) if option == "-H"]
    (body,) = [value for option, value in zip(options[::2], options[1::2], strict=True) if option == "-d"]
    pairs = [header.split(": ", 1) for header in headers]
    async with aiohttp.ClientSession() as http, http.post(url, data=body, headers=dict(pairs)) as response:
        return response.status, await response.read()


async def test_the_printed_command_can_be_pasted_and_the_message_climbs(sandbox: Running) -> None:
    command = sandbox.greeting.partition("  curl ")[2].partition("\n\n")[0]
    status, body = await post_as_curl(shlex.split(command.replace("\\\n", " ")))
    assert status == 202
    message = orjson.loads(body)
    assert message["status"] == "queued"
    headers = {"Authorization": f"Bearer {sandbox.key}"}
    async with aiohttp.ClientSession(headers=headers) as http, asyncio.timeout(PATIENCE_S):
        while message["status"] != "read":
            async with http.get(f"{sandbox.url}/v1/messages/{message['id']}") as response:
                message = await response.json()
        answer: dict[str, Any] | None = None
        while answer is None:
            async with http.get(f"{sandbox.url}/v1/messages?direction=in&chat={_CAROL}&session=alice") as response:
                found = (await response.json())["data"]
                answer = found[0] if found else None
    assert answer["text"] == f"You said: {message['text']}"


async def test_send_says_how_far_the_message_got(sandbox: Running) -> None:
    words = await wagate("send", "alice", _CAROL, "Hello", env=sandbox.env())
    assert words.code == 0, words.err
    assert re.fullmatch(r"msg_\w+ is (sent|delivered|read)\.\n", words.out)
    json = await wagate("send", "bob", _CAROL, "Hello", "--json", env=sandbox.env())
    assert json.json["text"] == "Hello"
    once = ("send", "bob", _CAROL, "once", "--json", "--idempotency-key", "k-1")
    first, second = await wagate(*once, env=sandbox.env()), await wagate(*once, env=sandbox.env())
    assert first.json["id"] == second.json["id"]
    refused = await wagate("send", "alice", "nobody", "Hello", env=sandbox.env())
    assert refused.code == 1
    assert "invalid_recipient" in refused.err
    failed = await wagate("send", "alice", "+4915129999999", "Hello", env=sandbox.env())
    assert failed.code == 1
    assert "recipient_not_on_whatsapp" in failed.err


async def test_sessions_are_listed_with_their_phones(sandbox: Running) -> None:
    listed = await wagate("session", "list", env=sandbox.env())
    assert re.search(r"alice\s+connected\s+\+4915120000001\s+native", listed.out)
    assert re.search(r"bob\s+connected\s+\+4915120000002\s+native", listed.out)


async def test_pairing_by_qr_code_follows_until_the_phone_has_scanned(sandbox: Running) -> None:
    await _control(sandbox, "/accounts", phone="4915120000004", name="Dave")
    async with started("session", "pair", "dave", "--json", env=sandbox.env()) as process:
        shown = await _line(process, "qr")
        await _control(sandbox, "/phones/4915120000004/scan", qr=shown["qr"])
        async with asyncio.timeout(PATIENCE_S):
            out, err = await process.communicate()
    assert process.returncode == 0, err
    last = orjson.loads(out.splitlines()[-1])["session"]
    assert (last["state"], last["me"]["phone"]) == ("connected", "+4915120000004")


async def test_pairing_by_code_follows_until_the_phone_has_typed_it(sandbox: Running) -> None:
    await _control(sandbox, "/accounts", phone="4915120000005", name="Erin")
    arguments = ("session", "pair", "erin", "--code", "+49 1512 0000005", "--json")
    async with started(*arguments, env=sandbox.env()) as process:
        shown = await _line(process, "pairing_code")
        await _control(sandbox, "/phones/4915120000005/enter-code", code=shown["pairing_code"])
        async with asyncio.timeout(PATIENCE_S):
            out, err = await process.communicate()
    assert process.returncode == 0, err
    assert orjson.loads(out.splitlines()[-1])["session"]["state"] == "connected"


async def test_pairing_shows_a_human_a_code_made_of_blocks_and_can_be_left(sandbox: Running) -> None:
    async with started("session", "pair", "frank", env=sandbox.env()) as process:
        assert process.stdout is not None
        async with asyncio.timeout(PATIENCE_S):
            seen = (await process.stdout.readuntil(b"Linked devices")).decode()
        assert seen.count("█") > 100
        process.send_signal(signal.SIGINT)
        async with asyncio.timeout(PATIENCE_S):
            await process.communicate()
    assert process.returncode == 130
    paired = await wagate("session", "pair", "alice", env=sandbox.env())
    assert (paired.code, paired.out) == (0, "Session alice is connected as +4915120000001.\n")


async def test_on_a_terminal_each_code_takes_the_place_of_the_one_before(sandbox: Running) -> None:
    ours, theirs = pty.openpty()
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "wagate", "session", "pair", "grace"), env=environment(**sandbox.env()), stdout=theirs
    )
    os.close(theirs)
    try:
        first = await asyncio.to_thread(_read_until, ours, b"Linked devices")
        assert b"\x1b[97;40m" in first
        headers = {"Authorization": f"Bearer {sandbox.key}"}
        async with (
            aiohttp.ClientSession(headers=headers) as http,
            http.post(f"{sandbox.url}/v1/sessions/grace/qr/renew") as renewed,
        ):
            assert renewed.status == 200
        second = await asyncio.to_thread(_read_until, ours, b"Linked devices")
        assert re.search(rb"\x1b\[\d+F\x1b\[J", second)
    finally:
        process.kill()
        await process.wait()
        os.close(ours)


def _read_until(terminal: int, words: bytes) -> bytes:
    seen = b""
    while words not in seen and (piece := os.read(terminal, 4096)):
        seen += piece
    return seen


async def test_another_start_pairs_afresh_and_keeps_the_key(tmp_path: Path) -> None:
    async with running("sandbox", tmp_path) as first:
        key = first.key
        assert (await wagate("send", "alice", _CAROL, "Hello", env=first.env())).code == 0
        ended = await first.end()
        assert ended.code == 0, ended.err
    assert (tmp_path / "sandbox" / "wagate.db").exists()
    async with running("sandbox", tmp_path) as second:
        assert second.key == key
        sent = await wagate("send", "alice", _CAROL, "Hello again", "--json", env=second.env())
        assert sent.json["status"] in {"sent", "delivered", "read"}
        assert (await wagate("session", "list", "--json", env=second.env())).json[0]["state"] == "connected"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
async def test_the_pretend_network_ends_with_the_sandbox_however_it_goes(tmp_path: Path, number: int) -> None:
    async with running("sandbox", tmp_path) as server:
        children = psutil.Process(server.process.pid).children()
        assert len(children) == 1
        await server.end(number)
        _, alive = await asyncio.to_thread(psutil.wait_procs, children, PATIENCE_S)
        assert alive == []


async def test_a_network_that_cannot_come_up_is_told_at_once(tmp_path: Path) -> None:
    (tmp_path / "whatsapp_emulator").mkdir()
    (tmp_path / "whatsapp_emulator" / "__init__.py").touch()
    (tmp_path / "whatsapp_emulator" / "__main__.py").write_text("raise SystemExit('no')\n")
    env = {"PYTHONPATH": os.pathsep.join([str(tmp_path), *filter(None, [os.environ.get("PYTHONPATH")])])}
    ended = await wagate("sandbox", "--data", str(tmp_path / "data"), "--port", "0", env=env)
    assert ended.code == 1
    assert "emulator.log" in ended.err
    assert "Traceback" not in ended.err


async def _line(process: Process, name: str) -> dict[str, Any]:
    """The next line of JSON that has a field of this name."""
    assert process.stdout is not None
    async with asyncio.timeout(PATIENCE_S):
        while True:
            line = await process.stdout.readline()
            assert line, "the command ended early"
            told: dict[str, Any] = orjson.loads(line)
            if name in told:
                return told
