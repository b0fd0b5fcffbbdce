"""Media, who needs it, and the blobs behind it.

A ``blob`` row is written before the bytes are, and deleted after them: whatever lies in the store has a row, so that
nothing is lost track of by a crash. ``state`` is ``arriving``, ``kept`` or ``doomed``; ``users`` counts ready media.
"""

from sqlalchemy import Index, PrimaryKeyConstraint, Table

from wagate.store.tables.metadata import METADATA, blob, maybe_number, maybe_text, number, text

BLOB = Table(
    "blob",
    METADATA,
    text("tenant_id"),
    text("sha256"),
    number("size"),
    text("state"),
    number("users"),
    number("since"),
    PrimaryKeyConstraint("tenant_id", "sha256"),
    Index("blob_state_since", "state", "since"),
)

MEDIA = Table(
    "media",
    METADATA,
    text("id", primary_key=True),
    text("tenant_id"),
    text("state"),
    text("kind"),
    text("mime"),
    maybe_number("size"),
    maybe_text("sha256"),
    maybe_text("filename"),
    maybe_number("width"),
    maybe_number("height"),
    maybe_number("duration_ms"),
    blob("waveform", nullable=True),
    blob("thumbnail", nullable=True),
    number("created_at"),
    Index("media_tenant_id_id", "tenant_id", "id"),
    Index("media_state_created_at", "state", "created_at"),
)

MEDIA_REFERENCE = Table(
    "media_reference",
    METADATA,
    text("media_id"),
    text("holder"),
    text("tenant_id"),
    number("needs_bytes"),
    PrimaryKeyConstraint("media_id", "holder"),
    Index("media_reference_holder", "holder"),
)

MEDIA_ORIGIN = Table(
    "media_origin",
    METADATA,
    text("media_id", primary_key=True),
    text("tenant_id"),
    text("session_id"),
    blob("reference"),
    number("attempts"),
    maybe_number("due_at"),
    Index("media_origin_session_id_due_at", "session_id", "due_at"),
    Index("media_origin_due_at", "due_at"),
)

MEDIA_USAGE = Table(
    "media_usage",
    METADATA,
    text("tenant_id", primary_key=True),
    number("bytes"),
)
