"""`hits`: the page views and custom events that count, of `chosen` visits and of back ends, with who had them and in which bucket.

Columns: `id` of the visit (NULL: none), `value`, `bot`, bucket `b` (NULL: outside the range), `visitor`, `lasting`,
`kind`, how many `n`, microseconds `spent`. Then, where values are those of hits: whether its visit counts under the value by this
very hit (`first`), whether the visit's rates do (`entered`), and these (`bounced`, `took`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, LiteralString

from streamgauge.dimensions import Dimension
from streamgauge.filters.conditions import code_condition, event_condition
from streamgauge.filters.models import Name
from streamgauge.web.filtered.shape import Part
from streamgauge.web.filtered.visits import ALONE, BEGUN, STRETCHED, named

if TYPE_CHECKING:
    from streamgauge.web.filtered.shape import Shape

VISITOR: Final[LiteralString] = """CASE WHEN c.user_key IS NOT NULL THEN c.user_key
        WHEN {day} > c.day AND cardinality(c.later_keys) > 0
            THEN c.later_keys[least({day} - c.day, cardinality(c.later_keys))]
        ELSE c.key END AS visitor,
    c.user_key IS NOT NULL OR (c.lasting AND coalesce(cardinality(c.later_keys), 0) = 0) OR (c.lasting AND {day} = c.day)
        AS lasting"""
"""Whom a visit counts for on a day of it, and whether that id outlasts the day."""


def _within(bucket: LiteralString) -> LiteralString:
    return f"CASE WHEN {bucket} BETWEEN 1 AND %(buckets)s THEN {bucket} END"


_BUCKET: Final[LiteralString] = f"""CROSS JOIN LATERAL (
        SELECT {_within("width_bucket(e.time, %(firsts)s::bigint[])")} AS n
    ) b"""
_EVENT_NAME: Final[LiteralString] = "CASE WHEN e.kind = 2 THEN e.name END"


def hits(shape: Shape) -> Part:
    """Return the hits of a shape."""
    met = event_condition(shape.filters)
    told = _told(shape)
    parameters = met.parameters | told.parameters
    arms: list[LiteralString] = []
    first: LiteralString = ""
    if shape.from_events and not shape.few_visits:
        first = f"{_happened(shape, met.sql, told.sql)}, "
        arms.append(_of_events(shape, "TRUE", _JOIN_HAPPENED))
    elif shape.from_events or shape.from_stretched_events:
        which = "TRUE" if shape.from_events else STRETCHED
        arms.append(_of_events(shape, which, _looked_up(shape, met.sql, told.sql)))
    if not shape.from_events:
        held = _held(shape)
        parameters |= held.parameters
        arms.append(held.sql)
    if shape.filters.lets_visitless:
        arms.append(_visitless(shape, met.sql, told.sql))
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
    bucket: LiteralString = "c.b0" if shape.hourly else _within(f"{day} - %(first_day)s::date + 1")
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


def _of_events(shape: Shape, which: LiteralString, events: LiteralString) -> LiteralString:
    """Return the events of some chosen visits; `events` joins them, as `e`, by a key of the visit and a day.

    A key has many visits: without the day each of them would be held against all events of all.
    """
    own: LiteralString = "c.value"
    entered: LiteralString = "TRUE"
    if shape.of_property is not None:
        own = "e.told"
    elif shape.dimension == Dimension.EVENT:
        own = _EVENT_NAME
    elif shape.dimension == Dimension.PAGE:
        own = "e.path"
        # A page's rates are of those that entered there.
        entered = f"""e.path = (SELECT r.name FROM rollup_days r WHERE r.site_no = %(site_no)s
            AND r.dimension = {int(Dimension.PAGE)} AND r.day = c.day AND r.bots = c.bot AND r.code = c.entry_page)"""
    day: LiteralString = "coalesce((%(bucket_days)s::date[])[b.n], c.day)"
    first: LiteralString = (
        f"{BEGUN} AND {shape.kinds} AND row_number() OVER (PARTITION BY c.id, {own}, {shape.kinds}) = 1"
    )
    return f"""
    SELECT c.id, {shape.value(own)} AS value, c.bot, b.n AS b, {VISITOR.format(day=day)}, e.kind::integer AS kind, 1 AS n, 0::bigint AS spent,
        {first if shape.by_hit else "FALSE"} AS first, {entered} AS entered, c.bounced, c.last - c.start AS took
    FROM (
        SELECT c.key AS of_key, c.* FROM chosen c WHERE {which}
        UNION ALL
        SELECT k.later, c.* FROM chosen c CROSS JOIN LATERAL (SELECT DISTINCT unnest(c.later_keys) AS later) k
        WHERE k.later <> c.key AND {which}
    ) c
    CROSS JOIN LATERAL generate_series(c.start / 86400000000, c.last / 86400000000) AS d(utc_day)
    {events}
    {_BUCKET}"""


_OF_VISIT: Final[LiteralString] = """e.visit_key = c.of_key AND e.day = '1970-01-01'::date + d.utc_day::integer
        AND e.time BETWEEN c.start AND c.last AND (e.flags & 32 = 0 OR e.visitor = c.user_key)"""
_JOIN_HAPPENED: Final[LiteralString] = f"JOIN happened e ON {_OF_VISIT}"


def _happened(shape: Shape, met: LiteralString, told: LiteralString) -> LiteralString:
    """Return the events of the range that meet the filters of events: found before they are joined.

    The planner takes the visits for few, and would look each one's events up.
    """
    return f"""happened AS MATERIALIZED (
    SELECT e.visit_key, e.day, e.time, e.flags, e.visitor, e.kind, e.name, p.path{told and ", t.told"}
    FROM events e LEFT JOIN pages p ON p.code = e.page{told}
    WHERE e.site_no = %(site_no)s AND e.day BETWEEN %(utc_low)s AND %(utc_high)s AND e.time < %(reach)s
        AND e.visit_key IS NOT NULL AND {_wanted(shape)} AND {met}
)"""


def _looked_up(shape: Shape, met: LiteralString, told: LiteralString) -> LiteralString:
    """Return the join that looks the events of each visit up."""
    return f"""CROSS JOIN LATERAL (
        SELECT e.time, e.kind, e.name, p.path{told and ", t.told"}
        FROM events e LEFT JOIN pages p ON p.code = e.page{told}
        WHERE e.site_no = %(site_no)s AND e.day BETWEEN %(utc_low)s AND %(utc_high)s AND e.time < %(reach)s
            AND {_OF_VISIT} AND {_wanted(shape)} AND {met}
        OFFSET 0
    ) e"""


def _wanted(shape: Shape) -> LiteralString:
    """Return which kinds of events are read; filters of events say so themselves."""
    if shape.of_property is not None:
        return "e.kind <= 2 AND e.properties IS NOT NULL"
    if shape.narrowed:
        return "TRUE"
    return f"e.{shape.kinds}" if shape.by_hit else "e.kind <= 2"


def _told(shape: Shape) -> Part:
    """Return the join that gives `t.told`, a property's value or each property's name, to `events e`."""
    if shape.of_property is None:
        return Part("", {})
    if not shape.of_property:
        keys: LiteralString = "CASE WHEN jsonb_typeof(e.properties) = 'object' THEN e.properties ELSE '{}' END"
        return Part(f" CROSS JOIN LATERAL (SELECT key FROM jsonb_each({keys}) WHERE value <> 'null') AS t(told)", {})
    told: LiteralString = " CROSS JOIN LATERAL (SELECT e.properties ->> %(of_property)s::text AS told) t"
    return Part(told, {"of_property": shape.of_property})


def _visitless(shape: Shape, met: LiteralString, told: LiteralString) -> LiteralString:
    """Return the events of back ends, which touch no visit: their visitors were there, without any dimension of visits."""
    own: LiteralString = "NULL::text"
    wanted: LiteralString = "TRUE"
    if shape.of_property is not None:
        own, wanted = "t.told", _wanted(shape)
    elif shape.by_hit:
        own = "p.path" if shape.dimension == Dimension.PAGE else _EVENT_NAME
        if shape.of_codes:
            own = f"""(SELECT r.code FROM rollup_days r WHERE r.site_no = %(site_no)s
                AND r.dimension = {int(shape.dimension)} AND r.day = %(first_day)s::date + b.n - 1 AND r.name = {own} LIMIT 1)"""
    return f"""
    SELECT NULL::tid AS id, {shape.value(own) if shape.by_hit else shape.no_value} AS value, e.flags & 1 = 1 AS bot, b.n AS b, e.visitor, e.flags & 48 <> 0 AS lasting,
        e.kind::integer AS kind, 1 AS n, 0::bigint AS spent,
        FALSE AS first, FALSE AS entered, FALSE AS bounced, 0::bigint AS took
    FROM events e LEFT JOIN pages p ON p.code = e.page{told}
    {_BUCKET}
    WHERE e.site_no = %(site_no)s AND e.visit_key IS NULL AND e.visitor IS NOT NULL
        AND e.day BETWEEN %(utc_low)s AND %(utc_high)s AND e.time >= %(first)s AND e.time < %(until)s
        AND ((e.flags & 1) = 1) = ANY(%(bots)s) AND {wanted} AND {met}"""
