"""What reports on a library are about, and what a user's sessions say together. Pure."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

from streamgauge.clock import MICROSECONDS, instant, local_day

if TYPE_CHECKING:
    from collections.abc import Iterable

    from streamgauge.library.shapes import BandwidthRow

Window = Literal["day", "week", "month", "year", "all"]

WINDOWS: Final[dict[Window, int]] = {"day": 1, "week": 7, "month": 30, "year": 365}
"""Days of 24 hours up to now; `all` has no beginning."""
DAY: Final = 24 * 3600 * MICROSECONDS
HOUR: Final = 3600 * MICROSECONDS
WATCHED_SHARE: Final = 0.85
KBIT_MICROSECONDS_PER_GB: Final = 8 * 10**12
"""What `streamed` counts, kbit/s x microseconds, in 10^9 bytes."""
EVER: Final = -(2**63)
FIRST_DAY: Final = date(1, 1, 1)
LAST_DAY: Final = date(9999, 12, 31)


@dataclass(frozen=True, slots=True)
class Scope:
    """Sessions of a site that began on the local days `first` to `last`, at `since` (microseconds) or later.

    `play` is how long a session has to last to be a play, in microseconds; `today` the site's local day, whose sums change all the
    time, as do those of later ones.
    """

    site_no: int
    play: int
    first: date = FIRST_DAY
    last: date = LAST_DAY
    since: int = EVER
    today: date = LAST_DAY
    zone: str = "UTC"

    @property
    def key(self) -> dict[str, Any]:
        """The parameters that every statement about sessions takes."""
        return {
            "site_no": self.site_no,
            "play": self.play,
            "watched": WATCHED_SHARE,
            "first": self.first,
            "last": self.last,
            "since": self.since,
        }


def window_start(window: Window, now: int) -> int:
    """Return the first microsecond of a window that ends now."""
    days = WINDOWS.get(window)
    return EVER if days is None else now - days * DAY


def of_window(scope: Scope, window: Window, now: int) -> Scope:
    """Return the scope of the sessions that began within a window."""
    since = window_start(window, now)
    first = FIRST_DAY if since == EVER else local_day(since, scope.zone)
    return replace(scope, first=first, last=LAST_DAY, since=since)


def hours(duration: float) -> float:
    """Return microseconds in hours."""
    return duration / HOUR


def gigabytes(streamed: float) -> float:
    """Return what sessions streamed in GB of 10^9 bytes."""
    return float(streamed) / KBIT_MICROSECONDS_PER_GB


class Watch(NamedTuple):
    """A session as the report on its user reads it; `reached` and `runtime` in seconds, `duration` in microseconds."""

    day: date
    last: int
    duration: int
    device: str
    device_id: str | None
    client_name: str | None
    device_name: str | None
    reached: float
    runtime: float | None
    type: str
    genres: tuple[str, ...]


@dataclass(slots=True)
class Sums:
    """What sessions add up to."""

    sessions: int = 0
    plays: int = 0
    duration: int = 0
    watched: int = 0
    measured: int = 0
    shares: float = 0.0
    last: int = 0

    def add(self, one: Watch, play: int) -> None:
        """Add a session."""
        self.sessions += 1
        self.duration += one.duration
        self.last = max(self.last, one.last)
        if one.duration < play:
            return
        self.plays += 1
        if one.runtime:
            self.measured += 1
            self.shares += min(1.0, one.duration / MICROSECONDS / one.runtime)
            self.watched += one.reached >= WATCHED_SHARE * one.runtime

    @property
    def engagement_score(self) -> float:
        """The score of videos, 0 to 10, over plays: nothing is known of buffering; 0 without plays."""
        if not self.plays:
            return 0.0
        share = self.shares / self.measured if self.measured else 0.0
        return 10 * (0.5 * share + 0.3 * self.watched / self.plays + 0.2)


@dataclass(slots=True)
class UserSums:
    """What a user's sessions add up to, in all and by day, genre, type and device."""

    whole: Sums = field(default_factory=Sums)
    days: defaultdict[date, Sums] = field(default_factory=lambda: defaultdict(Sums))
    genres: defaultdict[str, Sums] = field(default_factory=lambda: defaultdict(Sums))
    types: defaultdict[str, Sums] = field(default_factory=lambda: defaultdict(Sums))
    devices: defaultdict[str, Sums] = field(default_factory=lambda: defaultdict(Sums))
    latest: dict[str, Watch] = field(default_factory=dict)


def user_sums(watches: Iterable[Watch], play: int) -> UserSums:
    """Return what the sessions of a user add up to; `play` in microseconds."""
    found = UserSums()
    for one in watches:
        parts = [found.whole, found.days[one.day], found.types[one.type], found.devices[one.device]]
        for sums in (*parts, *(found.genres[genre] for genre in one.genres)):
            sums.add(one, play)
        if one.device not in found.latest or one.last > found.latest[one.device].last:
            found.latest[one.device] = one
    return found


def most_played(sums: dict[str, Sums], limit: int) -> list[tuple[str, Sums]]:
    """Return the names with plays, the most played first, then those watched longest, ties by name."""
    played = [(name, one) for name, one in sums.items() if one.plays]
    return sorted(played, key=lambda row: (-row[1].plays, -row[1].duration, row[0]))[:limit]


def days_of(first: date, last: date) -> list[date]:
    """Return every day, both included."""
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]


def told(at: int | None) -> str | None:
    """Return an instant in microseconds as the API writes it."""
    return None if at is None else instant(at).isoformat()


def bandwidth(sessions: int, streamed: float, duration: int) -> BandwidthRow:
    """Return what sessions of so many microseconds streamed, and their mean bitrate over that time."""
    return {
        "bandwidth_gb": gigabytes(streamed),
        "sessions": sessions,
        "watch_hours": hours(duration),
        "mean_bitrate_kbps": streamed / duration if duration else 0.0,
    }
