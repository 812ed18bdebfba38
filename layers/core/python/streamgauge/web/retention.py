"""Retention cohorts: visitors grouped by the week or month of their first appearance, and who of them came back."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

from streamgauge.contributions import TOTAL_CODE
from streamgauge.errors import OutOfBoundsError
from streamgauge.rollups.elapsed import Before
from streamgauge.rollups.presence import crowd, first_day
from streamgauge.rollups.ranges import BOT_FLAGS, Span, next_month
from streamgauge.web import queries
from streamgauge.web.figures import Amounts, ratio, total
from streamgauge.web.filtered.counting import days_before, lasting_by_period

if TYPE_CHECKING:
    from collections.abc import Sequence

    from streamgauge.web.question import Question

Period = Literal["week", "month"]

MOST_PERIODS: Final = 120
"""The longest report: each period is compared with every one after it."""


class Cohort(NamedTuple):
    """Visitors who first appeared in a period; `returned[k]` of them were there in the k-th period after it, 0 being its own."""

    visitors: int
    returned: list[int]


def cohorts(before: int, periods: Sequence[int], members: Sequence[int] | None = None) -> list[Cohort]:
    """Return the cohort of each period; sets are bits, `before` holds whoever was there before the first period.

    `members` are those of each period who may be in its cohort; None: all.
    """
    found: list[Cohort] = []
    seen = before
    for index, there in enumerate(periods):
        fresh = there & ~seen & (there if members is None else members[index])
        seen |= there
        returned = [(fresh & later).bit_count() for later in periods[index:]]
        found.append(Cohort(returned[0], returned))
    return found


def periods_of(start: date, end: date, by: Period) -> list[Span]:
    """Return the whole weeks (from Monday) or calendar months that hold the days `start` to `end`."""
    first = start - timedelta(days=start.weekday()) if by == "week" else start.replace(day=1)
    found: list[Span] = []
    while first <= end:
        following = first + timedelta(days=7) if by == "week" else next_month(first)
        found.append(Span(first, following - timedelta(days=1)))
        first = following
    return found


def retention(question: Question, by: Period, today: date) -> dict[str, Any]:
    """Return the cohorts of a range; periods after `today` are left out. Raises OutOfBoundsError for too long a range.

    With filters a cohort holds who met them in its period, and they return with any event; raises also where raw rows are gone.
    """
    periods = periods_of(question.days.start, min(question.days.end, today), by)
    if len(periods) > MOST_PERIODS:
        message = f"Cohorts are given for at most {MOST_PERIODS} weeks or months."
        raise OutOfBoundsError(message, [(["query", "startDate"], message)])
    if not periods:
        return {"by": by, "results": [], "visitors_left_out": 0}
    flags = BOT_FLAGS[question.bots]
    start = periods[0].start
    first = min(first_day(question.read, question.site_no) or start, start)
    # Who was there at any time before is not new, however short the range is.
    spans = [Span(first, start - timedelta(days=1)), *periods]
    filtered_ones = lasting_by_period(question, periods, len(spans)) if question.filters.conditions else []
    found = crowd(question.read, question.site_no, spans, flags, [TOTAL_CODE], forgotten_in=0, also=filtered_ones)
    # Robots are visitors of their own, also where they carry the id of a person.
    parts = []
    for bot in flags:
        before, *there = found.sets(bot, len(spans))
        members = found.sets(bot, len(periods), len(spans)) if question.filters.conditions else None
        parts.append(cohorts(before, there, members))
    return {
        "by": by,
        "results": [_row(period, of_period) for period, *of_period in zip(periods, *parts, strict=True)],
        "visitors_left_out": _without_lasting_id(question, Span(start, periods[-1].end)),
    }


def _row(period: Span, parts: Sequence[Cohort]) -> dict[str, Any]:
    visitors = sum(part.visitors for part in parts)
    returned = [sum(counts) for counts in zip(*(part.returned for part in parts), strict=True)]
    return {
        "cohort": period.start.isoformat(),
        "visitors": visitors,
        "returned": returned,
        "retention": [ratio(count, visitors) for count in returned],
    }


def _without_lasting_id(question: Question, days: Span) -> int:
    if question.filters.conditions:
        amounts = days_before(question, question.filters, Before(days))[0].amounts
        return amounts.visitors - amounts.lasting
    rows = question.read(queries.DAYS, {**question.key, "start": days.start, "end": days.end})
    amounts = total(Amounts(*row[1:]) for row in rows)
    return amounts.visitors - amounts.lasting


def flat(body: dict[str, Any]) -> list[dict[str, Any]]:
    """Return a line per cohort and period of an answer, for a table without lists."""
    return [
        {
            "cohort": row["cohort"],
            "visitors": row["visitors"],
            "period": period,
            "returned": returned,
            "retention": share,
        }
        for row in body["results"]
        for period, (returned, share) in enumerate(zip(row["returned"], row["retention"], strict=True))
    ]
