"""What is behind a link: what pages say of themselves, and what becomes of those that say nothing or do not answer."""

from __future__ import annotations

from collections.abc import AsyncIterator
from io import BytesIO

import pytest
from aiohttp import web
from PIL import Image

from adapters.web import LOOPBACK, serving
from wagate.adapters.egress import EgressPolicy, HttpEgress
from wagate.adapters.inspector import ForkingInspector
from wagate.domain.content import LinkPreview
from wagate.features.messaging.previews import MAX_TITLE_CHARS, Previews, first_link


@pytest.mark.parametrize(
    ("text", "link"),
    [
        ("no link", None),
        ("see https://example.com/a?b=c&d=1.", "https://example.com/a?b=c&d=1"),
        ("(http://example.com)", "http://example.com"),
        ("HTTPS://EXAMPLE.COM/X and https://second.example", "HTTPS://EXAMPLE.COM/X"),
        ("javascript:alert(1) ftp://example.com", None),
    ],
)
def test_the_first_link_of_a_text(text: str, link: str | None) -> None:
    assert first_link(text) == link


PAGES: dict[str, tuple[bytes, str]] = {
    "og": (
        b'<html><head><meta property="og:title" content="A &amp; B">'
        b'<meta property="og:description" content=" two\nlines ">'
        b'<title>not this</title><meta property="og:image" content="/picture.png"></head>',
        "text/html",
    ),
    "title": (b"<TITLE>Plain\n title</TITLE><meta name=description content='about it'>", "text/html; charset=utf-8"),
    "latin": ("<meta charset=iso-8859-1><title>Caf\xe9</title>".encode("latin-1"), "text/html"),
    "long": (b"<title>" + b"x" * 1000 + b"</title>", "text/html"),
    "nothing": (b"<p>hello</p>", "text/html"),
    "unclosed": (b"<title>never ends" + b"<p>" * 300_000, "text/html"),
    "strange": (b"<meta charset=klingon><title>ok</title>", "text/html"),
    "file": (b"<title>no page</title>", "application/pdf"),
    "bad-picture": (b'<title>ok</title><meta property="og:image" content="/og">', "text/html"),
    "inside": (b'<title>ok</title><meta property="og:image" content="http://10.0.0.1/secret.png">', "text/html"),
}


@pytest.fixture
async def site() -> AsyncIterator[str]:
    picture = BytesIO()
    Image.new("RGB", (640, 480), "teal").save(picture, "PNG")

    async def answer(request: web.BaseRequest) -> web.Response:
        name = request.path.strip("/")
        if name == "picture.png":
            return web.Response(body=picture.getvalue(), content_type="image/png")
        if name not in PAGES:
            raise web.HTTPNotFound
        page, mime = PAGES[name]
        return web.Response(body=page, headers={"Content-Type": mime})

    async with serving(answer) as port:
        yield f"http://127.0.0.1:{port}"


@pytest.fixture
async def previews() -> AsyncIterator[Previews]:
    inspector = ForkingInspector()
    yield Previews(HttpEgress(EgressPolicy(allowed=LOOPBACK)), inspector)
    await inspector.close()


async def test_a_page_is_shown_with_its_picture(site: str, previews: Previews) -> None:
    found = await previews.of(f"look: {site}/og, nice")
    assert found is not None
    assert (found.link, found.title, found.description) == (f"{site}/og", "A & B", "two lines")
    assert found.thumbnail is not None
    with Image.open(BytesIO(found.thumbnail)) as shown:
        assert (shown.format, max(shown.size) <= 640) == ("JPEG", True)


@pytest.mark.parametrize(
    ("name", "title", "description"),
    [
        ("title", "Plain title", "about it"),
        ("latin", "Café", None),
        ("long", "x" * MAX_TITLE_CHARS, None),
        ("strange", "ok", None),
        ("bad-picture", "ok", None),
        ("inside", "ok", None),
    ],
)
async def test_what_pages_say(site: str, previews: Previews, name: str, title: str, description: str | None) -> None:
    assert await previews.of(f"{site}/{name}") == LinkPreview(f"{site}/{name}", title, description)


@pytest.mark.parametrize("name", ["nothing", "unclosed", "file", "missing"])
async def test_nothing_to_show(site: str, previews: Previews, name: str) -> None:
    assert await previews.of(f"{site}/{name}") is None


async def test_nothing_inside_this_network_is_asked(site: str) -> None:
    inspector = ForkingInspector()
    assert await Previews(HttpEgress(EgressPolicy()), inspector).of(f"{site}/title") is None
    await inspector.close()
