"""Chats: what is read on either side, over a real connection to the emulator."""

from fixtures.rooms import House, eventually
from journeys.engine_choice import on_both_engines
from journeys.test_native import OTHER, OWN, native, pair
from wagate.domain.session import Session
from whatsapp_emulator.client import EmulatorClient

__all__ = ["native"]


async def unread_is(house: House, session: Session, count: int) -> None:
    async def there() -> bool:
        found = (await house.gateway.chats.list(house.us, session.id)).items
        return [one.unread for one in found] == [count]

    await eventually(there)


@on_both_engines
async def test_a_chat_is_read_by_us_on_the_phone_and_by_answering_there(native: House, control: EmulatorClient) -> None:
    session = await pair(native, control)
    own, other = control.phone(OWN), control.phone(OTHER)
    for text in ("one", "two"):
        await other.type(OWN, text)
    await unread_is(native, session, 2)
    (chat,) = (await native.gateway.chats.list(native.us, session.id)).items
    assert chat.last_message is not None
    assert chat.last_message.content.text == "two"
    assert (await native.gateway.chats.mark_read(native.us, session.id, chat.chat.id)).unread == 0

    async def told() -> bool:
        return "read" in {receipt.type for receipt in await other.receipts()}

    await eventually(told)
    await other.type(OWN, "three")
    await unread_is(native, session, 1)
    await own.read()
    await unread_is(native, session, 0)
    await other.type(OWN, "four")
    await unread_is(native, session, 1)
    await own.type(OTHER, "answered on the phone")
    await unread_is(native, session, 0)
