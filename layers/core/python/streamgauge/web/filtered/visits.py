"""`chosen`: the visits that meet the filters of visits and reach into the range, with the buckets they begin and end in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, LiteralString

from streamgauge.dimensions import Dimension
from streamgauge.filters.conditions import Where, code_condition, codes_array, visit_condition, visit_joins
from streamgauge.filters.models import Name
from streamgauge.web.filtered.shape import Part, Shape

if TYPE_CHECKING:
    from streamgauge.filters.models import Condition

_VALUES: Final[dict[Dimension, LiteralString]] = {
    Dimension.REFERRER: "a.referrer",
    Dimension.SOURCE: "a.source",
    Dimension.CHANNEL: "a.channel",
    Dimension.UTM_SOURCE: "a.utm_source",
    Dimension.UTM_MEDIUM: "a.utm_medium",
    Dimension.UTM_CAMPAIGN: "a.utm_campaign",
    Dimension.UTM_TERM: "a.utm_term",
    Dimension.UTM_CONTENT: "a.utm_content",
    Dimension.COUNTRY: "s.country",
    Dimension.REGION: "s.region",
    Dimension.CITY: "s.city",
    Dimension.BROWSER: "s.browser",
    Dimension.OS: "s.os",
    Dimension.DEVICE: "s.device",
    Dimension.SCREEN: "s.screen",
    Dimension.LANGUAGE: "s.language",
    Dimension.ENTRY_PAGE: "v.entry_page",
    Dimension.EXIT_PAGE: "v.exit_page",
}
_JOINS: Final[dict[str, LiteralString]] = {
    "a.": " JOIN acquisitions a ON a.code = v.acquisition",
    "s.": " JOIN surroundings s ON s.code = v.surroundings",
}

ALONE: Final[LiteralString] = "c.b0 = c.b1"
"""A visit within one bucket, which then is one of the range."""
STRETCHED: Final[LiteralString] = "c.b0 <> c.b1"
BEGUN: Final[LiteralString] = "NOT c.loose AND c.b0 BETWEEN 1 AND %(buckets)s"
"""Visits count in the bucket that they begin in."""

VISITOR: Final[LiteralString] = """CASE WHEN c.user_key IS NOT NULL THEN c.user_key
        WHEN {day} > c.day AND cardinality(c.later_keys) > 0
            THEN c.later_keys[least({day} - c.day, cardinality(c.later_keys))]
        ELSE c.key END AS visitor,
    c.user_key IS NOT NULL OR (c.lasting AND coalesce(cardinality(c.later_keys), 0) = 0) OR (c.lasting AND {day} = c.day)
        AS lasting"""
"""Whom a visit counts for on a day of it, and whether that id outlasts the day."""

_EVENTS_OF_VISIT: Final[LiteralString] = """CASE WHEN v.names IS NULL THEN 0
        WHEN v.name_counts IS NULL THEN cardinality(v.names) ELSE (SELECT sum(n) FROM unnest(v.name_counts) n) END::integer"""
_OF_HITS: Final[LiteralString] = """v.entry_page, v.exit_page, v.exit_at,
        v.pages, v.page_times, v.page_views, v.page_days, v.names, v.name_days, v.name_counts"""


def within(bucket: LiteralString) -> LiteralString:
    """Return the number of a bucket, or NULL outside the range."""
    return f"CASE WHEN {bucket} BETWEEN 1 AND %(buckets)s THEN {bucket} END"


def chosen(shape: Shape) -> Part:
    """Return the visits; `b0` is 0 where they begin before the first bucket, `b1` one more than the last where they end after it."""
    where = visit_condition(shape.filters)
    holding = _holding(shape)
    entered = _entered(shape)
    own = _VALUES.get(shape.dimension)
    value = shape.no_value if own is None else shape.value(f"CASE WHEN NOT v.loose THEN {own} END")
    joins = visit_joins(shape.filters)
    join = _JOINS.get(own[:2], "") if own else ""
    amounts: LiteralString = (
        f"v.pageviews, {_EVENTS_OF_VISIT} AS events" if shape.from_whole_visits else "0 AS pageviews, 0 AS events"
    )
    return Part(
        f"""chosen AS MATERIALIZED (
    SELECT v.ctid AS id, v.key, v.start, v.last, v.day, v.bot, v.loose, v.lasting, v.user_key, v.later_keys, {_OF_HITS}, {amounts},
        {entered.sql} AS entered, v.pageviews <= 1 AND NOT v.interactive AND NOT v.video_start AS bounced,
        {value} AS value,
        width_bucket(v.start, %(firsts)s::bigint[]) AS b0, width_bucket(v.last, %(firsts)s::bigint[]) AS b1
    FROM visits v{joins}{"" if join in joins else join}
    WHERE v.site_no = %(site_no)s AND v.bot = ANY(%(bots)s) AND v.last >= %(first)s AND v.start < %(until)s
        AND v.day BETWEEN %(since)s AND %(last_day)s
        AND {where.sql}{holding.sql}
)""",
        where.parameters | holding.parameters | entered.parameters,
    )


def named(one: Condition) -> Dimension:
    """Return the dimension whose codes a filter of events names."""
    return Dimension.EVENT if one.name is Name.EVENT else Dimension.PAGE


def _holding(shape: Shape) -> Part:
    """Return the condition that a visit holds what the filters of events ask for, as far as it says so itself."""
    condition: LiteralString = ""
    parameters: dict[str, Any] = {}
    for number, one in enumerate(() if shape.from_events else shape.filters.of_events):
        if one.negated:
            continue
        codes = codes_array(one, f"holding_{number}", named(one))
        parameters |= codes.parameters
        if one.name is Name.EVENT:
            condition += f" AND v.names && {codes.sql}"
        else:
            condition += f" AND (v.entry_page = ANY({codes.sql}) OR v.pages && {codes.sql})"
    return Part(condition, parameters)


def _entered(shape: Shape) -> Where:
    """Return the condition that a visit's rates count: with filters by page alone, those that entered there."""
    if not shape.entries_by_page:
        return Where("TRUE", {})
    pages = [
        code_condition(one, "v.entry_page", f"entered_{number}") for number, one in enumerate(shape.filters.of_events)
    ]
    condition: LiteralString = " AND ".join(page.sql for page in pages)
    parameters: dict[str, Any] = {}
    for page in pages:
        parameters |= page.parameters
    return Where(f"({condition})", parameters)
