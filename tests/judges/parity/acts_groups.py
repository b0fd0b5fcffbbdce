"""The acts in which groups are asked about and set up, beyond making them and changing who is in them."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

from judges.pictures import jpeg

if TYPE_CHECKING:
    from judges.parity.acts import Stage
    from whatsapp_emulator.world.groups import Group


async def list_groups(stage: Stage) -> None:
    told = await stage.client.with_people("groups")
    assert told["groups"] == [stage.ids["group"]]


async def look_at_group(stage: Stage) -> None:
    told = await stage.client.with_people("group", who=stage.ids["group"])
    assert told["subject"] == "Renamed"


async def get_invite(stage: Stage) -> None:
    stage.ids["invite"] = (await stage.client.with_people("invite", who=stage.ids["group"]))["code"]


async def look_behind_invite(stage: Stage) -> None:
    told = await stage.client.with_people("behind", code=stage.ids["invite"])
    assert told["subject"] == "Renamed"


async def admins_only(stage: Stage) -> None:
    await stage.client.with_people("admins_only", who=stage.ids["group"], on=True)


async def everybody_again(stage: Stage) -> None:
    await stage.client.with_people("admins_only", who=stage.ids["group"], on=False)


async def describe(stage: Stage) -> None:
    await stage.client.with_people("describe", who=stage.ids["group"], text="For friends of the shop")
    await stage.until(lambda: _group(stage).description is not None)


async def admins_edit(stage: Stage) -> None:
    await stage.client.with_people("admins_edit", who=stage.ids["group"], on=True)


async def everybody_edits(stage: Stage) -> None:
    await stage.client.with_people("admins_edit", who=stage.ids["group"], on=False)


async def group_picture(stage: Stage) -> None:
    picture = base64.b64encode(jpeg()).decode()
    await stage.client.with_people("group_picture", who=stage.ids["group"], jpeg=picture)
    await stage.until(lambda: _group(stage).picture is not None)


async def reset_invite(stage: Stage) -> None:
    code = (await stage.client.with_people("new_invite", who=stage.ids["group"]))["code"]
    assert code != stage.ids["invite"]


async def see_requests(stage: Stage) -> None:
    assert (await stage.client.with_people("requests", who=stage.ids["group"]))["people"] == 0


async def join_by_link(stage: Stage) -> None:
    elsewhere = await stage.contact.create_group("Elsewhere", [])
    code = await stage.contact.group(elsewhere.jid).invite()
    assert (await stage.client.with_people("join", code=code))["joined"] == elsewhere.jid


def _group(stage: Stage) -> Group:
    (found,) = [group for group in stage.emulator.world.groups if group.jid == stage.ids["group"]]
    return found


ACTS = (
    ("list one's groups", list_groups),
    ("look at a group", look_at_group),
    ("get a group's invite link", get_invite),
    ("look behind an invite link", look_behind_invite),
    ("let only admins write", admins_only),
    ("let everybody write again", everybody_again),
    ("describe the group", describe),
    ("let only admins change the group", admins_edit),
    ("let everybody change it again", everybody_edits),
    ("give the group a picture", group_picture),
    ("make the invite link void", reset_invite),
    ("see who asks to be let in", see_requests),
    ("join another group by its link", join_by_link),
)
