"""What a person does on a virtual phone about people, themselves included: profile, privacy, blocking, calls."""

from __future__ import annotations

from collections.abc import Sequence

from whatsapp_emulator.world import calls, devices, people, pictures
from whatsapp_emulator.world.accounts import Account
from whatsapp_emulator.world.calls import Call
from whatsapp_emulator.world.composing import NoSuchPerson
from whatsapp_emulator.world.state import State
from whatsapp_wire.jid import Jid
from whatsapp_wire.node import Node


class PhonePeople:
    """People in one person's hand. What the server does not take raises IqRefused."""

    def __init__(self, state: State, account: Account) -> None:
        self._state = state
        self._account = account

    def set_about(self, text: str) -> None:
        """Show another about."""
        people.set_about(self._state, self._account, text)

    def set_name(self, name: str) -> None:
        """Take another name; others see it with the next message."""
        self._account.name = name

    def set_picture(self, jpeg: bytes | None) -> str | None:
        """Show another picture, or none; its id."""
        return pictures.set_own(self._state, self._account, jpeg)

    def set_privacy(self, category: str, value: str) -> None:
        """Let others see something or not, in the server's words."""
        people.set_privacy(self._state, self._account, category, value)

    def set_contacts(self, numbers: Sequence[str]) -> None:
        """Have these people, and no others, in the address book."""
        self._account.contacts = set(numbers)

    def block(self, who: Jid, *, blocked: bool) -> None:
        """Block somebody, or not any more."""
        people.set_blocked(self._state, self._account, who, blocked=blocked)

    def change_number(self, phone: str) -> None:
        """Go on under another number: companions are unlinked, acquaintances hear of it.

        Raises ValueError for a number that is none, or somebody's.
        """
        state, account, old = self._state, self._account, self._account.pn
        state.directory.check_free(phone)
        for device in list(account.devices.values()):
            devices.unlink(state, device)
        acquaintances = people.acquaintances(state, account)
        state.directory.renumber(account, phone)
        lids = {"old_lid": account.lid, "new_lid": account.lid}
        for observer in acquaintances:
            moved = Node("modify", {"old": old, "new": account.pn, **lids})
            state.notify(observer, "contacts", account, [moved])

    def call(self, who: Jid, *, video: bool = False) -> Call:
        """Call somebody. Raises NoSuchPerson."""
        callee = self._state.directory.find(who)
        if callee is None:
            raise NoSuchPerson(who)
        return calls.ring(self._state, self._account, callee, video=video)

    def hang_up(self, id: str) -> Call:
        """Give up a call that rings. Raises NoSuchCall."""
        return calls.hang_up(self._state, id, self._account)

    def answer(self, id: str, *, accept: bool) -> Call:
        """Take a call, or turn it down. Raises NoSuchCall."""
        return calls.answer(self._state, id, self._account, accept=accept)
