"""The pretend service and the phones on it: accounts, devices, queues, receipts. No network, no cryptography."""

from __future__ import annotations

import asyncio
import secrets
from dataclasses import dataclass, field, replace
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
from wagate.adapters.engines.fake.plays import Faults, Shown
from wagate.domain.acts import Said
from wagate.domain.content import PLAIN_CONTEXT, Captioned, Context, Quoted, Text
from wagate.domain.ids import wa_id
from wagate.domain.jid import LID_SERVER, Jid
from wagate.domain.session import Me, Reason, SessionState
from wagate.ports.news import MessageArrived, PastMessage, PeopleNews, ReceiptKind


@dataclass(slots=True)
class Device:
    """A linked device: what waits for it, and its line when it has one."""

    token: str
    phone: FakePhone
    link: Link | None = None
    waiting: dict[int, Queued] = field(default_factory=dict)
    ended: Ended | None = None


class FakePhone:
    """A person with a phone. ``auto_deliver`` and ``auto_read`` are the receipts that it gives by itself."""

    def __init__(self, service: FakeService, digits: str, name: str) -> None:
        """Register an account; use ``FakeService.phone``."""
        self.jid = Jid.from_phone(digits)
        self.lid = Jid.of(f"9{digits}", LID_SERVER)
        self.name = name
        self.auto_deliver = True
        self.auto_read = False
        self.uses_lid = False
        self.inbox: list[Shown] = []
        self.repeated: list[str] = []
        self.was_read: list[str] = []
        self.seen_typing: list[tuple[Jid, str]] = []
        self.agreed: list[Agreed] = []
        self.devices: list[Device] = []
        self.past: list[PastMessage] = []
        self.answers_history = True
        self._service = service

    def scan(self, qr: str) -> None:
        """Link the device that shows this QR code. Raises KeyError when nobody shows it (any more)."""
        self._service.link(self, self._service.codes.pop(qr))

    def enter_code(self, code: str) -> None:
        """Link the device that asked for this code. Raises KeyError when nobody did."""
        self.scan(code)

    def type(self, to: FakePhone, text: str, *, quoted: Quoted | None = None, mentions: tuple[Jid, ...] = ()) -> str:
        """Send a text; its id."""
        return self.say(to, Text(text, mentions), quoted=quoted)

    def say(
        self,
        to: FakePhone,
        said: Said,
        *,
        quoted: Quoted | None = None,
        context: Context = PLAIN_CONTEXT,
        file: PostedFile | None = None,
    ) -> str:
        """Send anything, an act included; its id. A ``file`` lies with the service already (`FakeService.store`)."""
        chosen = wa_id()
        message = Stanza("", chosen, to.jid, said, quoted, context, file)
        self._service.route(self, message, chosen, except_for=None)
        return chosen

    def agree(self, news: Agreed) -> None:
        """Do something that all devices of the account share."""
        self._service.agree(None, news, self)

    def remember(self, other: FakePhone, text: str, at: int, *, from_me: bool = False) -> str:
        """Have talked with somebody before any device is linked (``at`` in s); the message's id."""
        chosen, sender = wa_id(), self if from_me else other
        said = MessageArrived(
            wa_id=chosen,
            chat=other.jid,
            sender=sender.jid,
            from_me=from_me,
            timestamp=at,
            content=Text(text),
            chat_alt=other.lid,
            sender_alt=sender.lid,
        )
        self.past.append(PastMessage(said))
        return chosen

    def read(self, *wa_ids: str) -> None:
        """Read messages (all of them when none are named), and let their senders know."""
        chosen = [shown for shown in self.inbox if not wa_ids or shown.wa_id in wa_ids]
        for shown in chosen:
            self._service.receipt(ReceiptKind.READ, shown.wa_id, self)
            self._service.read_on_phone(self, shown)

    def ask_again(self, wa_id: str) -> None:
        """A message cannot be read: have its sender send it once more. It is in ``repeated`` when that came."""
        self._service.ask_again(wa_id)

    def unlink(self) -> None:
        """Remove every linked device."""
        self._service.end(self, Ended(SessionState.LOGGED_OUT, Reason("device_removed")))

    @property
    def me(self) -> Me:
        """The account as its own devices know it."""
        return Me(self.jid.phone, self.lid, self.name, "android")


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
        for device in owner.devices:
            if device.token != token:
                number = next(self._numbers)
                frame = device.waiting[number] = Agreement(number, news)
                if device.link is not None:
                    device.link.push(frame)

    def tell_read(self, sender: Jid, wa_ids: list[str]) -> None:
        """A device says that messages of somebody were read."""
        self._phones[sender].was_read += wa_ids

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
