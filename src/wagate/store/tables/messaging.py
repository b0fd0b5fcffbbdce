"""People, conversations, messages, and the messages that wait to leave."""

from sqlalchemy import Column, Index, Table, UniqueConstraint
from sqlalchemy import text as raw

from wagate.store.tables.metadata import AUTO, METADATA, maybe_number, maybe_text, number, text

CONTACT = Table(
    "contact",
    METADATA,
    text("id", primary_key=True),
    text("tenant_id"),
    text("session_id"),
    maybe_text("phone"),
    maybe_text("lid"),
    maybe_text("push_name"),
    number("is_me"),
    # Set when this turned out to be somebody we know already; the row stays as an alias for old references.
    maybe_text("merged_into"),
    number("created_at"),
    number("updated_at"),
    # What the account's address book calls them; None for somebody who is not in it.
    maybe_text("name"),
    maybe_text("first_name"),
    Index("contact_session_id_id", "session_id", "id"),
)

CONTACT_ADDRESS = Table(
    "contact_address",
    METADATA,
    text("session_id", primary_key=True),
    text("address", primary_key=True),
    text("contact_id"),
    sqlite_with_rowid=False,
)

CHAT = Table(
    "chat",
    METADATA,
    text("id", primary_key=True),
    text("tenant_id"),
    text("session_id"),
    text("kind"),
    maybe_text("contact_id"),
    maybe_text("jid"),
    number("created_at"),
    # What WhatsApp calls it; None for a chat with one person, who has names of their own.
    maybe_text("name"),
    # What the account's devices agree on; None for no. Moments are in ms since 1970.
    maybe_number("archived"),
    maybe_number("pinned"),
    maybe_number("muted_until"),
    maybe_number("marked_unread"),
    # What is not later than these was cleared, or deleted with its chat.
    maybe_number("cleared_until"),
    maybe_number("removed_until"),
    # After how many seconds messages of a chat with one person vanish; None for never. A group has its own settings.
    maybe_number("disappearing_s"),
    Index(
        "chat_session_id_contact_id",
        "session_id",
        "contact_id",
        unique=True,
        sqlite_where=raw("contact_id IS NOT NULL"),
        postgresql_where=raw("contact_id IS NOT NULL"),
    ),
    Index(
        "chat_session_id_jid",
        "session_id",
        "jid",
        unique=True,
        sqlite_where=raw("jid IS NOT NULL"),
        postgresql_where=raw("jid IS NOT NULL"),
    ),
)

MESSAGE = Table(
    "message",
    METADATA,
    text("id", primary_key=True),
    text("tenant_id"),
    text("session_id"),
    text("chat_id"),
    # The contact who wrote it; our own messages carry the id of our own contact, also before it has a row.
    text("sender_id"),
    text("direction"),
    text("origin"),
    # None until an engine that does not choose ids has learnt it.
    maybe_text("wa_id"),
    maybe_text("client_ref"),
    text("content"),
    maybe_text("quoted"),
    text("status"),
    maybe_text("status_reason"),
    maybe_text("failure"),
    number("accepted_at"),
    maybe_number("sent_at"),
    maybe_number("delivered_at"),
    maybe_number("read_at"),
    # How it was said, where that is anything special: forwarded, once, for a time (JSON).
    maybe_text("context"),
    maybe_number("edited_at"),
    maybe_number("deleted_at"),
    # Set for an act that we send, which travels as a message: the message that it is about.
    maybe_text("act_on"),
    # Since when it has a star.
    maybe_number("starred_at"),
    # A message is known by chat, sender and id: WhatsApp's ids are unique only within those two. The id comes first,
    # because acks and receipts are looked up by it alone: a receipt may name the chat by another address than we did.
    UniqueConstraint("session_id", "wa_id", "chat_id", "sender_id"),
    Index("message_tenant_id_id", "tenant_id", "id"),
    Index("message_session_id_id", "session_id", "id"),
    Index("message_chat_id_id", "chat_id", "id"),
)

# Which file a message shows.
ATTACHMENT = Table(
    "attachment",
    METADATA,
    text("message_id", primary_key=True),
    text("tenant_id"),
    text("session_id"),
    text("media_id"),
    Index("attachment_media_id", "media_id"),
    Index("attachment_session_id", "session_id"),
)

# How far messages of ours got with each of those whom they were for, in groups and as status posts: first moments.
RECEIPT = Table(
    "receipt",
    METADATA,
    text("message_id", primary_key=True),
    text("contact_id", primary_key=True),
    text("tenant_id"),
    text("session_id"),
    number("delivered_at"),
    maybe_number("read_at"),
    maybe_number("played_at"),
    Index("receipt_session_id_contact_id", "session_id", "contact_id"),
    sqlite_with_rowid=False,
)

ACT = Table(
    "act",
    METADATA,
    text("tenant_id"),
    # By the message's id at WhatsApp, because an act may come before the message that it is about, or without it.
    text("session_id", primary_key=True),
    text("wa_id", primary_key=True),
    text("sender_id", primary_key=True),
    text("kind", primary_key=True),
    text("chat_id"),
    # WhatsApp's id of the act itself: one that comes again is told by it.
    text("act_wa_id"),
    text("content"),
    number("at"),
    # 0 while the message is not there: such acts are kept for it, in bounds.
    number("is_known"),
    Index("act_session_id_chat_id", "session_id", "chat_id"),
    Index(
        "act_orphans",
        "session_id",
        "at",
        sqlite_where=raw("is_known = 0"),
        postgresql_where=raw("is_known = 0"),
    ),
    sqlite_with_rowid=False,
)

OUTBOX = Table(
    "outbox",
    METADATA,
    Column("position", AUTO, primary_key=True, autoincrement=True),
    text("message_id"),
    text("tenant_id"),
    text("session_id"),
    text("chat_id"),
    text("state"),
    number("attempt"),
    number("epoch"),
    number("due_at"),
    UniqueConstraint("message_id"),
    Index(
        "outbox_ready",
        "session_id",
        "position",
        sqlite_where=raw("state = 'queued'"),
        postgresql_where=raw("state = 'queued'"),
    ),
    # The dispatcher reads what is newer than the last position it saw, so no position may be given out twice.
    sqlite_autoincrement=True,
)

IDEMPOTENCY = Table(
    "idempotency",
    METADATA,
    text("tenant_id", primary_key=True),
    text("key", primary_key=True),
    text("fingerprint"),
    text("message_id"),
    number("created_at"),
    Index("idempotency_created_at", "created_at"),
    sqlite_with_rowid=False,
)
