"""Linking a companion by QR code: references out, a scan, the signed identity, the companion's answer, the 515 restart.

Stanzas: whatsmeow `pair.go`; the flow by eight-character code (`link_codes`) ends in the same `pair-success`.
"""

import base64
from collections.abc import Callable
from typing import TypeAlias

from whatsapp_emulator.world import devices
from whatsapp_emulator.world.accounts import Account, Device
from whatsapp_emulator.world.key_store import PublishedSignedPreKey
from whatsapp_emulator.world.links import Attrs, Link
from whatsapp_emulator.world.state import State
from whatsapp_emulator.world.tickets import Ticket
from whatsapp_wire.errors import PairingRefused
from whatsapp_wire.jid import SERVER
from whatsapp_wire.node import Node
from whatsapp_wire.pairing.identity import sign_device_identity, verify_device_signature
from whatsapp_wire.pairing.qr import parse_qr
from whatsapp_wire.proto.adv_pb2 import DeviceIdentity
from whatsapp_wire.proto.transport_pb2 import DeviceProps

REFERENCES = 6
"""How many QR codes a connection may show; with six, clients show the first for 60 s and each other for 20 s."""

Vouch: TypeAlias = Callable[[State, Ticket, bytes, bytes], None]
"""What a phone does for a companion whose code it used: its identity key and the secret of the link are given."""

RESTART = Node("stream:error", {"code": "515"})


def offer_references(state: State, link: Link) -> None:
    """Give an unpaired client what it draws its QR codes from."""
    refs = [f"2@{base64.b64encode(state.entropy.randbytes(48)).decode()}" for _ in range(REFERENCES)]
    state.refs.update(dict.fromkeys(refs, link))
    content = [Node("pair-device", None, [Node("ref", None, ref.encode()) for ref in refs])]
    head: Attrs = {"from": SERVER, "type": "set", "id": state.next_id(), "xmlns": "md"}
    state.send(link, Node("iq", head, content))


def forget(state: State, link: Link) -> None:
    """An unpaired connection is gone: its codes are worth nothing, and a pairing under way has failed."""
    state.refs = {ref: other for ref, other in state.refs.items() if other is not link}
    state.link_codes = {phone: request for phone, request in state.link_codes.items() if request.link is not link}
    if link.ticket is not None and link.ticket.outcome == "waiting":
        refuse(state, link.ticket, "the client hung up")


def scan(state: State, account: Account, qr: str, vouch: Vouch) -> Ticket:
    """The phone of an account scans a QR code, and goes on with `vouch`.

    Raises PairingRefused when it is no code of a waiting connection.
    """
    code = parse_qr(qr)
    link = state.refs.get(code.ref)
    if link is None or not link.open:
        raise PairingRefused(404, "no connection shows this code")
    if code.noise_public != link.noise_key:
        raise PairingRefused(401, "the code names another Noise key than its connection uses")
    if link.ticket is not None and link.ticket.outcome == "waiting":
        raise PairingRefused(409, "a phone is pairing with this connection already")
    ticket = link.ticket = Ticket(account, link)
    vouch(state, ticket, code.identity_public, code.adv_secret)
    return ticket


def offer_link(state: State, ticket: Ticket, companion_identity: bytes, adv_secret: bytes) -> None:
    """Send `pair-success`: the phone vouches for the companion's identity key."""
    account, link = ticket.account, ticket.link
    device = ticket.device = Device(account, account.next_device, link.noise_key, companion_identity)
    account.next_device += 1
    details = DeviceIdentity(
        raw_id=account.raw_id, timestamp=state.stamp, key_index=device.id, account_type=0, device_type=0
    )
    identity = sign_device_identity(account.identity, companion_identity, adv_secret, details)
    ticket.request = state.next_id()
    content = [
        Node("device-identity", None, identity),
        Node("device", {"jid": device.pn, "lid": device.lid}),
        Node("platform", {"name": "android"}),
    ]
    head: Attrs = {"from": SERVER, "type": "set", "id": ticket.request, "t": state.stamp, "xmlns": "md"}
    state.send(link, Node("iq", head, [Node("pair-success", None, content)]))


def hear_answer(state: State, link: Link, iq: Node) -> None:
    """The companion answered `pair-success`: with its signature, or with an error."""
    ticket = link.ticket
    if ticket is None or ticket.outcome != "waiting" or iq.get("id") != ticket.request or ticket.device is None:
        return
    if iq.get("type") == "error":
        error = iq.child("error")
        refuse(state, ticket, "the companion refused" if error is None else f"the companion answered {error!r}")
        return
    device, account = ticket.device, ticket.account
    reply = iq.require("pair-device-sign").require("device-identity").bytes()
    if not verify_device_signature(reply, account.identity.public, device.keys.identity):
        state.violate("bad_signature", link, "the companion did not sign its device identity")
        refuse(state, ticket, "the companion's signature does not hold")
        return
    _adopt_first_keys(state, link, device)
    devices.link(state, device)
    ticket.outcome = "paired"
    state.settle(ticket)
    state.break_stream(link, RESTART)


def refuse(state: State, ticket: Ticket, reason: str) -> None:
    """End a pairing without a link."""
    ticket.outcome, ticket.reason = "refused", reason
    state.settle(ticket)


def _adopt_first_keys(state: State, link: Link, device: Device) -> None:
    """The registration carries a signed prekey, so that the phone can write before any upload."""
    registration = link.payload.device_pairing_data
    keys, device.shown_as = device.keys, registration.device_props
    keys.registration_id = int.from_bytes(registration.registration_id, "big")
    signed = PublishedSignedPreKey(
        int.from_bytes(registration.signed_prekey_id, "big"),
        registration.signed_prekey,
        registration.signed_prekey_signature,
    )
    if registration.identity != keys.identity or not signed.signed_by(keys.identity):
        state.violate("bad_signature", link, "the registration's signed prekey is not signed by its identity")
        return
    keys.signed_prekey = signed
    props = DeviceProps.FromString(registration.device_props)
    device.wants_full_history = props.require_full_sync
    device.takes_inline_history = props.history_sync_config.inline_initial_payload_in_e2ee_msg
