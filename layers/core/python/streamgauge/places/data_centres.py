"""Which addresses belong to data centres: clouds, hosters, and where VPN services rent. Nobody lives there, so they are no place.

`data_centres.bin` (`scripts/bundle_data_centres.py`) holds for IPv4, then for the upper half of IPv6: how many ranges, their
first numbers, their last numbers. Made of RouteViews' and the NRO's tables and of IP to ASN by DB-IP (https://db-ip.com), CC BY 4.0.
"""

from __future__ import annotations

import sys
from array import array
from bisect import bisect_right
from functools import lru_cache
from ipaddress import ip_address
from pathlib import Path
from typing import Final

_FILE: Final = Path(__file__).with_name("data_centres.bin")
_IPV4: Final = 4
_KINDS: Final = ((_IPV4, "I"), (6, "Q"))
_SKIPPED_BITS: Final = {_IPV4: 0, 6: 64}

Ranges = tuple["array[int]", "array[int]"]


@lru_cache(maxsize=8192)
def is_data_centre(address: str) -> bool:
    """Return whether an address, in its one form (`places.lookup.normal`), is one of a data centre."""
    found = ip_address(address)
    firsts, lasts = _ranges()[found.version]
    number = int(found) >> _SKIPPED_BITS[found.version]
    place = bisect_right(firsts, number) - 1
    return place >= 0 and number <= lasts[place]


@lru_cache(maxsize=1)
def _ranges() -> dict[int, Ranges]:
    content = _FILE.read_bytes()
    found: dict[int, Ranges] = {}
    start = 0
    for version, kind in _KINDS:
        count = int.from_bytes(content[start : start + 4], "little")
        start += 4
        columns: list[array[int]] = []
        for _ in range(2):
            column = array(kind)
            end = start + count * column.itemsize
            column.frombytes(content[start:end])
            if sys.byteorder == "big":
                column.byteswap()
            columns.append(column)
            start = end
        found[version] = columns[0], columns[1]
    return found
