"""Pairing with a passkey: the request, its answer, and the code to compare."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from wagate.api.routing import GuardedRoute, answer, gateway_of, needs, principal_of
from wagate.api.v1.schemas import passkeys as schemas
from wagate.api.v1.schemas.sessions import Session
from wagate.domain.errors import SessionAlreadyPaired, SessionNotFound, SessionNotRunning, UnsupportedByEngine
from wagate.domain.moments import iso
from wagate.domain.passkey import PasskeyNotAsked, PasskeyRefused
from wagate.features.access import Scope
from wagate.features.sessions.opening import HeldElsewhere
from wagate.features.sessions.shape import session_shape

_ERRORS = (
    SessionNotFound,
    SessionAlreadyPaired,
    SessionNotRunning,
    PasskeyNotAsked,
    UnsupportedByEngine,
    HeldElsewhere,
)

router = APIRouter(route_class=GuardedRoute, tags=["sessions"])


@router.get("/v1/sessions/{session}/passkey", response_model=schemas.Passkey)
@needs(Scope.SESSIONS_PAIR, *_ERRORS)
async def get_passkey(request: Request, session: str) -> Response:
    """What WhatsApp asks of the account's passkey, while it does (reason `passkey_required` or `passkey_code`)."""
    step = await gateway_of(request).sessions.passkeys.step(principal_of(request), session)
    shape = {"options": dict(step.options), "code": step.code, "expires_at": iso(step.expires_at)}
    return answer(shape, headers={"Cache-Control": "no-store"})


@router.post("/v1/sessions/{session}/passkey", response_model=Session)
@needs(Scope.SESSIONS_PAIR, *_ERRORS, PasskeyRefused)
async def answer_passkey(request: Request, session: str, body: schemas.AnswerPasskey) -> Response:
    """Hand in the passkey's assertion. Answers once WhatsApp took it; events tell how the pairing goes on.

    The assertion can come from a browser on WhatsApp's own site only, or from an authenticator that answers for it: see
    the how-to *Pair a phone*. One that is refused may be followed by another while the request lasts.
    """
    assertion = body.assertion()
    found = await gateway_of(request).sessions.passkeys.answer(principal_of(request), session, assertion)
    return answer(session_shape(found))


@router.post("/v1/sessions/{session}/passkey/confirm", response_model=Session)
@needs(Scope.SESSIONS_PAIR, *_ERRORS)
async def confirm_passkey(request: Request, session: str, body: schemas.ConfirmPasskey) -> Response:
    """Say whether the phone shows the same code as `GET …/passkey` (reason `passkey_code`)."""
    found = await gateway_of(request).sessions.passkeys.confirm(principal_of(request), session, matches=body.matches)
    return answer(session_shape(found))
