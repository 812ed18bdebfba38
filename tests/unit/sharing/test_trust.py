"""What a site trusts is left out, for as long as there are sessions."""

from __future__ import annotations

from dataclasses import replace

import pytest
from streamgauge.places.households import household, network_of
from streamgauge.sharing.trust import Trusted, normal_network

from tests.support.watching import watched

SECRET = b"a-secret-of-the-site"


def at(address, *, kept=True):
    number = household(SECRET, network_of(address))
    return watched("s", "tv", 0, 1, network=number, ip_address=address if kept else None, device_name="Living room")


@pytest.mark.parametrize("kept", [True, False])
@pytest.mark.parametrize(
    ("network", "address", "inside"),
    [
        ("203.0.113.7", "203.0.113.7", True),
        ("203.0.113.0/24", "203.0.113.99", True),
        ("203.0.113.0/24", "203.0.114.1", False),
        ("2001:db8:1:2::/64", "2001:db8:1:2:aaaa:bbbb:cccc:dddd", True),
        ("2001:db8:1:2::5", "2001:db8:1:2::9", True),
        ("2001:db8:1::/48", "2001:db8:1:ffff::1", True),
        ("2001:db8:1::/48", "2001:db8:2::1", False),
    ],
)
def test_networks_are_known_even_when_addresses_are_forgotten(network, address, inside, kept):
    assert Trusted(networks=(normal_network(network),)).covers(at(address, kept=kept), SECRET) is inside


def test_a_wide_network_is_known_by_addresses_alone():
    wide = Trusted(networks=("10.0.0.0/8",))
    assert wide.covers(at("10.1.2.3"), SECRET)
    assert not wide.covers(at("10.1.2.3", kept=False), SECRET)


def test_devices_by_id_or_name_and_users():
    session = at("203.0.113.7")
    assert Trusted(devices=frozenset({"tv"})).covers(session, SECRET)
    assert Trusted(devices=frozenset({"Living room"})).covers(session, SECRET)
    assert Trusted(users=frozenset({"anna"})).covers(session, SECRET)
    assert not Trusted(frozenset({"phone"}), ("198.51.100.0/24",), frozenset({"ben"})).covers(session, SECRET)
    assert not Trusted(devices=frozenset({"tv"})).covers(replace(session, device_id=None), SECRET)


def test_networks_in_their_one_form():
    assert normal_network("203.0.113.9/24") == "203.0.113.0/24"
    assert normal_network("2001:db8::1") == "2001:db8::/64"
    assert normal_network("::ffff:203.0.113.9") == "203.0.113.9/32"
    with pytest.raises(ValueError, match="not appear"):
        normal_network("home")
