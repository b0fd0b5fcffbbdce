"""The schema, one module per room that owns rows. Migrations are checked against it; statements do not use it."""

from wagate.store.tables import (
    access,
    chats,
    contacts,
    groups,
    history,
    journal,
    media,
    messaging,
    search,
    sessions,
    statuses,
    templates,
    vault,
)
from wagate.store.tables.metadata import METADATA

__all__ = [
    "METADATA",
    "access",
    "chats",
    "contacts",
    "groups",
    "history",
    "journal",
    "media",
    "messaging",
    "search",
    "sessions",
    "statuses",
    "templates",
    "vault",
]
