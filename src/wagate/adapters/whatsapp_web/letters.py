"""Plaintexts as bytes, for an engine whose library does the rest of the protocol: composed here, and read here."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Self

from wagate.adapters.whatsapp_web import votes
from wagate.adapters.whatsapp_web.decode import Speaker, context_of, quoted_of, said_in
from wagate.adapters.whatsapp_web.encode import NOTHING, Enclosed, Stage, message_of
from wagate.adapters.whatsapp_web.files import file_in
from wagate.domain.acts import PollVote, Said
from wagate.domain.content import Attached, Context, Quoted, Unsupported
from wagate.domain.jid import Jid
from wagate.ports.engine import Outgoing, SendImpossible
from wagate.ports.files import ArrivedFile
from whatsapp_wire import jid as wire
from whatsapp_wire.contents import polls, timers
from whatsapp_wire.contents.acts import read_act
from whatsapp_wire.contents.polls import Ballot
from whatsapp_wire.errors import WireError
from whatsapp_wire.message import Content, Kind, parse, read, unwrap
from whatsapp_wire.proto.message_pb2 import Message
from whatsapp_wire.stanza.media import MediaMessage


@dataclass(frozen=True, slots=True)
class Account:
    """Our own addresses, bare; one of them may not be known."""

    pn: Jid | None
    lid: Jid | None

    @property
    def addresses(self) -> tuple[wire.Jid, ...]:
        """Those that are known, the LID first."""
        return tuple(wire.Jid(jid) for jid in (self.lid, self.pn) if jid is not None)

    def has(self, address: str | None) -> bool:
        """Whether this is one of them."""
        return address is not None and address in (self.pn, self.lid)


@dataclass(frozen=True, slots=True)
class PollKey:
    """What it takes to read the votes of a poll: who asked (bare), the poll's own secret, and its options."""

    author: Jid
    secret: bytes = field(repr=False)
    options: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Origin:
    """Who said something, in which chat (bare addresses); ``by_admin``: the server lets it pass as an admin's."""

    chat: Jid
    sender: Jid
    sender_alt: Jid | None
    from_me: bool
    by_admin: bool


def compose(
    outgoing: Outgoing, us: Account, now_ms: int, poll: PollKey | None = None, enclosed: Enclosed = NOTHING
) -> bytes:
    """The plaintext for something to say; ``poll`` is the one that is voted in.

    Raises UnsupportedByEngine for a kind that cannot be sent, SendImpossible for a vote or a file without its own.
    """
    stage = Stage(wire.Jid(outgoing.to), us.addresses, now_ms)
    if isinstance(outgoing.content, PollVote):
        message = _vote(outgoing.content, us, stage, poll)
    else:
        message = message_of(outgoing, stage, enclosed)
    return message.SerializeToString()


def options_in(plaintext: bytes) -> tuple[str, ...]:
    """The options of the poll that a plaintext of ours asks; none where it asks none."""
    asked = polls.read_poll(unwrap(parse(plaintext)))
    return () if asked is None else asked.options


@dataclass(frozen=True, slots=True)
class Letter:
    """A plaintext that came in, taken apart as far as it goes."""

    message: Message
    inner: Message
    content: Content

    @classmethod
    def of(cls, plaintext: bytes) -> Self | None:
        """Read a plaintext; None when it is no message."""
        try:
            message = parse(plaintext)
        except WireError:
            return None
        return cls(message, unwrap(message), read(message))

    @property
    def voted_in(self) -> str | None:
        """The id of the poll that this is a vote in."""
        if self.content.kind is not Kind.POLL_VOTE:
            return None
        act = read_act(self.inner)
        return None if act is None else act.target.id

    @property
    def asks(self) -> bool:
        """Whether this is a poll."""
        return self.content.kind is Kind.POLL

    def poll_by(self, author: Jid) -> PollKey | None:
        """What reads the votes of the poll that this asks, if it asks one and its secret came along."""
        asked = polls.read_poll(self.inner) if self.asks else None
        secret = None if asked is None else polls.secret_of(self.message, self.inner)
        return None if asked is None or secret is None else PollKey(author, secret, asked.options)

    def said(self, origin: Origin, us: Account, polls_known: Iterable[PollKey] = ()) -> Said | None:
        """What it says, or None for what is nothing to a human; a vote is in one of these polls."""
        own = us.addresses
        if not own:
            return Unsupported(self.content.kind.value)
        speaker = Speaker(
            wire.Jid(origin.sender), wire.Jid(origin.chat), own[0], origin.from_me, by_admin=origin.by_admin
        )
        selected = self._selected(origin, own, polls_known) if self.content.kind is Kind.POLL_VOTE else None
        return said_in(self.message, self.content, speaker, selected)

    def file(self, said: Said | None, wa_id: str, origin: Origin) -> ArrivedFile | None:
        """The file that it shows, if it shows one; ``wa_id`` is the message's own id."""
        if not isinstance(said, Attached):
            return None
        author = wire.Jid(origin.sender) if origin.chat.is_group else None
        return file_in(self.inner, said, MediaMessage(wa_id, wire.Jid(origin.chat), origin.from_me, author))

    @property
    def timer(self) -> int | None:
        """The seconds after which the messages of its chat disappear from now on, if it is there to say so."""
        return timers.read_timer(self.message)

    @property
    def context(self) -> Context:
        """How it was said."""
        return context_of(self.message)

    @property
    def quoted(self) -> Quoted | None:
        """The message that it answers."""
        return quoted_of(self.content)

    def _selected(
        self, origin: Origin, own: tuple[wire.Jid, ...], polls_known: Iterable[PollKey]
    ) -> tuple[str, ...] | None:
        alt = None if origin.sender_alt is None else wire.Jid(origin.sender_alt)
        voters = votes.names(own, wire.Jid(origin.sender), alt)
        for poll in polls_known:
            author = wire.Jid(poll.author)
            authors = voters if author in voters else votes.names(own, author, None)
            selected = votes.opened(self.inner, poll.secret, poll.options, authors, voters)
            if selected is not None:
                return selected
        return None


def _vote(vote: PollVote, us: Account, stage: Stage, poll: PollKey | None) -> Message:
    if poll is None:
        raise SendImpossible("the secret of this poll is not known: it came before this device was linked, or long ago")
    author = wire.Jid(poll.author)
    own = us.addresses
    voter = next((jid for jid in own if jid.is_lid == author.is_lid), own[0])
    return votes.message_of(vote, Ballot(vote.target.wa_id, poll.secret, author, voter), stage)
