"""A session's settings as its row keeps them. A proxy's URL may hold a password, so it is sealed."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from dataclasses import asdict, fields, replace
from datetime import time
from typing import Any
from urllib.parse import urlsplit

import orjson

from wagate.domain.errors import InvalidProxy, InvalidRequest
from wagate.domain.ids import SessionId
from wagate.domain.pacing import Pacing, QuietHours
from wagate.domain.session import ChatFilters, DevicePlatform, HistoryPolicy, SessionSettings
from wagate.store.sealed import Box, Sealer, Unsealable

_DEFAULTS = SessionSettings()
_USUAL = Pacing()
_NAMES = frozenset(field.name for field in fields(SessionSettings))
_PLAIN = sorted(_NAMES - {"proxy", "filters", "pacing"})
_PACING = sorted({field.name for field in fields(Pacing)} - {"quiet_hours"})
_WORDS = frozenset({"device_platform", "history"})

UNREADABLE = "unreadable:"
"""Stands for a proxy that cannot be unsealed. It is no URL, so nothing ever connects around a proxy by mistake."""

_PLACE = "proxy"
_SCHEMES = frozenset({"http", "socks5"})
_PRINTABLE = re.compile(r"[!-~]{1,2048}\Z")


class SettingsBox:
    """Writes and reads settings, each session's under its own key."""

    def __init__(self, sealer: Sealer, usual: Pacing = _USUAL) -> None:
        """Seal with ``sealer``. ``usual`` is the pace of sessions that set none of their own."""
        self._sealer = sealer
        self.usual = usual

    def write(self, session: SessionId, settings: SessionSettings) -> str:
        """Settings as JSON, without those that are as they are by default."""
        written: dict[str, object] = {}
        for name in _PLAIN:
            value = getattr(settings, name)
            if value != getattr(_DEFAULTS, name):
                written[name] = value
        if settings.filters != _DEFAULTS.filters:
            written["filters"] = asdict(settings.filters)
        if settings.pacing is not None:
            written["pacing"] = write_pacing(settings.pacing)
        if settings.proxy is not None:
            written["proxy"] = base64.b64encode(self._box(session).seal(_PLACE, settings.proxy.encode())).decode()
        return orjson.dumps(written).decode()

    def read(self, session: SessionId, text: str) -> SessionSettings:
        """The inverse of ``write``."""
        if text == "{}":
            return _DEFAULTS
        try:
            kept = orjson.loads(text)
            platform = kept.get("device_platform")
            settings = SessionSettings(
                **{name: kept[name] for name in _PLAIN if name in kept and name not in _WORDS},
                device_platform=None if platform is None else DevicePlatform(platform),
                history=HistoryPolicy(kept.get("history", _DEFAULTS.history)),
                filters=ChatFilters(**kept.get("filters", {})),
                pacing=read_pacing(kept["pacing"]) if "pacing" in kept else None,
            )
            sealed = kept.get("proxy")
        except (ValueError, TypeError, AttributeError):
            return SessionSettings(UNREADABLE)
        return settings if sealed is None else replace(settings, proxy=self._open(session, sealed))

    def _open(self, session: SessionId, sealed: str) -> str:
        try:
            return self._box(session).open(_PLACE, base64.b64decode(sealed)).decode()
        except (Unsealable, ValueError):
            return UNREADABLE

    def _box(self, session: SessionId) -> Box:
        return self._sealer.box(f"session_settings|{session}")


def write_pacing(pacing: Pacing) -> dict[str, object]:
    """Pacing as JSON."""
    quiet = pacing.quiet_hours
    hours = None if quiet is None else [quiet.begin.isoformat("minutes"), quiet.end.isoformat("minutes")]
    return {**{name: getattr(pacing, name) for name in _PACING}, "quiet_hours": hours}


def read_pacing(kept: Mapping[str, Any]) -> Pacing:
    """The inverse of ``write_pacing``."""
    hours = kept.get("quiet_hours")
    quiet = None if hours is None else QuietHours(*map(time.fromisoformat, hours))
    return Pacing(**{name: kept[name] for name in _PACING if name in kept}, quiet_hours=quiet)


def changed(settings: SessionSettings, changes: Mapping[str, Any], usual: Pacing = _USUAL) -> SessionSettings:
    """Settings after an edit; None makes one what it is by default, ``filters`` and ``pacing`` are merged.

    A first change of the pace departs from ``usual``. The values are of the settings' own types.
    Raises InvalidRequest for an unknown name, InvalidProxy.
    """
    for name, value in changes.items():
        if name not in _NAMES:
            raise InvalidRequest(f"There is no setting {name!r}", pointer=f"/settings/{name}")
        if value is None:
            value = getattr(_DEFAULTS, name)
        elif name == "proxy":
            value = _checked_proxy(value)
        elif name == "filters":
            value = replace(settings.filters, **value)
        elif name == "pacing":
            value = replace(settings.pacing or usual, **value)
        settings = replace(settings, **{name: value})
    return settings


def _checked_proxy(url: str) -> str:
    try:
        parts = urlsplit(url)
        usable = parts.scheme in _SCHEMES and parts.hostname and parts.port and parts.path in ("", "/")
    except ValueError:
        usable = False
    if not usable or not _PRINTABLE.match(url):
        raise InvalidProxy(
            "Write the proxy as http://host:port or socks5://user:password@host:port", pointer="/settings/proxy"
        )
    return url
