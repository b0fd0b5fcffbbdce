"""Images, with Pillow: measured, shown in small, made into stickers and JPEGs."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from typing import BinaryIO

import pi_heif
from PIL import Image, ImageOps, ImageSequence, UnidentifiedImageError

from wagate.adapters.inspector.jobs import Refused
from wagate.domain.media import ANIMATED_STICKER_BYTES, MAX_PIXELS, STICKER_BYTES, STICKER_EDGE
from wagate.ports.inspector import Inspected

THUMBNAIL_EDGE = 96
THUMBNAIL_BYTES = 16_000

_FORMATS = {
    "image/jpeg": "JPEG",
    "image/png": "PNG",
    "image/gif": "GIF",
    "image/webp": "WEBP",
    "image/bmp": "BMP",
    "image/tiff": "TIFF",
    "image/heic": "HEIF",
    "image/avif": "AVIF",
}
_QUALITIES = (90, 75, 60, 45, 30, 15, 5)
_MAX_FRAMES = 1000
_STICKER_FRAMES = 120
_LEAST_FRAME_MS = 20
_FRAME_MS = 100


def prepare() -> None:
    """Load every decoder now: a confined process cannot load any."""
    pi_heif.register_heif_opener(thumbnails=False)
    Image.init()
    Image.MAX_IMAGE_PIXELS = None  # measured by ourselves, with a limit that is an error and not a warning
    for name in ("JPEG", "PNG", "WEBP"):
        written = BytesIO()
        Image.new("RGB", (8, 8)).save(written, name)
        written.seek(0)
        with Image.open(written) as opened:
            opened.load()


def inspect(file: BinaryIO, mime: str) -> Inspected:
    """Measure an image and show it in small. Raises Refused."""
    with _opened(file, mime) as image:
        width, height = _upright_size(image)
        is_animated = bool(getattr(image, "is_animated", False))
        small = thumbnail(image)
    return Inspected(mime, width, height, is_animated=is_animated, thumbnail=small)


def picture(file: BinaryIO, target: BinaryIO, mime: str, max_edge: int) -> Inspected:
    """Write a JPEG that WhatsApp's clients show. Raises Refused."""
    with _opened(file, mime) as image:
        if image.format == "JPEG":
            image.draft("RGB", (max_edge, max_edge))
        made = _opaque(ImageOps.exif_transpose(image))
    made.thumbnail((max_edge, max_edge), Image.Resampling.LANCZOS)
    made.save(target, "JPEG", quality=85, optimize=True)
    return Inspected("image/jpeg", made.width, made.height, thumbnail=thumbnail(made))


def portrait(file: BinaryIO, target: BinaryIO, mime: str, edge: int) -> Inspected:
    """Write the middle of an image as a square JPEG. Raises Refused."""
    with _opened(file, mime) as image:
        if image.format == "JPEG":
            image.draft("RGB", (edge * 2, edge * 2))
        made = ImageOps.fit(_opaque(ImageOps.exif_transpose(image)), (edge, edge), Image.Resampling.LANCZOS)
    made.save(target, "JPEG", quality=80, optimize=True)
    return Inspected("image/jpeg", edge, edge)


def sticker(file: BinaryIO, target: BinaryIO, mime: str) -> Inspected:
    """Write a sticker, with the best quality that fits. Raises Refused."""
    with _opened(file, mime) as image:
        animated = bool(getattr(image, "is_animated", False))
        limit = ANIMATED_STICKER_BYTES if animated else STICKER_BYTES
        if mime == "image/webp" and image.size == (STICKER_EDGE, STICKER_EDGE) and _length(file) <= limit:
            small = thumbnail(image)
            file.seek(0)
            target.write(file.read())
            return Inspected(mime, STICKER_EDGE, STICKER_EDGE, is_animated=animated, thumbnail=small)
        frames, durations = _frames(image) if animated else ([_square(image)], [])
    small = thumbnail(frames[0])
    for written in _attempts(frames, durations):
        if len(written) <= limit:
            target.write(written)
            return Inspected("image/webp", STICKER_EDGE, STICKER_EDGE, is_animated=animated, thumbnail=small)
    raise Refused(f"As a sticker it would have more than {limit} bytes")


def thumbnail(image: Image.Image) -> bytes | None:
    """A small JPEG of an image, of its first frame if it has several."""
    if image.format == "JPEG":
        image.draft("RGB", (THUMBNAIL_EDGE * 2, THUMBNAIL_EDGE * 2))
    small = image.copy()
    small.thumbnail((THUMBNAIL_EDGE, THUMBNAIL_EDGE), Image.Resampling.BICUBIC)
    written = BytesIO()
    _opaque(ImageOps.exif_transpose(small)).save(written, "JPEG", quality=60)
    return written.getvalue() if written.tell() <= THUMBNAIL_BYTES else None


def check_size(width: int, height: int) -> None:
    """Refuse what would take too much memory. Raises Refused."""
    if width < 1 or height < 1 or width * height > MAX_PIXELS:
        raise Refused(f"It has {width} x {height} pixels; {MAX_PIXELS} are the most")


def _opened(file: BinaryIO, mime: str) -> Image.Image:
    name = _FORMATS.get(mime)
    if name is None:
        raise Refused(f"Images of the type {mime} are not read")
    try:
        image = Image.open(file, formats=[name])
    except UnidentifiedImageError:
        raise Refused("The image is damaged") from None
    check_size(*image.size)
    if getattr(image, "n_frames", 1) > _MAX_FRAMES:
        raise Refused(f"It has more than {_MAX_FRAMES} frames")
    return image


def _upright_size(image: Image.Image) -> tuple[int, int]:
    turned = image.getexif().get(0x0112, 1) in (5, 6, 7, 8)  # Orientation, EXIF 2.3, 4.6.4
    return (image.height, image.width) if turned else image.size


def _opaque(image: Image.Image) -> Image.Image:
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        image = image.convert("RGBA")
        ground = Image.new("RGB", image.size, "white")
        ground.paste(image, mask=image.getchannel("A"))
        return ground
    return image.convert("RGB")


def _square(image: Image.Image) -> Image.Image:
    """The image in the middle of a transparent square of a sticker's size."""
    whole = image.convert("RGBA") if getattr(image, "is_animated", False) else ImageOps.exif_transpose(image)
    fitted = ImageOps.contain(whole.convert("RGBA"), (STICKER_EDGE, STICKER_EDGE), Image.Resampling.LANCZOS)
    square = Image.new("RGBA", (STICKER_EDGE, STICKER_EDGE))
    square.paste(fitted, ((STICKER_EDGE - fitted.width) // 2, (STICKER_EDGE - fitted.height) // 2))
    return square


def _frames(image: Image.Image) -> tuple[list[Image.Image], list[int]]:
    """The frames of an animation with their times in ms: so many at most, spread over the whole."""
    step = -(-int(getattr(image, "n_frames", 1)) // _STICKER_FRAMES)
    frames: list[Image.Image] = []
    durations: list[int] = []
    for number, frame in enumerate(ImageSequence.Iterator(image)):
        frame.load()  # WebP tells how long a frame lasts only then
        duration = max(int(frame.info.get("duration", 0)) or _FRAME_MS, _LEAST_FRAME_MS)
        if number % step:
            durations[-1] += duration
        else:
            frames.append(_square(frame))
            durations.append(duration)
    return frames, durations


def _attempts(frames: list[Image.Image], durations: list[int]) -> Iterator[bytes]:
    """The same sticker again and again, smaller each time."""
    for quality in _QUALITIES:
        written = BytesIO()
        if durations:
            frames[0].save(
                written,
                "WEBP",
                save_all=True,
                append_images=frames[1:],
                duration=durations,
                loop=0,
                quality=quality,
                method=2,
                minimize_size=False,
            )
        else:
            frames[0].save(written, "WEBP", quality=quality, method=4)
        yield written.getvalue()


def _length(file: BinaryIO) -> int:
    place = file.tell()
    length = file.seek(0, 2)
    file.seek(place)
    return length
