"""Who is who: phone number and LID of one person are one contact, from whichever of them was seen first.

A LID is a person's lasting name, a phone number may be given to somebody else one day. So a contact that was known by
number only is merged with the one of the LID; a number that now belongs to another LID moves there.
"""

from __future__ import annotations

from dataclasses import replace

from wagate.domain.events import EventType
from wagate.domain.ids import ChatId, ContactId, SessionId, chat_id, contact_id
from wagate.domain.jid import BROADCAST_SERVER, NEWSLETTER_SERVER, Jid
from wagate.domain.message import Chat, Contact
from wagate.domain.session import Me
from wagate.features.journal import Journal
from wagate.features.messaging.repository import acts, chats, contacts, marks, people, receipts
from wagate.features.messaging.repository.people import InSession, Known
from wagate.features.messaging.shape import contact_news_shape, contact_shape
from wagate.ports.clock import Clock
from wagate.store.script import Script

_TOLD = ("phone", "lid", "push_name")
_KINDS = {BROADCAST_SERVER: "status", NEWSLETTER_SERVER: "channel"}


def own_contact_id(session: SessionId) -> ContactId:
    """The id of the contact that a session's own account is: known, and the same, from before it is paired."""
    return ContactId("con_" + session.removeprefix("ses_"))


class Identities:
    """Contacts and chats of all sessions. Every method is part of a write script."""

    def __init__(self, journal: Journal, clock: Clock) -> None:
        """Merges and changes are told in ``journal``."""
        self._journal = journal
        self._clock = clock

    def resolve(
        self, scope: InSession, address: Jid, alt: Jid | None = None, push_name: str | None = None
    ) -> Script[Known]:
        """The one contact behind a person's address(es), made when it is new, merged when it was two.

        ``alt`` is the same person under the other kind of address.
        """
        found = yield from people.find_people(scope, address, alt or address)
        known = found.get(address)
        if alt is None or (known is not None and known == found.get(alt)):
            if known is None:
                known = yield from self._add(scope, (address,))
        else:
            phone, lid = (alt, address) if address.is_lid else (address, alt)
            known = yield from self._unite(scope, found, phone, lid)
        return (yield from self._rename(scope, known, push_name))

    def own(self, scope: InSession) -> Script[Known]:
        """The contact that the session's own account is."""
        own = own_contact_id(scope.session)
        known = yield from people.get_contact(scope, own)
        return known or Known(Contact(own, None, None, None, is_me=True))

    def adopt_own(self, scope: InSession, me: Me) -> Script[None]:
        """The account is paired: its own contact gets its number, its LID and its name, and loses former ones."""
        before = yield from self.own(scope)
        own = Contact(before.contact.id, me.phone, me.lid, me.name, is_me=True)
        addresses = _addresses(own)
        for former in set(_addresses(before.contact)).difference(addresses):
            yield from people.drop_address(scope, former, own.id)
        found = yield from people.find_people(scope, addresses[0], addresses[-1])
        yield from people.put_contact(scope, own, self._clock.now_ms())
        for address in addresses:
            yield from people.put_address(scope, address, own.id)
        known = replace(before, contact=own)
        for stranger in {known.contact.id: known for known in found.values()}.values():
            if stranger.contact.id != own.id:
                known = yield from self._merge(scope, stranger, known, own)

    def direct_chat(self, scope: InSession, known: Known) -> Script[Chat]:
        """The direct chat with a contact, made when it is new."""
        chat = known.chat
        if chat is None:
            now = self._clock.now_ms()
            chat = chat_id(now)
            yield from people.add_direct_chat(scope, chat, known.contact.id, now)
            yield from chats.begin(scope, chat)
        return Chat(chat, "direct", known.contact, None)

    def unite_known(self, scope: InSession, address: Jid, alt: Jid) -> Script[None]:
        """Two addresses are one person: of no interest unless we know that person under at least one of them."""
        found = yield from people.find_people(scope, address, alt)
        if found:
            yield from self.resolve(scope, address, alt)

    def move(self, scope: InSession, phone: Jid, lid: Jid | None, new_phone: Jid, new_lid: Jid | None) -> Script[None]:
        """Somebody whom we know goes on under another number, and perhaps another LID: it stays one contact.

        Their former number may be given to somebody else, so it does not mean them any more; a LID never is.
        """
        found = yield from people.find_people(scope, phone, lid or phone)
        moved = None if lid is None else found.get(lid)
        if not found or (moved is not None and moved.contact.phone == new_phone.phone):
            return  # nobody we know, or told before
        known = found[next(iter(found))] if lid is None else (yield from self.resolve(scope, phone, lid))
        before = known.contact
        contact = replace(before, phone=new_phone.phone, lid=new_lid or before.lid)
        strangers = yield from people.find_people(scope, new_phone, new_lid or new_phone)
        yield from people.drop_address(scope, phone, before.id)
        for address in _addresses(contact):
            yield from people.put_address(scope, address, before.id)
        if contact != before:
            known = yield from self._change(scope, known, contact)
        for stranger in {each.contact.id: each for each in strangers.values()}.values():
            if stranger.contact.id != known.contact.id:
                known = yield from self._merge(scope, stranger, known, contact)

    def known_chat(self, scope: InSession, address: Jid) -> Script[ChatId | None]:
        """The chat with this address, or with the person behind it, if there is one."""
        if address.is_person:
            known = (yield from people.find_people(scope, address, address)).get(address)
            return None if known is None else known.chat
        chat = yield from people.find_chat(scope, address)
        return None if chat is None else chat.id

    def other_chat(self, scope: InSession, jid: Jid) -> Script[Chat]:
        """A group, the status list, a broadcast list or a channel, made when it is new."""
        known = yield from people.find_chat(scope, jid)
        if known is not None:
            return known
        kind = "group" if jid.is_group else _KINDS.get(jid.server, "group")
        now = self._clock.now_ms()
        chat = Chat(chat_id(now), kind, None, jid)
        yield from people.add_chat(scope, chat, now)
        yield from chats.begin(scope, chat.id)
        return chat

    # ---- inside

    def _add(self, scope: InSession, addresses: tuple[Jid, ...]) -> Script[Known]:
        now = self._clock.now_ms()
        phone = next((address.phone for address in addresses if address.is_phone), None)
        lid = next((address for address in addresses if address.is_lid), None)
        contact = Contact(contact_id(now), phone, lid, None)
        yield from people.put_contact(scope, contact, now)
        for address in addresses:
            yield from people.put_address(scope, address, contact.id)
        return Known(contact)

    def _unite(self, scope: InSession, found: dict[str, Known], phone: Jid, lid: Jid) -> Script[Known]:
        """Two addresses that are one person, of which at most one half has been seen together so far."""
        by_phone, by_lid = found.get(phone), found.get(lid)
        if by_phone is None and by_lid is None:
            return (yield from self._add(scope, (phone, lid)))
        if by_phone is not None and by_phone.contact.lid is None:
            whole = replace((by_lid or by_phone).contact, phone=phone.phone, lid=lid)
            if by_lid is not None:
                return (yield from self._merge(scope, by_phone, by_lid, whole))
            yield from people.put_address(scope, lid, whole.id)
            return (yield from self._change(scope, by_phone, whole))
        if by_phone is not None:
            # The number has gone from one person to another, whose LID this is.
            yield from self._change(scope, by_phone, replace(by_phone.contact, phone=None))
        if by_lid is None:
            by_lid = yield from self._add(scope, (lid,))
        yield from people.put_address(scope, phone, by_lid.contact.id)
        return (yield from self._change(scope, by_lid, replace(by_lid.contact, phone=phone.phone)))

    def _rename(self, scope: InSession, known: Known, push_name: str | None) -> Script[Known]:
        contact = known.contact
        if push_name is None or contact.push_name == push_name or contact.is_me:
            return known
        is_news = contact.push_name is not None
        renamed = replace(contact, push_name=push_name)
        if is_news:
            return (yield from self._change(scope, known, renamed))
        yield from people.put_contact(scope, renamed, self._clock.now_ms())
        return replace(known, contact=renamed)

    def _change(self, scope: InSession, known: Known, contact: Contact) -> Script[Known]:
        yield from people.put_contact(scope, contact, self._clock.now_ms())
        name = yield from marks.get_name(scope, contact.id)
        changes = [each for each in _TOLD if getattr(known.contact, each) != getattr(contact, each)]
        data = contact_news_shape(contact, name, changes)
        yield from self._journal.append(scope, scope.session, EventType.CONTACT_UPDATED, data)
        return replace(known, contact=contact)

    def _merge(self, scope: InSession, one: Known, other: Known, whole: Contact) -> Script[Known]:
        """Two contacts are one person. The older id stays (our own contact's always does); ``whole`` says all of it."""
        keeps_one = one.contact.is_me or (not other.contact.is_me and one.contact.id < other.contact.id)
        kept, gone = (one, other) if keeps_one else (other, one)
        name = kept.contact.push_name or gone.contact.push_name
        contact = replace(whole, id=kept.contact.id, push_name=name, is_me=kept.contact.is_me)
        now = self._clock.now_ms()
        yield from people.put_contact(scope, contact, now)
        yield from people.make_alias(scope, gone.contact.id, contact, now)
        for address in (*_addresses(contact), *_addresses(gone.contact)):
            yield from people.put_address(scope, address, contact.id)
        yield from marks.inherit_name(scope, gone.contact.id, contact.id)
        chat: ChatId | None = kept.chat or gone.chat
        if gone.chat is not None:
            if kept.chat is not None:
                until = yield from chats.prepare_fusion(scope, gone.chat, kept.chat, now)
                yield from marks.inherit_marks(scope, gone.chat, kept.chat)
                yield from people.fuse_chats(scope, gone, kept)
                yield from chats.fuse(scope, gone.chat, kept.chat, until)
                yield from acts.move_chat(scope, gone.chat, kept.chat)
            else:
                yield from people.give_chat(scope, gone.chat, gone.contact.id, contact.id)
        yield from acts.move_sender(scope, gone.contact.id, contact.id)
        yield from receipts.move_recipient(scope, gone.contact.id, contact.id)
        yield from contacts.merge_details(scope, gone.contact.id, contact.id, now)
        yield from self._journal.append(
            scope,
            scope.session,
            EventType.CONTACT_MERGED,
            {
                "contact": contact_shape(contact),
                "merged_contact": gone.contact.id,
                "chat": chat,
                "merged_chat": gone.chat if kept.chat is not None else None,
            },
        )
        return Known(contact, chat)


def _addresses(contact: Contact) -> tuple[Jid, ...]:
    phone = () if contact.phone is None else (Jid.from_phone(contact.phone.removeprefix("+")),)
    lid = () if contact.lid is None else (Jid(contact.lid),)
    return phone + lid
