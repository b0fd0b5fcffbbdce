"""The pretend service and the phones on it: accounts, devices, queues, receipts. No network, no cryptography."""

from __future__ import annotations

import asyncio
import secrets
from dataclasses import replace
from itertools import count

from wagate.adapters.engines.fake.frames import (
    Ack,
    Agreement,
    AskedAgain,
    Delivery,
    Dropped,
    Ended,
    LidTold,
    Link,
    Linked,
    Numbered,
    PostedFile,
    Queued,
    Receipt,
    Stanza,
    Told,
    decode_stanza,
)
from wagate.adapters.engines.fake.marking import Agreed
from wagate.adapters.engines.fake.people import People, Somebody
from wagate.adapters.engines.fake.phone import Device, FakePhone
from wagate.adapters.engines.fake.plays import Faults, Shown
from wagate.domain.content import Captioned, Text
from wagate.domain.ids import wa_id
from wagate.domain.jid import Jid
from wagate.domain.session import Reason, SessionState
from wagate.ports.news import OwnNameChanged, ReceiptKind
from wagate.ports.people_news import PeopleNews


class FakeService:
    """The whole pretend network; outlives the engines that talk to it, as the real one does."""

    def __init__(self) -> None:
        """An empty network."""
        self.faults = Faults()
        self.codes: dict[str, Link] = {}
        self.absent: set[Jid] = set()
        self.unreachable: set[Jid] = set()
        self.violations: list[str] = []
        self.files: dict[str, bytes] = {}
        self.files_flow = asyncio.Event()
        """While it is not set, files that are fetched wait."""

        self.files_flow.set()
        self.fetching = 0
        """How many files are being fetched."""
        self.logins = 0
        self.people = People(self)
        self._phones: dict[Jid, FakePhone] = {}
        self._devices: dict[str, Device] = {}
        self._stanzas: dict[str, tuple[bytes, FakePhone]] = {}
        self._given: dict[tuple[str, str], str] = {}
        self._numbers = count(1)

    # ---- for tests and demos

    def phone(self, digits: str, name: str = "Somebody") -> FakePhone:
        """The phone with this number; made when it is new."""
        jid = Jid.from_phone(digits.lstrip("+"))
        known = self._phones.get(jid)
        if known is None:
            known = FakePhone(self, jid.user, name)
            self._phones[known.jid] = self._phones[known.lid] = known
        return known

    def drop(self, phone: FakePhone) -> None:
        """Break the lines of a phone's devices."""
        for device in phone.devices:
            link, device.link = device.link, None
            if link is not None:
                link.push(Dropped())

    def end(self, phone: FakePhone, ended: Ended) -> None:
        """End the lines of a phone's devices for good; a login is answered in the same way."""
        for device in phone.devices:
            device.ended = ended
            if device.link is not None:
                device.link.push(ended)
                device.link = None
        if ended.state is SessionState.LOGGED_OUT:
            phone.devices.clear()

    def ban(self, phone: FakePhone) -> None:
        """Suspend an account."""
        self.end(phone, Ended(SessionState.BANNED, Reason("banned", "for 86400 s")))

    def pardon(self, phone: FakePhone) -> None:
        """Let an account's devices log in again."""
        for device in phone.devices:
            device.ended = None

    def tell_lid(self, to: FakePhone, about: FakePhone) -> None:
        """Tell a phone's devices which LID somebody has."""
        for device in to.devices:
            if device.link is not None:
                device.link.push(LidTold(about.jid, about.lid))

    def tell(self, phone: Somebody, news: PeopleNews) -> None:
        """Have a phone's devices hear of something about people."""
        for device in self._phones[phone.jid].devices:
            self._queue(device, Told(next(self._numbers), news))

    def find(self, jid: Jid) -> FakePhone | None:
        """The phone with that address."""
        return self._phones.get(jid)

    def everybody(self) -> list[Somebody]:
        """All phones."""
        return list({phone.jid: phone for phone in self._phones.values()}.values())

    # ---- for connections

    def owner(self, token: str) -> FakePhone | None:
        """The phone that a device is linked to."""
        device = self._devices.get(token)
        return None if device is None else device.phone

    async def fetch(self, key: str) -> bytes | None:
        """A file; None when it is gone. Raises ConnectionError when it breaks off."""
        self.fetching += 1
        try:
            await self.files_flow.wait()
            if self.faults.break_files:
                self.faults.break_files -= 1
                raise ConnectionError("the file broke off")
            return self.files.get(key)
        finally:
            self.fetching -= 1

    def store(self, content: bytes, mime: str, filename: str | None = None) -> PostedFile:
        """Lay a file on the service; it stays until somebody removes it from ``files``."""
        file = PostedFile(secrets.token_hex(8), mime, len(content), filename)
        self.files[file.key] = content
        return file

    def offer(self, link: Link) -> str:
        """Register a device that waits to be linked; the code to scan or to type."""
        code = secrets.token_hex(4).upper()
        self.codes[code] = link
        return code

    def withdraw(self, code: str) -> None:
        """A code is no longer shown."""
        self.codes.pop(code, None)

    def link(self, phone: FakePhone, link: Link) -> None:
        """Link a device to a phone."""
        device = Device(secrets.token_hex(8), phone)
        phone.devices.append(device)
        self._devices[device.token] = device
        link.push(Linked(device.token, phone.me))

    def login(self, token: str, link: Link) -> Ended | None:
        """A device dials in: what waits for it is pushed at once. Not None when it is turned away for good.

        Raises ConnectionError when the network is down.
        """
        if self.faults.refuse_login:
            raise ConnectionError("the pretend network is down")
        self.logins += 1
        device = self._devices.get(token)
        if device is None:
            return Ended(SessionState.LOGGED_OUT, Reason("login_refused"))
        if device.ended is not None:
            return device.ended
        if device.link is not None:
            device.link.push(Ended(SessionState.REPLACED, Reason("replaced")))
        device.link = link
        for frame in device.waiting.values():
            link.push(frame)
        return None

    def phone_of(self, token: str) -> FakePhone | None:
        """The phone that a device is linked to."""
        device = self._devices.get(token)
        return None if device is None else device.phone

    def show_typing(self, token: str, to: Jid, activity: str) -> None:
        """A device shows somebody what it seems to be doing."""
        device = self._devices.get(token)
        if device is not None:
            self._phones[to].seen_typing.append((device.phone.jid, activity))

    def hang_up(self, token: str, link: Link) -> None:
        """A device leaves; what comes for it waits."""
        device = self._devices.get(token)
        if device is not None and device.link is link:
            device.link = None

    def remove(self, token: str) -> None:
        """A device unlinks itself."""
        device = self._devices.pop(token, None)
        if device is not None and device in device.phone.devices:
            device.phone.devices.remove(device)

    def acknowledge(self, token: str, number: int) -> None:
        """A device has a message or a receipt; it is not delivered again."""
        device = self._devices.get(token)
        if device is not None:
            device.waiting.pop(number, None)

    def post(self, token: str, stanza: bytes) -> None:
        """A device sends a message. The same stanza again is acknowledged again and delivered once, if it has an id.

        One without an id is given one, every time that it comes.
        """
        device = self._devices.get(token)
        if device is None or self.faults.lose_posts:
            return
        message = decode_stanza(stanza)
        refusal = self.faults.refuse_with
        known_as = message.wa_id
        if known_as is None and refusal is None:
            known_as = self._given[token, message.ref] = wa_id()
        if device.link is not None and not self.faults.withhold_acks:
            device.link.push(Ack(message.ref, known_as, refusal))
        if known_as is not None and refusal is None:
            self._take(device, message, known_as, stanza)

    def agree(self, token: str | None, news: Agreed, phone: FakePhone | None = None) -> None:
        """A device, or its phone, does something that all devices of the account share."""
        owner = phone or self._devices[token or ""].phone
        owner.agreed.append(news)
        if isinstance(news, OwnNameChanged):
            owner.name = news.name
        for device in owner.devices:
            if device.token != token:
                number = next(self._numbers)
                frame = device.waiting[number] = Agreement(number, news)
                if device.link is not None:
                    device.link.push(frame)

    def tell_read(self, sender: Jid, wa_ids: list[str]) -> None:
        """A device says that messages of somebody were read."""
        self._phones[sender].was_read += wa_ids

    def tell_played(self, sender: Jid, wa_ids: list[str]) -> None:
        """A device says that notes of somebody were played."""
        self._phones[sender].was_played += wa_ids

    def inquire(self, token: str, ref: str) -> None:
        """A device asks what became of a message that was to be given an id: told as far as acks are not withheld."""
        device = self._devices.get(token)
        if device is None or device.link is None:
            return
        known_as = self._given.get((token, ref))
        if known_as is None:
            device.link.push(Ack(ref, None, "never_arrived"))
        elif self.faults.withhold_acks:
            device.link.push(Numbered(ref, known_as))
        else:
            device.link.push(Ack(ref, known_as))

    def answer(self, token: str, wa_id: str, stanza: bytes) -> None:
        """A device sends a message once more to whoever could not read it."""
        known, sender = self._stanzas[wa_id]
        device = self._devices.get(token)
        if device is None or device.phone is not sender or stanza != known:
            self.violations.append(f"{wa_id} is not what was sent before")
            return
        self._recipient(decode_stanza(stanza)).repeated.append(wa_id)

    # ---- inside

    def _take(self, device: Device, message: Stanza, known_as: str, stanza: bytes) -> None:
        known = self._stanzas.get(known_as)
        if known is not None:
            if known[0] != stanza:
                self.violations.append(f"{known_as} was encoded twice")
            return
        self._stanzas[known_as] = (stanza, device.phone)
        self.route(device.phone, message, known_as, except_for=device)

    def _recipient(self, message: Stanza) -> FakePhone:
        return self.phone(message.to.user) if message.to.is_phone else self._phones[message.to]

    def route(self, sender: FakePhone, message: Stanza, wa_id: str, *, except_for: Device | None) -> None:
        """Show a message on the recipient's phone and queue it for the devices of both sides.

        Who has blocked the sender is spared.
        """
        recipient = self._recipient(message)
        if sender.lid in self.people.of(recipient).blocked:
            return
        self._stanzas.setdefault(wa_id, (b"", sender))
        visible = sender.lid if sender.uses_lid else sender.jid
        hidden = sender.jid if sender.uses_lid else sender.lid
        delivery = Delivery(
            number=next(self._numbers),
            wa_id=wa_id,
            chat=visible,
            sender=visible,
            sender_alt=hidden if sender.uses_lid else None,
            from_me=False,
            push_name=sender.name,
            content=message.content,
            quoted=message.quoted,
            context=message.context,
            file=message.file,
        )
        for device in recipient.devices:
            self._queue(device, delivery)
        echo = replace(delivery, number=next(self._numbers), chat=message.to, from_me=True)
        for device in sender.devices:
            if device is not except_for:
                self._queue(device, echo)
        content = message.content
        mentions = content.mentions if isinstance(content, Text | Captioned) else ()
        shown = Shown(wa_id, sender.jid, content.text, mentions, message.quoted, content, message.context, message.file)
        recipient.inbox.append(shown)
        if recipient.auto_deliver:
            self.receipt(ReceiptKind.DELIVERED, wa_id, recipient)
        if recipient.auto_read:
            self.receipt(ReceiptKind.READ, wa_id, recipient)

    def ask_again(self, wa_id: str) -> None:
        """Ask the devices of a message's sender for it."""
        _, sender = self._stanzas[wa_id]
        for device in sender.devices:
            self._queue(device, AskedAgain(next(self._numbers), wa_id))

    def receipt(self, kind: ReceiptKind, wa_id: str, by: FakePhone) -> None:
        """Tell the devices of a message's sender how far it got."""
        _, sender = self._stanzas[wa_id]
        for device in sender.devices:
            self._queue(device, Receipt(next(self._numbers), kind, (wa_id,), by.jid))

    def read_on_phone(self, phone: FakePhone, shown: Shown) -> None:
        """Tell the linked devices of a phone that a message was read on it."""
        for device in phone.devices:
            self._queue(device, Receipt(next(self._numbers), ReceiptKind.READ, (shown.wa_id,), phone.jid, shown.sender))

    def _queue(self, device: Device, frame: Queued) -> None:
        device.waiting[frame.number] = frame
        if device.link is not None:
            device.link.push(frame)
