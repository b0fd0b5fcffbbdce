"""The life of one line: find or start its worker, have it serve, and start again; and the port's methods."""

from __future__ import annotations

import asyncio
import contextlib
from random import Random
from typing import Final

import structlog
from typing_extensions import override

from wagate.adapters.engines.neonize.ageing import forget_done
from wagate.adapters.engines.neonize.attachment import AskFailed, Attachment
from wagate.adapters.engines.neonize.company import Company
from wagate.adapters.engines.neonize.composing import composed
from wagate.adapters.engines.neonize.desks import Desks
from wagate.adapters.engines.neonize.endings import (
    CREDENTIALS_CORRUPT,
    ENGINE_FAILED,
    ENGINE_MISSING,
    LOGGED_OUT_BY_USER,
    OWNERSHIP_LOST,
    RENEWED,
    Ending,
    is_same,
    lost,
)
from wagate.adapters.engines.neonize.files import HandlesFiles, Parcels
from wagate.adapters.engines.neonize.groups import SpeaksInGroups
from wagate.adapters.engines.neonize.holding import Holding, Kept, read_kept
from wagate.adapters.engines.neonize.host import Host, WorkerFailed, WorkerUnavailable
from wagate.adapters.engines.neonize.known import KnownAccounts
from wagate.adapters.engines.neonize.link.frames import LinkBroken
from wagate.adapters.engines.neonize.link.messages import Answer, Stop
from wagate.adapters.engines.neonize.manners import ShowsManners
from wagate.adapters.engines.neonize.pauses import Pauses
from wagate.adapters.engines.neonize.people import KnowsPeople
from wagate.adapters.engines.neonize.records import DONE
from wagate.adapters.engines.neonize.serving import LineOver, Means, Serving, Wedged
from wagate.adapters.whatsapp_web.letters import Account
from wagate.domain.errors import SessionAlreadyPaired, UnsupportedByEngine
from wagate.domain.ids import MessageId
from wagate.domain.jid import Jid
from wagate.domain.session import SessionState
from wagate.ports.abilities import LogsOut, PairingCode, PairsDevices
from wagate.ports.engine import Connection, Line, NotSent, Outgoing
from wagate.ports.news import LineNews, StateChanged
from wagate.ports.vault import OwnershipLost, RecordUnreadable, Unit, VaultFailed

_log = structlog.get_logger(__name__)

_CODE_S: Final = 160.0
"""How long a pairing code is good: whatsmeow's client stays as long as its QR codes last."""


class NeonizeConnection(SpeaksInGroups, HandlesFiles, ShowsManners, KnowsPeople, Connection, PairsDevices, LogsOut):
    """One line. Its only task looks after the worker; the worker does the rest."""

    def __init__(self, means: Means, line: Line, host: Host, kept: Kept) -> None:
        """Begin to work on a line; needs a running loop."""
        self._means = means
        self._limits = means.limits
        self._line = line
        self._host = host
        self._desks = Desks(line, host.folder, lambda: self._account, self._commit, self._settled, means.limits)
        self._company = Company(line.options)
        self._holding = self._hold(kept)
        self._files = Parcels(means.ways, line, host.folder, means.limits, self.errand, self._commit)
        self._pauses = Pauses(Random(), means.limits.longest_pause_s)  # noqa: S311 - jitter
        self._serving: Serving | None = None
        self._known = KnownAccounts()
        self._taking: set[MessageId] = set()
        self._last_state: StateChanged | None = None
        self._renewed = False
        self._logs_out = False
        self._is_closed = False
        self._task = asyncio.get_running_loop().create_task(self._run())

    # ---- the port

    @override
    async def send(self, outgoing: Outgoing) -> None:
        """Keep a message and what its fate can be learned by, then have it sent."""
        if not (outgoing.to.is_person or outgoing.to.is_group):
            raise UnsupportedByEngine(f"messages go to people and groups, not to {outgoing.to}")
        serving = self._ready()
        message = outgoing.message
        await self._line.vault.load([(DONE, message)])
        if message in self._taking or message in self._holding.outstanding:
            return
        if self._line.vault.get(DONE, message) is not None:
            return
        self._taking.add(message)
        try:
            await self._known.check(serving.attachment, outgoing.to)
            file = await self._parcels.enclosed(outgoing.content)
            body = await composed(outgoing, file, self._holding, self)
            await self._holding.outstanding.room()
            await self._take(self._ready(), outgoing, body)
        finally:
            self._taking.discard(message)

    @override
    async def close(self) -> None:
        """Hang up. Messages without an outcome are asked after by the next connection."""
        self._is_closed = True
        await self._desks.end()
        await self._files.end()
        serving = self._serving
        if serving is not None:
            serving.hand_over(Stop())
        self._task.cancel()
        await asyncio.wait([self._task])
        if serving is not None:
            await self._ended()
        else:
            await self._host.abandon()

    @override
    async def request_pairing_code(self, phone: Jid) -> PairingCode:
        """Ask WhatsApp for a code to type into the phone with this number."""
        serving = self._pairing()
        if serving is None or not serving.is_scanning:
            raise NotSent("the session is not connected to WhatsApp")
        return PairingCode(await self._ask(serving, "pair", phone), _CODE_S)

    @override
    async def renew_qr(self) -> None:
        """Begin a new series of QR codes. whatsmeow does not, so its process is replaced."""
        serving = self._pairing()
        if serving is not None:
            self._renewed = True
            serving.hand_over(Stop())

    @override
    async def log_out(self) -> None:
        """Unlink this device, delete its keys, and end the line."""
        serving = self._ready()
        self._logs_out = True
        try:
            await serving.attachment.ask("log_out")
            serving.hand_over(Stop())
        except AskFailed as error:
            self._logs_out = False
            raise NotSent(str(error)) from error
        except LinkBroken:
            pass  # the server's goodbye may be faster than the answer, and means the same
        await asyncio.wait([self._task], timeout=self._limits.ask_s)
        if not self._task.done():
            self._logs_out = False
            raise NotSent("the session's process ended before it could log out")

    # ---- what the abilities stand on

    @override
    async def errand(
        self, what: str, subject: str = "", people: tuple[str, ...] = (), text: str = "", within_s: float | None = None
    ) -> Answer:
        """See `RunsErrands`."""
        serving = self._ready()
        try:
            return await serving.attachment.ask(what, subject, ids=people, text=text, within_s=within_s)
        except LinkBroken as error:
            raise NotSent(str(error)) from error

    @override
    async def _commit(self, unit: Unit) -> None:
        """See `RunsErrands`."""
        await self._ready().committed(unit)

    async def _settled(self) -> None:
        """Wait until what was committed is durable. Raises NotSent, VaultFailed."""
        await self._ready().settled()

    @property
    @override
    def _account(self) -> Account:
        """See `RunsErrands`."""
        return self._holding.credentials.account

    @property
    @override
    def _parcels(self) -> Parcels:
        """See `HandlesFiles`."""
        return self._files

    # ---- sending

    def _ready(self) -> Serving:
        """Raises NotSent."""
        if self._serving is None or not self._serving.is_live or self._is_closed:
            raise NotSent("the session is not connected to WhatsApp")
        return self._serving

    async def _take(self, serving: Serving, outgoing: Outgoing, body: bytes) -> None:
        """Make it durable that we answer for a message, and hand it over. Raises VaultFailed."""
        unit = Unit()
        holding = self._holding
        sending = holding.outstanding.take(outgoing, body, unit)
        try:
            await serving.committed(unit)
        except VaultFailed:
            holding.outstanding.drop(sending)
            raise
        serving.hand_over(sending.post(holding.credentials))

    @override
    async def ask(
        self, what: str, subject: str = "", sender: str = "", ids: tuple[str, ...] = (), text: str = ""
    ) -> str:
        """See `ShowsManners`."""
        return await self._ask(self._ready(), what, subject, sender, ids, text)

    @override
    async def _meet(self, chat: Jid) -> None:
        """See `RunsErrands`."""
        await self._known.check(self._ready().attachment, chat)

    async def _ask(
        self, serving: Serving, what: str, subject: str, sender: str = "", ids: tuple[str, ...] = (), text: str = ""
    ) -> str:
        """Raises NotSent."""
        try:
            return (await serving.attachment.ask(what, subject, sender, ids, text)).value
        except (AskFailed, LinkBroken) as error:
            raise NotSent(str(error)) from error

    def _pairing(self) -> Serving | None:
        """Raises SessionAlreadyPaired."""
        if self._holding.credentials.device:
            raise SessionAlreadyPaired()
        return self._serving

    # ---- the life of the line

    async def _run(self) -> None:
        """Have workers serve until an ending is final."""
        is_paired = bool(self._holding.credentials.device)
        self._report(StateChanged(SessionState.CONNECTING if is_paired else SessionState.STARTING))
        try:
            await asyncio.to_thread(self._files.clear)
            await forget_done(self._line, self._limits)
            ending = await self._serve_once()
            while not ending.is_final:
                await self._recover(ending)
                ending = await self._serve_once()
            await self._finish(ending)
        except OwnershipLost as error:
            self._tell(OWNERSHIP_LOST.detailed(error.detail))
        except RecordUnreadable as error:
            self._tell(CREDENTIALS_CORRUPT.detailed(error.detail))
        except Exception as error:  # a mistake of ours must be told, not vanish with its task
            _log.exception("the line failed", session=self._line.session)
            self._tell(ENGINE_FAILED.detailed(repr(error)))

    async def _serve_once(self) -> Ending:
        """One worker's service, from the start to its end. Raises OwnershipLost, RecordUnreadable."""
        try:
            attachment = await self._attached()
        except WorkerUnavailable as error:
            return ENGINE_MISSING.detailed(str(error))
        except (WorkerFailed, LinkBroken, OSError) as error:
            return lost("engine_died", f"the session's process does not start: {error}")
        self._serving = serving = Serving(
            self._means, self._line, self._holding, self._pauses, attachment, self._report
        )
        try:
            return await self._served(serving)
        finally:
            self._serving = None
            attachment.close()

    def _hold(self, kept: Kept) -> Holding:
        holding = Holding(kept, self._limits, self._line.vault, self._company)
        holding.on_history = self._desks.wake
        return holding

    async def _served(self, serving: Serving) -> Ending:
        """What a worker's service comes to, its worker cared for. Raises OwnershipLost, RecordUnreadable."""
        try:
            await serving.run()
        except LineOver as over:
            # A worker that serves another gateway now is none of our business any more.
            if over.ending.reason.code != OWNERSHIP_LOST.reason.code:
                await self._dismiss(serving)
            return LOGGED_OUT_BY_USER if self._logs_out and over.ending.forgets_keys else over.ending
        except Wedged as wedged:
            await self._kill()
            return lost("engine_died", str(wedged))
        except LinkBroken as broken:
            return await self._broken(serving, broken)
        except (OwnershipLost, RecordUnreadable):
            await self._dismiss(serving)
            raise
        except VaultFailed as error:
            serving.attachment.close()  # the worker keeps what was not committed, and is adopted again
            await self._reopen(error)
            return lost(error.code, error.detail)
        raise AssertionError("a service ends with an exception")

    async def _attached(self) -> Attachment:
        """Find the worker that lives in the folder, or start one. Raises WorkerFailed, LinkBroken, OSError."""
        position = self._holding.position
        if self._host.is_occupied():
            try:
                return await Attachment.to(self._host, position.spool, position.number, self._limits)
            except LinkBroken as error:
                _log.warning("worker_not_adopted", session=self._line.session, error=str(error))
                await self._kill()
        await self._line.login_gate()
        await self._host.start()
        return await Attachment.to(self._host, position.spool, position.number, self._limits)

    async def _broken(self, serving: Serving, broken: LinkBroken) -> Ending:
        """The link ended: the worker is gone, or hangs, or has ended because we told it to."""
        if self._logs_out:
            await self._ended()
            return LOGGED_OUT_BY_USER
        await self._kill()
        if self._renewed:
            self._renewed = False
            return RENEWED
        why = self._host.why()
        _log.warning("worker_lost", session=self._line.session, error=str(broken), why=why)
        return lost("engine_died", why)

    async def _recover(self, ending: Ending) -> None:
        """Tell of an ending that is not final, and wait."""
        self._tell(ending)
        self._pauses.failed()
        await asyncio.sleep(self._pauses.next())

    async def _reopen(self, failure: VaultFailed) -> None:
        """Begin anew with what is durable, as soon as the vault works again. Raises OwnershipLost, RecordUnreadable."""
        self._tell(lost(failure.code, failure.detail))
        while True:
            self._pauses.failed()
            await asyncio.sleep(self._pauses.next())
            try:
                await self._line.vault.reopen()
                self._holding = self._hold(await read_kept(self._line.vault))
                return
            except (OwnershipLost, RecordUnreadable):
                raise
            except VaultFailed as error:
                _log.warning("the vault does not work yet", session=self._line.session, error=str(error))

    async def _finish(self, ending: Ending) -> None:
        """Tell of a final ending; the keys of a device that is gone are deleted first."""
        if ending.forgets_keys:
            try:
                await self._line.vault.submit(self._holding.forget())
                await self._desks.forget()
                await asyncio.to_thread(self._host.forget)
            except (VaultFailed, OSError) as error:
                # The next start finds out that the device is gone, and tries again to forget it.
                _log.warning("the keys could not be deleted", session=self._line.session, error=str(error))
        self._tell(ending)

    async def _dismiss(self, serving: Serving) -> None:
        """Have the worker hang up and end."""
        serving.hand_over(Stop())
        await self._ended()

    async def _ended(self) -> None:
        """Wait until a worker that was told to stop has ended; kill it when it does not."""
        try:
            await self._host.gone()
        except TimeoutError:
            await self._kill()

    async def _kill(self) -> None:
        with contextlib.suppress(TimeoutError):
            await self._host.kill()

    # ---- reports

    def _tell(self, ending: Ending) -> None:
        self._report(StateChanged(ending.state, ending.reason))

    def _report(self, news: LineNews) -> None:
        """Tell the owner of the line, but not twice that nothing changed."""
        if self._is_closed:
            return
        if isinstance(news, StateChanged):
            if self._last_state is not None and is_same(news, self._last_state):
                return
            self._last_state = news
            self._desks.wake()
        self._line.report(news)
