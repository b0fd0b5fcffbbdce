"""Pairing with a passkey, on the wire."""

from __future__ import annotations

import binascii
from base64 import urlsafe_b64decode
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, StringConstraints

from wagate.api.v1.schemas.parts import Asked, Moment, Shown, example
from wagate.domain.errors import InvalidRequest
from wagate.domain.passkey import PasskeyAssertion

_OPTIONS = {
    "challenge": "9fN3nK0mVq2c7pYz0c1x5g",
    "timeout": 300_000,
    "rpId": "whatsapp.com",
    "allowCredentials": [{"id": "q83vEjRWeJA", "type": "public-key", "transports": ["internal", "hybrid"]}],
    "userVerification": "required",
    "extensions": {},
}

_BASE64URL = r"^[A-Za-z0-9_-]+={0,2}$"

# The limits are in characters. An id has at most 1,023 bytes (WebAuthn, section 4), a user handle 64.
CredentialId = Annotated[str, StringConstraints(max_length=1_364, pattern=_BASE64URL)]
ClientData = Annotated[str, StringConstraints(max_length=8_192, pattern=_BASE64URL)]
AuthenticatorData = Annotated[str, StringConstraints(max_length=8_192, pattern=_BASE64URL)]
Signature = Annotated[str, StringConstraints(max_length=2_048, pattern=_BASE64URL)]
UserHandle = Annotated[str, StringConstraints(max_length=88, pattern=_BASE64URL)]


class Passkey(Shown):
    """What WhatsApp waits for a human to do."""

    model_config = example({"options": _OPTIONS, "code": None, "expires_at": "2026-11-20T09:20:27.000Z"})

    options: dict[str, Any] = Field(
        description="The options of a WebAuthn get request, for `PublicKeyCredential.parseRequestOptionsFromJSON`."
    )
    code: str | None = Field(description="A code to compare with the phone's, once there is one; null before.")
    expires_at: Moment


class _FromBrowser(Asked):
    """Browsers add fields (`authenticatorAttachment`, `clientExtensionResults`, …): those are left where they are."""

    model_config = ConfigDict(extra="ignore")


class AssertionResponse(_FromBrowser):
    """What the authenticator said."""

    clientDataJSON: ClientData = Field(description="Base64url.")
    authenticatorData: AuthenticatorData = Field(description="Base64url.")
    signature: Signature = Field(description="Base64url.")
    userHandle: UserHandle | None = Field(default=None, description="Base64url.")


class AnswerPasskey(_FromBrowser):
    """An assertion, as `PublicKeyCredential.toJSON()` writes it (WebAuthn Level 3). Unknown fields are ignored."""

    model_config = example(
        {
            "id": "q83vEjRWeJA",
            "rawId": "q83vEjRWeJA",
            "type": "public-key",
            "response": {
                "clientDataJSON": "eyJ0eXBlIjoid2ViYXV0aG4uZ2V0In0",
                "authenticatorData": "SZYN5YgOjGh0NBcPZHZgW4_krrmihjLHmVzzuoMdl2MdAAAAAA",
                "signature": "MEUCIQDx0Q",
                "userHandle": None,
            },
        }
    )

    id: CredentialId = Field(description="The same as `rawId`.")
    rawId: CredentialId = Field(description="The passkey's id, base64url.")
    type: Literal["public-key"]
    response: AssertionResponse

    def assertion(self) -> PasskeyAssertion:
        """The same in the house's words. Raises InvalidRequest."""
        said = self.response
        if self.id.rstrip("=") != self.rawId.rstrip("="):
            raise InvalidRequest("`id` and `rawId` name different passkeys", pointer="/rawId")
        return PasskeyAssertion(
            _decoded(self.rawId, "/rawId"),
            _decoded(said.clientDataJSON, "/response/clientDataJSON"),
            _decoded(said.authenticatorData, "/response/authenticatorData"),
            _decoded(said.signature, "/response/signature"),
            None if said.userHandle is None else _decoded(said.userHandle, "/response/userHandle"),
        )


class ConfirmPasskey(Asked):
    """What a human saw on the phone."""

    model_config = example({"matches": True})

    matches: bool = Field(description="Whether the phone shows the same code. If not, the pairing is given up.")


def _decoded(text: str, pointer: str) -> bytes:
    bare = text.rstrip("=")
    try:
        return urlsafe_b64decode(bare + "=" * (-len(bare) % 4))
    except (binascii.Error, ValueError):
        raise InvalidRequest("This is not base64url (RFC 4648, section 5)", pointer=pointer) from None
