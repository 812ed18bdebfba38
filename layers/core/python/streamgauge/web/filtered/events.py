"""Hits as events say them: those of chosen visits, joined all together or looked up visit by visit, and those of back ends."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, LiteralString

from streamgauge.dimensions import Dimension
from streamgauge.web.filtered.shape import Part
from streamgauge.web.filtered.visits import BEGUN, VISITOR, within

if TYPE_CHECKING:
    from streamgauge.web.filtered.shape import Shape

_BUCKET: Final[LiteralString] = f"""CROSS JOIN LATERAL (
        SELECT {within("width_bucket(e.time, %(firsts)s::bigint[])")} AS n
    ) b"""
_EVENT_NAME: Final[LiteralString] = "CASE WHEN e.kind = 2 THEN e.name END"
_OF_VISIT: Final[LiteralString] = """e.visit_key = c.of_key AND e.day = c.utc_day
        AND e.time BETWEEN c.start AND c.last AND (e.flags & 32 = 0 OR e.visitor = c.user_key)"""

_KEYS: Final[LiteralString] = """CASE WHEN cardinality(c.later_keys) > 0
            THEN ARRAY(SELECT DISTINCT unnest(c.key || c.later_keys)) ELSE ARRAY[c.key] END"""
_PLACE: Final[LiteralString] = "({at} / 86400000000 - %(utc_first)s + 1)::integer"
"""Which of `utc_days` an instant lies in."""


def events_of_all(shape: Shape, met: LiteralString, told: LiteralString) -> tuple[LiteralString, LiteralString]:
    """Return the table of the range's events that meet the filters of events, and its hits: the events are found before they are joined.

    The planner takes the visits for few, and would look each one's events up.
    """
    happened: LiteralString = f"""happened AS MATERIALIZED (
    SELECT e.visit_key, e.day, e.time, e.flags, e.visitor, e.kind, e.name, p.path{told and ", t.told"}
    FROM events e LEFT JOIN pages p ON p.code = e.page{told}
    WHERE e.site_no = %(site_no)s AND e.day BETWEEN %(utc_low)s AND %(utc_high)s AND e.time < %(reach)s
        AND e.visit_key IS NOT NULL AND {_wanted(shape)} AND {met}
)"""
    return happened, _of_events(shape, "TRUE", f"JOIN happened e ON {_OF_VISIT}")


def events_of_each(shape: Shape, which: LiteralString, met: LiteralString, told: LiteralString) -> LiteralString:
    """Return the hits of those chosen visits that `which` tells, whose events are looked up visit by visit."""
    events: LiteralString = f"""CROSS JOIN LATERAL (
        SELECT e.time, e.kind, e.name, p.path{told and ", t.told"}
        FROM events e LEFT JOIN pages p ON p.code = e.page{told}
        WHERE e.site_no = %(site_no)s AND e.day BETWEEN %(utc_low)s AND %(utc_high)s AND e.time < %(reach)s
            AND {_OF_VISIT} AND {_wanted(shape)} AND {met}
        OFFSET 0
    ) e"""
    return _of_events(shape, which, events)


def visitless(shape: Shape, met: LiteralString, told: LiteralString) -> LiteralString:
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


def _wanted(shape: Shape) -> LiteralString:
    """Return which kinds of events are read; filters of events say so themselves."""
    if shape.of_property is not None:
        return "e.kind <= 2 AND e.properties IS NOT NULL"
    if shape.narrowed:
        return "TRUE"
    return f"e.{shape.kinds}" if shape.by_hit else "e.kind <= 2"


def told_by(shape: Shape) -> Part:
    """Return the join that gives `t.told`, a property's value or each property's name, to `events e`."""
    if shape.of_property is None:
        return Part("", {})
    if not shape.of_property:
        keys: LiteralString = "CASE WHEN jsonb_typeof(e.properties) = 'object' THEN e.properties ELSE '{}' END"
        return Part(f" CROSS JOIN LATERAL (SELECT key FROM jsonb_each({keys}) WHERE value <> 'null') AS t(told)", {})
    told: LiteralString = " CROSS JOIN LATERAL (SELECT e.properties ->> %(of_property)s::text AS told) t"
    return Part(told, {"of_property": shape.of_property})


def _of_events(shape: Shape, which: LiteralString, events: LiteralString) -> LiteralString:
    """Return the events of some chosen visits; `events` joins them, as `e`, by a key and a day of the visit.

    A key has many visits: by the key alone each of them would be held against all events of all. OFFSET keeps the planner from that.
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
        SELECT k.of_key, d.utc_day, c.*
        FROM chosen c
        CROSS JOIN LATERAL unnest({_KEYS}) AS k(of_key)
        CROSS JOIN LATERAL unnest((%(utc_days)s::date[])[{_PLACE.format(at="c.start")}:{_PLACE.format(at="c.last")}]) AS d(utc_day)
        WHERE {which}
        OFFSET 0
    ) c
    {events}
    {_BUCKET}"""
