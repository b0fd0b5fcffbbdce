"""People as the native engine asks about them and hears of them, where the examination does not look."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from engines.native.groups import THIRD, line
from engines.native.lines import OTHER, LineUnderTest, until
from wagate.adapters.engines.native.machine.records import ContactToken
from wagate.domain.contacts import Audience, NumberMoved, PictureChanged, Privacy, Whereabouts
from wagate.domain.errors import NotGroupMember, PictureNotFound, RefusedByWhatsApp
from wagate.domain.jid import Jid
from wagate.domain.people import GroupPictureChanged
from wagate.domain.session import SessionState
from wagate.ports.engine import NotSent
from wagate.ports.news import GroupChanged, StateChanged
from wagate.ports.people_news import BlocklistTold, CallEnded, CallRang, ContactTold, PresenceSeen
from whatsapp_emulator.client import EmulatorClient
from whatsapp_emulator.emulator import Emulator
from whatsapp_emulator.recorder import read_recording
from whatsapp_wire.node import Node

__all__ = ["line"]

OWN = "5511900000001"
JPEG = b"\xff\xd8\xff and so on"


def whole(emulator: Emulator) -> Node:
    """The network says that the blocklist is another one, and not what is different."""
    return Node("blocklist", {"dhash": "1"})


async def test_a_token_goes_along_where_it_is_good(
    line: LineUnderTest, control: EmulatorClient, tmp_path: Path
) -> None:
    """Some people show their picture and presence only to those whom they gave one."""
    for phone, age_s in ((OTHER, 0), (THIRD, 60 * 86_400)):
        lid = (await control.account(phone)).lid
        await control.phone(phone).people.set_picture(JPEG)
        token = ContactToken(b"token", int(time.time()) - age_s)
        line.storage.records[line.session]["tctoken", lid] = (token.pack(), int(time.time()))
        await line.live.profile(Jid.from_phone(phone))
    path = tmp_path / "said.jsonl"
    await control.record(str(path))
    for phone in (OTHER, THIRD):
        await line.live.picture(Jid.from_phone(phone))
        await line.live.watch_presence(Jid.from_phone(phone))
    await line.live.privacy()
    await control.record(None)
    said = [record.node for record in read_recording(path) if record.kind == "stanza"]
    pictures = [stanza.require("picture") for stanza in said if stanza.get("xmlns") == "w:profile:picture"]
    watches = [stanza for stanza in said if stanza.get("type") == "subscribe"]
    for good, expired in (pictures, watches):
        assert good.require("tctoken").bytes() == b"token"
        assert expired.child("tctoken") is None


async def test_a_blocklist_is_asked_for_when_it_is_only_said_to_be_another(
    line: LineUnderTest, control: EmulatorClient, emulator: Emulator
) -> None:
    account = emulator.world.account(OWN)
    account.blocked.add(emulator.world.account(OTHER).lid)
    [device] = account.devices.values()
    with emulator.board.turn() as world:
        world._state.notify(device, "account_sync", account, [whole(emulator)])
    await until(lambda: bool(line.of(BlocklistTold)))
    assert line.of(BlocklistTold)[-1].people == (Jid((await control.account(OTHER)).lid),)


async def test_who_repeats_themselves_is_told_of_once(line: LineUnderTest, control: EmulatorClient) -> None:
    other = control.phone(OTHER)
    for _ in range(3):
        await other.set_typing(OWN, on=True)
    await other.set_typing(OWN, on=False)
    await until(lambda: len(line.of(PresenceSeen)) >= 2)
    assert [seen.whereabouts for seen in line.of(PresenceSeen)] == [Whereabouts.COMPOSING, Whereabouts.PAUSED]


async def test_who_is_watched_stays_so_over_a_reconnect(line: LineUnderTest, control: EmulatorClient) -> None:
    await line.live.watch_presence(Jid.from_phone(OTHER))
    await until(lambda: len(line.of(PresenceSeen)) == 1)
    await control.operator(OWN).kick("drop")
    await until(lambda: len(line.of(PresenceSeen)) == 2)
    await control.phone(OTHER).set_available(available=True)
    await until(lambda: line.of(PresenceSeen)[-1].whereabouts is Whereabouts.ONLINE)


async def test_a_call_that_rings_over_a_reconnect_is_told_once(line: LineUnderTest, control: EmulatorClient) -> None:
    call = await control.phone(OTHER).people.call(OWN)
    await until(lambda: bool(line.of(CallRang)))
    await control.operator(OWN).kick("drop")
    await control.phone(OTHER).people.hang_up(call.id)
    await until(lambda: bool(line.of(CallEnded)))
    assert [(rang.call, rang.is_offline) for rang in line.of(CallRang)] == [(call.id, False)]
    assert [(ended.call, ended.outcome, ended.detail) for ended in line.of(CallEnded)] == [
        (call.id, "ended", "timeout")
    ]


async def test_somebody_goes_on_under_another_number(line: LineUnderTest, control: EmulatorClient) -> None:
    await line.live.profile(Jid.from_phone(OTHER))
    lid = (await control.account(OTHER)).lid
    await control.phone(OTHER).people.change_number("5511900000008")
    await until(lambda: len(line.of(ContactTold)) == 2)
    told = line.of(ContactTold)[-1]
    moved = NumberMoved(Jid.from_phone("5511900000008"), Jid(lid))
    assert (told.person, told.alt, told.change) == (Jid.from_phone(OTHER), Jid(lid), moved)
    checked = await line.live.check_numbers((OTHER, "5511900000008"))
    assert [(one.jid, one.lid) for one in checked] == [(None, None), (Jid.from_phone("5511900000008"), Jid(lid))]
    profile = await line.live.profile(Jid(lid))
    assert profile.jid == Jid.from_phone("5511900000008")


async def test_a_groups_picture_is_told_with_who_set_it(line: LineUnderTest, control: EmulatorClient) -> None:
    group = await control.phone(OTHER).create_group("Sales", [OWN])
    await control.phone(OTHER).group(group.jid).set_picture(JPEG)
    picture_id = await line.live.set_group_picture(Jid(group.jid), JPEG)
    await until(lambda: len([one for one in line.of(GroupChanged) if _is_picture(one)]) == 2)
    theirs, ours = [one for one in line.of(GroupChanged) if _is_picture(one)]
    assert (theirs.by_alt, ours.by_alt) == (Jid.from_phone(OTHER), Jid.from_phone(OWN))
    assert ours.change == GroupPictureChanged(picture_id)
    assert (await line.live.picture(Jid(group.jid))).id == picture_id
    elsewhere = await control.phone(OTHER).create_group("Elsewhere", [])
    with pytest.raises(PictureNotFound):
        await line.live.picture(Jid(elsewhere.jid))
    with pytest.raises(NotGroupMember):
        await line.live.set_group_picture(Jid(elsewhere.jid), JPEG)


def _is_picture(news: GroupChanged) -> bool:
    return isinstance(news.change, GroupPictureChanged)


async def test_what_the_server_refuses_is_told_apart(line: LineUnderTest, control: EmulatorClient) -> None:
    with pytest.raises(RefusedByWhatsApp, match="406"):
        await line.live.set_picture(b"no picture at all")
    with pytest.raises(RefusedByWhatsApp, match="400"):
        await line.live.set_privacy(Privacy.ONLINE, Audience.NOBODY)
    await control.phone(OWN).people.set_picture(JPEG)
    await until(lambda: bool(line.of(ContactTold)))
    assert line.of(ContactTold)[-1].change == PictureChanged(None, is_removed=False)


async def test_nothing_is_asked_while_the_line_is_down(line: LineUnderTest, control: EmulatorClient) -> None:
    await control.operator(OWN).refuse("503")
    await control.operator(OWN).kick("drop")

    await until(lambda: line.of(StateChanged)[-1].state is SessionState.DISCONNECTED)
    with pytest.raises(NotSent):
        await line.live.show_presence(available=True)
    for asked in (
        line.live.check_numbers((OTHER,)),
        line.live.blocked(),
        line.live.privacy(),
        line.live.reject_call("C1"),
        line.live.watch_presence(Jid.from_phone(OTHER)),
    ):
        with pytest.raises(NotSent):
            await asked
    await control.forgive()
