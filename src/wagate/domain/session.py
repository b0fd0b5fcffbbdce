"""A session's states, driven by evidence, each with a reason and what a human should do about it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import StrEnum

from wagate.domain.ids import SessionId, TenantId
from wagate.domain.jid import NEWSLETTER_SERVER, STATUS_LIST, Jid
from wagate.domain.pacing import Pacing


class SessionState(StrEnum):
    """What is known about one WhatsApp identity's line right now."""

    STOPPED = "stopped"
    STARTING = "starting"
    AWAITING_SCAN = "awaiting_scan"
    PAIRING = "pairing"
    CONNECTING = "connecting"
    CONNECTED = "connected"
    DEGRADED = "degraded"
    DISCONNECTED = "disconnected"
    LOGGED_OUT = "logged_out"
    BANNED = "banned"
    REPLACED = "replaced"
    OUTDATED = "outdated"
    FAILED = "failed"


LIVE = frozenset({SessionState.CONNECTED, SessionState.DEGRADED})
"""States in which a message can leave."""

FINAL = frozenset(
    {
        SessionState.STOPPED,
        SessionState.LOGGED_OUT,
        SessionState.BANNED,
        SessionState.REPLACED,
        SessionState.OUTDATED,
        SessionState.FAILED,
    }
)
"""States that nothing but a human (or the API) leaves."""

RESUMABLE_AT_BOOT = frozenset(SessionState) - FINAL
"""A session found in one of these at boot was running when the process ended; any other stays as it is."""


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a session is in its state: a stable code, and a sentence with the details."""

    code: str
    detail: str = ""


_ACTIONS = {
    "qr_expired": "Nobody scanned the QR code in time. Start the session and scan it within the shown time.",
    "not_paired": "Start the session and pair it with a phone.",
    "stopped_by_user": "Start the session when it should work again.",
    "gateway_stopped": "The session reconnects when the gateway runs again.",
    "device_removed": "The phone unlinked this device. Start the session and pair it again.",
    "logged_out_by_user": "Start the session and pair it again.",
    "login_refused": "WhatsApp refused this device's login. Start the session and pair it again.",
    "login_failed": "WhatsApp refuses the login for a reason that this version does not know. Upgrade wagate.",
    "moving": "The session goes over to another engine and reconnects by itself.",
    "exported": "The device was taken out as an archive and works where that was imported. To use this session again, "
    "start it and pair it anew.",
    "imported": "See to it that the program it comes from never runs again, then start the session.",
    "banned": "WhatsApp suspended this number. Wait until the ban ends, then start the session; send less, and slower.",
    "replaced": "Another program took over this device. Find it and stop it, then start the session.",
    "client_outdated": "WhatsApp refuses the version that this engine announces. Upgrade wagate, or raise the version "
    "by setting (native: WAGATE_CLIENT_VERSION), then start the session.",
    "credentials_corrupt": "The stored keys cannot be read. Restore them from a backup, or log out and pair again.",
    "keys_elsewhere": "The session's keys are not in this data directory. Start it where they are, restore them from a "
    "backup, or log out and pair again.",
    "engine_died": "The session's own process ended. It is started again by itself.",
    "engine_not_installed": "The engine's library is missing. Run pip install 'wagate[neonize]', then start again.",
    "pairing_failed": "The phone could not be linked. A new series of QR codes is shown.",
    "passkey_required": "WhatsApp asks for the account's passkey. Get the request from "
    "GET /v1/sessions/{session}/passkey, have the passkey's authenticator answer it, and POST the assertion there. "
    "The how-to 'Pair a phone' says how.",
    "passkey_accepted": "The passkey was accepted. Watch the phone: it may ask you to go on.",
    "passkey_code": "Compare the code of GET /v1/sessions/{session}/passkey with the one on the phone, then say with "
    "POST /v1/sessions/{session}/passkey/confirm whether they are the same.",
    "passkey_expired": "Nobody answered the request for the passkey in time. A new series of QR codes is shown.",
    "codes_renewed": "A new series of QR codes is shown.",
    "engine_failed": "The engine stopped with an error. See the log, then start the session.",
    "flapping": "The line drops again and again. Check this machine's network and the proxy.",
    "keepalive_lost": "WhatsApp does not answer. The session reconnects by itself.",
    "connection_lost": "The session reconnects by itself.",
    "proxy_failed": "The proxy does not let us through. Check the session's proxy setting.",
    "tls_failed": "The server's certificate was not accepted. Check the clock, the proxy and the network.",
    "handshake_failed": "The server could not prove that it is WhatsApp's. Check the proxy and the network.",
    "server_unavailable": "WhatsApp has trouble. The session reconnects by itself.",
    "storage_unavailable": "The database cannot be written. The session reconnects by itself when it can.",
    "ownership_lost": "Another gateway process owns this session now.",
}


def action_for(reason: Reason | None) -> str | None:
    """What the human should do, in one or two sentences, or None when there is nothing to do."""
    return _ACTIONS.get(reason.code) if reason is not None else None


@dataclass(frozen=True, slots=True)
class Me:
    """The WhatsApp account behind a session."""

    phone: str | None
    lid: str | None
    name: str | None
    platform: str | None


class DevicePlatform(StrEnum):
    """What kind of program a phone shows a linked device as."""

    CHROME = "chrome"
    FIREFOX = "firefox"
    SAFARI = "safari"
    EDGE = "edge"
    DESKTOP = "desktop"


@dataclass(frozen=True, slots=True)
class ChatFilters:
    """Of which kinds of chats a session takes note, besides those with one person. Others are as if never said."""

    groups: bool = True
    status: bool = True
    channels: bool = True
    broadcast: bool = True

    def admit(self, chat: Jid) -> bool:
        """Whether what is said in a chat is taken note of."""
        if chat.is_person:
            return True
        if chat.is_group:
            return self.groups
        if chat.server == NEWSLETTER_SERVER:
            return self.channels
        return self.status if chat == STATUS_LIST else self.broadcast


class HistoryPolicy(StrEnum):
    """How much of the time before pairing is taken from the phone. What is asked for on demand always is."""

    NONE = "none"
    RECENT = "recent"
    FULL = "full"


@dataclass(frozen=True, slots=True)
class SessionSettings:
    """What a human can set for one session; it is used from the next start on.

    ``proxy`` is an ``http://`` or ``socks5://`` URL. ``device_name`` and ``device_platform`` are how the phone lists
    the device, from the next pairing on. ``media_eager_limit``: bytes up to which a file that arrives is fetched at
    once (None: what the gateway's setting says). ``pacing``: how fast the account sends (None: what the gateway's
    settings say). The others are those of `wagate.ports.engine.LineOptions`.
    """

    proxy: str | None = None
    device_name: str | None = None
    device_platform: DevicePlatform | None = None
    auto_reject_calls: bool = False
    always_online: bool = False
    read_receipts: bool = True
    filters: ChatFilters = ChatFilters()
    history: HistoryPolicy = HistoryPolicy.RECENT
    media_eager_limit: int | None = None
    pacing: Pacing | None = None


@dataclass(frozen=True, slots=True)
class Session:
    """One WhatsApp identity under one tenant, through one engine. ``*_at`` are milliseconds since 1970, UTC."""

    id: SessionId
    tenant: TenantId
    name: str
    engine: str
    state: SessionState
    state_since: int
    reason: Reason | None
    me: Me | None
    settings: SessionSettings
    metadata: dict[str, str]
    created_at: int
    last_seen_at: int | None

    @property
    def edition(self) -> str:
        """A short word that changes when somebody edits the session, and only then: its state does not count."""
        edited = repr((self.name, self.settings, sorted(self.metadata.items())))
        return hashlib.blake2s(edited.encode(), digest_size=10).hexdigest()
