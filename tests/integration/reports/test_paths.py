"""Paths between pages: by hand, and against walking through every visit."""

from collections import Counter
from datetime import date
from functools import partial
from itertools import groupby

import pytest
from msgspec.structs import replace
from streamgauge.clock import MICROSECONDS
from streamgauge.events.models import Acquisition
from streamgauge.jobs.retention_queries import DELETE_SPENT_STATE
from streamgauge.warehouse import gate
from streamgauge.warehouse.recount import recount_day
from streamgauge.web import page_steps, paths

from functions.api import journeys
from tests.integration.reports.conftest import get, store
from tests.oracle.people import day_of
from tests.oracle.visits import visits_of
from tests.support.stamped import instant, stamped
from tests.traffic.made_up import make

PATH = "/api/v1/analytics/paths/blog"
MARCH = "startDate=2026-03-01&endDate=2026-03-31"
seen = partial(stamped, "page_view", site="blog")


@pytest.fixture(autouse=True)
def now(monkeypatch):
    monkeypatch.setattr(journeys, "_now", lambda: instant("2026-12-01 12:00"))


def _walk(person, start, *paths):
    first = instant(start)
    return [seen(first + 60 * MICROSECONDS * place, person=person, path=path) for place, path in enumerate(paths)]


@pytest.fixture
def visits(connection, site):
    store(
        connection,
        [
            *_walk("a", "2026-03-02 12:00", "/", "/pricing", "/signup"),
            # A reload is no step, and the second time at the page does not count again.
            *_walk("b", "2026-03-02 12:00", "/", "/pricing", "/pricing", "/signup", "/pricing", "/"),
            *_walk("c", "2026-03-03 12:00", "/blog", "/pricing"),
            *_walk("d", "2026-03-03 12:00", "/pricing"),
            *_walk("e", "2026-03-03 12:00", "/", "/about"),
            # One visit over midnight under two daily hashes.
            *_walk("f", "2026-03-04 23:59", "/pricing", "/signup", "/done"),
            # The same person again after half an hour is another visit.
            *_walk("a", "2026-03-02 12:45", "/", "/pricing"),
            *_walk("robot", "2026-03-02 12:45", "/", "/blog"),
            *(replace(event, bot=True) for event in _walk("robot", "2026-03-02 14:45", "/", "/pricing")),
        ],
    )


def test_next_pages(visits):
    status, body, _ = get(journeys, PATH, f"{MARCH}&page=/pricing/?utm=x")
    assert status == 200
    assert body == {
        "range": {"start": "2026-03-01", "end": "2026-03-31", "timezone": "Europe/Berlin"},
        "page": "/pricing",
        "direction": "next",
        "steps": 1,
        "visits": 6,
        "results": [
            {"pages": ["(exit)"], "visits": 3, "share": 0.5},
            {"pages": ["/signup"], "visits": 3, "share": 0.5},
        ],
        "by_step": [
            {"step": 1, "name": "(exit)", "visits": 3, "share": 0.5},
            {"step": 1, "name": "/signup", "visits": 3, "share": 0.5},
        ],
        "next_cursor": None,
    }


def test_previous_pages_and_robots(visits):
    _, body, _ = get(journeys, PATH, f"{MARCH}&page=/pricing&direction=previous")
    assert [(row["pages"], row["visits"]) for row in body["results"]] == [(["/"], 3), (["(entry)"], 2), (["/blog"], 1)]
    _, body, _ = get(journeys, PATH, f"{MARCH}&page=/pricing&direction=previous&bots=only")
    assert [(row["pages"], row["visits"]) for row in body["results"]] == [(["/"], 1)]


def test_sequences_page_by_page_and_as_csv(visits):
    query = f"{MARCH}&page=/pricing&steps=3"
    _, body, _ = get(journeys, PATH, query)
    assert [(row["pages"], row["visits"]) for row in body["results"]] == [
        (["(exit)"], 3),
        (["/signup", "(exit)"], 1),
        (["/signup", "/done", "(exit)"], 1),
        (["/signup", "/pricing", "/"], 1),
    ]
    assert [row for row in body["by_step"] if row["step"] == 3] == [
        {"step": 3, "name": "(exit)", "visits": 1, "share": 1 / 6},
        {"step": 3, "name": "/", "visits": 1, "share": 1 / 6},
    ]
    first = get(journeys, PATH, f"{query}&limit=3")[1]
    rest = get(journeys, PATH, f"{query}&limit=3&cursor={first['next_cursor']}")[1]
    assert first["results"] + rest["results"] == body["results"]
    assert rest["next_cursor"] is None
    _, text, _ = get(journeys, PATH, query, accept="text/csv")
    assert text.splitlines()[:3] == [
        "step_1,step_2,step_3,visits,share",
        "(exit),,,3,0.5",
        "/signup,(exit),,1,0.16666666666666666",
    ]


def test_another_visit_at_the_same_instant(connection, site):
    # The second user opens a visit at the very instant of the first one's last page view.
    at = instant("2026-03-02 12:00")
    store(
        connection,
        [
            seen(at, anonymous_id="x", user_id="anna", path="/pricing"),
            seen(at + 1, anonymous_id="x", path="/a"),
            seen(at + 1, anonymous_id="x", user_id="ben", path="/pricing"),
            seen(at + 1, anonymous_id="x", path="/b"),
        ],
    )
    _, body, _ = get(journeys, PATH, f"{MARCH}&page=/pricing&steps=2")
    assert sorted(row["pages"] for row in body["results"]) == [["/a", "(exit)"], ["/b", "(exit)"]]


def test_filters_of_events_choose_visits_that_hold_one(connection, site):
    store(
        connection,
        [
            seen("2026-03-06 12:00", person="a", path="/pricing"),
            seen("2026-03-06 12:01", person="a", path="/shop"),
            stamped("custom", "2026-03-06 12:02", site="blog", person="a", name="signup", properties={"plan": "pro"}),
            seen("2026-03-06 12:00", person="b", path="/pricing"),
            stamped("custom", "2026-03-06 12:02", site="blog", person="b", name="signup", properties={"plan": "free"}),
            seen("2026-03-06 12:00", person="c", path="/pricing"),
            seen("2026-03-06 12:01", person="c", path="/news"),
        ],
    )
    for filters, wanted in {
        "event=signup": {"/shop": 1, "(exit)": 1},
        "event=~SIGN": {"/shop": 1, "(exit)": 1},
        "prop:plan=pro": {"/shop": 1},
        "prop:plan=free|pro&event=signup&country=": {"/shop": 1, "(exit)": 1},
        "event=never": {},
        # An event that is no sign-up: page views of everybody.
        "event=!signup": {"/shop": 1, "(exit)": 1, "/news": 1},
    }.items():
        body = get(journeys, PATH, f"{MARCH}&page=/pricing&{filters}")[1]
        assert {row["pages"][0]: row["visits"] for row in body["results"]} == wanted, filters


def test_filters_on_visits(connection, visits):
    store(
        connection,
        [
            seen("2026-03-06 12:00", person="n", path="/pricing", acquisition=Acquisition("News", "referral")),
            seen("2026-03-06 12:01", person="n", path="/news", acquisition=Acquisition("Other", "referral")),
        ],
    )
    query = f"{MARCH}&page=/pricing"
    assert get(journeys, PATH, f"{query}&source=News")[1]["results"] == [
        {"pages": ["/news"], "visits": 1, "share": 1.0}
    ]
    assert get(journeys, PATH, f"{query}&source=!News")[1]["visits"] == 6
    assert get(journeys, PATH, f"{query}&entry_page=~pric&source=!News")[1]["visits"] == 2
    assert get(journeys, PATH, f"{query}&compare=previous")[0] == 422
    assert get(journeys, PATH, f"{query}&colour=red")[0] == 422


def test_raw_events_that_are_gone(connection, visits):
    connection.execute("UPDATE site_days SET whole = false WHERE day <= '2026-03-02'")
    status, body, _ = get(journeys, PATH, f"{MARCH}&page=/pricing")
    assert status == 422
    assert "2026-03-03" in body["detail"]
    assert get(journeys, PATH, "startDate=2026-03-03&endDate=2026-03-31&page=/pricing")[1]["visits"] == 3


@pytest.mark.parametrize(
    "query", ["", "page=", "page=/%01", "page=/a&steps=11", "page=/a&steps=0", "page=/a&direction=up"]
)
def test_bad_questions(site, query):
    assert get(journeys, PATH, query)[0] == 422


@pytest.mark.parametrize(("seed", "few"), [(0, 0), (1, 300), (2, 0), (3, 300)])
def test_equals_walking_through_every_visit(connection, site, seed, few, monkeypatch):
    monkeypatch.setattr(paths, "FEW_A_DAY", few)
    # One event an instant: ties are told apart above.
    events = {event.time: replace(event, site="blog") for event in make(seed, 400, people=9)}
    store(connection, list(events.values()))
    for page, direction, steps in (("/a", "next", 2), ("/", "previous", 3), ("/c/d", "next", 1)):
        query = f"startDate=2026-11-19&endDate=2026-11-23&page={page}&direction={direction}&steps={steps}&limit=1000"
        _, body, _ = get(journeys, PATH, query)
        expected = _walked(visits_of(events.values()), page, direction, steps)
        assert {tuple(row["pages"]): row["visits"] for row in body["results"]} == expected
        assert body["visits"] == expected.total()


@pytest.mark.parametrize("seed", range(3))
def test_steps_that_are_written_down_are_those_of_the_visits(connection, site, seed):
    made = {event.time: replace(event, site="blog") for event in make(seed + 10, 400, people=9)}
    events = list(made.values())
    late = events[::9]
    store(connection, [event for event in events if event not in late])
    connection.execute("UPDATE site_days SET closed = true WHERE day < '2026-11-22'")
    written = page_steps.write_days(connection, site.site_no, least=seed)
    assert written > 1
    assert page_steps.write_days(connection, site.site_no, least=seed) == 0

    def check(seen):
        for page, direction in (("/a", "next"), ("/", "previous"), ("/c/d", "next"), ("/never", "next")):
            query = f"startDate=2026-11-19&endDate=2026-11-23&page={page}&direction={direction}&limit=1000&bots=include"
            _, body, _ = get(journeys, PATH, query)
            expected = _walked(visits_of(seen), page, direction, 1, bots=True)
            assert {tuple(row["pages"]): row["visits"] for row in body["results"]} == expected
            assert {(row["name"],): row["visits"] for row in body["by_step"]} == expected

    check([event for event in events if event not in late])
    # Late events change their days: these are walked, until they are written anew.
    store(connection, late)
    check(events)
    assert page_steps.write_days(connection, site.site_no, least=seed) > 0
    check(events)
    # A repair of a day's state makes its steps be walked.
    day = connection.execute("SELECT min(day) FROM page_step_days").fetchone()[0]
    with connection.transaction():
        gate.close(connection, site.site_no)
        recount_day(connection, site.site_no, day, repair=True)
    assert page_steps.write_days(connection, site.site_no, least=seed) == 1
    # What is written down is what is read.
    connection.execute("UPDATE page_steps SET next_visits = (SELECT array_agg(n + 1) FROM unnest(next_visits) n)")
    body = get(journeys, PATH, "startDate=2026-11-19&endDate=2026-11-23&page=/a")[1]
    assert body["visits"] > _walked(visits_of(events), "/a", "next", 1).total()
    # It goes with the raw events.
    connection.execute("UPDATE site_days SET whole = false")
    for statement in DELETE_SPENT_STATE:
        connection.execute(statement)
    assert connection.execute(
        "SELECT (SELECT count(*) FROM page_steps), (SELECT count(*) FROM page_step_days)"
    ).fetchone() == (0, 0)


def _walked(visits, page, direction, steps, bots=False):
    found = Counter()
    for visit in visits:
        if (visit[0].bot and not bots) or day_of(visit[0]) < date(2026, 11, 19):
            continue
        paths = [path for path, _ in groupby(event.page.path for event in visit if event.kind == "page_view")]
        if page in paths:
            place = paths.index(page)
            way = paths[place + 1 :] if direction == "next" else paths[:place][::-1]
            found[tuple([*way, "(exit)" if direction == "next" else "(entry)"][:steps])] += 1
    return found
