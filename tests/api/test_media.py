"""Media over HTTP: in by form and by JSON, out in whole and in parts."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from api.asgi import Answer
from api.world import Api, one_database
from fixtures import samples
from fixtures.rooms import House, OpenHouse
from services.s3 import S3Server
from wagate.adapters.blobs.local import LocalBlobs
from wagate.adapters.egress import REFUSED
from wagate.api.app import create_app, openapi_document
from wagate.api.limits import LIMITS
from wagate.api.v1.schemas.media import Media
from wagate.domain.ids import tenant_id
from wagate.features.access import Principal, Scope


async def upload(api: Api, content: bytes, filename: str = "file.bin", status: int = 201, **fields: str) -> Any:
    body = samples.file_form(content, filename, None, **fields)
    answered = await api.ask("POST", "/v1/media", body, headers=samples.FORM)
    assert answered.status == status, answered.body
    return answered.json


async def download(api: Api, media: str, **headers: str) -> Answer:
    return await api.ask("GET", f"/v1/media/{media}", headers={k.replace("_", "-"): v for k, v in headers.items()})


async def test_a_file_comes_back_as_it_went_in(api: Api) -> None:
    content = samples.image()
    made = await upload(api, content, "a picture.png")
    assert Media.model_validate(made).model_dump(mode="json") == made
    assert made["sha256"] == hashlib.sha256(content).hexdigest()
    assert (made["state"], made["type"], made["mime"]) == ("ready", "image", "image/png")
    assert (made["size"], made["width"], made["height"]) == (len(content), 320, 200)
    assert await api.get(f"/v1/media/{made['id']}/info") == made
    answered = await download(api, made["id"])
    assert (answered.status, answered.body) == (200, content)
    assert answered.headers["content-type"] == "image/png"
    assert answered.headers["content-length"] == str(len(content))
    assert answered.headers["etag"] == f'"{made["sha256"]}"'
    assert answered.headers["cache-control"] == "private, max-age=31536000, immutable"
    assert answered.headers["x-content-type-options"] == "nosniff"
    assert answered.headers["content-disposition"] == 'inline; filename="a picture.png"'
    assert answered.headers["content-security-policy"] == "default-src 'none'; sandbox"


@pytest.mark.parametrize(
    ("asked", "start", "stop"),
    [
        ("bytes=0-9", 0, 10),
        ("bytes=10-", 10, 1000),
        ("bytes=-100", 900, 1000),
        ("bytes=990-5000", 990, 1000),
        ("bytes=-5000", 0, 1000),
        ("bytes=999-999", 999, 1000),
    ],
)
@one_database
async def test_a_part_of_a_file_is_served(api: Api, asked: str, start: int, stop: int) -> None:
    content = bytes(range(250)) * 4
    made = await upload(api, content)
    answered = await download(api, made["id"], Range=asked)
    assert (answered.status, answered.body) == (206, content[start:stop])
    assert answered.headers["content-range"] == f"bytes {start}-{stop - 1}/1000"
    assert answered.headers["content-length"] == str(stop - start)


@pytest.mark.parametrize("asked", ["bytes=1000-", "bytes=5000-6000", "bytes=-0"])
@one_database
async def test_a_part_beyond_the_end_is_refused(api: Api, asked: str) -> None:
    made = await upload(api, bytes(1000))
    answered = await download(api, made["id"], Range=asked)
    assert (answered.status, answered.json["code"]) == (416, "range_not_satisfiable")
    assert answered.headers["content-range"] == "bytes */1000"


@pytest.mark.parametrize(
    "asked",
    ["bytes=0-1,5-6", "bytes=5-1", "bytes=x-", "bytes=-", "items=0-1", "bytes=0x1-2", "bytes=" + "9" * 30 + "-"],
)
@one_database
async def test_a_range_that_is_not_understood_is_ignored(api: Api, asked: str) -> None:
    made = await upload(api, bytes(1000))
    answered = await download(api, made["id"], Range=asked)
    assert (answered.status, len(answered.body)) == (200, 1000)


@one_database
async def test_what_somebody_has_is_not_sent_again(api: Api) -> None:
    made = await upload(api, b"content")
    etag = f'"{made["sha256"]}"'
    for known in (etag, f'W/{etag}, "other"', "*"):
        answered = await download(api, made["id"], If_None_Match=known)
        assert (answered.status, answered.body, answered.headers["etag"]) == (304, b"", etag)
    assert (await download(api, made["id"], If_None_Match='"other"')).status == 200
    assert (await download(api, made["id"], If_Range=etag, Range="bytes=0-1")).status == 206
    assert (await download(api, made["id"], If_Range='"other"', Range="bytes=0-1")).status == 200


@pytest.mark.parametrize(
    ("filename", "expected"),
    [
        ("photo.png", 'inline; filename="photo.png"'),
        ("Grüße 世界.png", 'inline; filename="Grue _.png"'),
        ('a"b\\c.png', 'inline; filename="c.png"'),
        ("a;b=c.png", 'inline; filename="a;b=c.png"'),
        ("%2e%2e.png", "inline; filename=\"_2e_2e.png\"; filename*=UTF-8''%252e%252e.png"),
        ("\u202egnp.exe.png", 'inline; filename="gnp.exe.png"'),
    ],
)
@one_database
async def test_a_name_is_offered_so_that_every_browser_understands_it(api: Api, filename: str, expected: str) -> None:
    made = await upload(api, samples.image(), filename.replace("\\", "\\\\").replace('"', '\\"'))
    header = (await download(api, made["id"])).headers["content-disposition"]
    if filename.startswith("Gr"):
        assert header.endswith("filename*=UTF-8''Gr%C3%BC%C3%9Fe%20%E4%B8%96%E7%95%8C.png")
        assert header.startswith('inline; filename="Gr')
        assert header.isascii()
    else:
        assert header == expected


@one_database
async def test_what_could_be_a_page_is_for_saving_only(api: Api) -> None:
    for content, filename in (
        (b"<script>alert(1)</script>", "x.html"),
        (b"<svg onload='x'/>", "x.bin"),
        (b"a,b", "x.csv"),
    ):
        made = await upload(api, content, filename)
        answered = await download(api, made["id"])
        assert answered.headers["content-disposition"].startswith("attachment; ")
        assert answered.headers["content-security-policy"] == "default-src 'none'; sandbox"
        assert answered.headers["x-content-type-options"] == "nosniff"


# ---- in


async def test_json_carries_a_file(api: Api) -> None:
    content = samples.image("JPEG")
    made = await api.post(
        "/v1/media", {"base64": base64.b64encode(content).decode(), "filename": "x.jpg", "type": "image"}, 201
    )
    assert (made["mime"], made["filename"], made["size"]) == ("image/jpeg", "x.jpg", len(content))
    assert (await download(api, made["id"])).body == content


@one_database
async def test_the_example_of_the_description_works(api: Api) -> None:
    operation = openapi_document()["paths"]["/v1/media"]["post"]
    example = operation["requestBody"]["content"]["application/json"]["example"]
    made = await api.post("/v1/media", example, 201)
    shown = operation["responses"]["201"]["content"]["application/json"]["example"]
    assert made.keys() == shown.keys()
    for field in ("type", "state", "mime", "size", "filename", "width", "height", "sha256"):
        assert made[field] == shown[field], field
    assert (await api.get(f"/v1/media/{made['id']}/info")).keys() == shown.keys()
    assert (await api.ask("DELETE", f"/v1/media/{made['id']}")).status == 204


async def test_a_sound_becomes_a_voice_note(api: Api) -> None:
    made = await upload(api, samples.sound("mp3", 2.0), "note.mp3", type="voice")
    assert (made["type"], made["mime"]) == ("voice", "audio/ogg; codecs=opus")
    assert made["duration_s"] == pytest.approx(2.0, abs=0.15)
    assert len(base64.b64decode(made["waveform"])) == 64
    assert (await download(api, made["id"])).headers["content-type"] == "audio/ogg; codecs=opus"


@one_database
async def test_fields_stand_before_the_file(api: Api) -> None:
    made = await upload(api, samples.image("PNG", (900, 300)), type="image", max_edge="300", filename="named.png")
    assert (made["width"], made["height"], made["filename"]) == (300, 100, "named.png")


def _plain(name: str, value: str) -> tuple[str, None, None, bytes]:
    return name, None, None, value.encode()


_FILE = ("file", "a.txt", "text/plain", b"content")

BAD_FORMS: dict[str, tuple[bytes, int, str]] = {
    "no parts": (samples.form(), 400, "invalid_multipart"),
    "empty": (b"", 400, "invalid_multipart"),
    "not a form": (b"hello", 400, "invalid_multipart"),
    "no file": (samples.form(_plain("type", "image")), 400, "invalid_multipart"),
    "two files": (samples.form(_FILE, _FILE), 400, "invalid_multipart"),
    "a field after the file": (samples.form(_FILE, _plain("type", "image")), 400, "invalid_multipart"),
    "a field twice": (samples.form(_plain("type", "image"), _plain("type", "image"), _FILE), 400, "invalid_multipart"),
    "a file of another name": (samples.form(("upload", "a", None, b"x")), 400, "invalid_multipart"),
    "a long field": (samples.form(_plain("filename", "x" * 2000), _FILE), 400, "invalid_multipart"),
    "a field that is not UTF-8": (samples.form(("type", None, None, b"\xff"), _FILE), 400, "invalid_multipart"),
    "many parts": (samples.form(*(_plain(f"f{n}", "x") for n in range(50)), _FILE), 400, "invalid_multipart"),
    "a long header": (samples.form(("file", "x" * 20_000, None, b"x")), 400, "invalid_multipart"),
    "an end in the middle": (samples.form(_FILE)[:-40], 400, "invalid_multipart"),
    "no last boundary": (samples.form(_FILE)[:-4], 400, "invalid_multipart"),
    "an unknown field": (samples.form(_plain("size", "1"), _FILE), 422, "invalid_request"),
    "an unknown type": (samples.form(_plain("type", "hologram"), _FILE), 422, "invalid_request"),
    "a wrong number": (samples.form(_plain("max_edge", "9999999"), _FILE), 422, "invalid_request"),
    "an empty file": (samples.form(("file", "a.txt", None, b"")), 422, "invalid_media"),
    "a zip that is called a picture": (
        samples.form(("file", "a.jpg", "image/jpeg", b"PK\x03\x04" + bytes(99))),
        422,
        "invalid_media",
    ),
    "a playlist": (samples.form(("file", "a.mp4", "video/mp4", b"#EXTM3U\nhttp://127.0.0.1/")), 422, "invalid_media"),
}


@pytest.mark.parametrize("name", BAD_FORMS)
@one_database
async def test_a_bad_form_is_refused_and_leaves_nothing(api: Api, tmp_path: Path, name: str) -> None:
    body, status, code = BAD_FORMS[name]
    answered = await api.ask("POST", "/v1/media", body, headers=samples.FORM)
    assert (answered.status, answered.json["code"]) == (status, code), answered.json
    assert [path for path in (tmp_path / "data" / "media").rglob("*") if path.is_file()] == []


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Content-Type": "multipart/form-data"}, 400),
        ({"Content-Type": "multipart/form-data; boundary="}, 400),
        ({"Content-Type": f"multipart/form-data; boundary={'x' * 100}"}, 400),
        ({"Content-Type": "text/plain"}, 415),
        ({"Content-Type": "application/x-www-form-urlencoded"}, 415),
        ({"Content-Type": ""}, 415),
    ],
)
@one_database
async def test_a_body_of_another_kind_is_refused(api: Api, headers: dict[str, str], status: int) -> None:
    assert (await api.ask("POST", "/v1/media", samples.form(_FILE), headers=headers)).status == status


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 422),
        ({"url": "http://127.0.0.1/x", "base64": "eA=="}, 422),
        ({"base64": "not base64"}, 422),
        ({"base64": "eA"}, 422),
        ({"base64": ""}, 422),
        ({"base64": 5}, 422),
        ({"base64": "eA==", "size": 1}, 422),
        ({"base64": "eA==", "filename": "a\0b"}, 422),
        ({"base64": "eA==", "type": "hologram"}, 422),
        ({"url": ""}, 422),
        ([], 422),
    ],
)
@one_database
async def test_bad_json_is_refused(api: Api, body: object, status: int) -> None:
    await api.post("/v1/media", body, status)


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:{port}/x",
        "http://localhost:{port}/x",
        "http://[::1]:{port}/x",
        "http://2130706433:{port}/x",
        "http://169.254.169.254/latest/meta-data/",
        "http://10.0.0.1/",
        "file:///etc/passwd",
        "ftp://127.0.0.1/x",
        "not a url",
    ],
)
@one_database
async def test_a_url_that_leads_inside_is_refused_in_the_same_words(api: Api, url: str) -> None:
    refused = await api.post("/v1/media", {"url": url.replace("{port}", "3000")}, 422)
    assert (refused["code"], refused["errors"][0]["pointer"]) == ("fetch_failed", "/url")
    assert refused["detail"] == REFUSED


async def test_a_file_is_fetched_from_where_the_operator_allows(open_house: OpenHouse) -> None:
    content = samples.image("PNG", (50, 60))

    async def serve(_request: web.BaseRequest) -> web.StreamResponse:
        return web.Response(body=content, content_type="image/jpeg")

    house = await open_house(settings={"egress_allow": "127.0.0.1"})
    assert house.gateway.first_key is not None
    api = Api(create_app(house.gateway), house.gateway.first_key.secret)
    runner = web.ServerRunner(web.Server(serve), shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        url = f"http://127.0.0.1:{runner.addresses[0][1]}/dir/pic%20ture.png?x=1"
        made = await api.post("/v1/media", {"url": url}, 201)
        assert (made["mime"], made["filename"], made["width"]) == ("image/png", "pic ture.png", 50)
        assert (await download(api, made["id"])).body == content
        named = await api.post("/v1/media", {"url": url, "filename": "mine.png", "type": "sticker"}, 201)
        assert (named["type"], named["filename"], named["width"]) == ("sticker", "mine.png", 512)
        mismatched = await api.post("/v1/media", {"url": url, "filename": "song.mp3"}, 422)
        assert mismatched["code"] == "invalid_media"
    finally:
        await runner.cleanup()


async def test_what_is_too_large_is_refused_wherever_it_comes_from(open_house: OpenHouse) -> None:
    limits = {f"media_{kind}_limit": 50_000 for kind in ("image", "video", "audio", "document")}
    house = await open_house(settings={**limits, "media_tenant_limit": 120_000})
    assert house.gateway.first_key is not None
    api = Api(create_app(house.gateway, replace(LIMITS, inline_bytes=20_000)), house.gateway.first_key.secret)
    assert (await upload(api, bytes(50_001), status=413))["code"] == "media_too_large"
    declared = await api.ask("POST", "/v1/media", b"x", headers={**samples.FORM, "Content-Length": "5000000000"})
    assert (declared.status, declared.json["code"]) == (413, "body_too_large")
    inline = {"base64": base64.b64encode(bytes(120_000)).decode()}
    assert (await api.post("/v1/media", inline, 413))["code"] == "body_too_large"
    for number in range(2):
        await upload(api, bytes([number]) * 50_000)
    assert (await upload(api, b"x" * 50_000, status=507))["code"] == "media_quota_exceeded"


async def test_a_full_disk_is_told_and_nothing_is_lost(open_house: OpenHouse, tmp_path: Path) -> None:
    free = 0.5
    blobs = LocalBlobs(tmp_path / "small disk", free=lambda _root: free)
    house = await open_house(blobs=blobs)
    assert house.gateway.first_key is not None
    api = Api(create_app(house.gateway), house.gateway.first_key.secret)
    made = await upload(api, b"while there was room")
    free = 0.01
    assert (await upload(api, b"no more", status=507))["code"] == "storage_full"
    assert (await download(api, made["id"])).body == b"while there was room"
    assert await house.gateway.can_write()
    free = 0.5
    await upload(api, b"again")


@one_database
async def test_media_can_live_in_s3(open_house: OpenHouse, s3_server: S3Server, s3_bucket: str, tmp_path: Path) -> None:
    settings = {
        "media_store": f"s3://{s3_bucket}/media",
        "s3_endpoint": s3_server.endpoint,
        "s3_access_key": s3_server.access_key,
        "s3_secret_key": s3_server.secret_key,
    }
    house = await open_house(settings=settings)
    assert house.gateway.first_key is not None
    key = house.gateway.first_key.secret
    made = await upload(Api(create_app(house.gateway), key), bytes(range(256)) * 30_000)
    await house.restart()
    api = Api(create_app(house.gateway), key)
    answered = await download(api, made["id"], Range="bytes=7000000-7000255")
    assert (answered.status, answered.body) == (206, (bytes(range(256)) * 2)[192:448])
    assert (await api.ask("DELETE", f"/v1/media/{made['id']}")).status == 204
    assert not (tmp_path / "data" / "media").exists()


# ---- whose it is


async def test_strangers_find_nothing(api: Api, house: House) -> None:
    made = await upload(api, b"ours")
    stranger = await another_tenant(house)
    for method, path in (("GET", ""), ("GET", "/info"), ("DELETE", "")):
        answered = await stranger.ask(method, f"/v1/media/{made['id']}{path}")
        assert (answered.status, answered.json["code"]) == (404, "media_not_found")
    theirs = await upload(stranger, b"ours")
    assert theirs["id"] != made["id"]
    assert (await api.ask("DELETE", f"/v1/media/{made['id']}")).status == 204
    assert (await stranger.ask("GET", f"/v1/media/{theirs['id']}")).body == b"ours"


async def test_what_was_deleted_is_gone(api: Api, tmp_path: Path) -> None:
    made = await upload(api, b"a canary in a file")
    assert (await api.ask("DELETE", f"/v1/media/{made['id']}")).status == 204
    for method, path in (("GET", ""), ("GET", "/info"), ("DELETE", "")):
        assert (await api.ask(method, f"/v1/media/{made['id']}{path}")).json["code"] == "media_not_found"
    assert [path for path in (tmp_path / "data" / "media").rglob("*") if path.is_file()] == []


async def test_media_outlive_a_restart(house: House) -> None:
    assert house.gateway.first_key is not None
    key = house.gateway.first_key.secret
    made = await upload(Api(create_app(house.gateway), key), b"durable")
    await house.restart()
    again = Api(create_app(house.gateway), key)
    assert await again.get(f"/v1/media/{made['id']}/info") == made
    assert (await download(again, made["id"])).body == b"durable"


async def another_tenant(house: House) -> Api:
    """The API, asked by somebody else."""
    other = Principal.system(tenant_id(house.clock.now_ms()))
    issued = await house.gateway.access.create_key(other, name="other", scopes=list(Scope))
    return Api(create_app(house.gateway), issued.secret)
