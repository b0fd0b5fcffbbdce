"""What ends a connection, what fails a request, and what the server's codes mean in our words."""

from __future__ import annotations

from dataclasses import dataclass, replace

from wagate.domain.session import Reason, SessionState
from wagate.ports.engine import NotSent
from whatsapp_wire.stanza.login import Failure, StreamError


class LineLost(NotSent):
    """The connection ended before the answer came"""


class Unanswered(NotSent):
    """WhatsApp did not answer in time"""


class RequestRefused(NotSent):
    """WhatsApp refused a request"""

    def __init__(self, status: int, text: str) -> None:
        """``status`` and ``text`` are the server's."""
        super().__init__(f"WhatsApp refused a request: {status} {text}".rstrip())
        self.status = status


@dataclass(frozen=True, slots=True)
class Ending:
    """Why a connection ended and what follows.

    A final ending stops the line; ``forgets_keys`` says that the device is gone for certain, so that its keys are
    useless. Otherwise the line is dialled again: at once, or when the back-off says.
    """

    state: SessionState
    reason: Reason | None
    is_final: bool = False
    forgets_keys: bool = False
    at_once: bool = False


def lost(code: str, detail: str = "") -> Ending:
    """An ending after which to dial again."""
    return Ending(SessionState.DISCONNECTED, Reason(code, detail))


def _final(state: SessionState, code: str, *, forgets_keys: bool = False) -> Ending:
    return Ending(state, Reason(code), is_final=True, forgets_keys=forgets_keys)


CONNECTION_LOST = lost("connection_lost")
KEEPALIVE_LOST = lost("keepalive_lost")
ACK_OVERDUE = lost("keepalive_lost", "a message was not acknowledged")
RESTART = Ending(SessionState.CONNECTING, None, at_once=True)
NEW_CODES = Ending(SessionState.AWAITING_SCAN, None, at_once=True)
PASSKEY_EXPIRED = Ending(SessionState.AWAITING_SCAN, Reason("passkey_expired"), at_once=True)
PASSKEY_FAILED = Ending(SessionState.AWAITING_SCAN, Reason("pairing_failed"), at_once=True)
DEVICE_REMOVED = _final(SessionState.LOGGED_OUT, "device_removed", forgets_keys=True)
LOGGED_OUT_BY_USER = _final(SessionState.LOGGED_OUT, "logged_out_by_user", forgets_keys=True)
LOGIN_REFUSED = _final(SessionState.LOGGED_OUT, "login_refused", forgets_keys=True)
BANNED = _final(SessionState.BANNED, "banned")
REPLACED = _final(SessionState.REPLACED, "replaced")
CLIENT_OUTDATED = _final(SessionState.OUTDATED, "client_outdated")
QR_EXPIRED = _final(SessionState.STOPPED, "qr_expired")
CREDENTIALS_CORRUPT = _final(SessionState.FAILED, "credentials_corrupt")
OWNERSHIP_LOST = _final(SessionState.STOPPED, "ownership_lost")
ENGINE_FAILED = _final(SessionState.FAILED, "engine_failed")

LOGIN_FAILED = _final(SessionState.FAILED, "login_failed")

_FAILURES = {
    401: DEVICE_REMOVED,
    402: BANNED,
    403: LOGIN_REFUSED,
    405: CLIENT_OUTDATED,
    406: LOGIN_REFUSED,
}
"""Reasons of a ``failure`` that are final (whatsmeow `types/events`, `ConnectFailureReason`)."""


_TRANSIENT_FAILURES = frozenset({0, 413, 500, 501, 503})


def ending_of_failure(failure: Failure) -> Ending:
    """What a refused login means. To knock again for reasons that do not pass by themselves would look like abuse."""
    details = {"code": failure.ban_code, "expires in s": failure.expire_s, "message": failure.message}
    told = [f"{name} {value}" for name, value in details.items() if value is not None]
    detail = ", ".join([f"login refused with reason {failure.reason}", *told])
    if failure.reason in _TRANSIENT_FAILURES:
        return lost("server_unavailable", detail)
    return detailed(_FAILURES.get(failure.reason, LOGIN_FAILED), detail)


def ending_of_stream_error(error: StreamError) -> Ending:
    """What the end of a connection by the server means.

    Any other code is worth another try; a bare 401 too: if the device is gone, the login will say so.
    """
    if error.conflict == "replaced":
        return REPLACED
    if error.conflict == "device_removed":
        return DEVICE_REMOVED
    if error.code == 515:
        return RESTART
    return lost("server_unavailable", f"the server ended the connection with code {error.code}")


def detailed(ending: Ending, detail: str) -> Ending:
    """The same ending with other words to its reason."""
    return replace(ending, reason=Reason(ending.reason.code, detail)) if ending.reason else ending


_REFUSALS = {
    400: ("invalid_message", "WhatsApp finds the message malformed"),
    401: ("not_allowed", "WhatsApp does not allow this message"),
    403: ("not_allowed", "WhatsApp does not allow this message"),
    404: ("recipient_not_on_whatsapp", "WhatsApp does not know the recipient"),
    405: ("not_allowed", "WhatsApp does not allow this message"),
    406: ("invalid_message", "WhatsApp does not accept this message"),
    429: ("rate_limited", "WhatsApp asks to send less"),
    463: ("account_restricted", "WhatsApp does not let this account start new chats at present"),
    475: ("account_restricted", "WhatsApp restricts this account"),
    479: ("invalid_message", "WhatsApp finds an address of the message invalid"),
}
"""Error codes of message acks, as far as their meaning is known (whatsmeow `send.go`, whatsapp-rust)."""

_BUSY = "service_unavailable", "WhatsApp has trouble with this message"


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why the server did not take a message: our stable code, and a sentence."""

    code: str
    detail: str


def refusal_of(error: int) -> Refusal:
    """What the error of a message's ack means."""
    usual = _BUSY if error in range(500, 600) else ("refused_by_whatsapp", "WhatsApp refused the message")
    code, sentence = _REFUSALS.get(error, usual)
    return Refusal(code, f"{sentence} (error {error})")
