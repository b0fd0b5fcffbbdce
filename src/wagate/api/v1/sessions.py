"""Sessions: create, pair, start and stop them."""

from __future__ import annotations

import base64
import re
from typing import Annotated

from fastapi import APIRouter, Header, Query, Request
from pydantic import Field
from starlette.responses import Response

from wagate.api import qr
from wagate.api.errors import NotAcceptable, UnsupportedMediaType
from wagate.api.qr import QrForm
from wagate.api.routing import GuardedRoute, answer, gateway_of, needs, principal_of
from wagate.api.uploads import received
from wagate.api.v1.schemas import sessions as schemas
from wagate.api.v1.schemas.lists import ListQuery
from wagate.domain.errors import (
    ArchiveNewer,
    ArchiveUnreadable,
    DeviceInUse,
    DeviceNotNamed,
    DeviceUnreadable,
    InvalidCursor,
    InvalidProxy,
    InvalidRecipient,
    MoveFailed,
    PassphraseWrong,
    PreconditionFailed,
    QrNotReady,
    SessionAlreadyPaired,
    SessionNameTaken,
    SessionNotFound,
    SessionNotPaired,
    SessionNotRunning,
    SessionRunning,
    UnknownEngine,
    UnsupportedByEngine,
)
from wagate.domain.moments import iso
from wagate.domain.session import Session, SessionState
from wagate.features.access import Scope
from wagate.features.sessions.opening import HeldElsewhere
from wagate.features.sessions.shape import session_shape

_ENTITY_TAG = re.compile(r'(?<!W/)"([^"]*)"')
IMPORT_PATH = "/v1/sessions/import"

_SECRET = {"Cache-Control": "no-store"}

router = APIRouter(route_class=GuardedRoute, tags=["sessions"])


class SessionQuery(ListQuery):
    """Which sessions to list."""

    state: SessionState | None = Field(default=None, description="Only sessions in this state.")


@router.post("/v1/sessions", status_code=201, response_model=schemas.Session)
@needs(Scope.SESSIONS_WRITE, SessionNameTaken, UnknownEngine, InvalidProxy)
async def create_session(request: Request, body: schemas.CreateSession) -> Response:
    """Make a session. It is stopped and unpaired: start it, then show its QR code to a phone."""
    session = await gateway_of(request).sessions.create(
        principal_of(request),
        name=body.name,
        engine=body.engine,
        settings=body.settings.changes(),
        metadata=body.metadata,
    )
    return answer(
        session_shape(session), 201, {"Location": f"/v1/sessions/{session.id}", "ETag": f'"{session.edition}"'}
    )


@router.post(
    IMPORT_PATH, status_code=201, response_model=schemas.Session, openapi_extra={"requestBody": schemas.IMPORT_FORM}
)
@needs(
    Scope.SESSIONS_WRITE,
    DeviceUnreadable,
    DeviceNotNamed,
    DeviceInUse,
    ArchiveUnreadable,
    ArchiveNewer,
    PassphraseWrong,
    SessionNameTaken,
    UnknownEngine,
    UnsupportedByEngine,
    UnsupportedMediaType,
    MoveFailed,
)
async def import_session(request: Request) -> Response:
    """Make a session of a linked device that another program kept until now; nobody has to pair again.

    The session is stopped. See to it that the other program never runs again, then start it: two programs that use the
    same keys destroy the device's encryption.
    """
    sessions, most = gateway_of(request).sessions, request.app.state.limits.upload_files
    async with (
        received(request, most) as form,
        sessions.upload(form.word("source") or "", form.word("passphrase")) as upload,
    ):
        form.allow("source", "jid", "name", "engine", "passphrase")
        await form.lay_out(upload.folder, upload.reader.place)
        session = await sessions.import_device(
            principal_of(request), upload, jid=form.word("jid"), name=form.word("name"), engine=form.word("engine")
        )
    return answer(
        session_shape(session), 201, {"Location": f"/v1/sessions/{session.id}", "ETag": f'"{session.edition}"'}
    )


@router.get("/v1/sessions", response_model=schemas.SessionPage)
@needs(Scope.SESSIONS_READ, InvalidCursor)
async def list_sessions(request: Request, query: Annotated[SessionQuery, Query()]) -> Response:
    """The tenant's sessions."""
    page = await gateway_of(request).sessions.list(
        principal_of(request), state=query.state, limit=query.limit, cursor=query.cursor, order=query.order
    )
    return answer({"data": [session_shape(session) for session in page.items], "next_cursor": page.next_cursor})


@router.get("/v1/sessions/{session}", response_model=schemas.Session)
@needs(Scope.SESSIONS_READ, SessionNotFound)
async def get_session(request: Request, session: str) -> Response:
    """One session, by id or name: its state, the reason, and what a human should do."""
    return _shown(await gateway_of(request).sessions.get(principal_of(request), session))


@router.patch("/v1/sessions/{session}", response_model=schemas.Session)
@needs(Scope.SESSIONS_WRITE, SessionNotFound, SessionNameTaken, InvalidProxy, PreconditionFailed)
async def update_session(
    request: Request,
    session: str,
    body: schemas.UpdateSession,
    if_match: Annotated[
        str | None,
        Header(
            alias="If-Match",
            max_length=500,
            description="`ETag` of the session as you know it: refused when somebody edited it since.",
        ),
    ] = None,
) -> Response:
    """Change what is given. A new proxy is used from the next start on."""
    updated = await gateway_of(request).sessions.update(
        principal_of(request),
        session,
        name=body.name,
        settings=None if body.settings is None else body.settings.changes(),
        metadata=body.metadata,
        editions=_editions(if_match),
    )
    return _shown(updated)


@router.delete("/v1/sessions/{session}", status_code=204, response_class=Response)
@needs(Scope.SESSIONS_WRITE, SessionNotFound, HeldElsewhere)
async def delete_session(request: Request, session: str) -> Response:
    """Remove a session with its keys, messages, chats and contacts. A connected device is unlinked first."""
    await gateway_of(request).sessions.delete(principal_of(request), session)
    return Response(status_code=204)


@router.post("/v1/sessions/{session}/start", response_model=schemas.Session)
@needs(Scope.SESSIONS_WRITE, SessionNotFound, HeldElsewhere)
async def start_session(request: Request, session: str) -> Response:
    """Begin to connect, or to pair when no phone is linked. Answers at once; events tell how it goes."""
    return _shown(await gateway_of(request).sessions.start(principal_of(request), session))


@router.post("/v1/sessions/{session}/stop", response_model=schemas.Session)
@needs(Scope.SESSIONS_WRITE, SessionNotFound, HeldElsewhere)
async def stop_session(request: Request, session: str) -> Response:
    """Hang up and stay stopped, also after a restart. Messages wait until the session is started again."""
    return _shown(await gateway_of(request).sessions.stop(principal_of(request), session))


@router.post("/v1/sessions/{session}/restart", response_model=schemas.Session)
@needs(Scope.SESSIONS_WRITE, SessionNotFound, HeldElsewhere)
async def restart_session(request: Request, session: str) -> Response:
    """Stop, then start."""
    return _shown(await gateway_of(request).sessions.restart(principal_of(request), session))


@router.post("/v1/sessions/{session}/move", response_model=schemas.Session)
@needs(
    Scope.SESSIONS_WRITE,
    SessionNotFound,
    SessionNotPaired,
    UnknownEngine,
    UnsupportedByEngine,
    MoveFailed,
    HeldElsewhere,
)
async def move_session(request: Request, session: str, body: schemas.MoveSession) -> Response:
    """Have another engine go on with the linked device, without pairing again.

    What waits stays queued; a message whose outcome does not come in time becomes `unknown`. A session that was running
    is connected again when this answers, which takes some seconds; when it fails, the session goes on as it was.
    """
    return _shown(await gateway_of(request).sessions.move(principal_of(request), session, body.engine))


@router.post("/v1/sessions/{session}/export", response_model=schemas.Archive)
@needs(
    Scope.SESSIONS_WRITE,
    SessionNotFound,
    SessionRunning,
    SessionNotPaired,
    DeviceUnreadable,
    UnsupportedByEngine,
    HeldElsewhere,
)
async def export_session(request: Request, session: str, body: schemas.ExportSession) -> Response:
    """Take a stopped session's linked device out, as an archive for `POST /v1/sessions/import`.

    **The answer is the only copy.** The session is logged out by it (reason `exported`) and its keys are deleted here:
    the device never works twice. Who loses the archive or the passphrase has to pair the phone again.
    """
    archive = await gateway_of(request).sessions.export(principal_of(request), session, body.passphrase)
    return answer({"archive": base64.b64encode(archive).decode(), "size": len(archive)}, headers=_SECRET)


@router.post("/v1/sessions/{session}/logout", response_model=schemas.Session)
@needs(Scope.SESSIONS_WRITE, SessionNotFound, SessionNotPaired, HeldElsewhere)
async def log_out_session(request: Request, session: str) -> Response:
    """Unlink the device from the phone and forget its keys. To use the session again, start and pair it."""
    return _shown(await gateway_of(request).sessions.logout(principal_of(request), session))


@router.get(
    "/v1/sessions/{session}/qr",
    response_model=schemas.Qr,
    responses={200: {"content": {qr.MEDIA_TYPES[QrForm.PNG]: {}, qr.MEDIA_TYPES[QrForm.SVG]: {}}}},
)
@needs(Scope.SESSIONS_PAIR, SessionNotFound, QrNotReady, NotAcceptable, HeldElsewhere)
async def get_qr(
    request: Request,
    session: str,
    form: Annotated[
        QrForm | None, Query(alias="format", description="Which form to answer in; without it, Accept decides.")
    ] = None,
) -> Response:
    """The QR code to scan right now: JSON with the raw text and a data URL, a PNG or an SVG."""
    wanted = form or qr.form_for(request.headers.get("accept", ""))
    if wanted is None:
        raise NotAcceptable(f"A QR code comes as {', '.join(qr.MEDIA_TYPES.values())}.")
    code = await gateway_of(request).sessions.qr(principal_of(request), session)
    if wanted is not QrForm.JSON:
        return Response(await qr.draw(code.text, wanted), headers=_SECRET, media_type=qr.MEDIA_TYPES[wanted])
    shape = {
        "qr": code.text,
        "data_url": await qr.data_url(code.text),
        "expires_at": iso(code.expires_at),
        "remaining": code.remaining,
    }
    return answer(shape, headers=_SECRET)


@router.post("/v1/sessions/{session}/qr/renew", response_model=schemas.Session)
@needs(Scope.SESSIONS_PAIR, SessionNotFound, SessionAlreadyPaired, UnsupportedByEngine, HeldElsewhere)
async def renew_qr(request: Request, session: str) -> Response:
    """Begin a new series of QR codes, starting the session if need be."""
    return _shown(await gateway_of(request).sessions.renew_qr(principal_of(request), session))


@router.post("/v1/sessions/{session}/pairing-code", response_model=schemas.PairingCode)
@needs(
    Scope.SESSIONS_PAIR,
    SessionNotFound,
    SessionAlreadyPaired,
    SessionNotRunning,
    InvalidRecipient,
    UnsupportedByEngine,
    HeldElsewhere,
)
async def request_pairing_code(request: Request, session: str, body: schemas.RequestPairingCode) -> Response:
    """Get a code to type into the phone instead of scanning. The session must be running and waiting for a scan."""
    code = await gateway_of(request).sessions.pairing_code(principal_of(request), session, body.phone)
    return answer({"code": code.code, "expires_in_s": code.expires_in_s}, headers=_SECRET)


def _shown(session: Session) -> Response:
    return answer(session_shape(session), headers={"ETag": f'"{session.edition}"'})


def _editions(if_match: str | None) -> frozenset[str] | None:
    """The editions that an If-Match header names (RFC 9110, section 13.1.1); None when any will do."""
    if if_match is None or if_match.strip() == "*":
        return None
    return frozenset(_ENTITY_TAG.findall(if_match))
