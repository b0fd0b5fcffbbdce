"""What is behind the first link of a text: looked up once, when its sender asks for that, and sent along with it.

The page is fetched through the one way out, like everything that users name. A page that cannot be fetched, or says
nothing of itself, costs the message nothing but its preview.
"""

from __future__ import annotations

import asyncio
import re
import tempfile
from collections.abc import AsyncIterator
from html.parser import HTMLParser
from typing import Final
from urllib.parse import urljoin

import structlog
from typing_extensions import override

from wagate.domain.content import LinkPreview
from wagate.domain.errors import GatewayError
from wagate.ports.egress import Egress
from wagate.ports.inspector import Inspector

LOOK_UP_S: Final = 6.0
"""How long a page and its picture may take together."""

MAX_TITLE_CHARS: Final = 300
MAX_DESCRIPTION_CHARS: Final = 500
_MAX_PAGE: Final = 512 * 1024
"""Bytes of a page that are read: what says what it is stands at its top."""

_MAX_PICTURE: Final = 5 * 1024 * 1024
_LINK: Final = re.compile(r"https?://[^\s<>\"']+", re.IGNORECASE)
_TRAILING: Final = ".,;:!?)]}…"
_CHARSET: Final = re.compile(rb"""charset=["']?([A-Za-z0-9_-]{1,40})""", re.IGNORECASE)
_PICTURES: Final = ((b"\xff\xd8\xff", "image/jpeg"), (b"\x89PNG\r\n", "image/png"), (b"GIF8", "image/gif"))

_log = structlog.get_logger(__name__)


def first_link(text: str) -> str | None:
    """The first web address in a text, without the punctuation of the sentence around it."""
    found = _LINK.search(text)
    return None if found is None else found.group().rstrip(_TRAILING)


class Previews:
    """Looks pages up."""

    def __init__(self, egress: Egress, inspector: Inspector) -> None:
        """``inspector`` makes the small pictures."""
        self._egress = egress
        self._inspector = inspector

    async def of(self, text: str) -> LinkPreview | None:
        """What is behind the first link of a text; None when there is no link, or nothing to say about it."""
        link = first_link(text)
        if link is None:
            return None
        try:
            async with asyncio.timeout(LOOK_UP_S):
                return await self._look_up(link)
        except (GatewayError, TimeoutError) as error:
            _log.info("link_without_preview", reason=type(error).__name__)
            return None

    async def _look_up(self, link: str) -> LinkPreview | None:
        async with self._egress.get(link) as fetched:
            if fetched.mime not in ("text/html", "application/xhtml+xml"):
                return None
            page = await _beginning(fetched.chunks, _MAX_PAGE)
        told = await asyncio.to_thread(_read, page)
        title, description = told.best("og:title", "twitter:title", "title"), told.best("og:description", "description")
        if not title:
            return None
        picture = told.best("og:image", "og:image:url", "twitter:image")
        thumbnail = await self._picture(urljoin(link, picture)) if picture else None
        return LinkPreview(link, title[:MAX_TITLE_CHARS], description[:MAX_DESCRIPTION_CHARS] or None, thumbnail)

    async def _picture(self, url: str) -> bytes | None:
        try:
            async with self._egress.get(url) as fetched:
                picture = await _beginning(fetched.chunks, _MAX_PICTURE + 1)
            mime = next((mime for magic, mime in _PICTURES if picture.startswith(magic)), None)
            if picture[:4] == b"RIFF" and picture[8:12] == b"WEBP":
                mime = "image/webp"
            if mime is None or len(picture) > _MAX_PICTURE:
                return None
            with tempfile.TemporaryFile() as file:
                file.write(picture)
                file.flush()
                return (await self._inspector.inspect(file.fileno(), mime)).thumbnail
        except GatewayError as error:
            _log.info("preview_without_picture", reason=type(error).__name__)
            return None


async def _beginning(chunks: AsyncIterator[bytes], size: int) -> bytes:
    """The first bytes of a body, at most so many."""
    taken = bytearray()
    async for chunk in chunks:
        taken += chunk[: size - len(taken)]
        if len(taken) >= size:
            break
    return bytes(taken)


class _Head(HTMLParser):
    """Collects what a page says of itself in its head (https://ogp.me, HTML's own ``title`` and ``description``)."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._told: dict[str, str] = {}
        self._title: list[str] | None = None

    def best(self, *names: str) -> str:
        """The first of some words that the page says, on one line; empty when it says none."""
        return next((found for name in names if (found := " ".join(self._told.get(name, "").split()))), "")

    @override
    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "meta":
            told = {name: value or "" for name, value in attrs}
            name = (told.get("property") or told.get("name") or "").lower()
            if name and told.get("content"):
                self._told.setdefault(name, told["content"])
        elif tag == "title" and "title" not in self._told:
            self._title = []

    @override
    def handle_data(self, data: str) -> None:
        if self._title is not None:
            self._title.append(data)

    @override
    def handle_endtag(self, tag: str) -> None:
        if tag == "title" and self._title is not None:
            self._told["title"] = "".join(self._title)
            self._title = None


def _read(page: bytes) -> _Head:
    head = _Head()
    head.feed(_decoded(page))
    return head


def _decoded(page: bytes) -> str:
    named = _CHARSET.search(page[:4096])
    try:
        return page.decode(named[1].decode() if named else "utf-8", "replace")
    except LookupError:
        return page.decode("utf-8", "replace")
