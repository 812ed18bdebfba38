"""Filters of funnels: an attempt may enter only with an event of a visit that meets them."""

from __future__ import annotations

from typing import TYPE_CHECKING, LiteralString

from streamgauge.filters.conditions import Where, event_condition, visit_condition, visit_joins
from streamgauge.funnels.rules import BARRED

if TYPE_CHECKING:
    from streamgauge.filters.models import Filters


def admitted(filters: Filters) -> Where:
    """Return the tables that lead from `whose` to `persons`: events that would enter and may not are marked as BARRED.

    A visit meets the filters when its dimensions do and, with filters of events, one of its events meets all of these. An event
    outside any visit stands for itself: it has no dimension of visits. Takes what `visit_condition` does, and what a Reader gives.
    """
    of_visits, of_events = visit_condition(filters), event_condition(filters)
    joins = visit_joins(filters)
    happened: LiteralString = ""
    held: LiteralString = "TRUE"
    alone: LiteralString = "TRUE" if filters.lets_visitless else "FALSE"
    if filters.of_events:
        held = "r.visit IN (SELECT visit FROM holding)"
        alone += " AND (n.time, n.known) IN (SELECT time, known FROM happened WHERE visit_key IS NULL)"
        happened = f""", happened AS MATERIALIZED (
    SELECT e.visit_key, e.time, CASE WHEN (e.flags & 32) <> 0 OR e.visit_key IS NULL THEN e.visitor END AS known
    FROM events e LEFT JOIN pages p ON p.code = e.page
    WHERE e.site_no = %(site_no)s AND e.day BETWEEN %(happened_from)s AND %(happened_to)s AND {of_events.sql}
), holding AS MATERIALIZED (
    SELECT DISTINCT r.visit FROM reaching r JOIN happened h
        ON h.visit_key = r.key AND h.time BETWEEN r.start AND r.last AND (h.known IS NULL OR h.known = r.user_key)
)"""
    return Where(
        f""", numbered AS MATERIALIZED (
    SELECT row_number() OVER () AS n, * FROM whose
), chosen AS MATERIALIZED (
    SELECT row_number() OVER () AS visit, v.key, v.later_keys, v.start, v.last, v.user_key, v.bot FROM visits v{joins}
    WHERE v.site_no = %(site_no)s AND v.day BETWEEN %(low)s AND %(high)s AND v.start < %(until)s AND v.last >= %(since)s
        AND v.bot = ANY(%(bots)s) AND {of_visits.sql}
), reaching AS MATERIALIZED (
    SELECT visit, key, start, last, user_key, bot FROM chosen
    UNION ALL
    SELECT visit, later.key, start, last, user_key, bot FROM chosen
    CROSS JOIN LATERAL (SELECT DISTINCT unnest(later_keys) AS key) later
    WHERE later_keys IS NOT NULL AND later.key <> chosen.key
){happened}, may_enter AS MATERIALIZED (
    SELECT DISTINCT n.n FROM numbered n JOIN reaching r
        ON r.key = n.visit_key AND r.bot = n.bot AND n.time BETWEEN r.start AND r.last
            AND (n.known IS NULL OR n.known = r.user_key) AND {held}
    WHERE n.marks & %(opens)s <> 0
    UNION
    SELECT n.n FROM numbered n WHERE n.visit_key IS NULL AND n.marks & %(opens)s <> 0 AND {alone}
), persons AS MATERIALIZED (
    SELECT time, event_uuid, event_id, bot, visit_key, own, person,
        marks | CASE WHEN marks & %(opens)s <> 0 AND may_enter.n IS NULL THEN {BARRED} ELSE 0 END AS marks
    FROM numbered LEFT JOIN may_enter USING (n)
)""",
        of_visits.parameters | of_events.parameters,
    )
