"""The reports of a funnel: figures over a range, beside the time just before, and comparisons."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Any

from streamgauge.filters.models import Filters
from streamgauge.funnels import figures, saved
from streamgauge.funnels.attempts import Reader, begin
from streamgauge.funnels.breakdowns import broken_down
from streamgauge.funnels.figures import Tally
from streamgauge.funnels.spans import Span, require_raw
from streamgauge.rollups.elapsed import before
from streamgauge.rollups.ranges import BOT_FLAGS
from streamgauge.web.figures import comparison

if TYPE_CHECKING:
    from collections.abc import Sequence

    from streamgauge.funnels.breakdowns import Breakdown
    from streamgauge.funnels.definitions import Kept
    from streamgauge.rollups.ranges import Bots, Days
    from streamgauge.store.postgres import Connection

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of a funnel; `filters` say which visits may be entered in, `breakdown` asks for the values of a dimension too."""

    funnel: Kept
    days: Days
    bots: Bots
    breakdown: Breakdown | None = None
    filters: Filters = Filters()  # noqa: RUF009 - immutable

    @property
    def span(self) -> Span:
        """The days of entry."""
        days = self.days
        return Span(self.funnel, days.timezone, days.start, days.end, tuple(BOT_FLAGS[self.bots]))

    def span_before(self, now: int) -> Span:
        """Return the days just before, cut at the same elapsed part when `now` (microseconds) is in the range."""
        past = before(self.days, now)
        days = ([past.whole.start, past.whole.end] if past.whole else []) + ([past.cut_day] if past.cut_day else [])
        cut = None if past.cut_day is None else past.until
        return Span(self.funnel, self.days.timezone, days[0], days[-1], tuple(BOT_FLAGS[self.bots]), cut)


def analytics(connection: Connection, question: Question, *, fresh: bool = False) -> Row:
    """Return all figures of a funnel over a range, all values of the dimension asked for; `fresh` passes what is kept by.

    Raises OutOfBoundsError when raw events that it takes are gone, and no day that is kept stands in for them.
    """
    body = _over(connection, question, question.span, fresh=fresh)
    return {"funnel_id": question.funnel.funnel_id, **_with_names(body, question.funnel)}


def add_comparison(connection: Connection, question: Question, now: int, body: Row, *, fresh: bool = False) -> None:
    """Add to the figures of `analytics`, to each of its steps, days and values, how they were just before."""
    past = _over(connection, question, question.span_before(now), fresh=fresh)
    _compare_part(body, past)
    for number, row in enumerate(body["daily"]):
        was = past["daily"][number] if number < len(past["daily"]) else {}
        _compare(row, was, {"entries", "conversions", "conversion_rate"})
    values = {part["name"]: part for part in past.get("breakdown", [])}
    for part in body.get("breakdown", []):
        _compare_part(part, values.get(part["name"], {}))


def compare(results: Sequence[tuple[str, Row]]) -> list[Row]:
    """Test the conversion rates of every pair of (label, figures)."""
    return [
        {
            "a": a,
            "b": b,
            **figures.z_test((of_a["conversions"], of_a["entries"]), (of_b["conversions"], of_b["entries"])),
        }
        for (a, of_a), (b, of_b) in combinations(results, 2)
    ]


def plain(body: Row) -> Row:
    """Return figures without times and days."""
    short = {name: value for name, value in body.items() if name != "daily"}
    short["steps"] = [_untimed(row) for row in body["steps"]]
    if "breakdown" in body:
        short["breakdown"] = [{**part, "steps": [_untimed(row) for row in part["steps"]]} for part in body["breakdown"]]
    return short


def flat(body: Row) -> list[Row]:
    """Return a line per step of an answer, or per value and step, for a table without lists."""
    if "breakdown" not in body:
        return list(body["steps"])
    return [{"value": part["name"], **row} for part in body["breakdown"] for row in part["steps"]]


def flat_comparison(body: Row) -> list[Row]:
    """Return a line per funnel, range and step of a comparison."""
    return [
        {"funnel_id": one["funnel_id"], "start": one["range"]["start"], "end": one["range"]["end"], **row}
        for one in body["funnels"]
        for row in one["steps"]
    ]


def _over(connection: Connection, question: Question, span: Span, *, fresh: bool) -> Row:
    """Return the figures over a span; those of whole days without filters are kept, and given again while they are true."""
    may_be_kept = span.cut is None and not question.filters.conditions
    asked = question.breakdown or ""
    body = saved.read_result(connection, span, question.bots, asked) if may_be_kept and not fresh else None
    if body is None:
        with connection.transaction():
            begin(connection)
            seen = saved.changes(connection, span)
            body = _compute(connection, span, question)
        if may_be_kept:
            saved.keep_result(connection, span, question.bots, asked, seen, body)
    return body


def _compute(connection: Connection, span: Span, question: Question) -> Row:
    if question.breakdown is not None:
        require_raw(connection, span)
        return broken_down(connection, span, question.breakdown, question.filters)
    tally = Tally(len(span.funnel.definition.steps), span.length)
    held = {} if question.filters.conditions else saved.read_days(connection, span)
    if not held:
        require_raw(connection, span)
        found = Reader(connection, span, question.filters).per_day()
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
    return figures.of_span(tally, span.start, _names(span.funnel))


def _names(funnel: Kept) -> list[str]:
    return [step.name for step in funnel.definition.steps]


def _with_names(body: Row, funnel: Kept) -> Row:
    """Name the steps as the definition does; a kept answer may be older than a step's name."""
    return {**body, "steps": [{**row, "name": name} for row, name in zip(body["steps"], _names(funnel), strict=True)]}


def _compare_part(part: Row, past: Row) -> None:
    """Add to the totals of the whole, or of a value, and to its steps, how they were; a value that was not there had nothing."""
    _compare(part, past, {"entries", "conversions", "conversion_rate"})
    steps = past.get("steps") or [{}] * len(part["steps"])
    for row, was in zip(part["steps"], steps, strict=True):
        _compare(row, was, row.keys() - {"step", "name"})


def _compare(row: Row, past: Row, names: set[str]) -> None:
    row["comparison"] = comparison(
        {name: row[name] for name in row if name in names}, {name: past.get(name, 0) for name in names}
    )


def _untimed(row: Row) -> Row:
    kept = {name: value for name, value in row.items() if name not in _TIMES}
    if "comparison" in kept:
        kept["comparison"] = {name: value for name, value in kept["comparison"].items() if name not in _TIMES}
    return kept


_TIMES = frozenset({"median_seconds", "p90_seconds"})
