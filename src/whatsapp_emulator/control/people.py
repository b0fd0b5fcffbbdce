"""Operations on people, each in the name of one virtual phone: profile, privacy, blocking, another number, calls."""

from __future__ import annotations

import base64
from collections.abc import Callable

from aiohttp import web

from whatsapp_emulator.control.body import BadRequest, Body, address, read_body
from whatsapp_emulator.control.keys import BOARD
from whatsapp_emulator.world.calls import Call
from whatsapp_emulator.world.phone_people import PhonePeople

_Told = dict[str, object]


async def act(request: web.Request) -> web.Response:
    """Do one thing."""
    verb = _VERBS.get(request.match_info["verb"])
    if verb is None:
        raise BadRequest(f"about people a phone knows {', '.join(sorted(_VERBS))}")
    body = await read_body(request)
    with request.app[BOARD].turn() as world:
        return web.json_response(verb(world.phone(request.match_info["phone"]).people, body))


async def look(request: web.Request) -> web.Response:
    """What somebody shows, and whom they have blocked."""
    account = request.app[BOARD].world.phone(request.match_info["phone"]).account
    told: _Told = {
        "name": account.name,
        "about": account.about,
        "picture_id": None if account.picture is None else account.picture.id,
        "privacy": account.privacy,
        "blocked": sorted(account.blocked),
        "present": account.present,
        "watchers": sorted(device.label for device in account.subscribers),
    }
    return web.json_response(told)


async def call(request: web.Request) -> web.Response:
    """A call as it is."""
    found = request.app[BOARD].world.calls.get(request.match_info["call"])
    if found is None:
        raise LookupError(f"there is no call {request.match_info['call']}")
    return web.json_response(_shown(found))


def _about(hand: PhonePeople, body: Body) -> _Told:
    hand.set_about(body.text("text"))
    return {}


def _name(hand: PhonePeople, body: Body) -> _Told:
    hand.set_name(body.text("name"))
    return {}


def _picture(hand: PhonePeople, body: Body) -> _Told:
    encoded = body.maybe_text("jpeg")
    jpeg = None if encoded is None else base64.b64decode(encoded, validate=True)
    return {"id": hand.set_picture(jpeg)}


def _privacy(hand: PhonePeople, body: Body) -> _Told:
    hand.set_privacy(body.text("category"), body.text("value"))
    return {}


def _contacts(hand: PhonePeople, body: Body) -> _Told:
    hand.set_contacts(body.texts("numbers") or [])
    return {}


def _block(hand: PhonePeople, body: Body) -> _Told:
    hand.block(address(body.text("who")), blocked=body.flag("blocked"))
    return {}


def _number(hand: PhonePeople, body: Body) -> _Told:
    hand.change_number(body.text("phone"))
    return {}


def _call(hand: PhonePeople, body: Body) -> _Told:
    return _shown(hand.call(address(body.text("who")), video=bool(body.fields.get("video"))))


def _hang_up(hand: PhonePeople, body: Body) -> _Told:
    return _shown(hand.hang_up(body.text("id")))


def _answer(hand: PhonePeople, body: Body) -> _Told:
    return _shown(hand.answer(body.text("id"), accept=body.flag("accept")))


def _shown(call: Call) -> _Told:
    return {"id": call.id, "state": call.state.value, "caller": call.caller.phone, "callee": call.callee.phone}


_VERBS: dict[str, Callable[[PhonePeople, Body], _Told]] = {
    "about": _about,
    "name": _name,
    "picture": _picture,
    "privacy": _privacy,
    "contacts": _contacts,
    "block": _block,
    "number": _number,
    "call": _call,
    "hang-up": _hang_up,
    "answer": _answer,
}

ROUTES = [
    web.post("/control/phones/{phone}/people/{verb}", act),
    web.get("/control/phones/{phone}/people", look),
    web.get("/control/calls/{call}", call),
]
