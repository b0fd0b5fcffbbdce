"""From an accepted login to a working line, and keeping it alive."""

from __future__ import annotations

from dataclasses import replace

import structlog

from wagate.adapters.engines.native.machine import app_state, histories, prekeys, presence, send
from wagate.adapters.engines.native.machine.attachments import UPLOAD
from wagate.adapters.engines.native.machine.device import Device, Phase
from wagate.adapters.engines.native.machine.errors import ACK_OVERDUE, KEEPALIVE_LOST, RequestRefused, Unanswered
from wagate.adapters.engines.native.machine.flows import Expire, Flow, Pause
from wagate.adapters.whatsapp_web.files import REUSE_S
from wagate.domain.session import Reason, SessionState
from wagate.ports.engine import NotSent
from wagate.ports.news import SeenAlive
from whatsapp_wire.node import Node
from whatsapp_wire.stanza import iq
from whatsapp_wire.stanza import prekeys as prekey_stanzas
from whatsapp_wire.stanza.login import parse_success

_log = structlog.get_logger(__name__)

_UPKEEP_S = 3600.0
_SEEN_ALIVE_S = 60.0


def log_in(us: Device, stanza: Node) -> Flow[None]:
    """Publish prekeys if they run low, let stanzas flow, and send what was not acknowledged."""
    name = parse_success(stanza).display_name
    if name and name != us.credentials.name:
        step = us.step()
        us.store_credentials(step, replace(us.credentials, name=name))
        us.submit(step)
    yield from refill(us)
    yield from us.flows.ask(lambda id: iq.passive(id, passive=False))
    us.phase = Phase.READY
    us.outlook.came_up()
    us.become(*_standing(us))
    _tell_alive(us)
    send.resend(us)
    if us.shows_online or us.watched:
        us.flows.start(presence.resume(us), ends_with_line=True)
    app_state.wake(us)
    histories.resume(us)
    us.flows.start(_keep_alive(us), ends_with_line=True)


def refill(us: Device) -> Flow[None]:
    """Ask how many prekeys are left on the server, and publish more if need be.

    A refusal is survived: the device can then still send, and read whoever has a session with it.
    """
    try:
        on_server = yield from _count_prekeys(us)
        if on_server < us.habits.low_prekeys:
            yield from prekeys.top_up(us, on_server)
            _log.info("prekeys on the server", before=on_server, after=(yield from _count_prekeys(us)))
    except RequestRefused as refused:
        _log.warning("prekeys could not be published", error=str(refused))


def _count_prekeys(us: Device) -> Flow[int]:
    return prekey_stanzas.parse_count((yield from us.flows.ask(prekey_stanzas.count_query)))


def _standing(us: Device) -> tuple[SessionState, Reason | None]:
    if us.outlook.is_flapping(us.shell.now()):
        return SessionState.DEGRADED, Reason("flapping", "five connections were lost within five minutes")
    return SessionState.CONNECTED, None


def _keep_alive(us: Device) -> Flow[None]:
    while True:
        yield Pause(us.outlook.random.uniform(*us.habits.ping_s))
        if not (yield from _answers(us)):
            us.end(KEEPALIVE_LOST)
            return
        us.become(*_standing(us))
        _tell_alive(us)
        if _is_ack_overdue(us):
            us.end(ACK_OVERDUE)
            return
        if us.shell.now() >= us.next_upkeep:
            us.next_upkeep = us.shell.now() + _UPKEEP_S
            us.flows.start(_upkeep(us))


def _answers(us: Device) -> Flow[bool]:
    """Whether the server answers a ping, or a second one, or says anything at all meanwhile.

    After days offline the answer stands behind thousands of messages.
    """
    before = us.heard
    for _ in range(2):
        try:
            yield from us.flows.ask(iq.ping, us.habits.pong_timeout_s)
        except Unanswered:
            if us.heard > before:
                return True
            us.become(SessionState.DEGRADED, Reason("keepalive_lost"))
        except RequestRefused:
            return True
        else:
            return True
    return False


def _tell_alive(us: Device) -> None:
    now = us.shell.now()
    if now - us.seen_alive_at >= _SEEN_ALIVE_S:
        us.seen_alive_at = now
        us.shell.report(SeenAlive())


def _is_ack_overdue(us: Device) -> bool:
    """Whether the oldest stanza waits too long for its ack. Each is a reason to connect anew only once."""
    oldest = next((waiting for waiting in us.unacked.values() if not waiting.was_chased), None)
    if oldest is None or us.shell.now() - oldest.written_at < us.habits.ack_timeout_s:
        return False
    for waiting in us.unacked.values():
        waiting.was_chased = True
    return True


def _upkeep(us: Device) -> Flow[None]:
    """Now and then: delete what was kept long enough, renew the signed prekey."""
    yield Expire("sent", us.shell.now() - us.habits.sent_life_s)
    yield Expire("audience", us.shell.now() - us.habits.sent_life_s)
    yield Expire(UPLOAD, us.shell.now() - 2 * REUSE_S)
    yield Expire("secret", us.shell.now() - us.habits.secret_life_s)
    try:
        yield from prekeys.renew_signed(us)
    except NotSent as failure:
        _log.info("the signed prekey could not be renewed", error=str(failure))
