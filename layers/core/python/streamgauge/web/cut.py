"""The figures of the time before a range, for a comparison: whole days from rollups, the day of the cut to its instant."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from streamgauge.clock import MICROSECONDS, day_start, hour_and_day, instant
from streamgauge.contributions import TOTAL_CODE
from streamgauge.rollups.ranges import BOT_FLAGS, Span
from streamgauge.rollups.uniques import Uniques
from streamgauge.web import queries
from streamgauge.web.figures import Amounts, metrics, total

if TYPE_CHECKING:
    from datetime import date

    from streamgauge.rollups.elapsed import Before
    from streamgauge.web.reports import Question

Visitors = list[tuple[bool, int, bool]]
"""(bot, visitor, lasting)"""


def before_cut(question: Question, before: Before) -> dict[str, float]:
    """Return the figures of the time before.

    Of the day of the cut, if it was imported: the elapsed share. Else whole hours from rollups, the hour of the cut from raw rows (a share of it when they are gone),
    visitors from visits begun before the cut; visitors of a back end that gives no address are not among those.
    """
    parts: list[Amounts] = []
    visitors: Visitors = []
    if before.whole is not None:
        parts.append(_whole_days(question, before.whole))
    people = parts[0].visitors - parts[0].lasting if parts else 0
    if before.cut_day is not None:
        imported = _imported_share(question, before.cut_day, before.until)
        if imported is not None:
            parts.append(imported)
            people += imported.visitors
        else:
            parts.append(_cut_day(question, before.cut_day, before.until))
            visitors = _cut_day_visitors(question, before.cut_day, before.until)
    amounts = total(parts)
    people += sum(not lasting for _, _, lasting in visitors)
    return metrics(amounts, people + _lasting(question, before.whole, parts, visitors))


def _whole_days(question: Question, span: Span) -> Amounts:
    rows = question.read(queries.DAYS, {**question.key, "start": span.start, "end": span.end})
    return total(Amounts(*row[1:]) for row in rows)


def _lasting(question: Question, whole: Span | None, parts: list[Amounts], visitors: Visitors) -> int:
    """Return the distinct lasting visitors of the whole days and the day of the cut together."""
    lasting = [(bot, visitor) for bot, visitor, lasts in visitors if lasts]
    if whole is None or not parts[0].lasting:
        return len(lasting)
    if whole.start == whole.end and not lasting:
        return parts[0].lasting
    uniques = Uniques(question.read, question.site_no, whole.start, whole.end, BOT_FLAGS[question.bots])
    return uniques.count([TOTAL_CODE], also=lasting).get(TOTAL_CODE, 0)


def _imported_share(question: Question, day: date, until: int) -> Amounts | None:
    """Return the elapsed share of an imported day, which has no hours; None for a day of the site's own."""
    if day >= question.imported_before:
        return None
    amounts = _whole_days(question, Span(day, day))
    if not amounts.imported:
        return None
    first, end = (day_start(one, question.days.timezone) for one in (day, day + timedelta(days=1)))
    share = (until / MICROSECONDS - first) / (end - first)
    return Amounts(*(round(amount * share) for amount in amounts))


def _cut_day(question: Question, day: date, until: int) -> Amounts:
    """Return the additive amounts of a day up to an instant in microseconds."""
    timezone = question.days.timezone
    first = day_start(day, timezone)
    cut_hour = max(hour_and_day(until, timezone)[0], first)
    hours = question.read(queries.HOURS, {**question.key, "first": first, "until": cut_hour})
    amounts = total(Amounts(*row[1:]) for row in hours)
    if until == cut_hour * MICROSECONDS:
        return amounts
    return total([amounts, _cut_hour(question, day, cut_hour, until)])


def _cut_hour(question: Question, day: date, hour: int, until: int) -> Amounts:
    since = hour * MICROSECONDS
    whole = question.read(queries.DAY_IS_WHOLE, {"site_no": question.site_no, "day": day})[0][0]
    if not whole:
        return _share(question, hour, (until - since) / (3600 * MICROSECONDS))
    key: dict[str, Any] = {
        **question.key,
        "day": day,
        "since": since,
        "until": until,
        "utc_days": [instant(since).date(), instant(until).date()],
    }
    visits, bounces, duration, pageviews, events = question.read(queries.CUT_HOUR, key)[0]
    return Amounts(
        visits=visits, entries=visits, bounces=bounces, pageviews=pageviews, events=events, duration=duration
    )


def _share(question: Question, hour: int, share: float) -> Amounts:
    rows = question.read(queries.HOURS, {**question.key, "first": hour, "until": hour + 1})
    return Amounts(*(round(amount * share) for amount in total(Amounts(*row[1:]) for row in rows)))


def _cut_day_visitors(question: Question, day: date, until: int) -> Visitors:
    key = {
        **question.key,
        "day": day,
        # A visit that began the day before may reach over midnight.
        "days": [day - timedelta(days=1), day],
        "since": day_start(day, question.days.timezone) * MICROSECONDS,
        "until": until,
    }
    return question.read(queries.CUT_DAY_VISITORS, key)
