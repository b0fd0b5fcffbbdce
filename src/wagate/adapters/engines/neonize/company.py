"""What a line knows of the people around it, in memory: who is watched, who calls, who was seen doing what.

The service forgets with each connection whom we watch and that we are online, and a worker learns neither: the gateway
says it again. What has to be said to the service because of something that it told waits here, too.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, replace
from time import time
from typing import Final

import structlog

from wagate.adapters.engines.neonize.attachment import AskFailed, Attachment
from wagate.adapters.engines.neonize.link.frames import LinkBroken
from wagate.adapters.engines.neonize.link.messages import OfPeople
from wagate.adapters.engines.neonize.link.people import BlocklistNews, CallNews, PictureNews, PresenceTold
from wagate.adapters.engines.neonize.people_words import (
    block_news_of,
    call_ended,
    call_rang,
    people_in,
    picture_news_of,
    presence_of,
)
from wagate.adapters.whatsapp_web.letters import Account
from wagate.domain.jid import Jid
from wagate.ports.engine import LineOptions
from wagate.ports.news import GroupChanged
from wagate.ports.people_news import BlocklistTold, CallEnded, CallRang, PeopleNews, PresenceSeen
from wagate.ports.vault import Unit

_log = structlog.get_logger(__name__)

_ENDS: Final = {"accept": "accepted", "terminate": "ended"}
_ELSEWHERE: Final = {"accepted_elsewhere": "accepted", "rejected_elsewhere": "rejected"}
"""Why a call ends that another device of our account has taken care of."""

NAMELESS: Final = "PushName"
"""In whatsmeow's words when it will not show us online: it does not know the account's name yet (``ErrNoPushName``)."""

_RINGS_S: Final = 60
"""A call that began so long ago rings no more."""

_SAME_S: Final = 3.0
"""A person who does the same thing again within so many seconds is not told of again: phones repeat it all the time."""

_CALLS: Final = 256
_SEEN: Final = 1_024
_WATCHED: Final = 1_024
_DUE: Final = 2_048


@dataclass(frozen=True, slots=True)
class Ringing:
    """A call, and who calls."""

    creator: Jid
    is_over: bool = False


@dataclass(frozen=True, slots=True)
class _Errand:
    what: str
    subject: str = ""
    text: str = ""


class Company:
    """One for each line; it outlives workers and connections."""

    def __init__(self, options: LineOptions) -> None:
        """Nobody is watched, and nobody calls."""
        self._options = options
        self._shows_online = options.always_online
        self._watched: dict[Jid, None] = {}
        self._calls: dict[str, Ringing] = {}
        self._seen: dict[tuple[Jid, Jid | None], tuple[PresenceSeen, float]] = {}
        self._due: deque[_Errand] = deque(maxlen=_DUE)

    # ---- what is asked of the line

    def shown(self, *, online: bool) -> None:
        """We are shown online from now on, or not any more."""
        self._shows_online = online

    @property
    def is_online(self) -> bool:
        """Whether we are to be shown online."""
        return self._shows_online

    def watched(self, person: Jid) -> None:
        """Somebody is watched, until a thousand others are."""
        self._watched.pop(person, None)
        self._watched[person] = None
        while len(self._watched) > _WATCHED:
            self._watched.pop(next(iter(self._watched)))

    def ringing(self, call: str) -> Jid | None:
        """Who calls, if this call rings."""
        known = self._calls.get(call)
        return None if known is None or known.is_over else known.creator

    def over(self, call: str, *, is_over: bool = True) -> None:
        """A call does not ring any more, or still does."""
        known = self._calls.get(call)
        if known is not None:
            self._calls[call] = replace(known, is_over=is_over)

    # ---- what is told

    def heard(self, told: OfPeople) -> Iterator[PeopleNews | GroupChanged]:
        """What was told of people. What has to be said because of it is due once this is committed."""
        match told:
            case PictureNews():
                yield picture_news_of(told)
            case BlocklistNews(changes):
                if not changes:
                    self._due.append(_Errand("blocked"))
                yield from block_news_of(told, int(time()))
            case CallNews():
                yield from self._call(told)

    def _call(self, told: CallNews) -> Iterator[CallRang | CallEnded]:
        known = self._calls.get(told.call)
        if told.step == "offer":
            if known is not None:
                return
            is_late = told.is_offline or time() - told.timestamp > _RINGS_S
            rejects = self._options.rejects_calls and not is_late
            self._remember(told.call, Ringing(Jid(told.creator), is_over=rejects))
            yield call_rang(told, is_rejected=rejects)
            if rejects:
                self._due.append(_Errand("reject", told.creator, told.call))
                yield call_ended(told, "rejected")
            return
        self._remember(told.call, Ringing(Jid(told.creator), is_over=True))
        if known is None or not known.is_over:
            yield call_ended(told, _ELSEWHERE.get(told.reason, _ENDS[told.step]))

    def seen(self, told: PresenceTold, us: Account) -> PresenceSeen | None:
        """What is new about somebody's presence, if they are not ourselves."""
        if us.has(told.person):
            return None
        seen = presence_of(told)
        key, now = (seen.person, seen.chat), time()
        before = self._seen.get(key)
        if before is not None and before[0] == seen and now - before[1] < _SAME_S:
            return None
        if len(self._seen) >= _SEEN:
            self._seen.clear()
        self._seen[key] = (seen, now)
        return seen

    # ---- what has to be said

    @property
    def is_due(self) -> bool:
        """Whether there is something to say to the service."""
        return bool(self._due)

    def came_up(self) -> None:
        """There is a new connection, of which the service knows nothing of all this."""
        self._seen.clear()
        if self._shows_online:
            self._due.append(_Errand("presence", text="available"))
        self._due.extend(_Errand("watch", person) for person in self._watched)

    async def say(self, attachment: Attachment, commit: Callable[[Unit], Awaitable[None]]) -> None:
        """Say what is due. What fails is left alone: the next connection says it again. Raises VaultFailed.

        What waits for the account's name stays due.
        """
        while self._due:
            errand = self._due.popleft()
            try:
                answer = await attachment.ask(errand.what, errand.subject, text=errand.text)
            except (AskFailed, LinkBroken) as error:
                if NAMELESS in str(error):
                    self._due.append(errand)
                    return
                _log.info("not_said", what=errand.what, error=str(error))
                continue
            if errand.what == "blocked":
                await commit(Unit(news=[BlocklistTold(people_in(answer))]))

    def _remember(self, call: str, ringing: Ringing) -> None:
        self._calls.pop(call, None)
        self._calls[call] = ringing
        while len(self._calls) > _CALLS:
            self._calls.pop(next(iter(self._calls)))
