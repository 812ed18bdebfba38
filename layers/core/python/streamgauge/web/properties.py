"""Properties of page views and custom events: their names, and the values of one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from streamgauge.dimensions import Dimension
from streamgauge.rollups.elapsed import before
from streamgauge.web.figures import Amounts, comparison, counted
from streamgauge.web.filtered import counting as filtered

if TYPE_CHECKING:
    from streamgauge.paging import Page
    from streamgauge.web.filtered.counting import Counted
    from streamgauge.web.question import Question


def properties(name: str | None, question: Question, page: Page, compare: int | None = None) -> dict[str, Any]:
    """Return the names of properties, or the values of the one named, with most visitors first, ties by name.

    `compare` is the time, in microseconds, up to which the time before is compared; None: not at all. Raises OutOfBoundsError when
    raw rows of a day are gone.
    """
    whole, values = filtered.values(question, question.filters, Dimension.EVENT, page, name or "")
    shown, next_skip = page.of_all(values)
    rows = [{"name": value, **_figures(one)} for value, one in shown]
    if compare is not None and rows:
        names, time_before = [value for value, _ in shown], before(question.days, compare)
        _, found = filtered.values_before(question, question.filters, Dimension.EVENT, names, time_before, name or "")
        for row, (value, one) in zip(rows, shown, strict=True):
            was = found.get(value, filtered.Counted(0, Amounts()))
            row["comparison"] = comparison(_figures(one), _figures(was))
    return {
        "results": rows,
        "next_skip": next_skip,
        "visitors_counted": counted(whole.amounts, one_day=question.one_day),
    }


def _figures(one: Counted) -> dict[str, Any]:
    return {"events": one.amounts.pageviews + one.amounts.events, "visitors": one.visitors}
