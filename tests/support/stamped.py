"""Stamped events by hand, one call each: what a test does not name is the same in all."""

from __future__ import annotations

import itertools
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from streamgauge.clock import hour_and_day, local_day, microseconds
from streamgauge.events.models import Page, Receipt, SessionFields, SessionItem, StampedEvent, VideoFields
from streamgauge.ids import keyed_number

ZONE = "Europe/Berlin"
_numbers = itertools.count()
_VIDEO_FIELDS = frozenset(VideoFields.__struct_fields__) - {"video_id"}


def instant(text: str, zone: str = ZONE) -> int:
    """Return microseconds of a local time such as `2026-11-20 23:50` or `2026-11-20 12:00:01.5`."""
    return microseconds(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)))


def person_hash(person: str, time: int, zone: str, days_back: int = 0) -> int:
    """Return the hash of a person under the salt of the day of an instant, or of an earlier one."""
    day = local_day(time, zone) - timedelta(days_back)
    return keyed_number(day.isoformat().encode(), person)


def session_call(call: str, at: str | int, *, session: str = "s", user: str = "anna", **rest: Any) -> StampedEvent:
    """Return a call about a session; what it says by the names of SessionFields, and of SessionItem."""
    said = {name: rest.pop(name) for name in list(rest) if name in SessionFields.__struct_fields__}
    played = {name: rest.pop(name) for name in list(rest) if name in SessionItem.__struct_fields__}
    item = SessionItem(**({"content_type": "movie", "content_id": "film", "device_id": "tv"} | played))
    fields = SessionFields(session, call, item, **said)  # type: ignore[arg-type]
    return stamped("session", at, person=None, user_id=user, session=fields, **rest)


def stamped(
    kind: str, at: str | int, *, person: str | None = "p", path: str = "/", zone: str = ZONE, **rest: Any
) -> StampedEvent:
    """Return an event of a person who is known by daily hashes; video fields may be given by their names."""
    number = next(_numbers)
    time = instant(at, zone) if isinstance(at, str) else at
    video_id = rest.pop(
        "video_id", None if kind in {"page_view", "custom", "session", "funnel_step", "identify"} else "v"
    )
    video = {name: rest.pop(name) for name in list(rest) if name in _VIDEO_FIELDS}
    hashes = {}
    if person is not None:
        hashes = {"hash": person_hash(person, time, zone), "prev_hash": person_hash(person, time, zone, 1)}
    received = rest.pop("received", time)
    values: dict[str, Any] = {
        "site": "site",
        "zone": zone,
        "id": f"e{number:09d}",
        "kind": kind,
        "time": time,
        "received": received,
        "receipt": Receipt(1, hour_and_day(received, zone)[0], number),
        "name": "signup" if kind == "custom" else None,
        "page": Page(f"https://x.test{path}", path) if kind == "page_view" else None,
        "video": None if video_id is None else VideoFields(video_id, **video),
        **hashes,
    }
    return StampedEvent(**(values | rest))
