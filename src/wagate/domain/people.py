"""Groups, the people in them, and what can change about either. Times are in seconds since 1970."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from wagate.domain.jid import Jid

MAX_SUBJECT = 100
MAX_DESCRIPTION = 2_048
"""Characters that WhatsApp's own apps allow in a group's subject and description."""


class GroupRole(StrEnum):
    """What somebody may do in a group. Its owner made it and cannot be removed by other admins."""

    MEMBER = "member"
    ADMIN = "admin"
    OWNER = "owner"


class MembersAction(StrEnum):
    """What can be done to people in a group."""

    ADD = "add"
    REMOVE = "remove"
    PROMOTE = "promote"
    DEMOTE = "demote"


class RequestDecision(StrEnum):
    """What can be done with a request to join."""

    APPROVE = "approve"
    REJECT = "reject"


@dataclass(frozen=True, slots=True)
class Participant:
    """Somebody in a group, under the address that the group uses; ``alt`` is their other kind of address."""

    jid: Jid
    alt: Jid | None = None
    role: GroupRole = GroupRole.MEMBER

    @property
    def phone(self) -> str | None:
        """Their phone number in E.164, where it is known."""
        return self.jid.phone or (None if self.alt is None else self.alt.phone)

    @property
    def lid(self) -> Jid | None:
        """Their LID, where it is known."""
        return next((jid for jid in (self.jid, self.alt) if jid is not None and jid.is_lid), None)


@dataclass(frozen=True, slots=True)
class GroupSettings:
    """How a group behaves.

    ``admins_send``: only admins write. ``admins_edit``: only admins change subject, description and timer.
    ``admins_add``: only admins add people. ``approval``: who comes by link has to be let in.
    ``disappearing_s``: messages vanish after so many seconds; 0 is never.
    """

    admins_send: bool = False
    admins_edit: bool = False
    admins_add: bool = False
    approval: bool = False
    disappearing_s: int = 0


@dataclass(frozen=True, slots=True)
class Group:
    """A group as far as it is known to us. ``participants`` are empty when only its outside was shown (``size``)."""

    jid: Jid
    subject: str
    description: str | None
    owner: Participant | None
    created_at: int
    settings: GroupSettings
    participants: tuple[Participant, ...]
    size: int


@dataclass(frozen=True, slots=True)
class GroupEdit:
    """What is (to be) different about a group; None stays as it is. An empty ``description`` removes it."""

    subject: str | None = None
    description: str | None = None
    admins_send: bool | None = None
    admins_edit: bool | None = None
    admins_add: bool | None = None
    approval: bool | None = None
    disappearing_s: int | None = None

    def settings(self, before: GroupSettings) -> GroupSettings:
        """Those settings with what is different."""
        changes: dict[str, bool | int] = {}
        for name in ("admins_send", "admins_edit", "admins_add", "approval", "disappearing_s"):
            value = getattr(self, name)
            if value is not None:
                changes[name] = value
        return replace(before, **changes)  # type: ignore[arg-type]  # the names and types are the same


@dataclass(frozen=True, slots=True)
class NewGroup:
    """A group to be made. We are in it, as its owner, without being named."""

    subject: str
    people: tuple[Jid, ...]
    settings: GroupSettings = GroupSettings()


@dataclass(frozen=True, slots=True)
class MemberOutcome:
    """What became of one person in a change: ``code`` is None when it worked, else ours, stable.

    ``invite_code`` is there when they can only be invited: by a personal link, good until ``invite_expires_at``.
    """

    jid: Jid
    alt: Jid | None = None
    code: str | None = None
    invite_code: str | None = None
    invite_expires_at: int | None = None


@dataclass(frozen=True, slots=True)
class CreatedGroup:
    """A group that was made, and who of the wanted people could not be added."""

    group: Group
    refused: tuple[MemberOutcome, ...]


@dataclass(frozen=True, slots=True)
class JoinedGroup:
    """What following an invite link led to: ``pending`` says that admins have to approve first."""

    group: Jid
    pending: bool


@dataclass(frozen=True, slots=True)
class JoinRequest:
    """Somebody who wants to join; ``method`` is WhatsApp's word for how they asked."""

    person: Participant
    requested_at: int
    method: str | None = None


# ---- what happens to groups


@dataclass(frozen=True, slots=True)
class GroupSeen:
    """All of a group, as the server tells it at this moment: we came into it, or asked."""

    group: Group


@dataclass(frozen=True, slots=True)
class GroupEdited:
    """Something about the group is different."""

    edit: GroupEdit


@dataclass(frozen=True, slots=True)
class MembersChanged:
    """People came, went, or got another role. ``includes_us`` says that our own account is among them."""

    action: MembersAction
    people: tuple[Participant, ...]
    includes_us: bool = False
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class InviteReset:
    """The invite link is void; there is another one."""


@dataclass(frozen=True, slots=True)
class JoinRequested:
    """People want to join. Only admins hear of it."""

    people: tuple[Participant, ...]
    method: str | None = None


@dataclass(frozen=True, slots=True)
class JoinRequestsGone:
    """Requests to join were refused, or taken back."""

    people: tuple[Participant, ...]


@dataclass(frozen=True, slots=True)
class GroupEnded:
    """The group is no more, or no longer for us."""


@dataclass(frozen=True, slots=True)
class GroupPictureChanged:
    """The group has another picture, or (None) none, or one whose id was not told."""

    picture_id: str | None


GroupChange = (
    GroupSeen
    | GroupEdited
    | GroupPictureChanged
    | MembersChanged
    | InviteReset
    | JoinRequested
    | JoinRequestsGone
    | GroupEnded
)
