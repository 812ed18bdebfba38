"""Website reports with filters: from the visits of the range and, where it must be, their events."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from streamgauge.clock import MICROSECONDS, day_start, hours_between, instant
from streamgauge.dimensions import Dimension, code_of
from streamgauge.filters.days import require_whole
from streamgauge.filters.models import Filters
from streamgauge.rollups.ranges import Span
from streamgauge.web.figures import Amounts
from streamgauge.web.filtered_queries import FIRST_DAY, ROOM, Shape, lasting_in_periods, lasting_visitors, statement

if TYPE_CHECKING:
    from datetime import date

    from streamgauge.rollups.elapsed import Before
    from streamgauge.rollups.presence import Row
    from streamgauge.web.question import Page, Question

_EVERY_BUCKET: Final = 1_000_000
_DAY: Final = timedelta(days=1)


class Counted(NamedTuple):
    """A row: its exact visitors, and its amounts with the sum of daily ones."""

    visitors: int
    amounts: Amounts


class Values(NamedTuple):
    """The whole range, and values of a dimension with most visitors first, ties by name."""

    whole: Counted
    rows: list[tuple[str, Counted]]


def by_day(question: Question, filters: Filters) -> tuple[Counted, dict[date, Amounts]]:
    """Return the whole range, and the days that have any. Raises OutOfBoundsError when raw rows of a day are gone."""
    days = Span(question.days.start, question.days.end).days
    whole, rows = _buckets(question, Shape(filters, Dimension.TOTAL), days, [*map(_first(question), days)])
    return whole, {days[number]: amounts for number, amounts in rows.items()}


def by_hour(question: Question, filters: Filters) -> dict[int, Amounts]:
    """Return the amounts of every hour, by its first second, in order. Raises as `by_day`."""
    first = _first(question)(question.days.start)
    until = _first(question)(question.days.end + _DAY)
    hours = hours_between(first, until - 1, question.days.timezone)
    shape = Shape(filters, Dimension.TOTAL, hourly=True)
    _, rows = _buckets(question, shape, [day for _, day in hours], [hour * MICROSECONDS for hour, _ in hours])
    return {hour: rows.get(number, Amounts()) for number, (hour, _) in enumerate(hours)}


def values(
    question: Question, filters: Filters, dimension: Dimension, page: Page, of_property: str | None = None
) -> Values:
    """Return values up to one beyond the page; `of_property` as of Shape. Raises as `by_day`."""
    days = Span(question.days.start, question.days.end).days
    firsts = [*map(_first(question), days)]
    found = _rows(question, Shape(filters, dimension, of_property=of_property), days, firsts, take=page.skip + page.limit + 2)
    rows = [(name, counted) for name, _, counted in found if name is not None]
    return Values(next((counted for name, _, counted in found if name is None), _NOBODY), rows)


def timed(filters: Filters, dimension: Dimension) -> bool:
    """Say whether the time on a page is known: visits hold it by page, not by what an event says beside."""
    return not Shape(filters, dimension).from_events


def days_before(question: Question, filters: Filters, before: Before) -> tuple[Counted, dict[date, Amounts]]:
    """Return the time before a range, cut as `before` says, and its days that have any. Raises as `by_day`."""
    days, until = _asked(before)
    shape = Shape(filters, Dimension.TOTAL, cut=until is not None)
    whole, rows = _buckets(question, shape, days, [*map(_first(question), days)], until)
    return whole, {days[number]: amounts for number, amounts in rows.items()}


def hours_before(question: Question, filters: Filters, before: Before) -> dict[int, Amounts]:
    """Return the amounts of the hours that have any, by their first second. Raises as `by_day`."""
    days, until = _asked(before)
    first, end = _first(question)(days[0]), _first(question)(days[-1] + _DAY) if until is None else until
    if end == first:
        return {}
    hours = hours_between(first, end - 1, question.days.timezone)
    shape = Shape(filters, Dimension.TOTAL, hourly=True, cut=until is not None)
    starts = [hour * MICROSECONDS for hour, _ in hours]
    _, rows = _buckets(question, shape, [day for _, day in hours], starts, until)
    return {hours[number][0]: amounts for number, amounts in rows.items()}


def values_before(
    question: Question,
    filters: Filters,
    dimension: Dimension,
    names: list[str],
    before: Before,
    of_property: str | None = None,
) -> tuple[Counted, dict[str, Counted]]:
    """Return the time before a range, cut as `before` says, and values by their names. Raises as `by_day`."""
    days, until = _asked(before)
    shape = Shape(filters, dimension, cut=until is not None, of_property=of_property)
    firsts = [*map(_first(question), days)]
    asked = [_written(shape, name) for name in names]
    found = _rows(question, shape, days, firsts, take=len(names) + 1, until=until, values=asked)
    whole = next((counted for name, _, counted in found if name is None), _NOBODY)
    return whole, {name: counted for name, _, counted in found if name is not None}


def lasting_before(question: Question, dimension: Dimension, names: list[str], before: Before) -> list[tuple[str, bool, int]]:
    """Return the (name, bot, visitor) of lasting visitors who were there under names before the cut, without filters."""
    days, until = _asked(before)
    shape = Shape(Filters(), dimension, cut=True)
    asked = {_written(shape, name): name for name in names}
    parameters = _parameters(question, days, [*map(_first(question), days)], until, [*asked])
    where = lasting_visitors(shape)
    return [(asked[value], bot, visitor) for value, bot, visitor in question.read(where.sql, parameters | where.parameters)]


def lasting_by_period(question: Question, periods: list[Span], number: int) -> list[Row]:
    """Return who met the filters in each of some periods that follow each other, numbered from `number`. Raises as `by_day`."""
    days = [day for period in periods for day in period.days]
    require_whole(question.read, question.site_no, days[0], days[-1])
    question.read(ROOM, {})
    where = lasting_in_periods(Shape(question.filters, Dimension.TOTAL))
    numbers = [number + place for place, period in enumerate(periods) for _ in period.days]
    parameters = _parameters(question, days, [*map(_first(question), days)], None, None)
    return question.read(where.sql, {**parameters, **where.parameters, "periods": numbers})


def _asked(before: Before) -> tuple[list[date], int | None]:
    """Return the days of the time before, and where the last of them is cut."""
    days = (before.whole.days if before.whole else []) + ([before.cut_day] if before.cut_day else [])
    return days, before.until if before.cut_day is not None else None


def _written(shape: Shape, name: str) -> str:
    """Return how a statement writes a value before it is named."""
    if not shape.needs_pages:
        return name
    return str(code_of(Dimension.EVENT if shape.dimension == Dimension.EVENT else Dimension.PAGE, name))


_NOBODY: Final = Counted(0, Amounts())


def _first(question: Question) -> Any:  # noqa: ANN401
    return lambda day: day_start(day, question.days.timezone) * MICROSECONDS


def _buckets(
    question: Question, shape: Shape, days: list[date], firsts: list[int], until: int | None = None
) -> tuple[Counted, dict[int, Amounts]]:
    """Return the whole range, and the amounts of each bucket (from 0) that has any."""
    found = _rows(question, shape, days, firsts, take=_EVERY_BUCKET, until=until)
    whole = next((counted for _, bucket, counted in found if bucket is None), _NOBODY)
    return whole, {bucket - 1: counted.amounts for _, bucket, counted in found if bucket is not None}


def _rows(
    question: Question,
    shape: Shape,
    days: list[date],
    firsts: list[int],
    *,
    take: int,
    until: int | None = None,
    values: list[str] | None = None,
) -> list[tuple[str | None, int | None, Counted]]:
    """Run a statement; `days` and `firsts` are those of the buckets, `until` the end of the last when it is cut."""
    require_whole(question.read, question.site_no, days[0], days[-1])
    question.read(ROOM, {})
    sql, parameters = statement(shape)
    found = question.read(sql, {**parameters, **_parameters(question, days, firsts, until, values), "take": take})
    return [
        (
            name,
            bucket,
            Counted(visitors, Amounts(daily, lasting, visits, entries, bounces, views, events, duration, spent)),
        )
        for name, bucket, visitors, daily, lasting, visits, entries, bounces, views, events, duration, spent in found
    ]


def _parameters(
    question: Question, days: list[date], firsts: list[int], until: int | None, values: list[str] | None
) -> dict[str, Any]:
    end = _first(question)(days[-1] + _DAY) if until is None else until
    # A visit of the last day may hold what it is asked for after midnight.
    reach = end if until is not None else end + 86_400 * MICROSECONDS
    since = question.read(FIRST_DAY, {"site_no": question.site_no, "first": firsts[0]})[0][0]
    return {
        **question.key,
        "low": days[0] - _DAY,
        "since": min(since or days[0], days[0] - _DAY),
        "high": days[-1] + _DAY,
        "named_days": [*days, days[0] - _DAY, days[-1] + _DAY],
        "end": days[-1],
        "first_day": days[0],
        "bucket_days": days,
        "firsts": [*firsts, end],
        "buckets": len(firsts),
        "first": firsts[0],
        "until": end,
        "reach": reach,
        "utc_low": instant(firsts[0]).date() - _DAY,
        "utc_high": instant(reach).date(),
        "values": values,
    }
