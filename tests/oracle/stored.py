"""What Postgres and DynamoDB hold of a site, in the oracle's terms, and where the two differ."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from streamgauge.dimensions import Dimension

from tests.oracle.counting import Counted

if TYPE_CHECKING:
    import psycopg

_HOURS = ("visitors", "lasting", "visits", "bounces", "pageviews", "events", "duration")
_DAYS = ("visitors", "lasting", "visits", "entries", "bounces", "pageviews", "events", "duration", "page_time")
_VIDEOS = (
    "views",
    "qualified",
    "measured",
    "completions",
    "failures",
    "exits",
    "watched",
    "covered",
    "buffered",
    "kilobits",
    "timed",
)
_KINDS = {1: "startup", 2: "rendition"}


def stored(connection: psycopg.Connection[Any], site_no: int) -> Counted:
    """Read the rollups of a site; rows and amounts that are zero are left out."""

    def rows(query: str) -> list[tuple[Any, ...]]:
        return connection.execute(query, [site_no]).fetchall()

    hours = rows(f"SELECT hour, bots, {', '.join(_HOURS)} FROM rollup_hours WHERE site_no = %s")
    days = rows(f"SELECT dimension, day, bots, name, {', '.join(_DAYS)} FROM rollup_days WHERE site_no = %s")
    videos = rows(f"SELECT video_id, day, bots, {', '.join(_VIDEOS)} FROM rollup_videos WHERE site_no = %s")
    curves = rows("SELECT video_id, day, bots, audience, watches FROM rollup_video_curves WHERE site_no = %s")
    values = rows("SELECT video_id, day, bots, kind, value, amount FROM rollup_video_values WHERE site_no = %s")
    views = rows("SELECT video_id, bucket, n FROM view_counters WHERE site_no = %s")
    playbacks = rows(
        "SELECT video_id, start, bot, section_starts, section_ends, startup_time, qualities, quality_times, bitrate_time,"
        " bitrate_weight FROM playbacks WHERE site_no = %s AND (started_at IS NOT NULL OR progressed)"
    )
    return Counted(
        {(hour, bots): found for hour, bots, *amounts in hours if (found := _amounts(_HOURS, amounts))},
        {
            (Dimension(dimension).name.lower(), day, bots, name): found
            for dimension, day, bots, name, *amounts in days
            if (found := _amounts(_DAYS, amounts))
        },
        {(video, day, bots): found for video, day, bots, *amounts in videos if (found := _amounts(_VIDEOS, amounts))},
        Counter({(video, bucket): n for video, bucket, n in views if n}),
        sorted(map(_playback, playbacks), key=repr),
        {
            (video, day, bots): (audience, watches)
            for video, day, bots, audience, watches in curves
            if any(audience) or any(watches)
        },
        Counter({(video, day, bots, _KINDS[kind], value): n for video, day, bots, kind, value, n in values if n}),
    )


def _amounts(names: tuple[str, ...], values: list[int]) -> dict[str, int]:
    return {name: value for name, value in zip(names, values, strict=True) if value}


def _playback(row: tuple[Any, ...]) -> tuple[Any, ...]:
    video, start, bot, starts, ends, startup, qualities, times, bitrate_time, weight = row
    return (
        video,
        start,
        bot,
        [[begin, end] for begin, end in zip(starts, ends, strict=True)],
        None if startup is None else round(startup, 6),
        {name: round(spent, 6) for name, spent in sorted(zip(qualities, times, strict=True))},
        round(bitrate_time, 3),
        round(weight, 6),
    )


def differences(wanted: Counted, found: Counted) -> list[str]:
    """Return what differs, one line each, at most 20; empty when all is equal."""
    lines: list[str] = []
    for name in ("hours", "days", "videos", "views", "curves", "values"):
        expected, actual = getattr(wanted, name), getattr(found, name)
        lines += [
            f"{name} {key}: expected {expected.get(key)}, stored {actual.get(key)}"
            for key in sorted(expected.keys() | actual.keys(), key=repr)
            if expected.get(key) != actual.get(key)
        ]
    if wanted.playbacks != found.playbacks:
        lines += [f"playback expected {one}" for one in wanted.playbacks if one not in found.playbacks]
        lines += [f"playback stored {one}" for one in found.playbacks if one not in wanted.playbacks]
    return lines[:20]
