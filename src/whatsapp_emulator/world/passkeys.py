"""Accounts that let nobody link a device without their passkey (whatsmeow `pair-passkey.go`).

Server and phone in one: the server checks the assertion, the phone the handoff proof, the commitment and the request.
What the real ones do beyond that, how often a challenge may be answered for example, nobody has shown.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Final

from whatsapp_emulator.world import pairing
from whatsapp_emulator.world.accounts import Account
from whatsapp_emulator.world.authenticator import new_passkey
from whatsapp_emulator.world.links import Attrs, Link
from whatsapp_emulator.world.replies import NOT_FOUND, IqRefused, Reply
from whatsapp_emulator.world.state import State
from whatsapp_emulator.world.tickets import PasskeyAttempt, Ticket
from whatsapp_wire.crypto.keys import KeyPair
from whatsapp_wire.errors import PairingRefused
from whatsapp_wire.jid import SERVER
from whatsapp_wire.node import Node
from whatsapp_wire.pairing import passkey
from whatsapp_wire.pairing.link_code import shown, typed
from whatsapp_wire.pairing.webauthn import read_assertion

_KEY = 32


def insist(state: State, account: Account, *, required: bool, stalls: int = 0, hides_options: bool = False) -> None:
    """Give an account a passkey on which it insists from now on, or let it insist no longer."""
    account.passkey_stalls, account.passkey_hides_options = stalls, hides_options
    if not required:
        account.passkey = None
    elif account.passkey is None:
        account.passkey = new_passkey(state.entropy.randbytes(16), account.phone.encode())


def vouch(state: State, ticket: Ticket, companion_identity: bytes, adv_secret: bytes) -> None:
    """A code was used: link the companion, or ask it for the passkey first."""
    key = ticket.account.passkey
    if key is None:
        pairing.offer_link(state, ticket, companion_identity, adv_secret)
        return
    ticket.passkey = PasskeyAttempt(key, state.entropy.randbytes(_KEY), adv_secret, ticket.account.passkey_stalls)
    ticket.account.pairing = ticket
    asked = Node("passkey_request_options") if ticket.account.passkey_hides_options else _options(ticket.passkey)
    _notify(state, ticket.link, "passkey_prologue_request", asked)


def answer(state: State, link: Link, iq: Node) -> Reply | None:
    """Answer what a companion says in such a pairing; None when it is not that. Raises IqRefused, PairingRefused."""
    child = iq.children[0]
    hear = _HEARERS.get((iq.get("type") or "", child.tag))
    if hear is None:
        return None
    ticket = link.ticket
    if ticket is None or ticket.outcome != "waiting" or ticket.passkey is None:
        raise NOT_FOUND
    return hear(state, ticket, ticket.passkey, child)


def code_of(ticket: Ticket | None) -> str | None:
    """The code that the phone shows, if it has to be compared."""
    attempt = None if ticket is None else ticket.passkey
    return None if attempt is None or attempt.code is None or attempt.spares_code else shown(attempt.code)


def compare(state: State, ticket: Ticket | None, text: str) -> bool:
    """A person compares the phone's code with the companion's, and taps accordingly; whether they are the same."""
    attempt = None if ticket is None else ticket.passkey
    if ticket is None or attempt is None or attempt.code is None:
        raise PairingRefused(404, "the phone shows no code")
    if typed(text) != attempt.code:
        pairing.refuse(state, ticket, "the codes differ")
        return False
    attempt.is_confirmed = True
    _link(state, ticket, attempt)
    return True


def _hear_options(state: State, ticket: Ticket, attempt: PasskeyAttempt, child: Node) -> Reply:
    return Reply([_options(attempt)])


def _hear_ref(state: State, ticket: Ticket, attempt: PasskeyAttempt, child: Node) -> Reply:
    attempt.ref = f"2@{state.entropy.randbytes(24).hex()}"
    return Reply([Node("ref", None, attempt.ref.encode())])


def _hear_prologue(state: State, ticket: Ticket, attempt: PasskeyAttempt, child: Node) -> Reply:
    assertion = read_assertion(child.require("webauthn_assertion").bytes())
    if child.require("credential_id").bytes() != assertion.credential_id:
        raise IqRefused(400, "bad-request")
    attempt.key.check(assertion, attempt.challenge)
    payload, proof = child.require("prologue_payload").bytes(), child.child("pairing_handoff_proof")
    prologue = passkey.read_prologue(payload)
    if prologue.ref != attempt.ref:
        raise IqRefused(400, "bad-request")
    if proof is not None and not passkey.proves_handoff(
        passkey.handoff_key(attempt.old_secret), payload, proof.bytes()
    ):
        raise PairingRefused(401, "the handoff proof does not hold")
    attempt.spares_code = proof is not None
    attempt.prologue, attempt.code, attempt.request = prologue, None, None
    attempt.ephemeral, attempt.nonce = KeyPair.generate(), state.entropy.randbytes(_KEY)
    if attempt.stalls:
        attempt.stalls -= 1
        return Reply()
    primary = passkey.write_primary(passkey.Primary(attempt.ephemeral.public, attempt.nonce))
    told = Node("primary_ephemeral_identity", None, primary)
    return Reply(then=lambda: _notify(state, ticket.link, "crsc_continuation", told))


def _hear_nonce(state: State, ticket: Ticket, attempt: PasskeyAttempt, child: Node) -> Reply:
    if attempt.prologue is None or attempt.ephemeral is None:
        raise NOT_FOUND
    nonce = child.bytes()
    passkey.check_commitment(attempt.prologue, nonce)
    attempt.code = passkey.comparison_code(nonce, passkey.Primary(attempt.ephemeral.public, attempt.nonce))
    return Reply()


def _hear_request(state: State, ticket: Ticket, attempt: PasskeyAttempt, child: Node) -> Reply:
    prologue, ephemeral = attempt.prologue, attempt.ephemeral
    if prologue is None or ephemeral is None or attempt.code is None:
        raise NOT_FOUND
    key = passkey.request_key(ephemeral, prologue.public, prologue.ref, prologue.device_type)
    attempt.request = passkey.open_request(key, child.bytes())
    if attempt.request.noise_public != ticket.link.noise_key:
        raise PairingRefused(401, "the request names another Noise key than its connection uses")
    return Reply(then=lambda: _link(state, ticket, attempt))


def _link(state: State, ticket: Ticket, attempt: PasskeyAttempt) -> None:
    """Link the companion once it has asked, and the person has agreed as far as that is needed."""
    if attempt.request is not None and (attempt.spares_code or attempt.is_confirmed):
        pairing.offer_link(state, ticket, attempt.request.identity_public, attempt.request.adv_secret)


def _options(attempt: PasskeyAttempt) -> Node:
    options = json.dumps(attempt.key.options(attempt.challenge)).encode()
    return Node("passkey_request_options", None, options)


def _notify(state: State, link: Link, type: str, content: Node) -> None:
    head: Attrs = {"from": SERVER, "type": type, "id": state.next_id(), "t": state.stamp}
    state.send(link, Node("notification", head, [content]))


_Hear = Callable[[State, Ticket, PasskeyAttempt, Node], Reply]

_HEARERS: Final[Mapping[tuple[str, str], _Hear]] = {
    ("get", "passkey_request_options"): _hear_options,
    ("get", "ref"): _hear_ref,
    ("set", "passkey_prologue"): _hear_prologue,
    ("set", "companion_nonce"): _hear_nonce,
    ("set", "encrypted_pairing_request"): _hear_request,
}
