"""Files of messages that arrived: announced in the message's own transaction, and gone with what is left of it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from wagate.domain.ids import SessionId, media_id
from wagate.domain.media import Media, MediaState
from wagate.features.media.filenames import clean
from wagate.features.media.policy import MediaPolicy
from wagate.features.media.repository import origins
from wagate.features.media.repository import rows as repository
from wagate.features.media.repository.origins import Wanted
from wagate.features.media.sniffing import BYTES
from wagate.ports.files import ArrivedFile
from wagate.store.scoped import Scoped, SessionScope
from wagate.store.script import Script
from wagate.store.sealed import Box, Sealer, Unsealable

MAX_THUMBNAIL = 64 * 1024
"""Bytes of a small picture that came with a message; a larger one is left out."""

_MIME = re.compile(r"[a-z0-9.+-]{1,60}/[a-z0-9.+-]{1,100}(; ?codecs=[a-z0-9.,]{1,40})?\Z", re.ASCII)
_PICTURES = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n")
_MOST = 2**53
_WAVEFORM = 64
_LONG_AGO = 0
"""Since when a blob is doomed at whose removal nobody is: the sweeper does not wait for anybody."""


class Arrivals:
    """What is known of files before their bytes are here. The scripts are parts of write scripts."""

    def __init__(self, sealer: Sealer, policy: MediaPolicy, limits: Mapping[SessionId, int]) -> None:
        """``policy`` says what is fetched at once, but for sessions with ``limits`` of their own, in bytes.

        What engines need for that is sealed by ``sealer``.
        """
        self._sealer = sealer
        self._policy = policy
        self._limits = limits
        self._noted: Callable[[], None] = lambda: None

    def serve(self, noted: Callable[[], None]) -> None:
        """Have somebody told, inside the script, that a file was announced. Before the first one is."""
        self._noted = noted

    def promised(self, scope: Scoped, file: ArrivedFile, now_ms: int) -> Media:
        """The media for a file that a message announces. Whoever wrote that may have said anything."""
        mime = file.mime.strip().lower()
        return Media(
            id=media_id(now_ms),
            tenant=scope.tenant,
            state=MediaState.FAILED if file.reference is None else MediaState.PENDING,
            kind=file.kind,
            mime=mime if _MIME.match(mime) else BYTES,
            size=_sane(file.size),
            sha256=file.sha256,
            filename=clean(file.filename),
            width=_sane(file.width),
            height=_sane(file.height),
            duration_ms=_sane(file.duration_ms),
            waveform=_waveform(file.waveform),
            created_at=now_ms,
            has_thumbnail=_picture(file.thumbnail) is not None,
        )

    def announce(
        self, scope: SessionScope, media: Media, file: ArrivedFile, holder: str, *, at_once: bool = True
    ) -> Script[None]:
        """Keep what was promised, for whoever shows it, and where it is to be had.

        Unless it may be fetched ``at_once``, where it is small enough for that, it is when somebody asks for it.
        """
        yield from repository.add_media(media, _picture(file.thumbnail))
        yield from repository.refer(scope, media.id, holder, needs_bytes=False)
        if file.reference is not None:
            limit = self._limits.get(scope.session, self._policy.eager_bytes)
            is_eager = at_once and media.size is not None and media.size <= limit
            sealed = self._box(scope.session).seal(media.id, file.reference)
            self._noted()
            yield from origins.add_origin(media, scope.session, sealed, media.created_at if is_eager else None)

    def reference(self, wanted: Wanted) -> bytes | None:
        """What the engine needs to fetch a media; None when it was sealed with a key that is lost."""
        try:
            return self._box(wanted.session).open(wanted.media, wanted.sealed)
        except Unsealable:
            return None

    def _box(self, session: SessionId) -> Box:
        return self._sealer.box(f"media_origin|{session}")


def dismiss(scope: Scoped, media: str, holder: str) -> Script[None]:
    """Something shows a media no more. One that came with a message goes with the last that showed it.

    The sweeper removes its bytes.
    """
    yield from repository.unrefer(scope, holder)
    shown, _ = yield from repository.references(scope, media)
    if not shown and (yield from origins.arrived_from_somewhere(scope, media)):
        yield from repository.remove_media(scope, media, _LONG_AGO)


def _sane(number: int | None) -> int | None:
    return number if number is not None and 0 <= number < _MOST else None


def _waveform(told: bytes | None) -> bytes | None:
    return told if told is not None and len(told) == _WAVEFORM and max(told) <= 100 else None


def _picture(told: bytes | None) -> bytes | None:
    return told if told is not None and len(told) <= MAX_THUMBNAIL and told.startswith(_PICTURES) else None
