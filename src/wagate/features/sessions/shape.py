"""A session as JSON: the one place that knows the shape, shared by the API and by events."""

from __future__ import annotations

from dataclasses import asdict
from urllib.parse import urlsplit

from wagate.domain.moments import iso
from wagate.domain.pacing import Pacing
from wagate.domain.session import Me, Session, SessionSettings, action_for

CAREFUL_BULK = 10
"""Bulk messages a minute above which there is a warning."""


def me_shape(me: Me) -> dict[str, str | None]:
    """The account behind a session."""
    return {"phone": me.phone, "lid": me.lid, "name": me.name, "platform": me.platform}


def session_shape(session: Session) -> dict[str, object]:
    """A session as the API shows it. A password inside the proxy URL is masked."""
    return {
        "id": session.id,
        "name": session.name,
        "engine": session.engine,
        "state": session.state.value,
        "state_since": iso(session.state_since),
        "reason": None if session.reason is None else {"code": session.reason.code, "detail": session.reason.detail},
        "action": action_for(session.reason),
        "me": None if session.me is None else me_shape(session.me),
        "settings": settings_shape(session.settings),
        "warnings": warnings_about(session.settings),
        "metadata": session.metadata,
        "created_at": iso(session.created_at),
        "last_seen_at": None if session.last_seen_at is None else iso(session.last_seen_at),
    }


def settings_shape(settings: SessionSettings) -> dict[str, object]:
    """What is set for a session."""
    pacing = None if settings.pacing is None else pacing_shape(settings.pacing)
    return {**asdict(settings), "proxy": masked(settings.proxy), "pacing": pacing}


def pacing_shape(pacing: Pacing) -> dict[str, object]:
    """How fast a session's account sends."""
    quiet = pacing.quiet_hours
    hours = None if quiet is None else {name: f"{getattr(quiet, name):%H:%M}" for name in ("begin", "end")}
    return {**asdict(pacing), "quiet_hours": hours}


def warnings_about(settings: SessionSettings) -> list[dict[str, str]]:
    """What is set that puts the number at risk: a stable code, and a sentence."""
    pacing = settings.pacing
    if pacing is None:
        return []
    bulk = pacing.bulk_per_minute if pacing.bulk_per_minute is not None else pacing.per_minute
    if bulk is not None and bulk <= CAREFUL_BULK:
        return []
    much = "as fast as it goes" if bulk is None else f"up to {bulk} times a minute"
    detail = (
        f"Bulk messages go out {much}. More than {CAREFUL_BULK} a minute is what WhatsApp bans numbers for; "
        "settings.pacing.bulk_per_minute lowers it."
    )
    return [{"code": "bulk_pace_risky", "detail": detail}]


def masked(url: str | None) -> str | None:
    """A URL whose password, if there is one, reads ``***``."""
    if url is None or "@" not in url:
        return url
    parts = urlsplit(url)
    if parts.password is None:
        return url
    place = parts.netloc.rpartition("@")[2]
    return parts._replace(netloc=f"{parts.username}:***@{place}").geturl()
