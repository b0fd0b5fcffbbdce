"""Groups: who is in them, what they are called, how they are set, and by which links one gets in."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random

from whatsapp_emulator.world.accounts import Account, Device, Picture
from whatsapp_wire import participants
from whatsapp_wire.jid import GROUP_SERVER, Jid
from whatsapp_wire.stanza.groups import Description, Role, Settings

MAX_SUBJECT = 100
"""Characters; a longer one is answered 406 (the apps allow so many)."""

_CODE_BYTES = 16
_FIRST_GROUP = 120363000000000000


@dataclass(slots=True)
class SenderKeys:
    """What the server sees of one device's sender keys in one group: which chain it writes with, and who got that."""

    chain: bytes = b""
    holders: set[Jid] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Audience:
    """The devices that a message went to when it came first, and those of them that lacked its key."""

    devices: frozenset[Jid]
    keyless: frozenset[Jid]


@dataclass(eq=False, slots=True)
class Group:
    """One group. Its members are addressed by LID, or by phone number as in old groups (`by_lid`)."""

    jid: Jid
    subject: str
    owner: Account
    created_at: int
    subject_at: int
    code: str
    by_lid: bool = True
    settings: Settings = field(default_factory=Settings)
    members: dict[Account, Role] = field(default_factory=dict)
    description: Description | None = None
    picture: Picture | None = None
    version: int = 1
    """Counts the changes of its members; notifications name it as `v_id`."""

    requests: dict[Account, int] = field(default_factory=dict)
    """Who asked to be let in by a link, and when."""

    keys: dict[Jid, SenderKeys] = field(default_factory=dict)
    audiences: dict[tuple[Jid, str], Audience] = field(default_factory=dict)
    """Whom each message went to, by its writer and id: the same stanza again goes to the same devices."""

    def address(self, account: Account) -> Jid:
        """How the group calls somebody."""
        return account.lid if self.by_lid else account.pn

    def address_of(self, device: Device) -> Jid:
        """How the group calls a companion."""
        return device.lid if self.by_lid else device.pn

    def is_admin(self, account: Account) -> bool:
        """Whether somebody may change members and settings."""
        return self.members.get(account, Role.MEMBER) is not Role.MEMBER

    def may_write(self, account: Account) -> bool:
        """Whether somebody may send messages."""
        return account in self.members and (self.is_admin(account) or not self.settings.announcement)

    def devices(self) -> Iterator[tuple[Account, Jid, Device | None]]:
        """All devices of all members by LID; None stands for the phone itself."""
        for account in self.members:
            yield account, account.lid, None
            for device in account.devices.values():
                yield account, device.lid, device

    def phash(self) -> str:
        """The hash of all devices that a message is meant for, as clients count it: the writing one is among them."""
        spelled = [self.address(account).with_device(jid.device) for account, jid, _ in self.devices()]
        return participants.phash(spelled)


class Groups:
    """All groups."""

    def __init__(self) -> None:
        self._groups: dict[Jid, Group] = {}
        self._revoked: set[str] = set()

    def __iter__(self) -> Iterator[Group]:
        return iter(list(self._groups.values()))

    def add(self, subject: str, owner: Account, at: int, entropy: Random) -> Group:
        """A new group with nobody but its owner in it."""
        jid = Jid.of(str(_FIRST_GROUP + len(self._groups) + 1), GROUP_SERVER)
        group = self._groups[jid] = Group(jid, subject, owner, at, at, new_code(entropy))
        group.members[owner] = Role.OWNER
        return group

    def find(self, jid: Jid) -> Group | None:
        """The group with that address."""
        return self._groups.get(jid)

    def of(self, account: Account) -> list[Group]:
        """The groups that somebody is in."""
        return [group for group in self if account in group.members]

    def by_code(self, code: str) -> Group | None:
        """The group an invite code leads to."""
        return next((group for group in self if group.code == code), None)

    def is_revoked(self, code: str) -> bool:
        """Whether a code once led somewhere."""
        return code in self._revoked

    def reset_code(self, group: Group, entropy: Random) -> None:
        """Void the invite code and make another one."""
        self._revoked.add(group.code)
        group.code = new_code(entropy)


def new_code(entropy: Random) -> str:
    """An invite code: 22 characters, as links have them."""
    return base64.urlsafe_b64encode(entropy.randbytes(_CODE_BYTES)).decode().rstrip("=")
