"""Messages that the engine answers for and that have no outcome yet: kept, handed over, recovered, settled."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Final

from wagate.adapters.engines.neonize.limits import Limits
from wagate.adapters.engines.neonize.link.messages import Found, SendEnded, Sent
from wagate.adapters.engines.neonize.records import DONE, SENDING, Credentials, Sending
from wagate.adapters.engines.neonize.verdicts import Fate, Verdict, verdict_on
from wagate.domain.ids import MessageId
from wagate.ports.engine import NotSent, Outgoing
from wagate.ports.news import DurableNews, SendAccepted, SendRefused, SendStarted, SendUncertain
from wagate.ports.vault import Unit

Settled = Callable[[Sending, str, Unit], None]

_LOST: Final = Verdict(Fate.UNCERTAIN, "engine_failed")


class Outstanding:
    """All of one session's. Every method that changes something puts it into a unit for the caller to commit."""

    def __init__(self, kept: list[Sending], settled: Settled, limits: Limits) -> None:
        """``kept`` are those of an earlier connection; ``settled`` is told of every outcome, and the id if known."""
        self._limits = limits
        self._settled = settled
        self._freed = asyncio.Event()
        self._sendings = {sending.message: sending for sending in sorted(kept, key=lambda sending: sending.order)}
        self._order = max((sending.order for sending in kept), default=0)
        self._due: dict[MessageId, None] = {}

    def __contains__(self, message: MessageId) -> bool:
        return message in self._sendings

    def __len__(self) -> int:
        return len(self._sendings)

    def __iter__(self) -> Iterator[Sending]:
        return iter(self._sendings.values())

    @property
    def messages(self) -> list[MessageId]:
        """Those without an outcome, in the order in which they were taken."""
        return list(self._sendings)

    async def room(self) -> None:
        """Wait until another message may be taken. Raises NotSent."""
        try:
            async with asyncio.timeout(self._limits.send_s):
                while len(self._sendings) >= self._limits.unsettled:
                    self._freed.clear()
                    await self._freed.wait()
        except TimeoutError:
            raise NotSent("the messages before this one are not acknowledged") from None

    def take(self, outgoing: Outgoing, body: bytes, unit: Unit) -> Sending:
        """Answer for a message, whose plaintext is ``body``, from here on."""
        self._order += 1
        sending = Sending(outgoing.message, self._order, outgoing.to, body)
        unit.put(SENDING, sending.message, sending.pack())
        unit.news.append(SendStarted(sending.message, None))
        self._sendings[sending.message] = sending
        return sending

    def drop(self, sending: Sending) -> None:
        """It could not be made durable: nobody answers for it."""
        self._sendings.pop(sending.message, None)
        self._freed.set()

    def questions(self, credentials: Credentials) -> tuple[Sent, ...]:
        """What to ask a worker that may have been given these."""
        return tuple(sending.sent(credentials) for sending in self._sendings.values())

    def due(self) -> list[Sending]:
        """Those to hand over now, in the order in which they were taken; they are not due any more."""
        found = [sending for message, sending in self._sendings.items() if message in self._due]
        self._due.clear()
        return found

    # ---- what a worker tells

    def found(self, found: Found, unit: Unit) -> None:
        """What a worker knows of a message that it, or one before it, was given."""
        sending = self._sendings.get(MessageId(found.message))
        if sending is None or found.fate == "pending":
            return
        if found.fate == "absent" and not sending.untagged:
            self._due[sending.message] = None  # its frame was never built
        else:
            detail = "the process that was sending it ended before the server's answer came"
            self._settle(sending, found.wa_id, _LOST, detail, unit)

    def untagged(self, message: str, unit: Unit) -> None:
        """whatsmeow could not note the message's secret."""
        sending = self._sendings.get(MessageId(message))
        if sending is not None:
            self._keep(replace(sending, untagged=True), unit)

    def ended(self, ended: SendEnded, unit: Unit) -> None:
        """What came of a send."""
        sending = self._sendings.get(MessageId(ended.message))
        if sending is None:
            return
        if ended.unreached:
            unreachable = Verdict(Fate.REFUSED, "recipient_unreachable")
            self._settle(sending, ended.wa_id, unreachable, "none of the recipient's devices has published keys", unit)
        elif not ended.error:
            told = SendAccepted(ended.wa_id, ended.timestamp or None, sending.message)
            self._done(sending, told, ended.wa_id, unit)
        else:
            self._judge(sending, ended, verdict_on(ended.error), unit)

    def _judge(self, sending: Sending, ended: SendEnded, verdict: Verdict, unit: Unit) -> None:
        if verdict.fate is Fate.NOT_SENT:
            if sending.attempt < self._limits.attempts:
                self._keep(sending.again(), unit)
                self._due[sending.message] = None
                return
            verdict = replace(verdict, fate=Fate.REFUSED)
        self._settle(sending, ended.wa_id, verdict, ended.error, unit)

    def _settle(self, sending: Sending, wa_id: str, verdict: Verdict, detail: str, unit: Unit) -> None:
        known = wa_id or None
        news: DurableNews
        if verdict.fate is Fate.REFUSED:
            news = SendRefused(known, verdict.code, detail, sending.message)
        else:
            news = SendUncertain(sending.message, verdict.code, detail, known)
        self._done(sending, news, wa_id, unit)

    def _keep(self, sending: Sending, unit: Unit) -> None:
        self._sendings[sending.message] = sending
        unit.put(SENDING, sending.message, sending.pack())

    def _done(self, sending: Sending, news: DurableNews, wa_id: str, unit: Unit) -> None:
        del self._sendings[sending.message]
        self._due.pop(sending.message, None)
        unit.delete(SENDING, sending.message)
        if not isinstance(news, SendRefused):
            # What WhatsApp refused may be asked for again, and then is another send.
            unit.put(DONE, sending.message, b"")
        unit.news.append(news)
        self._settled(sending, wa_id, unit)
        self._freed.set()
