"""What callers may want done to a message, and what can be sent at all: checked before anything is accepted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from wagate.domain import vcard
from wagate.domain.acts import Act, Edit, Pin, PollVote, Reaction, Revocation, Target
from wagate.domain.content import (
    Captioned,
    Contacts,
    Content,
    Deleted,
    Document,
    EventInvite,
    Image,
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

MAX_QUESTION_CHARS = 255
MAX_OPTION_CHARS = 100
MAX_CAPTION_CHARS = 1_024
"""As Meta's Cloud API has it."""


@dataclass(frozen=True, slots=True)
class React:
    """React with an emoji; None takes the reaction away."""

    type: ClassVar[str] = Reaction.type
    emoji: str | None

    def act(self, message: Message, now: int, features: EngineFeatures) -> Act:
        """The act, as of a moment in ms since 1970. Raises MessageUnavailable, SessionNotPaired."""
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
            _check_caption(self.content.body)
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
    """Refuse now what an engine could not send in five minutes either. Raises InvalidContent."""
    said = as_sent(content)
    match said:
        case Text():
            _check_text(said, features)
        case Image() | Video() | Document() if said.caption is not None:
            _check_caption(said.caption)
        case Location():
            _check_place(said)
        case Contacts():
            _check_cards(said)
        case Poll():
            _check_poll(said, features)
        case EventInvite(_, starts_at, ends_at) if ends_at is not None and ends_at < starts_at:
            raise InvalidContent("The event ends before it starts", pointer="/ends_at")


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


def _check_caption(caption: str) -> None:
    if len(caption) > MAX_CAPTION_CHARS:
        raise InvalidContent(f"A caption has {MAX_CAPTION_CHARS} characters at most", pointer="/caption")


def _check_place(place: Location) -> None:
    if not (abs(place.latitude) <= 90 and abs(place.longitude) <= 180):
        raise InvalidContent("There is no such place on earth", pointer="/latitude")
    if place.live:
        raise InvalidContent("Live locations can be received, not sent")


def _check_cards(contacts: Contacts) -> None:
    for number, card in enumerate(contacts.cards):
        if vcard.read(card.vcard) is None:
            raise InvalidContent("This is no vCard, or it is too long", pointer=f"/contacts/{number}/vcard")


def _check_poll(poll: Poll, features: EngineFeatures) -> None:
    if not 2 <= len(poll.options) <= features.max_poll_options:
        raise InvalidContent(f"A poll has 2 to {features.max_poll_options} options", pointer="/options")
    if not poll.question.strip() or len(poll.question) > MAX_QUESTION_CHARS:
        raise InvalidContent(f"A question has 1 to {MAX_QUESTION_CHARS} characters", pointer="/question")
    for number, option in enumerate(poll.options):
        if not option.strip() or len(option) > MAX_OPTION_CHARS:
            raise InvalidContent(f"An option has 1 to {MAX_OPTION_CHARS} characters", pointer=f"/options/{number}")
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
