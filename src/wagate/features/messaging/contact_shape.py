"""Contacts, profiles and number checks as JSON: the one place that knows the shape, shared by the API and by events."""

from __future__ import annotations

from wagate.domain.contacts import Audience, NumberCheck, Picture, Privacy
from wagate.domain.message import Contact
from wagate.domain.moments import iso
from wagate.features.messaging.repository.contacts import Detail, StoredContact
from wagate.features.messaging.shape import contact_shape

_NOTHING = Detail()


def stored_contact_shape(stored: StoredContact) -> dict[str, object]:
    """A contact with what they show of themselves."""
    return {**contact_shape(stored.contact), **detail_shape(stored.detail or _NOTHING)}


def detail_shape(detail: Detail) -> dict[str, object]:
    """What somebody shows of themselves."""
    return {
        "about": detail.about,
        "about_at": None if detail.about_at is None else iso(detail.about_at),
        "picture_id": detail.picture_id,
        "blocked": detail.blocked,
    }


def picture_shape(picture: Picture) -> dict[str, object]:
    """Where a picture lies."""
    return {"id": picture.id, "url": picture.url, "preview": picture.is_preview}


def check_shape(asked: str, check: NumberCheck) -> dict[str, object]:
    """Whether somebody is there under a number that was asked for in these words."""
    jid = check.jid
    return {
        "query": asked,
        "on_whatsapp": jid is not None,
        "phone": None if jid is None else jid.phone,
        "jid": jid,
        "lid": check.lid,
    }


def privacy_shape(settings: dict[Privacy, Audience]) -> dict[str, object]:
    """Who may see what; null where WhatsApp did not say, or in words that we do not know."""
    return {setting.value: settings[setting].value if setting in settings else None for setting in Privacy}


def profile_shape(me: Contact, detail: Detail | None, name: str | None) -> dict[str, object]:
    """Our own account, as others see it."""
    shown = detail or _NOTHING
    return {
        "phone": me.phone,
        "lid": me.lid,
        "name": name,
        "about": shown.about,
        "about_at": None if shown.about_at is None else iso(shown.about_at),
        "picture_id": shown.picture_id,
    }
