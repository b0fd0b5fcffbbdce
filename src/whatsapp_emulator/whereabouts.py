"""Where a running emulator is, what a client must trust, and in what environment a client process finds it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """The address card of a running emulator. All ports are on 127.0.0.1."""

    tls_port: int
    plain_port: int
    plain_ports: tuple[int, ...]
    """All doors without TLS; `plain_port` is the first."""

    proxy_port: int
    control_port: int
    root_key: str
    """The public key, in hexadecimal, that signs the server's Noise certificate, in place of WhatsApp's."""

    ca_file: str
    pid: int

    @property
    def tls_url(self) -> str:
        """The WebSocket over TLS; its certificate names localhost, 127.0.0.1 and WhatsApp's hosts."""
        return f"wss://localhost:{self.tls_port}/ws/chat"

    @property
    def plain_url(self) -> str:
        """The WebSocket without TLS, for clients whose URL is a setting."""
        return f"ws://127.0.0.1:{self.plain_port}/ws/chat"

    @property
    def control_url(self) -> str:
        """The control API."""
        return f"http://127.0.0.1:{self.control_port}"

    @classmethod
    def of(cls, fields: Mapping[str, Any]) -> Self:
        """Read what `as_dict` told, from the info file or the control API. Raises KeyError."""
        values = {name: fields[name] for name in cls.__slots__}
        return cls(**{**values, "plain_ports": tuple(values["plain_ports"])})

    def as_dict(self) -> dict[str, object]:
        """As the control API and the info file tell it."""
        return asdict(self)


_PROXY_VARIABLES = frozenset({"http_proxy", "https_proxy", "all_proxy", "no_proxy"})


def client_environment(whereabouts: Whereabouts) -> dict[str, str]:
    """The whole environment in which to start a client process that finds the emulator instead of WhatsApp.

    It must be there at exec: Go reads it from the original process, and setting it later is invisible to neonize.
    """
    kept = {key: value for key, value in os.environ.items() if key.lower() not in _PROXY_VARIABLES}
    proxy = f"http://127.0.0.1:{whereabouts.proxy_port}"
    trust = {"SSL_CERT_FILE": whereabouts.ca_file, "SSL_CERT_DIR": "/nonexistent"}
    return {**kept, **trust, "HTTPS_PROXY": proxy, "https_proxy": proxy}
