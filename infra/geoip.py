"""Which city database a stage uses: the free one of the set-up, the team's own, or none; and what its licence asks to be shown."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import maxminddb

from infra.building import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

NONE: Final = "none"
"""The value of ANALYTICS_GEOIP_DB_PATH for a stage that wants no places."""
FREE: Final = ROOT / ".tools" / "geoip" / "node_modules" / "@ip-location-db" / "dbip-city-mmdb"
"""Where `make install` puts DB-IP's city database (CC BY 4.0): a file for IPv4 and one for IPv6."""

DB_IP: Final = "IP Geolocation by DB-IP (https://db-ip.com)"
GEOLITE: Final = "This product includes GeoLite Data created by MaxMind, available from https://www.maxmind.com"


@dataclass(frozen=True, slots=True)
class CityDatabase:
    """Files in MaxMind's format, and the text to show beside places; empty where the licence asks for none."""

    files: tuple[Path, ...]
    attribution: str = ""

    @property
    def path(self) -> str:
        """Return the files as functions on this machine are told them."""
        return os.pathsep.join(str(file) for file in self.files)


def city_database(setting: str | None, free: Path = FREE) -> CityDatabase | None:
    """Return the database of a setting: None is the free one where it was fetched, `none` or nothing is none.

    A path is a file, a folder of `*.mmdb`, or several, separated as in PATH. Raises ValueError when it holds no database.
    """
    if setting is None:
        files = tuple(sorted(free.glob("*.mmdb")))
        return CityDatabase(files, DB_IP) if files else None
    if setting.strip().lower() in {"", NONE}:
        return None
    files = tuple(_files(setting))
    kinds = [_kind(file) for file in files]
    if any(kind.startswith("geolite") for kind in kinds):
        return CityDatabase(files, GEOLITE)
    return CityDatabase(files, DB_IP if any(kind.startswith(("dbip", "db-ip")) for kind in kinds) else "")


def _files(setting: str) -> Iterator[Path]:
    for name in setting.split(os.pathsep):
        place = Path(name).expanduser().absolute()
        found = sorted(place.glob("*.mmdb")) if place.is_dir() else [place]
        if not found:
            raise ValueError(f"ANALYTICS_GEOIP_DB_PATH: there is no *.mmdb in {place}")
        yield from found


def _kind(file: Path) -> str:
    try:
        with maxminddb.open_database(file) as reader:
            return reader.metadata().database_type.lower()
    except (OSError, ValueError, maxminddb.InvalidDatabaseError) as error:
        raise ValueError(f"ANALYTICS_GEOIP_DB_PATH: {file} is no database in MaxMind's format ({error})") from error
