"""Top lists of a website."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from streamgauge.contributions import TOTAL_CODE
from streamgauge.dimensions import Dimension
from streamgauge.rollups.candidates import Candidate, Listed, Ranked, top
from streamgauge.rollups.ranges import parts
from streamgauge.web import compared, queries
from streamgauge.web.figures import Amounts, bucket_figures, counted, marks, ratio, total
from streamgauge.web.filtered import counting as filtered

if TYPE_CHECKING:
    from collections.abc import Callable

    from streamgauge.paging import Page
    from streamgauge.rollups.uniques import Uniques
    from streamgauge.web.question import Question


def top_values(dimension: Dimension, question: Question, page: Page, compare: int | None = None) -> dict[str, Any]:
    """Return the values of a dimension with most visitors, ties by name, and where the list goes on.

    `compare` is the time, in microseconds, up to which the time before is compared; None: not at all.
    """
    ranked = _ranking(question, dimension, page)
    shown, next_skip = page.of_all(ranked.values)
    rows = []
    for name, visitors, amounts in shown:
        row = {**_row(name, amounts, visitors), "percentage": ratio(visitors, ranked.everybody) * 100}
        if dimension == Dimension.PAGE:
            row["time_on_page"] = amounts.time_on_page if ranked.timed else None
        rows.append(row)
    if compare is not None:
        compared.add_values(question, compare, dimension, rows, timed=ranked.timed)
    return _list(question, rows, next_skip, ranked.everything)


def custom_events(question: Question, page: Page, compare: int | None = None) -> dict[str, Any]:
    """Return the custom events that most visitors had, ties by name, and where the list goes on; `compare` as above."""
    ranked = _ranking(question, Dimension.EVENT, page)
    shown, next_skip = page.of_all(ranked.values)
    rows = [{"name": name, "events": amounts.events, "visitors": visitors} for name, visitors, amounts in shown]
    if compare is not None:
        compared.add_values(question, compare, Dimension.EVENT, rows, timed=False)
    return _list(question, rows, next_skip, ranked.everything)


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
    take = round(page.take * 2 * parts(question.days.start, question.days.end).looseness) + 20
    # The total is counted with the first values: each count looks at today's rows.
    found = top(_listed(question, dimension, known), take, page.take, lambda codes: uniques.count([TOTAL_CODE, *codes]))
    return found, known


def _list(question: Question, rows: list[dict[str, Any]], next_skip: int | None, everything: Amounts) -> dict[str, Any]:
    return {
        "results": rows,
        "next_skip": next_skip,
        "visitors_counted": counted(everything, one_day=question.one_day),
        **marks(everything),
    }


def _row(name: str, amounts: Amounts, visitors: int) -> dict[str, Any]:
    return {"name": name, **bucket_figures(amounts), "visitors": visitors}


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
