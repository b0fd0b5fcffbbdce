"""What a file is, told from its first bytes. What a client says of it is a claim, and is checked against this."""

from __future__ import annotations

import codecs
import mimetypes
import re
from collections.abc import Callable
from dataclasses import dataclass

from wagate.domain.errors import InvalidMedia

HEAD = 64 * 1024
"""How many bytes are enough."""

BYTES = "application/octet-stream"

_VISIBLE = ("image", "video", "audio")


@dataclass(frozen=True, slots=True)
class _Magic:
    mime: str
    prefix: bytes
    at: int = 0
    also: bytes = b""
    also_at: int = 0

    def fits(self, head: bytes) -> bool:
        return head.startswith(self.prefix, self.at) and head.startswith(self.also, self.also_at)


_MAGIC = (
    _Magic("image/jpeg", b"\xff\xd8\xff"),
    _Magic("image/png", b"\x89PNG\r\n\x1a\n"),
    _Magic("image/gif", b"GIF87a"),
    _Magic("image/gif", b"GIF89a"),
    _Magic("image/webp", b"RIFF", also=b"WEBP", also_at=8),
    _Magic("image/bmp", b"BM", also=b"\0\0\0\0", also_at=6),
    _Magic("image/tiff", b"II*\0"),
    _Magic("image/tiff", b"MM\0*"),
    _Magic("audio/wav", b"RIFF", also=b"WAVE", also_at=8),
    _Magic("video/x-msvideo", b"RIFF", also=b"AVI ", also_at=8),
    _Magic("audio/ogg", b"OggS"),
    _Magic("audio/flac", b"fLaC"),
    _Magic("audio/amr", b"#!AMR"),
    _Magic("audio/mpeg", b"ID3"),
    _Magic("video/webm", b"\x1aE\xdf\xa3"),
    _Magic("video/quicktime", b"moov", 4),
    _Magic("application/pdf", b"%PDF-"),
    _Magic("application/x-cfb", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"),
    _Magic("application/zip", b"PK\x03\x04"),
    _Magic("application/zip", b"PK\x05\x06"),
    _Magic("application/gzip", b"\x1f\x8b"),
    _Magic("application/x-7z-compressed", b"7z\xbc\xaf\x27\x1c"),
    _Magic("application/vnd.rar", b"Rar!\x1a\x07"),
    _Magic("application/x-elf", b"\x7fELF"),
    _Magic("application/rtf", b"{\\rtf"),
)
_MPEG_FRAME = re.compile(rb"\xff[\xe2-\xe7\xf2-\xff]", re.DOTALL)
_ADTS_FRAME = re.compile(rb"\xff[\xf0\xf1\xf8\xf9]", re.DOTALL)

_BRANDS = {
    b"heic": "image/heic",
    b"heix": "image/heic",
    b"heim": "image/heic",
    b"heis": "image/heic",
    b"hevc": "image/heic",
    b"mif1": "image/heic",
    b"msf1": "image/heic",
    b"avif": "image/avif",
    b"avis": "image/avif",
    b"M4A ": "audio/mp4",
    b"M4B ": "audio/mp4",
    b"qt  ": "video/quicktime",
}
"""The ``ftyp`` brands (ISO/IEC 14496-12, 4.3) that are not plain MP4; those that begin with ``3g`` are 3GPP."""

_IN_ZIP = (
    (b"word/", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
    (b"xl/", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    (b"ppt/", "application/vnd.openxmlformats-officedocument.presentationml.presentation"),
)
_ODF = re.compile(rb"PK\x03\x04.{26}mimetype(application/[\w.+-]{1,80}?)PK", re.DOTALL)
_PLAYLISTS = (b"#EXTM3U", b"ffconcat version", b'<?xml version="1.0"?><MPD', b"<MPD")
_CFB = {"doc": "application/msword", "xls": "application/vnd.ms-excel", "ppt": "application/vnd.ms-powerpoint"}


def sniff(head: bytes, filename: str | None = None) -> str:
    """The MIME type of a file that begins with ``head``. A name decides only between types that look alike.

    Raises InvalidMedia for playlists: they are not media, but orders to fetch some.
    """
    if head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(_PLAYLISTS):
        raise InvalidMedia("A playlist is not media; upload the file that it points to")
    found = next((magic.mime for magic in _MAGIC if magic.fits(head)), None)
    if found is None and head[4:8] == b"ftyp":
        brand = head[8:12]
        found = "video/3gpp" if brand.startswith(b"3g") else _BRANDS.get(brand, "video/mp4")
    if found is not None:
        refine = _REFINED.get(found)
        return refine(head, filename) if refine else found
    if _ADTS_FRAME.match(head):
        return "audio/aac"
    if _MPEG_FRAME.match(head):
        return "audio/mpeg"
    return _text(head, filename)


def check_claim(mime: str, claimed: str | None, filename: str | None) -> None:
    """Refuse a file that is said to be an image, a video or a sound, and is something else. Raises InvalidMedia.

    Between video and sound nobody is pedantic: one container serves both.
    """
    guess = mimetypes.guess_type(filename, strict=False)[0] if filename else None
    for said in (claimed, guess):
        family = (said or "").partition("/")[0].strip().lower()
        if family in _VISIBLE and _family(family) != _family(mime.partition("/")[0]):
            raise InvalidMedia(f"The file says that it is {family}, but its content is {mime}")


def _family(kind: str) -> str:
    return "audio" if kind == "video" else kind


def _zip(head: bytes, _filename: str | None) -> str:
    odf = _ODF.match(head)
    if odf:
        return odf[1].decode("ascii")
    if b"[Content_Types].xml" in head or b"_rels/" in head:
        return next((mime for inner, mime in _IN_ZIP if inner in head), "application/zip")
    return "application/zip"


def _cfb(_head: bytes, filename: str | None) -> str:
    return _CFB.get((filename or "").rpartition(".")[2].lower(), "application/x-cfb")


def _text(head: bytes, filename: str | None) -> str:
    if b"\0" in head:
        return BYTES
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return BYTES
    guess = mimetypes.guess_type(filename, strict=False)[0] if filename else None
    return guess if guess in _TEXTS else "text/plain"


# What text is called is the writer's choice; none of these is ever shown as a page by us.
_TEXTS = frozenset({"text/csv", "text/html", "text/markdown", "text/calendar", "text/vcard", "application/json"})
_REFINED: dict[str, Callable[[bytes, str | None], str]] = {"application/zip": _zip, "application/x-cfb": _cfb}
