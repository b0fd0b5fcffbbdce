"""QR codes as pictures, and which form a caller gets."""

from __future__ import annotations

from base64 import b64decode

import pytest

from wagate.api.qr import QrForm, data_url, draw, form_for

_TEXT = "2@" + "q" * 40 + ",AAAA,BBBB,CCCC"


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        ("", QrForm.JSON),
        ("*/*", QrForm.JSON),
        ("application/json", QrForm.JSON),
        ("image/png", QrForm.PNG),
        ("image/svg+xml", QrForm.SVG),
        ("image/*", QrForm.PNG),
        ("text/html,image/svg+xml;q=0.9,*/*;q=0.8", QrForm.SVG),
        ("application/json;q=0.1, image/png;q=0.2", QrForm.PNG),
        ("IMAGE/PNG", QrForm.PNG),
        ("image/png;q=0, image/svg+xml;q=0.5", QrForm.SVG),
        ("text/html", None),
        ("image/png;q=nonsense", None),
    ],
)
def test_accept_decides_the_form(accept: str, expected: QrForm | None) -> None:
    assert form_for(accept) is expected


async def test_a_png_is_a_png_and_the_data_url_holds_the_same_code() -> None:
    png = await draw(_TEXT, QrForm.PNG)
    assert png.startswith(b"\x89PNG\r\n")
    prefix, _, encoded = (await data_url(_TEXT)).partition(",")
    assert prefix == "data:image/png;base64"
    assert b64decode(encoded) == png


async def test_an_svg_is_an_svg_and_different_texts_look_different() -> None:
    svg = await draw(_TEXT, QrForm.SVG)
    assert b"<svg" in svg
    assert svg != await draw(_TEXT + "x", QrForm.SVG)
