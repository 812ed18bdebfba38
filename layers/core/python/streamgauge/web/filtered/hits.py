"""`hits`: the page views and custom events that count, of `chosen` visits and of back ends, with who had them and in which bucket.

Columns: `id` of the visit (NULL: none), `value`, `bot`, bucket `b` (NULL: outside the range), `visitor`, `lasting`,
`kind`, how many `n`, microseconds `spent`. Then, where values are those of hits: whether its visit counts under the value by this
very hit (`first`), whether the visit's rates do (`entered`), and these (`bounced`, `took`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, LiteralString

from streamgauge.dimensions import Dimension
from streamgauge.filters.conditions import code_condition, event_condition
from streamgauge.filters.models import Name
from streamgauge.web.filtered.events import events_of_all, events_of_each, told_by, visitless
from streamgauge.web.filtered.shape import Part
from streamgauge.web.filtered.visits import ALONE, BEGUN, STRETCHED, VISITOR, named, within

if TYPE_CHECKING:
    from streamgauge.web.filtered.shape import Shape


def hits(shape: Shape) -> Part:
    """Return the hits of a shape."""
    met = event_condition(shape.filters)
    told = told_by(shape)
    parameters = met.parameters | told.parameters
    arms: list[LiteralString] = []
    first: LiteralString = ""
    if shape.from_events and not shape.few_visits:
        happened, arm = events_of_all(shape, met.sql, told.sql)
        first = f"{happened}, "
        arms.append(arm)
    elif shape.from_events or shape.from_stretched_events:
        which: LiteralString = "TRUE" if shape.from_events else STRETCHED
        arms.append(events_of_each(shape, which, met.sql, told.sql))
    if not shape.from_events:
        held = _held(shape)
        parameters |= held.parameters
        arms.append(held.sql)
    if shape.filters.lets_visitless:
        arms.append(visitless(shape, met.sql, told.sql))
    return Part(f"{first}hits AS MATERIALIZED ({' UNION ALL '.join(arms)})", parameters)


def _held(shape: Shape) -> Part:
    """Return what visits say themselves that they hold, by day: all of them, or those that are neither counted whole nor by events."""
    which: LiteralString = "TRUE"
    if shape.from_whole_visits:
        which = "FALSE" if shape.from_stretched_events else STRETCHED
    elif shape.from_stretched_events:
        which = ALONE
    conditions = [
        code_condition(one, "h.code", f"met_{n}", named(one)) for n, one in enumerate(shape.filters.of_events)
    ]
    parameters: dict[str, Any] = {}
    for one in conditions:
        which += f" AND {one.sql}"
        parameters |= one.parameters
    asked = {one.name for one in shape.filters.of_events}
    day: LiteralString = "(c.day + coalesce(h.after, 0)::integer)"
    # What is read of a visit by the hour lies within one.
    bucket: LiteralString = "c.b0" if shape.hourly else within(f"{day} - %(first_day)s::date + 1")
    own: LiteralString = "h.code" if shape.by_hit else "c.value"
    head: LiteralString = f"SELECT c.id, {own} AS value, c.bot, {bucket} AS b, {VISITOR.format(day=day)}"
    arms: list[LiteralString] = []
    if Name.EVENT not in asked and shape.dimension != Dimension.EVENT:
        arms.append(f"""
    {head}, 1 AS kind, coalesce(h.n, 1) AS n, coalesce(h.spent, 0)
        + CASE WHEN h.code = c.exit_page AND coalesce(h.after, 0) = coalesce(c.page_days[cardinality(c.page_days)], 0)
            THEN c.last - c.exit_at ELSE 0 END AS spent,
        {BEGUN} AND (c.page_days IS NULL OR array_position(c.pages, h.code) = h.place) AS first,
        h.code = c.entry_page AS entered, c.bounced, c.last - c.start AS took
    FROM chosen c
    CROSS JOIN LATERAL unnest(coalesce(c.pages, ARRAY[c.entry_page]), c.page_times, c.page_views, c.page_days)
        WITH ORDINALITY AS h(code, spent, n, after, place)
    WHERE c.entry_page IS NOT NULL AND {which}""")
    if Name.PAGE not in asked and shape.dimension != Dimension.PAGE:
        arms.append(f"""
    {head}, 2 AS kind, coalesce(h.n, 1) AS n, 0::bigint AS spent,
        {BEGUN} AND (c.name_days IS NULL OR array_position(c.names, h.code) = h.place) AS first,
        TRUE AS entered, c.bounced, c.last - c.start AS took
    FROM chosen c CROSS JOIN LATERAL unnest(c.names, c.name_counts, c.name_days) WITH ORDINALITY AS h(code, n, after, place)
    WHERE c.names IS NOT NULL AND {which}""")
    return Part(" UNION ALL ".join(arms), parameters)
