"""The time before a range without filters, for a comparison: whole days from rollups, the day of the cut to its instant."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from streamgauge.clock import MICROSECONDS, day_start, hour_and_day, instant
from streamgauge.contributions import TOTAL_CODE
from streamgauge.filters.models import Filters
from streamgauge.rollups.ranges import BOT_FLAGS, Span
from streamgauge.rollups.uniques import Uniques
from streamgauge.web import queries
from streamgauge.web.codes import value_code
from streamgauge.web.figures import Amounts, total
from streamgauge.web.filtered import counting as filtered

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from streamgauge.dimensions import Dimension
    from streamgauge.rollups.elapsed import Before
    from streamgauge.rollups.uniques import Present
    from streamgauge.web.question import Question


class CutDay(NamedTuple):
    """Amounts of the day of the cut by code, and its lasting visitors (None: only the elapsed `share` of them is known)."""

    amounts: dict[int, Amounts]
    lasting: list[Present] | None
    share: float = 1.0


def before_cut(question: Question, before: Before) -> tuple[int, Amounts]:
    """Return the visitors and the amounts of the time before.

    Of the day of the cut, if it was imported: the elapsed share. Else whole hours from rollups and the hour of the cut from raw
    rows, with visitors from visits begun before the cut; where the raw rows are gone, the elapsed share of the hour, and of the
    day's visitors.
    """
    whole = _whole_days(question, before.whole) if before.whole else Amounts()
    cut = _cut_day(question, before.cut_day, before.until) if before.cut_day is not None else None
    visitors = _visitors(question, before, {TOTAL_CODE: whole}, cut)[TOTAL_CODE]
    return visitors, total([whole, cut.amounts[TOTAL_CODE]]) if cut else whole


def days_before(question: Question, before: Before) -> dict[date, Amounts]:
    """Return the days of the time before that have any."""
    days = _by_day(question, before.whole) if before.whole else {}
    if before.cut_day is not None:
        days[before.cut_day] = _cut_day(question, before.cut_day, before.until).amounts[TOTAL_CODE]
    return days


def hours_before(question: Question, before: Before) -> dict[int, Amounts]:
    """Return the hours of the time before that have any, by their first second."""
    timezone = question.days.timezone
    last_day = before.cut_day or (before.whole.end if before.whole else question.days.start)
    first = day_start(before.whole.start if before.whole else last_day, timezone)
    if before.cut_day is None:
        until = day_start(last_day + timedelta(days=1), timezone)
        return _by_hour(question, first, until)
    cut_hour = _cut_hour_of(question, before.cut_day, before.until)
    hours = _by_hour(question, first, cut_hour)
    if before.until > cut_hour * MICROSECONDS:
        hours[cut_hour] = _cut_hour(question, before.cut_day, cut_hour, before.until)
    return hours


def values_before(
    question: Question, dimension: Dimension, names: Sequence[str], before: Before
) -> dict[str, tuple[int, Amounts]]:
    """Return the visitors and amounts of values in the time before; of the day of the cut a share when its raw rows are gone."""
    codes = {value_code(dimension, name): name for name in names}
    whole = _of_codes(question, dimension, [*codes], before.whole) if before.whole else {}
    cut = None
    if before.cut_day is not None:
        cut = _cut_values(question, dimension, codes, before)
    visitors = _visitors(question, before, {code: whole.get(code, Amounts()) for code in codes}, cut)
    return {
        name: (
            visitors[code],
            total([whole.get(code, Amounts()), cut.amounts.get(code, Amounts()) if cut else Amounts()]),
        )
        for code, name in codes.items()
    }


def _visitors(question: Question, before: Before, whole: dict[int, Amounts], cut: CutDay | None) -> dict[int, int]:
    """Return the distinct visitors of the whole days and the day of the cut together, by code."""
    days = cut.amounts if cut else {}
    lasting = _lasting(question, before, whole, cut)
    return {
        code: lasting.get(code, 0) + sum(one.visitors - one.lasting for one in (amounts, days.get(code, Amounts())))
        for code, amounts in whole.items()
    }


def _lasting(question: Question, before: Before, whole: dict[int, Amounts], cut: CutDay | None) -> dict[int, int]:
    days = cut.amounts if cut else {}
    codes = [code for code, one in whole.items() if one.lasting or days.get(code, Amounts()).lasting]
    if not codes:
        return {}
    if before.whole is None:
        return {code: days[code].lasting for code in codes}
    uniques = Uniques(question.read, question.site_no, before.whole.start, before.whole.end, BOT_FLAGS[question.bots])
    if cut is None or cut.lasting:
        return uniques.count(codes, also=cut.lasting if cut and cut.lasting else ())
    found = uniques.count(codes)
    if cut.lasting is None and before.cut_day is not None:
        longer = Uniques(question.read, question.site_no, before.whole.start, before.cut_day, BOT_FLAGS[question.bots])
        more = longer.count(codes)
        return {
            code: found.get(code, 0) + round((more.get(code, 0) - found.get(code, 0)) * cut.share) for code in codes
        }
    return found


def _by_day(question: Question, span: Span) -> dict[date, Amounts]:
    rows = question.read(queries.DAYS, {**question.key, "start": span.start, "end": span.end})
    return {row[0]: Amounts(*row[1:]) for row in rows}


def _by_hour(question: Question, first: int, until: int) -> dict[int, Amounts]:
    rows = question.read(queries.HOURS, {**question.key, "first": first, "until": until})
    return {row[0]: Amounts(*row[1:]) for row in rows}


def _of_codes(question: Question, dimension: Dimension, codes: list[int], span: Span) -> dict[int, Amounts]:
    key = {**question.key, "dimension": int(dimension), "codes": codes, "start": span.start, "end": span.end}
    return {row[0]: Amounts(*row[1:]) for row in question.read(queries.VALUES, key)}


def _whole_days(question: Question, span: Span) -> Amounts:
    return total(_by_day(question, span).values())


def _cut_values(question: Question, dimension: Dimension, codes: dict[int, str], before: Before) -> CutDay:
    """Return what values had on the day of the cut before it."""
    day, until = before.cut_day, before.until
    if day is None:
        return CutDay({}, [])
    if day < question.imported_before or not _is_whole(question, day):
        share = _elapsed(question, day, until)
        found = _of_codes(question, dimension, [*codes], Span(day, day))
        return CutDay({code: _part(one, share) for code, one in found.items()}, None, share)
    alone = type(before)(None, day, until)
    names = list(codes.values())
    _, values = filtered.values_before(question, Filters(), dimension, names, alone)
    code_by_name = {name: code for code, name in codes.items()}
    lasting = [
        (code_by_name[name], bot, visitor)
        for name, bot, visitor in filtered.lasting_before(question, dimension, names, alone)
    ]
    return CutDay({code_by_name[name]: one.amounts for name, one in values.items()}, lasting)


def _elapsed(question: Question, day: date, until: int) -> float:
    """Return which share of a day has passed at an instant."""
    first, end = (day_start(one, question.days.timezone) for one in (day, day + timedelta(days=1)))
    return (until / MICROSECONDS - first) / (end - first)


def _part(amounts: Amounts, share: float) -> Amounts:
    return Amounts(*(round(amount * share) for amount in amounts))


def _is_whole(question: Question, day: date) -> bool:
    whole: bool = question.read(queries.DAY_IS_WHOLE, {"site_no": question.site_no, "day": day})[0][0]
    return whole


def _cut_day(question: Question, day: date, until: int) -> CutDay:
    """Return the amounts of a day up to an instant in microseconds, under the one code of the total."""
    share = _elapsed(question, day, until)
    rollup = _whole_days(question, Span(day, day))
    if day < question.imported_before and rollup.imported:
        # An imported day has no hours.
        return CutDay({TOTAL_CODE: _part(rollup, share)}, [])
    cut_hour = _cut_hour_of(question, day, until)
    parts = [*_by_hour(question, day_start(day, question.days.timezone), cut_hour).values()]
    if until > cut_hour * MICROSECONDS:
        parts.append(_cut_hour(question, day, cut_hour, until))
    amounts = total(parts)
    if not _is_whole(question, day):
        rest = _part(rollup, share)
        return CutDay({TOTAL_CODE: amounts._replace(visitors=rest.visitors, lasting=rest.lasting)}, None, share)
    seen = _visitors_until(question, day, day_start(day, question.days.timezone) * MICROSECONDS, until)
    lasting = [(TOTAL_CODE, bot, visitor) for bot, visitor, lasts in seen if lasts]
    return CutDay({TOTAL_CODE: amounts._replace(visitors=len(seen), lasting=len(lasting))}, lasting)


def _cut_hour_of(question: Question, day: date, until: int) -> int:
    timezone = question.days.timezone
    return max(hour_and_day(until, timezone)[0], day_start(day, timezone))


def _cut_hour(question: Question, day: date, hour: int, until: int) -> Amounts:
    since = hour * MICROSECONDS
    if not _is_whole(question, day):
        hours = _by_hour(question, hour, hour + 1)
        return _part(total(hours.values()), (until - since) / (3600 * MICROSECONDS))
    key: dict[str, Any] = {
        **question.key,
        "day": day,
        "since": since,
        "until": until,
        "utc_days": [instant(since).date(), instant(until).date()],
    }
    visits, bounces, duration, pageviews, events = question.read(queries.CUT_HOUR, key)[0]
    visitors = len(_visitors_until(question, day, since, until))
    return Amounts(visitors, 0, visits, visits, bounces, pageviews, events, duration)


def _visitors_until(question: Question, day: date, since: int, until: int) -> list[tuple[bool, int, bool]]:
    """Return the (bot, visitor, lasting) of a part of a day."""
    key = {
        **question.key,
        "day": day,
        # A visit that began the day before may reach over midnight.
        "days": [day - timedelta(days=1), day],
        "since": since,
        "until": until,
        "utc_low": instant(since).date(),
        "utc_high": instant(until).date(),
    }
    return question.read(queries.CUT_DAY_VISITORS, key)
