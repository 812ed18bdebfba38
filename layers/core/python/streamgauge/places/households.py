"""The network that stands for one household, and its number."""

from __future__ import annotations

from ipaddress import ip_network
from typing import Final

from streamgauge.ids import keyed_number

_KEY_BYTES: Final = 64


def network_of(address: str) -> str:
    """Return the network that stands for one household: an IPv4 address itself, the /64 of an IPv6 address."""
    return str(ip_network(f"{address}/64" if ":" in address else address, strict=False))


def household(secret: bytes, network: str) -> int:
    """Return the number under which sessions hold the network of a household (of `network_of`); `secret` is the site's."""
    return keyed_number(secret[:_KEY_BYTES], "network", network)
