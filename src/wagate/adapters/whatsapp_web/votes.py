"""Votes in polls, made and read with the poll's secret. Where that is kept is the engines' business."""

from __future__ import annotations

import secrets
from collections.abc import Collection, Sequence

from wagate.adapters.whatsapp_web.encode import Stage
from wagate.domain.acts import PollVote
from whatsapp_wire.contents import polls
from whatsapp_wire.contents.polls import Ballot
from whatsapp_wire.errors import DecryptionFailed
from whatsapp_wire.jid import Jid
from whatsapp_wire.proto.message_pb2 import Message


def names(own: Collection[Jid], one: Jid, other: Jid | None) -> tuple[Jid, ...]:
    """Both addresses of a person, as far as they are known, bare; ``own`` are ours."""
    if one.bare in own:
        return tuple(own)
    return (one.bare,) if other is None else (one.bare, other.bare)


def opened(
    inner: Message, secret: bytes, options: Sequence[str], authors: Collection[Jid], voters: Collection[Jid]
) -> tuple[str, ...] | None:
    """The options that an unwrapped vote chooses; None when this is not the secret, or none of these people voted.

    A vote does not say under which addresses it was sealed, so all that are known of author and voter are tried.
    """
    update = inner.poll_update_message
    for author in authors:
        for voter in voters:
            try:
                ballot = Ballot(update.poll_creation_message_key.id, secret, author, voter)
                return ballot.open(update.vote, options)
            except DecryptionFailed:
                continue
    return None


def message_of(vote: PollVote, ballot: Ballot, stage: Stage) -> Message:
    """The message for a vote."""
    sealed = ballot.seal(vote.selected or (), secrets.token_bytes(polls.NONCE_SIZE))
    return polls.vote_message(stage.key(vote.target), sealed, vote.at or stage.now_ms)
