"""WhatsApp's words for what others may see of an account, and for who may (whatsmeow `types/user.go`)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from wagate.domain.contacts import Audience, Privacy

_SETTINGS: Final = {
    "last": Privacy.LAST_SEEN,
    "online": Privacy.ONLINE,
    "profile": Privacy.PICTURE,
    "status": Privacy.ABOUT,
    "readreceipts": Privacy.READ_RECEIPTS,
    "groupadd": Privacy.GROUP_ADD,
    "calladd": Privacy.CALL_ADD,
}
_AUDIENCES: Final = {
    "all": Audience.EVERYBODY,
    "contacts": Audience.CONTACTS,
    "contact_blacklist": Audience.CONTACTS_EXCEPT,
    "none": Audience.NOBODY,
    "match_last_seen": Audience.MATCH_LAST_SEEN,
    "known": Audience.KNOWN,
}

SETTING_WORDS: Final = {setting: word for word, setting in _SETTINGS.items()}
AUDIENCE_WORDS: Final = {audience: word for word, audience in _AUDIENCES.items()}


def privacy_in(told: Mapping[str, str]) -> dict[Privacy, Audience]:
    """Every setting that we have words for, out of WhatsApp's words for settings and for their audiences."""
    return {setting: _AUDIENCES[told[word]] for word, setting in _SETTINGS.items() if told.get(word) in _AUDIENCES}
