"""The tables of a whatsmeow database in its version 15, as data: what ``store/sqlstore/upgrades`` comes to.

whatsmeow raises the version of a file that it opens by itself, so a file made here keeps working under newer ones;
files from version 8 on can be read.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

VERSION: Final = 15
COMPATIBLE: Final = 8
VERSIONS: Final = "whatsmeow_version"


@dataclass(frozen=True, slots=True)
class Table:
    """A table: columns with their types, the primary key, and the column that belongs to a device (None: none)."""

    name: str
    columns: dict[str, str]
    key: tuple[str, ...]
    owner: str | None
    parent: str | None = "FOREIGN KEY ({owner}) REFERENCES whatsmeow_device(jid) ON DELETE CASCADE ON UPDATE CASCADE"

    @property
    def ddl(self) -> str:
        """The statement that makes it."""
        parts = [f"{name} {kind}" for name, kind in self.columns.items()]
        parts.append(f"PRIMARY KEY ({', '.join(self.key)})")
        if self.owner is not None and self.parent is not None:
            parts.append(self.parent.format(owner=self.owner))
        return f"CREATE TABLE {self.name} ({', '.join(parts)})"


_TEXT, _BIG, _BYTES, _FLAG = "TEXT", "BIGINT NOT NULL", "bytea NOT NULL", "BOOLEAN NOT NULL DEFAULT false"
_WORD: Final = "TEXT NOT NULL DEFAULT ''"

DEVICE: Final = Table(
    "whatsmeow_device",
    {
        "jid": _TEXT,
        "lid": _TEXT,
        "facebook_uuid": "uuid",
        "registration_id": _BIG,
        "noise_key": _BYTES,
        "identity_key": _BYTES,
        "signed_pre_key": _BYTES,
        "signed_pre_key_id": "INTEGER NOT NULL",
        "signed_pre_key_sig": _BYTES,
        "adv_key": _BYTES,
        "adv_details": _BYTES,
        "adv_account_sig": _BYTES,
        "adv_account_sig_key": _BYTES,
        "adv_device_sig": _BYTES,
        "platform": _WORD,
        "business_name": _WORD,
        "push_name": _WORD,
        "lid_migration_ts": "BIGINT NOT NULL DEFAULT 0",
        "companion_meta_nonce": _WORD,
    },
    ("jid",),
    None,
)

TABLES: Final = (
    DEVICE,
    Table(
        "whatsmeow_identity_keys",
        {"our_jid": _TEXT, "their_id": _TEXT, "identity": _BYTES},
        ("our_jid", "their_id"),
        "our_jid",
    ),
    Table(
        "whatsmeow_pre_keys",
        {"jid": _TEXT, "key_id": "INTEGER", "key": _BYTES, "uploaded": "BOOLEAN NOT NULL"},
        ("jid", "key_id"),
        "jid",
    ),
    Table(
        "whatsmeow_sessions",
        {"our_jid": _TEXT, "their_id": _TEXT, "session": "bytea"},
        ("our_jid", "their_id"),
        "our_jid",
    ),
    Table(
        "whatsmeow_sender_keys",
        {"our_jid": _TEXT, "chat_id": _TEXT, "sender_id": _TEXT, "sender_key": _BYTES},
        ("our_jid", "chat_id", "sender_id"),
        "our_jid",
    ),
    Table(
        "whatsmeow_app_state_sync_keys",
        {"jid": _TEXT, "key_id": "bytea", "key_data": _BYTES, "timestamp": _BIG, "fingerprint": _BYTES},
        ("jid", "key_id"),
        "jid",
    ),
    Table(
        "whatsmeow_app_state_version",
        {"jid": _TEXT, "name": _TEXT, "version": _BIG, "hash": _BYTES},
        ("jid", "name"),
        "jid",
    ),
    Table(
        "whatsmeow_app_state_mutation_macs",
        {"jid": _TEXT, "name": _TEXT, "version": "BIGINT", "index_mac": "bytea", "value_mac": _BYTES},
        ("jid", "name", "version", "index_mac"),
        "jid",
        "FOREIGN KEY (jid, name) REFERENCES whatsmeow_app_state_version(jid, name) ON DELETE CASCADE ON UPDATE CASCADE",
    ),
    Table(
        "whatsmeow_contacts",
        {
            "our_jid": _TEXT,
            "their_jid": _TEXT,
            "first_name": _TEXT,
            "full_name": _TEXT,
            "push_name": _TEXT,
            "business_name": _TEXT,
            "redacted_phone": _TEXT,
        },
        ("our_jid", "their_jid"),
        "our_jid",
    ),
    Table(
        "whatsmeow_chat_settings",
        {
            "our_jid": _TEXT,
            "chat_jid": _TEXT,
            "muted_until": "BIGINT NOT NULL DEFAULT 0",
            "pinned": _FLAG,
            "archived": _FLAG,
        },
        ("our_jid", "chat_jid"),
        "our_jid",
    ),
    Table(
        "whatsmeow_message_secrets",
        {"our_jid": _TEXT, "chat_jid": _TEXT, "sender_jid": _TEXT, "message_id": _TEXT, "key": _BYTES},
        ("our_jid", "chat_jid", "sender_jid", "message_id"),
        "our_jid",
    ),
    Table(
        "whatsmeow_privacy_tokens",
        {"our_jid": _TEXT, "their_jid": _TEXT, "token": _BYTES, "timestamp": _BIG, "sender_timestamp": "BIGINT"},
        ("our_jid", "their_jid"),
        None,
    ),
    Table("whatsmeow_nct_salt", {"our_jid": _TEXT, "salt": _BYTES}, ("our_jid",), "our_jid"),
    Table("whatsmeow_lid_map", {"lid": _TEXT, "pn": "TEXT UNIQUE NOT NULL"}, ("lid",), None),
    Table(
        "whatsmeow_event_buffer",
        {
            "our_jid": "TEXT NOT NULL",
            "ciphertext_hash": _BYTES,
            "plaintext": "bytea",
            "server_timestamp": _BIG,
            "insert_timestamp": _BIG,
        },
        ("our_jid", "ciphertext_hash"),
        "our_jid",
    ),
    Table(
        "whatsmeow_retry_buffer",
        {
            "our_jid": "TEXT NOT NULL",
            "chat_jid": "TEXT NOT NULL",
            "message_id": "TEXT NOT NULL",
            "format": "TEXT NOT NULL",
            "plaintext": _BYTES,
            "timestamp": _BIG,
        },
        ("our_jid", "chat_jid", "message_id"),
        "our_jid",
    ),
)
"""In the order in which they can be made."""

INDEXES: Final = (
    "CREATE INDEX idx_whatsmeow_privacy_tokens_our_jid_timestamp ON whatsmeow_privacy_tokens (our_jid, timestamp)",
    "CREATE INDEX whatsmeow_retry_buffer_timestamp_idx ON whatsmeow_retry_buffer (our_jid, timestamp)",
)
