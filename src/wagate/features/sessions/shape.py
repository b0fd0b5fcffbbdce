"""A session as JSON: the one place that knows the shape, shared by the API and by events."""

from __future__ import annotations

from dataclasses import asdict
from urllib.parse import urlsplit

from wagate.domain.moments import iso
from wagate.domain.session import Me, Session, SessionSettings, action_for


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
        "metadata": session.metadata,
        "created_at": iso(session.created_at),
        "last_seen_at": None if session.last_seen_at is None else iso(session.last_seen_at),
    }


def settings_shape(settings: SessionSettings) -> dict[str, object]:
    """What is set for a session."""
    return {**asdict(settings), "proxy": masked(settings.proxy)}


def masked(url: str | None) -> str | None:
    """A URL whose password, if there is one, reads ``***``."""
    if url is None or "@" not in url:
        return url
    parts = urlsplit(url)
    if parts.password is None:
        return url
    place = parts.netloc.rpartition("@")[2]
    return parts._replace(netloc=f"{parts.username}:***@{place}").geturl()
