"""The hand that holds a virtual phone: everything a person, or a test, can do with one."""

from collections.abc import Mapping, Sequence
from typing import Final

from whatsapp_emulator.world import composing, devices, histories, media, presence, retries, sealing
from whatsapp_emulator.world.accounts import Account
from whatsapp_emulator.world.composing import NoSuchPerson, find_message
from whatsapp_emulator.world.handset import Handset, SeenReceipt, Shown, Typed
from whatsapp_emulator.world.inbox import send_receipt
from whatsapp_emulator.world.phone_app_state import PhoneAppState
from whatsapp_emulator.world.phone_groups import PhoneGroups
from whatsapp_emulator.world.phone_people import PhonePeople
from whatsapp_emulator.world.read_marks import tell_companions
from whatsapp_emulator.world.retries import Again
from whatsapp_emulator.world.state import State
from whatsapp_wire.jid import Jid
from whatsapp_wire.message import text_message
from whatsapp_wire.node import Node
from whatsapp_wire.proto.message_pb2 import Message
from whatsapp_wire.proto.signal_pb2 import PreKeySignalMessage

_SETTINGS: Final = {
    "swallow": bool,
    "auto_receipt": bool,
    "auto_read": bool,
    "auto_reply": str,
    "keeps_media": bool,
    "answers_history": bool,
    "refuses_groups": bool,
}


class Phone:
    """Device 0 of one account. Messages leave for every device of the other person and for the account's companions."""

    def __init__(self, state: State, account: Account) -> None:
        self.state = state
        self.account = account

    @property
    def inbox(self) -> Sequence[Shown]:
        """What the phone has shown, oldest first; what another device of the account sent is among it."""
        return self._handset.inbox

    @property
    def receipts(self) -> Sequence[SeenReceipt]:
        """The receipts that reached the phone, oldest first."""
        return self._handset.receipts

    @property
    def groups(self) -> PhoneGroups:
        """What the person does with groups."""
        return PhoneGroups(self.state, self.account)

    @property
    def people(self) -> PhonePeople:
        """What the person does about people, themselves included."""
        return PhonePeople(self.state, self.account)

    @property
    def app_state(self) -> PhoneAppState:
        """What the person does to chats, messages and contacts, for all devices of the account."""
        return PhoneAppState(self.state, self.account)

    def type(self, to: Jid, text: str, *, quote: str | None = None, mentions: Sequence[Jid] = ()) -> str:
        """Send a text to a person or a group; returns its id. Raises NoSuchPerson, NoSuchMessage, IqRefused."""
        return composing.type_text(self.state, self.account, to, text, quote, mentions)

    def send(self, to: Jid, message: Message) -> str:
        """Send any message, as one with a file; returns its id. Raises NoSuchPerson."""
        return composing.send_message(self.state, self.account, to, message)

    def file_of(self, id: str) -> media.SentFile:
        """The file of a message that the phone has shown or sent. Raises NoSuchMessage, NoMedia."""
        return media.file_of(self.state, self.account, id)

    def remember(self, chat: histories.PastChat) -> None:
        """Let the phone have had a chat before its next companion is linked."""
        histories.remember(self.account, chat)

    def read(self, ids: Sequence[str] | None = None) -> list[str]:
        """Open the messages with these ids, or all that are unread; returns those for which a receipt went out."""
        unread = [shown for shown in self._received(ids) if not shown.read or ids is not None]
        for shown in unread:
            shown.read = True
        tell_companions(self.state, self.account, unread)
        return self._acknowledge(unread, "read")

    def play(self, ids: Sequence[str] | None = None) -> list[str]:
        """Play the voice messages with these ids, or all messages; returns those for which a receipt went out."""
        return self._acknowledge(self._received(ids), "played")

    def set_typing(self, to: Jid, *, on: bool, media: str | None = None) -> None:
        """Begin or stop typing in somebody's chat, or in a group; `media` is `audio` for who records. Raises
        NoSuchPerson.
        """
        state = Node("composing", {} if media is None else {"media": media}) if on else Node("paused")
        if to.is_group:
            presence.show_typing_in_group(self.state, self.account, to, [state])
            return
        presence.show_typing(self.state, self._person(to), self.account.lid, [state])

    def set_available(self, *, available: bool) -> None:
        """Open or close the app."""
        self._handset.available = available
        presence.refresh(self.state, self.account)

    def log_out(self, device: int | None = None) -> list[int]:
        """Remove one companion, or all: they are told 401 `device_removed`. Returns the numbers of those removed."""
        chosen = [each for id, each in sorted(self.account.devices.items()) if device in (None, id)]
        for companion in chosen:
            devices.unlink(self.state, companion)
        return [companion.id for companion in chosen]

    def set(self, settings: Mapping[str, object]) -> None:
        """Change settings, those of `_SETTINGS` (see `Handset`).

        Raises ValueError, and then none is changed.
        """
        for name, value in settings.items():
            kind = _SETTINGS.get(name)
            if kind is None:
                raise ValueError(f"a phone has no setting {name}")
            if not isinstance(value, kind) and not (name == "auto_reply" and value is None):
                raise ValueError(f"{name} must be {kind.__name__}")
        for name, value in settings.items():
            setattr(self._handset, name, value)

    @property
    def settings(self) -> dict[str, object]:
        """How the phone behaves, as `set` takes it."""
        return {name: getattr(self._handset, name) for name in _SETTINGS}

    def forget_keys(self) -> None:
        """Lose all sessions and prekeys; the next message of each companion fails and is asked for again."""
        self._handset.provoked |= self._handset.keyring.forget()

    def reinstall(self) -> None:
        """Begin anew on the same number: another identity key, no companions, and everybody is told."""
        self.log_out()
        self.account.handset = Handset.new(self.state.entropy)
        self.account.raw_id = self.state.entropy.randrange(1, 1 << 31)
        self.account.signed_list = None
        devices.tell_identity_changed(self.state, self.account)

    def send_corrupt(self, to: Jid, text: str) -> str:
        """Send a text that no companion of the other person can decrypt until it asks again; returns its id."""
        recipient, state = self._person(to), self.state
        id = state.message_id()
        typed = self._handset.sent[id] = Typed(text_message(text), recipient.lid)
        for device in recipient.devices.values():
            enc = sealing.seal(state, self.account, device, typed.message)
            if enc is not None:
                enc.content = _spoilt(enc.attr("type"), enc.bytes())
                state.deliver(device, sealing.message_from(state, self.account, device, id, typed, enc))
        return id

    def ask_again(self, id: str, count: int = 1) -> None:
        """Ask the device that sent a message for it again, although it could be read. Raises NoSuchMessage."""
        shown = find_message(self.account, id)
        in_group = shown.chat.is_shared
        recipient = shown.chat if shown.own and not in_group else None
        again = Again(id, count, recipient=recipient, group=shown.chat if in_group else None)
        retries.request(self.state, self.account, shown.sender, again)

    @property
    def _handset(self) -> Handset:
        return self.account.handset

    def _person(self, jid: Jid) -> Account:
        account = self.state.directory.find(jid)
        if account is None:
            raise NoSuchPerson(jid)
        return account

    def _received(self, ids: Sequence[str] | None) -> list[Shown]:
        return [shown for shown in self.inbox if not shown.own and (ids is None or shown.id in ids)]

    def _acknowledge(self, messages: list[Shown], type: str) -> list[str]:
        """One receipt for all the messages of one sender, as phones send it."""
        by_sender: dict[tuple[Jid, Jid | None], list[str]] = {}
        for shown in messages:
            group = shown.chat if shown.chat.is_shared else None
            by_sender.setdefault((shown.sender.bare, group), []).append(shown.id)
        for (sender, group), ids in by_sender.items():
            send_receipt(self.state, self.account, sender, ids, type, group)
        return [id for ids in by_sender.values() for id in ids]


def _spoilt(kind: str, ciphertext: bytes) -> bytes:
    """The same ciphertext with a MAC that does not hold; that of a `pkmsg` is inside it."""
    if kind != "pkmsg":
        return ciphertext[:-1] + bytes((ciphertext[-1] ^ 1,))
    first = PreKeySignalMessage.FromString(ciphertext[1:])
    first.message = _spoilt("msg", first.message)
    return ciphertext[:1] + first.SerializeToString()
