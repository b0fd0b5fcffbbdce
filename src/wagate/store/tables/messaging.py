"""People, conversations, messages, and the messages that wait to leave."""

from sqlalchemy import Column, Identity, Index, Table, UniqueConstraint
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
    # Under which conditions it goes out, where those are anything special (JSON); and not before when.
    maybe_text("conditions"),
    maybe_number("due_at"),
    # Each status that it has had, a line each: the word, the moment, and the reason if there is one.
    maybe_text("timeline"),
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

# States: `queued` (ready), `later` (not before due_at), `sending` (an engine answers for it), and `unknown` (by its own
# terms something is to be done about that at due_at).
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
    number("priority"),
    maybe_number("expires_at"),
    UniqueConstraint("message_id"),
    Index(
        "outbox_ready",
        "session_id",
        "priority",
        "position",
        sqlite_where=raw("state = 'queued'"),
        postgresql_where=raw("state = 'queued'"),
    ),
    Index(
        "outbox_due",
        "due_at",
        sqlite_where=raw("state IN ('later', 'unknown')"),
        postgresql_where=raw("state IN ('later', 'unknown')"),
    ),
    Index(
        "outbox_expiry",
        "expires_at",
        sqlite_where=raw("expires_at IS NOT NULL"),
        postgresql_where=raw("expires_at IS NOT NULL"),
    ),
    # The dispatcher reads what is newer than the last position it saw, so no position may be given out twice.
    sqlite_autoincrement=True,
)

# How a session's queue is paced, guarded and halted; a row from the first of these on.
SESSION_QUEUE = Table(
    "session_queue",
    METADATA,
    text("session_id", primary_key=True),
    text("tenant_id"),
    # Since when nothing leaves, because somebody said so.
    maybe_number("halted_at"),
    # What the pace and the guard remember (JSON).
    maybe_text("pace"),
    maybe_text("guard"),
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

# What was accepted lately on the terms that it is said once. The keys are random, so the table is kept small.
DUPLICATE = Table(
    "duplicate",
    METADATA,
    text("tenant_id", primary_key=True),
    text("likeness", primary_key=True),
    text("message_id"),
    number("created_at"),
    Index("duplicate_created_at", "created_at"),
    sqlite_with_rowid=False,
)

# Where other programs leave messages to be sent, with SQL of their own: docs/howto/sql-producers.md is its contract.
# On PostgreSQL a trigger tells the gateways of what comes.
OUTBOX_INBOX = Table(
    "outbox_inbox",
    METADATA,
    Column("id", AUTO, Identity(), primary_key=True),
    maybe_text("tenant"),
    text("session"),
    text("to"),
    maybe_text("type"),
    maybe_text("text"),
    # Further fields of the API's body (JSON).
    maybe_text("content"),
    maybe_text("priority"),
    maybe_text("send_at"),
    maybe_text("expires_at"),
    maybe_text("client_ref"),
    text("status", server_default="QUEUED"),
    maybe_text("error"),
    maybe_text("message_id"),
    # For people, as the database writes moments. ``changed_at`` is ours.
    text("created_at", server_default=raw("CURRENT_TIMESTAMP")),
    maybe_number("changed_at"),
    Index(
        "outbox_inbox_queued",
        "id",
        sqlite_where=raw("status = 'QUEUED'"),
        postgresql_where=raw("status = 'QUEUED'"),
    ),
    Index("outbox_inbox_message_id", "message_id"),
    Index("outbox_inbox_changed_at", "changed_at"),
    sqlite_autoincrement=True,
)

# How far readers of the journal have got that keep rows up with it.
JOURNAL_CURSOR = Table(
    "journal_cursor",
    METADATA,
    text("name", primary_key=True),
    number("position"),
)
