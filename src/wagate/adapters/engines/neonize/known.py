"""Who is on WhatsApp: looked up before a message is taken on, for whatsmeow finds out too late."""

from __future__ import annotations

from typing import Final

from wagate.adapters.engines.neonize.attachment import AskFailed, Attachment
from wagate.adapters.engines.neonize.link.frames import LinkBroken
from wagate.domain.jid import Jid
from wagate.ports.engine import NotOnWhatsApp, NotSent

_KNOWN: Final = 10_000
"""Addresses that are remembered as those of accounts."""


class KnownAccounts:
    """The phone numbers that were found to have an account."""

    def __init__(self) -> None:
        """None yet."""
        self._known: set[Jid] = set()

    async def check(self, attachment: Attachment, to: Jid) -> None:
        """Ask the worker, unless it is known or no phone number. Raises NotOnWhatsApp, NotSent."""
        if not to.is_phone or to in self._known:
            return
        try:
            answer = await attachment.ask("knows", to)
        except (AskFailed, LinkBroken) as error:
            raise NotSent(str(error)) from error
        if answer.value != "yes":
            raise NotOnWhatsApp(f"{to.phone} has no WhatsApp account")
        if len(self._known) >= _KNOWN:
            self._known.clear()
        self._known.add(to)
