"""Templates: store content once, and send it often."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from wagate.api.routing import GuardedRoute, answer, gateway_of, needs, principal_of
from wagate.api.v1.schemas.template_contents import held_shape
from wagate.api.v1.schemas.templates import (
    RenderedTemplate,
    RenderTemplate,
    StoreTemplate,
    Template,
    TemplatePage,
    TemplateQuery,
)
from wagate.domain.content import Document, Image, Video
from wagate.domain.errors import (
    GatewayError,
    InvalidContent,
    InvalidCursor,
    InvalidMedia,
    MediaGone,
    MediaNotFound,
    MediaNotReady,
    MediaQuotaExceeded,
    MediaTooLarge,
    StorageFull,
    TooBusy,
)
from wagate.domain.media import MediaKind
from wagate.domain.moments import iso
from wagate.domain.templates import Template as Stored
from wagate.domain.templates import (
    TemplateNameTaken,
    TemplateNotFound,
    TooManyTemplates,
    VariablesMissing,
    VariablesUnknown,
)
from wagate.features.access import Scope
from wagate.features.templates import Draft

router = APIRouter(route_class=GuardedRoute, tags=["templates"])

_WITH_FILE = (
    InvalidContent,
    TemplateNameTaken,
    InvalidMedia,
    MediaNotFound,
    MediaNotReady,
    MediaGone,
    MediaTooLarge,
    MediaQuotaExceeded,
    StorageFull,
    TooBusy,
)


@router.post("/v1/templates", status_code=201, response_model=Template)
@needs(Scope.TEMPLATES_WRITE, TooManyTemplates, *_WITH_FILE)
async def create_template(request: Request, body: StoreTemplate) -> Response:
    """Store a template: content with places such as `{{name}}` or `{{1}}` in its texts.

    Whatever else stands in braces is plain text. Of a file its id is stored, and the file is not held: if it is
    deleted, or goes by the retention of media, sending says so. How long a text may be is checked when it is sent.
    """
    async with _drafted(request, body) as draft:
        made = await gateway_of(request).templates.create(principal_of(request), draft)
    return answer(_shape(made), 201, {"Location": f"/v1/templates/{made.id}"})


@router.get("/v1/templates", response_model=TemplatePage)
@needs(Scope.TEMPLATES_READ, InvalidCursor)
async def list_templates(request: Request, query: Annotated[TemplateQuery, Query()]) -> Response:
    """The tenant's templates."""
    page = await gateway_of(request).templates.list(
        principal_of(request), name=query.name, limit=query.limit, cursor=query.cursor, order=query.order
    )
    return answer({"data": [_shape(template) for template in page.items], "next_cursor": page.next_cursor})


@router.get("/v1/templates/{template}", response_model=Template)
@needs(Scope.TEMPLATES_READ, TemplateNotFound)
async def get_template(request: Request, template: str) -> Response:
    """One template."""
    return answer(_shape(await gateway_of(request).templates.get(principal_of(request), template)))


@router.put("/v1/templates/{template}", response_model=Template)
@needs(Scope.TEMPLATES_WRITE, TemplateNotFound, *_WITH_FILE)
async def replace_template(request: Request, template: str, body: StoreTemplate) -> Response:
    """Put something else in a template's place. Messages that were accepted before stay as they are."""
    await gateway_of(request).templates.get(principal_of(request), template)  # before a file is converted for it
    async with _drafted(request, body) as draft:
        changed = await gateway_of(request).templates.put(principal_of(request), template, draft)
    return answer(_shape(changed))


@router.delete("/v1/templates/{template}", status_code=204)
@needs(Scope.TEMPLATES_WRITE, TemplateNotFound)
async def delete_template(request: Request, template: str) -> Response:
    """Delete a template, not the file that it shows. Messages that were accepted before stay as they are."""
    await gateway_of(request).templates.delete(principal_of(request), template)
    return Response(status_code=204)


@router.post("/v1/templates/{template}/render", response_model=RenderedTemplate)
@needs(Scope.TEMPLATES_READ, TemplateNotFound, VariablesMissing, VariablesUnknown, InvalidContent)
async def render_template(request: Request, template: str, body: RenderTemplate) -> Response:
    """What a message would say. Nothing is sent or stored."""
    said = await gateway_of(request).templates.render(principal_of(request), template, body.variables)
    return answer({"content": held_shape(said), "text": said.text})


@asynccontextmanager
async def _drafted(request: Request, body: StoreTemplate) -> AsyncIterator[Draft]:
    """What is to be stored, its file fit for its type. One that had to be made for it goes again if that fails."""
    said = body.content.said()
    if not isinstance(said, Image | Video | Document):
        yield Draft(body.name, body.language, said)
        return
    gateway, principal = gateway_of(request), principal_of(request)
    media = await gateway.media.fit(principal, said.media, MediaKind(said.type))
    try:
        yield Draft(body.name, body.language, replace(said, media=media.id))
    except GatewayError:
        if media.id != said.media:
            with suppress(GatewayError):
                await gateway.media.delete(principal, media.id)
        raise


def _shape(template: Stored) -> dict[str, object]:
    return {
        "id": template.id,
        "name": template.name,
        "language": template.language,
        "content": held_shape(template.content),
        "variables": list(template.variables),
        "created_at": iso(template.created_at),
        "updated_at": iso(template.updated_at),
    }
