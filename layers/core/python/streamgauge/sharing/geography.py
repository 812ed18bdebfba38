"""Distances on the globe, and how fast one would have to go. Pure."""

from __future__ import annotations

from functools import lru_cache
from math import asin, cos, inf, radians, sin, sqrt
from typing import TYPE_CHECKING, Final

from streamgauge.sharing.models import HOUR

if TYPE_CHECKING:
    from streamgauge.sharing.models import Point

_EARTH_KM: Final = 6371.0088
FARTHEST_KM: Final = 20_040.0
"""No two places are farther apart."""


def distance_km(
    a_latitude: float | None, a_longitude: float | None, b_latitude: float | None, b_longitude: float | None
) -> float | None:
    """Return the great-circle distance of two positions in degrees; None where a coordinate is missing."""
    if a_latitude is None or a_longitude is None or b_latitude is None or b_longitude is None:
        return None
    return _haversine(a_latitude, a_longitude, b_latitude, b_longitude)


@lru_cache(maxsize=65_536)
def _haversine(a_latitude: float, a_longitude: float, b_latitude: float, b_longitude: float) -> float:
    across = sin(radians(b_latitude - a_latitude) / 2) ** 2
    along = sin(radians(b_longitude - a_longitude) / 2) ** 2
    square = across + cos(radians(a_latitude)) * cos(radians(b_latitude)) * along
    return 2 * _EARTH_KM * asin(sqrt(min(1.0, square)))


def reduced_km(a: Point, b: Point) -> float:
    """Return the least distance at which both may be: that of the positions, less both radii."""
    # In one order, so that the same two places are the same distance apart to the last digit.
    one, other = sorted((a, b))
    straight = _haversine(one.latitude, one.longitude, other.latitude, other.longitude)
    return max(0.0, straight - (one.radius_km + other.radius_km))


def speed_kmh(kilometres: float, gap: int) -> float:
    """Return how fast one has to go for a distance within a gap (microseconds); endless without one."""
    if kilometres <= 0:
        return 0.0
    return inf if gap <= 0 else kilometres / (gap / HOUR)


def is_impossible(kilometres: float | None, gap: int, most_kmh: float) -> bool:
    """Return whether nobody gets so far within a gap (microseconds); not where the distance is unknown."""
    return kilometres is not None and speed_kmh(kilometres, gap) > most_kmh


def reach(most_kmh: float) -> int:
    """Return after how long (microseconds) everybody may be anywhere."""
    return round(FARTHEST_KM / most_kmh * HOUR)
