"""Which addresses are the public internet, and which are somebody's inside."""

from __future__ import annotations

import ast

import pytest

from house import tree
from wagate.adapters.addresses import may_be_reached, read_networks

PUBLIC = ["1.1.1.1", "93.184.216.34", "8.8.8.8", "192.0.1.1", "172.32.0.1", "2606:4700::1111", "2a00:1450:4001::1"]
INSIDE = [
    "0.0.0.0",
    "0.1.2.3",
    "10.0.0.1",
    "10.255.255.255",
    "100.64.0.1",
    "100.100.100.200",
    "127.0.0.1",
    "127.255.255.254",
    "168.63.129.16",
    "169.254.0.1",
    "169.254.169.254",
    "169.254.170.2",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.192",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.0.1",
    "192.168.255.255",
    "198.18.0.1",
    "198.19.255.255",
    "198.51.100.7",
    "203.0.113.9",
    "224.0.0.1",
    "239.255.255.255",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::127.0.0.1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "::ffff:169.254.169.254",
    "::ffff:7f00:1",
    "64:ff9b::7f00:1",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::a00:1",
    "100::1",
    "2001::1",
    "2001:db8::1",
    "2002:7f00:1::",
    "2002:a9fe:a9fe::1",
    "3fff::1",
    "5f00::1",
    "fc00::1",
    "fd00:ec2::254",
    "fd12:3456::1",
    "fe80::1",
    "fe80::1%eth0",
    "fe80::1%25lo",
    "fec0::1",
    "ff02::1",
    "ff05::2",
    "localhost",
    "2130706433",
    "",
]


@pytest.mark.parametrize("address", PUBLIC)
def test_what_is_public_may_be_reached(address: str) -> None:
    assert may_be_reached(address)


@pytest.mark.parametrize("address", INSIDE)
def test_what_is_inside_may_not(address: str) -> None:
    assert not may_be_reached(address)


def test_an_allowed_network_may_be_reached_and_nothing_beside_it() -> None:
    allowed = read_networks(["10.1.0.0/16", "fd12::/16"])
    assert may_be_reached("10.1.2.3", allowed)
    assert may_be_reached("::ffff:10.1.2.3", allowed)
    assert may_be_reached("fd12::9", allowed)
    assert not may_be_reached("10.2.0.1", allowed)
    assert not may_be_reached("fd13::1", allowed)


# ---- nobody goes another way


ALLOWED_TO_CONNECT = {
    "src/wagate/adapters/egress.py": "the way out itself",
    "src/wagate/adapters/engines/native/transport.py": "the line to WhatsApp; its proxy is an option of the session",
    "src/wagate/adapters/whatsapp_web/media.py": "files on hosts of WhatsApp; its proxy is the line's",
    "src/wagate/adapters/whatsapp_web/http.py": "the clients that both of them use",
    "src/wagate/sandbox/network.py": "the sandbox asks its own emulator",
    "src/wagate/cli/client.py": "the command line asks its own gateway",
}
_CLIENTS = {"aiohttp", "httpx", "requests", "urllib.request", "http.client", "urllib3"}


def test_nobody_else_in_the_product_speaks_http() -> None:
    found = set()
    for path in tree.modules("src"):
        if path.parts[1] != "wagate":
            continue
        for node in ast.walk(tree.parsed(path)):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module] if isinstance(node, ast.ImportFrom) and node.module else []
            if any(name == client or name.startswith(f"{client}.") for name in names for client in _CLIENTS):
                found.add(str(path))
    assert found == set(ALLOWED_TO_CONNECT)
