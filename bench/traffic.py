"""Events of a believable site, made fast: visitors with habits, Zipf paths, some videos, over many days."""

from __future__ import annotations

import random
from bisect import bisect
from itertools import accumulate
from typing import TYPE_CHECKING, Final

from streamgauge.clock import MICROSECONDS, hour_and_day
from streamgauge.events.models import Acquisition, Page, Receipt, StampedEvent, Surroundings, VideoFields
from streamgauge.ids import number

if TYPE_CHECKING:
    from collections.abc import Iterator

_COUNTRIES: Final = ("US", "DE", "GB", "FR", "IN", "BR", "JP", "CA", "NL", "SE", "ES", "IT", "PL", "AU", "MX")
_BROWSERS: Final = ("Chrome", "Safari", "Firefox", "Edge", "Samsung Internet")
_SYSTEMS: Final = ("Windows", "Android", "iOS", "Mac OS X", "Linux")
_DEVICES: Final = ("desktop", "mobile", "tablet")
_SCREENS: Final = ("1920x1080", "390x844", "1440x900", "412x915")
_LANGUAGES: Final = ("en-US", "de-DE", "fr-FR", "es-ES")
_SOURCES: Final = (
    Acquisition(),
    Acquisition(),
    Acquisition("Google", "search", "https://www.google.com/"),
    Acquisition("Reddit", "social", "https://www.reddit.com/r/videos"),
    Acquisition("news.example", "referral", "https://news.example/today"),
    Acquisition("newsletter", "email", None, "newsletter", "email", "november"),
)
_STEPS: Final = (
    "video_start",
    "video_progress",
    "video_progress",
    "video_pause",
    "video_resume",
    "video_progress",
    "video_complete",
)

_OPEN_VISITS: Final = 20
"""So many visits overlap at any time, as on a live stream."""


class Site:
    """A site's habits: `visitors` people, `paths` pages with Zipf popularity, events over `days` from `start` (epoch s)."""

    def __init__(self, site: str, *, visitors: int, paths: int, start: int, days: int, seed: int = 1) -> None:
        self.site, self.visitors, self.start, self.days = site, visitors, start, days
        self.chance = random.Random(seed)
        self.paths = [f"/section-{n % 17}/page-{n}" for n in range(paths)]
        self.weights = list(accumulate(1 / (n + 1) for n in range(paths)))
        self.places = [
            Surroundings(
                country,
                f"{country}-region-{n % 7}",
                f"{country}-city-{n % 23}",
                _BROWSERS[n % 5],
                _SYSTEMS[n // 3 % 5],
                _DEVICES[n // 2 % 3],
                _SCREENS[n % 4],
                _LANGUAGES[n % 4],
            )
            for n in range(3000)
            for country in (_COUNTRIES[int(abs(self.chance.gauss(0, 4))) % 15],)
        ]

    def events(self, count: int) -> Iterator[StampedEvent]:
        """Yield `count` events in order of time: one in seven of a video, one in twelve custom, the rest page views."""
        chance = self.chance
        span = self.days * 86_400 * MICROSECONDS
        made = 0
        open_visits: list[tuple[int, int, int]] = []
        while made < count:
            if len(open_visits) < _OPEN_VISITS:
                visitor = int(chance.random() ** 1.5 * self.visitors)
                open_visits.append((visitor, chance.choice((1, 1, 2, 3, 4, 6, 9)), chance.randrange(len(_SOURCES))))
            slot = chance.randrange(len(open_visits))
            visitor, left, source = open_visits[slot]
            moment = self.start * MICROSECONDS + span * made // count
            yield self._event(visitor, source, moment, made)
            made += 1
            if left <= 1:
                open_visits.pop(slot)
            else:
                open_visits[slot] = (visitor, left - 1, source)

    def _event(self, visitor: int, source: int, moment: int, n: int) -> StampedEvent:
        chance = self.chance
        lasting = visitor % 2 == 0
        hour, day = hour_and_day(moment, "UTC")
        path = self.paths[bisect(self.weights, chance.random() * self.weights[-1])]
        kind, video, name = "page_view", None, None
        draw = chance.random()
        if draw < 1 / 7:
            kind = _STEPS[n % len(_STEPS)]
            video = VideoFields(f"video-{int(chance.random() ** 3 * 200)}", float(n % 600), 600.0, "1080p", 4500.0)
        elif draw < 1 / 7 + 1 / 12:
            kind, name = "custom", ("signup", "download", "share")[n % 3]
        return StampedEvent(
            site=self.site,
            zone="UTC",
            id=f"{number('event', self.site, str(n)) & (2**64 - 1):016x}{n:016x}",
            kind=kind,  # type: ignore[arg-type]
            name=name,
            time=moment,
            received=moment + 200_000,
            receipt=Receipt(7, hour, n),
            anonymous_id=f"visitor-{visitor}" if lasting else None,
            session_id=f"play-{visitor}" if video else None,
            hash=None if lasting else number("hash", str(visitor), day.isoformat()),
            prev_hash=None if lasting else number("hash", str(visitor), str(day.toordinal() - 1)),
            page=Page(f"https://site.example{path}", path, f"Title of {path}") if kind == "page_view" else None,
            acquisition=_SOURCES[source],
            surroundings=self.places[visitor % len(self.places)],
            video=video,
        )
