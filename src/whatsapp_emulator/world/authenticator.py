"""A passkey as an authenticator keeps it, and how a server checks what it says (WebAuthn, sections 6.1 and 7.2)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256

from whatsapp_wire.errors import PairingRefused
from whatsapp_wire.pairing.webauthn import Assertion, decoded, encoded

RELYING_PARTY: Final = "whatsapp.com"
ORIGIN: Final = "https://web.whatsapp.com"

_USER_PRESENT, _USER_VERIFIED = 0x01, 0x04
_FLAGS_AT, _SHORTEST = 32, 37


@dataclass(eq=False, slots=True)
class Passkey:
    """A P-256 key of one account, and its id. `counter` counts the assertions it made."""

    id: bytes
    key: ec.EllipticCurvePrivateKey
    user_handle: bytes
    counter: int = 0

    def options(self, challenge: bytes) -> dict[str, Any]:
        """What a server asks it."""
        allowed = {"id": encoded(self.id), "type": "public-key", "transports": ["internal", "hybrid"]}
        return {
            "challenge": encoded(challenge),
            "timeout": 300_000,
            "rpId": RELYING_PARTY,
            "allowCredentials": [allowed],
            "userVerification": "required",
            "extensions": {},
        }

    def sign(self, challenge: bytes, origin: str = ORIGIN) -> Assertion:
        """What it says when a browser that is on `origin` asks it, after its owner has touched it."""
        self.counter += 1
        client_data = json.dumps(
            {"type": "webauthn.get", "challenge": encoded(challenge), "origin": origin, "crossOrigin": False}
        ).encode()
        flags = bytes((_USER_PRESENT | _USER_VERIFIED,))
        data = sha256(RELYING_PARTY.encode()).digest() + flags + self.counter.to_bytes(4, "big")
        signature = self.key.sign(data + sha256(client_data).digest(), ec.ECDSA(SHA256()))
        return Assertion(self.id, client_data, data, signature, self.user_handle)

    def check(self, assertion: Assertion, challenge: bytes) -> None:
        """Whether an assertion answers this challenge; raises PairingRefused."""
        if assertion.credential_id != self.id:
            raise PairingRefused(404, "that is no passkey of this account")
        try:
            said = json.loads(assertion.client_data)
            meant = said["type"], decoded(said["challenge"]), said["origin"]
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise PairingRefused(400, "the client data is not the JSON of an assertion") from error
        if meant != ("webauthn.get", challenge, ORIGIN):
            raise PairingRefused(401, "the assertion is for another request, or from another site")
        data = assertion.authenticator_data
        if len(data) < _SHORTEST or data[:_FLAGS_AT] != sha256(RELYING_PARTY.encode()).digest():
            raise PairingRefused(401, "the assertion is for another relying party")
        if data[_FLAGS_AT] & (_USER_PRESENT | _USER_VERIFIED) != _USER_PRESENT | _USER_VERIFIED:
            raise PairingRefused(401, "nobody was there to touch the authenticator")
        try:
            signed = data + sha256(assertion.client_data).digest()
            self.key.public_key().verify(assertion.signature, signed, ec.ECDSA(SHA256()))
        except InvalidSignature as error:
            raise PairingRefused(401, "the passkey did not sign this") from error


def new_passkey(id: bytes, user_handle: bytes) -> Passkey:
    """A passkey with a new key."""
    return Passkey(id, ec.generate_private_key(ec.SECP256R1()), user_handle)
