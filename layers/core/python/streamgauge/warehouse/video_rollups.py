"""The rollups of videos: rows of a batch for the statement of `rollups`, and what a recounted day lacks of those stored."""

from __future__ import annotations

from itertools import accumulate
from typing import TYPE_CHECKING, Any, Final

from streamgauge.contributions import POINTS, VIDEO_AMOUNTS, Contributions

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from streamgauge.store.postgres import Connection

ADD: Final = """video_rows AS (
        INSERT INTO rollup_videos AS r (site_no, video_id, day, bots, views, qualified, measured, completions, failures, exits,
            watched, covered, buffered, kilobits, timed)
        SELECT * FROM json_to_recordset(%(videos)s) AS t(site_no integer, video_id text, day date, bots boolean, views integer,
            qualified integer, measured integer, completions integer, failures integer, exits integer, watched bigint,
            covered bigint, buffered bigint, kilobits bigint, timed bigint)
        ORDER BY site_no, video_id, day, bots
        ON CONFLICT (site_no, video_id, day, bots) DO UPDATE SET views = r.views + excluded.views,
            qualified = r.qualified + excluded.qualified, measured = r.measured + excluded.measured,
            completions = r.completions + excluded.completions, failures = r.failures + excluded.failures,
            exits = r.exits + excluded.exits, watched = r.watched + excluded.watched, covered = r.covered + excluded.covered,
            buffered = r.buffered + excluded.buffered, kilobits = r.kilobits + excluded.kilobits,
            timed = r.timed + excluded.timed
    ), video_curves AS (
        INSERT INTO rollup_video_curves AS r (site_no, video_id, day, bots, audience, watches)
        SELECT * FROM json_to_recordset(%(video_curves)s) AS t(site_no integer, video_id text, day date, bots boolean,
            audience integer[], watches integer[])
        ORDER BY site_no, video_id, day, bots
        ON CONFLICT (site_no, video_id, day, bots) DO UPDATE SET
            audience = ARRAY(SELECT a + b FROM unnest(r.audience, excluded.audience) WITH ORDINALITY AS t(a, b, n) ORDER BY n),
            watches = ARRAY(SELECT a + b FROM unnest(r.watches, excluded.watches) WITH ORDINALITY AS t(a, b, n) ORDER BY n)
    ), video_values AS (
        INSERT INTO rollup_video_values AS r (site_no, video_id, day, bots, kind, value, amount)
        SELECT * FROM json_to_recordset(%(video_values)s) AS t(site_no integer, video_id text, day date, bots boolean,
            kind smallint, value text, amount bigint)
        ORDER BY site_no, video_id, day, bots, kind, value
        ON CONFLICT (site_no, video_id, day, bots, kind, value) DO UPDATE SET amount = r.amount + excluded.amount
    )"""
"""The part of the statement of a batch that is about videos."""

_VIDEOS: Final = """
    SELECT video_id, bots, views, qualified, measured, completions, failures, exits, watched, covered, buffered, kilobits, timed
    FROM rollup_videos WHERE site_no = %s AND day = %s
"""
_CURVES: Final = "SELECT video_id, bots, audience, watches FROM rollup_video_curves WHERE site_no = %s AND day = %s"
_VALUES: Final = "SELECT video_id, bots, kind, value, amount FROM rollup_video_values WHERE site_no = %s AND day = %s"


def rows_of(into: Contributions, site_no: int) -> dict[str, list[dict[str, Any]]]:
    """Return the rows of each parameter of ADD; what changes nothing is left out."""
    videos, curves, values = [], [], []
    for key, amounts in into.videos.items():
        if any(amounts):
            videos.append(_key(site_no, key) | dict(zip(VIDEO_AMOUNTS, amounts, strict=True)))
    for key, curve in into.curves.items():
        if curve:
            counts = {"audience": _counts(curve.audience), "watches": _counts(curve.watches)}
            curves.append(_key(site_no, key) | counts)
    for (video_id, day, bots, kind, value), amount in into.video_values.items():
        if amount:
            values.append(_key(site_no, (video_id, day, bots)) | {"kind": kind, "value": value, "amount": amount})
    return {"videos": videos, "video_curves": curves, "video_values": values}


def touched_days(into: Contributions) -> set[date]:
    """Return the local days whose rollups of videos change."""
    days = {key[1] for key, amounts in into.videos.items() if any(amounts)}
    days |= {key[1] for key, curve in into.curves.items() if curve}
    return days | {key[1] for key, amount in into.video_values.items() if amount}


def subtract_stored(connection: Connection, site_no: int, day: date, wanted: Contributions, into: Contributions) -> int:
    """Fill `into` with what a day's stored rows lack of those wanted (or have too much), and return how many differ."""
    into.videos.update((key, list(amounts)) for key, amounts in wanted.videos.items())
    for video_id, bots, *amounts in connection.execute(_VIDEOS, [site_no, day]).fetchall():
        _subtract(into.videos[video_id, day, bots], amounts)
    for key, curve in wanted.curves.items():
        _subtract(into.curves[key].audience, [-step for step in curve.audience])
        _subtract(into.curves[key].watches, [-step for step in curve.watches])
    for video_id, bots, audience, watches in connection.execute(_CURVES, [site_no, day]).fetchall():
        left = into.curves[video_id, day, bots]
        _subtract(left.audience, _steps(audience))
        _subtract(left.watches, _steps(watches))
    into.video_values.update(wanted.video_values)
    for video_id, bots, kind, value, amount in connection.execute(_VALUES, [site_no, day]).fetchall():
        into.video_values[video_id, day, bots, kind, value] -= amount
    rows = rows_of(into, site_no)
    return sum(map(len, rows.values()))


def _key(site_no: int, key: tuple[str, date, bool]) -> dict[str, Any]:
    video_id, day, bots = key
    return {"site_no": site_no, "video_id": video_id, "day": day.isoformat(), "bots": bots}


def _counts(steps: Sequence[int]) -> list[int]:
    return list(accumulate(steps[:POINTS]))


def _steps(counts: Sequence[int]) -> list[int]:
    return [count - before for count, before in zip([*counts, 0], [0, *counts], strict=True)]


def _subtract(row: list[int], amounts: Sequence[int]) -> None:
    for index, amount in enumerate(amounts):
        row[index] -= amount


def parameters(of_batches: Sequence[Mapping[str, list[dict[str, Any]]]]) -> dict[str, list[dict[str, Any]]]:
    """Return the rows of several sites together."""
    names = ("videos", "video_curves", "video_values")
    return {name: [row for rows in of_batches for row in rows[name]] for name in names}
