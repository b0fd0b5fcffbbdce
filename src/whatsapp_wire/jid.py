"""WhatsApp addresses (JIDs): ``user[:device]@server``."""

from typing import Final, Self

from whatsapp_wire.errors import MalformedJid

USER_SERVER: Final = "s.whatsapp.net"
LID_SERVER: Final = "lid"
GROUP_SERVER: Final = "g.us"
BROADCAST_SERVER: Final = "broadcast"
NEWSLETTER_SERVER: Final = "newsletter"
HOSTED_SERVER: Final = "hosted"
HOSTED_LID_SERVER: Final = "hosted.lid"
MESSENGER_SERVER: Final = "msgr"
INTEROP_SERVER: Final = "interop"

DOMAIN_BYTES: Final = {USER_SERVER: 0, LID_SERVER: 1, HOSTED_SERVER: 128, HOSTED_LID_SERVER: 129}
"""Servers whose addresses have devices, and the byte that stands for each on the wire."""

HOSTED_SERVERS: Final = frozenset((HOSTED_SERVER, HOSTED_LID_SERVER))

MAX_DEVICE_DIGITS: Final = 5


class Jid(str):
    """An address, typed: a `Jid` is written to the wire as a JID, any other string as text.

    The difference is visible to peers (whatsmeow compares typed JIDs), so build one with `Jid.of` or ``Jid(text)``
    wherever the protocol speaks of an address. As a value it equals, and hashes like, its text.
    """

    __slots__ = ()

    def __new__(cls, text: str) -> Self:
        """Take ``user[:device]@server``, dropping a written-out device 0; raise `MalformedJid` without a server."""
        if "@" not in text or text.endswith("@"):
            raise MalformedJid(f"not a JID: {text!r}")
        return str.__new__(cls, text.replace(":0@", "@"))

    @classmethod
    def of(cls, user: str, server: str, device: int = 0) -> Self:
        """Build an address from its parts; device 0, the primary phone, is not written out."""
        return str.__new__(cls, f"{user}:{device}@{server}" if device else f"{user}@{server}")

    @property
    def server(self) -> str:
        """The part behind the last ``@``."""
        return self.rpartition("@")[2]

    @property
    def user(self) -> str:
        """The part before ``@`` without the device; empty for the server's own address."""
        return self.split_address()[0]

    @property
    def device(self) -> int:
        """The device number; 0 is the primary phone, or an address that has no devices."""
        return self.split_address()[1]

    @property
    def bare(self) -> Self:
        """This address without a device."""
        return self.with_device(0)

    @property
    def is_user(self) -> bool:
        """Whether this is a person's phone-number address (of any device, hosted or not)."""
        return self.server in (USER_SERVER, HOSTED_SERVER) and bool(self.user)

    @property
    def is_lid(self) -> bool:
        """Whether this is a person's privacy-preserving address (of any device, hosted or not)."""
        return self.server in (LID_SERVER, HOSTED_LID_SERVER)

    @property
    def is_group(self) -> bool:
        """Whether this is a group."""
        return self.server == GROUP_SERVER

    @property
    def is_shared(self) -> bool:
        """Whether many read what is written here: a group, or the list of status posts. Sender keys are for these."""
        return self.server in (GROUP_SERVER, BROADCAST_SERVER)

    def with_device(self, device: int) -> Self:
        """The same address on another device."""
        user, _, server = self.split_address()
        return self.of(user, server, device)

    def split_address(self) -> tuple[str, int, str]:
        """Split into user, device and server; a suffix that is not a small decimal belongs to the user."""
        address, _, server = self.rpartition("@")
        user, colon, digits = address.rpartition(":")
        if colon and len(digits) <= MAX_DEVICE_DIGITS and digits.isascii() and digits.isdigit():
            return user, int(digits), server
        return address, 0, server


SERVER: Final = Jid.of("", USER_SERVER)
"""The address of WhatsApp's server itself, as it stands in ``from`` and ``to``."""

STATUS_BROADCAST: Final = Jid.of("status", BROADCAST_SERVER)
"""The chat in which status posts travel."""
