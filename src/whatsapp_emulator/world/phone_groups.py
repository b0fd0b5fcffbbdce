"""What a person does with groups on a virtual phone. The rules are the same as for companions (`group_rules`)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from whatsapp_emulator.world import group_rules as rules
from whatsapp_emulator.world.accounts import Account
from whatsapp_emulator.world.groups import Group
from whatsapp_emulator.world.replies import NOT_FOUND
from whatsapp_emulator.world.state import State
from whatsapp_wire.jid import Jid
from whatsapp_wire.stanza.groups import Action, Decision, Description, Settings, bare_code


class PhoneGroups:
    """Groups in one person's hand. Every verb raises IqRefused when that person may not do it."""

    def __init__(self, state: State, account: Account) -> None:
        self._state = state
        self._account = account

    def create(self, subject: str, people: Sequence[Jid], settings: Mapping[str, object] | None = None) -> Group:
        """Make a group; `settings` by the names of `whatsapp_wire.stanza.groups.Settings`. Raises ValueError."""
        wanted = Settings()
        for name, value in (settings or {}).items():
            wanted = rules.with_setting(wanted, name, value)
        group, _ = rules.create(self._state, self._account, subject, people, wanted)
        return group

    def find(self, jid: Jid) -> Group:
        """A group that exists, whoever is in it."""
        group = self._state.groups.find(jid)
        if group is None:
            raise NOT_FOUND
        return group

    def change(self, jid: Jid, action: Action, people: Sequence[Jid]) -> dict[Jid, int | None]:
        """Add, remove, promote or demote people; the server's error for each of them, None where it worked."""
        fates = rules.change_members(self._state, self.find(jid), self._account, action, people)
        return {fate.jid: fate.error for fate in fates}

    def leave(self, jid: Jid) -> None:
        """Go."""
        rules.leave(self._state, self.find(jid), self._account)

    def rename(self, jid: Jid, subject: str) -> None:
        """Give the group another name."""
        rules.set_subject(self._state, self.find(jid), self._account, subject)

    def describe(self, jid: Jid, text: str) -> None:
        """Give the group another description, or (an empty text) none."""
        group, state = self.find(jid), self._state
        new = Description(state.message_id(), text, state.stamp) if text else None
        previous = None if group.description is None else group.description.id
        rules.set_description(state, group, self._account, new, previous)

    def set(self, jid: Jid, settings: Mapping[str, object]) -> None:
        """Change settings; see `create`."""
        group = self.find(jid)
        wanted = group.settings
        for name, value in settings.items():
            wanted = rules.with_setting(wanted, name, value)
        rules.set_settings(self._state, group, self._account, wanted)

    def set_picture(self, jid: Jid, jpeg: bytes | None) -> None:
        """Give the group another picture, or none."""
        rules.set_picture(self._state, self.find(jid), self._account, jpeg)

    def invite(self, jid: Jid, *, reset: bool = False) -> str:
        """The code of the group's link, or a new one."""
        return rules.invite_code(self._state, self.find(jid), self._account, reset=reset)

    def join(self, code: str) -> tuple[Group, bool]:
        """Follow a link; the group, and whether admins have to approve first."""
        return rules.join(self._state, self._account, bare_code(code))

    def decide(self, jid: Jid, decision: Decision, people: Sequence[Jid]) -> dict[Jid, int | None]:
        """Let in who asked for it, or not; the server's error for each of them, None where it worked."""
        fates = rules.decide(self._state, self.find(jid), self._account, decision, people)
        return {fate.jid: fate.error for fate in fates}
