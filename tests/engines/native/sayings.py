"""What the two sides of a replay say by turns: texts, polls, votes and reactions."""

from __future__ import annotations

from wagate.domain.acts import Reaction, Said, Target
from wagate.domain.content import Poll, Text
from wagate.domain.jid import Jid
from whatsapp_emulator.world import acting
from whatsapp_emulator.world.composing import send_message
from whatsapp_emulator.world.phone import Phone
from whatsapp_wire import jid as wire
from whatsapp_wire.contents import polls
from whatsapp_wire.message import Kind, read

OPTIONS = ("Pizza", "Sushi")
_POLL = polls.Poll("Dinner?", OPTIONS, 1)


def out(number: int, to: Jid) -> Said:
    """The ``number``-th thing that we say."""
    if number % 4 == 2:
        return Poll("Lunch?", OPTIONS)
    return Reaction(Target(f"A{number}", to), "👍") if number % 4 == 3 else Text(f"out {number}")


def say(phone: Phone, to: wire.Jid, number: int) -> str:
    """The ``number``-th thing that contacts say, from this one's phone; its id. They vote in our polls as soon as
    they see one.
    """
    ours = [shown.id for shown in phone.inbox if not shown.own and read(shown.message).kind is Kind.POLL]
    if ours and number % 2:
        return acting.vote(phone.state, phone.account, ours[-1], OPTIONS[:1])
    if number % 4 == 0:
        secret = phone.state.entropy.randbytes(polls.SECRET_SIZE)
        return send_message(phone.state, phone.account, to, polls.poll_message(_POLL, secret))
    return phone.type(to, f"in {number}")
