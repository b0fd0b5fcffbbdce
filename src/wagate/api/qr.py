"""QR codes as pictures. Drawing one takes about 10 ms of pure Python, so it happens in a thread."""

from __future__ import annotations

import io
from asyncio import to_thread
from enum import StrEnum


class QrForm(StrEnum):
    """How a caller wants to see a QR code."""

    JSON = "json"
    PNG = "png"
    SVG = "svg"


MEDIA_TYPES = {QrForm.JSON: "application/json", QrForm.PNG: "image/png", QrForm.SVG: "image/svg+xml"}

_SCALE = 8
_BORDER = 4  # modules of white around the code, as ISO/IEC 18004 asks


def form_for(accept: str) -> QrForm | None:
    """The form that an Accept header prefers; JSON when it does not care, None when it allows none of them."""
    best: tuple[float, int, QrForm] | None = None
    for part in (accept or "*/*").split(","):
        media, quality = _media_range(part)
        for rank, form in enumerate(QrForm):
            if quality > 0 and _covers(media, MEDIA_TYPES[form]):
                candidate = (quality, -rank, form)
                best = max(best, candidate) if best else candidate
    return best[2] if best else None


async def draw(text: str, form: QrForm) -> bytes:
    """A QR code as a PNG or SVG file. Error correction M, as WhatsApp's own clients show it."""
    return await to_thread(_draw, text, form)


async def data_url(text: str) -> str:
    """A QR code as a PNG inside a ``data:`` URL, ready for an ``<img>``."""
    return await to_thread(_data_url, text)


def _draw(text: str, form: QrForm) -> bytes:
    import segno

    picture = io.BytesIO()
    segno.make_qr(text, error="m").save(picture, kind=form.value, scale=_SCALE, border=_BORDER)
    return picture.getvalue()


def _data_url(text: str) -> str:
    import segno

    return str(segno.make_qr(text, error="m").png_data_uri(scale=_SCALE, border=_BORDER))


def _media_range(part: str) -> tuple[str, float]:
    media, *parameters = (piece.strip() for piece in part.split(";"))
    quality = 1.0
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "q":
            try:
                quality = float(value)
            except ValueError:
                quality = 0.0
    return media.lower(), quality


def _covers(media: str, wanted: str) -> bool:
    return media in ("*/*", wanted, wanted.partition("/")[0] + "/*")
