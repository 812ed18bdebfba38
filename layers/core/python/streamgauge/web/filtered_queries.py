"""SQL of website reports with filters: one statement a report, over the visits of the range and, where it must, their events.

`chosen` are the visits that meet the filters of visits and reach into the range; `hits` what they hold and the filters of events
let through; `present` who was there, in which bucket. Buckets (days or hours) are numbered from 1; `firsts`
holds their first instants and, last, the end of the range.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, LiteralString, NamedTuple

from streamgauge.dimensions import Dimension
from streamgauge.filters.conditions import Where, code_condition, codes_array, event_condition, visit_condition, visit_joins
from streamgauge.filters.models import Name

if TYPE_CHECKING:
    from streamgauge.filters.models import Condition, Filters

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
    Dimension.ENTRY_PAGE: "v.entry_page::text",
    Dimension.EXIT_PAGE: "v.exit_page::text",
}

_VISITOR: Final[LiteralString] = """CASE WHEN c.user_key IS NOT NULL THEN c.user_key
        WHEN {day} > c.day AND cardinality(c.later_keys) > 0
            THEN c.later_keys[least({day} - c.day, cardinality(c.later_keys))]
        ELSE c.key END AS visitor,
    c.user_key IS NOT NULL OR (c.lasting AND coalesce(cardinality(c.later_keys), 0) = 0) OR (c.lasting AND {day} = c.day)
        AS lasting"""


class Shape(NamedTuple):
    """What a statement is to give: values of `dimension` (TOTAL: buckets), from events or from what visits hold."""

    filters: Filters
    dimension: Dimension
    hourly: bool = False
    cut: bool = False
    of_property: str | None = None
    """In place of names of events (`dimension` EVENT) the values of this property; the empty text: the names of properties."""

    @property
    def from_events(self) -> bool:
        """Whether the events themselves are read: visits say neither their hour, nor their properties, nor their page."""
        names = {one.name for one in self.filters.of_events}
        by_page = Name.EVENT in names and self.dimension == Dimension.PAGE
        of_page = Name.PAGE in names and self.dimension == Dimension.EVENT
        unlike = any(one.lets_absent for one in self.filters.of_events)
        about_properties = self.of_property is not None
        return self.hourly or self.cut or about_properties or unlike or by_page or of_page or Name.PROPERTY in names or len(names) > 1

    @property
    def entries_by_page(self) -> bool:
        """Whether rates are of the visits that entered at a page asked for: pages are, and no event or property."""
        return bool(self.filters.of_events) and all(one.name is Name.PAGE for one in self.filters.of_events)

    @property
    def needs_pages(self) -> bool:
        """Whether values come as codes of pages or events, whose names stand in the rollups."""
        return self.dimension in {Dimension.ENTRY_PAGE, Dimension.EXIT_PAGE} or (self.by_hit and not self.from_events)

    @property
    def by_hit(self) -> bool:
        """Whether values are those of hits rather than of visits."""
        return self.dimension in {Dimension.PAGE, Dimension.EVENT}


ROOM: Final[LiteralString] = "SELECT set_config('work_mem', '32MB', false), set_config('jit', 'off', false)"
"""Lets the rows of a month be hashed in memory; compiling such a statement takes longer than running it."""

FIRST_DAY: Final[LiteralString] = """
SELECT min(day + 0) FROM visits
WHERE site_no = %(site_no)s AND last - start >= 72000000000 AND last >= %(first)s AND start < %(first)s
"""
"""The first day of the visits that reach over midnights into a range; by a thin index, which `min(day)` would pass by."""


def statement(shape: Shape) -> Where:
    """Return the statement and its parameters, besides those that `Span.parameters` of `filtered` gives.

    `values` (NULL: all) are those to give, as they are before they are named: see `Shape.needs_pages`. Rows are (name, bucket, visitors, daily visitors, daily lasting ones, visits, entries, bounces, page views, events, duration,
    page time). The row without name and bucket is the whole range; with a dimension the others are its values, else the buckets.
    """
    chosen, of_chosen = _chosen(shape)
    hits, of_hits = _event_hits(shape) if shape.from_events else _visit_hits(shape)
    return Where(f"WITH {chosen}, {hits}, {_counts(shape)}", of_chosen | of_hits)


def lasting_visitors(shape: Shape) -> Where:
    """Return the statement of the (value, bot, visitor) whose ids last; takes the parameters of `statement`."""
    chosen, of_chosen = _chosen(shape)
    hits, of_hits = _event_hits(shape) if shape.from_events else _visit_hits(shape)
    sql: LiteralString = f"""WITH {chosen}, {hits}, {_people(shape)}
SELECT value, bot, visitor FROM persons WHERE lasting AND value = ANY(%(values)s::text[])"""
    return Where(sql, of_chosen | of_hits)


def lasting_in_periods(shape: Shape) -> Where:
    """Return the statement of the (bot, period, visitor, number) whose ids last; `periods` are those of the buckets."""
    chosen, of_chosen = _chosen(shape)
    hits, of_hits = _event_hits(shape) if shape.from_events else _visit_hits(shape)
    sql: LiteralString = f"""WITH {chosen}, {hits}, {_people(shape)}, once AS MATERIALIZED (
    SELECT DISTINCT bot, (%(periods)s::integer[])[b] AS period, visitor FROM persons WHERE lasting AND b IS NOT NULL
)
SELECT bot, period, once.visitor, n.number FROM once LEFT JOIN visitor_numbers n ON n.site_no = %(site_no)s AND n.visitor = once.visitor"""
    return Where(sql, of_chosen | of_hits)


def _chosen(shape: Shape) -> tuple[LiteralString, dict[str, Any]]:
    """Return the visits, with the buckets (0: before the first) that they begin and end in."""
    where = visit_condition(shape.filters)
    joins = visit_joins(shape.filters)
    value: LiteralString = _VALUES.get(shape.dimension, "NULL::text")
    for alias, join in (
        ("a.", " JOIN acquisitions a ON a.code = v.acquisition"),
        ("s.", " JOIN surroundings s ON s.code = v.surroundings"),
    ):
        if value.startswith(alias) and join not in joins:
            joins += join
    parameters = dict(where.parameters)
    holding: LiteralString = ""
    if not shape.from_events:
        for number, one in enumerate(shape.filters.of_events):
            if one.negated:
                continue
            codes = codes_array(one, f"holding_{number}", _dimension(one))
            parameters |= codes.parameters
            if one.name is Name.EVENT:
                holding += f" AND v.names && {codes.sql}"
            else:
                holding += f" AND (v.entry_page = ANY({codes.sql}) OR v.pages && {codes.sql})"
    entered: LiteralString = "TRUE"
    for number, one in enumerate(shape.filters.of_events):
        if shape.entries_by_page and one.name is Name.PAGE:
            page = code_condition(one, "v.entry_page", f"entered_{number}")
            parameters |= page.parameters
            entered += f" AND {page.sql}"
    return (
        f"""chosen AS MATERIALIZED (
    SELECT row_number() OVER () AS id, v.key, v.start, v.last, v.day, v.bot, v.loose, v.lasting, v.user_key, v.later_keys,
        v.entry_page, v.exit_page, v.exit_at, v.pageviews, v.pages, v.page_times, v.page_views, v.page_days,
        v.names, v.name_days, v.name_counts, {entered} AS entered,
        v.pageviews <= 1 AND NOT v.interactive AND NOT v.video_start AS bounced, (CASE WHEN NOT v.loose THEN {value} END) COLLATE "C" AS value,
        width_bucket(v.start, %(firsts)s::bigint[]) AS b0, width_bucket(v.last, %(firsts)s::bigint[]) AS b1
    FROM visits v{joins}
    WHERE v.site_no = %(site_no)s AND v.bot = ANY(%(bots)s) AND v.last >= %(first)s AND v.start < %(until)s
        AND v.day BETWEEN %(since)s AND %(end)s
        AND {where.sql}{holding}
)""",
        parameters,
    )


def _code(one: Condition, column: LiteralString, name: LiteralString) -> Where:
    return code_condition(one, column, name, _dimension(one))


def _dimension(one: Condition) -> Dimension:
    return Dimension.EVENT if one.name is Name.EVENT else Dimension.PAGE


def _visit_hits(shape: Shape) -> tuple[LiteralString, dict[str, Any]]:
    """Return what the visits themselves say that they hold, by day."""
    names = {one.name for one in shape.filters.of_events}
    day: LiteralString = "(c.day + coalesce(h.after, 0)::integer)"
    own: LiteralString = "h.code::text" if shape.by_hit else "c.value"
    held: LiteralString = f"c.id, ({own}) COLLATE \"C\" AS value, c.bot, {day} - %(first_day)s::date + 1 AS b, {_VISITOR.format(day=day)}"
    met: LiteralString = "TRUE"
    parameters: dict[str, Any] = {}
    for number, one in enumerate(shape.filters.of_events):
        where = _code(one, "h.code", f"met_{number}")
        met += f" AND {where.sql}"
        parameters |= where.parameters
    arms: list[LiteralString] = []
    unfold: LiteralString = ""
    if not names and not shape.by_hit:
        # Only how many there are is asked, and a visit of one day says it in one number.
        held = f"c.id, c.value, c.bot, {day} - %(first_day)s::date + 1 AS b, 0::bigint AS visitor, FALSE AS lasting"
        unfold = " AND c.b0 <> c.b1"
        arms.append("""
    SELECT c.id, c.value, c.bot, c.b0 AS b, 0::bigint AS visitor, FALSE AS lasting, 1 AS kind, c.pageviews AS n, 0::bigint AS spent,
        TRUE AS entered
    FROM chosen c WHERE c.b0 = c.b1""")
    if Name.EVENT not in names and shape.dimension != Dimension.EVENT:
        arms.append(f"""
    SELECT {held}, 1 AS kind, coalesce(h.n, 1) AS n, coalesce(h.spent, 0)
        + CASE WHEN h.code = c.exit_page AND coalesce(h.after, 0) = coalesce(c.page_days[cardinality(c.page_days)], 0)
            THEN c.last - c.exit_at ELSE 0 END AS spent, h.code = c.entry_page AS entered
    FROM chosen c CROSS JOIN LATERAL unnest(coalesce(c.pages, ARRAY[c.entry_page]), c.page_times, c.page_views, c.page_days)
        AS h(code, spent, n, after)
    WHERE c.entry_page IS NOT NULL{unfold} AND {met}""")
    if Name.PAGE not in names and shape.dimension != Dimension.PAGE:
        arms.append(f"""
    SELECT {held}, 2 AS kind, coalesce(h.n, 1) AS n, 0 AS spent, TRUE AS entered
    FROM chosen c CROSS JOIN LATERAL unnest(c.names, c.name_counts, c.name_days) AS h(code, n, after)
    WHERE c.names IS NOT NULL AND {met}""")
    if shape.filters.lets_visitless:
        where = event_condition(shape.filters)
        parameters |= where.parameters
        arms.append(_visitless(shape, where.sql))
    return f"hits AS MATERIALIZED ({' UNION ALL '.join(arms)})", parameters


def _event_hits(shape: Shape) -> tuple[LiteralString, dict[str, Any]]:
    """Return the events of the visits that meet the filters of events, each with its visit."""
    where = event_condition(shape.filters)
    own: LiteralString = _OWN[shape.dimension].replace("p.path", "e.path") if shape.by_hit else "c.value"
    kinds: LiteralString = "TRUE" if shape.filters.of_events else _KINDS.get(shape.dimension, "TRUE")
    told = _told(shape)
    if shape.of_property is not None:
        own, kinds = "e.told", "e.kind <= 2 AND e.properties IS NOT NULL"
    # Found before they are joined: the planner takes the visits for few, and would look each one's events up.
    happened: LiteralString = f"""happened AS MATERIALIZED (
    SELECT e.visit_key, e.time, e.flags, e.visitor, e.kind, e.name, p.path{told.sql and ", t.told"}
    FROM events e LEFT JOIN pages p ON p.code = e.page{told.sql}
    WHERE e.site_no = %(site_no)s AND e.day BETWEEN %(utc_low)s AND %(utc_high)s AND e.time < %(reach)s
        AND e.visit_key IS NOT NULL AND {kinds} AND {where.sql}
)"""
    # A page's rates are of those that entered there.
    entered: LiteralString = "TRUE"
    if shape.dimension == Dimension.PAGE:
        entered = f"""e.path = (SELECT r.name FROM rollup_days r WHERE r.site_no = %(site_no)s
            AND r.dimension = {int(Dimension.PAGE)} AND r.day = c.day AND r.bots = c.bot AND r.code = c.entry_page)"""
    arms: list[LiteralString] = [
        f"""
    SELECT c.id, ({own}) COLLATE "C" AS value, c.bot, b.n AS b, {_VISITOR.format(day="coalesce((%(bucket_days)s::date[])[b.n], c.day)")},
        e.kind::integer AS kind, 1 AS n, 0::bigint AS spent, {entered} AS entered
    FROM (
        SELECT key AS of_key, * FROM chosen
        UNION ALL
        SELECT k.later, c.* FROM chosen c CROSS JOIN LATERAL (SELECT DISTINCT unnest(c.later_keys) AS later) k
        WHERE k.later <> c.key
    ) c
    JOIN happened e ON e.visit_key = c.of_key AND e.time BETWEEN c.start AND c.last
        AND (e.flags & 32 = 0 OR e.visitor = c.user_key)
    CROSS JOIN LATERAL (SELECT width_bucket(e.time, %(firsts)s::bigint[]) AS n) b"""
    ]
    if shape.filters.lets_visitless:
        arms.append(_visitless(shape, where.sql))
    return f"{happened}, hits AS MATERIALIZED ({' UNION ALL '.join(arms)})", where.parameters | told.parameters


def _told(shape: Shape) -> Where:
    """Return the join that gives `t.told`, a property's value or each property's name, to `events e`."""
    if shape.of_property is None:
        return Where("", {})
    if not shape.of_property:
        keys: LiteralString = "CASE WHEN jsonb_typeof(e.properties) = 'object' THEN e.properties ELSE '{}' END"
        return Where(f" CROSS JOIN LATERAL (SELECT key FROM jsonb_each({keys}) WHERE value <> 'null') AS t(told)", {})
    return Where(
        " CROSS JOIN LATERAL (SELECT e.properties ->> %(of_property)s::text AS told) t", {"of_property": shape.of_property}
    )


_OWN: Final[dict[Dimension, LiteralString]] = {
    Dimension.PAGE: "p.path",
    Dimension.EVENT: "CASE WHEN e.kind = 2 THEN e.name END",
}
_KINDS: Final[dict[Dimension, LiteralString]] = {
    Dimension.PAGE: "e.kind = 1",
    Dimension.EVENT: "e.kind = 2",
    Dimension.TOTAL: "e.kind <= 2",
}


def _visitless(shape: Shape, met: LiteralString) -> LiteralString:
    """Return the events of back ends, which touch no visit: their visitors were there, without any dimension of visits."""
    own: LiteralString = "NULL::text"
    if shape.of_property is not None:
        own, met = "t.told", f"e.kind <= 2 AND e.properties IS NOT NULL AND {met}"
    elif shape.by_hit:
        own = _OWN[shape.dimension]
        if shape.needs_pages:
            own = f"""(SELECT r.code::text FROM rollup_days r WHERE r.site_no = %(site_no)s
                AND r.dimension = {int(shape.dimension)} AND r.day = %(first_day)s::date + b.n - 1 AND r.name = {own} LIMIT 1)"""
    return f"""
    SELECT NULL::bigint AS id, ({own}) COLLATE "C" AS value, e.flags & 1 = 1 AS bot, b.n AS b, e.visitor, e.flags & 48 <> 0 AS lasting,
        e.kind::integer AS kind, 1 AS n, 0::bigint AS spent, FALSE AS entered
    FROM events e LEFT JOIN pages p ON p.code = e.page{_told(shape).sql}
    CROSS JOIN LATERAL (SELECT width_bucket(e.time, %(firsts)s::bigint[]) AS n) b
    WHERE e.site_no = %(site_no)s AND e.visit_key IS NULL AND e.visitor IS NOT NULL
        AND e.day BETWEEN %(utc_low)s AND %(utc_high)s AND e.time >= %(first)s AND e.time < %(until)s
        AND ((e.flags & 1) = 1) = ANY(%(bots)s) AND {met}"""


_EVERYBODY: Final[LiteralString] = f"""
    SELECT c.value, c.b0 AS b, c.bot, coalesce(c.user_key, c.key) AS visitor, c.user_key IS NOT NULL OR c.lasting AS lasting, c.loose
    FROM chosen c WHERE c.b0 = c.b1 AND c.b0 BETWEEN 1 AND %(buckets)s AND (%(bucket_days)s::date[])[c.b0] = c.day
    UNION ALL
    SELECT c.value, g.b, c.bot, {_VISITOR.format(day="(%(bucket_days)s::date[])[g.b]")}, c.loose
    FROM chosen c CROSS JOIN LATERAL generate_series(greatest(c.b0, 1), least(c.b1, %(buckets)s)) AS g(b)
    WHERE NOT (c.b0 = c.b1 AND c.b0 BETWEEN 1 AND %(buckets)s AND (%(bucket_days)s::date[])[c.b0] = c.day)
    UNION ALL
    SELECT NULL::text, b, bot, visitor, lasting, TRUE FROM hits WHERE id IS NULL"""
_OF_HITS: Final[LiteralString] = """
    SELECT value, b, bot, visitor, lasting, FALSE AS loose FROM hits WHERE b BETWEEN 1 AND %(buckets)s"""


def _kinds(shape: Shape) -> LiteralString:
    """Return which hits are in the rows: of pages page views alone, unless an event is asked for; then the pages where it happened."""
    if shape.dimension == Dimension.PAGE and not _event_by_value(shape.filters):
        return "kind = 1"
    return "kind = 2" if shape.dimension == Dimension.EVENT and shape.of_property is None else "TRUE"


def _key(shape: Shape) -> tuple[LiteralString, LiteralString]:
    """Return the value and bucket of rows, and what they are grouped by."""
    by_bucket = shape.dimension == Dimension.TOTAL
    return ("NULL::text AS value, b", "b") if by_bucket else ("value, NULL::integer AS b", "value")


def _people(shape: Shape) -> LiteralString:
    """Return who was there, in which bucket and with which value."""
    key, group = _key(shape)
    everybody: LiteralString = _OF_HITS if shape.filters.of_events else _EVERYBODY
    shown: LiteralString = f"({_OF_HITS} AND {_kinds(shape)}) AS shown" if shape.by_hit else "present"
    told: LiteralString = "TRUE" if shape.dimension == Dimension.TOTAL else "value IS NOT NULL AND NOT loose"
    once: LiteralString = "b," if group == "b" else "value, b,"
    # Hashed twice: `count(DISTINCT b)` would sort them all.
    return f"""present AS MATERIALIZED ({everybody}), persons AS (
    SELECT {key}, bot, visitor, lasting, count(*) AS days
    FROM (SELECT DISTINCT {once} bot, visitor, lasting FROM {shown} WHERE {told}) AS once
    GROUP BY {group}, bot, visitor, lasting
    UNION ALL
    SELECT NULL::text, NULL::integer, bot, visitor, lasting, count(*)
    FROM (SELECT DISTINCT b, bot, visitor, lasting FROM present) AS once GROUP BY bot, visitor, lasting
)"""


def _counts(shape: Shape) -> LiteralString:
    """Return how visits, hits and people come to the rows."""
    narrowed = bool(shape.filters.of_events)
    kinds = _kinds(shape)
    by_bucket = shape.dimension == Dimension.TOTAL
    key, group = _key(shape)
    held: LiteralString = "chosen c WHERE NOT c.loose AND c.b0 BETWEEN 1 AND %(buckets)s"
    if narrowed:
        held += " AND c.id IN (SELECT id FROM hits)"
    visit: LiteralString = """count(*) AS visits, count(*) FILTER (WHERE c.entered) AS entries,
        count(*) FILTER (WHERE c.entered AND c.bounced) AS bounces,
        coalesce(sum(c.last - c.start) FILTER (WHERE c.entered AND NOT c.bounced), 0) AS duration"""
    visits: LiteralString = f"""
    SELECT NULL::text AS value, {"c.b0" if by_bucket else "NULL::integer"} AS b, {visit} FROM {held}
    {"GROUP BY c.b0" if by_bucket else ""}"""
    if shape.by_hit:
        visits += f"""
    UNION ALL
    SELECT h.value, NULL::integer, count(*), count(*) FILTER (WHERE h.entered), count(*) FILTER (WHERE h.entered AND c.bounced),
        coalesce(sum(c.last - c.start) FILTER (WHERE h.entered AND NOT c.bounced), 0)
    FROM (SELECT id, value, bool_or(entered) AS entered FROM hits WHERE value IS NOT NULL AND {kinds} GROUP BY id, value) h
    JOIN chosen c USING (id) WHERE NOT c.loose AND c.b0 BETWEEN 1 AND %(buckets)s GROUP BY h.value"""
    elif not by_bucket:
        visits += f"""
    UNION ALL
    SELECT c.value, NULL::integer, {visit} FROM {held} AND c.value IS NOT NULL GROUP BY c.value"""
    if by_bucket:
        visits = f"{visits} UNION ALL SELECT NULL::text, NULL::integer, {visit} FROM {held}"
    amounts: LiteralString = """coalesce(sum(n) FILTER (WHERE kind = 1), 0) AS pageviews,
        coalesce(sum(n) FILTER (WHERE kind = 2), 0) AS events, coalesce(sum(spent), 0) AS spent"""
    name: LiteralString = "t.value"
    names: LiteralString = ""
    ranked: LiteralString = "totals"
    if shape.needs_pages:
        dimension = Dimension.EVENT if shape.dimension == Dimension.EVENT else Dimension.PAGE
        name = "named.name"
        # Only those that may stand in the list are named; names decide between equals.
        ranked = """(
    SELECT * FROM totals
    WHERE value IS NULL OR (visitors + visits + pageviews + events > 0
        AND (%(values)s::text[] IS NULL OR value = ANY(%(values)s)))
    ORDER BY (value IS NULL) DESC, visitors DESC FETCH FIRST %(take)s ROWS WITH TIES
)"""
        names = f"""LEFT JOIN LATERAL (
        SELECT r.name FROM unnest(%(named_days)s::date[]) WITH ORDINALITY AS d(day, place)
        CROSS JOIN LATERAL (
            SELECT name FROM rollup_days
            WHERE site_no = %(site_no)s AND dimension = {int(dimension)} AND day = d.day AND bots = ANY(%(bots)s)
                AND code = t.value::bigint
            LIMIT 1
        ) r
        ORDER BY d.place LIMIT 1
    ) named ON t.value IS NOT NULL"""
    order: LiteralString = (
        "t.b NULLS FIRST" if by_bucket else f"""(t.value IS NULL) DESC, t.visitors DESC, {name} COLLATE "C" """
    )
    return f"""{_people(shape)}, amounts AS (
    SELECT value, b, sum(CASE WHEN lasting THEN 1 ELSE days END) AS visitors, sum(days) AS daily,
        coalesce(sum(days) FILTER (WHERE lasting), 0) AS lasting, 0 AS visits, 0 AS entries, 0 AS bounces, 0 AS pageviews,
        0 AS events, 0 AS duration, 0 AS spent
    FROM persons GROUP BY value, b
    UNION ALL
    SELECT value, b, 0, 0, 0, visits, entries, bounces, 0, 0, duration, 0 FROM ({visits}) v
    UNION ALL
    SELECT {key}, 0, 0, 0, 0, 0, 0, pageviews, events, 0, spent FROM (
        SELECT {group}, {amounts} FROM hits
        WHERE b BETWEEN 1 AND %(buckets)s AND {kinds} {"" if by_bucket else "AND value IS NOT NULL"} GROUP BY {group}) h
    UNION ALL
    SELECT NULL::text, NULL::integer, 0, 0, 0, 0, 0, 0, pageviews, events, 0, spent FROM (
        SELECT {amounts} FROM hits WHERE b BETWEEN 1 AND %(buckets)s) h
), totals AS (
    SELECT value, b, sum(visitors) AS visitors, sum(daily) AS daily, sum(lasting) AS lasting, sum(visits) AS visits,
        sum(entries) AS entries, sum(bounces) AS bounces, sum(pageviews) AS pageviews, sum(events) AS events,
        sum(duration) AS duration, sum(spent) AS spent
    FROM amounts GROUP BY value, b
)
SELECT {name}, t.b, t.visitors::bigint, t.daily::bigint, t.lasting::bigint, t.visits::bigint, t.entries::bigint, t.bounces::bigint,
    t.pageviews::bigint, t.events::bigint, t.duration::bigint, t.spent::bigint
FROM {ranked} t {names}
WHERE t.value IS NULL OR ({name} IS NOT NULL AND t.visitors + t.visits + t.pageviews + t.events > 0
    AND (%(values)s::text[] IS NULL OR t.value = ANY(%(values)s)))
ORDER BY {order}
LIMIT %(take)s"""


def _event_by_value(filters: Filters) -> bool:
    return any(one.name is Name.EVENT and not one.lets_absent for one in filters.of_events)
