"""Forms, however they are cut into pieces on the way."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fixtures import samples
from wagate.api.errors import InvalidMultipart
from wagate.api.multipart import PIECE, Form

_CONTENTS = st.lists(
    st.one_of(
        st.binary(max_size=200), st.sampled_from([b"\r\n", b"--", samples.BOUNDARY.encode(), b"\r\n--the-bound"])
    ),
    max_size=8,
).map(b"".join)


async def _cut(body: bytes, places: list[int]) -> AsyncIterator[bytes]:
    start = 0
    for place in [*sorted({min(place, len(body)) for place in places}), len(body)]:
        yield body[start:place]
        start = place


async def _read(body: bytes, places: list[int]) -> list[tuple[str, str | None, str | None, bytes]]:
    form = Form(samples.FORM["Content-Type"], _cut(body, places))
    found = []
    while (part := await form.part()) is not None:
        found.append((part.name, part.filename, part.mime, b"".join([piece async for piece in form.data()])))
    return found


@given(contents=st.lists(_CONTENTS, max_size=4), places=st.lists(st.integers(0, 2000), max_size=20))
@settings(max_examples=150, deadline=None)
def test_a_form_reads_the_same_however_it_is_cut(contents: list[bytes], places: list[int]) -> None:
    safe = [content.replace(b"\r\n--" + samples.BOUNDARY.encode(), b"") for content in contents]
    parts = [(f"part{number}", f"{number}.bin", "text/plain", content) for number, content in enumerate(safe)]
    assert asyncio.run(_read(samples.form(*parts), places)) == parts


@given(body=st.binary(max_size=500), places=st.lists(st.integers(0, 500), max_size=10))
@settings(max_examples=150, deadline=None)
def test_nonsense_is_refused_in_our_words(body: bytes, places: list[int]) -> None:
    for whole in (body, f"--{samples.BOUNDARY}\r\n".encode() + body):
        with pytest.raises(InvalidMultipart):
            asyncio.run(_read(whole, places))


async def test_data_comes_in_pieces_of_bounded_size() -> None:
    content = bytes(3 * PIECE)
    body = samples.file_form(content)
    form = Form(samples.FORM["Content-Type"], _cut(body, list(range(0, len(body), 65_536))))
    assert await form.part() is not None
    sizes = [len(piece) async for piece in form.data()]
    assert sum(sizes) == len(content)
    assert max(sizes) < PIECE + 65_536
    assert len(sizes) <= 5


async def test_a_part_is_read_before_the_next() -> None:
    form = Form(samples.FORM["Content-Type"], _cut(samples.form(("a", None, None, b"x"), ("b", None, None, b"y")), []))
    await form.part()
    with pytest.raises(InvalidMultipart):
        await form.part()


@pytest.mark.parametrize(
    ("given_name", "name"),
    [("plain.txt", "plain.txt"), ("Grüße.txt", "Grüße.txt"), ("a;b.txt", "a;b.txt"), ("", ""), ("../x", "../x")],
)
async def test_a_filename_is_what_the_client_says(given_name: str, name: str) -> None:
    ((_, filename, _, _),) = await _read(samples.form(("file", given_name, None, b"x")), [])
    assert filename == name
