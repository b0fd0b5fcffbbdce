"""A session's settings as its row keeps them. A proxy's URL may hold a password, so it is sealed."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from dataclasses import replace
from urllib.parse import urlsplit

import orjson

from wagate.domain.errors import InvalidProxy, InvalidRequest
from wagate.domain.ids import SessionId
from wagate.domain.session import SessionSettings
from wagate.store.sealed import Box, Sealer, Unsealable

UNREADABLE = "unreadable:"
"""Stands for a proxy that cannot be unsealed. It is no URL, so nothing ever connects around a proxy by mistake."""

_PLACE = "proxy"
_SCHEMES = frozenset({"http", "socks5"})
_PRINTABLE = re.compile(r"[!-~]{1,2048}\Z")


class SettingsBox:
    """Writes and reads settings, each session's under its own key."""

    def __init__(self, sealer: Sealer) -> None:
        """Seal with ``sealer``."""
        self._sealer = sealer

    def write(self, session: SessionId, settings: SessionSettings) -> str:
        """Settings as JSON."""
        if settings.proxy is None:
            return "{}"
        sealed = self._box(session).seal(_PLACE, settings.proxy.encode())
        return orjson.dumps({"proxy": base64.b64encode(sealed).decode()}).decode()

    def read(self, session: SessionId, text: str) -> SessionSettings:
        """The inverse of ``write``."""
        if text == "{}":
            return SessionSettings()
        try:
            sealed = base64.b64decode(orjson.loads(text)["proxy"])
            return SessionSettings(self._box(session).open(_PLACE, sealed).decode())
        except (Unsealable, ValueError, KeyError):
            return SessionSettings(UNREADABLE)

    def _box(self, session: SessionId) -> Box:
        return self._sealer.box(f"session_settings|{session}")


def changed(settings: SessionSettings, changes: Mapping[str, str | None]) -> SessionSettings:
    """Settings after an edit; None removes. Raises InvalidRequest for an unknown name, InvalidProxy."""
    for name, value in changes.items():
        if name != "proxy":
            raise InvalidRequest(f"There is no setting {name!r}", pointer=f"/settings/{name}")
        settings = replace(settings, proxy=None if value is None else _checked_proxy(value))
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
