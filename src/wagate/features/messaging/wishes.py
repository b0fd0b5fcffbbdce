"""What callers may want done to a message, and what can be sent at all: checked before anything is accepted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from wagate.domain import limits, vcard
from wagate.domain.acts import Act, Edit, Pin, PollVote, Reaction, Revocation, Target
from wagate.domain.content import (
    Buttons,
    Captioned,
    Contacts,
    Content,
    Deleted,
    Document,
    EventInvite,
    Image,
    ListMenu,
    Location,
    Poll,
    Text,
    Video,
    as_sent,
)
from wagate.domain.errors import (
    EditWindowOver,
    InvalidContent,
    InvalidRequest,
    MessageUnavailable,
    NotOwnMessage,
    SessionNotPaired,
)
from wagate.domain.jid import Jid
from wagate.domain.message import Direction, Message, MessageStatus
from wagate.features.messaging.repository.outbox import address_of
from wagate.ports.engine import EngineFeatures


@dataclass(frozen=True, slots=True)
class React:
    """React with an emoji; None takes the reaction away."""

    type: ClassVar[str] = Reaction.type
    emoji: str | None

    def act(self, message: Message, now: int, features: EngineFeatures) -> Act:
        """The act, as of a moment in ms since 1970. Raises MessageUnavailable, SessionNotPaired, InvalidContent."""
        _check_length(self.emoji, limits.EMOJI, "A reaction", "/emoji")
        return Reaction(_target(message), self.emoji, now)


@dataclass(frozen=True, slots=True)
class Rewrite:
    """Put another text, or another caption, in the place of one's own."""

    type: ClassVar[str] = Edit.type
    content: Text

    def act(self, message: Message, now: int, features: EngineFeatures) -> Act:
        """The act. Raises NotOwnMessage, EditWindowOver, InvalidContent, MessageUnavailable, SessionNotPaired."""
        _require_own(message)
        target = _target(message)
        if isinstance(message.content, Captioned):
            _check_length(self.content.body, features.max_caption_chars, "A caption", "/text")
        elif not isinstance(message.content, Text):
            raise InvalidContent(f"Texts and captions can be edited, not {message.content.type!r}")
        check(self.content, features)
        age_ms = now - (message.sent_at or message.accepted_at)
        if age_ms > features.edit_window_s * 1000:
            raise EditWindowOver(
                f"A message can be edited for {features.edit_window_s // 60} minutes after it was sent"
            )
        return Edit(target, self.content, now)


@dataclass(frozen=True, slots=True)
class Revoke:
    """Take one's own message back, for everybody; in a group, as an admin, also what others wrote."""

    type: ClassVar[str] = Revocation.type

    def act(self, message: Message, now: int, features: EngineFeatures) -> Act:
        """The act. Raises NotOwnMessage, MessageUnavailable, SessionNotPaired."""
        if message.chat.kind != "group":
            _require_own(message)
        return Revocation(_target(message), now)


@dataclass(frozen=True, slots=True)
class Vote:
    """Choose these options of a poll, in place of what was chosen before; none takes the vote back."""

    type: ClassVar[str] = PollVote.type
    selected: tuple[str, ...]

    def act(self, message: Message, now: int, features: EngineFeatures) -> Act:
        """The act. Raises InvalidRequest, MessageUnavailable, SessionNotPaired."""
        target, poll = _target(message), message.content
        if not isinstance(poll, Poll):
            raise InvalidRequest(f"One votes in polls; this message is of the type {poll.type!r}")
        for number, option in enumerate(self.selected):
            if option not in poll.options:
                raise InvalidRequest(f"The poll has no option {option!r}", pointer=f"/selected/{number}")
        if 0 < poll.selectable < len(self.selected):
            raise InvalidRequest(f"The poll allows {poll.selectable} at most", pointer="/selected")
        return PollVote(target, self.selected, now)


@dataclass(frozen=True, slots=True)
class PinFor:
    """Pin a message to the top of its chat for so many seconds; None unpins it."""

    type: ClassVar[str] = Pin.type
    seconds: int | None

    def act(self, message: Message, now: int, features: EngineFeatures) -> Act:
        """The act. Raises MessageUnavailable, SessionNotPaired."""
        return Pin(_target(message), self.seconds, now)


Wish = React | Rewrite | Revoke | Vote | PinFor


def check(content: Content, features: EngineFeatures) -> None:
    """Refuse now what an engine could not send in five minutes either, by whatever way it comes. Raises InvalidContent.

    Buttons and lists are also held to their own limits where they go out as a text: what was accepted with one engine
    is with another.
    """
    match content:
        case Image(_, caption) | Video(_, caption):
            _check_length(caption, features.max_caption_chars, "A caption", "/caption")
        case Document(_, filename, caption):
            _check_length(caption, features.max_caption_chars, "A caption", "/caption")
            _check_length(filename, limits.NAME, "A file's name", "/filename")
        case Location():
            _check_place(content)
        case Contacts():
            _check_cards(content)
        case Poll():
            _check_poll(content, features)
        case EventInvite():
            _check_invite(content)
        case Buttons():
            _check_buttons(content, features)
        case ListMenu():
            _check_list(content, features)
    said = as_sent(content)
    if isinstance(said, Text):
        _check_text(said, features)


def author_of(message: Message) -> Jid | None:
    """The address of whoever wrote a message; None for ourselves before a phone is linked."""
    sender = message.sender
    if sender is None or (sender.phone is None and sender.lid is None):
        return None
    return address_of(sender.phone, sender.lid, None)


def _check_text(text: Text, features: EngineFeatures) -> None:
    if not text.body.strip():
        raise InvalidContent("The text is empty", pointer="/text")
    if len(text.body.encode()) > features.max_text_bytes:
        raise InvalidContent(f"The text is longer than {features.max_text_bytes} bytes in UTF-8", pointer="/text")


def _check_length(text: str | None, limit: int, what: str, pointer: str) -> None:
    if text is not None and len(text) > limit:
        raise InvalidContent(f"{what} has {limit:,} characters at most", pointer=pointer)


def _check_buttons(wanted: Buttons, features: EngineFeatures) -> None:
    _check_length(wanted.footer, features.max_footer_chars, "A footer", "/footer")
    _check_count(wanted.buttons, "buttons", "/buttons")
    for number, button in enumerate(wanted.buttons):
        _check_length(button.title, limits.TITLE, "A button", f"/buttons/{number}/title")


def _check_list(wanted: ListMenu, features: EngineFeatures) -> None:
    _check_length(wanted.footer, features.max_footer_chars, "A footer", "/footer")
    _check_length(wanted.title, limits.TITLE, "A title", "/title")
    _check_length(wanted.button, limits.TITLE, "A button", "/button")
    _check_count(wanted.sections, "sections", "/sections")
    for number, section in enumerate(wanted.sections):
        pointer = f"/sections/{number}"
        _check_length(section.title, limits.TITLE, "A title", f"{pointer}/title")
        _check_count(section.rows, "rows", f"{pointer}/rows")
        for place, row in enumerate(section.rows):
            _check_length(row.title, limits.TITLE, "A title", f"{pointer}/rows/{place}/title")
            _check_length(row.description, limits.NAME, "A description", f"{pointer}/rows/{place}/description")


def _check_count(those: Sequence[object], what: str, pointer: str) -> None:
    if len(those) > limits.CHOICES:
        raise InvalidContent(f"There are {limits.CHOICES} {what} at most", pointer=pointer)


def _check_invite(invite: EventInvite) -> None:
    if invite.ends_at is not None and invite.ends_at < invite.starts_at:
        raise InvalidContent("The event ends before it starts", pointer="/ends_at")
    _check_length(invite.name, limits.NAME, "A name", "/name")
    _check_length(invite.description, limits.DESCRIPTION, "A description", "/description")
    _check_length(invite.place, limits.NAME, "A place", "/place")


def _check_place(place: Location) -> None:
    if not (abs(place.latitude) <= 90 and abs(place.longitude) <= 180):
        raise InvalidContent("There is no such place on earth", pointer="/latitude")
    if place.live:
        raise InvalidContent("Live locations can be received, not sent")
    _check_length(place.name, limits.NAME, "A name", "/name")
    _check_length(place.address, limits.NAME, "An address", "/address")


def _check_cards(contacts: Contacts) -> None:
    if len(contacts.cards) > limits.CARDS:
        raise InvalidContent(f"There are {limits.CARDS} cards at most", pointer="/contacts")
    for number, card in enumerate(contacts.cards):
        _check_length(card.name, limits.NAME, "A name", f"/contacts/{number}/name")
        if vcard.read(card.vcard) is None:
            raise InvalidContent("This is no vCard, or it is too long", pointer=f"/contacts/{number}/vcard")


def _check_poll(poll: Poll, features: EngineFeatures) -> None:
    if not 2 <= len(poll.options) <= features.max_poll_options:
        raise InvalidContent(f"A poll has 2 to {features.max_poll_options} options", pointer="/options")
    if not poll.question.strip() or len(poll.question) > limits.QUESTION:
        raise InvalidContent(f"A question has 1 to {limits.QUESTION} characters", pointer="/question")
    for number, option in enumerate(poll.options):
        if not option.strip() or len(option) > limits.OPTION:
            raise InvalidContent(f"An option has 1 to {limits.OPTION} characters", pointer=f"/options/{number}")
    if len(set(poll.options)) != len(poll.options):
        raise InvalidContent("The options of a poll differ from one another", pointer="/options")
    if not 0 <= poll.selectable <= len(poll.options):
        raise InvalidContent("One cannot choose more options than there are", pointer="/selectable")


def _target(message: Message) -> Target:
    if isinstance(message.content, Deleted) or message.status is MessageStatus.FAILED or message.wa_id is None:
        raise MessageUnavailable
    author = author_of(message)
    if author is None:
        raise SessionNotPaired("Our own address is not known before a phone is linked")
    return Target(message.wa_id, author, message.id)


def _require_own(message: Message) -> None:
    if message.direction is not Direction.OUT:
        raise NotOwnMessage
