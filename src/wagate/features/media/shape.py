"""Media as JSON: for the API, and for events."""

from __future__ import annotations

import base64

from wagate.domain.media import Media
from wagate.domain.moments import iso


def media_shape(media: Media) -> dict[str, object]:
    """Media as everybody sees it."""
    return {
        "id": media.id,
        "url": f"/v1/media/{media.id}",
        "type": media.kind.value,
        "state": media.state.value,
        "mime": media.mime,
        "size": media.size,
        "sha256": media.sha256,
        "filename": media.filename,
        "width": media.width,
        "height": media.height,
        "duration_s": None if media.duration_ms is None else media.duration_ms / 1000,
        "waveform": None if media.waveform is None else base64.b64encode(media.waveform).decode(),
        "thumbnail_url": f"/v1/media/{media.id}/thumbnail" if media.has_thumbnail else None,
        "created_at": iso(media.created_at),
    }
