"""Contact cards (WhatsApp's own definitions; Baileys `Utils/messages.ts`: one card, or a list of them)."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from whatsapp_wire.proto.message_pb2 import ContactMessage, ContactsArrayMessage, Message

_MAX_CARDS: Final = 256


class Card(NamedTuple):
    """A contact card: the name it is shown under, and the vCard."""

    name: str
    vcard: str


def cards_message(cards: Sequence[Card]) -> Message:
    """The message that hands over one or more cards."""
    contacts = [ContactMessage(display_name=card.name, vcard=card.vcard) for card in cards]
    if len(contacts) == 1:
        return Message(contact_message=contacts[0])
    shown = f"{len(contacts)} contacts"
    return Message(contacts_array_message=ContactsArrayMessage(display_name=shown, contacts=contacts))


def read_cards(inner: Message) -> tuple[Card, ...]:
    """The cards that an unwrapped message hands over."""
    if inner.HasField("contact_message"):
        return (_card(inner.contact_message),)
    return tuple(_card(contact) for contact in inner.contacts_array_message.contacts[:_MAX_CARDS])


def _card(contact: ContactMessage) -> Card:
    return Card(contact.display_name, contact.vcard)
