"""Sessions of one user as sharing detection sees them, in hours and minutes."""

from __future__ import annotations

from typing import Any, Final

from streamgauge.sharing.models import HOUR, Point, Watched

NOON: Final = 1_780_000_000_000_000
MINUTE: Final = HOUR // 60

BERLIN: Final = Point(52.52, 13.405, 50.0)
POTSDAM: Final = Point(52.39, 13.06, 50.0)
MUNICH: Final = Point(48.14, 11.58, 50.0)
PALMA: Final = Point(39.57, 2.65, 50.0)
TOKYO: Final = Point(35.68, 139.69, 50.0)
NEW_YORK: Final = Point(40.7128, -74.006, 50.0)

COUNTRIES: Final = {
    BERLIN: "DE", POTSDAM: "DE", MUNICH: "DE", PALMA: "ES", TOKYO: "JP", NEW_YORK: "US",
}  # fmt: skip


def watched(name: str, device: str, begin: float, end: float, point: Point | None = None, **given: Any) -> Watched:
    """Return a session that played from `begin` to `end` (hours after NOON) on a device, at a place."""
    start, last = NOON + round(begin * HOUR), NOON + round(end * HOUR)
    said: dict[str, Any] = {
        "intervals": ((start, last),) if last > start else (),
        "network": None if point is None else hash(point) >> 1,
        "country": None if point is None else COUNTRIES.get(point),
        "device_id": device,
    } | given
    return Watched(name, "anna", f"id\x1f{device}", start, last, point=point, **said)
