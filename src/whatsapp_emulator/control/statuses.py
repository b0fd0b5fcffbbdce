"""Status posts of a virtual phone: whom they are for. Posting is `say` to ``status@broadcast``."""

from aiohttp import web

from whatsapp_emulator.control.body import address, read_body
from whatsapp_emulator.control.keys import BOARD
from whatsapp_emulator.world import status_typing


async def set_audience(request: web.Request) -> web.Response:
    """Post for these `people` from now on; without them for everybody there is."""
    people = (await read_body(request)).texts("people")
    with request.app[BOARD].turn() as world:
        phone = world.phone(request.match_info["phone"])
        chosen = None if people is None else [address(person) for person in people]
        status_typing.set_audience(phone.state, phone.account, chosen)
    return web.json_response({})


ROUTES = [web.post("/control/phones/{phone}/status-audience", set_audience)]
