"""What a line holds in memory of what the vault keeps; made anew from the vault when a commit has failed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from wagate.adapters.engines.neonize import pasts
from wagate.adapters.engines.neonize.company import Company
from wagate.adapters.engines.neonize.early import EarlyReceipts
from wagate.adapters.engines.neonize.limits import Limits
from wagate.adapters.engines.neonize.link.manners import ReadByUs
from wagate.adapters.engines.neonize.link.messages import (
    Arrived,
    Entry,
    Gap,
    GroupEntered,
    GroupEvent,
    Linked,
    Nothing,
    Receipt,
    SendEnded,
    Told,
    Unreadable,
    Untagged,
)
from wagate.adapters.engines.neonize.link.past import HistoryCame
from wagate.adapters.engines.neonize.link.people import BlocklistNews, CallNews, PictureNews
from wagate.adapters.engines.neonize.outstanding import Outstanding
from wagate.adapters.engines.neonize.records import (
    CAPTIONED,
    CREDENTIALS,
    EARLY,
    POLLS,
    POSITION,
    SENDING,
    Credentials,
    Position,
    Sending,
    pack_poll,
    unpack_poll,
)
from wagate.adapters.engines.neonize.translation import (
    arrival_of,
    group_news_of,
    letter_in,
    news_of,
    origin_of,
    timer_of,
)
from wagate.adapters.whatsapp_web.files import has_caption
from wagate.adapters.whatsapp_web.letters import Letter, PollKey
from wagate.ports.engine import LineOptions
from wagate.ports.news import Paired
from wagate.ports.vault import RecordKey, Unit, Vault

Heard = Told | SendEnded | Untagged | Gap


@dataclass(frozen=True, slots=True)
class Kept:
    """What a line starts from."""

    credentials: Credentials
    position: Position
    sendings: list[Sending]
    early: bytes | None
    is_new: bool


async def read_kept(vault: Vault) -> Kept:
    """Read what a line starts from; a session without any gets its key. Raises RecordUnreadable, VaultFailed."""
    await vault.load([CREDENTIALS, POSITION, EARLY])
    stored = vault.get(*CREDENTIALS)
    credentials = Credentials.create() if stored is None else Credentials.unpack(stored)
    sendings = [Sending.unpack(value) for _, value in await vault.list(SENDING)]
    return Kept(credentials, Position.unpack(vault.get(*POSITION)), sendings, vault.get(*EARLY), stored is None)


class Holding:
    """Whose device it is, how far the spool is read, and the messages without an outcome."""

    def __init__(self, kept: Kept, limits: Limits, vault: Vault, company: Company | None = None) -> None:
        """As of the last commit."""
        self.company = company or Company(LineOptions())
        self._vault = vault
        self.credentials = kept.credentials
        self.position = kept.position
        self._early = EarlyReceipts(kept.early)
        self.outstanding = Outstanding(kept.sendings, self._settled, limits)
        self.is_new = kept.is_new
        self.on_history: Callable[[], None] = _nobody

    async def take(self, spool: str, entry: Entry) -> Unit | None:
        """The unit for an entry, or None when there is nothing to commit: it says nothing, or it is here already.

        Entries are taken one after the other. Raises VaultFailed.
        """
        if spool == self.position.spool and entry.number <= self.position.number:
            return None
        event = entry.event
        letter = letter_in(event) if isinstance(event, Arrived) else None
        if isinstance(event, Arrived) and letter is not None and (about := _about_poll(event, letter)) is not None:
            await self._vault.load([about])
        self.position = Position(spool, entry.number)
        if isinstance(event, Nothing):
            return None
        unit = Unit()
        unit.put(*POSITION, self.position.pack())
        if isinstance(event, Arrived):
            self._arrived(event, letter, unit)
        else:
            self._heard(event, unit)
        return unit

    def _heard(self, event: Heard, unit: Unit) -> None:
        match event:
            case Receipt():
                self._early.take(event, self.outstanding.messages, unit)
            case Unreadable() | Gap() | ReadByUs():
                unit.news.append(news_of(event))
            case GroupEntered() | GroupEvent():
                unit.news.extend(group_news_of(event, self.credentials.account))
            case HistoryCame():
                pasts.keep(event, self.position.number, unit)
                self.on_history()
            case PictureNews() | BlocklistNews() | CallNews():
                unit.news.extend(self.company.heard(event))
            case Linked():
                self._linked(event, unit)
            case SendEnded():
                self.outstanding.ended(event, unit)
            case Untagged(message):
                self.outstanding.untagged(message, unit)

    async def poll(self, wa_id: str) -> PollKey | None:
        """What reads the votes of a poll, if it is known. Raises VaultFailed."""
        await self._vault.load([(POLLS, wa_id)])
        kept = self._vault.get(POLLS, wa_id)
        return None if kept is None else unpack_poll(kept)

    async def captioned(self, wa_id: str) -> bytes | None:
        """What we sent under an id, if it has a place for a caption and is known still. Raises VaultFailed."""
        await self._vault.load([(CAPTIONED, wa_id)])
        return self._vault.get(CAPTIONED, wa_id)

    def remember_key(self) -> Unit | None:
        """The unit that keeps a new session's key, once: before anything is made with it."""
        if not self.is_new:
            return None
        self.is_new = False
        unit = Unit()
        unit.put(*CREDENTIALS, self.credentials.pack())
        return unit

    def forget(self) -> Unit:
        """The unit that throws the credentials away: the device is gone."""
        self.credentials = Credentials.create()
        self.is_new = True
        unit = Unit()
        unit.delete(*CREDENTIALS)
        unit.delete(*POSITION)
        return unit

    def _arrived(self, event: Arrived, letter: Letter | None, unit: Unit) -> None:
        """A message came; the record of the poll that it is about is loaded."""
        if letter is None:
            unit.news.append(arrival_of(event, None, None))
            return
        timer = timer_of(event, letter)
        if timer:
            unit.news.extend(timer)
            return
        origin = origin_of(event)
        asked = letter.poll_by(origin.sender)
        if asked is not None and self._vault.get(POLLS, event.wa_id) is None:  # an id stays with who came first
            unit.put(POLLS, event.wa_id, pack_poll(asked))
        said = letter.said(origin, self.credentials.account, self._polls_for(letter))
        if said is not None:
            unit.news.append(arrival_of(event, letter, said))

    def _polls_for(self, letter: Letter) -> list[PollKey]:
        """The polls that a vote may be in: the one under its id, or one of ours that has no id yet."""
        if letter.voted_in is None:
            return []
        kept = self._vault.get(POLLS, letter.voted_in)
        if kept is not None:
            return [unpack_poll(kept)]
        found = (sending.poll(self.credentials) for sending in self.outstanding)
        return [poll for poll in found if poll is not None]

    def _settled(self, sending: Sending, wa_id: str, unit: Unit) -> None:
        """A message of ours has its outcome."""
        self._early.settled(sending.message, wa_id, unit)
        poll = sending.poll(self.credentials) if wa_id else None
        if poll is not None:
            unit.put(POLLS, wa_id, pack_poll(poll))
        if wa_id and has_caption(sending.body):
            unit.put(CAPTIONED, wa_id, sending.body)

    def _linked(self, linked: Linked, unit: Unit) -> None:
        if self.credentials.device == linked.device:
            return
        self.credentials = self.credentials.linked(linked)
        unit.put(*CREDENTIALS, self.credentials.pack())
        unit.news.append(Paired(self.credentials.me))


def _nobody() -> None:
    """Nobody reads histories."""


def _about_poll(event: Arrived, letter: Letter) -> RecordKey | None:
    """The record of the poll that a message asks, or is a vote in."""
    if letter.voted_in is not None:
        return POLLS, letter.voted_in
    return (POLLS, event.wa_id) if letter.asks else None
