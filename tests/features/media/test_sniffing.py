"""What files are, told from their first bytes."""

import io
import zipfile

import pytest

from fixtures import samples
from wagate.domain.errors import InvalidMedia
from wagate.features.media.filenames import clean
from wagate.features.media.sniffing import BYTES, check_claim, sniff


def zipped(*names: str, first: tuple[str, bytes] | None = None) -> bytes:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as archive:
        if first is not None:
            archive.writestr(zipfile.ZipInfo(first[0]), first[1], zipfile.ZIP_STORED)
        for name in names:
            archive.writestr(name, b"content")
    return written.getvalue()


_OOXML = "application/vnd.openxmlformats-officedocument"

KNOWN = {
    "image/jpeg": samples.image("JPEG"),
    "image/png": samples.image("PNG"),
    "image/gif": samples.image("GIF"),
    "image/webp": samples.image("WEBP"),
    "image/bmp": samples.image("BMP"),
    "image/tiff": samples.image("TIFF"),
    "image/avif": samples.image("AVIF"),
    "image/heic": samples.heic(),
    "audio/wav": samples.sound("wav", 0.2),
    "audio/mpeg": samples.sound("mp3", 0.2),
    "audio/ogg": samples.sound("ogg", 0.2),
    "audio/aac": samples.sound("adts", 0.2),
    "audio/flac": samples.sound("flac", 0.2),
    "audio/amr": b"#!AMR\n\x04" + bytes(50),
    "audio/mp4": b"\0\0\0\x18ftypM4A \0\0\0\0",
    "video/mp4": samples.video(0.3),
    "video/3gpp": b"\0\0\0\x18ftyp3gp5\0\0\0\0",
    "video/quicktime": b"\0\0\0\x14ftypqt  \0\0\0\0",
    "video/webm": b"\x1aE\xdf\xa3" + bytes(20),
    "application/pdf": b"%PDF-1.7\n",
    "application/zip": zipped("a.txt"),
    f"{_OOXML}.wordprocessingml.document": zipped("[Content_Types].xml", "word/document.xml"),
    f"{_OOXML}.spreadsheetml.sheet": zipped("[Content_Types].xml", "xl/workbook.xml"),
    f"{_OOXML}.presentationml.presentation": zipped("[Content_Types].xml", "ppt/presentation.xml"),
    "application/vnd.oasis.opendocument.text": zipped(
        "content.xml", first=("mimetype", b"application/vnd.oasis.opendocument.text")
    ),
    "application/gzip": b"\x1f\x8b\x08\0",
    "application/x-elf": b"\x7fELF\x02",
    "text/plain": "Grüße, 世界\n".encode(),
    BYTES: b"\x00\x01\x02",
}


@pytest.mark.parametrize("mime", KNOWN)
def test_a_file_is_recognised(mime: str) -> None:
    assert sniff(KNOWN[mime]) == mime


@pytest.mark.parametrize(
    ("name", "head", "mime"),
    [
        ("list.csv", b"a,b\n1,2\n", "text/csv"),
        ("page.html", b"<html></html>", "text/html"),
        ("letter.doc", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "application/msword"),
        ("picture.jpg", b"just text", "text/plain"),
        ("program.exe", b"just text", "text/plain"),
        ("list.csv", b"\0\1", BYTES),
    ],
)
def test_a_name_decides_only_between_what_looks_alike(name: str, head: bytes, mime: str) -> None:
    assert sniff(head, name) == mime


@pytest.mark.parametrize(
    "head",
    [b"#EXTM3U\nx", b"\xef\xbb\xbf#EXTM3U", b"\n\n #EXTM3U", b"ffconcat version 1.0\n", b'<?xml version="1.0"?><MPD>'],
)
@pytest.mark.parametrize("name", ["film.mp4", "list.m3u8", None])
def test_a_playlist_is_never_media(head: bytes, name: str | None) -> None:
    with pytest.raises(InvalidMedia, match="playlist"):
        sniff(head, name)


@pytest.mark.parametrize(
    ("mime", "claimed", "name"),
    [
        ("application/zip", None, "photo.jpg"),
        ("application/zip", "image/jpeg", None),
        ("text/html", "image/png", "x.png"),
        ("text/plain", None, "song.mp3"),
        ("application/pdf", "video/mp4", None),
        ("image/png", "audio/mpeg", None),
        ("audio/mpeg", None, "photo.heic"),
        ("text/html", None, "picture.svg"),
        ("application/x-elf", "IMAGE/JPEG", None),
    ],
)
def test_a_file_that_is_not_what_it_says_is_refused(mime: str, claimed: str | None, name: str | None) -> None:
    with pytest.raises(InvalidMedia, match="says that it is"):
        check_claim(mime, claimed, name)


@pytest.mark.parametrize(
    ("mime", "claimed", "name"),
    [
        ("image/png", "image/jpeg", "x.jpg"),
        ("audio/ogg", "video/ogg", None),
        ("video/mp4", "audio/mp4", "voice.m4a"),
        ("application/zip", "application/octet-stream", "x.zip"),
        ("image/png", "application/octet-stream", "x.bin"),
        ("text/plain", None, None),
        ("image/png", "nonsense", "x"),
    ],
)
def test_a_claim_that_is_near_enough_is_no_fault(mime: str, claimed: str | None, name: str | None) -> None:
    check_claim(mime, claimed, name)


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        (None, None),
        ("", None),
        ("...", None),
        ("photo.jpg", "photo.jpg"),
        ("Grüße an 世界.pdf", "Grüße an 世界.pdf"),
        ("../../etc/passwd", "passwd"),
        ("..\\..\\boot.ini", "boot.ini"),
        ("C:\\Users\\x\\a.txt", "a.txt"),
        ("/etc/", None),
        ("a\r\nSet-Cookie: x=1.txt", "aSet-Cookie x=1.txt"),
        ("nul\0byte.txt", "nulbyte.txt"),
        ("gpj.\u202eexe.jpg", "gpj.exe.jpg"),
        ('quo"te<>|?*.txt', "quote.txt"),
        ("  .hidden. ", "hidden"),
        ("e\u0301.txt", "\u00e9.txt"),
        ("x" * 300 + ".pdf", "x" * 196 + ".pdf"),
        ("x" * 300, "x" * 200),
        ("\ud800.txt", "txt"),
    ],
)
def test_a_name_is_kept_for_people(given: str | None, kept: str | None) -> None:
    assert clean(given) == kept
