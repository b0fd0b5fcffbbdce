"""The life of one line: dial, shake hands, feed the machine, and do what an ending asks for."""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from random import Random
from time import monotonic as _monotonic
from typing import Final, TypeVar, cast

import structlog
from typing_extensions import override

from wagate.adapters.engines.native.app_state import SharesAppState
from wagate.adapters.engines.native.files import HandlesFiles
from wagate.adapters.engines.native.groups import SpeaksInGroups
from wagate.adapters.engines.native.histories import HistoryDesk, SpeaksOfThePast
from wagate.adapters.engines.native.histories import Means as HistoryMeans
from wagate.adapters.engines.native.machine.credentials import Credentials
from wagate.adapters.engines.native.machine.device import Device, Habits
from wagate.adapters.engines.native.machine.errors import (
    CREDENTIALS_CORRUPT,
    ENGINE_FAILED,
    OWNERSHIP_LOST,
    Ending,
    detailed,
    lost,
)
from wagate.adapters.engines.native.machine.flows import Flow
from wagate.adapters.engines.native.machine.machine import Machine
from wagate.adapters.engines.native.machine.outlook import Outlook
from wagate.adapters.engines.native.machine.records import CREDENTIALS
from wagate.adapters.engines.native.machine.send import Written
from wagate.adapters.engines.native.machine.shell import Then
from wagate.adapters.engines.native.passkeys import AnswersPasskeys
from wagate.adapters.engines.native.people import KnowsPeople
from wagate.adapters.engines.native.shell import LineShell
from wagate.adapters.engines.native.transport import DialFailed, Endpoint, Wire, WireClosed, dial
from wagate.adapters.whatsapp_web.http import Pools, http_proxy
from wagate.adapters.whatsapp_web.media import Asks, MediaForged, MediaLine, Patience, Road
from wagate.adapters.whatsapp_web.transfers import SharedUploads
from wagate.domain.jid import Jid
from wagate.domain.session import SessionState
from wagate.ports.abilities import Activity, LogsOut, MarksRead, PairingCode, PairsDevices, ShowsTyping
from wagate.ports.engine import Connection, Line, NotSent, Outgoing
from wagate.ports.files import MediaSource
from wagate.ports.news import LineNews, StateChanged
from wagate.ports.vault import OwnershipLost, RecordUnreadable, Vault, VaultFailed
from whatsapp_wire.decoding import decode
from whatsapp_wire.errors import MalformedFrame, MalformedNode
from whatsapp_wire.media.content import MediaFile
from whatsapp_wire.stanza.media import MediaConnection, MediaMessage

_log = structlog.get_logger(__name__)

_T = TypeVar("_T")

_TURN_S: Final = 0.005
_APP_STATE_S: Final = 60.0
"""How long a caller waits for a change of what the account's devices share: it may have to read theirs first."""


@dataclass(frozen=True, slots=True)
class Kept:
    """What a line starts from: the credentials, if a phone is linked, and the stanzas without an ack."""

    credentials: Credentials | None
    unacked: list[tuple[str, bytes]]


async def read_kept(vault: Vault) -> Kept:
    """Read what a line starts from. Raises RecordUnreadable, VaultFailed."""
    await vault.load([CREDENTIALS])
    stored = vault.get(*CREDENTIALS)
    if stored is None:
        return Kept(None, [])
    return Kept(Credentials.unpack(stored), await vault.list("unacked"))


@dataclass(frozen=True, slots=True)
class Means:
    """What the lines of an engine share."""

    endpoint: Endpoint
    habits: Habits
    pools: Pools
    random: Random
    media_tls: ssl.SSLContext
    patience: Patience
    uploads: asyncio.Semaphore


class NativeConnection(
    Connection,
    PairsDevices,
    AnswersPasskeys,
    LogsOut,
    MarksRead,
    ShowsTyping,
    SpeaksInGroups,
    KnowsPeople,
    SharesAppState,
    SpeaksOfThePast,
    HandlesFiles,
):
    """One line. Its only task reads from the wire; everything else is callbacks."""

    def __init__(self, means: Means, line: Line, kept: Kept) -> None:
        """Begin to work on a line; needs a running loop."""
        self._means = means
        self._line = line
        self._outlook = Outlook(means.random, means.habits.longest_pause_s)
        self._last_state: StateChanged | None = None
        self._was_at_once = False
        self._is_closed = False
        self._histories = HistoryDesk(
            HistoryMeans(self._run_flow, lambda: self.media, lambda: self._machine.credentials.own, line.session)
        )
        self._uploads = SharedUploads()
        self._build(kept)
        self._reading = asyncio.get_running_loop().create_task(self._histories.run())
        self._task = asyncio.get_running_loop().create_task(self._run())

    # ---- the port

    @override
    async def send(self, outgoing: Outgoing) -> None:
        """Upload what it shows; make the message and its exact stanza durable, and send that."""
        file = await self._enclosed(outgoing)
        await self._settled(partial(self._machine.send, outgoing, file=file))

    @override
    async def close(self) -> None:
        """Hang up. Stanzas without an ack go out again from the next connection on."""
        self._is_closed = True
        self._task.cancel()
        self._reading.cancel()
        await asyncio.wait([self._task, self._reading])
        await self._uploads.end()
        self._machine.give_up(NotSent("the session was closed"))
        await self._shell.retire()

    @override
    async def request_pairing_code(self, phone: Jid) -> PairingCode:
        """Ask WhatsApp for a code to type into the phone with this number."""
        code = await self._settled(partial(self._machine.request_pairing_code, phone))
        assert isinstance(code, PairingCode)
        return code

    @override
    async def renew_qr(self) -> None:
        """Begin a new series of QR codes."""
        self._machine.renew_qr()

    @override
    async def log_out(self) -> None:
        """Unlink this device, delete its keys, and end the line."""
        await self._settled(self._machine.log_out)
        await asyncio.wait([self._task])

    @override
    async def mark_read(self, chat: Jid, sender: Jid, wa_ids: list[str]) -> None:
        """Send read receipts."""
        await self._settled(partial(self._machine.mark_read, chat, sender, wa_ids))

    @override
    async def show_typing(self, chat: Jid, activity: Activity) -> None:
        """Show that we are writing or recording, or not any more."""
        await self._settled(partial(self._machine.show_typing, chat, activity))

    # ---- beyond the port, for rooms that will need it

    async def post(self, written: Written) -> None:
        """Take responsibility for a message in WhatsApp's own terms, as `send` does for one in ours."""
        await self._settled(partial(self._machine.post, written))

    @property
    @override
    def media(self) -> MediaLine:
        """Files, to and from WhatsApp's hosts."""
        means, proxy = self._means, self._line.proxy
        road = Road(partial(means.pools.client, proxy), http_proxy(proxy), means.media_tls, means.endpoint.user_agent)
        return MediaLine(road, Asks(self._media_hosts, self._ask_phone_for_media), means.patience)

    async def _download(self, file: MediaFile, limit: int) -> bytes:
        """A whole file that is no message's. Raises as `MediaLine.download`."""
        plain = bytearray()
        async for piece in self.media.download(file):
            plain += piece
            if len(plain) > limit:
                raise MediaForged("the file is larger than it may be")
        return bytes(plain)

    async def _media_hosts(self, stale: MediaConnection | None) -> MediaConnection:
        hosts = await self._settled(partial(self._machine.media_hosts, stale))
        assert isinstance(hosts, MediaConnection)
        return hosts

    async def _ask_phone_for_media(self, message: MediaMessage, media_key: bytes) -> str:
        path = await self._settled(partial(self._machine.ask_phone_for_media, message, media_key))
        assert isinstance(path, str)
        return path

    # ---- the life of the line

    async def _run(self) -> None:
        """Connect until an ending is final."""
        is_paired = self._machine.credentials.own is not None
        self._report(StateChanged(SessionState.CONNECTING if is_paired else SessionState.STARTING))
        try:
            ending = await self._connect_once()
            while not ending.is_final:
                await self._recover(ending)
                ending = await self._connect_once()
            await self._finish(ending)
        except OwnershipLost as error:
            self._tell(detailed(OWNERSHIP_LOST, error.detail))
        except RecordUnreadable as error:
            self._tell(detailed(CREDENTIALS_CORRUPT, error.detail))
        except Exception as error:  # a mistake of ours must be told, not vanish with its task
            _log.exception("the line failed", session=self._line.session)
            self._tell(detailed(ENGINE_FAILED, repr(error)))
        self._machine.give_up(NotSent("the session is not connected to WhatsApp any more"))

    async def _connect_once(self) -> Ending:
        """One connection, from the dial to its end. Raises OwnershipLost, RecordUnreadable."""
        await self._line.login_gate()
        machine, means = self._machine, self._means
        try:
            wire = await dial(
                means.endpoint, means.pools, self._line.proxy, machine.credentials.noise, machine.payload, time.time()
            )
        except DialFailed as failed:
            self._outlook.failed()
            return failed.ending
        self._shell.wire = wire
        detail = ""
        try:
            machine.opened()
            await self._serve(wire)
        except (WireClosed, MalformedFrame) as error:
            detail = str(error)
        finally:
            self._shell.wire = None
            ending = machine.closed(detail)
            await wire.close()
        return self._judged(ending)

    async def _serve(self, wire: Wire) -> None:
        """Feed the machine, in turns that leave the loop to the other lines. Raises WireClosed, MalformedFrame."""
        while True:
            turn_ends = _monotonic() + _TURN_S
            for encoded in await wire.receive():
                try:
                    self._machine.received(decode(encoded))
                except MalformedNode as error:
                    _log.warning("a stanza cannot be decoded", session=self._line.session, error=str(error))
                if self._shell.is_pressed:  # after days offline one frame of the WebSocket may hold thousands
                    await self._shell.calm()
                if _monotonic() > turn_ends:
                    await asyncio.sleep(0)
                    turn_ends = _monotonic() + _TURN_S
            await self._shell.calm()

    def _judged(self, ending: Ending) -> Ending:
        """What a connection's end comes down to, the vault's state included."""
        failure = self._shell.failure
        if failure is None:
            return ending
        if isinstance(failure, OwnershipLost | RecordUnreadable):
            raise failure
        return lost(failure.code, failure.detail)

    async def _recover(self, ending: Ending) -> None:
        """Tell of an ending that is not final, and wait as long as it asks for."""
        self._tell(ending)
        if self._shell.failure is not None:
            await self._rebuild(self._shell.failure)
        elif self._was_at_once or not ending.at_once:
            await asyncio.sleep(self._outlook.delay(time.time()))
        self._was_at_once = ending.at_once

    async def _rebuild(self, failure: VaultFailed) -> None:
        """Make a new machine from what is durable, as soon as the vault works again."""
        self._machine.give_up(failure)
        await self._shell.retire()
        self._outlook.vault_failed(after_success=self._shell.has_committed)
        while True:
            await asyncio.sleep(self._outlook.delay(time.time()))
            try:
                await self._line.vault.reopen()
                self._build(await read_kept(self._line.vault))
                return
            except (OwnershipLost, RecordUnreadable):
                raise
            except VaultFailed as error:
                self._outlook.vault_failed(after_success=False)
                _log.warning("the vault does not work yet", session=self._line.session, error=str(error))

    async def _finish(self, ending: Ending) -> None:
        """Tell of a final ending; the keys of a device that is gone are deleted first."""
        if ending.forgets_keys:
            try:
                await self._settled(self._machine.forget_everything)
            except VaultFailed as error:
                # The next login is refused the same way, and tries again to delete them.
                _log.warning("the keys could not be deleted", session=self._line.session, error=str(error))
        self._tell(ending)

    def _build(self, kept: Kept) -> None:
        self._shell = LineShell(
            self._line.vault, self._report, lambda failure: machine.give_up(failure), self._download
        )
        self._shell.on_history = self._histories.wake
        self._machine = machine = Machine(
            self._shell, self._means.habits, self._outlook, kept.credentials, kept.unacked, self._line.options
        )

    async def _settled(self, begin: Callable[[Then], None]) -> object:
        """Give the machine a command and wait for its result; raises what prevented it."""
        result: asyncio.Future[object] = asyncio.get_running_loop().create_future()

        def then(error: Exception | None, value: object) -> None:
            if result.done():
                return
            if error is None:
                result.set_result(value)
            else:
                result.set_exception(error)

        begin(then)
        return await result

    @override
    async def _run_flow(self, begin: Callable[[Device], Flow[_T]]) -> _T:
        return cast("_T", await self._settled(partial(self._machine.run, begin)))

    @override
    async def _in_app_state(self, begin: Callable[[Device], Flow[None]]) -> None:
        try:
            async with asyncio.timeout(_APP_STATE_S):
                await self._settled(partial(self._machine.run, begin))
        except TimeoutError as error:
            raise NotSent("It takes too long; it may be done yet, and is told of then") from error

    @override
    async def _in_history(self, begin: Callable[[Device], Flow[_T]]) -> _T:
        return await self._run_flow(begin)

    @override
    async def _about_files(self, begin: Callable[[Device], Flow[_T]]) -> _T:
        return cast("_T", await self._settled(partial(self._machine.about_files, begin)))

    @property
    @override
    def _kept(self) -> MediaSource:
        return self._line.media

    @property
    @override
    def _turns(self) -> asyncio.Semaphore:
        return self._means.uploads

    def _tell(self, ending: Ending) -> None:
        self._report(StateChanged(ending.state, ending.reason))

    def _report(self, news: LineNews) -> None:
        """Tell the owner of the line, but not twice that nothing changed."""
        if self._is_closed:
            return
        if isinstance(news, StateChanged):
            if self._last_state is not None and _is_same(news, self._last_state):
                return
            self._last_state = news
        self._line.report(news)


def _is_same(one: StateChanged, other: StateChanged) -> bool:
    """Whether two states differ in the wording of their reasons at most."""
    codes = [news.reason.code if news.reason is not None else None for news in (one, other)]
    return one.state is other.state and codes[0] == codes[1]
