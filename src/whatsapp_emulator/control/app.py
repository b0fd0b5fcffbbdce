"""Puts the control API together: routes, shared objects, and how errors are told."""

import asyncio

from aiohttp import web
from aiohttp.typedefs import Handler

from whatsapp_emulator.control import (
    app_state,
    contents,
    groups,
    histories,
    media,
    network,
    passkeys,
    people,
    phones,
    statuses,
)
from whatsapp_emulator.control.keys import BLOBS, BOARD, PROXY, WHEREABOUTS
from whatsapp_emulator.web.media import Blobs
from whatsapp_emulator.web.proxy import ConnectProxy
from whatsapp_emulator.web.switchboard import Switchboard
from whatsapp_emulator.whereabouts import Whereabouts
from whatsapp_emulator.world.replies import IqRefused
from whatsapp_emulator.world.shelf import MediaRefused
from whatsapp_wire.errors import MediaDamaged, PairingRefused

_MAX_BODY = 16 << 20


def control_app(board: Switchboard, whereabouts: Whereabouts, proxy: ConnectProxy, blobs: Blobs) -> web.Application:
    """The application of the control API."""
    app = web.Application(client_max_size=_MAX_BODY, middlewares=[_tell_errors])
    app[BOARD], app[WHEREABOUTS], app[PROXY], app[BLOBS] = board, whereabouts, proxy, blobs
    for rooms in (network, phones, media, contents, groups, people, app_state, histories, passkeys, statuses):
        app.add_routes(rooms.ROUTES)
    return app


@web.middleware
async def _tell_errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    """What an operation raises becomes ``{"error": …}`` with a fitting status."""
    try:
        return await handler(request)
    except PairingRefused as error:
        return _error(409, f"pairing refused: {error.code} {error.text}")
    except MediaRefused as error:
        return _error(error.status, error.text)
    except MediaDamaged as error:
        return _error(409, f"the file is not what its message says: {error}")
    except IqRefused as error:
        return _error(409, f"refused: {error.code} {error.text}")
    except LookupError as error:
        return _error(404, f"{type(error).__name__}: {error}")
    except (ValueError, OSError) as error:
        status = 504 if isinstance(error, TimeoutError | asyncio.TimeoutError) else 400
        return _error(status, str(error) or type(error).__name__)


def _error(status: int, text: str) -> web.Response:
    return web.json_response({"error": text}, status=status)
