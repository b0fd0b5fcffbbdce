"""What others say, in the product's words. Nothing that arrives is believed: what makes no sense is Unsupported."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from wagate.adapters.whatsapp_web.files import content_in
from wagate.domain.acts import Act, Edit, Pin, PollVote, Reaction, Revocation, Said, Target
from wagate.domain.content import (
    PLAIN_CONTEXT,
    Button,
    ButtonReply,
    Buttons,
    Captioned,
    Card,
    Contacts,
    Content,
    Context,
    EventInvite,
    LinkPreview,
    ListMenu,
    ListReply,
    Location,
    Poll,
    Quoted,
    Row,
    Section,
    Text,
    Unsupported,
)
from wagate.domain.jid import Jid
from wagate.domain.looks import Look
from whatsapp_wire import jid as wire
from whatsapp_wire.contents import acts, cards, interactive, invites, looks, places, polls, previews
from whatsapp_wire.contents.context import read_context
from whatsapp_wire.message import Content as Read
from whatsapp_wire.message import Kind, is_id, unwrap
from whatsapp_wire.message import Target as Named
from whatsapp_wire.proto.message_pb2 import Message

_SILENT: Final = frozenset({Kind.APP_STATE_KEYS, Kind.HISTORY, Kind.PROTOCOL, Kind.SENDER_KEY})
"""Housekeeping: taken note of, never shown."""

_ACTS: Final = frozenset({Kind.REACTION, Kind.EDIT, Kind.REVOKE, Kind.PIN, Kind.POLL_VOTE})
_LATEST_S: Final = 250_000_000_000
"""Moments after this (seconds since 1970) are nonsense: the year 9892."""


@dataclass(frozen=True, slots=True)
class Speaker:
    """Who said something, in which chat, and who we are. All addresses are bare.

    ``by_admin``: the server lets it pass as what only an admin of the group may do.
    """

    sender: wire.Jid
    chat: wire.Jid
    own: wire.Jid
    from_me: bool
    by_admin: bool = False

    def author_of(self, named: Named) -> wire.Jid:
        """Who wrote the message that this speaker names."""
        if named.from_me:
            return self.sender
        if named.participant is not None:
            return named.participant.bare
        return self.chat if self.from_me else self.own


def said_in(message: Message, read: Read, speaker: Speaker, selected: tuple[str, ...] | None) -> Said | None:
    """What a message says, or None for what is nothing to a human. ``selected`` are a vote's options, once opened."""
    if read.kind in _SILENT:
        return None
    if read.kind is Kind.TEXT and message.HasField("conversation"):
        return Text(read.text or "")  # nearly all of them, by a shorter way
    inner = unwrap(message)
    if read.kind in _ACTS:
        return _act(inner, read, speaker, selected) or Unsupported(read.kind.value)
    return _content(inner, read) or Unsupported(read.kind.value)


def context_of(message: Message) -> Context:
    """How it was said."""
    if message.HasField("conversation"):
        return PLAIN_CONTEXT
    found = read_context(message)
    if not (found.forwarding_score or found.is_view_once or found.expires_in_s):
        return PLAIN_CONTEXT
    return Context(found.forwarding_score, found.is_view_once, found.expires_in_s or None)


def quoted_of(read: Read) -> Quoted | None:
    """The message that is replied to, when it is known who wrote it."""
    if read.quoted is None or read.quoted.sender is None or not is_id(read.quoted.id):
        return None
    return Quoted(read.quoted.id, Jid(read.quoted.sender.bare), read.quoted.text or "")


def _act(inner: Message, read: Read, speaker: Speaker, selected: tuple[str, ...] | None) -> Act | None:
    found = acts.read_act(inner)
    if found is None:
        return None
    target, at = Target(found.target.id, Jid(speaker.author_of(found.target))), _moment_ms(found.at_ms)
    match read.kind:
        case Kind.REACTION:
            return Reaction(target, read.text or None, at)
        case Kind.EDIT:
            return None if read.text is None else Edit(target, _text(read, inner.protocol_message.edited_message), at)
        case Kind.REVOKE:
            # The server sees the stanza and not what is inside it, so only what the stanza says was checked.
            return Revocation(target, at) if found.target.from_me or speaker.by_admin else None
        case Kind.PIN:
            return Pin(target, acts.pinned_for_s(inner), at)
        case _:
            return PollVote(target, selected, at)


def _content(inner: Message, read: Read) -> Content | None:
    match read.kind:
        case Kind.TEXT:
            return _text(read, inner)
        case Kind.IMAGE | Kind.VIDEO | Kind.AUDIO | Kind.DOCUMENT | Kind.STICKER:
            return _attached(inner, read)
        case Kind.LOCATION:
            return _location(inner)
        case Kind.CONTACT:
            found = cards.read_cards(inner)
            return Contacts(tuple(Card(card.name, card.vcard) for card in found)) if found else None
        case Kind.POLL:
            poll = polls.read_poll(inner)
            return None if poll is None else Poll(poll.question, poll.options, poll.selectable)
        case Kind.EVENT:
            return _invitation(inner)
        case Kind.MENU:
            menu = interactive.read_menu(inner)
            return None if menu is None else _menu(menu)
        case Kind.CHOICE:
            chosen = interactive.read_choice(inner)
            return None if chosen is None else _choice(chosen)
        case _:
            return None


def _text(read: Read, inner: Message) -> Text:
    mentions = tuple(Jid(mention.bare) for mention in read.mentions)
    page = previews.read_preview(inner)
    preview = (
        None
        if page is None
        else LinkPreview(page.link, page.title or None, page.description or None, page.thumbnail or None)
    )
    look = looks.read_look(inner)
    shown = None if look is None else Look(f"#{look.background:06x}", look.font)
    return Text(read.text or "", mentions, read_context(inner).mentions_all, preview, shown)


def _attached(inner: Message, read: Read) -> Content | None:
    content = content_in(inner, read)
    if not isinstance(content, Captioned) or not read_context(inner).mentions_all:
        return content
    return replace(content, mentions_all=True)


def _location(inner: Message) -> Location | None:
    place = places.read_place(inner)
    if place is None:
        return None
    return Location(place.latitude, place.longitude, place.name or None, place.address or None, place.is_live)


def _invitation(inner: Message) -> EventInvite | None:
    event = invites.read_event(inner)
    if event is None or not 0 <= event.starts_at <= _LATEST_S:
        return None
    return EventInvite(
        name=event.name,
        starts_at=event.starts_at * 1000,
        ends_at=event.ends_at * 1000 if 0 < event.ends_at <= _LATEST_S else None,
        description=event.description or None,
        place=event.place or None,
        link=event.link or None,
        cancelled=event.is_cancelled,
    )


def _menu(menu: interactive.Menu) -> Buttons | ListMenu:
    if menu.sections or menu.opens_with:
        sections = tuple(
            Section(title or None, tuple(Row(row.id, row.title, row.description or None) for row in rows))
            for title, rows in menu.sections
        )
        return ListMenu(menu.body, menu.opens_with, sections, menu.title or None, menu.footer or None)
    body = "\n".join(part for part in (menu.title, menu.body) if part)
    buttons = tuple(
        Button(choice.id, choice.title, choice.url or None, choice.phone or None) for choice in menu.choices
    )
    return Buttons(body, buttons, menu.footer or None)


def _choice(chosen: interactive.Chosen) -> ButtonReply | ListReply:
    if chosen.from_list:
        return ListReply(chosen.id, chosen.title, chosen.description or None)
    return ButtonReply(chosen.id, chosen.title)


def _moment_ms(at_ms: int) -> int | None:
    return at_ms if 0 < at_ms <= _LATEST_S * 1000 else None
