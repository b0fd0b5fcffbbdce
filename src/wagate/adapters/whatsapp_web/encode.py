"""What we say, as the plaintext of a message. Votes, which need a poll's secret, are in ``polls``."""

from __future__ import annotations

import secrets
from collections.abc import Collection
from dataclasses import dataclass

from wagate.adapters.whatsapp_web.files import Sealed, message_with, recaptioned
from wagate.domain.acts import Act, Edit, Pin, PollVote, Reaction, Revocation, Said, Target
from wagate.domain.content import (
    Attached,
    Captioned,
    Contacts,
    Context,
    EventInvite,
    LinkPreview,
    Location,
    Poll,
    Quoted,
    Text,
)
from wagate.domain.errors import UnsupportedByEngine
from wagate.ports.engine import Outgoing, SendImpossible
from whatsapp_wire.contents import acts, cards, invites, looks, places, polls, previews
from whatsapp_wire.contents.context import Context as WireContext
from whatsapp_wire.contents.context import with_context
from whatsapp_wire.jid import Jid
from whatsapp_wire.message import Quote
from whatsapp_wire.proto.message_pb2 import Message, MessageKey


@dataclass(frozen=True, slots=True)
class Stage:
    """Where and when something is said: the chat, our own addresses (all bare), and the time in ms since 1970."""

    chat: Jid
    own: Collection[Jid]
    now_ms: int

    def key(self, target: Target) -> MessageKey:
        """A message of the chat, as an act names it."""
        author = Jid(target.author).bare
        return acts.key_of(self.chat, target.wa_id, from_me=author in self.own, author=author)


@dataclass(frozen=True, slots=True)
class Enclosed:
    """What belongs to a message: the file that it shows, on the hosts; the plaintext of the one that it edits."""

    file: Sealed | None = None
    original: bytes | None = None


NOTHING = Enclosed()


def message_of(outgoing: Outgoing, stage: Stage, enclosed: Enclosed = NOTHING) -> Message:
    """The message for something to say.

    Raises UnsupportedByEngine for a kind that cannot be sent, SendImpossible for a file that is not enclosed.
    """
    said = outgoing.content
    if isinstance(said, Act):
        return _act(said, stage, enclosed)
    if isinstance(said, Attached):
        if enclosed.file is None:
            raise SendImpossible("the file of the message is missing")
        message = message_with(said, enclosed.file, view_once=outgoing.context.view_once)
    else:
        message = _content(said)
    mentions = map(Jid, said.mentions) if isinstance(said, Text | Captioned) else ()
    with_context(message, _context(said, outgoing.context), _quote(outgoing.quoted), mentions)
    return message


def _act(act: Act, stage: Stage, enclosed: Enclosed) -> Message:
    key, at_ms = stage.key(act.target), act.at or stage.now_ms
    match act:
        case Reaction(_, emoji):
            return acts.reaction_message(key, emoji or "", at_ms)
        case Edit(_, content):
            new = None if enclosed.original is None else recaptioned(enclosed.original, content)
            new = new or Message(conversation=content.body)
            with_context(new, _context(content, Context()), mentions=map(Jid, content.mentions))
            return acts.edit_message(key, new, at_ms)
        case Revocation():
            return acts.revoke_message(key)
        case Pin(_, for_s):
            return acts.pin_message(key, for_s or 0, at_ms)
        case PollVote():
            raise SendImpossible("a vote needs the secret of its poll")


def _content(said: Said) -> Message:
    match said:
        case Text():
            return _text(said)
        case Location(latitude, longitude, name, address):
            return places.location_message(places.Place(latitude, longitude, name or "", address or ""))
        case Contacts(found):
            return cards.cards_message([cards.Card(card.name, card.vcard) for card in found])
        case Poll(question, options, selectable):
            secret = secrets.token_bytes(polls.SECRET_SIZE)
            return polls.poll_message(polls.Poll(question, options, selectable), secret)
        case EventInvite():
            return _invitation(said)
        case _:
            raise UnsupportedByEngine(f"content of kind {said.type!r} cannot be sent")


def _text(said: Text) -> Message:
    if said.look is not None:
        return looks.look_message(said.body, looks.Look(int(said.look.background[1:], 16), said.look.font))
    return Message(conversation=said.body) if said.preview is None else _previewed(said.body, said.preview)


def _previewed(body: str, preview: LinkPreview) -> Message:
    page = previews.Preview(preview.link, preview.title or "", preview.description or "", preview.thumbnail or b"")
    return previews.preview_message(body, page)


def _invitation(invite: EventInvite) -> Message:
    event = invites.Event(
        name=invite.name,
        starts_at=invite.starts_at // 1000,
        ends_at=(invite.ends_at or 0) // 1000,
        description=invite.description or "",
        place=invite.place or "",
        link=invite.link or "",
        is_cancelled=invite.cancelled,
    )
    return invites.event_message(event, secrets.token_bytes(polls.SECRET_SIZE))


def _context(said: Said, context: Context) -> WireContext:
    return WireContext(
        forwarding_score=context.forwarded,
        expires_in_s=context.expires_in_s or 0,
        mentions_all=isinstance(said, Text | Captioned) and said.mentions_all,
    )


def _quote(quoted: Quoted | None) -> Quote | None:
    if quoted is None:
        return None
    return Quote(quoted.wa_id, Jid(quoted.sender), Message(conversation=quoted.text))
