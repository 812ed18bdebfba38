"""The overview of a website, and its days and hours."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from streamgauge.clock import hours_of_day
from streamgauge.errors import OutOfBoundsError
from streamgauge.rollups.ranges import Span
from streamgauge.web import compared
from streamgauge.web.figures import Amounts, bucket_figures, counted, marks, metrics, total
from streamgauge.web.filtered import counting as filtered

if TYPE_CHECKING:
    from datetime import date

    from streamgauge.web.question import Question

_NOTHING = Amounts()

MOST_HOURLY_DAYS = 366
"""The longest range of hourly rows."""


def dashboard(question: Question, compare: int | None = None) -> dict[str, Any]:
    """Return the overview; `compare` is the time, in microseconds, up to which the time before is compared; None: not at all."""
    if question.filters.conditions:
        whole, days = filtered.by_day(question, question.filters)
        amounts, visitors = whole.amounts, whole.visitors
    else:
        days = question.by_day()
        amounts = total(days.values())
        visitors = question.visitors(amounts, question.uniques())
    answer: dict[str, Any] = {
        "metrics": metrics(amounts, visitors),
        "visitors_counted": counted(amounts, one_day=question.one_day),
        **marks(amounts),
        "timeseries": [
            {"bucket": name, "visitors": one.visitors, "visits": one.visits, "pageviews": one.pageviews}
            for name, one in _series(question, days)
        ],
    }
    if compare is not None:
        compared.add_totals(question, compare, answer)
    return answer


def daily(question: Question, compare: int | None = None) -> dict[str, Any]:
    """Return every day with its figures; `compare` as above."""
    days = filtered.by_day(question, question.filters)[1] if question.filters.conditions else question.by_day()
    rows = [{"date": name, **bucket_figures(one)} for name, one in _day_series(question, days)]
    if compare is not None:
        compared.add_days(question, compare, rows)
    return {"results": rows, **marks(total(days.values()))}


def hourly(question: Question, compare: int | None = None) -> dict[str, Any]:
    """Return every hour with its figures; `compare` as above. Raises OutOfBoundsError for a range of years."""
    if question.length > MOST_HOURLY_DAYS:
        message = f"Hours are given for at most {MOST_HOURLY_DAYS} days."
        raise OutOfBoundsError(message, [(["query", "startDate"], message)])
    rows = [{"hour": name, **bucket_figures(one)} for name, one in _hour_series(question)]
    if compare is not None:
        compared.add_hours(question, compare, rows)
    return {"results": rows}


def _series(question: Question, days: dict[date, Amounts]) -> list[tuple[str, Amounts]]:
    """Return the hours of one day, else the days."""
    return _hour_series(question) if question.one_day else _day_series(question, days)


def _day_series(question: Question, days: dict[date, Amounts]) -> list[tuple[str, Amounts]]:
    return [(day.isoformat(), days.get(day, _NOTHING)) for day in _every_day(question)]


def _hour_series(question: Question) -> list[tuple[str, Amounts]]:
    hours = filtered.by_hour(question, question.filters) if question.filters.conditions else question.by_hour()
    every = (hour for day in _every_day(question) for hour in hours_of_day(day, question.days.timezone))
    return [(name, hours.get(hour, _NOTHING)) for hour, name in every]


def _every_day(question: Question) -> list[date]:
    return Span(question.days.start, question.days.end).days
