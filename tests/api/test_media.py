"""Media over HTTP: in by form and by JSON, out in whole and in parts."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest

from api.asgi import Answer
from api.world import Api, one_database
from fixtures import samples
from wagate.api.v1.schemas.media import Media


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
