"""Passkeys: what WhatsApp may ask for before it lets a phone link a device."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from wagate.domain.errors import Conflict


@dataclass(frozen=True, slots=True)
class PasskeyAssertion:
    """What an authenticator says to a request (WebAuthn Level 3, section 5.1), its fields decoded.

    ``credential_id`` names the passkey; the signature is over ``authenticator_data`` and the digest of ``client_data``.
    """

    credential_id: bytes
    client_data: bytes
    authenticator_data: bytes
    signature: bytes = field(repr=False)
    user_handle: bytes | None = None


@dataclass(frozen=True, slots=True)
class PasskeyStep:
    """How far a pairing is that needs a passkey, and until when (ms since 1970) the human has time.

    ``options`` are those of a WebAuthn get request, as JSON. With ``code`` the assertion was accepted, and the human
    compares the code with the one on the phone.
    """

    options: Mapping[str, object]
    expires_at: int
    code: str | None = None


class PasskeyNotAsked(Conflict):
    """WhatsApp does not ask this session for a passkey, or not for this step"""

    code = "passkey_not_asked"


class PasskeyRefused(Conflict):
    """WhatsApp did not accept the assertion of the passkey"""

    code = "passkey_refused"
