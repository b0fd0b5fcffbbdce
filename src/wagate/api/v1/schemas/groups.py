"""Groups on the wire."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

from pydantic import Field, StringConstraints, field_validator

from wagate.api.v1.schemas.lists import ListQuery
from wagate.api.v1.schemas.parts import Asked, Line, Moment, Shown, example
from wagate.api.v1.schemas.sending import Address
from wagate.domain.people import (
    MAX_DESCRIPTION,
    MAX_SUBJECT,
    GroupEdit,
    GroupRole,
    GroupSettings,
    RequestDecision,
)

MAX_PEOPLE = 1_024
MAX_DISAPPEARING_S = 366 * 86_400

Subject = Annotated[Line, StringConstraints(min_length=1, max_length=MAX_SUBJECT)]
Description = Annotated[Line, StringConstraints(max_length=MAX_DESCRIPTION)]
People = Annotated[list[Address], Field(min_length=1, max_length=MAX_PEOPLE)]
InviteText = Annotated[Line, StringConstraints(min_length=1, max_length=200)]

_PEOPLE = "Each a phone number in any sane form, a JID, a LID, or the id of a contact of this session."
_SENDS = "Only admins may write."
_EDITS = "Only admins may change subject, description, picture and timer."
_ADDS = "Only admins may add people."
_APPROVAL = "Who follows the invite link has to be let in by an admin."
_TIMER = "Messages vanish after so many seconds; 0 is never. WhatsApp's apps offer 86400, 604800 and 7776000."


class GroupsQuery(ListQuery):
    """How much of a list of groups."""

    refresh: bool = Field(default=False, description="Ask WhatsApp for all groups first.")


class GroupQuery(Asked):
    """How to look at a group."""

    refresh: bool = Field(default=False, description="Ask WhatsApp first.")


class InviteQuery(Asked):
    """Which group an invite leads to."""

    code: InviteText = Field(description="An invite link, or its code.")


class SettingsToMake(Asked):
    """How a new group behaves."""

    admins_send: bool = Field(default=False, description=_SENDS)
    admins_edit: bool = Field(default=False, description=_EDITS)
    admins_add: bool = Field(default=False, description=_ADDS)
    approval: bool = Field(default=False, description=_APPROVAL)
    disappearing_s: int = Field(default=0, ge=0, le=MAX_DISAPPEARING_S, description=_TIMER)

    def to_settings(self) -> GroupSettings:
        """The same in the house's words."""
        return GroupSettings(**self.model_dump())


class CreateGroup(Asked):
    """A group to make. The session's account is its owner."""

    model_config = example({"subject": "Order 17", "participants": ["+5511888888888"]})

    subject: Subject
    participants: Annotated[list[Address], Field(max_length=MAX_PEOPLE)] = Field(
        default_factory=list, description=_PEOPLE
    )
    settings: SettingsToMake = Field(default_factory=SettingsToMake)


class UpdateSettings(Asked):
    """Settings to change; what is left out stays as it is."""

    admins_send: bool | None = Field(default=None, description=_SENDS)
    admins_edit: bool | None = Field(default=None, description=_EDITS)
    admins_add: bool | None = Field(default=None, description=_ADDS)
    approval: bool | None = Field(default=None, description=_APPROVAL)
    disappearing_s: int | None = Field(default=None, ge=0, le=MAX_DISAPPEARING_S, description=_TIMER)


class UpdateGroup(Asked):
    """What to change about a group; what is left out stays as it is."""

    model_config = example({"subject": "Order 17 (paid)", "settings": {"admins_send": True}})

    subject: Subject | None = None
    description: Description | None = Field(default=None, description="Null or an empty text removes it.")
    settings: UpdateSettings | None = None

    @field_validator("subject", "settings")
    @classmethod
    def _not_null(cls, value: object) -> object:
        # Only what the caller wrote is validated, so this None is a null and not a field that was left out.
        if value is None:
            raise ValueError("cannot be null; leave it out to keep it")
        return value

    def to_edit(self) -> GroupEdit:
        """The same in the house's words."""
        described = self.description or "" if "description" in self.model_fields_set else None
        settings = {} if self.settings is None else self.settings.model_dump(exclude_none=True)
        return GroupEdit(subject=self.subject, description=described, **settings)


class NamedPeople(Asked):
    """People to do something with."""

    model_config = example({"participants": ["+5511888888888", "+5511777777777"]})

    participants: People = Field(description=_PEOPLE)


class JoinGroup(Asked):
    """An invite to follow."""

    model_config = example({"code": "https://chat.whatsapp.com/Jx3nQ1lsbWVzc2FnZXMiZ9"})

    code: InviteText = Field(description="An invite link, or its code.")


class DecideRequests(Asked):
    """What to do with people who want to join."""

    model_config = example({"decision": "approve", "participants": ["+5511888888888"]})

    decision: RequestDecision
    participants: People = Field(description=_PEOPLE)


class GroupPerson(Shown):
    """Somebody, by the identifiers that are known."""

    jid: str = Field(description="The address that the group uses: usually a LID.")
    phone: str | None
    lid: str | None


class GroupParticipant(GroupPerson):
    """Somebody in a group."""

    role: GroupRole
    contact: str | None = Field(description="Id of the contact that they are, if they are one.")
    push_name: str | None = Field(description="The name that they chose themselves.")


class GroupSettingsShown(Shown):
    """How a group behaves."""

    admins_send: bool = Field(description=_SENDS)
    admins_edit: bool = Field(description=_EDITS)
    admins_add: bool = Field(description=_ADDS)
    approval: bool = Field(description=_APPROVAL)
    disappearing_s: int = Field(description=_TIMER)


_ANA = {"jid": "193847562910473@lid", "phone": "+5511888888888", "lid": "193847562910473@lid"}
_SHOP = {"jid": "204837561029384@lid", "phone": "+5511999999999", "lid": "204837561029384@lid"}
_OUTSIDE: dict[str, Any] = {
    "id": "cht_01KAGQ9B4C7D1F5H8K2M6N0P3R",
    "jid": "120363041234567890@g.us",
    "subject": "Order 17",
    "description": None,
    "owner": _SHOP,
    "created_at": "2026-11-20T09:15:27.000Z",
    "size": 2,
    "settings": {
        "admins_send": False,
        "admins_edit": False,
        "admins_add": False,
        "approval": False,
        "disappearing_s": 0,
    },
    "is_member": True,
}
_OUTCOME = {**_ANA, "ok": True, "code": None, "invite": None}


class GroupLite(Shown):
    """A group without the people in it."""

    EXAMPLE: ClassVar[dict[str, Any]] = _OUTSIDE
    model_config = example(EXAMPLE)

    id: str | None = Field(description="The id of the group's chat. Null for a group that only its link is known of.")
    jid: str
    subject: str
    description: str | None
    owner: GroupPerson | None
    created_at: Moment | None
    size: int = Field(description="How many people are in it.")
    settings: GroupSettingsShown
    is_member: bool = Field(description="Whether this session's account is in it.")


class Group(GroupLite):
    """A group with the people in it."""

    EXAMPLE: ClassVar[dict[str, Any]] = {
        **_OUTSIDE,
        "participants": [
            {**_ANA, "role": "member", "contact": "con_01KAGQ7M3D5F8H1K4N6Q9S2V0X", "push_name": "Ana"},
            {**_SHOP, "role": "owner", "contact": None, "push_name": None},
        ],
    }
    model_config = example(EXAMPLE)

    participants: list[GroupParticipant]


class PersonalInvite(Shown):
    """With what somebody can join who could not simply be added."""

    code: str
    expires_at: Moment | None


class Outcome(GroupPerson):
    """What became of one person in a change."""

    ok: bool
    code: str | None = Field(description="Why it did not work: stable. `invite_only` comes with an `invite`.")
    invite: PersonalInvite | None


class Outcomes(Shown):
    """What became of each person in a change. It may have worked for some and not for others."""

    model_config = example({"participants": [_OUTCOME]})

    participants: list[Outcome]


class CreatedGroup(Group):
    """A group that was made."""

    EXAMPLE: ClassVar[dict[str, Any]] = {
        **Group.EXAMPLE,
        "refused": [{**_ANA, "ok": False, "code": "invite_only", "invite": None}],
    }
    model_config = example(EXAMPLE)

    refused: list[Outcome] = Field(description="Who of the wanted people could not be added.")


class GroupPage(Shown):
    """Some groups, and the cursor to the next ones."""

    model_config = example({"data": [GroupLite.EXAMPLE], "next_cursor": None})

    data: list[GroupLite]
    next_cursor: str | None


class Invite(Shown):
    """A group's invite link."""

    model_config = example(
        {"code": "Jx3nQ1lsbWVzc2FnZXMiZ9", "link": "https://chat.whatsapp.com/Jx3nQ1lsbWVzc2FnZXMiZ9"}
    )

    code: str
    link: str


class Joined(Shown):
    """What following an invite led to."""

    model_config = example({"pending": False, "group": Group.EXAMPLE})

    pending: bool = Field(description="Whether an admin has to let us in first; then there is no `group` yet.")
    group: Group | None


class JoinRequestShown(GroupPerson):
    """Somebody who wants to join."""

    method: str | None = Field(description="WhatsApp's word for how they asked.")
    requested_at: Moment | None


class JoinRequests(Shown):
    """Who wants to join."""

    model_config = example({"data": [{**_ANA, "method": "invite_link", "requested_at": "2026-11-20T09:15:27.000Z"}]})

    data: list[JoinRequestShown]
