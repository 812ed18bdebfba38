"""SQL of paths."""

from __future__ import annotations

from typing import Final, LiteralString

from streamgauge.web.walks import SEEN_COLUMNS, STEPS

PAGE_DAYS: Final[LiteralString] = """
SELECT r.day, r.bots, r.visits, EXISTS (
    SELECT FROM page_steps t JOIN page_step_days p USING (site_no, day) JOIN site_days s USING (site_no, day)
    WHERE t.site_no = r.site_no AND t.page = r.code AND t.day = r.day AND t.bots = r.bots AND p.changes = s.changes)
FROM rollup_days r
WHERE r.site_no = %(site_no)s AND r.dimension = 1 AND r.bots = ANY(%(bots)s) AND r.code = %(code)s AND r.visits > 0
    AND r.day = ANY(ARRAY(SELECT day FROM site_days WHERE site_no = %(site_no)s AND day BETWEEN %(start)s AND %(end)s))
"""
"""(day, bots, visits that saw the page, whether its steps are written down and still true)."""

_KEPT: Final[LiteralString] = """
    SELECT ARRAY[coalesce(p.path, %(edge)s)], u.visits FROM (
        SELECT u.page, sum(u.visits)::bigint AS visits FROM unnest(%(kept_days)s::date[], %(kept_bots)s::boolean[]) AS k(day, bots)
        JOIN page_steps t ON t.site_no = %(site_no)s AND t.page = %(code)s AND t.day = k.day AND t.bots = k.bots
        CROSS JOIN LATERAL unnest(t.{direction}_pages, t.{direction}_visits) AS u(page, visits) GROUP BY u.page
    ) u LEFT JOIN pages p ON p.code = u.page"""
_WALKED: Final[LiteralString] = """
    SELECT CASE WHEN cardinality(pages) < %(steps)s THEN pages || %(edge)s::text ELSE pages END, count(*)
    FROM followed GROUP BY 1"""

_VIEWERS: Final[LiteralString] = """viewers AS MATERIALIZED (
    SELECT visit_key AS key FROM events
    WHERE page = ANY(ARRAY(SELECT code FROM pages WHERE path = %(page)s)) AND kind = 1 AND site_no = %(site_no)s
        AND day >= %(utc_low)s AND visit_key IS NOT NULL
    UNION
    SELECT key FROM visits WHERE site_no = %(site_no)s AND tail_key IS NOT NULL AND day BETWEEN %(low)s AND %(high)s
), """

_FOLLOWED: Final[LiteralString] = """, origins AS (
    SELECT visit, min(place) AS place FROM steps WHERE path = %(page)s GROUP BY visit
    UNION ALL
    -- A visit with one page view is read from its state.
    SELECT visit, 1 FROM seen WHERE pageviews = 1
), followed AS (
    SELECT o.visit, coalesce(array_agg(s.path ORDER BY abs(s.place - o.place)) FILTER (WHERE s.path IS NOT NULL), '{}') AS pages
    FROM origins o
    LEFT JOIN steps s ON s.visit = o.visit AND (s.place - o.place) * %(sign)s BETWEEN 1 AND %(steps)s
    GROUP BY o.visit
), """

_RANKED: Final[LiteralString] = """), by_step AS (
    SELECT step, name, visits, row_number() OVER (PARTITION BY step ORDER BY visits DESC, name) AS rank
    FROM (
        SELECT step, name, sum(visits)::bigint AS visits
        FROM sequences CROSS JOIN LATERAL unnest(pages) WITH ORDINALITY AS u (name, step)
        GROUP BY step, name
    ) summed
)
SELECT 'total' AS kind, 0 AS step, NULL::text[] AS pages, coalesce(sum(visits), 0)::bigint AS visits FROM sequences
UNION ALL
(SELECT 'sequence', 0, pages, visits FROM sequences ORDER BY visits DESC, pages LIMIT %(take)s OFFSET %(skip)s)
UNION ALL
(SELECT 'step', step, ARRAY[name], visits FROM by_step WHERE rank <= %(limit)s ORDER BY step, rank)
"""


def of_steps(direction: LiteralString, walk: LiteralString = "") -> LiteralString:
    """Return the statement of one step in a direction, from what is written down, and of other days by `walk`.

    Rows are (kind, step, pages, visits): all visits that saw the page; the most frequent sequences; the most frequent pages of each step.
    """
    kept = _KEPT.replace("{direction}", direction)
    return _ranked(walk, f"{_WALKED} UNION ALL {kept}" if walk else kept)


def of_walks(walk: LiteralString) -> LiteralString:
    """Return the statement over visits alone; rows as above."""
    return _ranked(walk, _WALKED)


def walk(joins: LiteralString, condition: LiteralString, *, few: bool) -> LiteralString:
    """Return how the visits `v` of some days that saw the page and meet a condition went on; of `few`, these are found by its views.

    A visit counts once, from its first view of the page.
    """
    # `OFFSET 0`: the planner would rather look through all visits than look these up.
    looked_up: LiteralString = "viewers CROSS JOIN LATERAL (SELECT * FROM visits WHERE key = viewers.key OFFSET 0) v"
    found: LiteralString = looked_up if few else "visits v"
    return f"""{_VIEWERS if few else ""}seen AS MATERIALIZED (
    SELECT {SEEN_COLUMNS}
    FROM {found}{joins}
    WHERE v.site_no = %(site_no)s AND v.day BETWEEN %(low)s AND %(high)s AND NOT v.loose
        AND (v.day, v.bot) IN (SELECT * FROM unnest(%(walked_days)s::date[], %(walked_bots)s::boolean[]))
        AND (v.entry_page = %(code)s OR v.pages @> ARRAY[%(code)s::bigint]) AND {condition}
){STEPS}{_FOLLOWED}"""


def _ranked(walk: LiteralString, found: LiteralString) -> LiteralString:
    return f"""WITH {walk}sequences AS MATERIALIZED (
    SELECT pages COLLATE "C" AS pages, sum(visits)::bigint AS visits FROM ({found}) AS f(pages, visits) GROUP BY 1
{_RANKED}"""
