"""Groups, and who is in them."""

from sqlalchemy import Index, Table

from wagate.store.tables.metadata import METADATA, maybe_text, number, text

GROUP_INFO = Table(
    "group_info",
    METADATA,
    # The id of the group's chat: a group is found by the same id as its messages.
    text("id", primary_key=True),
    text("tenant_id"),
    text("session_id"),
    text("jid"),
    text("subject"),
    maybe_text("description"),
    maybe_text("owner"),
    maybe_text("owner_alt"),
    number("founded_at"),
    number("admins_send"),
    number("admins_edit"),
    number("admins_add"),
    number("approval"),
    number("disappearing_s"),
    # 0 once our account is not in it any more; the row stays for the sake of its messages.
    number("is_member"),
    number("updated_at"),
    Index("group_info_session_id_id", "session_id", "id"),
    Index("group_info_session_id_jid", "session_id", "jid", unique=True),
)

GROUP_MEMBER = Table(
    "group_member",
    METADATA,
    text("group_id", primary_key=True),
    # As the group addresses them; `alt` is their other kind of address.
    text("address", primary_key=True),
    text("tenant_id"),
    text("session_id"),
    maybe_text("alt"),
    text("role"),
    Index("group_member_session_id", "session_id"),
    sqlite_with_rowid=False,
)
