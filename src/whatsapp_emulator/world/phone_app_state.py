"""What a person does to chats, messages and contacts on a virtual phone, for all devices of the account."""

from __future__ import annotations

from collections.abc import Sequence

from whatsapp_emulator.world import app_state, app_state_keys
from whatsapp_emulator.world.accounts import Account
from whatsapp_emulator.world.composing import find_message
from whatsapp_emulator.world.state import State
from whatsapp_wire.app_state import actions
from whatsapp_wire.app_state.actions import Action, MessageRef
from whatsapp_wire.app_state.collection import Collection
from whatsapp_wire.jid import Jid


class PhoneAppState:
    """The app state in one person's hand. Chats are named by any address. Raises LookupError for unknown messages."""

    def __init__(self, state: State, account: Account) -> None:
        self._state = state
        self._account = account

    @property
    def in_force(self) -> Sequence[Action]:
        """Everything that the account's devices agree on."""
        return self._account.handset.app_state.actions()

    def archive(self, chat: Jid, *, on: bool) -> None:
        """Put a chat into the archive, or take it out."""
        self.do(actions.Archive(self._chat(chat), on), *((actions.Pin(self._chat(chat), on=False),) if on else ()))

    def pin(self, chat: Jid, *, on: bool) -> None:
        """Keep a chat on top, or not."""
        self.do(actions.Pin(self._chat(chat), on))

    def mute(self, chat: Jid, until: int | None) -> None:
        """Let a chat be silent until a moment (ms since 1970, or -1 for ever), or not (None)."""
        self.do(actions.Mute(self._chat(chat), until))

    def mark_read(self, chat: Jid, *, read: bool) -> None:
        """Show a chat as read or unread."""
        self.do(actions.MarkRead(self._chat(chat), read))

    def clear(self, chat: Jid, *, with_starred: bool) -> None:
        """Delete the messages of a chat."""
        self.do(actions.Clear(self._chat(chat), with_starred, range=self._until_now()))

    def delete(self, chat: Jid) -> None:
        """Delete a chat."""
        self.do(actions.DeleteChat(self._chat(chat), range=self._until_now()))

    def star(self, id: str, *, on: bool) -> None:
        """Give a message a star, or take it away."""
        self.do(actions.Star(self._message(id), on))

    def hide(self, id: str) -> None:
        """Delete a message for this account alone."""
        self.do(actions.DeleteForMe(self._message(id)))

    def save_contact(self, person: Jid, name: str, first_name: str = "") -> None:
        """Save a person under a name; an empty one removes them."""
        account = self._state.directory.find(person)
        if account is None:
            self.do(actions.SaveContact(person.bare, name, first_name))
        else:
            self.do(actions.SaveContact(account.pn, name, first_name, lid=account.lid))

    def set_push_name(self, name: str) -> None:
        """Change the name that others see."""
        self._account.name = name
        self.do(actions.SetPushName(name))

    def name_number(self, person: Jid) -> None:
        """Say which number and which LID are one person."""
        account = self._state.directory.find(person)
        if account is None:
            raise LookupError(person)
        self.do(actions.NameNumber(account.lid, account.pn))

    def change_key(self, *, share: bool) -> bytes:
        """Write with another key from now on; whoever was not given it has to ask. Returns its id."""
        id = self._account.handset.app_state.make_key()
        if share:
            for device in self._account.devices.values():
                app_state_keys.share(self._state, device)
        return id

    def do(self, *wanted: Action) -> None:
        """Write what was done, a patch for each collection."""
        shelf = self._account.handset.app_state
        by_collection: dict[Collection, list[Action]] = {}
        for action in wanted:
            by_collection.setdefault(actions.COLLECTIONS[type(action)], []).append(action)
        for collection, some in by_collection.items():
            mutations = [actions.mutation_of(action, int(self._state.now * 1000)) for action in some]
            patch = shelf.write(collection.value, mutations).SerializeToString()
            app_state.append(self._state, self._account, collection.value, patch, None)
            app_state.read_as_phone(self._state, self._account, collection.value, "the phone")

    def _chat(self, chat: Jid) -> Jid:
        account = self._state.directory.find(chat)
        return chat if account is None else account.lid

    def _message(self, id: str) -> MessageRef:
        typed = self._account.handset.sent.get(id)
        if typed is not None:
            return MessageRef(self._chat(typed.recipient), id, from_me=True)
        shown = find_message(self._account, id)
        sender = shown.sender.bare if shown.chat.is_group and not shown.own else None
        return MessageRef(shown.chat, id, shown.own, sender)

    def _until_now(self) -> actions.Range:
        return actions.Range(self._state.stamp)
