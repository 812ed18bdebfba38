"""The statement of a filtered report: `chosen` visits, their `hits`, who was `present`, and the rows that come of them.

Buckets (days or hours) are numbered from 1; `firsts` holds their first instants and, last, the end of the range.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, LiteralString

from streamgauge.web.filtered.hits import hits
from streamgauge.web.filtered.shape import Part
from streamgauge.web.filtered.visits import ALONE, BEGUN, STRETCHED, VISITOR, chosen

if TYPE_CHECKING:
    from streamgauge.web.filtered.shape import Shape

ROOM: Final[LiteralString] = "SELECT set_config('work_mem', '32MB', false), set_config('jit', 'off', false)"
"""Lets the rows of a month be hashed in memory; compiling such a statement takes longer than running it."""


def statement(shape: Shape) -> Part:
    """Return the statement and its parameters, besides those of `buckets.parameters`.

    Rows are (name, bucket, visitors, daily visitors, daily lasting ones, visits, entries, bounces, page views, events, duration,
    page time). The first, without name and bucket, has the visitors of the whole range, and nothing else; the others are buckets or
    values. Of a value in several buckets daily visitors are not told apart from those of the range.

    `values` (NULL: all) are the values to give, written as `Shape.of_codes` says.
    """
    visits, found = chosen(shape), hits(shape)
    rows = _buckets(shape) if shape.by_bucket else _values(shape)
    sql: LiteralString = f"WITH {visits.sql}, {found.sql}, {_present(shape)}, {_PERSONS}, {rows}{_answer(shape)}"
    return Part(sql, visits.parameters | found.parameters)


def lasting_visitors(shape: Shape) -> Part:
    """Return the statement of the (value, bot, visitor) whose ids last; takes the parameters of `statement`."""
    visits, found = chosen(shape), hits(shape)
    sql: LiteralString = f"""WITH {visits.sql}, {found.sql}, {_present(shape)}
SELECT DISTINCT value, bot, visitor FROM {_shown(shape)} WHERE lasting AND value = ANY(%(values)s::{_kind(shape)}[])"""
    return Part(sql, visits.parameters | found.parameters)


def lasting_in_periods(shape: Shape) -> Part:
    """Return the statement of the (bot, period, visitor, number) whose ids last; `periods` are those of the buckets."""
    visits, found = chosen(shape), hits(shape)
    sql: LiteralString = f"""WITH {visits.sql}, {found.sql}, {_present(shape)}, once AS MATERIALIZED (
    SELECT DISTINCT bot, (%(periods)s::integer[])[b] AS period, visitor FROM present WHERE lasting
)
SELECT bot, period, once.visitor, n.number
FROM once LEFT JOIN visitor_numbers n ON n.site_no = %(site_no)s AND n.visitor = once.visitor"""
    return Part(sql, visits.parameters | found.parameters)


_EVERYBODY: Final[LiteralString] = f"""
    SELECT c.value, c.b0 AS b, c.bot, coalesce(c.user_key, c.key) AS visitor, c.user_key IS NOT NULL OR c.lasting AS lasting, c.loose
    FROM chosen c WHERE {ALONE}
    UNION ALL
    SELECT c.value, (greatest(c.b0, 1) + g.place - 1)::integer, c.bot, {VISITOR.format(day="g.day")}, c.loose
    FROM chosen c
    CROSS JOIN LATERAL unnest((%(bucket_days)s::date[])[greatest(c.b0, 1):c.b1]) WITH ORDINALITY AS g(day, place)
    WHERE {STRETCHED}
    UNION ALL
    SELECT value, b, bot, visitor, lasting, TRUE FROM hits WHERE id IS NULL"""
_OF_HITS: Final[LiteralString] = """
    SELECT value, b, bot, visitor, lasting, FALSE AS loose FROM hits WHERE b IS NOT NULL"""

_WITHIN: Final[LiteralString] = "b IS NOT NULL"
_PERSONS: Final[LiteralString] = """persons AS MATERIALIZED (
    SELECT DISTINCT b, bot, visitor, lasting FROM present
), whole AS (
    SELECT coalesce(sum(CASE WHEN lasting THEN 1 ELSE days END), 0) AS visitors, coalesce(sum(days), 0) AS daily,
        coalesce(sum(days) FILTER (WHERE lasting), 0) AS lasting
    FROM (SELECT lasting, count(*) AS days FROM persons GROUP BY bot, visitor, lasting) AS each
)"""
"""Who was there in each bucket, and in the whole range: once when the id lasts, else once a day."""

_RATES: Final[LiteralString] = """count(*) AS visits, count(*) FILTER (WHERE c.entered) AS entries,
        count(*) FILTER (WHERE c.entered AND c.bounced) AS bounces,
        sum(c.last - c.start) FILTER (WHERE c.entered AND NOT c.bounced) AS duration"""
_HAD: Final[LiteralString] = f"""sum(c.pageviews) FILTER (WHERE {ALONE}) AS pageviews,
        sum(c.events) FILTER (WHERE {ALONE}) AS events"""
"""What visits within a bucket had, where these are counted whole; else 0."""
_HITS: Final[LiteralString] = "sum(n) FILTER (WHERE kind = 1) AS pageviews, sum(n) FILTER (WHERE kind = 2) AS events"
_AMOUNTS: Final[tuple[LiteralString, ...]] = (
    "visitors", "lasting", "visits", "entries", "bounces", "pageviews", "events", "duration", "spent",
)  # fmt: skip


def _present(shape: Shape) -> LiteralString:
    """Return who was there, in which bucket and with which value of the visit: with filters of events, who had such an event."""
    return f"present AS MATERIALIZED ({_OF_HITS if shape.narrowed else _EVERYBODY})"


def _shown(shape: Shape) -> LiteralString:
    """Return who was there with which value of a row."""
    if shape.by_hit:
        return f"({_OF_HITS} AND {shape.kinds}) AS shown"
    return "(SELECT * FROM present WHERE NOT loose) AS shown"


def _counted(shape: Shape) -> LiteralString:
    """Return the visits that count."""
    if not shape.narrowed:
        return f"chosen c WHERE {BEGUN}"
    # IS TRUE makes it a hash that is looked up. As a join, the planner, which takes hits for few, would go through them for each visit.
    return f"chosen c WHERE {BEGUN} AND (c.id IN (SELECT DISTINCT id FROM hits)) IS TRUE"


def _buckets(shape: Shape) -> LiteralString:
    """Return the amounts of each bucket."""
    return f"""amounts AS (
    SELECT b, count(*) AS visitors, count(*) FILTER (WHERE lasting) AS lasting, 0 AS visits, 0 AS entries, 0 AS bounces,
        0 AS duration, 0 AS pageviews, 0 AS events, 0 AS spent
    FROM persons GROUP BY b
    UNION ALL
    SELECT c.b0, 0, 0, {_RATES}, {_HAD}, 0 FROM {_counted(shape)} GROUP BY c.b0
    UNION ALL
    SELECT b, 0, 0, 0, 0, 0, 0, {_HITS}, 0 FROM hits WHERE {_WITHIN} GROUP BY b
)"""


def _values(shape: Shape) -> LiteralString:
    """Return the amounts of each value."""
    if shape.by_hit:
        had: LiteralString = f"""
    SELECT value, 0, 0, count(*) FILTER (WHERE first), count(*) FILTER (WHERE first AND entered),
        count(*) FILTER (WHERE first AND entered AND bounced), sum(took) FILTER (WHERE first AND entered AND NOT bounced),
        sum(n) FILTER (WHERE kind = 1 AND {_WITHIN}), sum(n) FILTER (WHERE kind = 2 AND {_WITHIN}), sum(spent) FILTER (WHERE {_WITHIN})
    FROM hits WHERE value IS NOT NULL AND {shape.kinds} GROUP BY value"""
    else:
        had = f"""
    SELECT c.value, 0, 0, {_RATES}, {_HAD}, 0 FROM {_counted(shape)} AND c.value IS NOT NULL GROUP BY c.value
    UNION ALL
    SELECT value, 0, 0, 0, 0, 0, 0, {_HITS}, 0 FROM hits WHERE {_WITHIN} AND value IS NOT NULL GROUP BY value"""
    return f"""amounts AS (
    SELECT value, count(*) AS visitors, count(*) FILTER (WHERE lasting) AS lasting, 0 AS visits, 0 AS entries, 0 AS bounces,
        0 AS duration, 0 AS pageviews, 0 AS events, 0 AS spent
    FROM (
        SELECT DISTINCT value, bot, visitor, lasting, CASE WHEN NOT lasting THEN b END FROM {_shown(shape)} WHERE value IS NOT NULL
    ) AS once GROUP BY value
    UNION ALL {had}
)"""


def _answer(shape: Shape) -> LiteralString:
    """Return what selects the rows of `whole` and of `amounts`."""
    row: LiteralString = "b" if shape.by_bucket else "value"
    sums: LiteralString = ", ".join(f"coalesce(sum({name}), 0)::bigint AS {name}" for name in _AMOUNTS)
    totals: LiteralString = f"(SELECT {row}, {sums} FROM amounts GROUP BY {row})"
    given: LiteralString = """t.visitors, t.visitors, t.lasting, t.visits, t.entries, t.bounces, t.pageviews, t.events, t.duration,
        t.spent"""
    if shape.by_bucket:
        rows: LiteralString = f"SELECT NULL, b, {given} FROM {totals} AS t"
    else:
        rows = _leading(shape, totals, given)
    return f"""
SELECT NULL AS name, NULL::integer AS b, visitors::bigint, daily::bigint, lasting::bigint, 0, 0, 0, 0, 0, 0, 0
FROM whole
UNION ALL
({rows})"""


def _leading(shape: Shape, totals: LiteralString, given: LiteralString) -> LiteralString:
    """Return what selects the values with most visitors, ties by name."""
    some: LiteralString = f"""visitors + visits + pageviews + events > 0
        AND (%(values)s::{_kind(shape)}[] IS NULL OR value = ANY(%(values)s))"""
    if not shape.of_codes:
        return f"""SELECT t.value, NULL, {given} FROM {totals} AS t
    WHERE {some} ORDER BY t.visitors DESC, t.value LIMIT %(take)s"""
    # Only those that may stand in the list are named; names decide between equals.
    return f"""SELECT named.name, NULL, {given}
    FROM (
        SELECT * FROM {totals} AS t WHERE {some} ORDER BY visitors DESC FETCH FIRST %(take)s ROWS WITH TIES
    ) AS t
    CROSS JOIN LATERAL (
        SELECT r.name FROM unnest(%(named_days)s::date[]) WITH ORDINALITY AS d(day, place)
        CROSS JOIN LATERAL (
            SELECT name FROM rollup_days
            WHERE site_no = %(site_no)s AND dimension = {int(shape.named_as)} AND day = d.day AND bots = ANY(%(bots)s)
                AND code = t.value
            LIMIT 1
        ) AS r
        ORDER BY d.place LIMIT 1
    ) AS named
    ORDER BY t.visitors DESC, named.name COLLATE "C" LIMIT %(take)s"""


def _kind(shape: Shape) -> LiteralString:
    return "bigint" if shape.of_codes else "text"
