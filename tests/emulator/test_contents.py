"""A virtual phone says anything and does anything to messages; what a client says wrongly about an edit is noticed."""

from __future__ import annotations

import pytest

from emulator.wires import Wires
from whatsapp_emulator.client import ControlError, EmulatorClient
from whatsapp_emulator.emulator import Emulator
from whatsapp_emulator.world import acting
from whatsapp_wire.contents import acts
from whatsapp_wire.message import read, text_message

ONE, OTHER = "5511900000001", "5511900000002"
ANN, BOB = "5511900000003", "5511900000004"


async def test_a_phone_says_every_kind_and_does_every_act(emulator: Emulator, control: EmulatorClient) -> None:
    await control.account(ONE, "One")
    await control.account(OTHER, "Other")
    phone, other = control.phone(ONE), control.phone(OTHER)
    kinds: dict[str, dict[str, object]] = {
        "text": {"text": "hi", "forwarded": 3},
        "poll": {"question": "Lunch?", "options": ["a", "b"]},
        "location": {"latitude": 1.5, "longitude": 2, "name": "Here"},
        "contacts": {"cards": {"Ana": "BEGIN:VCARD\nEND:VCARD"}},
        "event": {"name": "Fair", "starts_at": 1},
        "buttons": {"text": "Well?", "choices": {"y": "Yes"}},
        "list": {"text": "When?", "button": "Choose", "choices": {"m": "Mo"}},
        "button-reply": {"id": "y", "title": "Yes"},
        "list-reply": {"id": "m", "title": "Mo"},
    }
    ids = {kind: await phone.say(OTHER, kind, **fields) for kind, fields in kinds.items()}
    shown = {message.id: message for message in await other.inbox()}
    assert [shown[id].kind for id in ids.values()] == [
        "text",
        "poll",
        "location",
        "contact",
        "event",
        "menu",
        "menu",
        "choice",
        "choice",
    ]
    assert shown[ids["text"]].forwarded == 3
    done = [
        await other.act("react", ids["text"], emoji="👍"),
        await phone.act("edit", ids["text"], text="hello"),
        await phone.act("pin", ids["text"], for_s=60),
        await phone.act("revoke", ids["text"]),
    ]
    seen = {message.id: message for message in (*await phone.inbox(), *await other.inbox())}
    assert [(seen[id].kind, seen[id].target) for id in done] == [
        (kind, ids["text"]) for kind in ("reaction", "edit", "pin", "revoke")
    ]
    await other.act("forward", ids["location"], to=ONE)
    assert (await phone.inbox())[-1].forwarded == 1


async def test_what_makes_no_sense_is_refused(control: EmulatorClient) -> None:
    await control.account(ONE, "One")
    phone = control.phone(ONE)
    for asked in (
        phone.say(ONE, "hologram"),
        phone.say(ONE, "location", latitude="north", longitude=1),
        phone.act("levitate", "M1"),
        phone.act("react", "M1", emoji="👍"),
        phone.act("vote", "M1", options=[]),
    ):
        with pytest.raises(ControlError):
            await asked


def test_an_edit_that_says_so_only_inside_is_a_violation() -> None:
    wires = Wires()
    companion, line = wires.pair(ANN)
    wires.world.account(BOB)
    wires.send(line, "M1", BOB, "helo")
    key = acts.key_of(wires.world.account(BOB).lid, "M1", from_me=True)
    edit = acts.edit_message(key, text_message("hello"), 1)
    wires.send(line, "M2", BOB, edit, edit="1")
    assert wires.world.audit.violations == []
    wires.send(line, "M3", BOB, edit)
    wires.send(line, "M4", BOB, acts.revoke_message(key), edit="8")
    assert [(found.kind, found.who) for found in wires.world.audit.violations] == [
        ("wrong_attributes", f"{ANN}:{companion.lid.device}")
    ] * 4  # each as the contact's phone and as our own one sees it
    assert [read(shown.message).text for shown in wires.world.phone(BOB).inbox] == ["helo", "hello", "hello", None]
    wires.world.audit.forgive("wrong_attributes")


def test_a_vote_in_a_poll_that_the_phone_does_not_have_is_no_choice() -> None:
    wires = Wires()
    account = wires.world.account(ANN)
    assert acting.chosen(account, account.lid, text_message("no vote")) is None
