"""Trusted devices, networks and users: what a site leaves out of sharing detection."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import TYPE_CHECKING, Final

from streamgauge.places.households import household

if TYPE_CHECKING:
    from collections.abc import Sequence

    from streamgauge.sharing.models import Watched

Network = IPv4Network | IPv6Network

MOST_HOUSEHOLDS: Final = 65_536
"""Up to so many households (an IPv4 /16, an IPv6 /48) a network is known by their numbers, for as long as there are sessions."""

_HOUSEHOLD_BITS: Final = {4: 32, 6: 64}


@dataclass(frozen=True, slots=True)
class Trusted:
    """The lists of a site. Devices by their id or name, networks as CIDR."""

    devices: frozenset[str] = frozenset()
    networks: tuple[str, ...] = ()
    users: frozenset[str] = frozenset()

    def covers(self, session: Watched, secret: bytes) -> bool:
        """Return whether a session is left out; `secret` is the site's."""
        if session.user_id in self.users:
            return True
        if self.devices and not self.devices.isdisjoint({session.device_id, session.device_name}):
            return True
        if not self.networks:
            return False
        if session.network is not None and session.network in _numbers(secret, self.networks):
            return True
        return session.ip_address is not None and _holds(self.networks, session.ip_address)


def normal_network(text: str) -> str:
    """Return a network as CIDR; of an IPv6 household its /64, since addresses in it change. Raises ValueError."""
    network = ip_network(text.strip(), strict=False)
    if isinstance(network, IPv6Network):
        mapped = network.network_address.ipv4_mapped
        if mapped is not None and network.prefixlen >= 96:  # noqa: PLR2004 - ::ffff:0:0/96
            return str(IPv4Network((mapped, network.prefixlen - 96), strict=False))
        if network.prefixlen > _HOUSEHOLD_BITS[6]:
            network = network.supernet(new_prefix=_HOUSEHOLD_BITS[6])
    return str(network)


@lru_cache(maxsize=32)
def _numbers(secret: bytes, networks: tuple[str, ...]) -> frozenset[int]:
    """Return the numbers of the households in networks; wider ones than MOST_HOUSEHOLDS are known by addresses alone."""
    found: set[int] = set()
    for network in _read(networks):
        bits = _HOUSEHOLD_BITS[network.version]
        if 2 ** (bits - network.prefixlen) <= MOST_HOUSEHOLDS:
            found.update(household(secret, str(part)) for part in network.subnets(new_prefix=bits))
    return frozenset(found)


def _holds(networks: tuple[str, ...], address: str) -> bool:
    found = ip_address(address)
    return any(found in network for network in _read(networks))


@lru_cache(maxsize=32)
def _read(networks: tuple[str, ...]) -> Sequence[Network]:
    return [ip_network(text) for text in networks]
