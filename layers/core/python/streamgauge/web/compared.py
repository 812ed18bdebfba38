"""Reports beside the time just before: what their figures were then, and the change since."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from streamgauge.clock import MICROSECONDS, day_start, hours_between, zone
from streamgauge.rollups.elapsed import before
from streamgauge.web import cut
from streamgauge.web.figures import Amounts, bucket_figures, comparison, metrics, ratio
from streamgauge.web.filtered import counting as filtered

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from streamgauge.dimensions import Dimension
    from streamgauge.web.question import Question

Rows = list[dict[str, Any]]

_DAY: Final = timedelta(days=1)


def add_totals(question: Question, now: int, answer: dict[str, Any]) -> None:
    """Add to a dashboard how its metrics were before; `now` in microseconds says where the time before is cut."""
    time_before = before(question.days, now)
    if question.filters.conditions:
        counted = filtered.days_before(question, question.filters, time_before)[0]
        visitors, amounts = counted.visitors, counted.amounts
    else:
        visitors, amounts = cut.before_cut(question, time_before)
    answer["comparison"] = comparison(answer["metrics"], metrics(amounts, visitors))


def add_days(question: Question, now: int, rows: Rows) -> None:
    """Add to each day how the one that stands in its place before was."""
    time_before = before(question.days, now)
    if question.filters.conditions:
        days = filtered.days_before(question, question.filters, time_before)[1]
    else:
        days = cut.days_before(question, time_before)
    for number, row in enumerate(rows):
        counterpart = question.days.start + timedelta(days=number - question.length)
        _add(row, bucket_figures(days.get(counterpart, Amounts())))


def add_hours(question: Question, now: int, rows: Rows) -> None:
    """Add to each hour how the one of the same local time in the day that stands in its place before was.

    An hour that this day lacks, when its clocks went forward or another's back, had nothing.
    """
    time_before = before(question.days, now)
    if question.filters.conditions:
        hours = filtered.hours_before(question, question.filters, time_before)
    else:
        hours = cut.hours_before(question, time_before)
    start = question.days.start - timedelta(days=question.length)
    places = {place: hour for hour, place in _places(question, start)}
    for row, (_, place) in zip(rows, _places(question, question.days.start), strict=True):
        hour = places.get(place)
        _add(row, bucket_figures(hours.get(hour, Amounts()) if hour is not None else Amounts()))


def _places(question: Question, start: date) -> list[tuple[int, tuple[int, str, int]]]:
    """Return the hours of as many days as are asked for, each with its place: day from 0, local time, which of two such."""
    timezone = question.days.timezone
    first = day_start(start, timezone) * MICROSECONDS
    until = day_start(start + question.length * _DAY, timezone) * MICROSECONDS
    found = []
    for hour, day in hours_between(first, until - 1, timezone):
        local = datetime.fromtimestamp(hour, zone(timezone))
        found.append((hour, ((day - start).days, local.strftime("%H:%M:%S"), local.fold)))
    return found


def add_values(question: Question, now: int, dimension: Dimension, rows: Rows, *, timed: bool) -> None:
    """Add to each row of a list how its name was; the time on a page is left out where it is `timed` no more."""
    if not rows:
        return
    time_before = before(question.days, now)
    names = [row["name"] for row in rows]
    if question.filters.conditions:
        whole, values = filtered.values_before(question, question.filters, dimension, names, time_before)
        everybody = whole.visitors
        found = {name: (one.visitors, one.amounts) for name, one in values.items()}
    else:
        found = cut.values_before(question, dimension, names, time_before)
        everybody = cut.before_cut(question, time_before)[0]
    for row in rows:
        visitors, amounts = found.get(row["name"], (0, Amounts()))
        was = {
            **bucket_figures(amounts),
            "visitors": visitors,
            "events": amounts.events,
            "percentage": ratio(visitors, everybody) * 100,
        }
        if timed and time_before.cut_day is None:
            was["time_on_page"] = amounts.time_on_page
        _add(row, was)


def _add(row: dict[str, Any], was: Mapping[str, float]) -> None:
    row["comparison"] = comparison({name: value for name, value in row.items() if name in was}, was)
