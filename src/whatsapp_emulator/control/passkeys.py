"""Operations on a person's passkey: insist on it, have it answer a request, compare the code that the phone shows."""

import json

from aiohttp import web

from whatsapp_emulator.control.body import BadRequest, query_number, read_body
from whatsapp_emulator.control.keys import BOARD
from whatsapp_emulator.world import authenticator
from whatsapp_emulator.world.passkeys import code_of
from whatsapp_wire.pairing.webauthn import decoded, write_assertion


async def insist(request: web.Request) -> web.Response:
    """Let an account insist on a passkey when a device is linked, or not any more.

    The phone does not react to so many prologues as `stalls`; `hides_options`: companions have to ask what is asked.
    """
    body = await read_body(request)
    required, stalls, hides = body.flag("required"), body.number("stalls", 0), body.flag("hides_options")
    with request.app[BOARD].turn() as world:
        world.insist_on_passkey(request.match_info["phone"], required=required, stalls=stalls, hides_options=hides)
    return web.json_response({})


async def sign(request: web.Request) -> web.Response:
    """What a browser on `origin` gets from the passkey for a `challenge`: the assertion, as JSON."""
    body = await read_body(request)
    challenge, origin = decoded(body.text("challenge")), body.maybe_text("origin") or authenticator.ORIGIN
    with request.app[BOARD].turn() as world:
        key = world.phone(request.match_info["phone"]).account.passkey
    if key is None or challenge is None:
        raise BadRequest("the account has no passkey, or the challenge is not base64url")
    return web.json_response(json.loads(write_assertion(key.sign(challenge, origin))))


async def code(request: web.Request) -> web.Response:
    """The code that the phone shows, or null; with `wait_s` waits for one."""
    board, phone = request.app[BOARD], request.match_info["phone"]
    shown = await board.until(lambda: code_of(board.world.pairing_of(phone)), query_number(request, "wait_s", 0))
    return web.json_response({"code": shown})


async def compare(request: web.Request) -> web.Response:
    """Compare the phone's code with what the companion shows; the pairing ends when they differ."""
    text = (await read_body(request)).text("code")
    with request.app[BOARD].turn() as world:
        same = world.compare_passkey_code(request.match_info["phone"], text)
    return web.json_response({"same": same})


ROUTES = [
    web.post("/control/phones/{phone}/passkey", insist),
    web.post("/control/phones/{phone}/passkey/sign", sign),
    web.get("/control/phones/{phone}/passkey/code", code),
    web.post("/control/phones/{phone}/passkey/compare", compare),
]
