"""Pairing on when the server asks for a passkey (`whatsapp_wire.pairing.passkey` has the steps and their source).

Nothing of it is durable, and nothing has to be: until a `pair-success` is committed there is no device, and whoever
loses the connection or the process begins with a new code. Each step of a human has a deadline; a step that is late or
fails ends the connection, and a new one brings new codes.
"""

from __future__ import annotations

import os
from dataclasses import replace
from functools import partial
from typing import Any

import structlog

from wagate.adapters.engines.native.machine.device import Device, PasskeyPairing, Phase
from wagate.adapters.engines.native.machine.errors import (
    PASSKEY_EXPIRED,
    PASSKEY_FAILED,
    LineLost,
    RequestRefused,
    detailed,
)
from wagate.adapters.engines.native.machine.flows import ANSWER_TIMEOUT_S, Flow, Pause
from wagate.domain.passkey import PasskeyAssertion, PasskeyNotAsked, PasskeyRefused
from wagate.domain.session import Reason, SessionState
from wagate.ports.engine import NotSent
from wagate.ports.news import PasskeyCodeShown, PasskeyRequired
from whatsapp_wire.errors import WireError
from whatsapp_wire.pairing import link_code, passkey
from whatsapp_wire.pairing.passkey import Companion, Request
from whatsapp_wire.pairing.webauthn import Assertion
from whatsapp_wire.stanza import passkey as stanzas
from whatsapp_wire.stanza.passkey import PasskeyAsked, PasskeyContinued

_log = structlog.get_logger(__name__)

_BUSY = "Another assertion is on its way; wait for what becomes of it"


def asked(us: Device, told: PasskeyAsked) -> Flow[None]:
    """Hand the request out, and watch the time until the pairing is through.

    The link gets a new secret: whoever photographed the QR code does not know it.
    """
    if us.credentials.own is not None or us.phase is Phase.CLOSED:
        _log.warning("a passkey is asked for outside of a pairing")
        return
    try:
        options = told.options or (yield from _fetched(us))
    except (NotSent, WireError) as error:
        _fail(us, error)
        return
    life, before = us.habits.passkey_step_s, us.passkey
    if before is not None and before.companion is None:
        # Asked again before anything was answered: the phone still knows the secret that the proof is made from.
        before.deadline = us.shell.now() + life
        _tell(us, options)
        return
    us.passkey = attempt = PasskeyPairing(
        deadline=us.shell.now() + life,
        handoff_key=passkey.handoff_key(us.credentials.adv_secret),
        handoff_until=us.shell.now() + us.habits.handoff_life_s,
    )
    us.credentials = replace(us.credentials, adv_secret=os.urandom(32))
    us.link_code = None
    _tell(us, options)
    while us.passkey is attempt and (left := attempt.deadline - us.shell.now()) > 0:
        yield Pause(left)
    if us.passkey is attempt:
        us.end(PASSKEY_EXPIRED)


def answer(us: Device, assertion: PasskeyAssertion) -> Flow[None]:
    """Send the assertion with our prologue. Raises PasskeyNotAsked, PasskeyRefused, NotSent."""
    attempt = _attempt(us)
    if attempt.is_sending:
        raise PasskeyNotAsked(_BUSY)
    attempt.is_sending = True
    try:
        asked_for = yield from us.flows.ask(stanzas.ask_ref)
        companion = Companion.new(stanzas.parse_ref(asked_for), us.companion_name.platform)
        payload = companion.prologue()
        proof = _proof(us, attempt, payload)
        attempt.companion, attempt.spares_code, attempt.request_key = companion, proof is not None, None
        given = Assertion(
            assertion.credential_id,
            assertion.client_data,
            assertion.authenticator_data,
            assertion.signature,
            assertion.user_handle,
        )
        yield from us.flows.ask(partial(stanzas.prologue, assertion=given, payload=payload, proof=proof))
    except RequestRefused as refused:
        attempt.companion = None
        raise PasskeyRefused(f"WhatsApp did not accept the assertion ({refused.detail})") from refused
    except WireError as error:
        attempt.companion = None
        raise NotSent(f"WhatsApp's answer cannot be used: {error}") from error
    finally:
        attempt.is_sending = False
    attempt.handoff_key = None
    if us.passkey is attempt and attempt.request_key is None:
        us.become(SessionState.PAIRING, Reason("passkey_accepted"))


def continued(us: Device, told: PasskeyContinued) -> Flow[None]:
    """The phone sent its key and nonce: open our commitment; then ask to be linked, or let a human compare."""
    attempt = us.passkey
    if attempt is None or attempt.companion is None or attempt.request_key is not None:
        _log.warning("a phone goes on with a passkey pairing that is not ours")
        return
    ours, primary = attempt.companion, told.primary
    try:
        key = passkey.request_key(ours.ephemeral, primary.public, ours.ref, ours.device_type)
        yield from us.flows.ask(partial(stanzas.companion_nonce, nonce=ours.nonce))
        if us.passkey is not attempt or attempt.companion is not ours:
            return
        attempt.request_key = key
        if attempt.spares_code:
            yield from _request(us, attempt)
            return
    except LineLost:
        return
    except (NotSent, WireError) as error:
        _fail(us, error)
        return
    attempt.deadline = us.shell.now() + us.habits.passkey_step_s
    us.become(SessionState.PAIRING, Reason("passkey_code"))
    code = link_code.shown(passkey.comparison_code(ours.nonce, primary))
    us.shell.report(PasskeyCodeShown(code, us.habits.passkey_step_s))


def confirm(us: Device, *, matches: bool) -> Flow[None]:
    """A human compared the codes. Raises PasskeyNotAsked, NotSent."""
    attempt = _attempt(us)
    if attempt.request_key is None or attempt.spares_code or attempt.is_sending:
        raise PasskeyNotAsked("There is no code to compare right now")
    if not matches:
        us.end(detailed(PASSKEY_FAILED, "the phone showed another code"))
        return
    attempt.is_sending = True
    try:
        yield from _request(us, attempt)
    except RequestRefused as refused:
        _fail(us, refused)
        raise


def _fetched(us: Device) -> Flow[dict[str, Any]]:
    """Ask for options that did not come with the notification, or not in a form that can be used."""
    answer = yield from us.flows.ask(stanzas.ask_options)
    return stanzas.parse_options(answer)


def _tell(us: Device, options: dict[str, Any]) -> None:
    us.become(SessionState.PAIRING, Reason("passkey_required"))
    us.shell.report(PasskeyRequired(options, us.habits.passkey_step_s))


def _attempt(us: Device) -> PasskeyPairing:
    if us.phase is Phase.CLOSED:
        raise NotSent("the session is not connected to WhatsApp")
    if us.passkey is None:
        raise PasskeyNotAsked("WhatsApp does not ask for a passkey; it does so after a code was used, if at all")
    return us.passkey


def _proof(us: Device, attempt: PasskeyPairing, payload: bytes) -> bytes | None:
    if attempt.handoff_key is None or us.shell.now() >= attempt.handoff_until:
        return None
    return passkey.handoff_proof(attempt.handoff_key, payload)


def _request(us: Device, attempt: PasskeyPairing) -> Flow[None]:
    """Ask the phone to link us under the new secret. Raises NotSent."""
    assert attempt.request_key is not None
    keys = us.credentials
    wanted = Request(keys.noise.public, keys.identity.public, keys.adv_secret)
    sealed = passkey.seal_request(attempt.request_key, wanted)
    attempt.deadline = us.shell.now() + us.habits.passkey_step_s
    yield from us.flows.ask(partial(stanzas.pairing_request, sealed=sealed), ANSWER_TIMEOUT_S)


def _fail(us: Device, error: Exception) -> None:
    """This pairing comes to nothing: a new connection brings new codes."""
    _log.warning("pairing with a passkey failed", error=str(error))
    us.end(detailed(PASSKEY_FAILED, str(error)))
