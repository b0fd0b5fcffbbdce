"""Messages that a device answers for: which are open, and the two ways in which one gets its id."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import Protocol

from typing_extensions import override

from wagate.adapters.engines.fake.archive import Archive
from wagate.adapters.engines.fake.frames import Ack, Numbered, PostedFile, encode_stanza
from wagate.adapters.engines.fake.service import FakeService
from wagate.domain.ids import MessageId
from wagate.ports.engine import Outgoing
from wagate.ports.news import SendAccepted, SendRefused, SendStarted, SendUncertain
from wagate.ports.vault import Unit, Vault

SENT = "sent"
SETTLED = "settled"
_LIFE_MS = 8 * 86_400_000
"""How long a message that was settled is remembered, so that asking for it again sends nothing."""


@dataclass(frozen=True, slots=True)
class Letter:
    """A message that the service has neither taken nor refused, as far as this device knows.

    ``is_posted`` says that it may have gone out; that is not kept, so what is read back may always have.
    """

    place: int
    message: MessageId
    wa_id: str | None
    stanza: bytes
    is_doubted: bool = False
    is_posted: bool = True

    def pack(self) -> bytes:
        """The record."""
        kept = [self.place, self.message, self.wa_id, self.stanza.decode(), self.is_doubted]
        return json.dumps(kept).encode()

    @classmethod
    def unpack(cls, record: bytes) -> Letter:
        """The inverse of ``pack``."""
        place, message, wa_id, stanza, is_doubted = json.loads(record)
        return cls(place, MessageId(message), wa_id, stanza.encode(), is_doubted)


class Naming(Protocol):
    """Who names a message, and what follows for one that is open when its line has broken."""

    def id_of(self, outgoing: Outgoing) -> str | None:
        """The id that a message goes out under, where it is known before."""
        ...

    def doubt(self, letter: Letter) -> SendUncertain | None:
        """The line broke before anybody said what became of a letter that may have gone out."""
        ...

    def resume(self, service: FakeService, token: str, letter: Letter) -> None:
        """There is a line again: see to a letter that is still open."""
        ...

    def settled(self, letter: Letter, ack: Ack, now: int) -> SendAccepted | SendRefused:
        """What the service says of a letter, heard at ``now`` (s since 1970)."""
        ...


class ChosenIds(Naming):
    """We choose: what is open goes out again as it was, and whoever has it already knows it by its id."""

    @override
    def id_of(self, outgoing: Outgoing) -> str | None:
        return outgoing.chosen_id

    @override
    def doubt(self, letter: Letter) -> SendUncertain | None:
        return None

    @override
    def resume(self, service: FakeService, token: str, letter: Letter) -> None:
        service.post(token, letter.stanza)

    @override
    def settled(self, letter: Letter, ack: Ack, now: int) -> SendAccepted | SendRefused:
        assert letter.wa_id is not None, "its id was chosen"
        if ack.error is None:
            return SendAccepted(letter.wa_id, now)
        return SendRefused(letter.wa_id, ack.error, _REFUSED)


class GivenIds(Naming):
    """The service chooses: to post an open letter again could double it, so it is asked what became of it."""

    @override
    def id_of(self, outgoing: Outgoing) -> str | None:
        return None

    @override
    def doubt(self, letter: Letter) -> SendUncertain | None:
        return SendUncertain(letter.message, "line_lost", "The line broke before the service answered", letter.wa_id)

    @override
    def resume(self, service: FakeService, token: str, letter: Letter) -> None:
        if letter.is_posted:
            service.inquire(token, letter.message)
        else:
            service.post(token, letter.stanza)

    @override
    def settled(self, letter: Letter, ack: Ack, now: int) -> SendAccepted | SendRefused:
        if ack.error is None:
            assert ack.wa_id is not None, "what was taken has an id"
            return SendAccepted(ack.wa_id, now, letter.message)
        return SendRefused(ack.wa_id, ack.error, _REFUSED, letter.message)


_REFUSED = "The pretend service refused the message"


class Letters:
    """The open letters of one device, oldest first, as the vault has them."""

    def __init__(self, vault: Vault, naming: Naming, archive: Archive) -> None:
        """Empty until ``load``."""
        self._vault = vault
        self._naming = naming
        self._archive = archive
        self._open: dict[MessageId, Letter] = {}
        self._place = 0

    async def load(self, now_ms: int) -> None:
        """Read what is open. Raises RecordUnreadable."""
        for kind in (SETTLED, *self._archive.kinds):
            await self._vault.expire(kind, now_ms - _LIFE_MS)
        letters = sorted(
            (Letter.unpack(record) for _, record in await self._vault.list(SENT)), key=lambda one: one.place
        )
        self._open = {letter.message: letter for letter in letters}
        self._place = max((letter.place for letter in letters), default=0)

    async def knows(self, message: MessageId) -> bool:
        """Whether this device answers for a message, or did."""
        if message in self._open:
            return True
        await self._vault.load([(SETTLED, message)])
        return self._vault.get(SETTLED, message) is not None

    def write(self, outgoing: Outgoing, file: PostedFile | None = None) -> tuple[Letter, Unit]:
        """A new letter with its file, and the unit that makes this device answer for it."""
        self._place += 1
        wa_id = self._naming.id_of(outgoing)
        stanza = encode_stanza(outgoing, wa_id, file)
        letter = Letter(self._place, outgoing.message, wa_id, stanza, is_posted=False)
        unit = Unit(news=[SendStarted(outgoing.message, wa_id)])
        unit.put(SENT, outgoing.message, letter.pack())
        return letter, unit

    def add(self, letter: Letter) -> None:
        """A letter is durable."""
        self._open.setdefault(letter.message, letter)

    def post(self, service: FakeService, token: str, message: MessageId) -> None:
        """Send a letter for the first time."""
        letter = self._open.get(message)
        if letter is not None and not letter.is_posted:
            self._open[message] = replace(letter, is_posted=True)
            service.post(token, letter.stanza)

    def resume(self, service: FakeService, token: str) -> None:
        """There is a line again."""
        for letter in list(self._open.values()):
            self._naming.resume(service, token, letter)
            self._open[letter.message] = replace(letter, is_posted=True)

    def doubts(self) -> Unit | None:
        """What to say of letters that went out and of which nobody said what became of them; None: nothing."""
        unit = Unit()
        for letter in list(self._open.values()):
            if letter.is_posted and not letter.is_doubted:
                self._doubt(letter, unit)
        return unit if unit.news else None

    def settle(self, ack: Ack, now: int) -> Unit | None:
        """The service says what became of a letter; None when that is known already."""
        letter = self._open.pop(MessageId(ack.ref), None)
        if letter is None:
            return None
        unit = Unit(news=[self._naming.settled(letter, ack, now)])
        unit.delete(SENT, letter.message)
        if ack.error is None:
            unit.put(SETTLED, letter.message, b"1")
        if ack.error is None and ack.wa_id is not None:
            self._archive.keep(unit, ack.wa_id, letter.stanza)
        return unit

    def number(self, told: Numbered) -> Unit | None:
        """The service says under which id it knows a letter."""
        letter = self._open.get(MessageId(told.ref))
        if letter is None or letter.wa_id == told.wa_id:
            return None
        unit = Unit()
        self._doubt(replace(letter, wa_id=told.wa_id), unit)
        return unit

    async def again(self, wa_id: str) -> bytes | None:
        """A letter that somebody could not read, if it is still there."""
        for letter in self._open.values():
            if letter.wa_id == wa_id:
                return letter.stanza
        return await self._archive.find(self._vault, wa_id)

    def _doubt(self, letter: Letter, unit: Unit) -> None:
        news = self._naming.doubt(letter)
        if news is not None:
            doubted = self._open[letter.message] = replace(letter, is_doubted=True)
            unit.put(SENT, letter.message, doubted.pack())
            unit.news.append(news)
