"""Imports and moves over HTTP: forms in, problem documents out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from api.asgi import Answer
from api.world import Api, World, one_database
from features.sessions.test_importing import a_device, opened
from fixtures.rooms import House, OpenHouse
from wagate.adapters.engines.neonize.store import write_device
from wagate.api.app import create_app
from wagate.api.limits import Limits

BOUNDARY = "a-boundary"
FORM = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}


def form(words: dict[str, str], files: dict[str, bytes], part: str = "file") -> bytes:
    """A form as browsers and curl write it."""
    pieces = [f'name="{name}"\r\n\r\n'.encode() + value.encode() for name, value in words.items()]
    pieces += [f'name="{part}"; filename="{name}"\r\n\r\n'.encode() + value for name, value in files.items()]
    begin = f"--{BOUNDARY}\r\nContent-Disposition: form-data; ".encode()
    return b"".join(begin + piece + b"\r\n" for piece in pieces) + f"--{BOUNDARY}--\r\n".encode()


@pytest.fixture
async def native(open_house: OpenHouse) -> House:
    return await opened(open_house)


def api_of(house: House, limits: Limits | None = None) -> Api:
    assert house.gateway.first_key is not None
    app = create_app(house.gateway) if limits is None else create_app(house.gateway, limits)
    return Api(app, house.gateway.first_key.secret)


async def send(api: Api, body: bytes, headers: dict[str, str] | None = None) -> Answer:
    return await api.ask("POST", "/v1/sessions/import", body, headers=headers or FORM)


def database(tmp_path: Path) -> bytes:
    write_device(tmp_path / "foreign.db", a_device())
    return (tmp_path / "foreign.db").read_bytes()


async def test_a_database_is_uploaded(native: House, tmp_path: Path) -> None:
    api, content = api_of(native), database(tmp_path)
    answer = await send(api, form({"source": "whatsmeow", "name": "support"}, {"../../etc/old.db": content}))
    assert answer.status == 201, answer.body
    shown: dict[str, Any] = answer.json
    assert (shown["name"], shown["state"], shown["engine"]) == ("support", "stopped", "native")
    assert shown["me"]["phone"] == "+4915100000001"
    assert "never runs again" in shown["action"]
    assert answer.headers["location"] == f"/v1/sessions/{shown['id']}"
    assert await api.get("/v1/sessions/support") == shown
    again = await send(api, form({"source": "whatsmeow"}, {"old.db": content}))
    assert (again.status, again.json["code"]) == (409, "device_in_use")


@one_database
@pytest.mark.parametrize(
    ("words", "files", "status", "code"),
    [
        ({"source": "whatsmeow"}, {"old.db": b"noise"}, 422, "device_unreadable"),
        ({"source": "baileys"}, {"creds.json": b"{}"}, 422, "device_unreadable"),
        ({"source": "baileys"}, {"other.json": b"{}"}, 422, "device_unreadable"),
        ({"source": "whatsmeow"}, {}, 422, "invalid_request"),
        ({"source": "whatsmeow"}, {"old.db-shm": b"useless"}, 422, "device_unreadable"),
        ({}, {"old.db": b"noise"}, 422, "invalid_request"),
        ({"source": "telegram"}, {"old.db": b"noise"}, 422, "invalid_request"),
        ({"source": "whatsmeow", "colour": "red"}, {"old.db": b"noise"}, 422, "invalid_request"),
        ({"source": "whatsmeow", "engine": "three"}, {"old.db": b"noise"}, 422, "unknown_engine"),
    ],
)
async def test_what_cannot_be_imported_is_refused(
    native: House, words: dict[str, str], files: dict[str, bytes], status: int, code: str
) -> None:
    answer = await send(api_of(native), form(words, files))
    assert (answer.status, answer.json["code"]) == (status, code), answer.body
    assert [folder.name for folder in (native.data / "imports").glob("*")] == []


@one_database
async def test_a_form_is_a_form_and_not_too_large(native: House) -> None:
    api = api_of(native, Limits(upload_bytes=2_000_000, upload_files=2))
    answer = await api.ask("POST", "/v1/sessions/import", {"source": "whatsmeow"})
    assert (answer.status, answer.json["code"]) == (415, "unsupported_media_type")
    answer = await send(api, b"no form")
    assert (answer.status, answer.json["code"]) == (422, "invalid_request")
    answer = await send(api, form({"source": "whatsmeow"}, {"old.db": bytes(1_500_000)}))
    assert answer.status == 422
    answer = await send(api, form({"source": "whatsmeow"}, {"old.db": bytes(2_500_000)}))
    assert (answer.status, answer.json["code"]) == (413, "body_too_large")
    answer = await send(api, form({"source": "baileys"}, {f"{number}.json": b"" for number in range(3)}))
    assert (answer.status, answer.json["code"]) == (422, "invalid_request")
    answer = await send(api, form({"source": "baileys"}, {"creds.json": b""}, part="upload"))
    assert (answer.status, answer.json["errors"][0]["pointer"]) == (422, "/upload")


@one_database
async def test_only_who_may_write_sessions_imports_and_moves(native: House) -> None:
    reader = await api_of(native).limited("sessions:read")
    assert (await send(reader, form({"source": "whatsmeow"}, {"old.db": b""}))).status == 403
    assert (await reader.ask("POST", "/v1/sessions/any/move", {"engine": "native"})).status == 403


async def test_a_move_answers_with_the_session_or_says_why_not(world: World) -> None:
    api = world.api
    answer = await api.ask("POST", "/v1/sessions/support/move", {"engine": "native"})
    assert (answer.status, answer.json["code"]) == (501, "unsupported_by_engine")
    answer = await api.ask("POST", "/v1/sessions/nobody/move", {"engine": "native"})
    assert (answer.status, answer.json["code"]) == (404, "session_not_found")
    answer = await api.ask("POST", "/v1/sessions/support/move", {})
    assert (answer.status, answer.json["code"]) == (422, "invalid_request")


async def test_a_session_that_moved_is_shown(native: House, tmp_path: Path) -> None:
    api = api_of(native)
    made = (await send(api, form({"source": "whatsmeow"}, {"old.db": database(tmp_path)}))).json
    shown = await api.post(f"/v1/sessions/{made['id']}/move", {"engine": "native"})
    assert shown == made  # it is there already
    answer = await api.ask("POST", f"/v1/sessions/{made['id']}/move", {"engine": "neonize"})
    assert (answer.status, answer.json["code"]) == (422, "unknown_engine")
