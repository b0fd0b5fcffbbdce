"""The acts that have to do with people: looking them up, blocking, presence, calls, our own profile."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

from judges.pictures import jpeg

if TYPE_CHECKING:
    from judges.parity.acts import Stage

ME, CONTACT, NOBODY = "4915100000001", "4915100000002", "4915100000098"


async def check_numbers(stage: Stage) -> None:
    found = await stage.client.with_people("check", numbers=[CONTACT, NOBODY])
    assert found["there"] == [CONTACT]


async def look_up(stage: Stage) -> None:
    found = await stage.client.with_people("look_up", who=stage.contact_account.pn)
    assert found["about"] == stage.contact_account.about


async def hear_of_profile(stage: Stage) -> None:
    await stage.contact.people.set_about("Another about")
    await stage.contact.people.set_picture(jpeg())


async def get_picture(stage: Stage) -> None:
    picture = stage.contact_account.picture
    assert picture is not None
    assert (await stage.client.with_people("picture", who=stage.contact_account.pn))["id"] == picture.id


async def block(stage: Stage) -> None:
    found = await stage.client.with_people("block", who=stage.contact_account.lid)
    assert found["blocked"] == [stage.contact_account.lid]


async def unblock(stage: Stage) -> None:
    assert (await stage.client.with_people("unblock", who=stage.contact_account.lid))["blocked"] == []


async def set_about(stage: Stage) -> None:
    await stage.client.with_people("set_about", text="Mon to Fri")
    await stage.until(lambda: stage.account(ME).about == "Mon to Fri")


async def set_picture(stage: Stage) -> None:
    await stage.client.with_people("set_picture", jpeg=base64.b64encode(jpeg()).decode())
    await stage.until(lambda: stage.account(ME).picture is not None)


async def change_privacy(stage: Stage) -> None:
    await stage.client.with_people("set_privacy", value="contacts")
    await stage.until(lambda: stage.account(ME).privacy["last"] == "contacts")


async def hear_of_own_account(stage: Stage) -> None:
    await stage.me.people.set_privacy("last", "all")
    await stage.me.people.block("4915100000004")
    await stage.me.people.block("4915100000004", blocked=False)


async def watch(stage: Stage) -> None:
    await stage.client.with_people("watch", who=stage.contact_account.lid)
    await stage.contact.set_available(available=True)
    await stage.contact.set_typing(ME, on=True)
    await stage.contact.set_available(available=False)


async def reject_call(stage: Stage) -> None:
    call = await stage.contact.people.call(ME)
    await stage.settle()
    await stage.client.with_people("reject", who=stage.contact_account.lid, call=call.id)
    await stage.until(lambda: stage.emulator.world.calls[call.id].state == "rejected")


async def miss_call(stage: Stage) -> None:
    call = await stage.contact.people.call(ME)
    await stage.contact.people.hang_up(call.id)


ACTS = (
    ("check whether numbers have an account", check_numbers),
    ("look somebody up", look_up),
    ("hear that somebody shows another about and picture", hear_of_profile),
    ("ask for somebody's picture", get_picture),
    ("block somebody", block),
    ("unblock somebody", unblock),
    ("show another about", set_about),
    ("show another picture", set_picture),
    ("change a privacy setting", change_privacy),
    ("hear what our own phone changed", hear_of_own_account),
    ("watch somebody come and go", watch),
    ("turn a call down", reject_call),
    ("miss a call", miss_call),
)
"""What is played, in this order, under these names."""
