"""What an engine's connection may be able to do besides sending. A class line lists its abilities."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol, runtime_checkable

from wagate.domain.jid import Jid


@dataclass(frozen=True, slots=True)
class PairingCode:
    """Eight characters that a human types into the phone, valid for ``expires_in_s`` seconds."""

    code: str
    expires_in_s: float


@runtime_checkable
class PairsDevices(Protocol):
    """Links a phone by QR code, or by a code typed into the phone.

    QR codes are reported as QrShown.
    """

    async def request_pairing_code(self, phone: Jid) -> PairingCode:
        """Ask for a code for this number. Raises SessionAlreadyPaired, NotSent (not connected), UnsupportedByEngine."""
        ...

    async def renew_qr(self) -> None:
        """Begin a new series of QR codes. Raises SessionAlreadyPaired."""
        ...


@runtime_checkable
class LogsOut(Protocol):
    """Can unlink itself from the phone."""

    async def log_out(self) -> None:
        """Tell the service to forget this device, and delete its keys. Raises NotSent when the line is down."""
        ...


class Activity(StrEnum):
    """What somebody seems to be doing in a chat."""

    COMPOSING = "composing"
    RECORDING = "recording"
    PAUSED = "paused"


@runtime_checkable
class ShowsTyping(Protocol):
    """Can show in a chat that we are writing or recording."""

    async def show_typing(self, chat: Jid, activity: Activity) -> None:
        """Show it once; phones forget it after some seconds. Raises NotSent when the line is down, NotOnWhatsApp."""
        ...


@runtime_checkable
class MarksRead(Protocol):
    """Can tell a sender that their messages were read."""

    async def mark_read(self, chat: Jid, sender: Jid, wa_ids: list[str]) -> None:
        """Send read receipts. Raises NotSent when the line is down."""
        ...
