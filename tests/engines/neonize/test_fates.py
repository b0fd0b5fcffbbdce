"""The fate of a message that was under way when its process died is found by its tag, whatever it says."""

from __future__ import annotations

import os
import signal

from engines.neonize.desk import OTHER, OWN, Desk
from engines.neonize.talk import Talk
from fixtures.waiting import until
from wagate.domain.acts import Edit, Pin, PollVote, Reaction, Revocation, Said, Target
from wagate.domain.content import Location, Poll, Text
from wagate.domain.ids import MessageId
from wagate.domain.jid import Jid
from wagate.domain.session import SessionState
from wagate.ports.engine import Outgoing
from wagate.ports.news import SendUncertain


async def test_every_kind_is_found_again(desk: Desk) -> None:
    await desk.pair()
    talk = Talk(desk)
    other, own = await talk.lids()
    ours = Target(await talk.out(Text("ours")), own)
    poll = Target(await talk.phone.say(OWN, "poll", question="Dinner?", options=["Soup", "Bread"]), other)
    await talk.came(poll.wa_id)
    kinds: tuple[Said, ...] = (
        Reaction(poll, "👍"),
        Reaction(poll, None),
        Pin(poll, 86_400),
        PollVote(poll, ("Soup",)),
        Edit(ours, Text("ours, better")),
        Revocation(ours),
        Location(1, 2),
        Poll("Lunch?", ("Pizza", "Sushi")),
    )
    for number, said in enumerate(kinds):
        before = len(await talk.phone.inbox())
        await desk.control.faults(no_ack=True)
        message = MessageId(f"msg_fate{number}")
        await desk.connection.send(Outgoing(message, None, Jid.from_phone(OTHER), said))
        shown = (await talk.phone.inbox(before, wait_s=20))[0]
        os.kill(desk.worker, signal.SIGKILL)
        await until(lambda: len(desk.of_kind(SendUncertain)) > number, 30)  # noqa: B023
        uncertain = desk.of_kind(SendUncertain)[-1]
        assert (uncertain.message, uncertain.wa_id) == (message, shown.id), said
        await desk.control.faults(no_ack=False)
        await desk.is_in(SessionState.CONNECTED)
        await talk.out(Text("goes on"))
        assert [one.id for one in await talk.phone.inbox()].count(shown.id) == 1
    asked = desk.of_kind(SendUncertain)[-1].wa_id
    assert asked is not None
    vote = await talk.came(await talk.phone.act("vote", asked, options=["Sushi"]))
    assert isinstance(vote.content, PollVote)
    assert (vote.content.target, vote.content.selected) == (Target(asked, own), ("Sushi",))
