"""The acts in which groups are asked about and set up, beyond making them and changing who is in them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from judges.parity.acts import Stage


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


ACTS = (
    ("list one's groups", list_groups),
    ("look at a group", look_at_group),
    ("get a group's invite link", get_invite),
    ("look behind an invite link", look_behind_invite),
    ("let only admins write", admins_only),
    ("let everybody write again", everybody_again),
)
