"""How whatsmeow names devices in its tables: ``user[_domain]:device`` (``types/jid.go``, ``SignalAddressUser``)."""

from __future__ import annotations

import re
from typing import Final

from wagate.domain.jid import LID_SERVER, PHONE_SERVER
from wagate.ports.device import HOSTED_DEVICE, address

_NAME: Final = re.compile(r"([0-9A-Za-z.-]{1,64})(?:_([0-9]{1,3}))?:([0-9]{1,5})\Z")
_PHONE, _LID, _HOSTED, _HOSTED_LID = 0, 1, 128, 129
_IS_LID: Final = {_PHONE: False, _LID: True, _HOSTED: False, _HOSTED_LID: True}


def read_name(name: str) -> str | None:
    """The address of a device; None for what is not a person's device (a bot, another network)."""
    found = _NAME.match(name)
    if found is None:
        return None
    domain = int(found[2] or _PHONE)
    return address(found[1], int(found[3]), is_lid=_IS_LID[domain]) if domain in _IS_LID else None


def name_of(device: str) -> str:
    """The name of a device."""
    user, _, server = device.partition("@")
    user, _, number = user.partition(":")
    is_lid, is_hosted = server == LID_SERVER, number == str(HOSTED_DEVICE)
    domain = {(False, False): _PHONE, (True, False): _LID, (False, True): _HOSTED, (True, True): _HOSTED_LID}
    shown = domain[is_lid, is_hosted]
    return f"{user}_{shown}:{number or 0}" if shown else f"{user}:{number or 0}"


def read_own(jid: str) -> str:
    """Our own address as the table of devices has it; some versions write an agent or device 0 out."""
    user, _, server = jid.partition("@")
    user, _, number = user.partition(":")
    user = user.partition(".")[0]
    if server not in (PHONE_SERVER, LID_SERVER) or not number.isascii() or not (number or "0").isdigit():
        return jid
    return address(user, int(number or 0), is_lid=server == LID_SERVER)
