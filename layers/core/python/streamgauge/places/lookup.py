"""Where an address is, by a database in MaxMind's format: MaxMind's nested records and DB-IP's flat ones, IPv4 and IPv6."""

from __future__ import annotations

import os
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from streamgauge import telemetry
from streamgauge.settings import settings

if TYPE_CHECKING:
    import maxminddb

_TEXT: Final = 128
_IPV6: Final = 6
_CITY_KM: Final = 50.0
"""How far a city reaches, where the database does not say."""


class Place(NamedTuple):
    """A place by its names; `country` is the two-letter code. None where unknown."""

    country: str | None = None
    region: str | None = None
    city: str | None = None


NOWHERE: Final = Place()


class Position(NamedTuple):
    """A point in degrees, and the radius in kilometres in which the address is to be found."""

    latitude: float
    longitude: float
    radius_km: float


@lru_cache(maxsize=8192)
def normal(address: str) -> str | None:
    """Return an address in its one form (IPv4 in IPv6 as IPv4, no zone); None for what is none."""
    found = _read(address)
    return None if found is None else str(found)


@lru_cache(maxsize=8192)
def place_of(address: str) -> Place:
    """Return the place of an address; nowhere without a database or an entry in it."""
    record = _record(address)
    return NOWHERE if record is None else _place(record)


def position_of(address: str) -> Position | None:
    """Return the position of an address.

    None without a database or an entry in it, for an address that is not public (private, carrier-grade NAT), and where no more
    than the country is known.
    """
    record = _record(address)
    return None if record is None else _position(record)


def _record(address: str) -> dict[str, Any] | None:
    found = _read(address)
    if found is None or not found.is_global:
        return None
    for reader in _readers(settings().text("ANALYTICS_GEOIP_DB_PATH", "")):
        if found.version == _IPV6 and reader.metadata().ip_version != _IPV6:
            continue
        record = reader.get(str(found))
        if isinstance(record, dict):
            return record
    return None


def _read(address: str) -> IPv4Address | IPv6Address | None:
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return None
    mapped = found.ipv4_mapped if isinstance(found, IPv6Address) else None
    return mapped or found


@lru_cache(maxsize=2)
def _readers(path: str) -> tuple[maxminddb.Reader, ...]:
    """Open the databases of a setting: files, or folders of them, separated as in PATH. IPv4 first."""
    if not path:
        return ()
    import maxminddb as library  # noqa: PLC0415 - only a stage with a database pays for it

    found: list[maxminddb.Reader] = []
    for name in path.split(os.pathsep):
        place = Path(name)
        for file in sorted(place.glob("*.mmdb")) if place.is_dir() else [place]:
            try:
                found.append(library.open_database(file))
            except (OSError, ValueError, library.InvalidDatabaseError) as error:
                # An event without a place is worth more than none.
                telemetry.logger().warning("no geographic database", extra={"file": str(file), "error": str(error)})
    return tuple(sorted(found, key=lambda reader: reader.metadata().ip_version))


def _place(record: dict[str, Any]) -> Place:
    if "country_code" in record:
        return Place(_text(record["country_code"]), _text(record.get("state1")), _text(record.get("city")))
    divisions = record.get("subdivisions") or [{}]
    country = record.get("country") or record.get("registered_country") or {}
    return Place(_text(country.get("iso_code")), _named(divisions[0]), _named(record.get("city")))


def _position(record: dict[str, Any]) -> Position | None:
    location = record.get("location") or record
    latitude, longitude = _degrees(location.get("latitude"), 90), _degrees(location.get("longitude"), 180)
    if latitude is None or longitude is None:
        return None
    radius = location.get("accuracy_radius")
    if isinstance(radius, int | float) and radius > 0:
        return Position(latitude, longitude, float(radius))
    return None if _place(record).city is None else Position(latitude, longitude, _CITY_KM)


def _degrees(value: Any, most: float) -> float | None:  # noqa: ANN401 - a database's record
    # Flat databases are made of CSV, and some keep its text.
    try:
        found = float(value)
    except (TypeError, ValueError):
        return None
    return found if -most <= found <= most else None


def _named(part: Any) -> str | None:  # noqa: ANN401 - a database's record
    if not isinstance(part, dict):
        return None
    return _text((part.get("names") or {}).get("en")) or _text(part.get("iso_code"))


def _text(value: Any) -> str | None:  # noqa: ANN401 - a database's record
    return value[:_TEXT] if isinstance(value, str) and value else None
