"""Messages over a real connection: out and in, to whom, in which form, and what becomes of them."""

import asyncio

import pytest

from engines.native.lines import CALM, OTHER, OWN, LineUnderTest, engine_for, paired_line, until
from wagate.domain.content import Quoted, Text, Unsupported
from wagate.domain.errors import UnsupportedByEngine
from wagate.domain.jid import Jid
from wagate.domain.session import SessionState
from wagate.ports.engine import NoRecipientDevice, NotOnWhatsApp, SendImpossible
from wagate.ports.news import (
    IdentityLinked,
    MessageArrived,
    Paired,
    ReceiptArrived,
    ReceiptKind,
    SendAccepted,
    SendRefused,
    SendStarted,
)
from whatsapp_emulator.client import EmulatorClient
from whatsapp_emulator.emulator import Emulator


async def test_a_text_goes_out_and_its_receipts_come_back(emulator: Emulator, control: EmulatorClient) -> None:
    async with paired_line(emulator.whereabouts, control, tls=True) as line:
        assert [paired.me.phone for paired in line.of(Paired)] == [f"+{OWN}"]
        wa_id = await line.send(OTHER, "hello phone")
        assert [started.wa_id for started in line.of(SendStarted)] == [wa_id]
        (shown,) = await control.phone(OTHER).inbox(wait_s=40)
        assert (shown.id, shown.text) == (wa_id, "hello phone")
        await control.phone(OTHER).read()
        await until(lambda: len(line.of(ReceiptArrived)) == 2)
        assert [accepted.wa_id for accepted in line.of(SendAccepted)] == [wa_id]
        delivered, read = line.of(ReceiptArrived)
        assert (delivered.kind, delivered.wa_ids) == (ReceiptKind.DELIVERED, (wa_id,))
        assert (read.kind, read.wa_ids) == (ReceiptKind.READ, (wa_id,))
        lid = Jid((await control.account(OTHER)).lid)
        assert {delivered.by, delivered.chat, read.by, read.chat} == {lid}
        assert IdentityLinked(Jid.from_phone(OTHER), lid) in line.durable


async def test_a_text_comes_in(emulator: Emulator, control: EmulatorClient) -> None:
    async with paired_line(emulator.whereabouts, control) as line:
        wa_id = await control.phone(OTHER).type(OWN, "hello machine")
        await until(lambda: bool(line.of(MessageArrived)))
        (arrived,) = line.of(MessageArrived)
        other = await control.account(OTHER)
        assert arrived == MessageArrived(
            wa_id=wa_id,
            chat=Jid(other.lid),
            sender=Jid(other.lid),
            from_me=False,
            timestamp=arrived.timestamp,
            content=Text("hello machine"),
            chat_alt=Jid(other.pn),
            sender_alt=Jid(other.pn),
            push_name="Other",
        )
        device = emulator.world.phone(OWN).account.devices[1]
        await until(lambda: device.lid in {receipt.device for receipt in emulator.world.phone(OTHER).receipts})
        ours = [receipt for receipt in emulator.world.phone(OTHER).receipts if receipt.device == device.lid]
        assert [(receipt.type, receipt.ids) for receipt in ours] == [("inactive", (wa_id,))]


async def test_replies_and_mentions_pass_both_ways(emulator: Emulator, control: EmulatorClient) -> None:
    async with paired_line(emulator.whereabouts, control) as line:
        question = await control.phone(OTHER).type(OWN, "question", mentions=[f"{OWN}@s.whatsapp.net"])
        await until(lambda: bool(line.of(MessageArrived)))
        (asked,) = line.of(MessageArrived)
        assert asked.content == Text("question", (Jid.from_phone(OWN),))
        answer = await line.send(OTHER, "answer", quoted=Quoted(question, asked.sender, "question"))
        shown = (await control.phone(OTHER).inbox(wait_s=40))[-1]
        assert (shown.id, shown.quoted) == (answer, question)
        await control.phone(OTHER).type(OWN, "thanks", quote=answer)
        await until(lambda: len(line.of(MessageArrived)) == 2)
        thanks = line.of(MessageArrived)[1]
        assert thanks.quoted is not None
        assert (thanks.quoted.wa_id, thanks.quoted.text) == (answer, "answer")


async def test_our_other_devices_see_what_we_send(emulator: Emulator, control: EmulatorClient) -> None:
    async with paired_line(emulator.whereabouts, control) as line:
        second = LineUnderTest(engine_for(emulator.whereabouts))
        await second.open()
        await second.pair(control.phone(OWN))
        wa_id = await line.send(OTHER, "from the first device")
        await until(lambda: bool(second.of(MessageArrived)))
        (copy,) = second.of(MessageArrived)
        other = await control.account(OTHER)
        assert (copy.wa_id, copy.from_me, copy.content) == (wa_id, True, Text("from the first device"))
        assert (copy.chat, copy.chat_alt) == (Jid(other.lid), Jid(other.pn))
        own = [shown for shown in await control.phone(OWN).inbox(wait_s=40) if shown.own]
        assert [shown.id for shown in own] == [wa_id]
        from_phone = await control.phone(OWN).type(OTHER, "from the phone")
        await until(lambda: all(_has(each, from_phone) for each in (line, second)))
        await second.close()
        await second.engine.close()


async def test_a_new_device_of_a_contact_is_reached_too(emulator: Emulator, control: EmulatorClient) -> None:
    async with paired_line(emulator.whereabouts, control) as line:
        await line.send(OTHER, "before")
        companion = LineUnderTest(engine_for(emulator.whereabouts))
        await companion.open()
        await companion.pair(control.phone(OTHER))
        wa_id = await line.send(OTHER, "after")
        await until(lambda: _has(companion, wa_id))
        reply = await companion.send(OWN, "seen on the companion")
        await until(lambda: _has(line, reply))
        await companion.close()
        await companion.engine.close()


async def test_a_note_to_ourselves(emulator: Emulator, control: EmulatorClient) -> None:
    async with paired_line(emulator.whereabouts, control) as line:
        wa_id = await line.send(OWN, "remember the milk")
        (shown,) = await control.phone(OWN).inbox(wait_s=40)
        assert (shown.id, shown.text) == (wa_id, "remember the milk")


async def test_many_at_once_keep_their_order(emulator: Emulator, control: EmulatorClient) -> None:
    async with paired_line(emulator.whereabouts, control) as line:
        numbers = [f"551190000010{n}" for n in range(4)]
        for number in numbers:
            await control.account(number)

        async def talk(to: str) -> list[str]:
            return [await line.send(to, f"{n}") for n in range(10)]

        async with asyncio.TaskGroup() as group:
            talks = [group.create_task(talk(number)) for number in numbers]
        await until(lambda: len(line.of(SendAccepted)) == 40)
        for number, sent in zip(numbers, talks, strict=True):
            assert [shown.id for shown in await control.phone(number).inbox(wait_s=40)] == sent.result()
        typed = await control.phone(OTHER).type_many(OWN, "in ", 50)
        await until(lambda: len(line.of(MessageArrived)) == 50)
        assert [news.wa_id for news in line.of(MessageArrived)] == typed


async def test_who_is_not_there_cannot_be_written_to(emulator: Emulator, control: EmulatorClient) -> None:
    async with paired_line(emulator.whereabouts, control) as line:
        with pytest.raises(NotOnWhatsApp):
            await line.send("5511999999999", "anybody?")
        with pytest.raises(SendImpossible):
            await line.send("120363000000000001@g.us", "a group")
        await control.faults(no_prekeys=True)
        with pytest.raises(NoRecipientDevice):
            await line.send(OTHER, "no keys")
        assert line.of(SendStarted) == []
        await control.faults(no_prekeys=False)
        wa_id = await line.send(OTHER, "keys again")
        assert [shown.id for shown in await control.phone(OTHER).inbox(wait_s=40)] == [wa_id]


async def test_content_of_no_known_kind_cannot_be_sent(emulator: Emulator, control: EmulatorClient) -> None:
    async with paired_line(emulator.whereabouts, control) as line:
        outgoing = line.outgoing(OTHER, "")
        object.__setattr__(outgoing, "content", Unsupported("hologram"))
        with pytest.raises(UnsupportedByEngine):
            await line.live.send(outgoing)


@pytest.mark.parametrize(
    ("error", "code"), [(463, "account_restricted"), (479, "invalid_message"), (999, "refused_by_whatsapp")]
)
async def test_a_refused_message_is_told(emulator: Emulator, control: EmulatorClient, error: int, code: str) -> None:
    async with paired_line(emulator.whereabouts, control) as line:
        await control.faults(ack_error=str(error))
        wa_id = await line.send(OTHER, "not wanted")
        await until(lambda: bool(line.of(SendRefused)))
        (refused,) = line.of(SendRefused)
        assert (refused.wa_id, refused.code) == (wa_id, code)
        assert str(error) in refused.detail
        assert line.of(SendAccepted) == []
        await control.faults(ack_error=None)
        await line.restart()
        await line.state(SessionState.CONNECTED)
        assert await control.phone(OTHER).inbox() == []


async def test_reading_is_told(emulator: Emulator, control: EmulatorClient) -> None:
    async with paired_line(emulator.whereabouts, control) as line:
        ids = await control.phone(OTHER).type_many(OWN, "read me ", 2)
        await until(lambda: len(line.of(MessageArrived)) == 2)
        arrived = line.of(MessageArrived)[0]
        await line.live.mark_read(arrived.chat, arrived.sender, ids)
        await until_read(control, ids)


def _has(line: LineUnderTest, wa_id: str) -> bool:
    return any(news.wa_id == wa_id for news in line.of(MessageArrived))


async def until_read(control: EmulatorClient, ids: list[str]) -> None:
    """Wait until the contact's phone got one read receipt for these messages."""
    for _ in range(100):
        receipts = [receipt for receipt in await control.phone(OTHER).receipts(wait_s=40) if receipt.type == "read"]
        if receipts:
            assert [receipt.ids for receipt in receipts] == [tuple(ids)]
            return
    raise AssertionError("nothing was marked as read")


async def test_what_waited_while_we_were_away(emulator: Emulator, control: EmulatorClient) -> None:
    async with paired_line(emulator.whereabouts, control, CALM) as line:
        await line.close()
        ids = await control.phone(OTHER).type_many(OWN, "waiting ", 5)
        await line.open()
        await until(lambda: len(line.of(MessageArrived)) == 5)
        assert [news.wa_id for news in line.of(MessageArrived)] == ids
        assert all(news.offline for news in line.of(MessageArrived))
