"""Addresses. The only module of the product that knows what an ``@`` means."""

from __future__ import annotations

import re

from wagate.domain.errors import InvalidRecipient

PHONE_SERVER = "s.whatsapp.net"
LID_SERVER = "lid"
GROUP_SERVER = "g.us"
BROADCAST_SERVER = "broadcast"
NEWSLETTER_SERVER = "newsletter"

_SERVERS = frozenset({PHONE_SERVER, LID_SERVER, GROUP_SERVER, BROADCAST_SERVER, NEWSLETTER_SERVER})
_LEGACY_PHONE_SERVERS = frozenset({"c.us"})
_USER = re.compile(r"[0-9A-Za-z_.-]{1,64}\Z")
_SEPARATORS = re.compile(r"[\s().\-/\u00a0\u2010-\u2015]+")
_DIGITS = re.compile(r"[0-9]{6,15}\Z")  # E.164: at most 15 digits


class Jid(str):
    """A bare address, ``user@server``: a person by phone number or LID, a group, a broadcast list or a channel."""

    __slots__ = ()

    @property
    def user(self) -> str:
        """What stands before the ``@``."""
        return self.partition("@")[0]

    @property
    def server(self) -> str:
        """What stands after the ``@``."""
        return self.partition("@")[2]

    @property
    def is_phone(self) -> bool:
        """Whether this names a person by phone number."""
        return self.endswith("@" + PHONE_SERVER)

    @property
    def is_lid(self) -> bool:
        """Whether this names a person by LID, the address that hides the number."""
        return self.endswith("@" + LID_SERVER)

    @property
    def is_person(self) -> bool:
        """Whether this names one person rather than a group, list or channel."""
        return self.is_phone or self.is_lid

    @property
    def is_group(self) -> bool:
        """Whether this names a group."""
        return self.endswith("@" + GROUP_SERVER)

    @property
    def phone(self) -> str | None:
        """The phone number in E.164 (``+5511999999999``), or None when this is not a phone address."""
        return "+" + self.user if self.is_phone else None

    @classmethod
    def of(cls, user: str, server: str) -> Jid:
        """An address from its two halves, unchecked."""
        return cls(f"{user}@{server}")

    @classmethod
    def from_phone(cls, digits: str) -> Jid:
        """The address of a phone number given as bare E.164 digits."""
        return cls(f"{digits}@{PHONE_SERVER}")


STATUS_LIST = Jid.of("status", BROADCAST_SERVER)
"""Where status posts are addressed to."""


def parse_recipient(text: str) -> Jid:
    """Read what a caller wrote in ``to``: a JID, a LID or an international phone number in any sane spelling.

    ``+55 (11) 99999-9999``, ``005511999999999``, ``5511999999999`` and ``5511999999999@c.us`` are the same number.
    Raises InvalidRecipient, whose detail says what is wrong.
    """
    text = text.strip()
    if "@" in text:
        return _parse_jid(text)
    digits = _SEPARATORS.sub("", text)
    for prefix in ("+", "00"):
        if digits.startswith(prefix):
            digits = digits[len(prefix) :]
            break
    if not _DIGITS.match(digits) or digits.startswith("0"):
        raise InvalidRecipient(
            f"{text!r} is neither a JID nor an international phone number (country code first, 6 to 15 digits)"
        )
    return Jid.from_phone(digits)


def _parse_jid(text: str) -> Jid:
    user, _, server = text.rpartition("@")
    user = user.lstrip("+").partition(":")[0]
    server = server.lower()
    if server in _LEGACY_PHONE_SERVERS:
        server = PHONE_SERVER
    if server not in _SERVERS or not _USER.match(user):
        raise InvalidRecipient(f"{text!r} is not an address that WhatsApp has")
    if server == PHONE_SERVER and not _DIGITS.match(user):
        raise InvalidRecipient(f"{text!r} does not start with a phone number")
    return Jid.of(user, server)
