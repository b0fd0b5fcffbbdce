"""Engines: what there is, what each one promises, and which one is the default."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from wagate.api.routing import GuardedRoute, answer, gateway_of, needs
from wagate.api.v1.schemas.engines import EngineList
from wagate.features.access import Scope

router = APIRouter(route_class=GuardedRoute, tags=["sessions"])


@router.get("/v1/engines", response_model=EngineList)
@needs(Scope.SESSIONS_READ)
async def list_engines(request: Request) -> Response:
    """The engines that a session may use here, the default one first: promises, abilities, costs, what is unproven."""
    return answer({"data": gateway_of(request).engines.shape()})
