"""Notifications in: what changed around us."""

from __future__ import annotations

import structlog

from wagate.adapters.engines.native.machine import (
    app_state,
    contact_notices,
    directory,
    groups,
    pairing,
    passkey,
    prekeys,
    ratchets,
    send,
)
from wagate.adapters.engines.native.machine.app_state_records import put_due
from wagate.adapters.engines.native.machine.device import Device
from wagate.adapters.engines.native.machine.flows import Flow, Load
from wagate.adapters.engines.native.machine.records import ContactToken, Step
from whatsapp_wire.jid import Jid
from whatsapp_wire.node import Node
from whatsapp_wire.stanza import notification as stanzas
from whatsapp_wire.stanza import privacy
from whatsapp_wire.stanza.ack import ack
from whatsapp_wire.stanza.group_changes import GroupChanged
from whatsapp_wire.stanza.media import MediaRetried
from whatsapp_wire.stanza.notification import (
    AccountChanged,
    AppStateChanged,
    DevicesChanged,
    IdentityChanged,
    OwnDevicesChanged,
    PreKeysLow,
    PrivacyTokens,
    parse_notification,
)
from whatsapp_wire.stanza.pairing import PrimaryHello
from whatsapp_wire.stanza.passkey import PasskeyAsked, PasskeyContinued

_log = structlog.get_logger(__name__)


def notification(us: Device, stanza: Node) -> Flow[None]:
    """Take a notification in. Raises StanzaRefused when it lacks what its type must have."""
    epoch, wakes = us.epoch, False
    told = parse_notification(stanza)
    step = us.step()
    if isinstance(told.content, GroupChanged):
        yield from groups.changed(us, step, told.content, told.timestamp)
    elif isinstance(told.content, MediaRetried):
        us.flows.answered(stanza)
    elif isinstance(told.content, AppStateChanged):
        behind = yield from app_state.told(us, told.content.versions)
        for name, version in behind:
            put_due(step, name, version)
        wakes = bool(behind)
    else:
        yield from _take(us, step, told.content)
        yield from contact_notices.changed(us, step, told.content, told.timestamp)

    def committed() -> None:
        if us.epoch == epoch:
            us.write(ack(stanza))
        if wakes:
            app_state.wake(us)

    us.submit(step, committed)


def _take(us: Device, step: Step, content: stanzas.Content) -> Flow[None]:
    match content:
        case PreKeysLow(count):
            us.flows.start(prekeys.top_up(us, count))
        case PrimaryHello():
            us.flows.start(pairing.finish_code(us, content), ends_with_line=True)
        case PasskeyAsked():
            us.flows.start(passkey.asked(us, content), ends_with_line=True)
        case PasskeyContinued():
            us.flows.start(passkey.continued(us, content), ends_with_line=True)
        case IdentityChanged(user):
            yield from _forget_identity(us, step, user)
        case DevicesChanged() | OwnDevicesChanged():
            yield from _forget_devices(us, step, content)
        case AccountChanged(parts):
            contact_notices.own_changed(us, step, parts, us.now)
        case PrivacyTokens(user, user_lid):
            yield from _keep_tokens(us, step, user_lid or user, content)


def _forget_devices(us: Device, step: Step, changed: DevicesChanged | OwnDevicesChanged) -> Flow[None]:
    """Somebody, perhaps ourselves, linked or removed a device: their list has to be asked for again."""
    if isinstance(changed, OwnDevicesChanged):
        step.delete("device", us.own.lid.bare)
    else:
        person = yield from directory.known_person(us, changed.user_lid or changed.user)
        step.delete("device", person.lid)


def _forget_identity(us: Device, step: Step, user: Jid) -> Flow[None]:
    """Somebody has a new phone or account: what we know of their devices is void."""
    person = yield from directory.known_person(us, user)
    peers = yield from directory.known_devices(us, person)
    yield Load((*(key for peer in peers for key in peer.keys), ("tctoken", person.lid)))
    _log.info("a contact has a new identity", person=person.lid)
    for peer in peers:
        ratchets.drop(step, peer)
    step.delete("device", person.lid)
    us.flows.start(groups.lost_keys(us, peers))
    issued_at = ContactToken.unpack(step.get("tctoken", person.lid)).issued_at
    if issued_at and not privacy.is_token_expired(issued_at, us.now):
        us.flows.start(send.issue_token(us, person.lid, issued_at), ends_with_line=True)


def _keep_tokens(us: Device, step: Step, user: Jid, tokens: PrivacyTokens) -> Flow[None]:
    person = yield from directory.known_person(us, user)
    yield Load((("tctoken", person.lid),))
    kept = ContactToken.unpack(step.get("tctoken", person.lid))
    for token in tokens.tokens:
        if token.kind == stanzas.TRUSTED_CONTACT and token.timestamp >= kept.received_at:
            kept = ContactToken(token.token, token.timestamp, kept.issued_at)
    step.put("tctoken", person.lid, kept.pack())
