"""Which addresses are out on the internet: where a request may go whose target a page or an agent has chosen."""

from __future__ import annotations

import re
import socket
from ipaddress import IPv4Address, IPv6Network, ip_address, ip_network

_NOT_PUBLIC = [
    ip_network(network)
    for network in (
        # IANA IPv4 Special-Purpose Address Registry, multicast and reserved space.
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",  # carriers' NAT; one cloud has its metadata there
        "127.0.0.0/8",
        "169.254.0.0/16",  # link-local: most clouds have their metadata there
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.31.196.0/24",
        "192.52.193.0/24",
        "192.88.99.0/24",  # 6to4 relays
        "192.168.0.0/16",
        "192.175.48.0/24",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",
        "240.0.0.0/4",
        "168.63.129.16/32",  # public by number, and Azure's own service inside of it
        # Of the global IPv6 space below: IANA IPv6 Special-Purpose Address Registry.
        "2001::/23",  # Teredo, benchmarking, ORCHID
        "2001:db8::/32",
        "2002::/16",  # 6to4: an IPv4 address in another dress
        "2620:4f:8000::/48",
        "3fff::/20",
    )
]
_GLOBAL_V6 = IPv6Network("2000::/3")
"""All that is given out. Outside are loopback, link-local, unique local and multicast addresses, and those that stand
for an IPv4 address: mapped (::ffff:0:0/96), compatible (::/96) and translated ones (NAT64, 64:ff9b::/96)."""

_NAME = re.compile(r"[a-z0-9_-]+(?:\.[a-z0-9_-]+)+")
_LOCAL = ("localhost", "localdomain", "local", "internal", "home.arpa")
"""RFC 6761, 6762 and 8375, and what ICANN keeps for private use: such names mean something inside only."""


def is_public(address: str) -> bool:
    """Whether an IP address is one of the public internet; what is no address is not."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return False
    if any(parsed in network for network in _NOT_PUBLIC):
        return False
    return isinstance(parsed, IPv4Address) or (parsed.scope_id is None and parsed in _GLOBAL_V6)


def is_public_host(host: str) -> bool:
    """Whether the host of an address may be one of the public internet, by its form alone: nothing is looked up.

    An IPv4 address may be written in any way that programs read one: 127.1, 0x7f000001, 2130706433.
    """
    name = host.lower().removesuffix(".")
    if ":" in name:
        return is_public(name)
    if name.rpartition(".")[2][:1].isdecimal():  # no top-level domain begins with a digit
        try:
            return is_public(socket.inet_ntoa(socket.inet_aton(name)))
        except OSError:
            return False
    return bool(_NAME.fullmatch(name)) and not f".{name}".endswith(tuple(f".{local}" for local in _LOCAL))
