# ruff: noqa: INP001 - run as a script, not imported
"""Makes `places/data_centres.bin` of `npm pack @ip-location-db/asn` (RouteViews, NRO and DB-IP, CC BY 4.0).

    python scripts/bundle_data_centres.py FOLDER_OF_THE_UNPACKED_PACKAGE

Taken are the networks of providers whose addresses are servers, not homes: clouds, hosters, and where VPN services rent.
"""

from __future__ import annotations

import csv
import sys
from array import array
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

TARGET: Final = Path(__file__).parents[1] / "layers" / "core" / "python" / "streamgauge" / "places" / "data_centres.bin"
PROVIDERS: Final = {
    "Amazon": (16509, 14618),
    "Google": (15169, 396982),
    "Microsoft": (8075,),
    "Oracle": (31898,),
    "Alibaba": (45102, 37963),
    "Tencent": (132203, 45090),
    "Huawei Cloud": (136907, 55990),
    "IBM": (36351,),
    "OVH": (16276,),
    "Hetzner": (24940, 213230, 212317),
    "DigitalOcean": (14061,),
    "Akamai": (63949, 20940, 16625),
    "Vultr": (20473,),
    "Contabo": (51167, 40021, 141995),
    "Scaleway": (12876,),
    "IONOS": (8560,),
    "Leaseweb": (60781, 28753, 59253, 133752, 395954, 30633, 7203, 396362, 205544),
    "M247": (9009, 16247),
    "Datacamp": (60068, 212238),
    "Cloudflare": (13335, 209242),
    "Fastly": (54113,),
    "G-Core": (199524,),
    "HostRoyale": (203020,),
    "Zenlayer": (21859, 4229),
    "Clouvider": (62240,),
    "QuadraNet": (8100,),
    "ColoCrossing": (36352,),
    "Psychz": (40676,),
    "FranTech": (53667,),
    "Mullvad": (39351,),
    "31173 Services": (31173,),
    "Proton": (62371, 209103),
    "Tefincom": (136787,),
    "Packethub": (147049, 207137),
    "Worldstream": (49981,),
    "Hostinger": (47583,),
    "GoDaddy": (26496,),
    "Namecheap": (22612,),
    "Netcup": (197540,),
    "UpCloud": (202053, 25697),
    "Rackspace": (33070, 19994, 27357),
    "Linode": (63949,),
    "Selectel": (49505, 50340),
    "Timeweb": (9123,),
    "Aruba": (31034,),
    "Hivelocity": (29802,),
    "Equinix Metal": (54825,),
    "Gigenet": (32181,),
    "Sharktech": (46844,),
    "Stark Industries": (44477,),
    "Tzulo": (11878,),
    "Interserver": (19318,),
    "DediPath": (35913,),
    "Strato": (6724,),
    "myLoc": (24961,),
    "Hostwinds": (54290,),
    "Kamatera": (41436, 36007, 396948, 204548),
    "Servers.com": (7979,),
    "i3D": (49544,),
    "xTom": (3214, 4785, 8888, 9312),
}
SKIPPED_BITS: Final = 64
"""Of IPv6 the network's half is kept."""


def ranges(file: Path, shift: int) -> Iterator[tuple[int, int]]:
    """Yield the ranges of the providers, first and last number of each."""
    wanted = {number for numbers in PROVIDERS.values() for number in numbers}
    with file.open(newline="") as source:
        for first, last, number, *_ in csv.reader(source):
            if int(number) in wanted:
                yield int(ip_address(first)) >> shift, int(ip_address(last)) >> shift


def joined(found: Iterator[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return ranges in order, those that touch as one."""
    merged: list[tuple[int, int]] = []
    for first, last in sorted(found):
        if merged and first <= merged[-1][1] + 1:
            merged[-1] = merged[-1][0], max(merged[-1][1], last)
        else:
            merged.append((first, last))
    return merged


def main(folder: Path) -> None:
    """Write the file."""
    content = b""
    for file, kind, shift in (("asn-ipv4.csv", "I", 0), ("asn-ipv6.csv", "Q", SKIPPED_BITS)):
        found = joined(ranges(folder / file, shift))
        content += len(found).to_bytes(4, "little")
        for column in zip(*found, strict=True):
            numbers = array(kind, column)
            if sys.byteorder == "big":
                numbers.byteswap()
            content += numbers.tobytes()
    TARGET.write_bytes(content)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
