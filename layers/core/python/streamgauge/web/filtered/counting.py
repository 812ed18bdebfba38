"""Reports with filters over a range, and over the time before it. All raise OutOfBoundsError when raw rows of a day are gone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from streamgauge.clock import MICROSECONDS
from streamgauge.dimensions import Dimension, code_of
from streamgauge.filters.days import require_whole
from streamgauge.filters.models import Filters
from streamgauge.rollups.ranges import Span
from streamgauge.web.figures import Amounts, total
from streamgauge.web.filtered.buckets import Buckets, day_buckets, hour_buckets, parameters
from streamgauge.web.filtered.shape import Shape
from streamgauge.web.filtered.statement import ROOM, lasting_in_periods, lasting_visitors, statement

if TYPE_CHECKING:
    from datetime import date

    from streamgauge.paging import Page
    from streamgauge.rollups.elapsed import Before
    from streamgauge.rollups.presence import Row
    from streamgauge.web.filtered.shape import Part
    from streamgauge.web.question import Question

_EVERY_BUCKET: Final = 1_000_000


class Counted(NamedTuple):
    """A row: its exact visitors, and its amounts. Those of a value in several buckets do not tell its daily visitors."""

    visitors: int
    amounts: Amounts


class Values(NamedTuple):
    """The whole range (of its amounts visitors alone), and values of a dimension with most visitors first, ties by name."""

    whole: Counted
    rows: list[tuple[str, Counted]]


def by_day(question: Question, filters: Filters) -> tuple[Counted, dict[date, Amounts]]:
    """Return the whole range, and the days that have any."""
    return _days(question, filters, day_buckets(question.days.timezone, _range(question)))


def by_hour(question: Question, filters: Filters) -> dict[int, Amounts]:
    """Return the amounts of the hours that have any, by their first second."""
    return _hours(question, filters, hour_buckets(question.days.timezone, _range(question)))


def values(
    question: Question, filters: Filters, dimension: Dimension, page: Page, of_property: str | None = None
) -> Values:
    """Return values up to one beyond the page; `of_property` as of Shape."""
    buckets = day_buckets(question.days.timezone, _range(question))
    return _values(question, Shape(filters, dimension, of_property=of_property), buckets, page.take)


def timed(filters: Filters, dimension: Dimension) -> bool:
    """Say whether the time on a page is known: visits hold it by page, not by what an event says beside."""
    return not Shape(filters, dimension).from_events


def days_before(question: Question, filters: Filters, before: Before) -> tuple[Counted, dict[date, Amounts]]:
    """Return the time before a range, cut as `before` says, and its days that have any."""
    return _days(question, filters, _before(question, before))


def hours_before(question: Question, filters: Filters, before: Before) -> dict[int, Amounts]:
    """Return the amounts of the hours before a range that have any, by their first second."""
    days = _before(question, before)
    buckets = hour_buckets(question.days.timezone, days.days, days.end if days.cut else None)
    return _hours(question, filters, buckets) if buckets.firsts else {}


def values_before(
    question: Question,
    filters: Filters,
    dimension: Dimension,
    names: list[str],
    before: Before,
    of_property: str | None = None,
) -> tuple[Counted, dict[str, Counted]]:
    """Return the time before a range, cut as `before` says, and values by their names."""
    buckets = _before(question, before)
    shape = Shape(filters, dimension, cut=buckets.cut, of_property=of_property)
    found = _values(question, shape, buckets, len(names), [_written(shape, name) for name in names])
    return found.whole, dict(found.rows)


def lasting_before(
    question: Question, dimension: Dimension, names: list[str], before: Before
) -> list[tuple[str, bool, int]]:
    """Return the (name, bot, visitor) of lasting visitors who were there under names before the cut, without filters."""
    buckets = _before(question, before)
    shape = Shape(Filters(), dimension, cut=True)
    written = {_written(shape, name): name for name in names}
    found = _read(question, lasting_visitors(shape), buckets, {"values": [*written]})
    return [(written[value], bot, visitor) for value, bot, visitor in found]


def lasting_by_period(question: Question, periods: list[Span], number: int) -> list[Row]:
    """Return who met the filters in each of some periods that follow each other, numbered from `number`."""
    buckets = day_buckets(question.days.timezone, [day for period in periods for day in period.days])
    numbers = [number + place for place, period in enumerate(periods) for _ in period.days]
    return _read(question, lasting_in_periods(Shape(question.filters, Dimension.TOTAL)), buckets, {"periods": numbers})


def _range(question: Question) -> list[date]:
    return Span(question.days.start, question.days.end).days


def _before(question: Question, before: Before) -> Buckets:
    """Return the days of the time before."""
    days = before.whole.days if before.whole else []
    if before.cut_day is None:
        return day_buckets(question.days.timezone, days)
    return day_buckets(question.days.timezone, [*days, before.cut_day], before.until)


def _written(shape: Shape, name: str) -> int | str:
    """Return how a statement writes a value before it is named."""
    return code_of(shape.named_as, name) if shape.of_codes else name


def _days(question: Question, filters: Filters, buckets: Buckets) -> tuple[Counted, dict[date, Amounts]]:
    found = _rows(question, Shape(filters, Dimension.TOTAL, cut=buckets.cut), buckets, _EVERY_BUCKET)
    days = {buckets.days[bucket - 1]: one.amounts for _, bucket, one in found if bucket is not None}
    visitors = next(one.visitors for _, bucket, one in found if bucket is None)
    return Counted(visitors, total(days.values())), days


def _hours(question: Question, filters: Filters, buckets: Buckets) -> dict[int, Amounts]:
    found = _rows(question, Shape(filters, Dimension.TOTAL, hourly=True, cut=buckets.cut), buckets, _EVERY_BUCKET)
    return {buckets.firsts[bucket - 1] // MICROSECONDS: one.amounts for _, bucket, one in found if bucket is not None}


def _values(
    question: Question, shape: Shape, buckets: Buckets, take: int, names: list[int | str] | None = None
) -> Values:
    found = _rows(question, shape, buckets, take, names)
    whole = next(one for name, _, one in found if name is None)
    return Values(whole, [(name, one) for name, _, one in found if name is not None])


def _rows(
    question: Question, shape: Shape, buckets: Buckets, take: int, names: list[int | str] | None = None
) -> list[tuple[str | None, int | None, Counted]]:
    """Return (name, bucket, row); the whole range has neither."""
    found = _read(question, statement(shape), buckets, {"values": names, "take": take})
    return [(name, bucket, Counted(visitors, Amounts(*amounts))) for name, bucket, visitors, *amounts in found]


def _read(question: Question, asked: Part, buckets: Buckets, more: dict[str, Any]) -> list[tuple[Any, ...]]:
    """Run a statement of `statement`."""
    require_whole(question.read, question.site_no, buckets.days[0], buckets.days[-1])
    question.read(ROOM, {})
    return question.read(asked.sql, asked.parameters | parameters(question, buckets) | more)
