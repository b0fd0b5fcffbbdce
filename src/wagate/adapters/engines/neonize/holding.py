"""What a line holds in memory of what the vault keeps; made anew from the vault when a commit has failed."""

from __future__ import annotations

from dataclasses import dataclass

from wagate.adapters.engines.neonize.early import EarlyReceipts
from wagate.adapters.engines.neonize.limits import Limits
from wagate.adapters.engines.neonize.link.messages import (
    Arrived,
    Entry,
    Gap,
    Linked,
    Nothing,
    Receipt,
    SendEnded,
    Unreadable,
    Untagged,
)
from wagate.adapters.engines.neonize.outstanding import Outstanding
from wagate.adapters.engines.neonize.records import (
    CREDENTIALS,
    EARLY,
    POSITION,
    SENDING,
    Credentials,
    Position,
    Sending,
)
from wagate.adapters.engines.neonize.translation import news_of
from wagate.ports.news import Paired
from wagate.ports.vault import Unit, Vault


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

    def __init__(self, kept: Kept, limits: Limits) -> None:
        """As of the last commit."""
        self.credentials = kept.credentials
        self.position = kept.position
        self._early = EarlyReceipts(kept.early)
        self.outstanding = Outstanding(kept.sendings, self._early, limits)
        self.is_new = kept.is_new

    def take(self, spool: str, entry: Entry) -> Unit | None:
        """The unit for an entry, or None when there is nothing to commit: it says nothing, or it is here already."""
        if spool == self.position.spool and entry.number <= self.position.number:
            return None
        self.position = Position(spool, entry.number)
        if isinstance(entry.event, Nothing):
            return None
        unit = Unit()
        unit.put(*POSITION, self.position.pack())
        match entry.event:
            case Receipt():
                self._early.take(entry.event, self.outstanding.messages, unit)
            case Arrived() | Unreadable() | Gap():
                news = news_of(entry.event)
                unit.news.extend([] if news is None else [news])
            case Linked():
                self._linked(entry.event, unit)
            case SendEnded():
                self.outstanding.ended(entry.event, unit)
            case Untagged(message):
                self.outstanding.untagged(message, unit)
        return unit

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

    def _linked(self, linked: Linked, unit: Unit) -> None:
        if self.credentials.device == linked.device:
            return
        self.credentials = self.credentials.linked(linked)
        unit.put(*CREDENTIALS, self.credentials.pack())
        unit.news.append(Paired(self.credentials.me))
