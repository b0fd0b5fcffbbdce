"""What neonize says beside messages, beyond what the examination asks: timers, played notes, pictures of groups."""

from __future__ import annotations

import time

import pytest

from contracts.engine_groups import JPEG
from engines.neonize.desk import NOBODY, OTHER, OWN, Desk
from engines.neonize.talk import Talk
from fixtures.rooms import eventually
from wagate.adapters.engines.neonize.connection import NeonizeConnection
from wagate.domain.errors import GroupRefused, NotGroupAdmin, UnsupportedByEngine
from wagate.domain.jid import Jid
from wagate.domain.marks import ChatMarks
from wagate.domain.people import GroupPictureChanged
from wagate.ports.engine import NotOnWhatsApp
from wagate.ports.news import ChatMarked, GroupChanged, IdentityLinked, MessageArrived
from whatsapp_emulator.emulator import Emulator

DAY = 86_400
CHAT = Jid.from_phone(OTHER)


def live(desk: Desk) -> NeonizeConnection:
    assert isinstance(desk.connection, NeonizeConnection)
    return desk.connection


async def test_a_timer_is_dated_now_and_set_for_nobody_who_is_not_there(desk: Desk, emulator: Emulator) -> None:
    await desk.pair()
    began = int(time.time())
    await live(desk).set_timer(CHAT, DAY)
    (setting,) = [shown.message.protocol_message for shown in emulator.world.phone(OTHER).inbox]
    assert setting.ephemeral_expiration == DAY
    assert began <= setting.ephemeral_setting_timestamp <= time.time()
    with pytest.raises(NotOnWhatsApp):
        await live(desk).set_timer(Jid.from_phone(NOBODY), DAY)
    assert len(desk.of_kind(ChatMarked)) == 1


async def test_a_timer_that_our_own_phone_or_a_stranger_sets_is_told_with_both_addresses(desk: Desk) -> None:
    await desk.pair()
    other, _ = await Talk(desk).lids()
    await desk.control.phone(OTHER).say(OWN, "timer", seconds=DAY)
    await desk.hears(ChatMarked)
    assert IdentityLinked(CHAT, other) in desk.of_kind(IdentityLinked)
    await desk.control.phone(OWN).say(OTHER, "timer", seconds=0)
    await desk.hears(ChatMarked, times=2)
    told = [(news.chat, news.marks) for news in desk.of_kind(ChatMarked)]
    assert told == [(other, ChatMarks(disappearing_s=seconds)) for seconds in (DAY, 0)]
    assert desk.of_kind(MessageArrived) == []


@pytest.mark.parametrize("setting", ["all", "none"])
async def test_who_may_not_hear_that_we_read_does_not_hear_that_we_played(desk: Desk, setting: str) -> None:
    await desk.control.phone(OWN).people.set_privacy("readreceipts", setting)
    await desk.pair()
    phone = desk.control.phone(OTHER)
    wa_id = await phone.type(OWN, "as if it were a note")
    arrived = await desk.hears(MessageArrived)
    await live(desk).mark_played(arrived.chat, arrived.sender, [wa_id])
    await live(desk).mark_read(arrived.chat, arrived.sender, [wa_id])
    await desk.send("what was said before this is there by now")
    await desk.shown("what was said before this is there by now")

    async def told() -> bool:
        return {"read", "played"} <= {receipt.type for receipt in await phone.receipts()}

    if setting == "all":
        await eventually(told)
    else:
        assert not {"read", "played"} & {receipt.type for receipt in await phone.receipts()}


async def test_a_groups_picture_is_changed_and_never_taken_away(desk: Desk, emulator: Emulator) -> None:
    await desk.pair()
    phone = desk.control.phone(OTHER)
    group = await phone.create_group("Sales", [OWN])
    picture = await live(desk).set_group_picture(Jid(group.jid), JPEG)
    changes = [news.change for news in desk.of_kind(GroupChanged)]
    assert changes.count(GroupPictureChanged(picture)) == 1
    with pytest.raises(UnsupportedByEngine):
        await live(desk).set_group_picture(Jid(group.jid), None)
    with pytest.raises(GroupRefused):
        await live(desk).set_group_picture(Jid(group.jid), b"no picture at all")
    await phone.group(group.jid).set(locked=True)
    with pytest.raises(NotGroupAdmin):
        await live(desk).set_group_picture(Jid(group.jid), JPEG)
    (kept,) = [each.picture for each in emulator.world.groups if str(each.jid) == group.jid]
    assert kept is not None
    assert (kept.id, kept.jpeg) == (picture, JPEG)
