"""A margin for programs that forget: sending chains begin some steps further on.

whatsmeow and Baileys can lose the last step of a chain when they send and receive at once, or when they are killed, and
would then use a key twice. Whoever goes on after them must not. A gap costs the reader a few stored keys and nothing
else: Signal is made for messages that do not arrive.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import replace
from typing import Final

from wagate.ports.checks import MAX_COUNTER
from wagate.ports.device import LinkedDevice
from wagate.ports.ratchets import SessionState

STEPS: Final = 16
"""More than one program has in flight with one contact, and less than one per cent of what a reader keeps."""


def leap(device: LinkedDevice) -> LinkedDevice:
    """The device with every sending chain ``STEPS`` further."""
    sessions = tuple(
        replace(session, current=_further(session.current), archived=tuple(map(_further, session.archived)))
        for session in device.sessions
    )
    return replace(device, sessions=sessions)


def _further(state: SessionState) -> SessionState:
    """A state some messages later. The step of a chain: HMAC-SHA256 of 02 (The Double Ratchet Algorithm, §5.2)."""
    if state.sending_counter + STEPS > MAX_COUNTER:
        return state
    key = state.sending_key
    for _ in range(STEPS):
        key = hmac.digest(key, b"\x02", hashlib.sha256)
    return replace(state, sending_key=key, sending_counter=state.sending_counter + STEPS)
