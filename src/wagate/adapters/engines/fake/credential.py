"""What a device of the pretend service logs in with."""

from __future__ import annotations

import json

from wagate.ports.vault import RecordUnreadable, Unit, Vault

_RECORD = ("credential", "device")


async def read_token(vault: Vault) -> str | None:
    """What this device logs in with, or None when no phone is linked. Raises RecordUnreadable."""
    await vault.load([_RECORD])
    record = vault.get(*_RECORD)
    if record is None:
        return None
    try:
        return str(json.loads(record)["token"])
    except (ValueError, KeyError, TypeError) as error:
        raise RecordUnreadable("The credential of this session cannot be read") from error


def keep_token(unit: Unit, token: str) -> None:
    """A phone linked this device."""
    unit.put(*_RECORD, json.dumps({"token": token}).encode())


def forget_token(unit: Unit) -> None:
    """This device is linked no more."""
    unit.delete(*_RECORD)
