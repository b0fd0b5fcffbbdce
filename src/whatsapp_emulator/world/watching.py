"""Looks at ciphertexts on their way: a ratchet key that encrypts two things is found here."""

from __future__ import annotations

from typing import Literal

from whatsapp_emulator.world.accounts import Device
from whatsapp_emulator.world.state import State
from whatsapp_wire.errors import MalformedCiphertext
from whatsapp_wire.jid import Jid
from whatsapp_wire.node import Node

Seen = Literal["new", "repeated", "reused"]


def watch(state: State, device: Device, recipient: Jid, enc: Node) -> Seen | None:
    """Note a ciphertext of a device for a person's device or for a group; None when it is none at all."""
    account = state.directory.find(recipient)
    address = recipient if account is None else account.lid.with_device(recipient.device)
    try:
        seen = state.audit.watch(device.lid, address, enc.attr("type"), enc.bytes())
    except MalformedCiphertext as error:
        state.audit.violate("malformed", device.label, f"an enc for {recipient}: {error}", state.now)
        return None
    if seen == "repeated":
        state.audit.counts["same ciphertext"] += 1
    elif seen == "reused":
        detail = f"two ciphertexts in one place of the chain to {address}"
        state.audit.violate("ratchet_reuse", device.label, detail, state.now)
    return seen
