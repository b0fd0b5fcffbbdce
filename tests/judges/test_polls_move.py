"""A poll from before a move, voted in after it: with unmodified neonize as the other engine."""

from __future__ import annotations

from pathlib import Path

import pytest

from engines.neonize.desk import QUICK, environment, launch, reach
from fixtures.rooms import eventually
from judges.gateway import GatewayClient
from judges.peers import scratch
from wagate.adapters.engines.native import Habits, NativeEngine
from wagate.adapters.engines.neonize.engine import NeonizeEngine
from wagate.bootstrap import build
from wagate.domain.content import Poll
from wagate.domain.message import Message
from wagate.domain.session import LIVE, SessionState
from wagate.features.messaging.requests import SendRequest
from wagate.settings import Settings
from whatsapp_emulator.client import EmulatorClient
from whatsapp_emulator.emulator import Emulator

pytestmark = pytest.mark.judge

US, CONTACT = "4915100000041", "4915100000042"
LUNCH = Poll("Lunch?", ("Pizza", "Sushi"))


async def test_a_vote_in_a_poll_from_before_a_move_is_read(
    emulator: Emulator, control: EmulatorClient, tmp_path: Path
) -> None:
    """One poll is asked with each engine; the contact votes while the other one has the device, and when it is back."""
    contact, where = await control.account(CONTACT, "Ana"), emulator.whereabouts
    await control.account(US, "Shop")
    phone = control.phone(CONTACT)
    with scratch() as folder:
        native = NativeEngine(
            url=where.plain_url, root_key=bytes.fromhex(where.root_key), habits=Habits(longest_pause_s=1.0)
        )
        neonize = NeonizeEngine(
            folder, command=launch(where), environment=environment(where), limits=QUICK, reach=reach(where)
        )
        settings = Settings(
            data=tmp_path / "gateway", engine="native", login_rate=0, pace_per_minute=0, pace_bulk_per_minute=0
        )
        async with await build(settings, engines=[native, neonize]) as gateway:
            us = await gateway.access.operator()
            session = await gateway.sessions.create(us, name="judged")
            await gateway.sessions.start(us, session.id)
            await control.phone(US).scan(await GatewayClient(gateway, us, US).qr_text())

            async def is_connected() -> bool:
                return (await gateway.sessions.get(us, session.id)).state is SessionState.CONNECTED

            async def asked() -> Message:
                """A poll that the contact has."""
                accepted = await gateway.messaging.send(us, session.id, SendRequest(contact.pn, LUNCH))

                async def there() -> Message | None:
                    message = await gateway.messaging.get(us, accepted.message.id)
                    return message if message.delivered_at is not None else None

                return await eventually(there)

            async def move(engine: str) -> None:
                assert (await gateway.sessions.move(us, session.id, engine)).state in LIVE
                await eventually(is_connected)

            async def vote_is_read(poll: Message, option: str) -> None:
                assert poll.wa_id is not None
                await phone.act("vote", poll.wa_id, options=[option])

                async def told() -> bool:
                    page = await gateway.journal.list(us, types=["message.poll_vote"], limit=200)
                    votes = [(event.data["message"], event.data["selected"]) for event in page.items]
                    return (poll.id, [option]) in votes

                await eventually(told)

            await eventually(is_connected)
            first = await asked()
            await move("neonize")
            await vote_is_read(first, "Pizza")
            second = await asked()
            await move("native")
            await vote_is_read(second, "Sushi")
            await vote_is_read(first, "Sushi")
