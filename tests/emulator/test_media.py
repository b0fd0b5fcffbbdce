"""The media hosts, and phones that send and get files."""

from __future__ import annotations

import json
import ssl
import time
from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from emulator.companion import Companion, iq
from emulator.sockets import connect, log_in, pair
from emulator.wires import Line, Wires
from whatsapp_emulator.client import ControlError, EmulatorClient
from whatsapp_emulator.emulator import Emulator
from whatsapp_emulator.recorder import read_recording
from whatsapp_emulator.web.media import Blobs
from whatsapp_emulator.world.shelf import MediaRefused
from whatsapp_wire.jid import Jid
from whatsapp_wire.media.content import MediaDetails, MediaFile, media_message, read_media
from whatsapp_wire.media.kinds import MediaKind
from whatsapp_wire.media.opening import MediaSecret
from whatsapp_wire.media.retry import RetryAnswer, RetryResult, SealedRetry, open_answer, seal_request
from whatsapp_wire.node import Node
from whatsapp_wire.stanza.media import (
    MediaConnection,
    MediaMessage,
    connection_query,
    parse_connection,
    parse_retried,
    retry_receipt,
)

ANN, BOB = "4917001", "4917002"
SEALED = b"what a client has encrypted" * 5000
KEY = bytes(range(32))


def token_of(sealed: bytes) -> str:
    return urlsafe_b64encode(sha256(sealed).digest()).decode()


@dataclass(frozen=True)
class Hosts:
    """The media hosts as a client sees them."""

    session: aiohttp.ClientSession
    connection: MediaConnection

    async def upload(self, sealed: bytes, *, host: int = 0, kind: str = "image", **changes: str) -> tuple[int, Any]:
        token = changes.get("token", token_of(sealed))
        query = {"auth": changes.get("auth", self.connection.auth), "token": token}
        url = f"https://{self.connection.hosts[host]}/mms/{kind}/{token}"
        async with self.session.post(url, params=query, data=sealed) as response:
            return response.status, await response.json()

    async def download(self, path: str, *, host: int = 0, **headers: str) -> tuple[int, bytes]:
        url = f"https://{self.connection.hosts[host]}{path}&hash=x&mms-type=image&__wa-mms="
        async with self.session.get(url, headers=headers) as response:
            return response.status, await response.read()


@asynccontextmanager
async def companion_at(emulator: Emulator, control: EmulatorClient) -> AsyncIterator[Hosts]:
    where = emulator.whereabouts
    companion = await pair(where.plain_url, where.root_key, control, ANN)
    tls = ssl.create_default_context(cafile=where.ca_file)
    async with (
        connect(where.plain_url, where.root_key, companion) as line,
        aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=tls)) as session,
    ):
        await log_in(line)
        yield Hosts(session, parse_connection(await line.ask(connection_query("m1"))))


async def test_what_is_uploaded_can_be_got_from_both_hosts(emulator: Emulator, control: EmulatorClient) -> None:
    async with companion_at(emulator, control) as hosts:
        status, told = await hosts.upload(SEALED)
        assert status == 200
        path = told["direct_path"]
        assert path.startswith("/v/")
        assert "?" in path
        assert told["url"].startswith(f"https://{hosts.connection.hosts[0]}{path}")
        assert [await hosts.download(path, host=host) for host in (0, 1)] == [(200, SEALED)] * 2
        plain = f"http://127.0.0.1:{emulator.whereabouts.plain_port}{path}"
        async with hosts.session.get(plain) as response:
            assert await response.read() == SEALED
        _, again = await hosts.upload(SEALED, token=token_of(SEALED).rstrip("="))
        assert again["direct_path"] != path


async def test_a_whatsapp_name_leads_there_through_the_proxy(emulator: Emulator, control: EmulatorClient) -> None:
    async with companion_at(emulator, control) as hosts:
        _, told = await hosts.upload(SEALED)
        proxy = f"http://127.0.0.1:{emulator.whereabouts.proxy_port}"
        for host in ("mmg.whatsapp.net", hosts.connection.hosts[0]):
            async with hosts.session.get(f"https://{host}{told['direct_path']}", proxy=proxy) as response:
                assert await response.read() == SEALED
        assert emulator.proxy.refused == {}
        # Nowhere else on this machine.
        with pytest.raises(aiohttp.ClientHttpProxyError):
            await hosts.session.get("https://localhost:1/v/1", proxy=proxy)
        assert emulator.proxy.refused == {"localhost": 1}


async def test_parts_of_a_file(emulator: Emulator, control: EmulatorClient) -> None:
    async with companion_at(emulator, control) as hosts:
        path = (await hosts.upload(SEALED))[1]["direct_path"]
        assert await hosts.download(path, Range="bytes=70000-") == (206, SEALED[70_000:])
        assert await hosts.download(path, Range="bytes=16-31") == (206, SEALED[16:32])
        async with hosts.session.get(
            f"https://{hosts.connection.hosts[0]}{path}", headers={"Range": "bytes=-10"}
        ) as response:
            assert response.headers["Content-Range"] == f"bytes {len(SEALED) - 10}-{len(SEALED) - 1}/{len(SEALED)}"
        for senseless in ("bytes=900000-", "bytes=9-1", "lines=1"):
            assert (await hosts.download(path, Range=senseless))[0] == 416


async def test_uploads_that_are_not_allowed(emulator: Emulator, control: EmulatorClient) -> None:
    async with companion_at(emulator, control) as hosts:
        assert (await hosts.upload(SEALED, auth="x"))[0] == 401
        assert (await hosts.upload(SEALED, kind="gossip"))[0] == 404
        assert (await hosts.upload(SEALED, token="not-a-hash"))[0] == 400
        await control.faults(media_max=1000)
        assert (await hosts.upload(SEALED))[0] == 413
        assert (await hosts.upload(SEALED[:1000]))[0] == 200
        assert len(list(Path(emulator.whereabouts.ca_file).with_name("media").iterdir())) == 1


async def test_a_hash_that_is_not_the_tokens_is_a_violation(emulator: Emulator, control: EmulatorClient) -> None:
    async with companion_at(emulator, control) as hosts:
        assert (await hosts.upload(SEALED, token=token_of(b"other")))[0] == 400
        assert list(Path(emulator.whereabouts.ca_file).with_name("media").iterdir()) == []
    assert [(found.kind, found.who) for found in emulator.world.audit.violations] == [("bad_media", f"{ANN}:1")]
    emulator.forgive("bad_media", ANN)


async def test_what_nobody_told_cannot_be_found(emulator: Emulator, control: EmulatorClient) -> None:
    async with companion_at(emulator, control) as hosts:
        path = (await hosts.upload(SEALED))[1]["direct_path"]
        for guess in ("/v/?", "/v/t62.7118-24/?", "/v/../media?", path.replace("/v/t62.7118-24/", "/v/t62.7118-24/0")):
            assert (await hosts.download(guess))[0] == 404


@pytest.mark.parametrize("status", [404, 410])
async def test_files_that_are_gone(emulator: Emulator, control: EmulatorClient, status: int) -> None:
    async with companion_at(emulator, control) as hosts:
        path = (await hosts.upload(SEALED))[1]["direct_path"]
        assert await control.expire_media(status) == 1
        assert (await hosts.download(path))[0] == status
        later = (await hosts.upload(SEALED))[1]["direct_path"]
        assert (await hosts.download(later))[0] == 200
    with pytest.raises(ControlError, match="404 or 410"):
        await control.expire_media(500)


async def test_files_have_a_life(emulator: Emulator, control: EmulatorClient) -> None:
    async with companion_at(emulator, control) as hosts:
        await control.faults(media_life_s=0)
        path = (await hosts.upload(SEALED))[1]["direct_path"]
        assert (await hosts.download(path))[0] == 410


async def test_a_host_can_be_down(emulator: Emulator, control: EmulatorClient) -> None:
    async with companion_at(emulator, control) as hosts:
        await control.faults(media_hosts_down=1)
        assert (await hosts.upload(SEALED))[0] == 503
        status, told = await hosts.upload(SEALED, host=1)
        assert status == 200
        assert [(await hosts.download(told["direct_path"], host=host))[0] for host in (0, 1)] == [503, 200]


async def test_a_slow_host_and_one_that_hangs_up(emulator: Emulator, control: EmulatorClient) -> None:
    async with companion_at(emulator, control) as hosts:
        path = (await hosts.upload(SEALED))[1]["direct_path"]
        await control.faults(media_rate=1_000_000)
        began = time.monotonic()
        assert await hosts.download(path) == (200, SEALED)
        assert time.monotonic() - began > len(SEALED) / 1_000_000
        await control.faults(media_rate=0, media_cut_rate=1)
        with pytest.raises(aiohttp.ClientError):
            await hosts.download(path)
        assert emulator.world.audit.counts["media downloads cut"] == 1


async def test_requests_are_written_down(emulator: Emulator, control: EmulatorClient, tmp_path: Path) -> None:
    async with companion_at(emulator, control) as hosts:
        await control.record(str(tmp_path / "recording"))
        path = (await hosts.upload(SEALED))[1]["direct_path"]
        await hosts.download(path)
        await control.record(None)
    up, down = (record for record in read_recording(tmp_path / "recording") if record.kind == "http")
    assert (up.who, json.loads(up.text)["method"]) == (f"{ANN}:1", "POST")
    assert json.loads(down.text)["target"].startswith(path.partition("?")[0])


async def pieces(content: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(content), 70_000):
        yield content[start : start + 70_000]


@pytest.mark.parametrize(
    ("kind", "details"),
    [
        ("image", {"mimetype": "image/png", "caption": "look & see", "width": 4, "height": 3, "preview": b"jpeg"}),
        ("image", {"view_once": True}),
        ("video", {"mimetype": "video/mp4", "seconds": 9, "caption": "moving"}),
        ("video", {"is_gif": True}),
        ("video", {"is_round": True}),
        ("audio", {"is_voice": True, "seconds": 3, "waveform": b"\x00\x64"}),
        ("document", {"file_name": "a.txt", "caption": "read"}),
        ("sticker", {"mimetype": "image/webp", "is_animated": True}),
    ],
)
async def test_phones_send_each_other_files(
    control: EmulatorClient, kind: str, details: dict[str, str | int | bool | bytes]
) -> None:
    content = b"a file" * 50_000
    await control.account(ANN)
    await control.account(BOB)
    id = await control.phone(ANN).send_media(BOB, kind, pieces(content), **details)
    [shown] = await control.phone(BOB).inbox()
    assert (shown.id, shown.kind, shown.text) == (id, kind, details.get("caption", ""))
    assert shown.media is not None
    told = {name: value for name, value in details.items() if not isinstance(value, bytes)}
    assert shown.media.items() >= {"kind": kind, "size": len(content), **told}.items()
    fetched = await control.phone(BOB).fetch(id)
    assert (fetched.kind, fetched.size, fetched.sha256) == (kind, len(content), sha256(content).hexdigest())
    assert await control.phone(BOB).file(id) == content
    assert (await control.phone(ANN).fetch(id)).sha256 == sha256(content).hexdigest()


async def test_a_phone_cannot_get_what_is_gone_or_no_file(control: EmulatorClient) -> None:
    await control.account(ANN)
    await control.account(BOB)
    bob = control.phone(BOB)
    text = await control.phone(ANN).type(BOB, "hi")
    with pytest.raises(ControlError, match="NoMedia"):
        await bob.fetch(text)
    with pytest.raises(ControlError, match="NoSuchMessage"):
        await bob.fetch("M0")
    id = await control.phone(ANN).send_media(BOB, "image", b"x")
    await control.expire_media(404)
    for get in (bob.fetch, bob.file):
        with pytest.raises(ControlError) as refused:
            await get(id)
        assert refused.value.status == 404


@pytest.mark.parametrize(
    ("kind", "details", "complaint"),
    [
        ("gossip", {}, "gossip"),
        ("image", {"size": 3}, "no detail size"),
        ("image", {"width": "wide"}, "width makes no sense"),
        ("image", {"view_once": "maybe"}, "view_once makes no sense"),
        ("image", {"preview": "xyz"}, "preview makes no sense"),
    ],
)
async def test_files_that_make_no_sense(
    emulator: Emulator, control: EmulatorClient, kind: str, details: dict[str, str | int], complaint: str
) -> None:
    await control.account(ANN)
    with pytest.raises(ControlError, match=complaint):
        await control.phone(ANN).send_media(ANN, kind, b"x", **details)
    assert list(Path(emulator.whereabouts.ca_file).with_name("media").iterdir()) == []


async def test_a_forged_file_is_held_against_its_sender(emulator: Emulator, control: EmulatorClient) -> None:
    await control.account(ANN)
    await control.account(BOB)
    true = await control.phone(ANN).send_media(BOB, "image", b"true")
    with emulator.turn() as world:
        file = world.phone(BOB).file_of(true).file
        forged = replace(file, secret=replace(file.secret, sha256=bytes(32)))
        id = world.phone(ANN).send(Jid(f"{BOB}@s.whatsapp.net"), media_message(forged, MediaDetails()))
    with pytest.raises(ControlError, match="not what its message says") as refused:
        await control.phone(BOB).fetch(id)
    assert refused.value.status == 409
    [violation] = emulator.world.audit.violations
    assert (violation.kind, violation.who) == ("bad_media", emulator.world.account(ANN).lid)
    emulator.forgive("bad_media")


def test_the_folder_has_a_limit(tmp_path: Path) -> None:
    blobs = Blobs(tmp_path / "media", capacity=10)
    with blobs.writing() as kept:
        kept.write(b"123456")
        kept.keep()
    with blobs.writing() as dropped:
        dropped.write(b"1234")
    assert blobs.room == 4
    with pytest.raises(MediaRefused) as refused, blobs.writing() as too_large:
        too_large.write(b"12345")
    assert refused.value.status == 507
    assert [path.name for path in (tmp_path / "media").iterdir()] == [kept.name]


# -- in memory


def a_file(wires: Wires) -> MediaFile:
    secret = MediaSecret(MediaKind.IMAGE, KEY, b"p" * 32, b"e" * 32, 5)
    return wires.world.media.shelve(secret, "blob", 26)


def with_a_file() -> tuple[Wires, Companion, Line, str, MediaFile]:
    """A companion that was sent a file which is gone from the hosts."""
    wires = Wires()
    companion, line = wires.pair(ANN, "Ann")
    wires.world.account(BOB, "Bob")
    file = a_file(wires)
    id = wires.world.phone(BOB).send(companion.pn, media_message(file, MediaDetails(caption="look")))
    wires.carry()
    message = line.the("message", id=id)
    assert (message.get("type"), message.require("enc").get("mediatype")) == ("media", "image")
    media = read_media(companion.open(message))
    assert media is not None
    assert media.file == file
    wires.world.media.expire(410)
    return wires, companion, line, id, file


def ask_again(line: Line, id: str, asked: SealedRetry) -> SealedRetry | RetryResult:
    chat = Jid("1@lid")
    line.say(retry_receipt(line.companion.pn, MediaMessage(id, chat, False), asked))
    line.the("ack", id=id, type="server-error")
    notification = line.the("notification", type="mediaretry", id=id)
    assert notification.jid("from") == line.companion.pn.bare
    line.say(Companion.ack(notification))
    retried = parse_retried(notification)
    assert retried.message == MediaMessage(id, chat, False)
    return retried.answer


def test_a_phone_uploads_again_what_is_gone() -> None:
    wires, _, line, id, file = with_a_file()
    with pytest.raises(MediaRefused):
        wires.world.media.look_up(file.direct_path)
    answer = ask_again(line, id, seal_request(KEY, id))
    assert isinstance(answer, SealedRetry)
    opened = open_answer(KEY, id, answer)
    assert opened.result is RetryResult.SUCCESS
    assert opened.direct_path not in (None, file.direct_path)
    assert wires.world.media.look_up(opened.direct_path or "").blob == "blob"
    assert wires.world.audit.violations == []


def test_a_phone_that_has_lost_the_file_or_the_message_says_so() -> None:
    wires, _, line, id, _ = with_a_file()
    assert ask_again(line, "M0", seal_request(KEY, "M0")) is RetryResult.NOT_FOUND
    wires.world.phone(ANN).set({"keeps_media": False})
    assert ask_again(line, id, seal_request(KEY, id)) is RetryResult.NOT_FOUND
    assert wires.world.audit.violations == []


def test_a_request_under_another_key_is_a_violation() -> None:
    wires, _, line, id, _ = with_a_file()
    assert ask_again(line, id, seal_request(bytes(32), id)) is RetryResult.DECRYPTION_ERROR
    assert [violation.kind for violation in wires.world.audit.violations] == ["bad_media"]


def test_an_answer_waits_for_who_is_away() -> None:
    wires, companion, line, id, _ = with_a_file()
    line.say(retry_receipt(companion.pn, MediaMessage(id, companion.lid, False), seal_request(KEY, id)))
    line.close()
    again = Line(wires, companion)
    again.activate()
    retried = parse_retried(again.the("notification", type="mediaretry"))
    assert isinstance(retried.answer, SealedRetry)
    assert open_answer(KEY, id, retried.answer) != RetryAnswer(RetryResult.NOT_FOUND)


def test_words_for_uploads_end() -> None:
    wires = Wires()
    _, line = wires.pair(ANN)
    wires.world.faults.update({"media_ttl_s": 60})
    told = parse_connection(line.ask(iq("w:m", "set", Node("media_conn"))))
    assert (told.ttl_s, told.auth_ttl_s, len(told.hosts)) == (60, 60, 2)
    token = token_of(SEALED)
    assert wires.world.media.admit(told.auth, "image", token).label == f"{ANN}:1"
    wires.world.tick(wires.now + 61)
    with pytest.raises(MediaRefused) as refused:
        wires.world.media.admit(told.auth, "image", token)
    assert refused.value.status == 401
