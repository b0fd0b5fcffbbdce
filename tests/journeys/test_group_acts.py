"""What people do to messages in a group, from the API to phones and back: the engines against the emulator."""

from __future__ import annotations

import pytest

from api.world import one_database, until
from journeys.engine_choice import on_both_engines
from journeys.test_contents import EXAMPLES, OTHER, OWN, THIRD, Shop, shop
from whatsapp_emulator.client import EmulatorClient, PhoneClient

__all__ = ["shop"]
pytestmark = one_database


@pytest.fixture
async def group(shop: Shop) -> str:
    """OTHER's group, in which we and THIRD are ordinary members."""
    return (await shop.phone.create_group("Lunch", [OWN, THIRD])).jid


@pytest.fixture
def third(control: EmulatorClient) -> PhoneClient:
    return control.phone(THIRD)


async def test_what_is_done_through_the_api_reaches_every_phone(shop: Shop, group: str, third: PhoneClient) -> None:
    wa_id = await third.type(group, "who is hungry?")
    received = await shop.told("message.received", wa_id)
    reaction = await shop.do("PUT", f"/v1/messages/{received['id']}/reaction", {"emoji": "🍕"})
    sent = await shop.send({**EXAMPLES["text"], "to": group})
    path = f"/v1/messages/{sent['id']}"
    edit = await shop.do("PATCH", path, {"text": "better"})
    pin = await shop.do("PUT", f"{path}/pin", {})
    deletion = await shop.do("DELETE", path)
    shown = [await shop.shown(act["wa_id"]) for act in (reaction, edit, pin, deletion)]
    assert [(act.kind, act.target, act.edit) for act in shown] == [
        ("reaction", wa_id, None),
        ("edit", sent["wa_id"], "1"),
        ("pin", sent["wa_id"], "2"),
        ("revoke", sent["wa_id"], "7"),
    ]

    async def third_saw_all() -> bool:
        return {act.id for act in shown} <= {message.id for message in await third.inbox()}

    await until(third_saw_all)


async def test_what_members_do_is_told(shop: Shop, group: str, third: PhoneClient) -> None:
    sent = await shop.send({**EXAMPLES["text"], "to": group})
    await shop.shown(sent["wa_id"])
    await third.act("react", sent["wa_id"], emoji="❤️")
    reaction = await shop.told("message.reaction", sent["wa_id"])
    assert (reaction["message"], reaction["from"]["phone"], reaction["chat"]["jid"]) == (sent["id"], f"+{THIRD}", group)
    wa_id = await third.type(group, "helo")
    received = await shop.told("message.received", wa_id)
    await shop.phone.act("react", wa_id, emoji="👋")
    assert (await shop.told("message.reaction", wa_id))["from"]["phone"] == f"+{OTHER}"
    await third.act("edit", wa_id, text="hello")
    assert (await shop.told("message.edited", wa_id))["text"] == "hello"
    await third.act("pin", wa_id, for_s=86_400)
    assert (await shop.told("message.pinned", wa_id))["for_s"] == 86_400
    await third.act("revoke", wa_id)
    assert (await shop.told("message.deleted", wa_id))["id"] == received["id"]


async def test_polls_are_voted_in_both_ways(shop: Shop, group: str, third: PhoneClient) -> None:
    ours = await shop.send({**EXAMPLES["poll"], "to": group})
    await shop.shown(ours["wa_id"])
    await third.act("vote", ours["wa_id"], options=["Sushi"])
    vote = await shop.told("message.poll_vote", ours["wa_id"])
    assert (vote["selected"], vote["from"]["phone"]) == (["Sushi"], f"+{THIRD}")
    theirs = await third.say(group, "poll", question="Dinner?", options=["Soup", "Bread"])
    poll = await shop.told("message.received", theirs)
    cast = await shop.do("PUT", f"/v1/messages/{poll['id']}/vote", {"selected": ["Soup"]})
    assert (await shop.shown(cast["wa_id"])).vote == ("Soup",)


@on_both_engines
async def test_each_member_tells_how_far_a_message_got(shop: Shop, group: str, third: PhoneClient) -> None:
    wa_id = await third.type(group, "who is hungry?")
    received = await shop.told("message.received", wa_id)
    sent = await shop.send({**EXAMPLES["text"], "to": group})
    await third.read()
    wanted = {f"+{OTHER}": (True, False), f"+{THIRD}": (True, True)}

    async def all_told() -> bool:
        told = (await shop.api.get(f"/v1/messages/{sent['id']}/receipts"))["data"]
        found = {one["contact"]["phone"]: (bool(one["delivered_at"]), bool(one["read_at"])) for one in told}
        return found == wanted

    await until(all_told)
    refused = await shop.api.ask("GET", f"/v1/messages/{received['id']}/receipts")
    assert (refused.status, refused.json["code"]) == (404, "message_not_found")


@on_both_engines
async def test_an_admin_takes_back_what_others_wrote(shop: Shop, group: str, third: PhoneClient) -> None:
    wa_id = await third.type(group, "buy followers here")
    received = await shop.told("message.received", wa_id)
    refused = await shop.api.ask("DELETE", f"/v1/messages/{received['id']}")
    assert (refused.status, refused.json["code"]) == (409, "not_group_admin")
    await shop.phone.group(group).change("promote", OWN)
    await shop.told("group.participants", "promote", key="action")
    deletion = await shop.do("DELETE", f"/v1/messages/{received['id']}")
    shown = await shop.shown(deletion["wa_id"])
    assert (shown.kind, shown.target, shown.edit) == ("revoke", wa_id, "8")
    assert (await shop.told("message.deleted", wa_id))["id"] == received["id"]


@pytest.mark.parametrize("kind", ["location", "contacts", "event_invite", "buttons", "list"])
async def test_every_kind_of_content_reaches_a_group(shop: Shop, group: str, kind: str) -> None:
    sent = await shop.send({**EXAMPLES[kind], "to": group})
    assert (await shop.shown(sent["wa_id"])).id == sent["wa_id"]
