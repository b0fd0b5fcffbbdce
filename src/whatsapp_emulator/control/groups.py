"""Operations on groups, each in the name of one virtual phone; a group can also just be looked at."""

import base64
from collections.abc import Callable

from aiohttp import web

from whatsapp_emulator.control.body import BadRequest, Body, address, read_body
from whatsapp_emulator.control.keys import BOARD
from whatsapp_emulator.world.groups import Group
from whatsapp_emulator.world.phone_groups import PhoneGroups
from whatsapp_wire.jid import Jid

_Told = dict[str, object]


async def create(request: web.Request) -> web.Response:
    """Make a group."""
    body = await read_body(request)
    people = [address(person) for person in body.texts("people") or []]
    with request.app[BOARD].turn() as world:
        hand = world.phone(request.match_info["phone"]).groups
        group = hand.create(body.text("subject"), people, body.object("settings"))
        return web.json_response(_shown(group))


async def join(request: web.Request) -> web.Response:
    """Follow an invite link."""
    code = (await read_body(request)).text("code")
    with request.app[BOARD].turn() as world:
        group, is_pending = world.phone(request.match_info["phone"]).groups.join(code)
        return web.json_response({"group": group.jid, "pending": is_pending})


async def act(request: web.Request) -> web.Response:
    """Do one thing with a group."""
    verb = _VERBS.get(request.match_info["verb"])
    if verb is None:
        raise BadRequest(f"a group knows {', '.join(sorted(_VERBS))}")
    body = await read_body(request)
    with request.app[BOARD].turn() as world:
        hand = world.phone(request.match_info["phone"]).groups
        return web.json_response(verb(hand, Jid(request.match_info["group"]), body))


async def look(request: web.Request) -> web.Response:
    """A group as it is."""
    found = next((each for each in request.app[BOARD].world.groups if each.jid == request.match_info["group"]), None)
    if found is None:
        raise LookupError(f"there is no group {request.match_info['group']}")
    return web.json_response(_shown(found))


def _change(hand: PhoneGroups, group: Jid, body: Body) -> _Told:
    action = body.text("action")
    if action not in ("add", "remove", "promote", "demote"):
        raise BadRequest("action must be add, remove, promote or demote")
    people = [address(person) for person in body.texts("people") or []]
    return {"errors": hand.change(group, action, people)}  # type: ignore[arg-type]  # checked above


def _decide(hand: PhoneGroups, group: Jid, body: Body) -> _Told:
    decision = body.text("decision")
    if decision not in ("approve", "reject"):
        raise BadRequest("decision must be approve or reject")
    people = [address(person) for person in body.texts("people") or []]
    return {"errors": hand.decide(group, decision, people)}  # type: ignore[arg-type]  # checked above


def _invite(hand: PhoneGroups, group: Jid, body: Body) -> _Told:
    return {"code": hand.invite(group, reset=bool(body.fields.get("reset")))}


def _rename(hand: PhoneGroups, group: Jid, body: Body) -> _Told:
    hand.rename(group, body.text("subject"))
    return {}


def _describe(hand: PhoneGroups, group: Jid, body: Body) -> _Told:
    hand.describe(group, body.text("text"))
    return {}


def _set(hand: PhoneGroups, group: Jid, body: Body) -> _Told:
    hand.set(group, body.fields)
    return {}


def _picture(hand: PhoneGroups, group: Jid, body: Body) -> _Told:
    encoded = body.maybe_text("jpeg")
    hand.set_picture(group, None if encoded is None else base64.b64decode(encoded, validate=True))
    return {}


def _leave(hand: PhoneGroups, group: Jid, body: Body) -> _Told:
    hand.leave(group)
    return {}


def _shown(group: Group) -> _Told:
    settings = group.settings
    return {
        "jid": group.jid,
        "subject": group.subject,
        "description": None if group.description is None else group.description.text,
        "members": {account.phone: role.value for account, role in group.members.items()},
        "requests": [account.phone for account in group.requests],
        "settings": {
            "announcement": settings.announcement,
            "locked": settings.locked,
            "approval": settings.approval,
            "member_add_mode": settings.member_add_mode.value,
            "ephemeral_s": settings.ephemeral_s,
        },
        "has_picture": group.picture is not None,
        "code": group.code,
    }


_VERBS: dict[str, Callable[[PhoneGroups, Jid, Body], _Told]] = {
    "change": _change,
    "decide": _decide,
    "invite": _invite,
    "rename": _rename,
    "describe": _describe,
    "set": _set,
    "picture": _picture,
    "leave": _leave,
}

ROUTES = [
    web.post("/control/phones/{phone}/groups", create),
    web.post("/control/phones/{phone}/join", join),
    web.post("/control/phones/{phone}/groups/{group}/{verb}", act),
    web.get("/control/groups/{group}", look),
]
