"""Polls: their secrets are kept with the messages, because a vote can only be made and read with them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from wagate.adapters.engines.native.machine.device import Device
from wagate.adapters.engines.native.machine.flows import Flow, Load
from wagate.adapters.engines.native.machine.records import PollSecret, Step
from wagate.adapters.whatsapp_web import votes
from wagate.adapters.whatsapp_web.encode import Stage
from wagate.domain.acts import PollVote
from wagate.ports.engine import SendImpossible
from wagate.ports.vault import RecordKey
from whatsapp_wire.contents import polls
from whatsapp_wire.contents.acts import read_act
from whatsapp_wire.contents.polls import Ballot
from whatsapp_wire.jid import Jid
from whatsapp_wire.message import unwrap
from whatsapp_wire.proto.message_pb2 import Message
from whatsapp_wire.stanza.source import Source


def records_of(wa_id: str, messages: Iterable[Message]) -> tuple[RecordKey, ...]:
    """The secrets that these messages, which came under an id, are about: a poll's own, or the one that is voted in."""
    return tuple(_records_of(wa_id, messages))


def keep(step: Step, wa_id: str, author: Jid, message: Message) -> None:
    """Keep the secret of a poll that goes out or comes in. An id that is taken stays with who came first."""
    inner = unwrap(message)
    poll, secret = polls.read_poll(inner), polls.secret_of(message, inner)
    if poll is not None and secret is not None:
        step.put("secret", wa_id, PollSecret(author, secret, poll.options).pack())


def is_new(step: Step, wa_id: str) -> bool:
    """Whether no secret is kept under an id yet."""
    return step.get("secret", wa_id) is None


def opened(us: Device, step: Step, source: Source, message: Message) -> tuple[str, ...] | None:
    """The options that a vote chooses; None when it cannot be read, because its poll is not known here."""
    inner = unwrap(message)
    act = read_act(inner) if inner.HasField("poll_update_message") else None
    if act is None:
        return None
    kept = step.get("secret", act.target.id)
    if kept is None:
        return None
    poll = PollSecret.unpack(kept)
    own = _own(us)
    voters = votes.names(own, source.sender, source.sender_alt)
    authors = voters if poll.author in voters else votes.names(own, poll.author, None)
    return votes.opened(inner, poll.secret, poll.options, authors, voters)


def compose_vote(us: Device, vote: PollVote, stage: Stage) -> Flow[Message]:
    """The message for a vote. Raises SendImpossible when the poll's secret is not known."""
    yield Load((("secret", vote.target.wa_id),))
    kept = us.shell.get("secret", vote.target.wa_id)
    if kept is None:
        raise SendImpossible("the secret of this poll is not known: it came before this device was linked, or long ago")
    poll = PollSecret.unpack(kept)
    voter = us.me.lid if poll.author.is_lid or us.me.pn is None else us.me.pn
    return votes.message_of(vote, Ballot(vote.target.wa_id, poll.secret, poll.author, voter), stage)


def _records_of(wa_id: str, messages: Iterable[Message]) -> Iterator[RecordKey]:
    for message in messages:
        if message.HasField("conversation"):
            continue
        inner = unwrap(message)
        if polls.read_poll(inner) is not None:
            yield ("secret", wa_id)
        elif inner.HasField("poll_update_message") and (act := read_act(inner)) is not None:
            yield ("secret", act.target.id)


def _own(us: Device) -> tuple[Jid, ...]:
    """Our own addresses, bare."""
    return tuple(jid for jid in (us.me.lid, us.me.pn) if jid is not None)
