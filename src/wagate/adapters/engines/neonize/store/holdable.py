"""What of a linked device fits into a whatsmeow database."""

from __future__ import annotations

from dataclasses import replace

from wagate.adapters.engines.neonize.store.signal import derived
from wagate.ports.device import LinkedDevice
from wagate.ports.ratchets import Session, SessionState


def holdable(device: LinkedDevice) -> LinkedDevice:
    """The device as it comes back from a file it was written to.

    whatsmeow keeps one signed prekey, without its age; keys of overtaken messages are derived. The next prekey's id is
    one above the last prekey there, for which `write_device` makes one if need be. Polls are kept in the vault.
    """
    current = replace(device.signed_prekeys[-1], made_at=None)
    sessions = tuple(_session(session) for session in device.sessions)
    return replace(device, signed_prekeys=(current,), sessions=sessions, name=device.name or None, polls=())


def _session(session: Session) -> Session:
    return replace(session, current=_state(session.current), archived=tuple(map(_state, session.archived)))


def _state(state: SessionState) -> SessionState:
    chains = []
    for chain in state.receiving:
        skipped = tuple(replace(key, secret=derived(key.secret)) for key in chain.skipped)
        chains.append(replace(chain, skipped=skipped))
    return replace(state, receiving=tuple(chains))
