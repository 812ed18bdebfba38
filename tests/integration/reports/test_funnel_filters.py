"""Funnels with filters and beside the time before, on events that the warehouse has stored."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from streamgauge.edge.parameters import ReportRange
from streamgauge.events.models import Surroundings
from streamgauge.funnels import definitions, reports, saved
from streamgauge.funnels.reports import Question
from streamgauge.jobs.closing import close_day

from functions.api import funnels
from tests.integration.reports.conftest import store
from tests.oracle.funnels import Event, best
from tests.support.funnels import DAY, FUNNELS, RANGE, STEPS, analytics, at, call, custom, make, page, people
from tests.support.requests import key, request
from tests.support.seeds import seeded

if TYPE_CHECKING:
    from streamgauge.access.registry import SiteRecord
    from streamgauge.store import postgres

HALF_HOUR = 1800 * 1_000_000
WINDOW = 20 * 3600


def _admitted(events: list[dict[str, Any]], country: str) -> list[bool]:
    """Say of a person's events, in order, whether their visit began in a country: a gap of half an hour begins another."""
    found: list[bool] = []
    first: dict[str, Any] | None = None
    last = 0
    for event in events:
        if first is None or event["time"] - last >= HALF_HOUR:
            first = event
        last = event["time"]
        found.append(first["country"] == country)
    return found


@pytest.mark.parametrize("order", ["sequential", "strict", "any"])
def test_filtered_figures_are_the_oracles(connection: postgres.Connection, site: SiteRecord, order: str) -> None:
    chance = seeded(len(order) + 7)
    matches = {"/a": {0, 2}, "/b": {1}, "/c": set()}
    stamped, held = [], {f"p{n}": [] for n in range(12)}
    for _ in range(320):
        who, path, minutes = chance.choice(list(held)), chance.choice(list(matches)), chance.randrange(0, 4320, 7)
        country = chance.choice(["DE", "FR"])
        spoils = chance.random() < 0.08
        event = custom(who, minutes, "leave") if spoils else page(who, minutes, path)
        event = type(event)(
            **{name: getattr(event, name) for name in event.__struct_fields__}
            | {"surroundings": Surroundings(country=country)}
        )
        stamped.append(event)
        steps = frozenset() if spoils else frozenset(matches[path])
        held[who].append({"time": event.time, "id": event.id, "steps": steps, "spoils": spoils, "country": country})
    store(connection, stamped)
    steps = [{"name": path, "type": "page", "value": path} for path in ("/a", "/b", "/a")]
    exclusions = [{"event": "leave", "from_step": 0, "to_step": 1}]
    funnel_id = make(steps=steps, order=order, conversion_window_seconds=WINDOW, exclusions=exclusions)
    begin, until = at(-9 * 60 - 60), at(-9 * 60 - 60 + 2 * 1440)
    two_days = "startDate=2026-03-10&endDate=2026-03-11"
    for country in ("DE", "FR"):
        wanted = [0, 0, 0]
        for events in held.values():
            events.sort(key=lambda one: (one["time"], one["id"]))
            chain = [
                Event(one["time"], one["steps"], frozenset({0} if one["spoils"] else ()), barred=not admitted)
                for one, admitted in zip(events, _admitted(events, country), strict=True)
            ]
            taken = best(chain, 3, WINDOW * 1_000_000, order, [(0, 1)], begin, until)
            for step in range(len(taken or ())):
                wanted[step] += 1
        found = analytics(funnel_id, f"{two_days}&country={country}", detailed=True)
        assert people(found) == wanted
        # Per value, everybody's own breakdown says the same.
        parts = analytics(funnel_id, f"{two_days}&country={country}&breakdown=country")
        assert [people(part) for part in parts["breakdown"]] == [wanted]
        assert people(parts) == wanted


def test_a_comparison_takes_kept_days_before_and_raw_events_up_to_the_cut(
    connection: postgres.Connection, site: SiteRecord
) -> None:
    chance = seeded(3)
    people_of = [f"p{n}" for n in range(200)]
    store(connection, [
        page(chance.choice(people_of), chance.randrange(0, 12 * 1440, 11)) if chance.random() < 0.5
        else custom(chance.choice(people_of), chance.randrange(0, 12 * 1440, 11)) for _ in range(400)
    ])  # fmt: skip
    kept = definitions.find(connection, make())
    question = Question(kept, ReportRange(DAY + timedelta(6), DAY + timedelta(11), site.timezone), "exclude")
    now = at(90, DAY + timedelta(11))

    def compared() -> dict[str, Any]:
        body = reports.analytics(connection, question)
        reports.add_comparison(connection, question, now, body)
        return body

    before = compared()
    cut = {name: figure["value"] for name, figure in before["comparison"].items()}
    whole = reports.analytics(
        connection, Question(kept, ReportRange(DAY, DAY + timedelta(5), site.timezone), "exclude")
    )
    assert cut["entries"] < whole["entries"]
    assert cut["entries"] > 0
    for day in range(14):
        close_day(connection, site.site_no, DAY + timedelta(day))
    assert saved.build_days(connection, site.site_no, site.timezone) > 0
    connection.execute("DELETE FROM funnel_results")
    assert compared() == before


def test_unknown_names_are_refused_and_tables_given(connection: postgres.Connection, site: SiteRecord) -> None:
    store(connection, [page("a", 0), custom("a", 1), page("b", 0)])
    funnel_id = make()
    for path in (f"{FUNNELS}/{funnel_id}/analytics", f"{FUNNELS}/{funnel_id}/analytics/detailed"):
        status, body = call("GET", path, query=f"{RANGE}&colour=red", scope="read")
        assert (status, body["errors"][0]["loc"]) == (422, ["query", "colour"])
    compare = {"funnel_ids": [funnel_id, make(order="any")]}
    assert call("POST", f"{FUNNELS}/compare", compare, query=f"{RANGE}&steps=3", scope="read")[0] == 422

    def table(method: str, path: str, query: str, body: object = None) -> list[str]:
        headers = {"accept": "text/csv", "content-type": "application/json"}
        asked = request(method, path, caller=key("blog", "read"), query=query, body=body, headers=headers)
        answer = funnels.handler(asked, None)
        assert answer["statusCode"] == 200, answer["body"]
        assert answer["headers"]["Content-Type"].startswith("text/csv")
        return answer["body"].splitlines()

    assert table("GET", f"{FUNNELS}/{funnel_id}/analytics", RANGE) == [
        "step,name,people,conversion_rate,step_conversion_rate,drop_off",
        "0,See prices,2,1.0,1.0,0",
        "1,Sign up,1,0.5,0.5,1",
    ]
    assert table("GET", f"{FUNNELS}/{funnel_id}/analytics/detailed", f"{RANGE}&breakdown=page")[1].startswith(
        "/pricing,0,"
    )
    assert len(table("POST", f"{FUNNELS}/compare", RANGE, compare)) == 5


def test_values_of_a_breakdown_have_pages(connection: postgres.Connection, site: SiteRecord) -> None:
    store(connection, [page(f"p{n}", n, f"/docs/{n}") for n in range(5)])
    funnel_id = make(steps=[{**STEPS[0], "match": "prefix", "value": "/docs"}])
    query, names = f"{RANGE}&breakdown=page&limit=2", []
    cursor = ""
    while cursor is not None:
        body = analytics(funnel_id, query + (f"&cursor={cursor}" if cursor else ""))
        names += [part["name"] for part in body["breakdown"]]
        cursor = body.get("next_cursor")
    assert names == [f"/docs/{n}" for n in range(5)]


def test_a_comparison_of_funnels_may_be_beside_the_time_before(
    connection: postgres.Connection, site: SiteRecord
) -> None:
    store(connection, [page("a", 0), custom("a", 1), page("b", 0, day=date(2026, 3, 7))])
    body = {"funnel_ids": [make(), make(steps=STEPS[:1])]}
    status, found = call("POST", f"{FUNNELS}/compare", body, query=f"{RANGE}&compare=previous", scope="read")
    assert status == 200
    assert [one["comparison"]["conversions"] for one in found["funnels"]] == [
        {"value": 0, "change": None},
        {"value": 1, "change": 0.0},
    ]
