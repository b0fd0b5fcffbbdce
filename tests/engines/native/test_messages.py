"""The main job, once through: pair by QR, send a text, receive one."""

from engines.native.lines import OTHER, OWN, paired_line, until
from wagate.domain.content import Text
from wagate.domain.jid import Jid
from wagate.ports.news import MessageArrived, Paired, ReceiptArrived, ReceiptKind, SendAccepted, SendStarted
from whatsapp_emulator.client import EmulatorClient
from whatsapp_emulator.emulator import Emulator


async def test_pairs_sends_and_receives(emulator: Emulator, control: EmulatorClient) -> None:
    async with paired_line(emulator.whereabouts, control, tls=True) as line:
        assert [paired.me.phone for paired in line.of(Paired)] == [f"+{OWN}"]

        wa_id = await line.send(OTHER, "hello phone")
        assert [started.wa_id for started in line.of(SendStarted)] == [wa_id]
        (shown,) = await control.phone(OTHER).inbox(wait_s=5)
        assert (shown.id, shown.text) == (wa_id, "hello phone")
        await until(lambda: bool(line.of(SendAccepted)))
        await until(lambda: bool(line.of(ReceiptArrived)))
        assert (line.of(ReceiptArrived)[0].kind, line.of(ReceiptArrived)[0].wa_ids) == (ReceiptKind.DELIVERED, (wa_id,))

        sent = await control.phone(OTHER).type(OWN, "hello machine")
        await until(lambda: bool(line.of(MessageArrived)))
        (arrived,) = line.of(MessageArrived)
        assert (arrived.wa_id, arrived.content, arrived.from_me) == (sent, Text("hello machine"), False)
        assert Jid.from_phone(OTHER) in (arrived.sender, arrived.sender_alt)
