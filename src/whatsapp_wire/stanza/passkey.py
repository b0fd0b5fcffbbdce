"""The stanzas of pairing with a passkey (namespace `md`; whatsmeow `pair-passkey.go`, `notification.go`)."""

from dataclasses import dataclass
from typing import Any

from whatsapp_wire.errors import PairingRefused, StanzaRefused
from whatsapp_wire.node import Node
from whatsapp_wire.pairing.passkey import Primary, read_primary
from whatsapp_wire.pairing.webauthn import Assertion, read_options, write_assertion
from whatsapp_wire.stanza.iq import request


@dataclass(frozen=True, slots=True)
class PasskeyAsked:
    """The server wants an assertion. `options` are those of a WebAuthn get request; None: they have to be fetched."""

    options: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class PasskeyContinued:
    """The phone goes on with a pairing whose assertion was accepted."""

    primary: Primary


def parse_asked(notification: Node) -> PasskeyAsked:
    """Read a `passkey_prologue_request`; one whose options cannot be used is one without."""
    try:
        return PasskeyAsked(parse_options(notification))
    except StanzaRefused:
        return PasskeyAsked(None)


def parse_options(stanza: Node) -> dict[str, Any]:
    """The options in a notification, or in the answer to `ask_options`; raises StanzaRefused."""
    try:
        return read_options(stanza.require("passkey_request_options").bytes())
    except PairingRefused as error:
        raise StanzaRefused(error.text) from error


def parse_continued(notification: Node) -> PasskeyContinued:
    """Read a `crsc_continuation`; raises StanzaRefused."""
    try:
        return PasskeyContinued(read_primary(notification.require("primary_ephemeral_identity").bytes()))
    except PairingRefused as error:
        raise StanzaRefused(error.text) from error


def ask_options(id: str) -> Node:
    """Ask for the options of the passkey request."""
    return request(id, "md", "get", [Node("passkey_request_options")])


def ask_ref(id: str) -> Node:
    """Ask for a reference to pair under."""
    return request(id, "md", "get", [Node("ref")])


def parse_ref(answer: Node) -> str:
    """The reference in the answer to `ask_ref`; raises StanzaRefused."""
    ref = answer.require("ref").text()
    if not ref:
        raise StanzaRefused("the reference is empty")
    return ref


def prologue(id: str, assertion: Assertion, payload: bytes, proof: bytes | None) -> Node:
    """Send the assertion with our prologue, and the handoff proof if there is one."""
    content = [
        Node("credential_id", content=assertion.credential_id),
        Node("webauthn_assertion", content=write_assertion(assertion)),
        Node("prologue_payload", content=payload),
    ]
    if proof is not None:
        content.append(Node("pairing_handoff_proof", content=proof))
    return request(id, "md", "set", [Node("passkey_prologue", content=content)])


def companion_nonce(id: str, nonce: bytes) -> Node:
    """Open our commitment."""
    return request(id, "md", "set", [Node("companion_nonce", content=nonce)])


def pairing_request(id: str, sealed: bytes) -> Node:
    """Ask the phone to link us; a `pair-success` follows."""
    return request(id, "md", "set", [Node("encrypted_pairing_request", content=sealed)])
