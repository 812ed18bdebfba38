"""Goals: made, reported over the past as well, by dimensions of visits, and deleted."""

import json
from functools import partial

import pytest
from msgspec.structs import replace
from streamgauge.events.models import Acquisition
from streamgauge.rollups.build import build_day
from streamgauge.web.goals import MOST_GOALS

from functions.api import goals, journeys
from tests.integration.reports.conftest import get, store
from tests.oracle.people import day_of
from tests.oracle.visits import visitor, visits_of
from tests.support.requests import key, request
from tests.support.stamped import instant, stamped
from tests.traffic.made_up import make

PATH = "/api/v1/analytics/goals/blog"
MARCH = "startDate=2026-03-01&endDate=2026-03-31"
NEWS = Acquisition("News", "referral", None, "news")
GOOGLE = Acquisition("Google", "search", "https://www.google.com/")
seen = partial(stamped, "page_view", site="blog")
done = partial(stamped, "custom", site="blog")


@pytest.fixture(autouse=True)
def now(monkeypatch):
    monkeypatch.setattr(journeys, "_now", lambda: instant("2026-12-01 12:00"))


def make_goal(name, kind, value, match="equals", scope="admin"):
    body = json.dumps({"name": name, "type": kind, "match": match, "value": value})
    answer = goals.handler(request("POST", PATH, caller=key("blog", scope), body=body), None)
    return answer["statusCode"], json.loads(answer["body"])


def delete(goal_id):
    event = request("DELETE", f"{PATH}/{goal_id}", caller=key("blog", "admin"))
    return goals.handler(event, None)["statusCode"]


def _rows(query=MARCH):
    status, body, _ = get(journeys, PATH, query)
    assert status == 200
    return {row["name"]: (row["visitors"], row["conversions"], row["conversion_rate"]) for row in body["results"]}


@pytest.fixture
def month(connection, site):
    store(
        connection,
        [
            # A person with an id comes on two days and buys twice.
            seen("2026-03-02 12:00", anonymous_id="one", path="/", acquisition=NEWS),
            seen("2026-03-02 12:01", anonymous_id="one", path="/shop/shoes"),
            done("2026-03-02 12:02", anonymous_id="one", name="purchase"),
            seen("2026-03-05 12:00", anonymous_id="one", path="/shop/hats", acquisition=GOOGLE),
            done("2026-03-05 12:02", anonymous_id="one", name="purchase"),
            done("2026-03-05 12:03", anonymous_id="one", name="purchase"),
            # One without comes on two days: two visitors.
            seen("2026-03-02 12:00", person="two", path="/shop/shoes", acquisition=GOOGLE),
            seen("2026-03-02 12:01", person="two", path="/shop/hats"),
            seen("2026-03-03 12:00", person="two", path="/about", acquisition=GOOGLE),
            # A back end knows the user, and no visit.
            done("2026-03-06 12:00", person=None, user_id="three", touches_visit=False, name="purchase"),
            seen("2026-03-07 12:00", person="robot", path="/shop/hats", bot=True, acquisition=NEWS),
        ],
    )


def test_a_goal_counts_the_past(month):
    status, made = make_goal(" Bought ", "event", "purchase")
    assert status == 201
    assert made == {
        "goal_id": made["goal_id"],
        "name": "Bought",
        "type": "event",
        "match": "equals",
        "value": "purchase",
    }
    make_goal("Hats", "page", "/shop/hats/")
    make_goal("Shop", "page", "/shop/", "prefix")
    make_goal("Shoes", "page", "shoes", "contains")
    make_goal("Nothing", "event", "never")
    status, body, _ = get(journeys, PATH, MARCH)
    # one, three, and two on two days.
    assert (status, body["visitors"], body["visitors_counted"]) == (200, 4, "mixed")
    assert body["range"] == {"start": "2026-03-01", "end": "2026-03-31", "timezone": "Europe/Berlin"}
    assert body["results"][0] == {**made, "visitors": 2, "conversions": 4, "conversion_rate": 0.5}
    assert _rows() == {
        "Bought": (2, 4, 0.5),
        "Hats": (2, 2, 0.5),
        "Shop": (2, 4, 0.5),
        "Shoes": (2, 2, 0.5),
        "Nothing": (0, 0, 0.0),
    }
    assert _rows(f"{MARCH}&bots=only")["Shop"] == (1, 1, 1.0)
    assert _rows(f"{MARCH}&bots=include")["Hats"] == (3, 3, 0.6)
    assert _rows("startDate=2026-03-05&endDate=2026-03-05")["Shop"] == (1, 1, 1.0)
    assert get(journeys, PATH, MARCH, accept="text/csv")[1].splitlines()[1].endswith("purchase,2,4,0.5")
    assert delete(made["goal_id"]) == 204
    assert delete(made["goal_id"]) == 204
    assert "Bought" not in _rows()


def test_by_a_dimension_of_the_visit(month):
    _, bought = make_goal("Bought", "event", "purchase")
    _, shop = make_goal("Shop", "page", "/shop/", "prefix")
    status, body, _ = get(journeys, PATH, f"{MARCH}&goal_id={bought['goal_id']}&by=source")
    assert status == 200
    assert body == {
        "range": {"start": "2026-03-01", "end": "2026-03-31", "timezone": "Europe/Berlin"},
        "goal_id": bought["goal_id"],
        "by": "source",
        # `one` came from both; what the back end reports is in no visit.
        "results": [
            {"name": "Google", "visitors": 1, "conversions": 2, "conversion_rate": pytest.approx(1 / 3)},
            {"name": "News", "visitors": 1, "conversions": 1, "conversion_rate": 1.0},
        ],
        "next_cursor": None,
    }
    query = f"{MARCH}&goal_id={shop['goal_id']}&by=source"
    _, body, _ = get(journeys, PATH, query)
    assert [(row["name"], row["visitors"], row["conversions"]) for row in body["results"]] == [
        ("Google", 2, 3),
        ("News", 1, 1),
    ]
    first = get(journeys, PATH, f"{query}&limit=1")[1]
    rest = get(journeys, PATH, f"{query}&limit=1&cursor={first['next_cursor']}")[1]
    assert first["results"] + rest["results"] == body["results"]
    assert get(journeys, PATH, f"{query}&limit=1&bots=only")[1]["results"][0]["name"] == "News"


def test_what_raw_events_alone_can_tell_is_told_no_more(connection, month):
    make_goal("Shop", "page", "/shop/", "prefix")
    _, hats = make_goal("Hats", "page", "/shop/hats")
    connection.execute("UPDATE site_days SET closed = true, whole = false WHERE day <= '2026-03-02'")
    for (day,) in connection.execute("SELECT day FROM site_days WHERE closed").fetchall():
        build_day(connection, 1, day)
    connection.execute("DELETE FROM visitor_days WHERE day <= '2026-03-02'")
    assert _rows() == {"Shop": (None, 4, None), "Hats": (2, 2, 0.5)}
    status, body, _ = get(journeys, PATH, f"{MARCH}&goal_id={hats['goal_id']}&by=country")
    assert status == 422
    assert "2026-03-03" in body["detail"]


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ({"name": "a", "type": "page", "value": "shop"}, "slash"),
        ({"name": "a", "type": "page", "value": "/shop?x=1"}, "query"),
        ({"name": "a", "type": "page", "match": "regex", "value": "/"}, "equals"),
        ({"name": "a", "type": "video", "value": "/"}, "event"),
        ({"name": " ", "type": "event", "value": "x"}, "name"),
        ({"name": "a", "type": "event", "value": ""}, "value"),
        ({"name": "a", "type": "event"}, "value"),
        ({"name": "a" * 201, "type": "event", "value": "x"}, "name"),
        ({"name": "a", "type": "event", "value": "x", "more": 1}, "more"),
    ],
)
def test_bad_goals(site, body, told):
    event = request("POST", PATH, caller=key("blog", "admin"), body=json.dumps(body))
    answer = goals.handler(event, None)
    assert answer["statusCode"] == 422
    assert told in answer["body"]


def test_names_limits_and_scopes(connection, site):
    assert make_goal("Bought", "event", "purchase")[0] == 201
    assert make_goal("Bought", "event", "order")[0] == 409
    assert make_goal("Read", "event", "order", scope="read")[0] == 403
    connection.execute(
        "INSERT INTO goals SELECT 'g' || n, %s, 'goal ' || n, 'event', 'equals', 'x' FROM generate_series(2, %s) n",
        [site.site_no, MOST_GOALS],
    )
    assert make_goal("One more", "event", "x")[0] == 422
    assert get(journeys, PATH, "goal_id=goal_0&by=source")[0] == 404
    assert get(journeys, PATH, "goal_id=goal_0")[0] == 422
    assert get(journeys, PATH, "by=source")[0] == 422
    assert get(journeys, PATH, "goal_id=goal_0&by=shoe_size")[0] == 422
    assert get(journeys, PATH, "colour=red")[0] == 422


def test_filters_and_the_time_before(connection, month):
    make_goal("Bought", "event", "purchase")
    make_goal("Hats", "page", "/shop/hats/")
    make_goal("Shop", "page", "/shop/", "prefix")
    # Visits from Google: `one` on the 5th (hats, two purchases), `two` on the 2nd (shoes, hats) and the 3rd: three visitors.
    google = {
        "Bought": (1, 2, pytest.approx(1 / 3)),
        "Hats": (2, 2, pytest.approx(2 / 3)),
        "Shop": (2, 3, pytest.approx(2 / 3)),
    }
    assert _rows(f"{MARCH}&source=Google") == google
    assert get(journeys, PATH, f"{MARCH}&source=Google")[1]["visitors"] == 3
    assert _rows(f"{MARCH}&source=Google&bots=include") == google
    # In no visit: the back end's purchase meets "is not" alone.
    assert _rows(f"{MARCH}&source=!Google")["Bought"] == (2, 2, 1.0)
    # Filters of events hold for the page views and events that are counted: a purchase is no page view.
    assert _rows(f"{MARCH}&event=purchase") == {"Bought": (2, 4, 1.0), "Hats": (0, 0, 0.0), "Shop": (0, 0, 0.0)}
    assert _rows(f"{MARCH}&page=/shop/shoes") == {"Bought": (0, 0, 0.0), "Hats": (0, 0, 0.0), "Shop": (2, 2, 1.0)}
    shop = next(row for row in get(journeys, PATH, MARCH)[1]["results"] if row["name"] == "Shop")
    by = f"{MARCH}&goal_id={shop['goal_id']}&by=channel&source=Google"
    assert [
        (row["name"], row["visitors"], row["conversions"], row["conversion_rate"])
        for row in get(journeys, PATH, by)[1]["results"]
    ] == [("search", 2, 3, pytest.approx(2 / 3))]
    # The second half of the days beside the first: by rollups, and the same with a filter that all meet.
    query = "startDate=2026-03-05&endDate=2026-03-07&compare=previous"
    for filters in ("", "&source=!nobody"):
        rows = {row["name"]: row for row in get(journeys, PATH, query + filters)[1]["results"]}
        assert rows["Bought"]["comparison"] == {
            "visitors": {"value": 1, "change": 100.0},
            "conversions": {"value": 1, "change": 200.0},
            "conversion_rate": {"value": pytest.approx(1 / 3), "change": pytest.approx(200.0)},
        }
        assert rows["Shop"]["comparison"]["visitors"] == {"value": 2, "change": -50.0}
    body = get(journeys, PATH, f"{query}&goal_id={shop['goal_id']}&by=source")[1]
    assert [(row["name"], row["comparison"]["conversions"]["value"]) for row in body["results"]] == [("Google", 2)]


@pytest.mark.parametrize("filters", ["", "&source=Google"])
def test_the_time_before_is_cut_where_today_stands(month, filters, monkeypatch):
    make_goal("Hats", "page", "/shop/hats/")
    make_goal("Shop", "page", "/shop/", "prefix")
    monkeypatch.setattr(journeys, "_now", lambda: instant("2026-03-05 12:01"))
    rows = {
        row["name"]: {name: one["value"] for name, one in row["comparison"].items()}
        for row in get(journeys, PATH, f"startDate=2026-03-05&endDate=2026-03-07&compare=previous{filters}")[1][
            "results"
        ]
    }
    # On the 2nd before 12:01 `two` has seen the shoes, and nobody the hats yet.
    everybody = 1 if filters else 2
    assert rows["Hats"] == {"visitors": 0, "conversions": 0, "conversion_rate": 0.0}
    assert rows["Shop"] == {"visitors": 1, "conversions": 1, "conversion_rate": 1 / everybody}


@pytest.mark.parametrize("seed", range(4))
def test_equals_looking_at_every_event(connection, site, seed):
    # One event an instant: where a second user's visit begins at the instant of another's end, the later one takes it.
    events = list({event.time: replace(event, site="blog") for event in make(seed, 400, people=9)}.values())
    store(connection, events)
    if seed % 2:
        for (day,) in connection.execute("SELECT day FROM site_days ORDER BY day LIMIT 2").fetchall():
            build_day(connection, site.site_no, day)
            connection.execute("UPDATE site_days SET closed = true WHERE day = %s", [day])
    wanted = [("page", "/a", "equals"), ("page", "/", "prefix"), ("page", "b", "contains"), ("event", "s", "contains")]
    query = "startDate=2026-11-20&endDate=2026-11-21"
    first, last = instant("2026-11-20 00:00"), instant("2026-11-22 00:00")
    for number, (kind, value, match) in enumerate(wanted):
        _, goal = make_goal(f"{number}", kind, value, match)
        hits = [
            event
            for event in events
            if not event.bot and first <= event.time < last and _hit(event, kind, value, match)
        ]
        visit_of = {event.id: visit for visit in visits_of(events) for event in visit}
        assert _rows(query)[f"{number}"][:2] == (len(_people(hits, visit_of)), len(hits))
        _, body, _ = get(journeys, PATH, f"{query}&goal_id={goal['goal_id']}&by=channel")
        expected = {}
        for event in hits:
            if event.id in visit_of and visit_of[event.id][0].acquisition.channel:
                expected.setdefault(visit_of[event.id][0].acquisition.channel, []).append(event)
        found = {row["name"]: (row["visitors"], row["conversions"]) for row in body["results"]}
        assert found == {name: (len(_people(own, visit_of)), len(own)) for name, own in expected.items()}
        assert all(0 < row["conversion_rate"] <= 1 for row in body["results"])


def _hit(event, kind, value, match):
    name = event.page.path if event.kind == "page_view" and kind == "page" else None
    if event.kind == "custom" and kind == "event":
        name = event.name
    if name is None:
        return False
    return {"equals": name == value, "prefix": name.startswith(value), "contains": value in name}[match]


def _people(events, visit_of):
    found = set()
    for event in events:
        who = visitor(visit_of.get(event.id, [event]), event)
        found.add(who if who[0] != "hash" else (*who, day_of(event)))
    return found
