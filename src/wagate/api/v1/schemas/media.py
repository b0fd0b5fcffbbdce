"""Media on the wire."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

from pydantic import Field, StringConstraints

from wagate.api.v1.schemas.parts import Asked, Line, Moment, Shown, example
from wagate.domain.media import MediaKind, MediaState

MIN_EDGE, MAX_EDGE = 64, 8192

Filename = Annotated[Line, StringConstraints(min_length=1, max_length=1000)]


class UploadMedia(Asked):
    """A file to keep, by its URL or inside the request."""

    model_config = example(
        {
            "base64": "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJg"
            "gg==",
            "filename": "dot.png",
            "type": "image",
        }
    )

    url: Annotated[Line, StringConstraints(min_length=1, max_length=4000)] | None = Field(
        default=None, description="Where the file is: http or https, on the public internet."
    )
    base64: str | None = Field(
        default=None, min_length=1, description="The file itself, at most 8 MB. Larger ones go as multipart/form-data."
    )
    filename: Filename | None = Field(default=None, description="Its name, for whoever saves it.")
    type: MediaKind | None = Field(
        default=None,
        description="What it is to be sent as. It is converted to fit where that is possible: any sound becomes a "
        "voice note, any image a sticker, HEIC and others a JPEG. Without it, it is kept as it is.",
    )
    max_edge: int | None = Field(
        default=None,
        ge=MIN_EDGE,
        le=MAX_EDGE,
        description="For images: make it a JPEG whose longer edge has at most so many pixels.",
    )


class FormFields(Asked):
    """The plain fields of a form, which stand before ``file``."""

    filename: Filename | None = None
    type: MediaKind | None = None
    max_edge: int | None = Field(default=None, ge=MIN_EDGE, le=MAX_EDGE)


class Media(Shown):
    """A file, or the promise of one."""

    EXAMPLE: ClassVar[dict[str, Any]] = {
        "id": "med_01KAGQ9C3E6H9K2N5Q8T1W4Y7Z",
        "url": "/v1/media/med_01KAGQ9C3E6H9K2N5Q8T1W4Y7Z",
        "type": "image",
        "state": "ready",
        "mime": "image/png",
        "size": 70,
        "sha256": "c414cd0e204de974f73753c7e28d7638e7b3691bb8b1a2bab6b25bb7fed7ce77",
        "filename": "dot.png",
        "width": 1,
        "height": 1,
        "duration_s": None,
        "waveform": None,
        "thumbnail_url": "/v1/media/med_01KAGQ9C3E6H9K2N5Q8T1W4Y7Z/thumbnail",
        "created_at": "2026-11-20T09:15:27.123Z",
    }
    model_config = example(EXAMPLE)

    id: str
    url: str = Field(description="The path of its bytes in this API.")
    type: MediaKind = Field(description="What it is sent as.")
    state: MediaState = Field(
        description="`ready`, `pending` (on its way), `omitted` (left out by policy, or deleted), `expired` (no longer "
        "kept), `failed`."
    )
    mime: str = Field(description="Told from its content.")
    size: int | None = Field(description="In bytes.")
    sha256: str | None
    filename: str | None
    width: int | None = Field(description="In pixels, as seen.")
    height: int | None
    duration_s: float | None
    waveform: str | None = Field(description="Of voice notes: 64 bytes of 0 to 100, in base64.")
    thumbnail_url: str | None = Field(description="The path of a small picture of it; null where there is none.")
    created_at: Moment
