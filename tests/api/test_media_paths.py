"""Whatever is put where an id of media belongs: nothing but an id of ours comes near a database or a disk."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from urllib.parse import quote

from api.asgi import Answer
from api.served import Served, serving
from api.test_media import upload
from api.world import Api, one_database
from fixtures.rooms import House

_STEPS = [
    "..",
    "../",
    "..\\",
    "..;/",
    "....//",
    ".../",
    "%2e%2e/",
    "%2e%2e%2f",
    "..%2f",
    "..%5c",
    "%252e%252e%252f",
    "..%252f",
    "..%c0%af",
    "%c0%ae%c0%ae/",
    "..%ef%bc%8f",
    "\uff0e\uff0e/",
    "..\u2215",
    "%uff0e%uff0e/",
    "0x2e0x2e/",
    "..%00/",
    "..%0d%0a/",
    "/./../",
]
_TARGETS = ["etc/passwd", "master.key", "wagate.db", "lock", "media/drafts", "proc/self/environ"]
_NAMES = [
    "/etc/passwd",
    "//etc/passwd",
    "file:///etc/passwd",
    "C:\\boot.ini",
    "\\\\host\\share\\x",
    "CON",
    "NUL",
    "aux.txt",
    "com1",
    "drafts",
    ".",
    "..",
    "~root",
    "*",
    "?",
    "a" * 10_000,
    "med_",
    "med_../../../../etc/passwd",
    "med_" + "0" * 25,
    "med_" + "0" * 27,
    "med_" + "I" * 26,
    "med_" + "0" * 26 + "/../x",
    "med_" + "0" * 26 + "%0a",
    "med_" + "0" * 26 + "%00.png",
    "med_" + "0" * 26 + ".png",
    "MED_" + "0" * 26,
    "med_" + "\uff10" * 26,
    " med_" + "0" * 26,
    "msg_" + "0" * 26,
    "' OR 1=1 --",
    "%27%20OR%201=1",
    "${jndi:ldap://x}",
    "{{7*7}}",
    "\u202e",
    "\ud7ff",
    "%ff%fe",
    "%",
    "%2",
    "null",
    "undefined",
    "0",
    "-1",
    "info",
    "1e309",
]


def bad_ids() -> Iterator[str]:
    """More than 300 names that have no business there."""
    for step, target in product(_STEPS, _TARGETS):
        yield step * 6 + target
        yield "med_" + step * 3 + target
    for name in _NAMES:
        yield name
        yield quote(name, safe="")


BAD_IDS = sorted(set(bad_ids()))


def test_there_are_many() -> None:
    assert len(BAD_IDS) >= 300


@one_database
async def test_nothing_but_an_id_finds_anything(api: Api) -> None:
    for bad in BAD_IDS:
        for method, after in (("GET", ""), ("GET", "/info"), ("DELETE", "")):
            answered = await api.ask(method, f"/v1/media/{bad.partition('?')[0]}{after}")
            assert answered.status in (404, 405, 422), (bad, answered.status)
            _reveals_nothing(answered)


@one_database
async def test_nothing_but_an_id_finds_anything_through_a_real_server(house: House, tmp_path: Path) -> None:
    async with serving(house.gateway) as served:
        for bad in BAD_IDS:
            status, body = await _raw(served, "/v1/media/" + bad)
            assert status in (400, 404, 405, 422), (bad, status)
            assert b"root:" not in body
            assert str(tmp_path).encode() not in body
    assert (tmp_path / "data" / "master.key").exists()


@one_database
async def test_a_link_planted_in_the_store_leads_nowhere(api: Api, tmp_path: Path) -> None:
    made = await upload(api, b"content of ours")
    (blob,) = [path for path in (tmp_path / "data" / "media").rglob(made["sha256"]) if path.is_file()]
    secret = tmp_path / "data" / "master.key"
    blob.unlink()
    blob.symlink_to(secret)
    answered = await api.ask("GET", f"/v1/media/{made['id']}")
    assert (answered.status, answered.json["code"]) == (410, "media_gone")
    assert (await api.ask("DELETE", f"/v1/media/{made['id']}")).status == 204
    assert secret.exists()


@one_database
async def test_no_name_of_a_file_leads_out_of_the_store_or_splits_a_header(api: Api, tmp_path: Path) -> None:
    before = _files(tmp_path)
    names = [name for name in BAD_IDS if len(name) < 1000 and not name.endswith(".png")][::3]
    for name in [*names, "a\r\nSet-Cookie: x=1", "a\nb", "\u2028x", "nul\0.txt", "x" * 900 + ".pdf"]:
        made = await api.post("/v1/media", {"base64": "eA==", "filename": name}, 422 if "\0" in name else 201)
        if "id" not in made:
            continue
        answered = await api.ask("GET", f"/v1/media/{made['id']}")
        header = answered.headers["content-disposition"]
        assert header.isascii()
        assert header.isprintable()
        assert "set-cookie" not in answered.headers
        assert "/" not in (made["filename"] or "")
        assert "\\" not in (made["filename"] or "")
    new = {path for path in _files(tmp_path) - before if path.suffix not in (".db", ".db-wal", ".db-shm")}
    assert all(path.parent.parent.parent == tmp_path / "data" / "media" for path in new), new
    assert len(new) == 1


def _files(folder: Path) -> set[Path]:
    return {path for path in folder.rglob("*") if path.is_file()}


def _reveals_nothing(answered: Answer) -> None:
    for word in (b"root:", b"Traceback", b"No such file", b"Errno"):
        assert word not in answered.body


async def _raw(served: Served, path: str) -> tuple[int, bytes]:
    """Ask with this very path: a client library would tidy it up."""

    reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
    key = served.http.headers["Authorization"]
    target = path.replace(" ", "%20").encode("utf-8", "surrogatepass")
    writer.write(b"GET " + target + f" HTTP/1.1\r\nHost: x\r\nAuthorization: {key}\r\n".encode())
    writer.write(b"Connection: close\r\n\r\n")
    answer = await reader.read()
    writer.close()
    await writer.wait_closed()
    return int(answer.split(b" ", 2)[1]), answer
