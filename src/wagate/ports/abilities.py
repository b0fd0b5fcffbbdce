"""What an engine's connection may be able to do besides sending. A class line lists its abilities."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol, runtime_checkable

from wagate.domain.contacts import Audience, NumberCheck, Picture, Privacy, Profile
from wagate.domain.jid import Jid
from wagate.domain.marks import ChatMarks, ContactName, NamedMessage
from wagate.domain.passkey import PasskeyAssertion
from wagate.domain.people import (
    CreatedGroup,
    Group,
    GroupEdit,
    JoinedGroup,
    JoinRequest,
    MemberOutcome,
    MembersAction,
    NewGroup,
    RequestDecision,
)


@dataclass(frozen=True, slots=True)
class PairingCode:
    """Eight characters that a human types into the phone, valid for ``expires_in_s`` seconds."""

    code: str
    expires_in_s: float


@runtime_checkable
class PairsDevices(Protocol):
    """Links a phone by QR code, or by a code typed into the phone.

    QR codes are reported as QrShown.
    """

    async def request_pairing_code(self, phone: Jid) -> PairingCode:
        """Ask for a code for this number. Raises SessionAlreadyPaired, NotSent (not connected), UnsupportedByEngine."""
        ...

    async def renew_qr(self) -> None:
        """Begin a new series of QR codes. Raises SessionAlreadyPaired."""
        ...


@runtime_checkable
class PairsWithPasskeys(Protocol):
    """Goes on pairing when WhatsApp asks for the account's passkey.

    That it asks is reported as PasskeyRequired, and a code to compare as PasskeyCodeShown.
    """

    async def answer_passkey(self, assertion: PasskeyAssertion) -> None:
        """Hand the assertion in; returns once it was accepted. Raises PasskeyNotAsked, PasskeyRefused, NotSent."""
        ...

    async def confirm_passkey(self, *, matches: bool) -> None:
        """Say whether the phone shows the same code; if not, the pairing ends. Raises PasskeyNotAsked, NotSent."""
        ...


@runtime_checkable
class LogsOut(Protocol):
    """Can unlink itself from the phone."""

    async def log_out(self) -> None:
        """Tell the service to forget this device, and delete its keys. Raises NotSent when the line is down."""
        ...


class Activity(StrEnum):
    """What somebody seems to be doing in a chat."""

    COMPOSING = "composing"
    RECORDING = "recording"
    PAUSED = "paused"


@runtime_checkable
class ShowsTyping(Protocol):
    """Can show in a chat that we are writing or recording."""

    async def show_typing(self, chat: Jid, activity: Activity) -> None:
        """Show it once; phones forget it after some seconds. Raises NotSent when the line is down, NotOnWhatsApp."""
        ...


@runtime_checkable
class MarksRead(Protocol):
    """Can tell a sender that their messages were read."""

    async def mark_read(self, chat: Jid, sender: Jid, wa_ids: list[str]) -> None:
        """Send read receipts. Raises NotSent when the line is down."""
        ...


@runtime_checkable
class MarksPlayed(Protocol):
    """Can tell a sender that their voice or video note was played."""

    async def mark_played(self, chat: Jid, sender: Jid, wa_ids: list[str]) -> None:
        """Send played receipts. Raises NotSent when the line is down."""
        ...


@dataclass(frozen=True, slots=True)
class Oldest:
    """The oldest message of a chat that is known: ``sent_at`` in ms since 1970."""

    wa_id: str
    from_me: bool
    sent_at: int


@runtime_checkable
class QueriesHistory(Protocol):
    """Can ask the phone for older messages of a chat."""

    async def ask_for_history(self, chat: Jid, oldest: Oldest, count: int) -> str:
        """Ask for up to so many messages before the oldest; returns a word for the request.

        What comes of it is told as `HistoryArrived` and a `HistoryRead` of that request, within a deadline in any case.
        Raises NotSent when the line is down, TooBusy.
        """
        ...


@runtime_checkable
class FetchesFiles(Protocol):
    """Can get the files of messages that arrived."""

    def fetch_file(self, reference: bytes) -> AsyncGenerator[bytes, None]:
        """The bytes behind an `ArrivedFile`'s ``reference``, good only once the iteration has ended by itself.

        A file that is gone from WhatsApp's hosts is asked for on the phone. Raises FileExpired, FileDamaged,
        FileUnreachable, or NotSent when the line is down.
        """
        ...


@runtime_checkable
class ListsGroups(Protocol):
    """Knows the groups that the account is in. What it learns is told as `GroupChanged` as well, before it returns."""

    async def groups(self) -> tuple[Group, ...]:
        """Every group. Raises NotSent when the line is down."""
        ...

    async def group(self, jid: Jid) -> Group:
        """One group. Raises GroupNotFound, NotGroupMember, NotSent."""
        ...


@runtime_checkable
class ManagesGroups(Protocol):
    """Makes groups and changes them. What worked is told as `GroupChanged` before the call returns.

    Everything may raise NotSent, GroupNotFound, NotGroupMember, NotGroupAdmin or GroupRefused.
    """

    async def create_group(self, wanted: NewGroup) -> CreatedGroup:
        """Make a group."""
        ...

    async def change_members(self, group: Jid, action: MembersAction, people: tuple[Jid, ...]) -> list[MemberOutcome]:
        """Add, remove, promote or demote people; what became of each."""
        ...

    async def edit_group(self, group: Jid, edit: GroupEdit) -> None:
        """Change what is given, one request for each. What was changed before one is refused stays changed."""
        ...

    async def leave_group(self, group: Jid) -> None:
        """Go."""
        ...


@runtime_checkable
class InvitesToGroups(Protocol):
    """Handles invite links, given as a link or as its bare code. Raises as `ManagesGroups`."""

    async def invite_code(self, group: Jid, *, reset: bool = False) -> str:
        """The code of a group's link; with ``reset`` a new one, which voids the old."""
        ...

    async def group_behind(self, code: str) -> Group:
        """The group that a link leads to, as strangers see it. Raises InviteInvalid."""
        ...

    async def join_group(self, code: str) -> JoinedGroup:
        """Follow a link. Raises InviteInvalid, AlreadyGroupMember."""
        ...


@runtime_checkable
class ApprovesMembers(Protocol):
    """Decides who may join a group that asks for approval. Raises as `ManagesGroups`."""

    async def join_requests(self, group: Jid) -> tuple[JoinRequest, ...]:
        """Who wants to join."""
        ...

    async def decide_requests(
        self, group: Jid, decision: RequestDecision, people: tuple[Jid, ...]
    ) -> list[MemberOutcome]:
        """Let people in, or not; what became of each."""
        ...


@runtime_checkable
class LooksUpPeople(Protocol):
    """Asks what people show of themselves, and which numbers have an account.

    What it learns is told as `ContactTold` before it returns. Everything may raise NotSent or RefusedByWhatsApp.
    """

    async def check_numbers(self, numbers: tuple[str, ...]) -> tuple[NumberCheck, ...]:
        """Which of these numbers (bare digits) have an account, in one request and in this order."""
        ...

    async def profile(self, jid: Jid) -> Profile:
        """What a person shows of themselves. Raises NotOnWhatsApp."""
        ...

    async def picture(self, jid: Jid, *, preview: bool = False) -> Picture:
        """Where the picture of a person or group lies. Raises PictureNotFound, NotOnWhatsApp."""
        ...


@runtime_checkable
class BlocksPeople(Protocol):
    """Blocks people. What worked is told as news before it returns. May raise NotSent or RefusedByWhatsApp."""

    async def blocked(self) -> tuple[Jid, ...]:
        """Everybody who is blocked."""
        ...

    async def block(self, jid: Jid, *, blocked: bool) -> None:
        """Block somebody, or do so no longer. Raises NotOnWhatsApp."""
        ...


@runtime_checkable
class KeepsProfile(Protocol):
    """Changes what our own account shows. May raise NotSent or RefusedByWhatsApp."""

    async def set_about(self, text: str) -> None:
        """Show another about."""
        ...

    async def set_picture(self, jpeg: bytes | None) -> str | None:
        """Show another square JPEG, or none. Its id, where there is one now."""
        ...


@runtime_checkable
class GivesGroupsPictures(Protocol):
    """Changes the pictures of groups. Raises as `ManagesGroups`, or RefusedByWhatsApp."""

    async def set_group_picture(self, group: Jid, jpeg: bytes | None) -> str | None:
        """Show another square JPEG, or none. Its id, where there is one now.

        Raises UnsupportedByEngine where an engine can change pictures and not take them away.
        """
        ...


@runtime_checkable
class KeepsName(Protocol):
    """Changes the name that others see of our own account. Told as `OwnNameChanged` before the call returns."""

    async def set_name(self, name: str) -> None:
        """Take another name, on all devices of the account. Raises NotSent, AppStateUnavailable."""
        ...


@runtime_checkable
class KeepsPrivacy(Protocol):
    """Reads and changes who may see what of our account. May raise NotSent or RefusedByWhatsApp."""

    async def privacy(self) -> dict[Privacy, Audience]:
        """Every setting that the service tells and we have words for."""
        ...

    async def set_privacy(self, setting: Privacy, audience: Audience) -> None:
        """Change one."""
        ...


@runtime_checkable
class ShowsPresence(Protocol):
    """Shows us online or not, and asks to be told when others are; what is told comes as `PresenceSeen`."""

    async def show_presence(self, *, available: bool) -> None:
        """Show us online from now on, or not any more. Raises NotSent."""
        ...

    async def watch_presence(self, jid: Jid) -> None:
        """Ask to be told about a person for as long as this connection lasts. Raises NotSent, NotOnWhatsApp."""
        ...


@runtime_checkable
class RejectsCalls(Protocol):
    """Can turn down a call that is ringing."""

    async def reject_call(self, call: str) -> None:
        """Turn down the call with this id, as `CallRang` told it. Raises NotSent, CallNotFound."""
        ...


@runtime_checkable
class MarksChats(Protocol):
    """Can archive, pin, mute, mark, clear and delete chats on all devices of the account (timers: `SetsTimers`).

    ``newest`` is the last message of the chat that we know: what is done is done to all up to it. What was done is told
    as `ChatMarked` or `ChatEmptied` before the call returns. Raises NotSent, AppStateUnavailable, NotOnWhatsApp.
    """

    async def mark_chat(self, chat: Jid, marks: ChatMarks, newest: NamedMessage | None) -> None:
        """Mark what is given."""
        ...

    async def clear_chat(self, chat: Jid, newest: NamedMessage | None, *, with_starred: bool) -> None:
        """Delete the messages of a chat, for us."""
        ...

    async def delete_chat(self, chat: Jid, newest: NamedMessage | None) -> None:
        """Delete a chat with its messages, for us."""
        ...


@runtime_checkable
class SetsTimers(Protocol):
    """Can set after how long the messages of a chat with one person disappear. Told and raised as with `MarksChats`."""

    async def set_timer(self, chat: Jid, seconds: int) -> None:
        """Have those that follow disappear after so many seconds; 0 is never. The other side is told in the chat."""
        ...


@runtime_checkable
class StarsMessages(Protocol):
    """Can give messages a star, and delete them for us alone. Told and raised as with `MarksChats`."""

    async def star_message(self, message: NamedMessage, *, starred: bool) -> None:
        """Give a star, or take it away."""
        ...

    async def hide_message(self, message: NamedMessage) -> None:
        """Delete a message on all devices of the account, and on no other."""
        ...


@runtime_checkable
class SavesContacts(Protocol):
    """Can write into the account's address book. Told and raised as with `MarksChats`, as `ContactNamed`."""

    async def save_contact(self, person: Jid, name: ContactName | None) -> None:
        """Save a person under a name; None removes them."""
        ...
