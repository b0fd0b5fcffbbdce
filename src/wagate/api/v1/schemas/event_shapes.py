"""What each type of event carries in ``data``. The rooms write it; a test holds these models against real events."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field

from wagate.api.v1.schemas.contacts import ContactDetails
from wagate.api.v1.schemas.groups import GroupLite, GroupPerson
from wagate.api.v1.schemas.messages import Chat, Contact, Message
from wagate.api.v1.schemas.parts import Moment, Shown
from wagate.api.v1.schemas.sessions import Me, Reason
from wagate.domain.contacts import Whereabouts
from wagate.domain.events import EventType
from wagate.domain.people import GroupRole, MembersAction
from wagate.domain.session import SessionState


class StateNews(Shown):
    """A change of state."""

    state: SessionState = Field(description="The state from now on.")
    previous: SessionState = Field(description="The state until now.")
    reason: Reason | None = Field(description="Why: a stable `code` and a `detail`.")
    action: str | None = Field(description="What a human should do now, in a sentence.")
    me: Me | None = Field(description="The WhatsApp account, as far as it is known.")


class OutdatedNews(StateNews):
    """A change of state, because the service calls the client outdated."""

    engine: str = Field(description="The engine whose version was refused.")
    client_version: str | None = Field(description="The version that it announced.")


class QrNews(Shown):
    """A new QR code, which is not told."""

    expires_at: Moment = Field(description="How long the code is good for.")
    remaining: int = Field(description="How many more codes follow by themselves.")


class PairingCodeNews(Shown):
    """A new pairing code, which is not told."""

    expires_at: Moment = Field(description="How long the code is good for.")


class PasskeyRequiredNews(Shown):
    """WhatsApp asks for a passkey."""

    options: dict[str, Any] = Field(description="The options of a WebAuthn get request, as JSON.")
    expires_at: Moment = Field(description="Until when an assertion is taken.")


class PasskeyCodeNews(Shown):
    """A code to compare with the phone's."""

    code: str = Field(description="Eight characters, as `ABCD-EFGH`.")
    expires_at: Moment = Field(description="Until when the pairing waits for the answer.")


class MovedNews(Shown):
    """A session that another engine goes on with."""

    previous: str = Field(description="The engine until now.")
    engine: str = Field(description="The engine from now on.")


class GapNews(Shown):
    """An interval in which messages may have been lost on the way in."""

    since: Moment = Field(description="When the interval begins.")
    until: Moment = Field(description="When it ends.")
    code: str = Field(description="Why a gap is suspected: stable, for programs.")
    detail: str = Field(description="The same as a sentence.")


class UndecryptableNews(Shown):
    """A message that could not be read."""

    wa_id: str = Field(description="WhatsApp's own id of the message; it arrives again under the same.")
    chat: Chat = Field(description="Where it was written.")
    from_: Contact = Field(alias="from", description="Who wrote it.")
    attempt: int = Field(description="Counts the times that it arrived, from 1.")
    detail: str = Field(description="What was wrong with it.")


class ActNews(Shown):
    """What somebody did to a message."""

    message: str | None = Field(description="Id of the message; null where we do not have it.")
    wa_id: str = Field(description="WhatsApp's own id of the message.")
    chat: Chat = Field(description="Where it was said.")
    from_: Contact = Field(alias="from", description="Who did it; `is_me` for ourselves, on whatever device.")
    at: Moment = Field(description="When, by that person's clock.")


class ReactionNews(ActNews):
    """A reaction."""

    emoji: str | None = Field(description="The emoji; null when the reaction was taken away.")


class VoteNews(ActNews):
    """A vote."""

    selected: list[str] | None = Field(
        description="All that is chosen now. Null: it cannot be read, because the poll came before the device was "
        "linked."
    )


class PinNews(ActNews):
    """A pin."""

    for_s: int | None = Field(description="For how many seconds; null when the message was unpinned.")


class HistoryProblem(Shown):
    """Why a history could not be read."""

    code: str = Field(description="Stable: `phone_not_answering`, `media_gone`, `history_malformed`, …")
    detail: str = Field(description="The same as a sentence.")


class HistoryNews(Shown):
    """A history that the phone told."""

    kind: Literal["bootstrap", "statuses", "recent", "full", "names", "other", "on_demand"] = Field(
        description="What it is about: `on_demand` is what was asked for."
    )
    chunk: int = Field(description="Counts the histories of one kind.")
    progress: int | None = Field(description="How far the phone is with telling, in percent, where it says so.")
    chats: int = Field(description="How many chats are in it.")
    messages: int = Field(description="How many messages are in it.")
    added: int = Field(description="How many of them were not here already.")
    skipped: int = Field(description="How many of its parts could not be read.")
    request: str | None = Field(description="What `POST …/history` answered, if it was asked for.")
    chat: Chat | None = Field(description="The chat that was asked for.")
    error: HistoryProblem | None = Field(description="Why nothing came of it, or not all.")


class AccountNews(Shown):
    """How an account fares from now on."""

    score: float = Field(description="From 0 to 1; 1 is nothing known against it.")
    reasons: list[str] = Field(
        description="Why it is not 1: `rate_limited`, `account_restricted`, `banned`, `many_failures`. "
        "`GET /v1/sessions/{session}/health` says what to do."
    )
    pace: float = Field(description="The part of its set pace that the account keeps for now.")
    paused_until: Moment | None = Field(description="Until when nothing leaves.")
    no_new_people_until: Moment | None = Field(description="Until when nobody new is written to.")


class ContactNews(Shown):
    """A person of whom more is known now."""

    contact: Contact = Field(description="Who it is.")
    changes: list[str] = Field(
        description="What is different: `name`, `push_name`, `phone`, `lid`, `about`, `picture`, `blocked`. Empty when "
        "it was only learnt."
    )
    name: str | None = Field(description="Their name in the account's address book; null when they are not in it.")
    first_name: str | None = Field(description="What they are called for short there.")
    details: ContactDetails | None = Field(
        description="What they show of themselves; null where the change is about a name or an address."
    )


class PresenceNews(Shown):
    """What somebody does right now."""

    contact: Contact = Field(description="Who it is.")
    chat: str | None = Field(description="Id of the chat in which they write or record, as far as we have one.")
    state: Whereabouts = Field(description="`online` and `offline`, or what they do in a chat.")
    last_seen: Moment | None = Field(description="When they were online last, unless they hide it.")


class CallNews(Shown):
    """A call that rings."""

    id: str = Field(description="The call's id, for `POST …/calls/{call}/reject`.")
    from_: Contact = Field(alias="from", description="Who calls.")
    group: str | None = Field(description="Address of the group that is called, for a group call.")
    video: bool = Field(description="Whether it is a video call.")
    offline: bool = Field(description="Whether it began while the session was away; then it is over by now.")
    rejected: bool = Field(description="Whether it was turned down at once, as the session's settings say.")


class CallEndedNews(Shown):
    """A call that does not ring any more."""

    id: str = Field(description="The call's id.")
    from_: Contact = Field(alias="from", description="Who called.")
    outcome: Literal["accepted", "rejected", "ended"] = Field(
        description="`accepted` or `rejected` on a device of the account (here, too), or `ended` by the caller."
    )
    detail: str | None = Field(description="WhatsApp's word for why, such as `timeout`.")


class DeletedNews(Message):
    """A message that is gone."""

    for_: Literal["everybody", "me"] = Field(alias="for", description="`me`: for the account alone.")


class ChatNews(Shown):
    """A chat that is marked otherwise."""

    chat: Chat = Field(description="Which one.")
    archived: bool = Field(description="Whether it is out of the list of chats.")
    pinned: bool = Field(description="Whether it is on top of that.")
    muted_until: Moment | None = Field(description="Until when it makes no sound.")
    disappearing_s: int = Field(description="New messages vanish after so many seconds; 0 is never.")
    unread: bool = Field(description="Whether it is marked as unread.")
    changes: list[str] = Field(description="What is different.")
    at: Moment = Field(description="When that was done.")


class MergedNews(Shown):
    """Two contacts that turned out to be one person."""

    contact: Contact = Field(description="The contact that stays.")
    merged_contact: str = Field(description="Id of the contact that is gone; paths and `to` still understand it.")
    chat: str | None = Field(description="Id of the chat that stays.")
    merged_chat: str | None = Field(description="Id of the chat that is gone, if both had one.")


class GroupNamed(Shown):
    """Which group."""

    id: str = Field(description="The id of its chat.")
    jid: str = Field(description="Its address.")
    subject: str = Field(description="What it is called; empty while that is not known.")


class GroupMemberNamed(GroupPerson):
    """Somebody in a group."""

    role: GroupRole = Field(description="What they may do from now on.")


class GroupUpdatedNews(Shown):
    """A group that is another than before."""

    group: GroupLite = Field(description="The group as it is now.")
    changes: list[str] = Field(description="What is different about it.")
    by: GroupPerson | None = Field(description="Who did it, where that is told.")


class GroupParticipantsNews(Shown):
    """People in a group who came, went, or got another role."""

    group: GroupNamed = Field(description="Where it happened.")
    action: MembersAction = Field(description="What happened to them.")
    participants: list[GroupMemberNamed] = Field(description="Whom it is about, in the role that they have now.")
    reason: str | None = Field(description="WhatsApp's word for why, such as `invite`.")
    by: GroupPerson | None = Field(description="Who did it: the same person where somebody left by themselves.")


class GroupJoinRequestNews(Shown):
    """People who want to join, or do no longer."""

    group: GroupNamed = Field(description="Which one they want to join.")
    state: Literal["requested", "gone"] = Field(description="`gone`: taken back, or turned down.")
    people: list[GroupPerson] = Field(description="Who they are.")
    method: str | None = Field(description="WhatsApp's word for how they asked.")
    by: GroupPerson | None = Field(description="Who did it, where that is told.")


SHAPES: Mapping[EventType, type[Shown]] = {
    EventType.SESSION_STATE: StateNews,
    EventType.SESSION_CONNECTED: StateNews,
    EventType.SESSION_DISCONNECTED: StateNews,
    EventType.SESSION_LOGGED_OUT: StateNews,
    EventType.SESSION_BANNED: StateNews,
    EventType.SESSION_OUTDATED: OutdatedNews,
    EventType.SESSION_QR: QrNews,
    EventType.SESSION_PAIRING_CODE: PairingCodeNews,
    EventType.PAIRING_PASSKEY_REQUIRED: PasskeyRequiredNews,
    EventType.PAIRING_PASSKEY_CODE: PasskeyCodeNews,
    EventType.SESSION_MOVED: MovedNews,
    EventType.SESSION_GAP_SUSPECTED: GapNews,
    EventType.MESSAGE_RECEIVED: Message,
    EventType.MESSAGE_QUEUED: Message,
    EventType.MESSAGE_SCHEDULED: Message,
    EventType.MESSAGE_CANCELLED: Message,
    EventType.MESSAGE_SENT: Message,
    EventType.MESSAGE_DELIVERED: Message,
    EventType.MESSAGE_READ: Message,
    EventType.MESSAGE_PLAYED: Message,
    EventType.MESSAGE_FAILED: Message,
    EventType.MESSAGE_UNKNOWN: Message,
    EventType.MESSAGE_EDITED: Message,
    EventType.MESSAGE_DELETED: DeletedNews,
    EventType.MESSAGE_REACTION: ReactionNews,
    EventType.MESSAGE_POLL_VOTE: VoteNews,
    EventType.MESSAGE_PINNED: PinNews,
    EventType.MESSAGE_STARRED: Message,
    EventType.MESSAGE_MEDIA_UPDATED: Message,
    EventType.MESSAGE_UNDECRYPTABLE: UndecryptableNews,
    EventType.ACCOUNT_LIMITED: AccountNews,
    EventType.ACCOUNT_RECOVERED: AccountNews,
    EventType.HISTORY_SYNCED: HistoryNews,
    EventType.CONTACT_UPDATED: ContactNews,
    EventType.CONTACT_MERGED: MergedNews,
    EventType.CHAT_UPDATED: ChatNews,
    EventType.GROUP_UPDATED: GroupUpdatedNews,
    EventType.GROUP_PARTICIPANTS: GroupParticipantsNews,
    EventType.GROUP_JOIN_REQUEST: GroupJoinRequestNews,
    EventType.PRESENCE_UPDATED: PresenceNews,
    EventType.CALL_RECEIVED: CallNews,
    EventType.CALL_ENDED: CallEndedNews,
}
"""The shape of ``data`` by type."""
