"""One device's line to the pretend service."""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncGenerator

from typing_extensions import override

from wagate.adapters.engines.fake import past
from wagate.adapters.engines.fake.credential import forget_token, keep_token
from wagate.adapters.engines.fake.frames import (
    CONTENTS,
    Ack,
    Agreement,
    AskedAgain,
    Delivery,
    Dropped,
    Ended,
    Frame,
    LidTold,
    Linked,
    Numbered,
    Queued,
    Receipt,
    Told,
)
from wagate.adapters.engines.fake.manners import LineDropped, LineEnded, Manners, Patience
from wagate.adapters.engines.fake.marking import Agreed, SharesMarks
from wagate.adapters.engines.fake.news import laid, news_of
from wagate.adapters.engines.fake.people import KnowsPeople, People, Somebody
from wagate.adapters.engines.fake.service import FakeService
from wagate.domain.errors import SessionAlreadyPaired, UnsupportedByEngine
from wagate.domain.jid import Jid
from wagate.domain.session import Reason, SessionState
from wagate.ports.abilities import (
    Activity,
    FetchesFiles,
    LogsOut,
    MarksRead,
    Oldest,
    PairingCode,
    PairsDevices,
    QueriesHistory,
    ShowsTyping,
)
from wagate.ports.clock import Clock
from wagate.ports.engine import Connection, Line, NoRecipientDevice, NotOnWhatsApp, NotSent, Outgoing, SendImpossible
from wagate.ports.files import FileExpired, FileUnreachable
from wagate.ports.news import IdentityLinked, LineNews, Paired, QrShown, SeenAlive, StateChanged
from wagate.ports.people_news import PeopleNews
from wagate.ports.vault import OwnershipLost, RecordUnreadable, Unit, VaultFailed


class FakeConnection(
    Connection,
    PairsDevices,
    LogsOut,
    MarksRead,
    ShowsTyping,
    KnowsPeople,
    SharesMarks,
    QueriesHistory,
    FetchesFiles,
):
    """Works on its line in one task, from the constructor until a final state or ``close``."""

    def __init__(
        self, service: FakeService, clock: Clock, patience: Patience, line: Line, manners: Manners, token: str | None
    ) -> None:
        """Begin at once. ``token`` is the credential, or None to pair first."""
        self._service = service
        self._clock = clock
        self._patience = patience
        self._line = line
        self._letters = manners.letters
        self._hearing = manners.hearing
        self._token = token
        self._heard: deque[Frame] = deque()
        self._ears = asyncio.Event()
        self._connected = False
        self._closed = False
        self._is_loaded = False
        self._renewed = asyncio.Event()
        self._task = asyncio.get_running_loop().create_task(self._work())

    # ---- the port

    @override
    async def send(self, outgoing: Outgoing) -> None:
        """Keep the letter, then post it."""
        if not self._connected or self._token is None or not self._is_loaded:
            raise NotSent("The line is down")
        if outgoing.to in self._service.absent:
            raise NotOnWhatsApp(f"{outgoing.to} has no WhatsApp account")
        if outgoing.to in self._service.unreachable:
            raise NoRecipientDevice()
        if not outgoing.to.is_person:
            raise SendImpossible("This engine writes to people only")
        if outgoing.content.type not in CONTENTS:
            raise UnsupportedByEngine(f"content of kind {outgoing.content.type!r} cannot be sent")
        if await self._letters.knows(outgoing.message):
            return
        letter, unit = self._letters.write(outgoing, await laid(self._service, self._line.media, outgoing))
        try:
            await self._line.vault.submit(unit)
        except VaultFailed:
            # What follows in this vault fails too, until the line has been built up again from what is committed.
            self._is_loaded = False
            self.push(Dropped())
            raise
        self._letters.add(letter)
        if self._connected:
            self._letters.post(self._service, self._token, outgoing.message)

    @override
    async def fetch_file(self, reference: bytes) -> AsyncGenerator[bytes, None]:
        """The key is the reference."""
        if not self._connected:
            raise NotSent("The line is down")
        try:
            content = await self._service.fetch(reference.decode())
        except ConnectionError as error:
            raise FileUnreachable(str(error)) from error
        if content is None:
            raise FileExpired
        yield content

    @override
    async def close(self) -> None:
        """Hang up."""
        self._closed = True
        self._leave()
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._task
        if self._is_loaded:
            with contextlib.suppress(VaultFailed):
                await self._hearing.end(self._line.vault)

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
        forget_token(unit)
        await self._line.vault.submit(unit)
        self.push(Ended(SessionState.LOGGED_OUT, Reason("logged_out_by_user")))

    @override
    async def mark_read(self, chat: Jid, sender: Jid, wa_ids: list[str]) -> None:
        """See ``FakePhone.was_read``."""
        if not self._connected:
            raise NotSent("The line is down")
        self._service.tell_read(sender, wa_ids)

    @override
    async def show_typing(self, chat: Jid, activity: Activity) -> None:
        """Let the other phone know."""
        if not self._connected or self._token is None:
            raise NotSent("The line is down")
        self._service.show_typing(self._token, chat, activity.value)

    @override
    def _us(self) -> tuple[FakeService, People, Somebody, int]:
        us = self._service.owner(self._token) if self._connected and self._token is not None else None
        if us is None:
            raise NotSent("The line is down")
        return self._service, self._service.people, us, self._clock.now_ms() // 1000

    @override
    async def _learn(self, news: PeopleNews) -> None:
        await self._line.vault.submit(Unit(news=[news]))

    @override
    async def _agree(self, news: Agreed) -> None:
        if not self._connected or self._token is None:
            raise NotSent("The line is down")
        self._service.agree(self._token, news)
        await self._line.vault.submit(Unit(news=[news]))

    @override
    async def ask_for_history(self, chat: Jid, oldest: Oldest, count: int) -> str:
        """The phone answers at once."""
        phone = None if self._token is None else self._service.phone_of(self._token)
        if not self._connected or phone is None:
            raise NotSent("The line is down")
        request, news = past.before(phone, chat, oldest, count)
        await self._line.vault.submit(Unit(news=news))
        return request

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
        phone = self._service.phone_of(frame.token)
        unit = Unit(news=[Paired(frame.me), *(past.after_pairing(phone) if phone is not None else [])])
        keep_token(unit, frame.token)
        await self._line.vault.submit(unit)
        self._token = frame.token
        return True

    async def _stay_connected(self) -> None:
        """Dial, and work on the line until it breaks."""
        try:
            await self._work_on_a_line()
        except OwnershipLost:
            raise
        except VaultFailed as error:
            self._is_loaded = False
            self._report(StateChanged(SessionState.DISCONNECTED, Reason(error.code, error.detail)))
        finally:
            self._leave()

    async def _work_on_a_line(self) -> None:
        try:
            await self._dial()
            await self._listen()
        except (LineDropped, ConnectionError) as error:
            self._leave()
            self._report(StateChanged(SessionState.DISCONNECTED, Reason("connection_lost", str(error))))
            await self._doubt()

    async def _dial(self) -> None:
        assert self._token is not None
        self._report(StateChanged(SessionState.CONNECTING))
        await self._line.login_gate()
        self._heard.clear()
        if not self._is_loaded:
            await self._line.vault.reopen()
            await self._letters.load(self._clock.now_ms())
            await self._hearing.begin(self._line.vault, self._clock.now_ms())
            self._is_loaded = True
        await self._doubt()
        turned_away = self._service.login(self._token, self)
        if turned_away is not None:
            self._end(turned_away.state, turned_away.reason)
        self._letters.resume(self._service, self._token)
        self._connected = True
        self._report(StateChanged(SessionState.CONNECTED))
        self._report(SeenAlive())

    async def _doubt(self) -> None:
        """Say of which letters nobody knows what became of them."""
        unit = self._letters.doubts() if self._is_loaded else None
        if unit is not None:
            await self._line.vault.submit(unit)

    async def _listen(self) -> None:
        while True:
            while not self._heard:
                self._ears.clear()
                await self._ears.wait()
            frames, self._heard = self._heard, deque()
            last = None
            for frame in frames:
                if isinstance(frame, AskedAgain):
                    await self._answer(frame)
                else:
                    last = self._take(frame) or last
            if last is not None:
                await last

    async def _answer(self, asked: AskedAgain) -> None:
        """Somebody could not read a letter: send it again, if it is still there."""
        stanza = await self._letters.again(asked.wa_id)
        if self._token is not None and self._connected:
            if stanza is not None:
                self._service.answer(self._token, asked.wa_id, stanza)
            self._service.acknowledge(self._token, asked.number)

    def _take(self, frame: Frame) -> asyncio.Future[None] | None:
        match frame:
            case Dropped():
                raise LineDropped("the service hung up")
            case Ended(state, reason):
                self._end(state, reason)
            case Ack():
                return self._submit(self._letters.settle(frame, self._clock.now_ms() // 1000))
            case Numbered():
                return self._submit(self._letters.number(frame))
            case LidTold(phone, lid):
                return self._submit(Unit(news=[IdentityLinked(phone, lid)]))
            case Delivery() | Receipt() | Told() | Agreement():
                return self._hear(frame)
        return None

    def _submit(self, unit: Unit | None) -> asyncio.Future[None] | None:
        return None if unit is None else self._line.vault.submit(unit)

    def _hear(self, frame: Delivery | Receipt | Told | Agreement) -> asyncio.Future[None]:
        """Commit what was heard, and tell the service that it was, in the order that this engine has."""
        now_ms = self._clock.now_ms()
        unit = Unit(news=[news_of(frame, now_ms // 1000)])
        self._hearing.heard(unit, now_ms, lambda: self._tell(frame))
        committed = self._line.vault.submit(unit)

        def settled(done: asyncio.Future[None]) -> None:
            if not done.cancelled() and done.exception() is None:
                self._hearing.durable(lambda: self._tell(frame))

        committed.add_done_callback(settled)
        return committed

    def _tell(self, frame: Queued) -> None:
        if self._connected and self._token is not None:
            self._service.acknowledge(self._token, frame.number)

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
