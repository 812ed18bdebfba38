"""The website reports: what each asks of the rollups, and how it is put together."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from streamgauge.clock import MICROSECONDS, day_start, hours_between, iso
from streamgauge.contributions import TOTAL_CODE
from streamgauge.dimensions import Dimension
from streamgauge.errors import OutOfBoundsError
from streamgauge.filters.models import Filters
from streamgauge.rollups.candidates import Candidate, Listed, Ranked, top
from streamgauge.rollups.elapsed import before
from streamgauge.rollups.imported import NEVER
from streamgauge.rollups.ranges import BOT_FLAGS, parts
from streamgauge.rollups.uniques import Uniques
from streamgauge.web import filtered, queries
from streamgauge.web.cut import before_cut
from streamgauge.web.figures import Amounts, comparison, counted, marks, metrics, ratio, total

if TYPE_CHECKING:
    from collections.abc import Callable, Sized
    from streamgauge.rollups.ranges import Bots, Days, Read

MOST_HOURLY_DAYS = 366
"""The longest range of hourly rows."""


@dataclass(frozen=True, slots=True)
class Question:
    """What every report is about: a site, its days, which bots, and how to read."""

    read: Read
    site_no: int
    days: Days
    bots: Bots
    imported_before: date = NEVER
    """Imported days before this one are added (`rollups.imported`)."""
    filters: Filters = Filters()
    """What visits and events have to meet; without any, rollups alone are read."""

    @property
    def key(self) -> dict[str, Any]:
        """The parameters that every statement takes."""
        return {"site_no": self.site_no, "bots": BOT_FLAGS[self.bots], "imported_before": self.imported_before}

    @property
    def one_day(self) -> bool:
        """Visitors of one day are exact in its rollup."""
        return self.days.start == self.days.end

    def uniques(self) -> Uniques:
        """Return the counter of distinct visitors over the days."""
        return Uniques(self.read, self.site_no, self.days.start, self.days.end, BOT_FLAGS[self.bots])

    def by_day(self) -> dict[date, Amounts]:
        """Return the amounts of the days that have any."""
        rows = self.read(queries.DAYS, {**self.key, "start": self.days.start, "end": self.days.end})
        return {row[0]: Amounts(*row[1:]) for row in rows}

    def by_hour(self) -> dict[int, Amounts]:
        """Return the amounts of every hour, by its first second, in order."""
        first = day_start(self.days.start, self.days.timezone)
        until = day_start(self.days.end + timedelta(days=1), self.days.timezone)
        found = self.read(queries.HOURS, {**self.key, "first": first, "until": until})
        amounts = {row[0]: Amounts(*row[1:]) for row in found}
        hours = hours_between(first * MICROSECONDS, until * MICROSECONDS - 1, self.days.timezone)
        return {hour: amounts.get(hour, Amounts()) for hour, _ in hours}

    def visitors(self, amounts: Amounts, uniques: Uniques) -> int:
        """Return the visitors of the whole range."""
        if self.one_day or not amounts.lasting:
            return amounts.visitors
        return amounts.visitors - amounts.lasting + uniques.count([TOTAL_CODE]).get(TOTAL_CODE, 0)


class Page(NamedTuple):
    """Which part of a list is asked for."""

    limit: int
    skip: int = 0


def dashboard(question: Question, now: int, *, compare: bool) -> dict[str, Any]:
    """Return the overview; `now` in microseconds says where a comparison is cut."""
    if question.filters.conditions:
        whole, days = filtered.by_day(question, question.filters)
        amounts, visitors = whole.amounts, whole.visitors
    else:
        days = question.by_day()
        amounts = total(days.values())
        visitors = question.visitors(amounts, question.uniques())
    figures = metrics(amounts, visitors)
    answer: dict[str, Any] = {
        "metrics": figures,
        "visitors_counted": counted(amounts, one_day=question.one_day),
        **marks(amounts),
        "timeseries": [
            {"bucket": name, "visitors": one.visitors, "visits": one.visits, "pageviews": one.pageviews}
            for name, one in _series(question, days)
        ],
    }
    if compare:
        time_before = before(question.days, now)
        values = (
            filtered.before_cut(question, question.filters, time_before)
            if question.filters.conditions
            else before_cut(question, time_before)
        )
        answer["comparison"] = comparison(figures, values)
    return answer


def top_values(question: Question, dimension: Dimension, page: Page) -> dict[str, Any]:
    """Return the values of a dimension with most visitors, ties by name, and where the list goes on."""
    ranked = _ranking(question, dimension, page)
    rows = []
    for name, visitors, amounts in ranked.values[page.skip : page.skip + page.limit]:
        row = {**_row(name, amounts, visitors), "percentage": ratio(visitors, ranked.everybody) * 100}
        if dimension == Dimension.PAGE:
            row["time_on_page"] = amounts.time_on_page if ranked.timed else None
        rows.append(row)
    return _list(question, rows, ranked.values, page, ranked.everything)


def custom_events(question: Question, page: Page) -> dict[str, Any]:
    """Return the custom events that most visitors had, ties by name, and where the list goes on."""
    ranked = _ranking(question, Dimension.EVENT, page)
    rows = [
        {"name": name, "events": amounts.events, "visitors": visitors}
        for name, visitors, amounts in ranked.values[page.skip : page.skip + page.limit]
    ]
    return _list(question, rows, ranked.values, page, ranked.everything)


class _Ranking(NamedTuple):
    """Values (name, visitors, amounts) with most visitors first, up to one beyond the page, beside the whole range."""

    everybody: int
    everything: Amounts
    values: list[tuple[str, int, Amounts]]
    timed: bool = True


def _ranking(question: Question, dimension: Dimension, page: Page) -> _Ranking:
    if question.filters.conditions:
        whole, rows = filtered.values(question, question.filters, dimension, page)
        values = [(name, one.visitors, one.amounts) for name, one in rows]
        return _Ranking(whole.visitors, whole.amounts, values, filtered.timed(question.filters, dimension))
    everything = total(question.by_day().values())
    uniques = question.uniques()
    found, known = _ranked(question, dimension, page, uniques)
    everybody = question.visitors(everything, uniques)
    return _Ranking(everybody, everything, [(one.name, one.visitors, known[one.code]) for one in found])


def _ranked(
    question: Question, dimension: Dimension, page: Page, uniques: Uniques
) -> tuple[list[Ranked], dict[int, Amounts]]:
    """Return the values up to one beyond the page, and the amounts of those that were looked at."""
    known: dict[int, Amounts] = {}
    wanted = page.skip + page.limit + 1
    take = round(wanted * 2 * parts(question.days.start, question.days.end).looseness) + 20
    # The total is counted with the first values: each count looks at today's rows.
    found = top(_listed(question, dimension, known), take, wanted, lambda codes: uniques.count([TOTAL_CODE, *codes]))
    return found, known


def _list(
    question: Question, rows: list[dict[str, Any]], found: Sized, page: Page, everything: Amounts
) -> dict[str, Any]:
    more = len(found) > page.skip + page.limit
    return {
        "results": rows,
        "next_skip": page.skip + page.limit if more else None,
        "visitors_counted": counted(everything, one_day=question.one_day),
        **marks(everything),
    }


def daily(question: Question) -> dict[str, Any]:
    """Return every day with its figures."""
    days = filtered.by_day(question, question.filters)[1] if question.filters.conditions else question.by_day()
    rows = [{"date": name, **_figures(one)} for name, one in _day_series(question, days)]
    return {"results": rows, **marks(total(days.values()))}


def hourly(question: Question) -> list[dict[str, Any]]:
    """Return every hour with its figures. Raises OutOfBoundsError for a range of years."""
    if (question.days.end - question.days.start).days >= MOST_HOURLY_DAYS:
        message = f"Hours are given for at most {MOST_HOURLY_DAYS} days."
        raise OutOfBoundsError(message, [(["query", "startDate"], message)])
    timezone = question.days.timezone
    return [{"hour": iso(hour, timezone), **_figures(one)} for hour, one in _hours(question).items()]


def _hours(question: Question) -> dict[int, Amounts]:
    return filtered.by_hour(question, question.filters) if question.filters.conditions else question.by_hour()


def _series(question: Question, days: dict[date, Amounts]) -> list[tuple[str, Amounts]]:
    """Return the hours of one day, else the days."""
    if question.one_day:
        return [(iso(hour, question.days.timezone), one) for hour, one in _hours(question).items()]
    return _day_series(question, days)


def _day_series(question: Question, days: dict[date, Amounts]) -> list[tuple[str, Amounts]]:
    length = (question.days.end - question.days.start).days + 1
    every = (question.days.start + timedelta(days=step) for step in range(length))
    return [(day.isoformat(), days.get(day, Amounts())) for day in every]


def _figures(amounts: Amounts) -> dict[str, Any]:
    return {
        "visitors": amounts.visitors,
        "visits": amounts.visits,
        "pageviews": amounts.pageviews,
        "bounce_rate": amounts.bounce_rate,
        "visit_duration": amounts.visit_duration,
    }


def _row(name: str, amounts: Amounts, visitors: int) -> dict[str, Any]:
    return {"name": name, **_figures(amounts), "visitors": visitors}


def _listed(question: Question, dimension: Dimension, known: dict[int, Amounts]) -> Callable[[int], Listed]:
    """Return what lists values of a dimension, as many of each list as it is told, and notes their amounts in `known`."""
    days = question.days
    covered = parts(days.start, days.end)
    key = {
        **question.key,
        "dimension": int(dimension),
        "start": days.start,
        "end": days.end,
        "months": covered.months,
        "outside": covered.outside,
        "days": covered.days,
        "leaders": covered.leaders,
        "looked_through": covered.looked_through,
    }

    def listed(take: int) -> Listed:
        rows = question.read(queries.LEADING_VALUES, {**key, "take": take})
        found = []
        for _, code, name, *sums in rows:
            known[code] = one = Amounts(*sums)
            # Late events may have taken away all that it had.
            if any(sums):
                # The visitors of one day are exact: nobody needs to be told apart.
                found.append(Candidate(code, name, one.visitors, 0 if question.one_day else one.lasting))
        return Listed(found, rows[0][0] if rows else None)

    return listed
