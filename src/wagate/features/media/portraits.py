"""Profile pictures: kept media as the small square JPEG that WhatsApp wants of accounts and groups."""

from __future__ import annotations

import tempfile
from asyncio import to_thread
from typing import IO

from wagate.domain.errors import InvalidMedia, MediaTooLarge
from wagate.domain.media import RULES, MediaKind
from wagate.features.access import Principal
from wagate.features.media.service import MediaRoom
from wagate.ports.inspector import Transcoder

PORTRAIT_EDGE = 640
"""Pixels of a profile picture's edge, as WhatsApp's own clients make it."""


class Portraits:
    """Makes profile pictures of media that a tenant keeps."""

    def __init__(self, room: MediaRoom, transcoder: Transcoder) -> None:
        """Take media from ``room``."""
        self._room = room
        self._transcoder = transcoder

    async def make(self, principal: Principal, media: str) -> bytes:
        """A JPEG of 640 x 640 pixels: the middle of the image.

        Raises MediaNotFound, MediaNotReady, MediaGone, MediaTooLarge, InvalidMedia, TooBusy.
        """
        opened = await self._room.open(principal, media)
        if not opened.media.mime.startswith("image/"):
            raise InvalidMedia("A profile picture is made of an image", pointer="/media")
        if opened.size > RULES[MediaKind.IMAGE].max_bytes:
            raise MediaTooLarge("The image is too large for a profile picture", pointer="/media")
        with tempfile.TemporaryFile() as source, tempfile.TemporaryFile() as target:
            async for piece in opened.read():
                await to_thread(source.write, piece)
            await to_thread(source.seek, 0)
            await self._transcoder.portrait(source.fileno(), target.fileno(), opened.media.mime, PORTRAIT_EDGE)
            return await to_thread(_all_of, target)


def _all_of(file: IO[bytes]) -> bytes:
    file.seek(0)
    return file.read()
