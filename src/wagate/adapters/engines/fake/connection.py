"""One device's line to the pretend service."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections import deque
from dataclasses import dataclass

from typing_extensions import override

from wagate.adapters.engines.fake.frames import (
    Ack,
    Delivery,
    Dropped,
    Ended,
    Frame,
    LidTold,
    Linked,
    Receipt,
    encode_stanza,
)
from wagate.adapters.engines.fake.service import FakeService
from wagate.domain.content import Text
from wagate.domain.errors import SessionAlreadyPaired, UnsupportedByEngine
from wagate.domain.jid import Jid
from wagate.domain.session import Reason, SessionState
from wagate.ports.abilities import LogsOut, MarksRead, PairingCode, PairsDevices
from wagate.ports.clock import Clock
from wagate.ports.engine import Connection, Line, NotOnWhatsApp, NotSent, Outgoing
from wagate.ports.news import (
    DurableNews,
    IdentityLinked,
    LineNews,
    MessageArrived,
    Paired,
    QrShown,
    ReceiptArrived,
    SeenAlive,
    SendAccepted,
    SendRefused,
    SendStarted,
    StateChanged,
)
from wagate.ports.vault import OwnershipLost, RecordUnreadable, Unit, Vault, VaultFailed

CREDENTIAL = ("credential", "device")
SENT = "sent"


@dataclass(frozen=True, slots=True)
class Patience:
    """How long this engine waits: a QR code's life and how many there are, and the pause between two dials, in s."""

    qr_s: float = 20.0
    qr_count: int = 6
    redial_s: float = 1.0


class LineEnded(Exception):
    """The line is in a final state."""


class LineDropped(Exception):
    """The line broke; dial again."""


async def read_token(vault: Vault) -> str | None:
    """What this device logs in with, or None when no phone is linked. Raises RecordUnreadable."""
    await vault.load([CREDENTIAL])
    record = vault.get(*CREDENTIAL)
    if record is None:
        return None
    try:
        return str(json.loads(record)["token"])
    except (ValueError, KeyError, TypeError) as error:
        raise RecordUnreadable("The credential of this session cannot be read") from error


class FakeConnection(Connection, PairsDevices, LogsOut, MarksRead):
    """Works on its line in one task, from the constructor until a final state or ``close``."""

    def __init__(self, service: FakeService, clock: Clock, patience: Patience, line: Line, token: str | None) -> None:
        """Begin at once. ``token`` is the credential, or None to pair first."""
        self._service = service
        self._clock = clock
        self._patience = patience
        self._line = line
        self._token = token
        self._heard: deque[Frame] = deque()
        self._ears = asyncio.Event()
        self._connected = False
        self._closed = False
        self._unacked: dict[str, bytes] | None = None
        self._started = 0
        self._renewed = asyncio.Event()
        self._task = asyncio.get_running_loop().create_task(self._work())

    # ---- the port

    @override
    async def send(self, outgoing: Outgoing) -> None:
        """Store the exact stanza, then post it."""
        if not self._connected or self._token is None or self._unacked is None:
            raise NotSent("The line is down")
        if outgoing.to in self._service.absent:
            raise NotOnWhatsApp(f"{outgoing.to} has no WhatsApp account")
        if not isinstance(outgoing.content, Text):
            raise UnsupportedByEngine("This engine sends texts only")
        if outgoing.chosen_id in self._unacked:
            return
        stanza = encode_stanza(outgoing, outgoing.content)
        self._started += 1
        unit = Unit(news=[SendStarted(outgoing.message, outgoing.chosen_id)])
        unit.put(SENT, outgoing.chosen_id, self._started.to_bytes(8, "big") + stanza)
        try:
            await self._line.vault.submit(unit)
        except VaultFailed:
            # What follows in this vault fails too, until the line has been built up again from what is committed.
            self._unacked = None
            self.push(Dropped())
            raise
        if self._unacked is not None:
            self._unacked.setdefault(outgoing.chosen_id, stanza)
        if self._connected:
            self._service.post(self._token, stanza)

    @override
    async def close(self) -> None:
        """Hang up."""
        self._closed = True
        self._leave()
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._task

    @override
    async def request_pairing_code(self, phone: Jid) -> PairingCode:
        """A code that ``FakePhone.enter_code`` takes."""
        if self._token is not None:
            raise SessionAlreadyPaired()
        if self._task.done():
            raise NotSent("The line is down")
        return PairingCode(self._service.offer(self), self._patience.qr_s * self._patience.qr_count)

    @override
    async def renew_qr(self) -> None:
        """Begin the series again."""
        if self._token is not None:
            raise SessionAlreadyPaired()
        self._renewed.set()
        self._ears.set()

    @override
    async def log_out(self) -> None:
        """Unlink this device and delete its credential."""
        if not self._connected or self._token is None:
            raise NotSent("The line is down")
        self._service.remove(self._token)
        self._leave()
        unit = Unit()
        unit.delete(*CREDENTIAL)
        await self._line.vault.submit(unit)
        self.push(Ended(SessionState.LOGGED_OUT, Reason("logged_out_by_user")))

    @override
    async def mark_read(self, chat: Jid, sender: Jid, wa_ids: list[str]) -> None:
        """The pretend phones do not look at read receipts of others."""
        if not self._connected:
            raise NotSent("The line is down")

    def push(self, frame: Frame) -> None:
        """Hear something from the service."""
        self._heard.append(frame)
        self._ears.set()

    # ---- the work

    async def _work(self) -> None:
        try:
            if self._token is None:
                await self._pair()
            while True:
                await self._stay_connected()
                await self._clock.sleep(self._patience.redial_s)
        except LineEnded:
            return
        except OwnershipLost as error:
            self._report(StateChanged(SessionState.STOPPED, Reason(error.code, error.detail)))
        except RecordUnreadable as error:
            self._report(StateChanged(SessionState.FAILED, Reason("credentials_corrupt", error.detail)))
        except Exception as error:  # a mistake in this engine must be told, not swallowed by its task
            self._report(StateChanged(SessionState.FAILED, Reason("engine_failed", repr(error))))
        finally:
            self._leave()

    async def _pair(self) -> None:
        self._report(StateChanged(SessionState.AWAITING_SCAN))
        remaining = self._patience.qr_count
        while remaining:
            remaining -= 1
            if await self._show_qr(remaining):
                return
            if self._renewed.is_set():
                self._renewed.clear()
                remaining = self._patience.qr_count
        self._end(SessionState.STOPPED, Reason("qr_expired"))

    async def _show_qr(self, remaining: int) -> bool:
        """Show one code for its life; whether a phone was linked."""
        code = self._service.offer(self)
        self._report(QrShown(code, self._patience.qr_s, remaining))
        try:
            async with asyncio.TaskGroup() as group:
                expiry = group.create_task(self._clock.sleep(self._patience.qr_s))
                expiry.add_done_callback(lambda _: self._ears.set())
                while not self._heard and not self._renewed.is_set() and not expiry.done():
                    self._ears.clear()
                    await self._ears.wait()
                expiry.cancel()
        finally:
            self._service.withdraw(code)
        return bool(self._heard) and await self._become(self._heard.popleft())

    async def _become(self, frame: Frame) -> bool:
        if not isinstance(frame, Linked):
            return False
        self._report(StateChanged(SessionState.PAIRING))
        unit = Unit(news=[Paired(frame.me)])
        unit.put(*CREDENTIAL, json.dumps({"token": frame.token}).encode())
        await self._line.vault.submit(unit)
        self._token = frame.token
        return True

    async def _stay_connected(self) -> None:
        """Dial, and work on the line until it breaks."""
        try:
            await self._dial()
            await self._listen()
        except OwnershipLost:
            raise
        except (LineDropped, ConnectionError) as error:
            self._report(StateChanged(SessionState.DISCONNECTED, Reason("connection_lost", str(error))))
        except VaultFailed as error:
            self._unacked = None
            self._report(StateChanged(SessionState.DISCONNECTED, Reason(error.code, error.detail)))
        finally:
            self._leave()

    async def _dial(self) -> None:
        assert self._token is not None
        self._report(StateChanged(SessionState.CONNECTING))
        await self._line.login_gate()
        self._heard.clear()
        if self._unacked is None:
            await self._line.vault.reopen()
            self._unacked = await self._load_unacked()
        turned_away = self._service.login(self._token, self)
        if turned_away is not None:
            self._end(turned_away.state, turned_away.reason)
        for stanza in self._unacked.values():
            self._service.post(self._token, stanza)
        self._connected = True
        self._report(StateChanged(SessionState.CONNECTED))
        self._report(SeenAlive())

    async def _load_unacked(self) -> dict[str, bytes]:
        """The stanzas that were never acknowledged, oldest first: they go out again byte for byte."""
        records = sorted((record, wa_id) for wa_id, record in await self._line.vault.list(SENT))
        if records:
            self._started = int.from_bytes(records[-1][0][:8], "big")
        return {wa_id: record[8:] for record, wa_id in records}

    async def _listen(self) -> None:
        while True:
            while not self._heard:
                self._ears.clear()
                await self._ears.wait()
            frames, self._heard = self._heard, deque()
            last = None
            for frame in frames:
                last = self._take(frame) or last
            if last is not None:
                await last

    def _take(self, frame: Frame) -> asyncio.Future[None] | None:
        if isinstance(frame, Dropped):
            raise LineDropped("the service hung up")
        if isinstance(frame, Ended):
            self._end(frame.state, frame.reason)
        unit = Unit(news=[_news(frame, self._clock.now_ms() // 1000)])
        if isinstance(frame, Ack):
            unit.delete(SENT, frame.wa_id)
        done = self._line.vault.submit(unit)
        done.add_done_callback(lambda committed: self._settle(committed, frame))
        return done

    def _settle(self, committed: asyncio.Future[None], frame: Frame) -> None:
        """Only what is durable is acknowledged or forgotten."""
        if committed.cancelled() or committed.exception() is not None or not self._connected:
            return
        if isinstance(frame, Delivery | Receipt) and self._token is not None:
            self._service.acknowledge(self._token, frame.number)
        elif isinstance(frame, Ack) and self._unacked is not None:
            self._unacked.pop(frame.wa_id, None)

    def _end(self, state: SessionState, reason: Reason) -> None:
        self._connected = False
        self._report(StateChanged(state, reason))
        raise LineEnded

    def _leave(self) -> None:
        self._connected = False
        if self._token is not None:
            self._service.hang_up(self._token, self)

    def _report(self, news: LineNews) -> None:
        if not self._closed:
            self._line.report(news)


def _news(frame: Frame, now: int) -> DurableNews:
    """What a frame of the service, heard at ``now`` (s since 1970), means for the rest of the house."""
    if isinstance(frame, Ack):
        if frame.error is None:
            return SendAccepted(frame.wa_id, now)
        return SendRefused(frame.wa_id, frame.error, "The pretend service refused the message")
    if isinstance(frame, Receipt):
        return ReceiptArrived(frame.kind, frame.wa_ids, frame.by, frame.by, now)
    if isinstance(frame, LidTold):
        return IdentityLinked(frame.phone, frame.lid)
    assert isinstance(frame, Delivery)
    return MessageArrived(
        wa_id=frame.wa_id,
        chat=frame.chat,
        sender=frame.sender,
        from_me=frame.from_me,
        timestamp=now,
        content=frame.content,
        sender_alt=frame.sender_alt,
        chat_alt=None if frame.from_me else frame.sender_alt,
        push_name=frame.push_name,
        quoted=frame.quoted,
    )
