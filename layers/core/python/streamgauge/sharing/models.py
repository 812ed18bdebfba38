"""What the detectors look at, and what they find. Times in microseconds, distances in kilometres."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final, Literal, NamedTuple

from streamgauge.clock import MICROSECONDS

Rule = Literal["concurrent_streams", "geo_impossible", "device_spike"]
Severity = Literal["low", "medium", "high"]
Level = Literal["low", "medium", "high"]

CONCURRENT: Final[Rule] = "concurrent_streams"
GEOGRAPHY: Final[Rule] = "geo_impossible"
DEVICES: Final[Rule] = "device_spike"

HOUR: Final = 3600 * MICROSECONDS
DAY: Final = 24 * HOUR
KNOWN_DEVICE: Final = 90 * DAY
"""A device that was not used for so long is new again."""
EPISODE_END: Final = DAY
"""An episode is over after so long without evidence."""
YOUNGEST: Final = 30 * MICROSECONDS
"""Younger sessions say nothing yet: a film that goes on in another room has two for a moment."""


@dataclass(frozen=True, slots=True)
class Thresholds:
    """From where on each rule speaks: sessions at one moment, kilometres, km/h, new devices in a day."""

    concurrent_streams: int = 3
    geo_distance_km: float = 500.0
    geo_speed_kmh: float = 900.0
    device_spike: int = 5

    def shown(self) -> dict[str, float]:
        """Return the thresholds under the names of their settings."""
        return {
            "concurrent_streams_threshold": self.concurrent_streams,
            "geo_distance_threshold_km": self.geo_distance_km,
            "geo_speed_threshold_kmh": self.geo_speed_kmh,
            "device_spike_threshold": self.device_spike,
        }


class Point(NamedTuple):
    """Where an address is to be found: degrees, and the radius around them."""

    latitude: float
    longitude: float
    radius_km: float


@dataclass(frozen=True, slots=True)
class Watched:
    """A session as the detectors see it: when it played (half-open, apart, in order), where, on what.

    `present`: the last call says that it plays, though it may not have played for any time yet. `device` is the text that tells
    devices apart (`sessions.folding.device_of`); `network` the number of the household.
    """

    session_id: str
    user_id: str
    device: str
    start: int
    last: int
    intervals: tuple[tuple[int, int], ...] = ()
    present: bool = False
    network: int | None = None
    point: Point | None = None
    country: str | None = None
    city: str | None = None
    device_name: str | None = None
    client_name: str | None = None
    device_id: str | None = None
    ip_address: str | None = field(default=None, repr=False)

    @property
    def moments(self) -> tuple[tuple[int, int], ...]:
        """Return the intervals, and the moment of the last call where only that shows that it plays."""
        if self.present and (not self.intervals or self.intervals[-1][1] < self.last):
            return (*self.intervals, (self.last, self.last))
        return self.intervals

    @property
    def names_device(self) -> bool:
        """Return whether anything tells which device it is."""
        return not self.device.startswith("session\x1f")

    @property
    def is_identified(self) -> bool:
        """Return whether an id tells which device it is, not only names that many devices share."""
        return self.device.startswith("id\x1f")


class Use(NamedTuple):
    """From when to when a user used a device."""

    device: str
    start: int
    last: int


@dataclass(frozen=True, slots=True)
class Finding:
    """One piece of evidence: `amount` is sessions, kilometres or devices; `sessions` sorted by start and id."""

    rule: Rule
    first: int
    last: int
    amount: float
    sessions: tuple[Watched, ...]
    overlaps: bool = False
    details: dict[str, Any] = field(default_factory=dict)

    @property
    def order(self) -> tuple[int, int, tuple[str, ...]]:
        """Return what findings of a rule are sorted by."""
        return self.first, self.last, tuple(session.session_id for session in self.sessions)


@dataclass(frozen=True, slots=True)
class Episode:
    """Findings of a rule with less than 24 h between one and the next."""

    rule: Rule
    first: int
    last: int
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class Judged:
    """An episode with what an alert says of it."""

    episode: Episode
    severity: Severity
    evidence: dict[str, Any]
