"""Is it alive, and is it ready? Open to everybody, and says nothing that anybody must not know."""

from __future__ import annotations

from typing import Literal

from fastapi import APIRouter, Request
from starlette.responses import Response

from wagate import __version__
from wagate.api.routing import answer, gateway_of
from wagate.api.v1.schemas.parts import Shown, example

_FRESH = {"Cache-Control": "no-store"}

router = APIRouter(tags=["health"])


class Health(Shown):
    """How the gateway is. `ready` needs a database that can be written and the sessions of before to be back."""

    model_config = example({"status": "ready", "version": "0.1.0", "checks": {"database": "ok", "restore": "ok"}})

    status: Literal["ready", "starting", "unavailable"]
    version: str
    checks: dict[str, str]


class Alive(Shown):
    """The process answers."""

    model_config = example({"status": "alive"})

    status: Literal["alive"]


@router.get("/health", response_model=Health)
async def health(request: Request) -> Response:
    """How the gateway is; always 200 while it answers at all."""
    return answer(await _look(request), headers=_FRESH)


@router.get("/health/live", response_model=Alive)
async def live() -> Response:
    """Whether the process answers. If not, restart it."""
    return answer({"status": "alive"}, headers=_FRESH)


@router.get("/health/ready", response_model=Health, responses={503: {"model": Health, "description": "Not ready"}})
async def ready(request: Request) -> Response:
    """Whether requests should come here: 200, or 503 while the gateway starts or cannot write its database."""
    found = await _look(request)
    return answer(found, 200 if found["status"] == "ready" else 503, _FRESH)


async def _look(request: Request) -> dict[str, object]:
    gateway = gateway_of(request)
    writable = await gateway.can_write()
    checks = {"database": "ok" if writable else "cannot be written", "restore": "ok" if gateway.restored else "running"}
    status = "unavailable" if not writable else "ready" if gateway.restored else "starting"
    return {"status": status, "version": __version__, "checks": checks}
