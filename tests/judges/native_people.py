"""What our engine, under test, can be asked to do with people."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

from wagate.adapters.engines.native.connection import NativeConnection
from wagate.domain.contacts import Audience, Privacy
from wagate.domain.jid import Jid
from wagate.domain.people import GroupEdit


async def with_people(line: NativeConnection, what: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """Carry out one command; returns what there is to tell."""
    who = Jid(given.get("who", ""))
    match what:
        case "check":
            checked = await line.check_numbers(tuple(given["numbers"]))
            return {"there": [check.digits for check in checked if check.jid is not None]}
        case "look_up":
            profile = await line.profile(who)
            return {"about": profile.about, "picture": profile.picture_id}
        case "picture":
            return {"id": (await line.picture(who)).id}
        case "block" | "unblock":
            await line.block(who, blocked=what == "block")
            return {"blocked": [who] if what == "block" else []}
    return await _with_groups(line, what, given, who)


async def _with_groups(line: NativeConnection, what: str, given: Mapping[str, Any], who: Jid) -> dict[str, Any]:
    match what:
        case "groups":
            return {"groups": [group.jid for group in await line.groups()]}
        case "group":
            return {"subject": (await line.group(who)).subject}
        case "invite":
            return {"code": await line.invite_code(who)}
        case "behind":
            return {"subject": (await line.group_behind(given["code"])).subject}
        case "new_invite":
            return {"code": await line.invite_code(who, reset=True)}
        case "requests":
            return {"people": len(await line.join_requests(who))}
        case "join":
            return {"joined": (await line.join_group(given["code"])).group}
    await _with_ourselves(line, what, given, who)
    return {}


async def _with_ourselves(line: NativeConnection, what: str, given: Mapping[str, Any], who: Jid) -> None:
    match what:
        case "set_about":
            await line.set_about(given["text"])
        case "set_picture":
            await line.set_picture(base64.b64decode(given["jpeg"]))
        case "set_name":
            await line.set_name(given["text"])
        case "set_privacy":
            await line.set_privacy(Privacy.LAST_SEEN, Audience(given["value"]))
        case "privacy":
            await line.privacy()
        case "watch":
            await line.watch_presence(who)
        case "reject":
            await line.reject_call(given["call"])
        case _:
            await _change_group(line, what, given, who)


async def _change_group(line: NativeConnection, what: str, given: Mapping[str, Any], who: Jid) -> None:
    match what:
        case "admins_only":
            await line.edit_group(who, GroupEdit(admins_send=given["on"]))
        case "admins_edit":
            await line.edit_group(who, GroupEdit(admins_edit=given["on"]))
        case "describe":
            await line.edit_group(who, GroupEdit(description=given["text"]))
        case "group_picture":
            await line.set_group_picture(who, base64.b64decode(given["jpeg"]))
        case unknown:
            raise ValueError(unknown)
