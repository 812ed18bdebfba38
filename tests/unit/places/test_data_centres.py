"""Addresses of data centres and of homes; and that what is bundled is in order."""

from __future__ import annotations

import pytest
from streamgauge.access.registry import SiteRecord
from streamgauge.ingestion.spots import spot_of
from streamgauge.places import data_centres
from streamgauge.places.data_centres import is_data_centre

SITE = SiteRecord("home", 1, "Home", "UTC", (), {}, b"secret")


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("52.95.110.1", True),  # Amazon
        ("34.64.0.1", True),  # Google Cloud
        ("95.216.1.1", True),  # Hetzner
        ("104.16.0.1", True),  # Cloudflare
        ("2a01:4f8:1::1", True),  # Hetzner
        ("2600:1f18::1", True),  # Amazon
        ("81.2.69.142", False),  # a British provider of homes
        ("89.160.20.112", False),
        ("216.160.83.56", False),
        ("83.149.9.216", False),
        ("2003:e0::1", False),  # Deutsche Telekom
        ("192.168.1.1", False),
        ("::1", False),
        ("0.0.0.0", False),
        ("255.255.255.255", False),
    ],
)
def test_an_address(address, expected):
    assert is_data_centre(address) is expected
    spot = spot_of(address, SITE)
    assert spot is not None
    assert spot.hosting is expected


def test_ranges_are_in_order_and_apart():
    for firsts, lasts in data_centres._ranges().values():
        assert len(firsts) > 1000
        assert all(first <= last for first, last in zip(firsts, lasts, strict=True))
        assert all(last + 1 < first for last, first in zip(lasts, firsts[1:], strict=False))
