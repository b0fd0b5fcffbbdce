"""Whether a linked device is what it was: after it was copied, and after an engine had it in its hands."""

from __future__ import annotations

from dataclasses import fields, replace

from wagate.domain.errors import MoveFailed
from wagate.ports.device import LinkedDevice

_RATCHETS = ("sessions", "sender_keys")
_COUNTED = ("prekeys", "next_prekey")


def verify_copy(expected: LinkedDevice, found: LinkedDevice) -> None:
    """Raise MoveFailed unless a copy holds all of a device. It may have more prekeys: new ones with higher ids."""
    wanted, had = _ageless(expected), _ageless(found)
    names = [field.name for field in fields(LinkedDevice) if field.name not in _COUNTED]
    unlike = [name for name in names if getattr(wanted, name) != getattr(had, name)]
    if not _has_prekeys_of(found, expected) or found.next_prekey < expected.next_prekey:
        unlike.append("prekeys")
    if unlike:
        raise MoveFailed(f"The copy for the other engine came out different ({', '.join(unlike)}); nothing was changed")


def is_untouched(before: LinkedDevice, now: LinkedDevice) -> bool:
    """Whether no ratchet has moved and no prekey was used up: then an older copy of the device may still be used."""
    return all(getattr(before, name) == getattr(now, name) for name in _RATCHETS) and _has_prekeys_of(now, before)


def _has_prekeys_of(one: LinkedDevice, other: LinkedDevice) -> bool:
    kept = {key.id: key.private for key in one.prekeys}
    return all(kept.get(key.id) == key.private for key in other.prekeys)


def _ageless(device: LinkedDevice) -> LinkedDevice:
    """The device without what an engine fills in when nobody wrote it down."""
    return replace(device, signed_prekeys=tuple(replace(key, made_at=None) for key in device.signed_prekeys))
