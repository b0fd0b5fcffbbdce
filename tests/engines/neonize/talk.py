"""OWN's session on neonize and OTHER's phone, saying and doing things to one another."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from engines.neonize.desk import OTHER, OWN, Desk
from fixtures.waiting import until
from wagate.domain.acts import Said
from wagate.domain.content import PLAIN_CONTEXT, Context, Quoted
from wagate.domain.ids import MessageId
from wagate.domain.jid import Jid
from wagate.ports.engine import Outgoing
from wagate.ports.news import MessageArrived, SendAccepted
from whatsapp_emulator.client import PhoneClient
from whatsapp_emulator.told import MessageTold


class Talk:
    """Both sides of it."""

    def __init__(self, desk: Desk, *, to: str = OTHER) -> None:
        """``to``: whom is written to; a phone, or a group's address."""
        self.desk = desk
        self.to = Jid(to) if "@" in to else Jid.from_phone(to)
        self._number = 0

    @property
    def phone(self) -> PhoneClient:
        """OTHER's."""
        return self.desk.control.phone(OTHER)

    async def lids(self) -> tuple[Jid, Jid]:
        """OTHER's LID and OWN's."""
        control = self.desk.control
        return Jid((await control.account(OTHER)).lid), Jid((await control.account(OWN)).lid)

    async def out(self, said: Said, *, context: Context = PLAIN_CONTEXT, quoted: Quoted | None = None) -> str:
        """Send something; its id, once WhatsApp has taken it."""
        self._number += 1
        message = MessageId(f"msg_talk{self._number}")
        await self.desk.connection.send(Outgoing(message, None, self.to, said, quoted, context))

        def accepted() -> list[SendAccepted]:
            return [news for news in self.desk.of_kind(SendAccepted) if news.message == message]

        await _there(lambda: bool(accepted()), self.desk)
        return accepted()[0].wa_id

    async def shown(self, wa_id: str) -> MessageTold:
        """What OTHER's phone has of a message."""
        found: list[MessageTold] = []

        async def there() -> bool:
            found[:] = [message for message in await self.phone.inbox() if message.id == wa_id]
            return bool(found)

        async with asyncio.timeout(20):
            while not await there():  # noqa: ASYNC110  the phone is the emulator's
                await asyncio.sleep(0.02)
        return found[0]

    async def came(self, wa_id: str) -> MessageArrived:
        """What was told of a message that came in."""

        def arrived() -> list[MessageArrived]:
            return [news for news in self.desk.of_kind(MessageArrived) if news.wa_id == wa_id]

        await _there(lambda: bool(arrived()), self.desk)
        return arrived()[0]


async def _there(holds: Callable[[], bool], desk: Desk) -> None:
    try:
        await until(holds, 20)
    except TimeoutError:
        raise AssertionError(f"it never came: {desk.durable} {desk.output()}") from None
