"""The inputs: what happens to a device, and to whom it is passed on."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, Final

import structlog

from wagate.adapters.engines.native.machine import (
    app_state,
    calls,
    group_send,
    login,
    media,
    notifications,
    pairing,
    presence,
    receipts,
    receive,
    send,
)
from wagate.adapters.engines.native.machine.credentials import Credentials
from wagate.adapters.engines.native.machine.device import Device, Habits, Phase
from wagate.adapters.engines.native.machine.errors import (
    CONNECTION_LOST,
    Ending,
    detailed,
    ending_of_failure,
    ending_of_stream_error,
    lost,
)
from wagate.adapters.engines.native.machine.flows import Flow
from wagate.adapters.engines.native.machine.outlook import Outlook
from wagate.adapters.engines.native.machine.send import Written
from wagate.adapters.engines.native.machine.shell import Shell, Then
from wagate.adapters.whatsapp_web.files import Sealed
from wagate.domain.jid import STATUS_LIST, Jid
from wagate.domain.session import HistoryPolicy
from wagate.ports.abilities import Activity
from wagate.ports.engine import LineOptions, NotSent, Outgoing
from wagate.ports.vault import VaultFailed
from whatsapp_wire.errors import WireError
from whatsapp_wire.node import Node
from whatsapp_wire.pairing.payload import login_payload, registration_payload
from whatsapp_wire.stanza import iq
from whatsapp_wire.stanza.ack import PARSING_ERROR, UNHANDLED_ERROR, parse_ack
from whatsapp_wire.stanza.app_state import DIRTY
from whatsapp_wire.stanza.login import Dirty, parse_failure, parse_news, parse_stream_error
from whatsapp_wire.stanza.media import MediaConnection, MediaMessage

_log = structlog.get_logger(__name__)


_ORDERLY: Final[dict[str, Callable[[Device, Node], Flow[None]]]] = {
    "message": receive.message,
    "receipt": receipts.receipt,
    "notification": notifications.notification,
    "call": calls.call,
}
"""Stanzas that are taken one after the other, each once the unit of the one before is submitted."""

_LONG_LANE: Final = 512
_SHORT_LANE: Final = 256
"""Stanzas that wait for their turn: at so many reading pauses, at so many it goes on."""

_FLEETING: Final[dict[str, Callable[[Device, Node], None]]] = {
    "presence": presence.heard,
    "chatstate": presence.heard_typing,
}
"""Stanzas that nobody acknowledges."""

_LAST_WORDS: Final[dict[str, Callable[[Node], Ending]]] = {
    "failure": lambda stanza: ending_of_failure(parse_failure(stanza)),
    "stream:error": lambda stanza: ending_of_stream_error(parse_stream_error(stanza)),
    "xmlstreamend": lambda _: CONNECTION_LOST,
}
"""Stanzas with which the server ends a connection, and what they mean."""


class Machine:
    """One linked device, from the outside: every method is something that happens."""

    __slots__ = ("_device", "_is_draining")

    def __init__(
        self,
        shell: Shell,
        habits: Habits,
        outlook: Outlook,
        credentials: Credentials | None,
        unacked: Iterable[tuple[str, bytes]],
        options: LineOptions | None = None,
    ) -> None:
        """Take up what the vault holds: ``credentials`` (None: make new ones) and the ``unacked`` records."""
        self._device = Device(shell, habits, credentials or Credentials.create(int(shell.now())), outlook, options)
        self._device.restore(unacked)
        self._is_draining = False

    # ---- the connection

    @property
    def credentials(self) -> Credentials:
        """The keys to prove in the handshake."""
        return self._device.credentials

    def payload(self) -> bytes:
        """What to tell the server in the handshake."""
        us, keys = self._device, self._device.credentials
        if keys.own is not None:
            return login_payload(us.habits.version, keys.own.pn)
        return registration_payload(
            us.habits.version,
            us.companion_name,
            keys.registration_id,
            keys.identity.public,
            keys.signed_prekey,
            full_history=us.options.history is HistoryPolicy.FULL,
        )

    def opened(self) -> None:
        """A connection is there and its handshake is done."""
        us = self._device
        us.epoch += 1
        us.ending = None
        us.phase = Phase.OPEN
        us.flows.is_open = True

    def received(self, stanza: Node) -> None:
        """A stanza came over the connection. Never raises for what the server says."""
        self._device.heard += 1
        try:
            self._dispatch(stanza)
        except WireError as refused:
            _log.warning("a stanza cannot be used", tag=stanza.tag, error=str(refused))

    def closed(self, detail: str = "") -> Ending:
        """The connection is gone, ``detail`` says how; returns why, and so what follows."""
        us = self._device
        ending, was_ready = us.ending or detailed(CONNECTION_LOST, detail), us.phase is Phase.READY
        if us.phase is not Phase.CLOSED and not ending.at_once:
            if was_ready:
                us.outlook.dropped(us.shell.now())
            else:
                us.outlook.failed()
        us.phase = Phase.CLOSED
        us.lane = None
        us.link_code = None
        us.passkey = None
        us.flows.line_lost()
        return ending

    def give_up(self, error: Exception) -> None:
        """Stop for good, in the middle of whatever goes on; those who wait for something hear the error."""
        self._device.phase = Phase.CLOSED
        self._device.lane = None
        self._device.flows.give_up(error)

    # ---- commands: ``then`` is told the result, or what prevented it

    def send(self, outgoing: Outgoing, then: Then, file: Sealed | None = None) -> None:
        """Take responsibility for a message; see `wagate.ports.engine.Connection.send`. ``file`` is on the hosts."""
        is_shared = Jid(outgoing.to).is_group or outgoing.to == STATUS_LIST
        flow = group_send.send if is_shared else send.send
        self._device.flows.start(flow(self._device, outgoing, file), then)

    def post(self, written: Written, then: Then) -> None:
        """Take responsibility for a message that is written already, as `send` does for one that is not."""
        self._device.flows.start(send.post(self._device, written), then)

    def media_hosts(self, stale: MediaConnection | None, then: Then) -> None:
        """Ask for a `MediaConnection`, another one than ``stale``."""
        self._device.flows.start(media.connection(self._device, stale), then)

    def ask_phone_for_media(self, message: MediaMessage, media_key: bytes, then: Then) -> None:
        """Ask our phone for a file that is gone; answers with its new path."""
        self._device.flows.start(media.ask_phone(self._device, message, media_key), then)

    def about_files(self, begin: Callable[[Device], Flow[Any]], then: Then) -> None:
        """Do something of `attachments`."""
        self._device.flows.start(begin(self._device), then)

    def mark_read(self, chat: Jid, sender: Jid, wa_ids: list[str], then: Then) -> None:
        """Send read receipts."""
        self._device.flows.start(receipts.mark_read(self._device, chat, sender, wa_ids), then)

    def show_typing(self, chat: Jid, activity: Activity, then: Then) -> None:
        """Show what we seem to be doing in a chat."""
        self._device.flows.start(presence.show_typing(self._device, chat, activity), then)

    def request_pairing_code(self, phone: Jid, then: Then) -> None:
        """Ask for a `PairingCode`."""
        self._device.flows.start(pairing.request_code(self._device, phone), then)

    def renew_qr(self) -> None:
        """Begin a new series of QR codes. Raises SessionAlreadyPaired."""
        pairing.renew_codes(self._device)

    def log_out(self, then: Then) -> None:
        """Unlink this device at the server; the connection ends."""
        self._device.flows.start(pairing.log_out(self._device), then)

    def forget_everything(self, then: Then) -> None:
        """Delete every record of a device that is gone."""
        self._device.flows.start(pairing.forget_everything(self._device), then)

    def run(self, begin: Callable[[Device], Flow[Any]], then: Then) -> None:
        """Do something of `group_commands`, `people_commands`, `presence`, `calls` or `histories`."""
        self._device.flows.start(begin(self._device), then)

    # ---- stanzas

    def _dispatch(self, stanza: Node) -> None:
        us, tag = self._device, stanza.tag
        if tag in _ORDERLY:
            self._queue(stanza)
        elif tag in _FLEETING:
            _FLEETING[tag](us, stanza)
        elif tag in ("iq", "ib"):
            self._iq(stanza) if tag == "iq" else self._info(stanza)
        elif tag == "ack":
            answer = parse_ack(stanza)
            if answer.stanza_class == "message":
                send.acked(us, answer)
        elif tag == "success":
            us.flows.start(login.log_in(us, stanza), partial(self._end_unless_done, "login"))
        elif tag in _LAST_WORDS:
            us.end(_LAST_WORDS[tag](stanza))
        else:
            _log.info("a stanza of an unknown kind", tag=tag)

    def _info(self, stanza: Node) -> None:
        us = self._device
        for news in parse_news(stanza):
            if isinstance(news, Dirty) and news.type == DIRTY and us.phase is Phase.READY:
                us.flows.start(app_state.dirty(us, news.timestamp), ends_with_line=True)

    def _iq(self, stanza: Node) -> None:
        us = self._device
        if iq.is_answer(stanza):
            us.flows.answered(stanza)
        elif stanza.child("pair-device") is not None:
            us.flows.start(pairing.show_codes(us, stanza), ends_with_line=True)
        elif stanza.child("pair-success") is not None:
            us.flows.start(pairing.accept(us, stanza), partial(self._end_unless_done, "pairing"))
        elif stanza.get("type") == "get":
            us.write(iq.result(stanza))

    def _end_unless_done(self, what: str, error: Exception | None, _: object) -> None:
        """Without this step the connection is of no use: begin a new one."""
        if isinstance(error, NotSent | WireError):
            self._device.end(lost("connection_lost", f"the {what} did not succeed: {error}"))
        elif error is not None and not isinstance(error, VaultFailed):
            _log.error(f"the {what} failed", exc_info=error)
            self._device.end(lost("engine_failed", repr(error)))

    def _queue(self, stanza: Node) -> None:
        us = self._device
        if us.lane is None:
            us.lane = deque()
        us.lane.append(stanza)
        if len(us.lane) == _LONG_LANE:
            us.shell.pause_reading()
        self._drain()

    def _drain(self) -> None:
        """Take stanzas until one has to wait; it goes on from there when that one is done."""
        us = self._device
        if self._is_draining:
            return
        self._is_draining = True
        while us.lane and not us.lane_is_busy:
            stanza = us.lane.popleft()
            us.lane_is_busy = True
            if len(us.lane) == _SHORT_LANE:
                us.shell.resume_reading()
            us.flows.start(_ORDERLY[stanza.tag](us, stanza), partial(self._taken, stanza, us.epoch))
        self._is_draining = False

    def _taken(self, stanza: Node, epoch: int, error: Exception | None, _: Any) -> None:
        us = self._device
        us.lane_is_busy = False
        if error is not None and us.epoch == epoch:
            self._could_not_take(stanza, error)
        self._drain()

    def _could_not_take(self, stanza: Node, error: Exception) -> None:
        """Let the server forget what cannot be used; what the vault failed on, it will deliver again."""
        us = self._device
        if isinstance(error, VaultFailed):
            return
        if isinstance(error, WireError):
            _log.warning("a stanza cannot be used", tag=stanza.tag, error=str(error))
            code = PARSING_ERROR
        else:
            _log.error("a stanza could not be handled", tag=stanza.tag, exc_info=error)
            code = UNHANDLED_ERROR
        receive.give_up_on(us, stanza, error, code)
