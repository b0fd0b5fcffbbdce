import asyncio
from pathlib import Path

import aiohttp
import pytest

from emulator.companion import Companion, iq
from emulator.sockets import connect, log_in, pair
from whatsapp_emulator.client import ControlError, EmulatorClient
from whatsapp_emulator.emulator import Emulator
from whatsapp_emulator.recorder import read_recording
from whatsapp_emulator.whereabouts import Whereabouts, client_environment
from whatsapp_wire.node import Node

ANN, BOB = "4917001", "4917002"


async def test_it_says_where_it_is(emulator: Emulator, control: EmulatorClient) -> None:
    assert await control.whereabouts() == emulator.whereabouts
    assert Whereabouts.of(emulator.whereabouts.as_dict()) == emulator.whereabouts
    environment = client_environment(emulator.whereabouts)
    assert environment["SSL_CERT_FILE"] == emulator.whereabouts.ca_file
    assert environment["HTTPS_PROXY"].endswith(f":{emulator.whereabouts.proxy_port}")
    assert "NO_PROXY" not in environment


async def test_accounts_are_made_once(control: EmulatorClient) -> None:
    first = await control.account(f"+{BOB}", "Bob")
    assert await control.account(BOB) == first
    assert (await control.account(BOB, "Robert")).name == "Robert"
    assert first.pn == f"{BOB}@s.whatsapp.net"
    assert first.lid.endswith("@lid")


async def test_two_phones_talk(control: EmulatorClient) -> None:
    ann, bob = control.phone(ANN), control.phone(BOB)
    await control.account(ANN)
    bob_told = await control.account(BOB)
    id = await bob.type(ANN, "question")
    reply = await ann.type(bob_told.pn, "answer", quote=id, mentions=[BOB])
    [shown] = await bob.inbox()
    assert (shown.id, shown.text, shown.quoted, shown.own) == (reply, "answer", id, False)
    assert shown.mentions == (bob_told.pn,)
    assert await bob.read() == [reply]
    assert [(receipt.type, receipt.ids) for receipt in await ann.receipts()] == [
        ("delivered", (reply,)),
        ("read", (reply,)),
    ]
    ids = await ann.type_many(BOB, "n", 45)
    assert [message.text for message in await bob.inbox(1)] == [f"n{number}" for number in range(45)]
    assert [message.id for message in await bob.inbox(41, limit=3)] == ids[40:43]
    await bob.play(ids[:1])
    assert (await ann.receipts(47))[0].type == "played"


async def test_looking_can_wait(control: EmulatorClient) -> None:
    await control.account(ANN)
    await control.account(BOB)
    async with asyncio.TaskGroup() as tasks:
        looking = tasks.create_task(control.phone(BOB).inbox(wait_s=10))
        await asyncio.sleep(0.05)
        assert not looking.done()
        await control.phone(ANN).type(BOB, "news")
    assert [message.text for message in looking.result()] == ["news"]
    assert await control.phone(BOB).inbox(1, wait_s=0.05) == []


async def test_pairing_through_the_api(emulator: Emulator, control: EmulatorClient) -> None:
    where = emulator.whereabouts
    companion = await pair(where.plain_url, where.root_key, control, ANN)
    await control.account(BOB)
    async with connect(where.plain_url, where.root_key, companion) as line:
        await log_in(line)
        stats = await control.stats()
        assert stats["devices"][f"{ANN}:1"]["active"] is True
        assert stats["connections"] == 1
        await control.phone(BOB).set_typing(ANN, on=True)
        assert (await line.wait("chatstate")).children[0].tag == "composing"
        await line.say(Node("presence", {"type": "subscribe", "to": emulator.world.account(BOB).lid}))
        await control.phone(BOB).set_available(available=True)
        await line.wait("presence", type=None)
        await control.operator(ANN).mark_dirty("groups")
        await line.wait("ib")
        id = (await control.phone(BOB).do("corrupt", to=ANN, text="x"))["id"]
        await line.wait("message", id=id)
        await control.phone(BOB).do("ask-retry", id=id)
        await control.phone(BOB).do("forget-keys")
        await control.phone(BOB).do("reinstall")
        assert await control.phone(ANN).log_out() == [1]
        await line.wait("stream:error", code="401")


async def test_a_pairing_that_fails_is_a_conflict(emulator: Emulator, control: EmulatorClient) -> None:
    companion = Companion()
    with pytest.raises(ControlError, match="409"):
        await control.phone(ANN).scan("nonsense")
    with pytest.raises(ControlError, match="409"):
        await control.phone(ANN).enter_code("ABCD-EFGH")
    async with connect(emulator.whereabouts.plain_url, emulator.whereabouts.root_key, companion) as line:
        code = companion.qr(await line.wait("iq"))
        async with asyncio.TaskGroup() as tasks:
            scanning = tasks.create_task(refused(control, code))
            offer = await line.wait("iq")
            await line.say(Node("iq", {"id": offer.get("id"), "type": "error"}, [Node("error", {"code": 401})]))
        assert "409" in scanning.result()


async def refused(control: EmulatorClient, code: str) -> str:
    with pytest.raises(ControlError) as error:
        await control.phone(ANN).scan(code)
    return str(error.value)


async def test_refusing_and_allowing(emulator: Emulator, control: EmulatorClient) -> None:
    where = emulator.whereabouts
    companion = await pair(where.plain_url, where.root_key, control, ANN)
    await control.operator(ANN).refuse("402", {"code": "101", "expire": "3600"})
    async with connect(where.plain_url, where.root_key, companion) as line:
        assert (await line.wait("failure")).get("expire") == "3600"
    await control.operator(ANN).allow()
    async with connect(where.plain_url, where.root_key, companion) as line:
        await line.wait("success")


async def test_knobs_are_turned_one_by_one(control: EmulatorClient) -> None:
    assert (await control.faults())["deaf"] is False
    await control.faults(drop_rate=0.5)
    knobs = await control.faults(seed=4)
    assert (knobs["drop_rate"], knobs["seed"]) == (0.5, 4)
    with pytest.raises(ControlError, match="drop_rate"):
        await control.faults(drop_rate=2)


async def test_strict_mode_is_told_and_forgiven(emulator: Emulator, control: EmulatorClient) -> None:
    where = emulator.whereabouts
    companion = await pair(where.plain_url, where.root_key, control, ANN)
    async with connect(where.plain_url, where.root_key, companion) as line:
        await line.ask(iq("unheard-of", "get"))
    [violation] = await control.violations()
    assert (violation.kind, violation.who) == ("unknown_iq", f"{ANN}:1")
    assert await control.forgive("unknown_iq", f"{ANN}:1") == 1
    assert await control.violations() == []


async def test_what_clients_say_is_recorded(emulator: Emulator, control: EmulatorClient, tmp_path: Path) -> None:
    where, recording = emulator.whereabouts, tmp_path / "recording.jsonl"
    companion = await pair(where.plain_url, where.root_key, control, ANN)
    await control.record(str(recording))
    async with connect(where.plain_url, where.root_key, companion) as line:
        await line.wait("success")
        await control.mark("ping")
        query = iq("w:p", "get")
        await line.ask(query)
    await control.record(None)
    payload, mark, ping = read_recording(recording)
    assert (payload.kind, payload.who, payload.raw) == ("payload", f"{ANN}:1", companion.payload)
    assert (mark.kind, mark.text) == ("mark", "ping")
    assert (ping.kind, ping.node) == ("stanza", query)


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/control/accounts", "{}", 400),
        ("/control/accounts", '{"phone": "abc"}', 400),
        ("/control/accounts", '{"phone": "0491"}', 400),
        ("/control/accounts", "not json", 400),
        ("/control/accounts", "[]", 400),
        ("/control/phones/1/type", '{"to": "2", "text": "x"}', 404),
        ("/control/phones/4917001/type", '{"to": "2", "text": "x"}', 404),
        ("/control/phones/4917001/type", '{"to": "4917001", "text": 1.5}', 400),
        ("/control/phones/4917001/type", '{"to": "4917001", "text": "x", "count": -1}', 400),
        ("/control/phones/4917001/type", '{"to": "4917001", "text": "x", "mentions": "y"}', 400),
        ("/control/phones/4917001/presence", '{"available": "yes"}', 400),
        ("/control/phones/4917001/settings", '{"volume": 1}', 400),
        ("/control/accounts/4917001/kick", '{"kind": "gently"}', 400),
        ("/control/accounts/4917001/refuse", '{"reason": "401", "attrs": 1}', 400),
        ("/control/recorder", '{"path": "/nonexistent/x"}', 400),
        ("/control/nothing", "{}", 404),
    ],
)
async def test_mistakes_are_explained(control: EmulatorClient, path: str, body: str, status: int) -> None:
    await control.account(ANN)
    url = (await control.whereabouts()).control_url
    async with aiohttp.ClientSession() as session, session.post(url + path, data=body) as response:
        assert response.status == status
    with pytest.raises(ControlError, match="400"):
        await control.get(f"/control/phones/{ANN}/inbox", since=float("nan"))


async def test_a_group_is_run_from_a_phone(control: EmulatorClient) -> None:
    for phone in (ANN, BOB):
        await control.account(phone)
    made = await control.phone(ANN).create_group("Club", [], approval=True)
    hand = control.phone(ANN).group(made.jid)
    assert await control.phone(BOB).join(await hand.invite())
    assert (await control.group(made.jid)).requests == [BOB]
    assert await hand.decide("approve", BOB, ANN) == {f"{BOB}@s.whatsapp.net": None, f"{ANN}@s.whatsapp.net": 404}
    await hand.rename("Circle")
    await hand.describe("about")
    await hand.set(locked=True)
    await hand.set_picture(b"jpeg")
    assert (await control.group(made.jid)).has_picture
    await hand.set_picture(None)
    assert not (await control.group(made.jid)).has_picture
    assert await hand.change("promote", BOB) == {f"{BOB}@s.whatsapp.net": None}
    told = await control.group(made.jid)
    assert (told.subject, told.description, told.settings["locked"]) == ("Circle", "about", True)
    assert told.members == {ANN: "superadmin", BOB: "admin"}
    id = await control.phone(BOB).type(made.jid, "hello")
    (shown,) = await control.phone(ANN).inbox()
    assert (shown.id, shown.chat) == (id, made.jid)
    await hand.leave()
    assert (await control.group(made.jid)).members == {BOB: "admin"}


async def test_what_cannot_be_done_with_a_group_is_said(control: EmulatorClient) -> None:
    for phone in (ANN, BOB):
        await control.account(phone)
    made = await control.phone(ANN).create_group("Club", [BOB])
    hand = control.phone(BOB).group(made.jid)
    for status, doing in (
        (409, hand.change("remove", ANN)),
        (409, control.phone(BOB).group("1@g.us").leave()),
        (409, control.phone(BOB).join("nonsense")),
        (404, control.group("1@g.us")),
        (400, hand.change("explode", ANN)),
        (400, hand.decide("perhaps", ANN)),
        (400, hand.set(colour="red")),
        (400, control.post(f"/control/phones/{BOB}/groups/{made.jid}/picture", jpeg="!")),
        (400, control.post(f"/control/phones/{BOB}/groups/{made.jid}/explode")),
    ):
        with pytest.raises(ControlError) as refused:
            await doing
        assert refused.value.status == status
