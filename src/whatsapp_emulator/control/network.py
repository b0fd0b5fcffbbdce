"""Operations on the network: accounts, faults, kicks and bans, the recorder, counters and violations."""

import os
import time
from dataclasses import asdict
from pathlib import Path
from typing import cast

from aiohttp import web

from whatsapp_emulator.control.body import BadRequest, read_body
from whatsapp_emulator.control.keys import BOARD, PROXY, WHEREABOUTS
from whatsapp_emulator.world.operator import KICK_KINDS, KickKind


async def whereabouts(request: web.Request) -> web.Response:
    """Where the emulator is."""
    return web.json_response(request.app[WHEREABOUTS].as_dict())


async def create_account(request: web.Request) -> web.Response:
    """Make sure that somebody exists."""
    body = await read_body(request)
    with request.app[BOARD].turn() as world:
        account = world.account(body.text("phone").removeprefix("+"), body.maybe_text("name") or "")
    return web.json_response({"phone": account.phone, "name": account.name, "pn": account.pn, "lid": account.lid})


async def kick(request: web.Request) -> web.Response:
    """End the connections of an account."""
    kind = (await read_body(request)).text("kind")
    if kind not in KICK_KINDS:
        raise BadRequest(f"kind must be one of {', '.join(sorted(KICK_KINDS))}")
    with request.app[BOARD].turn() as world:
        kicked = world.operator(_phone(request)).kick(cast("KickKind", kind))
    return web.json_response({"kicked": kicked})


async def refuse(request: web.Request) -> web.Response:
    """Refuse every login of an account from now on."""
    body = await read_body(request)
    with request.app[BOARD].turn() as world:
        world.operator(_phone(request)).refuse(body.text("reason"), body.strings("attrs"))
    return web.json_response({})


async def allow(request: web.Request) -> web.Response:
    """Let an account log in again."""
    with request.app[BOARD].turn() as world:
        world.operator(_phone(request)).allow()
    return web.json_response({})


async def dirty(request: web.Request) -> web.Response:
    """Tell an account's devices that something has to be fetched anew."""
    body = await read_body(request)
    with request.app[BOARD].turn() as world:
        world.operator(_phone(request)).mark_dirty(body.text("type"))
    return web.json_response({})


async def faults(request: web.Request) -> web.Response:
    """The knobs."""
    return web.json_response(request.app[BOARD].world.faults.as_dict())


async def turn_faults(request: web.Request) -> web.Response:
    """Turn some of the knobs; the others stay."""
    body = await read_body(request)
    with request.app[BOARD].turn() as world:
        world.faults.update(body.fields)
        return web.json_response(world.faults.as_dict())


async def stats(request: web.Request) -> web.Response:
    """Counters, and the state of every device."""
    board = request.app[BOARD]
    devices = {
        device.label: {
            "connected": device.link is not None,
            "active": device.link is not None and device.link.active,
            "prekeys": len(device.keys),
            "pending": len(device.queue),
        }
        for account in board.world.accounts
        for device in account.devices.values()
    }
    spent = os.times()
    told = {
        "counts": dict(board.world.audit.counts),
        "violations": len(board.world.audit.violations),
        "devices": devices,
        "connections": board.connected,
        "refused_hosts": dict(request.app[PROXY].refused),
        "cpu_s": spent.user + spent.system,
    }
    return web.json_response(told)


async def violations(request: web.Request) -> web.Response:
    """What must not have happened."""
    found = [asdict(violation) for violation in request.app[BOARD].world.audit.violations]
    return web.json_response({"violations": found})


async def forgive(request: web.Request) -> web.Response:
    """Pass over violations, past and future."""
    body = await read_body(request)
    forgiven = request.app[BOARD].world.audit.forgive(body.maybe_text("kind"), body.maybe_text("who"))
    return web.json_response({"forgiven": forgiven})


async def record(request: web.Request) -> web.Response:
    """Begin to write down what clients say, or stop with a path of null."""
    path, recorder = (await read_body(request)).maybe_text("path"), request.app[BOARD].recorder
    if path is None:
        recorder.stop()
    else:
        recorder.start(Path(path))
    return web.json_response({})


async def mark(request: web.Request) -> web.Response:
    """Write a line of one's own into the recording."""
    text = (await read_body(request)).text("text")
    request.app[BOARD].recorder.write("mark", time.time(), "", text=text)
    return web.json_response({})


def _phone(request: web.Request) -> str:
    return request.match_info["phone"]


ROUTES = [
    web.get("/control/info", whereabouts),
    web.post("/control/accounts", create_account),
    web.post("/control/accounts/{phone}/kick", kick),
    web.post("/control/accounts/{phone}/refuse", refuse),
    web.post("/control/accounts/{phone}/allow", allow),
    web.post("/control/accounts/{phone}/dirty", dirty),
    web.get("/control/faults", faults),
    web.post("/control/faults", turn_faults),
    web.get("/control/stats", stats),
    web.get("/control/violations", violations),
    web.post("/control/forgive", forgive),
    web.post("/control/recorder", record),
    web.post("/control/recorder/mark", mark),
]
