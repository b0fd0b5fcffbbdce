"""The hash by which client and server agree on the devices a message is encrypted for."""

import base64
from collections.abc import Iterable
from hashlib import sha256

from whatsapp_wire.jid import Jid


def phash(devices: Iterable[Jid]) -> str:
    """The participant hash, version 2, of all devices, our own sending one included (whatsmeow `send.go`)."""
    addresses = sorted(f"{device.user}.0:{device.device}@{device.server}" for device in devices)
    digest = sha256("".join(addresses).encode()).digest()
    return "2:" + base64.b64encode(digest[:6]).decode().rstrip("=")
