"""Events of a believable site, made fast: visitors with habits, Zipf paths, some videos, over many days."""

from __future__ import annotations

import random
from bisect import bisect
from datetime import timedelta
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

VIEWS_SHARE: Final = 1 / 50
"""Calls of the view route among all events."""

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

    def events(self, count: int, lane: int = 0, lanes: int = 1) -> Iterator[StampedEvent]:
        """Yield `count` events in order of time, or the part of them that belongs to the visitors of one of `lanes`.

        One visit in fourteen watches a video: then seven events in a row say how far. One event in fifty is a call of the view
        route, one in twelve is custom, the rest are page views.
        """
        chance = self.chance
        span = self.days * 86_400 * MICROSECONDS
        open_visits: list[_Open] = []
        for made in range(lane, count, lanes):
            if len(open_visits) < _OPEN_VISITS:
                visitor = int(chance.random() ** 1.5 * self.visitors / lanes) * lanes + lane
                length = chance.choice((1, 1, 2, 3, 4, 6, 9))
                video = int(chance.random() ** 3 * 200) if chance.random() < 1 / 14 else None
                open_visits.append(_Open(visitor, length, chance.randrange(len(_SOURCES)), video))
            slot = chance.randrange(len(open_visits))
            visit = open_visits[slot]
            yield self._event(visit, self.start * MICROSECONDS + span * made // count, made)
            if visit.left <= 0 and not visit.watching:
                open_visits.pop(slot)

    def _event(self, visit: _Open, moment: int, n: int) -> StampedEvent:
        chance = self.chance
        lasting = visit.visitor // 2 % 2 == 0
        hour, day = hour_and_day(moment, "UTC")
        kind, name, page, video = "page_view", None, None, None
        if visit.watching:
            step = visit.watch()
            kind = _STEPS[step]
            video = VideoFields(f"video-{visit.video}", step * 15.0, 600.0, "1080p", 4500.0)
        else:
            visit.left -= 1
            draw = chance.random()
            if draw < VIEWS_SHARE:
                kind, video = "view", VideoFields(f"video-{int(chance.random() ** 3 * 200)}")
            elif draw < VIEWS_SHARE + 1 / 12:
                kind, name = "custom", ("signup", "download", "share")[n % 3]
            else:
                path = self.paths[bisect(self.weights, chance.random() * self.weights[-1])]
                page = Page(f"https://site.example{path}", path, f"Title of {path}")
        hashed = None if lasting else number("hash", str(visit.visitor), day.isoformat())
        return StampedEvent(
            site=self.site,
            zone="UTC",
            id=_id(moment, n),
            kind=kind,  # type: ignore[arg-type]
            name=name,
            time=moment,
            received=moment + 200_000,
            receipt=Receipt(7, hour, n),
            anonymous_id=f"visitor-{visit.visitor}" if lasting else None,
            session_id=f"play-{visit.visitor}" if video and kind != "view" else None,
            hash=hashed,
            prev_hash=None if lasting else number("hash", str(visit.visitor), str(day - timedelta(1))),
            address_hash=hashed,
            page=page,
            acquisition=_SOURCES[visit.source],
            surroundings=self.places[visit.visitor % len(self.places)],
            video=video,
        )


def _id(moment: int, n: int) -> str:
    """Return an id as ingest gives it (UUID version 7), the same each time."""
    time, chance = f"{moment // 1000 + 200:012x}", f"{number('event', str(n)) & (2**64 - 1):016x}"
    return f"{time[:8]}-{time[8:]}-7{n % 50:03x}-8{chance[1:4]}-{chance[4:]}"


class _Open:
    """A visit that goes on: so many pages are left, and perhaps a video to watch."""

    __slots__ = ("left", "source", "steps", "video", "visitor")

    def __init__(self, visitor: int, left: int, source: int, video: int | None) -> None:
        self.visitor, self.left, self.source, self.video = visitor, left, source, video
        self.steps = 0

    @property
    def watching(self) -> bool:
        """Its pages are seen, and the video is not over."""
        return self.video is not None and self.left <= 0 and self.steps < len(_STEPS)

    def watch(self) -> int:
        """Return the next step of the video."""
        self.steps += 1
        return self.steps - 1
