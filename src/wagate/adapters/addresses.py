"""Which IP addresses are the public internet, and which are somebody's inside.

``ipaddress`` alone is not enough: ``is_global`` says yes to addresses that carry another one inside them (NAT64, 6to4,
IPv4-compatible) and to all multicast. The list follows the IANA special-purpose registries and Svix's.
"""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Network = IPv4Network | IPv6Network
Address = IPv4Address | IPv6Address

_NOT_PUBLIC: tuple[Network, ...] = tuple(
    ip_network(written)
    for written in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "168.63.129.16/32",  # a public address that every virtual machine of Azure reaches its host by
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.31.196.0/24",
        "192.52.193.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "192.175.48.0/24",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",
        "240.0.0.0/4",
        "::/96",  # unspecified, loopback, IPv4-compatible
        "::ffff:0:0/96",  # IPv4-mapped: unwrapped before, when it is one
        "64:ff9b::/96",  # NAT64
        "64:ff9b:1::/48",
        "100::/64",
        "100:0:0:1::/64",
        "2001::/23",  # Teredo, ORCHID and other protocols
        "2001:db8::/32",
        "2002::/16",  # 6to4
        "2620:4f:8000::/48",
        "3fff::/20",
        "5f00::/16",  # segment routing
        "fc00::/7",
        "fe80::/10",
        "fec0::/10",
        "ff00::/8",
    )
)


def read_networks(written: Iterable[str]) -> tuple[Network, ...]:
    """Networks in CIDR notation; a single address is a network of one. Raises ValueError."""
    return tuple(ip_network(text.strip(), strict=False) for text in written if text.strip())


def may_be_reached(written: str, allowed: Iterable[Network] = ()) -> bool:
    """Whether an address is public, or lies in a network that the operator allowed.

    Text that is no address, or that names a zone of this machine (``fe80::1%eth0``), may not be reached.
    """
    address = _plain(written)
    if address is None:
        return False
    if is_allowed(written, allowed):
        return True
    return not any(address in network for network in _NOT_PUBLIC if network.version == address.version)


def is_allowed(written: str, allowed: Iterable[Network]) -> bool:
    """Whether an address lies in a network that the operator allowed."""
    address = _plain(written)
    return address is not None and any(address in network for network in allowed if network.version == address.version)


def _plain(written: str) -> Address | None:
    try:
        address = ip_address(written)
    except ValueError:
        return None
    if isinstance(address, IPv6Address):
        if address.scope_id is not None:
            return None
        return address.ipv4_mapped or address
    return address
