"""How bytes from outside become a draft that is fit to be kept: counted, recognised, inspected, and made to fit."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass

from wagate.domain.errors import InvalidMedia, MediaTooLarge
from wagate.domain.ids import TenantId
from wagate.domain.media import RULES, STICKER_EDGE, MediaKind, kind_of
from wagate.features.media.policy import MediaPolicy
from wagate.features.media.sniffing import HEAD, check_claim, sniff
from wagate.ports.blobs import BlobStore, Draft, Measured
from wagate.ports.inspector import Inspected, Inspector, Transcoder

_INSPECTED = ("image/", "video/", "audio/")
_AS_IT_IS = frozenset({"image/jpeg", "image/png"})
_PICTURE_EDGE = 4096


@dataclass(frozen=True, slots=True)
class Claims:
    """What a client says of a file, and wants. Nothing of it is believed.

    ``kind`` is what it is to be sent as, and it is converted to fit where that is possible; None takes it as it is.
    ``max_edge`` makes an image a JPEG whose longer edge has at most so many pixels.
    """

    filename: str | None = None
    mime: str | None = None
    kind: MediaKind | None = None
    max_edge: int | None = None


@dataclass(frozen=True, slots=True)
class Taken:
    """A draft that is fit to be kept, and what it is."""

    draft: Draft
    measured: Measured
    kind: MediaKind
    found: Inspected


class Intake:
    """Takes bytes in. Whatever it opens is closed by the ``AsyncExitStack`` that it is given."""

    def __init__(self, blobs: BlobStore, inspector: Inspector, transcoder: Transcoder, policy: MediaPolicy) -> None:
        """Drafts are made in ``blobs``."""
        self._blobs = blobs
        self._inspector = inspector
        self._transcoder = transcoder
        self._policy = policy

    async def take(
        self, opened: AsyncExitStack, tenant: TenantId, chunks: AsyncIterator[bytes], claims: Claims
    ) -> Taken:
        """A file that is to be sent. Raises InvalidMedia, MediaTooLarge, TooBusy, StorageFull, StorageUnavailable."""

        def judge(head: bytes) -> tuple[str, int]:
            mime = sniff(head, claims.filename)
            check_claim(mime, claims.mime, claims.filename)
            kind = claims.kind or kind_of(mime)
            return mime, self._policy.source_limit(kind, is_resized=claims.max_edge is not None)

        draft, measured, mime = await self._receive(opened, tenant, chunks, judge)
        return await self._fitted(opened, tenant, Taken(draft, measured, MediaKind.DOCUMENT, Inspected(mime)), claims)

    async def accept(
        self, opened: AsyncExitStack, tenant: TenantId, chunks: AsyncIterator[bytes], kind: MediaKind, mime: str
    ) -> Taken:
        """A file that somebody sent us: kept whatever it is, inspected as far as it can be.

        ``mime`` is what the sender says, and stands where the bytes do not tell. Raises MediaTooLarge (over the largest
        limit of all), StorageFull, StorageUnavailable.
        """

        def judge(head: bytes) -> tuple[str, int]:
            try:
                sniffed = sniff(head)
            except InvalidMedia:
                sniffed = "text/plain"
            return sniffed, self._policy.largest

        draft, measured, sniffed = await self._receive(opened, tenant, chunks, judge)
        found = Inspected(mime)
        if kind is not MediaKind.DOCUMENT and sniffed.startswith(_INSPECTED):
            try:
                found = await self._inspector.inspect(draft.fileno(), sniffed)
            except InvalidMedia:
                found = Inspected(sniffed)
        return Taken(draft, measured, kind, found)

    async def _receive(
        self,
        opened: AsyncExitStack,
        tenant: TenantId,
        chunks: AsyncIterator[bytes],
        judge: Callable[[bytes], tuple[str, int]],
    ) -> tuple[Draft, Measured, str]:
        """Write everything into a draft; ``judge`` says what it is and how large it may be, from its first bytes."""
        draft = await self._new(opened, tenant)
        head, size, judged = bytearray(), 0, None
        async for chunk in chunks:
            size += len(chunk)
            if judged is None:
                head += chunk[: HEAD - len(head)]
                if len(head) >= HEAD:
                    judged = judge(bytes(head))
            if size > (self._policy.largest if judged is None else judged[1]):
                raise _too_large(self._policy.largest if judged is None else judged[1])
            await draft.write(chunk)
        if not size:
            raise InvalidMedia("The file is empty")
        mime, limit = judged or judge(bytes(head))
        if size > limit:
            raise _too_large(limit)
        return draft, await draft.finish(), mime

    async def _fitted(self, opened: AsyncExitStack, tenant: TenantId, raw: Taken, claims: Claims) -> Taken:
        kind, mime = claims.kind or kind_of(raw.found.mime), raw.found.mime
        if kind is MediaKind.DOCUMENT:
            return raw
        if not mime.startswith(_INSPECTED):
            raise InvalidMedia(f"{mime} cannot be sent as {kind.value}")
        if kind in (MediaKind.VOICE, MediaKind.STICKER) or self._needs_converting(kind, mime, claims):
            taken = await self._converted(opened, tenant, raw, kind, claims)
        else:
            found = await self._inspector.inspect(raw.draft.fileno(), mime)
            kind = claims.kind or kind_of(found.mime)
            taken = Taken(raw.draft, raw.measured, kind, found)
        self._check(taken)
        return taken

    @staticmethod
    def _needs_converting(kind: MediaKind, mime: str, claims: Claims) -> bool:
        if kind is not MediaKind.IMAGE or not mime.startswith("image/"):
            return False
        return claims.max_edge is not None or (claims.kind is not None and mime not in _AS_IT_IS)

    async def _converted(
        self, opened: AsyncExitStack, tenant: TenantId, raw: Taken, kind: MediaKind, claims: Claims
    ) -> Taken:
        draft = await self._new(opened, tenant)
        source, target, mime = raw.draft.fileno(), draft.fileno(), raw.found.mime
        if kind is MediaKind.VOICE:
            found = await self._transcoder.voice_note(source, target, mime)
        elif kind is MediaKind.STICKER:
            found = await self._transcoder.sticker(source, target, mime)
        else:
            found = await self._transcoder.picture(source, target, mime, claims.max_edge or _PICTURE_EDGE)
        await raw.draft.discard()
        return Taken(draft, await draft.finish(), kind, found)

    def _check(self, taken: Taken) -> None:
        rule, limit = RULES[taken.kind], self._policy.limits[taken.kind]
        if rule.mimes and taken.found.mime not in rule.mimes:
            raise InvalidMedia(
                f"WhatsApp takes no {taken.found.mime} as {taken.kind.value}, only {', '.join(sorted(rule.mimes))}; "
                "as type document it takes anything"
            )
        if taken.measured.size > limit:
            raise _too_large(limit)
        if taken.kind is MediaKind.STICKER and (taken.found.width, taken.found.height) != (STICKER_EDGE, STICKER_EDGE):
            raise InvalidMedia("A sticker has 512 x 512 pixels")

    async def _new(self, opened: AsyncExitStack, tenant: TenantId) -> Draft:
        draft = await self._blobs.draft(tenant)
        opened.push_async_callback(draft.discard)
        return draft


def _too_large(limit: int) -> MediaTooLarge:
    return MediaTooLarge(f"A file of this type may have {limit} bytes at most; larger ones go as type document")
