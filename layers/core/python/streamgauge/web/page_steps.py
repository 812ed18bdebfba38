"""Steps from page to page, written down for closed days."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final, LiteralString

from streamgauge.dimensions import Dimension
from streamgauge.web.walks import SEEN_COLUMNS, STEPS

if TYPE_CHECKING:
    from datetime import date

    from streamgauge.store.postgres import Connection

LEAST_VISITS: Final = 50
"""Of pages that fewer visits of a day saw nothing is written: walking through those takes no longer than reading it."""

_UNWRITTEN: Final[LiteralString] = """
SELECT s.day FROM site_days s
WHERE s.site_no = %(site_no)s AND s.closed
    AND NOT EXISTS (SELECT FROM site_days n WHERE n.site_no = s.site_no AND n.day BETWEEN s.day AND s.day + 1 AND NOT n.whole)
    AND NOT EXISTS (
        SELECT FROM page_step_days p WHERE p.site_no = s.site_no AND p.day = s.day AND p.changes = s.changes)
ORDER BY s.day
"""
_CLAIM: Final[LiteralString] = """
INSERT INTO page_step_days AS p (site_no, day, changes)
SELECT site_no, day, changes FROM site_days WHERE site_no = %(site_no)s AND day = %(day)s
ON CONFLICT (site_no, day) DO UPDATE SET changes = excluded.changes
"""
"""Before anything is read: a batch that comes meanwhile makes the day be written anew."""
_FORGET: Final[LiteralString] = "DELETE FROM page_steps WHERE site_no = %(site_no)s AND day = %(day)s"
_WRITE: Final[LiteralString] = f"""
WITH seen AS MATERIALIZED (
    SELECT {SEEN_COLUMNS}
    FROM visits v WHERE v.site_no = %(site_no)s AND v.day = %(day)s AND NOT v.loose AND v.pageviews > 0
){STEPS}, around AS (
    SELECT bot, path, row_number() OVER (PARTITION BY visit, path ORDER BY place) AS occurrence,
        lead(path) OVER of_visit AS next, lead(page) OVER of_visit AS next_page,
        lag(path) OVER of_visit AS previous, lag(page) OVER of_visit AS previous_page
    FROM steps WINDOW of_visit AS (PARTITION BY visit ORDER BY place)
), names AS MATERIALIZED (
    SELECT DISTINCT code, name FROM rollup_days
    WHERE site_no = %(site_no)s AND dimension = {int(Dimension.PAGE)} AND day = %(day)s AND visits >= %(least)s
), firsts AS MATERIALIZED (
    SELECT a.bot, n.code, a.next, a.next_page, a.previous, a.previous_page
    FROM around a JOIN names n ON n.name = a.path WHERE a.occurrence = 1
    UNION ALL
    SELECT bot, entry_page, NULL, NULL, NULL, NULL FROM seen WHERE pageviews = 1
), many AS MATERIALIZED (
    SELECT bot, code FROM firsts JOIN names USING (code) GROUP BY bot, code HAVING count(*) >= %(least)s
), nexts AS (
    SELECT bot, code, array_agg(page ORDER BY visits DESC, page) AS pages, array_agg(visits ORDER BY visits DESC, page) AS counts
    FROM (
        SELECT bot, code, min(next_page) AS page, count(*)::integer AS visits FROM firsts JOIN many USING (bot, code)
        GROUP BY bot, code, next
    ) f GROUP BY bot, code
), previous AS (
    SELECT bot, code, array_agg(page ORDER BY visits DESC, page) AS pages, array_agg(visits ORDER BY visits DESC, page) AS counts
    FROM (
        SELECT bot, code, min(previous_page) AS page, count(*)::integer AS visits FROM firsts JOIN many USING (bot, code)
        GROUP BY bot, code, previous
    ) f GROUP BY bot, code
)
INSERT INTO page_steps (site_no, page, day, bots, next_pages, next_visits, previous_pages, previous_visits)
SELECT %(site_no)s, n.code, %(day)s, n.bot, n.pages, n.counts, p.pages, p.counts
FROM nexts n JOIN previous p USING (bot, code) ORDER BY n.code
"""


def write_days(connection: Connection, site_no: int, least: int = LEAST_VISITS) -> int:
    """Write the steps of all closed days that are not written, or changed since; return how many days that were.

    Each is a transaction of its own, and keeps nobody waiting.
    """
    days = [day for (day,) in connection.execute(_UNWRITTEN, {"site_no": site_no}).fetchall()]
    for day in days:
        write_day(connection, site_no, day, least)
    return len(days)


def write_day(connection: Connection, site_no: int, day: date, least: int = LEAST_VISITS) -> None:
    """Write the steps of a day anew, of pages that at least so many of its visits saw."""
    key: dict[str, Any] = {"site_no": site_no, "day": day, "utc_low": day - timedelta(1), "least": least}
    with connection.transaction():
        connection.execute("SET LOCAL work_mem = '64MB'")
        connection.execute("SET LOCAL jit = off")
        for statement in (_CLAIM, _FORGET, _WRITE):
            connection.execute(statement, key)


def forget_day(connection: Connection, site_no: int, day: date) -> None:
    """Let the steps of a day be walked, and written anew, as its visits were made anew."""
    connection.execute("DELETE FROM page_step_days WHERE site_no = %s AND day = %s", [site_no, day])
