"""Figures of a funnel per value of a dimension: of the visit that people entered with, or the page of the event."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any, Final, Literal

from psycopg import sql

from streamgauge.funnels import figures, queries, saved
from streamgauge.funnels.attempts import Reader
from streamgauge.funnels.figures import Tally
from streamgauge.store.postgres import array
from streamgauge.warehouse.dictionaries import bigints

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from streamgauge.filters.models import Filters
    from streamgauge.funnels.spans import Entered, Span
    from streamgauge.store.postgres import Connection

Breakdown = Literal[
    "page", "referrer", "source", "channel", "utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content",
    "country", "region", "city", "browser", "os", "device", "screen", "language",
]  # fmt: skip

_OF_ACQUISITION: Final = frozenset(
    {"referrer", "source", "channel", "utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content"}
)


def broken_down(connection: Connection, span: Span, breakdown: Breakdown, filters: Filters) -> dict[str, Any]:
    """Return the figures of everybody, and of the people per value of the visit (page: the event) that they entered with."""
    if breakdown == "page":
        own = sql.SQL("e.page")
    else:
        own = sql.SQL("e.acquisition" if breakdown in _OF_ACQUISITION else "e.surroundings")
    steps = len(span.funnel.definition.steps)
    entered = list(Reader(connection, span, filters).entered(own))
    everybody = Tally(steps, span.length)
    parts: defaultdict[str, Tally] = defaultdict(lambda: Tally(steps, span.length))
    for one, name in zip(entered, _values(connection, span, entered, breakdown), strict=True):
        day = saved.entry_day(one.attempt.times, span.zone, span.start)
        everybody.add(day, one.attempt.times)
        if name is not None:
            parts[name].add(day, one.attempt.times)
    ordered = sorted(parts.items(), key=lambda part: (-part[1].people[0], part[0]))
    names = [step.name for step in span.funnel.definition.steps]
    return {
        **figures.of_span(everybody, span.start, names),
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
