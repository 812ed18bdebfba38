"""The reports of a funnel: figures over a range, and comparisons."""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta
from itertools import combinations
from typing import TYPE_CHECKING, Any, Final, Literal

from psycopg import sql

from streamgauge.funnels import figures, queries, saved
from streamgauge.funnels.attempts import Reader, Span, begin, require_raw
from streamgauge.funnels.figures import Tally
from streamgauge.rollups.ranges import BOT_FLAGS
from streamgauge.store.postgres import array
from streamgauge.warehouse.dictionaries import bigints

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from streamgauge.funnels.attempts import Entered
    from streamgauge.funnels.definitions import Kept
    from streamgauge.rollups.ranges import Bots, Days
    from streamgauge.store.postgres import Connection

Breakdown = Literal[
    "page", "referrer", "source", "channel", "utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content",
    "country", "region", "city", "browser", "os", "device", "screen", "language",
]  # fmt: skip

_OF_ACQUISITION: Final = frozenset(
    {"referrer", "source", "channel", "utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content"}
)


def analytics(
    connection: Connection,
    funnel: Kept,
    days: Days,
    bots: Bots,
    *,
    breakdown: Breakdown | None = None,
    fresh: bool = False,
) -> dict[str, Any]:
    """Return all figures of a funnel over a range, `limit` values of a dimension with most entries; `fresh` passes what is kept by.

    Raises OutOfBoundsError when raw events that it takes are gone, and no day that is kept stands in for them.
    """
    span = Span(funnel, days.timezone, days.start, days.end, tuple(BOT_FLAGS[bots]))
    asked = breakdown or ""
    body = None if fresh else saved.read_result(connection, span, bots, asked)
    if body is None:
        with connection.transaction():
            begin(connection)
            seen = saved.changes(connection, span)
            body = _compute(connection, span, breakdown)
        saved.keep_result(connection, span, bots, asked, seen, body)
    return {"funnel_id": funnel.funnel_id, **_with_names(body, funnel)}


def compare(results: Sequence[tuple[str, dict[str, Any]]]) -> list[dict[str, Any]]:
    """Test the conversion rates of every pair of (label, figures)."""
    return [
        {
            "a": a,
            "b": b,
            **figures.z_test((of_a["conversions"], of_a["entries"]), (of_b["conversions"], of_b["entries"])),
        }
        for (a, of_a), (b, of_b) in combinations(results, 2)
    ]


def _compute(connection: Connection, span: Span, breakdown: Breakdown | None) -> dict[str, Any]:
    if breakdown is not None:
        require_raw(connection, span)
        return _broken_down(connection, span, breakdown)
    length = (span.end - span.start).days + 1
    tally = Tally(len(span.funnel.definition.steps), length)
    held = saved.read_days(connection, span)
    if not held:
        require_raw(connection, span)
        found = Reader(connection, span).per_day()
        for day, entries in found.entries.items():
            tally.add_entries(day, entries)
        people = [one.times for one in found.attempts]
    else:
        attempts = [one for day in held.values() for one in day]
        for part in saved.missing_runs(span, held):
            require_raw(connection, part)
            attempts += Reader(connection, part).per_person().attempts
        people = list(saved.best(attempts).values())
    for times in people:
        tally.add(saved.entry_day(times, span.zone, span.start), times)
    return _figures(tally, span)


def _broken_down(connection: Connection, span: Span, breakdown: Breakdown) -> dict[str, Any]:
    """Return the figures of everybody, and of the people per value of the visit (page: the event) that they entered with."""
    if breakdown == "page":
        own = sql.SQL("e.page")
    else:
        own = sql.SQL("e.acquisition" if breakdown in _OF_ACQUISITION else "e.surroundings")
    length, steps = (span.end - span.start).days + 1, len(span.funnel.definition.steps)
    entered = list(Reader(connection, span).entered(own))
    everybody = Tally(steps, length)
    parts: defaultdict[str, Tally] = defaultdict(lambda: Tally(steps, length))
    for one, name in zip(entered, _values(connection, span, entered, breakdown), strict=True):
        day = saved.entry_day(one.attempt.times, span.zone, span.start)
        everybody.add(day, one.attempt.times)
        if name is not None:
            parts[name].add(day, one.attempt.times)
    ordered = sorted(parts.items(), key=lambda part: (-part[1].people[0], part[0]))
    names = _names(span.funnel)
    return {
        **_figures(everybody, span),
        "breakdown": [
            {"name": name, **figures.totals(tally), "steps": figures.steps(tally, names, times=True)}
            for name, tally in ordered
        ],
    }


def _values(
    connection: Connection, span: Span, entered: Sequence[Entered], breakdown: Breakdown
) -> Iterable[str | None]:
    """Return the value of each attempt: its visit's (that of the visit's first event), without a visit its event's own."""
    codes = [one.own for one in entered]
    if breakdown == "page":
        paths: dict[int, str] = dict(connection.execute(queries.PATHS_OF_CODES, {"codes": _distinct(codes)}).fetchall())
        return [None if code is None else paths.get(code) for code in codes]
    of_acquisition = breakdown in _OF_ACQUISITION
    places = [place for place, one in enumerate(entered) if one.visit_key is not None]
    key = {
        "site_no": span.funnel.site_no,
        "keys": array([entered[place].visit_key for place in places]),
        "times": array([entered[place].attempt.times[0] for place in places]),
    }
    for number, acquisition, surroundings in connection.execute(queries.FIRST_OF_VISIT, key).fetchall():
        codes[places[number - 1]] = acquisition if of_acquisition else surroundings
    table = sql.Identifier("acquisitions" if of_acquisition else "surroundings")
    statement = sql.SQL(queries.VALUES_OF_CODES).format(column=sql.Identifier(breakdown), table=table)
    values: dict[int, str | None] = dict(connection.execute(statement, {"codes": _distinct(codes)}).fetchall())
    return [None if code is None else values.get(code) for code in codes]


def _distinct(codes: Iterable[int | None]) -> str:
    return bigints({code for code in codes if code is not None})


def _figures(tally: Tally, span: Span) -> dict[str, Any]:
    return {
        **figures.totals(tally),
        "steps": figures.steps(tally, _names(span.funnel), times=True),
        "daily": [
            {
                "date": (span.start + timedelta(day)).isoformat(),
                "entries": entries,
                "conversions": conversions,
                "conversion_rate": figures.rate(conversions, entries),
            }
            for day, (entries, conversions) in enumerate(zip(tally.entries, tally.conversions, strict=True))
        ],
    }


def _names(funnel: Kept) -> list[str]:
    return [step.name for step in funnel.definition.steps]


def _with_names(body: dict[str, Any], funnel: Kept) -> dict[str, Any]:
    """Name the steps as the definition does; a kept answer may be older than a step's name."""
    return {**body, "steps": [{**row, "name": name} for row, name in zip(body["steps"], _names(funnel), strict=True)]}


def plain(body: dict[str, Any]) -> dict[str, Any]:
    """Return figures without times and days."""
    short = {name: value for name, value in body.items() if name != "daily"}
    short["steps"] = [_untimed(row) for row in body["steps"]]
    if "breakdown" in body:
        short["breakdown"] = [{**part, "steps": [_untimed(row) for row in part["steps"]]} for part in body["breakdown"]]
    return short


def _untimed(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name not in {"median_seconds", "p90_seconds"}}
