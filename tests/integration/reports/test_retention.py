"""Retention cohorts: exact over days that are closed, dirty, open, or whose rollups are gone."""

import json
import random
from collections import defaultdict
from datetime import date, timedelta
from functools import partial

import pytest
from streamgauge.contributions import TOTAL_CODE
from streamgauge.dimensions import Dimension
from streamgauge.events.models import Acquisition
from streamgauge.jobs.rollup_retention import Limits, remove_day
from streamgauge.rollups.build import build_day, build_open_day

from functions.api import journeys
from tests.integration.reports.conftest import get, store
from tests.support.stamped import instant, stamped

seen = partial(stamped, "page_view", site="blog")
PATH = "/api/v1/analytics/retention/blog"
MONDAY = date(2026, 1, 5)
TOTAL = (Dimension.TOTAL, "")


@pytest.fixture(autouse=True)
def now(monkeypatch):
    monkeypatch.setattr(journeys, "_now", lambda: instant("2026-07-01 12:00"))


def _close(connection, site_no, day):
    build_day(connection, site_no, day)
    connection.execute("UPDATE site_days SET closed = true, dirty = false WHERE day = %s", [day])


def test_a_person_comes_back_in_the_second_week(connection, site):
    store(
        connection,
        [
            # Sunday in Berlin, though Saturday still in New York and Sunday 22:30 in London.
            seen("2026-03-01 23:30", anonymous_id="early"),
            seen("2026-03-02 00:30", anonymous_id="one"),
            seen("2026-03-03 12:00", anonymous_id="two"),
            seen("2026-03-03 12:01", anonymous_id="early"),
            seen("2026-03-11 12:00", anonymous_id="one"),
            seen("2026-03-04 12:00", person="nobody knows"),
            seen("2026-03-05 12:00", person="nobody knows"),
            seen("2026-03-05 12:00", anonymous_id="robot", bot=True),
        ],
    )
    status, body, _ = get(journeys, PATH, "startDate=2026-03-04&endDate=2026-03-10")
    assert status == 200
    assert body == {
        "range": {"start": "2026-03-04", "end": "2026-03-10", "timezone": "Europe/Berlin"},
        "by": "week",
        "visitors_left_out": 2,
        "results": [
            {"cohort": "2026-03-02", "visitors": 2, "returned": [2, 1], "retention": [1.0, 0.5]},
            {"cohort": "2026-03-09", "visitors": 0, "returned": [0], "retention": [0.0]},
        ],
        "next_cursor": None,
    }
    _, body, _ = get(journeys, PATH, "startDate=2026-03-04&endDate=2026-03-04&bots=include")
    assert body["results"][0]["visitors"] == 3
    _, body, _ = get(journeys, PATH, "by=month&startDate=2026-02-01&endDate=2026-03-31")
    assert [row["visitors"] for row in body["results"]] == [0, 3]
    _, text, headers = get(journeys, PATH, "startDate=2026-03-04&endDate=2026-03-10", accept="text/csv")
    assert headers["Content-Type"].startswith("text/csv")
    assert text.splitlines()[:3] == [
        "cohort,visitors,period,returned,retention",
        "2026-03-02,2,0,2,1.0",
        "2026-03-02,2,1,1,0.5",
    ]


def test_identification_makes_a_new_person(connection, site):
    # From the visit on in which the user is known; the anonymous visit before it stays another visitor.
    store(
        connection,
        [
            seen("2026-03-02 12:00", anonymous_id="a"),
            seen("2026-03-10 12:00", anonymous_id="a"),
            seen("2026-03-10 12:05", anonymous_id="a", user_id="u"),
            seen("2026-03-17 12:05", anonymous_id="other", user_id="u"),
        ],
    )
    _, body, _ = get(journeys, PATH, "startDate=2026-03-02&endDate=2026-03-17")
    assert [row["returned"] for row in body["results"]] == [[1, 0, 0], [1, 1], [0]]


@pytest.mark.parametrize("closed", [False, True])
def test_filters_choose_who_is_in_a_cohort(connection, site, closed):
    news, search = Acquisition("News", "referral"), Acquisition("Google", "search")
    store(
        connection,
        [
            # First seen by a search, back by itself; first by the news, back by a search; new by a search in the second week.
            seen("2026-03-02 12:00", anonymous_id="one", acquisition=search),
            seen("2026-03-11 12:00", anonymous_id="one"),
            seen("2026-03-02 12:00", anonymous_id="two", acquisition=news),
            seen("2026-03-10 12:00", anonymous_id="two", acquisition=search),
            seen("2026-03-10 12:00", anonymous_id="three", acquisition=search),
            stamped("custom", "2026-03-10 12:05", site="blog", anonymous_id="three", name="signup"),
            # There before, and known by no id.
            seen("2026-02-20 12:00", anonymous_id="early"),
            seen("2026-03-03 12:00", anonymous_id="early", acquisition=search),
            seen("2026-03-03 12:00", person="nobody knows", acquisition=search),
            seen("2026-03-04 12:00", anonymous_id="robot", bot=True, acquisition=search),
        ],
    )
    if closed:
        for (day,) in connection.execute("SELECT day FROM site_days WHERE day < '2026-03-10'").fetchall():
            _close(connection, site.site_no, day)
    query = "startDate=2026-03-02&endDate=2026-03-15"

    def returned(filters):
        body = get(journeys, PATH, f"{query}&{filters}")[1]
        return [row["returned"] for row in body["results"]], body["visitors_left_out"]

    assert returned("") == ([[2, 2], [1]], 1)
    # Members are chosen by their first period; they return with any visit.
    assert returned("source=Google") == ([[1, 1], [1]], 1)
    assert returned("source=News") == ([[1, 1], [0]], 0)
    assert returned("source=!Google") == ([[1, 1], [0]], 0)
    assert returned("event=signup") == ([[0, 0], [1]], 0)
    assert returned("source=Google&bots=include") == ([[2, 1], [1]], 1)
    status, body, _ = get(journeys, PATH, f"{query}&compare=previous")
    assert (status, "not compared" in body["detail"]) == (422, True)


@pytest.mark.parametrize("seed", range(3))
def test_filtered_equals_following_every_person(connection, site, seed):
    chance = random.Random(seed)
    events, there, first = [], defaultdict(set), defaultdict(set)
    for number in range(400):
        who, day, source = chance.randrange(60), MONDAY + timedelta(days=chance.randrange(56)), chance.choice("xyz")
        # Visits are hours apart: each event is one.
        events.append(
            seen(
                f"{day} {number % 20:02}:{chance.randrange(20):02}",
                anonymous_id=f"p{who}-{number % 20}",
                acquisition=Acquisition(source, source),
            )
        )
        person, week = f"p{who}-{number % 20}", (day - MONDAY).days // 7
        there[week].add(person)
        if source == "x":
            first[week].add(person)
    store(connection, events)
    for (day,) in connection.execute(
        "SELECT day FROM site_days WHERE day < %s", [MONDAY + timedelta(days=40)]
    ).fetchall():
        _close(connection, site.site_no, day)
    weeks, seen_before, wanted = range(2, 8), set().union(*(there[week] for week in range(2))), []
    for week in weeks:
        cohort = (there[week] - seen_before) & first[week]
        seen_before |= there[week]
        wanted.append([len(cohort & there[later]) for later in range(week, 8)])
    query = f"startDate={MONDAY + timedelta(days=14)}&endDate={MONDAY + timedelta(days=55)}&source=x"
    assert [row["returned"] for row in get(journeys, PATH, query)[1]["results"]] == wanted


@pytest.mark.parametrize("seed", range(3))
def test_equals_following_every_person(connection, site, rollups, seed):
    chance = random.Random(seed)
    days = [MONDAY + timedelta(days=step) for step in range(130) if chance.random() < 0.8]
    there = {}
    for day in days:
        there[day] = {chance.randrange(60) if chance.random() < 0.8 else chance.randrange(1 << 40) for _ in range(4)}
        rollups.day(day)
        rollups.people(day, {visitor: {TOTAL} for visitor in there[day]})
        rollups.people(day, {10_000 + chance.randrange(100): {(Dimension.PAGE, "/")}}, bots=True)
    for day in days[:-3]:
        _close(connection, site.site_no, day)
    for day in chance.sample(days[10:-3], 5):
        connection.execute("DELETE FROM visitor_days WHERE day = %s AND NOT bots", [day])
        connection.execute("DELETE FROM rollup_days WHERE day = %s AND NOT bots", [day])
        there[day] = {chance.randrange(60), chance.randrange(1 << 40)}
        rollups.people(day, {visitor: {TOTAL} for visitor in there[day]})
        connection.execute("UPDATE site_days SET dirty = true WHERE day = %s", [day])
    # The last day is built in part; then one comes, one goes, and one comes back.
    build_open_day(connection, site.site_no, days[-1])
    gone = sorted(there[days[-1]])
    connection.execute(
        "UPDATE visitor_days SET codes = '{}' WHERE day = %s AND visitor = ANY(%s)", [days[-1], gone[:2]]
    )
    connection.execute(
        "UPDATE visitor_days SET codes = %s WHERE day = %s AND visitor = %s", [[TOTAL_CODE], days[-1], gone[0]]
    )
    there[days[-1]] -= {gone[1]}
    newcomer = chance.randrange(1 << 40)
    there[days[-1]].add(newcomer)
    connection.execute(
        "INSERT INTO visitor_days SELECT (jsonb_populate_record(d, %s)).* FROM visitor_days d WHERE day = %s AND visitor = %s",
        [json.dumps({"visitor": newcomer}), days[-1], gone[0]],
    )
    start = days[30]
    query = f"startDate={start}&endDate={days[-1]}"
    expected = _cohorts(there, start)
    assert _counts(get(journeys, PATH, query)[1]) == expected
    # Retention takes the first days away; who was there then is still not new.
    for day in days[:8]:
        connection.execute("UPDATE site_days SET whole = false WHERE day = %s", [day])
        connection.execute("DELETE FROM visitor_days WHERE day = %s", [day])
        remove_day(connection, site.site_no, day, Limits(days[8], days[8]))
    assert not connection.execute("SELECT FROM uniques WHERE code = %s AND day = %s", [TOTAL_CODE, days[0]]).fetchall()
    assert _counts(get(journeys, PATH, query)[1]) == expected


def _cohorts(there, start):
    def week(day):
        return day - timedelta(days=day.weekday())

    weeks = [week(start) + timedelta(days=7 * step) for step in range((week(max(there)) - week(start)).days // 7 + 1)]
    present = {one: set().union(*(people for day, people in there.items() if week(day) == one), set()) for one in weeks}
    first = {}
    for day in sorted(there):
        for person in there[day]:
            first.setdefault(person, week(day))
    return {
        one.isoformat(): [
            len({person for person in present[later] if first[person] == one}) for later in weeks if later >= one
        ]
        for one in weeks
    }


def _counts(body):
    return {row["cohort"]: row["returned"] for row in body["results"]}


def test_too_many_periods_and_days_to_come(site):
    status, body, _ = get(journeys, PATH, "startDate=2020-01-01&endDate=2026-01-01")
    assert (status, body["errors"][0]["loc"]) == (422, ["query", "startDate"])
    status, body, _ = get(journeys, PATH, "startDate=2030-01-01&endDate=2030-02-01")
    assert (status, body["results"]) == (200, [])
    assert get(journeys, PATH, "by=year")[0] == 422
