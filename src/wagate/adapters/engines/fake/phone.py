"""The phones of the pretend service, and the devices that are linked to them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from wagate.adapters.engines.fake.frames import (
    Ended,
    Link,
    PostedFile,
    Queued,
    Stanza,
)
from wagate.adapters.engines.fake.marking import Agreed
from wagate.adapters.engines.fake.plays import Shown
from wagate.domain.acts import Said
from wagate.domain.content import PLAIN_CONTEXT, Context, Quoted, Text
from wagate.domain.ids import wa_id
from wagate.domain.jid import LID_SERVER, Jid
from wagate.domain.session import Me, Reason, SessionState
from wagate.ports.news import MessageArrived, PastMessage, ReceiptKind

if TYPE_CHECKING:
    from wagate.adapters.engines.fake.service import FakeService


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
        self.was_played: list[str] = []
        self.seen_typing: list[tuple[Jid, str]] = []
        self.agreed: list[Agreed] = []
        self.devices: list[Device] = []
        self.past: list[PastMessage] = []
        self.unread_past: dict[Jid, int] = {}
        """How much of what was said in a chat before pairing nobody has read."""

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
