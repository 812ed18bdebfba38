"""Top lists put together from leading values of months and days are those that adding up every day gives."""

import random
from datetime import date, timedelta

import pytest
from streamgauge.dimensions import Dimension
from streamgauge.edge.parameters import ReportRange
from streamgauge.jobs import queries
from streamgauge.paging import Page
from streamgauge.rollups import candidates
from streamgauge.web import lists
from streamgauge.web.question import Question

FIRST = date(2026, 1, 10)
DAYS = 100
EVERY_DAY = """
SELECT name, sum(visitors)::bigint AS visitors, sum(pageviews)::bigint FROM rollup_days
WHERE site_no = %s AND dimension = 1 AND day BETWEEN %s AND %s AND bots = ANY(%s)
GROUP BY name HAVING sum(visitors) > 0 OR sum(pageviews) > 0 ORDER BY 2 DESC, name COLLATE "C" LIMIT %s OFFSET %s
"""


@pytest.mark.parametrize("seed", range(3))
def test_equals_adding_up_every_day(connection, rollups, read, seed, monkeypatch):
    chance = random.Random(seed)
    monkeypatch.setattr(candidates, "DEEPER", 2)
    with connection.transaction():
        for step in range(DAYS):
            if chance.random() < 0.1:
                continue
            day, closed = FIRST + timedelta(days=step), step < DAYS - 3 and chance.random() < 0.95
            rollups.day(day, closed=closed)
            for page in chance.sample(range(400), 60):
                amounts = {"visitors": int(chance.paretovariate(0.7)) % 50, "pageviews": chance.randrange(3)}
                rollups.row(day, Dimension.PAGE, f"/{page:03}", bots=chance.random() < 0.1, lasting=0, **amounts)
            if closed:
                key = {"site_no": rollups.site_no, "day": day, "dimensions": [int(kind) for kind in Dimension]}
                connection.execute(queries.ADD_DAY_TO_MONTH, key)
    for _ in range(40):
        start = FIRST + timedelta(days=chance.randrange(-20, DAYS))
        end = start + timedelta(days=chance.choice((0, 1, 6, 20, 29, 45, 60, 90)))
        bots = chance.choice(("exclude", "include", "only"))
        page = Page(chance.choice((1, 5, 40)), chance.choice((0, 0, 30)))
        question = Question(read, rollups.site_no, ReportRange(start, end, "UTC"), bots)
        flags = {"exclude": [False], "include": [False, True], "only": [True]}[bots]
        found = lists.top_values(Dimension.PAGE, question, page)["results"]
        wanted = connection.execute(EVERY_DAY, [rollups.site_no, start, end, flags, page.limit, page.skip]).fetchall()
        assert [(row["name"], row["visitors"], row["pageviews"]) for row in found] == wanted
