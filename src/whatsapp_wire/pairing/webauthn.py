"""The JSON of WebAuthn (Level 3, sections 5.1 and 5.8) as WhatsApp passes it on: a request out, an assertion in.

Binary fields are base64url without padding. Nothing is verified here: the server, and the phone behind it, judge.
"""

import binascii
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass, field
from typing import Any, Final

from whatsapp_wire.errors import PairingRefused

MAX_OPTIONS: Final = 16_384
"""Bytes of a request that are looked at; a real one has some hundreds."""

_DEPTH: Final = 8
_MOST: Final = 2**53
_NOT_JSON = (ValueError, RecursionError)


@dataclass(frozen=True, slots=True)
class Assertion:
    """What an authenticator says: `credential_id` names the passkey, the other fields are called as in the spec."""

    credential_id: bytes
    client_data: bytes
    authenticator_data: bytes
    signature: bytes = field(repr=False)
    user_handle: bytes | None = None


def read_options(payload: bytes) -> dict[str, Any]:
    """The options of a get request, for `PublicKeyCredential.parseRequestOptionsFromJSON`; raises PairingRefused."""
    if len(payload) > MAX_OPTIONS:
        raise PairingRefused(400, f"the passkey request has {len(payload)} bytes")
    try:
        options = json.loads(payload)
    except _NOT_JSON as error:
        raise PairingRefused(400, "the passkey request is not JSON") from error
    if not isinstance(options, dict) or not decoded(options.get("challenge")):
        raise PairingRefused(400, "the passkey request has no challenge")
    if not _is_plain(options, _DEPTH):
        raise PairingRefused(400, "the passkey request holds what not every JSON reader takes")
    return options


def write_assertion(assertion: Assertion) -> bytes:
    """An assertion as the server takes it."""
    fields = {
        "id": encoded(assertion.credential_id),
        "rawId": encoded(assertion.credential_id),
        "type": "public-key",
        "response": {
            "clientDataJSON": encoded(assertion.client_data),
            "authenticatorData": encoded(assertion.authenticator_data),
            "signature": encoded(assertion.signature),
            "userHandle": None if assertion.user_handle is None else encoded(assertion.user_handle),
        },
    }
    return json.dumps(fields, separators=(",", ":")).encode()


def read_assertion(payload: bytes) -> Assertion:
    """Read an assertion, on the server; raises PairingRefused."""
    try:
        fields = json.loads(payload)
        response = fields["response"]
        raw = [fields["rawId"], response["clientDataJSON"], response["authenticatorData"], response["signature"]]
        handle, kind, id = response.get("userHandle"), fields["type"], fields["id"]
    except (*_NOT_JSON, KeyError, TypeError, AttributeError) as error:
        raise PairingRefused(400, "the assertion is not the JSON of one") from error
    parts = [decoded(each) for each in raw]
    if kind != "public-key" or id != raw[0] or not all(parts):
        raise PairingRefused(400, "the assertion is incomplete")
    credential_id, client_data, authenticator_data, signature = (part or b"" for part in parts)
    return Assertion(credential_id, client_data, authenticator_data, signature, decoded(handle))


def encoded(content: bytes) -> str:
    """Base64url without padding (RFC 4648, section 5)."""
    return urlsafe_b64encode(content).rstrip(b"=").decode()


def decoded(text: object) -> bytes | None:
    """Undo `encoded`, padded or not; None for anything else."""
    if not isinstance(text, str) or not text.isascii() or set(text) & set("+/"):
        return None
    bare = text.rstrip("=")
    try:
        content = urlsafe_b64decode(bare + "=" * (-len(bare) % 4))
    except (binascii.Error, ValueError):
        return None
    return content if encoded(content) == bare else None


def _is_plain(value: object, depth: int) -> bool:
    """Whether a value can be passed on to any program and database: no lone surrogate, U+0000, NaN or huge number."""
    match value:
        case None | bool():
            return True
        case str():
            return "\0" not in value and not any("\ud800" <= letter <= "\udfff" for letter in value)
        case int() | float():
            return abs(value) <= _MOST
        case dict():
            return depth > 0 and all(_is_plain(key, 0) and _is_plain(each, depth - 1) for key, each in value.items())
        case list():
            return depth > 0 and all(_is_plain(each, depth - 1) for each in value)
        case _:
            return False
