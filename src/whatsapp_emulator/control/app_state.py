"""Operations on what an account's devices agree on, each in the name of its phone."""

from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from typing import Final

from aiohttp import web

from whatsapp_emulator.control.body import BadRequest, Body, address, read_body
from whatsapp_emulator.control.keys import BOARD
from whatsapp_emulator.world.phone_app_state import PhoneAppState


async def act(request: web.Request) -> web.Response:
    """Do one thing."""
    do = _ACTS.get(request.match_info["act"])
    if do is None:
        raise BadRequest(f"an act is one of {', '.join(_ACTS)}")
    body = await read_body(request)
    with request.app[BOARD].turn() as world:
        do(world.phone(request.match_info["phone"]).app_state, body)
    return web.json_response({})


async def look(request: web.Request) -> web.Response:
    """Everything in force, each with its `action`."""
    with request.app[BOARD].turn() as world:
        found = world.phone(request.match_info["phone"]).app_state.in_force
    return web.json_response({"actions": [{"action": type(each).__name__, **_shown(each)} for each in found]})


def _shown(action: object) -> dict[str, object]:
    assert is_dataclass(action), "actions are dataclasses"
    shown: dict[str, object] = {}
    for each in fields(action):
        value = getattr(action, each.name)
        if each.name != "range":
            shown[each.name] = _shown(value) if is_dataclass(value) else value
    return shown


def _mute(hand: PhoneAppState, body: Body) -> None:
    until = body.fields.get("until")
    if isinstance(until, bool) or not isinstance(until, int | None):
        raise BadRequest("until must be a moment in ms, -1 or null")
    hand.mute(address(body.text("chat")), until)


def _change_key(hand: PhoneAppState, body: Body) -> None:
    hand.change_key(share=body.flag("share"))


_ACTS: Final[Mapping[str, Callable[[PhoneAppState, Body], None]]] = {
    "archive": lambda hand, body: hand.archive(address(body.text("chat")), on=body.flag("on")),
    "pin": lambda hand, body: hand.pin(address(body.text("chat")), on=body.flag("on")),
    "mute": _mute,
    "mark-read": lambda hand, body: hand.mark_read(address(body.text("chat")), read=body.flag("read")),
    "clear": lambda hand, body: hand.clear(address(body.text("chat")), with_starred=body.flag("with_starred")),
    "delete": lambda hand, body: hand.delete(address(body.text("chat"))),
    "star": lambda hand, body: hand.star(body.text("id"), on=body.flag("on")),
    "hide": lambda hand, body: hand.hide(body.text("id")),
    "save-contact": lambda hand, body: hand.save_contact(
        address(body.text("person")), body.maybe_text("name") or "", body.maybe_text("first_name") or ""
    ),
    "push-name": lambda hand, body: hand.set_push_name(body.text("name")),
    "name-number": lambda hand, body: hand.name_number(address(body.text("person"))),
    "change-key": _change_key,
}

ROUTES = [
    web.post("/control/phones/{phone}/app-state/{act}", act),
    web.get("/control/phones/{phone}/app-state", look),
]
