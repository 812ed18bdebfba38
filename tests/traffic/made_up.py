"""Stamped events of a few busy people: midnights, ties, identification, late seeks, all that is easily got wrong."""

from __future__ import annotations

import random
from datetime import date

from streamgauge.clock import MICROSECONDS, day_start, hour_and_day, local_day
from streamgauge.events.models import Acquisition, Page, Receipt, StampedEvent, Surroundings, VideoFields
from streamgauge.ids import keyed_number

VIDEO_KINDS = (
    "video_start", "video_progress", "video_progress", "video_progress", "video_pause", "video_resume", "video_complete",
    "video_error", "video_buffer", "quality_change", "seek",
)  # fmt: skip
PATHS = ("/", "/a", "/b", "/c/d")
SOURCES = (
    Acquisition(),
    Acquisition("Google", "search", "https://www.google.com/"),
    Acquisition("News", "referral", None, "news"),
)
PLACES = (
    Surroundings("GB", "England", "London", "Firefox", "Linux", "desktop"),
    Surroundings("DE", None, None, "Chrome", "Android", "mobile"),
)


def person_hash(site: str, person: int, day: date) -> int:
    """Return the hash of a person under the salt of a day."""
    return keyed_number(day.isoformat().encode(), site, str(person))


def make(
    seed: int,
    count: int,
    *,
    site: str = "site",
    zone: str = "Europe/Berlin",
    people: int = 6,
    start: date = date(2026, 11, 20),
    days: int = 3,
) -> list[StampedEvent]:
    """Return `count` different events in order of time, with ties; the same for the same arguments.

    Three people share an address.
    """
    addresses = max(1, people // 3)
    chance = random.Random(seed)
    first = day_start(start, zone)
    span = days * 86_400
    # Bursts: moments close together, many of them around midnight, some exactly alike or exactly a gap apart.
    moments = []
    while len(moments) < count:
        if chance.random() < 0.4:
            centre = day_start(date.fromordinal(start.toordinal() + chance.randrange(days)), zone) + chance.randrange(
                -2400, 2400
            )
        else:
            centre = first + chance.randrange(span)
        person = chance.randrange(people)
        for _ in range(chance.randrange(1, 16)):
            centre += chance.choice((0, 1, 7, 60, 60, 300, 300, 900, 1799, 1800, 1801, 7200))
            who = person if chance.random() < 0.85 else chance.randrange(people)
            moments.append((max(first - 3600, centre) * MICROSECONDS, who))
    moments = sorted(moments[:count])
    received = (first + span + 3600) * MICROSECONDS
    events = []
    for n, (moment, person) in enumerate(moments):
        day = local_day(moment, zone)
        prev_day = date.fromordinal(day.toordinal() - 1)
        identity = person % 3  # 0: hash alone, 1: anonymous id, 2: hash and at times a user id
        kind = chance.choice(
            ("page_view", "page_view", "page_view", "custom", *VIDEO_KINDS[:3], chance.choice(VIDEO_KINDS), "view")
        )
        video = None
        if kind not in {"page_view", "custom"}:
            position = chance.choice((None, float(chance.randrange(0, 130))))
            video = VideoFields(
                video_id=chance.choice(("v1", "v2")),
                position=position if kind != "view" else None,
                duration=chance.choice((None, 120.0, 40.0)) if kind != "view" else None,
                quality=chance.choice((None, "720p", "1080p")) if kind != "view" else None,
                bitrate=chance.choice((None, 2500.0)) if kind != "view" else None,
                seek_from=float(chance.randrange(130)) if kind == "seek" and chance.random() < 0.5 else None,
                seek_to=float(chance.randrange(130)) if kind == "seek" and chance.random() < 0.7 else None,
                buffer_seconds=chance.choice((None, 1.5)) if kind == "video_buffer" else None,
                startup_time=chance.choice((None, 0.8)) if kind == "video_start" else None,
                fatal=chance.choice((None, True, False)) if kind == "video_error" else None,
            )
        backend = chance.random() < 0.04
        events.append(
            StampedEvent(
                site=site,
                zone=zone,
                id=f"e-{chance.randrange(10**6):06d}-{n}",
                kind=kind,
                name=chance.choice(("signup", "buy")) if kind == "custom" else None,
                time=moment,
                received=received,
                receipt=Receipt(1, hour_and_day(received, zone)[0], n),
                anonymous_id=f"anon-{person}" if identity == 1 else None,
                user_id=f"user-{chance.randrange(2)}" if (identity == 2 and chance.random() < 0.3) or backend else None,
                session_id=f"s-{person}-{chance.randrange(2)}" if chance.random() < 0.5 else None,
                hash=None if backend else person_hash(site, person, day),
                prev_hash=None if backend else person_hash(site, person, prev_day),
                address_hash=person_hash(site, 1000 + person % addresses, day) if kind == "view" else None,
                prev_address_hash=person_hash(site, 1000 + person % addresses, prev_day) if kind == "view" else None,
                bot=person == 5,
                touches_visit=not backend,
                interactive=chance.random() < 0.7,
                page=Page(f"https://x.test{path}", path)
                if (path := chance.choice(PATHS)) and kind == "page_view"
                else None,
                acquisition=chance.choice(SOURCES),
                surroundings=chance.choice(PLACES),
                video=video,
            )
        )
    return events
