"""Funnels through their function, on events that the warehouse has stored."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from streamgauge.clock import local_day
from streamgauge.events.models import Acquisition, Page, Surroundings, VideoFields
from streamgauge.funnels import saved
from streamgauge.jobs.closing import close_day

from tests.integration.reports.conftest import store
from tests.oracle.funnels import Event, best
from tests.support.funnels import DAY, FUNNELS, RANGE, STEPS, analytics, at, call, custom, make, page, people
from tests.support.seeds import seeded
from tests.support.stamped import stamped

if TYPE_CHECKING:
    from streamgauge.access.registry import SiteRecord
    from streamgauge.events.models import StampedEvent
    from streamgauge.store import postgres


def test_a_funnel_is_made_read_listed_changed_and_removed(connection: postgres.Connection, site: SiteRecord) -> None:
    status, made = call("POST", f"{FUNNELS}/", {"name": "Start", "website_id": "blog", "steps": STEPS})
    assert status == 201
    assert (made["website_id"], made["order"], made["conversion_window_seconds"]) == ("blog", "sequential", 86_400)
    assert [step["value"] for step in made["steps"]] == ["/pricing", "signup", "50"]
    path = f"{FUNNELS}/{made['funnel_id']}"
    assert call("GET", path, scope="read") == (200, made)
    assert call("GET", f"{FUNNELS}/", scope="read") == (200, {"results": [made], "next_cursor": None})
    assert call("GET", FUNNELS, query="website_id=blog", site="*", scope="read")[1]["results"] == [made]
    status, changed = call("PUT", f"{path}/", {"name": "Other", "steps": STEPS[:1], "order": "any"})
    assert (status, changed["name"], changed["order"], len(changed["steps"])) == (200, "Other", "any", 1)
    assert call("GET", path)[1] == changed
    status, renamed = call("PUT", path, {**changed, "name": "As it was read, but for its name"})
    assert (status, renamed["steps"], renamed["created_at"]) == (200, changed["steps"], made["created_at"])
    assert call("PUT", path, {**changed, "funnel_id": "another"})[0] == 422
    assert call("DELETE", path) == (204, None)
    assert call("GET", path)[0] == 404


def test_scopes_and_sites(connection: postgres.Connection, site: SiteRecord) -> None:
    path = f"{FUNNELS}/{make()}"
    assert call("POST", FUNNELS, {"name": "n", "steps": STEPS}, scope="read")[0] == 403
    for method in ("PUT", "DELETE"):
        assert call(method, path, {"name": "n", "steps": STEPS}, scope="read")[0] == 403
    for asked in (path, f"{path}/analytics", f"{path}/analytics/detailed"):
        assert call("GET", asked, site="shop", scope="read")[0] == 403
        assert call("GET", asked, scope="write")[0] == 403
    assert call("GET", f"{FUNNELS}/none/analytics", scope="read")[0] == 404
    assert call("POST", FUNNELS, {"name": "n", "steps": STEPS}, site="*")[0] == 422


@pytest.mark.parametrize(
    "wrong",
    [
        {"steps": []},
        {"steps": STEPS[:1] * 17},
        {"name": ""},
        {"order": "sideways"},
        {"conversion_window_seconds": 0},
        {"conversion_window_seconds": 90 * 86_400 + 1},
        {"exclusions": [{"event": "e", "from_step": 1, "to_step": 1}]},
        {"exclusions": [{"event": "e", "from_step": 0, "to_step": 2}]},
        {"steps": [{"name": "n", "type": "page", "match": "regex", "value": "("}]},
        {"steps": [{"name": "n", "type": "page", "match": "regex", "value": "(a)\\1"}]},
        {"steps": [{"name": "n", "type": "video", "value": "60"}]},
        {"steps": [{"name": "n", "type": "video", "match": "prefix", "value": "start"}]},
        {"steps": [{"name": "n", "type": "page", "value": "a\u0000b"}]},
        {"steps": [{"name": "n", "type": "page", "value": "/", "filters": {"a": 1}}]},
        {"colour": "red"},
    ],
)
def test_a_wrong_definition_is_refused(
    connection: postgres.Connection, site: SiteRecord, wrong: dict[str, Any]
) -> None:
    status, body = call("POST", FUNNELS, {"name": "Start", "steps": STEPS[:2], **wrong})
    assert status == 422
    assert body["errors"], body


def test_figures_times_and_days(connection: postgres.Connection, site: SiteRecord) -> None:
    store(connection, [
        page("a", 0), custom("a", 10),
        page("b", 1), custom("b", 31),
        page("c", 2), page("c", 3, "/other"), page("c", 1443, day=DAY),
        page("d", 0, day=DAY + timedelta(1)), custom("d", 1441, day=DAY + timedelta(1)),
        custom("e", 5), page("f", 0, bot=True),
    ])  # fmt: skip
    funnel_id = make()
    body = analytics(funnel_id)
    assert (body["entries"], body["conversions"], body["conversion_rate"]) == (4, 2, 0.5)
    assert body["range"] == {"start": "2026-03-10", "end": "2026-03-12", "timezone": "Europe/Berlin"}
    assert body["steps"][1] == {
        "step": 1, "name": "Sign up", "people": 2, "conversion_rate": 0.5, "step_conversion_rate": 0.5, "drop_off": 2,
    }  # fmt: skip
    assert "daily" not in body
    full = analytics(funnel_id, detailed=True)
    assert (full["steps"][1]["median_seconds"], full["steps"][1]["p90_seconds"]) == (1200.0, 1680.0)
    assert [(row["date"], row["entries"], row["conversions"]) for row in full["daily"]] == [
        ("2026-03-10", 3, 2), ("2026-03-11", 1, 0), ("2026-03-12", 0, 0),
    ]  # fmt: skip
    assert people(analytics(funnel_id, RANGE + "&bots=include")) == [5, 2]
    assert people(analytics(funnel_id, RANGE + "&bots=only")) == [1, 0]
    assert people(analytics(make(conversion_window_seconds=600))) == [4, 1]


def test_a_late_event_and_a_new_definition_change_what_was_kept(
    connection: postgres.Connection, site: SiteRecord
) -> None:
    funnel_id = make()
    store(connection, [page("a", 0)])
    assert people(analytics(funnel_id)) == [1, 0]
    store(connection, [custom("a", 10)])
    assert people(analytics(funnel_id)) == [1, 1]
    # The window reaches past the range.
    only = "startDate=2026-03-10&endDate=2026-03-10"
    store(connection, [page("b", 600)])
    assert people(analytics(funnel_id, only)) == [2, 1]
    store(connection, [custom("b", 600, day=DAY + timedelta(1))])
    assert people(analytics(funnel_id, only)) == [2, 2]
    call("PUT", f"{FUNNELS}/{funnel_id}", {"name": "Start", "steps": STEPS[:1]})
    assert people(analytics(funnel_id, only)) == [2]


def test_a_person_is_whoever_the_visit_is_identified_as(connection: postgres.Connection, site: SiteRecord) -> None:
    store(connection, [
        # Identified after the first step; the second step on another device.
        page("phone", 0), custom("phone", 5, "login", user_id="u"), custom("laptop", 60, user_id="u"),
        # Without ids: one visit over midnight under two hashes.
        stamped("page_view", at(830), site="blog", hash=11, page=Page("/pricing", "/pricing")),
        stamped("custom", at(845), site="blog", hash=12, prev_hash=11, name="signup"),
        # A back end without the visitor's address.
        stamped("page_view", at(0), site="blog", user_id="w", touches_visit=False, page=Page("/pricing", "/pricing")),
        stamped("custom", at(9), site="blog", user_id="w", touches_visit=False, name="signup"),
    ])  # fmt: skip
    for order in ("sequential", "strict", "any"):
        wanted = [3, 2] if order == "strict" else [3, 3]
        assert people(analytics(make(order=order))) == wanted, order


def test_matches_filters_and_reported_steps(connection: postgres.Connection, site: SiteRecord) -> None:
    store(connection, [
        page("a", 0, "/docs/start", properties={"plan": "pro", "seats": 3}), page("b", 0, "/docs/old"), page("c", 0, "/blog/docs-day"),
        custom("a", 1, "signup_mail"), custom("b", 1, "signup_sso"), custom("c", 1, "share"),
    ])  # fmt: skip

    def entries(**step: Any) -> int:
        return analytics(make(steps=[{"name": "n", **step}]))["entries"]

    assert entries(type="page", value="/docs/start/") == 1
    assert entries(type="page", match="prefix", value="/docs") == 2
    assert entries(type="page", match="contains", value="docs") == 3
    assert entries(type="page", match="regex", value=r"^/docs/\w+$") == 2
    assert entries(type="page", match="contains", value="docs", filters={"plan": "pro", "seats": "3"}) == 1
    assert entries(type="event", match="prefix", value="signup_") == 2
    assert entries(type="event", match="regex", value="_(mail|sso)$") == 2
    assert entries(type="event", value="page_view") == 3
    funnel_id = make(
        steps=[{"name": "One", "type": "event", "value": "never"}, {"name": "Two", "type": "page", "value": "/never"}]
    )
    for n, step in enumerate((0, "Two", 7, "Seven")):
        store(
            connection,
            [stamped("funnel_step", at(n), site="blog", anonymous_id="z", name=funnel_id, properties={"step": step})],
        )
    assert people(analytics(funnel_id)) == [1, 1]


def test_milestones_of_a_video(connection: postgres.Connection, site: SiteRecord) -> None:
    def watch(who: str, kind: str, minutes: float, position: float, video: str = "intro") -> StampedEvent:
        fields = VideoFields(video, position, 100.0)
        return stamped(kind, at(minutes), site="blog", anonymous_id=who, session_id=f"s-{who}", video=fields)

    store(connection, [
        page("a", 0), custom("a", 1), watch("a", "video_start", 2, 0), watch("a", "video_progress", 3, 30),
        watch("a", "video_progress", 4, 55), watch("a", "video_complete", 6, 100),
        page("b", 0), custom("b", 1), watch("b", "video_start", 2, 0), watch("b", "video_progress", 3, 40),
        page("c", 0), custom("c", 1), watch("c", "video_start", 2, 0, "other"), watch("c", "video_progress", 4, 60, "other"),
    ])  # fmt: skip
    assert people(analytics(make(steps=STEPS))) == [3, 3, 1]
    films = [{"name": value, "type": "video", "value": value} for value in ("start", "25", "50", "75", "complete")]
    # The last event of `a` reaches both the third quarter and the end; the second of `c` a quarter and the half.
    assert people(analytics(make(steps=films))) == [3, 3, 2, 1, 1]
    strict = make(steps=[STEPS[0], STEPS[1], films[0], films[4]], order="strict")
    assert people(analytics(strict)) == [3, 3, 3, 1]


def test_exclusions(connection: postgres.Connection, site: SiteRecord) -> None:
    store(connection, [
        page("a", 0), custom("a", 1, "leave"), custom("a", 2), page("b", 0), custom("b", 1), custom("b", 2, "leave"),
        page("c", 0), custom("c", 1, "leave"), page("c", 2), custom("c", 3),
        page("d", 0), custom("d", 30, "leave"),
    ])  # fmt: skip
    assert people(analytics(make(exclusions=[{"event": "leave", "from_step": 0, "to_step": 1}]))) == [2, 2]


def test_a_breakdown_by_the_visit_and_by_the_page(connection: postgres.Connection, site: SiteRecord) -> None:
    search, plain = Acquisition("Google", "search", "https://google.com/"), Acquisition()
    store(connection, [
        page("a", 0, "/", acquisition=search, surroundings=Surroundings(country="DE")), page("a", 1), custom("a", 2),
        page("b", 0, acquisition=plain), page("c", 0, acquisition=search, surroundings=Surroundings(country="FR")),
    ])  # fmt: skip
    funnel_id = make()
    parts = analytics(funnel_id, RANGE + "&breakdown=source")["breakdown"]
    assert [(part["name"], part["entries"], part["conversions"]) for part in parts] == [
        ("Google", 2, 1),
        ("(direct)", 1, 0),
    ]
    parts = analytics(funnel_id, RANGE + "&breakdown=country&limit=1", detailed=True)["breakdown"]
    assert [(part["name"], people(part)) for part in parts] == [("DE", [1, 1])]
    assert parts[0]["steps"][1]["median_seconds"] == 60.0
    assert [part["name"] for part in analytics(funnel_id, RANGE + "&breakdown=page")["breakdown"]] == ["/pricing"]
    assert call("GET", f"{FUNNELS}/{funnel_id}/analytics", query="breakdown=mood")[0] == 422


def test_compare(connection: postgres.Connection, site: SiteRecord) -> None:
    store(connection, [*(page(f"p{n}", 0) for n in range(10)), *(custom(f"p{n}", 1) for n in range(4))])
    first, second = make(), make(steps=[*STEPS[:1], {"name": "No", "type": "event", "value": "none"}])
    status, body = call("POST", f"{FUNNELS}/compare", {"funnel_ids": [first, second]}, query=RANGE, scope="read")
    assert status == 200
    assert [one["conversion_rate"] for one in body["funnels"]] == [0.4, 0.0]
    (test,) = body["tests"]
    assert (test["a"], test["b"], test["difference"]) == (first, second, 0.4)
    assert test["z"] == pytest.approx(2.236, abs=1e-3)
    assert test["p_value"] == pytest.approx(0.0253, abs=1e-4)
    ranges = [{"start": "2026-03-10", "end": "2026-03-10"}, {"startDate": "2026-03-11", "endDate": "2026-03-12"}]
    status, body = call("POST", f"{FUNNELS}/compare/", {"funnel_id": first, "ranges": ranges}, scope="read")
    assert [(one["entries"], one["range"]["start"]) for one in body["funnels"]] == [
        (10, "2026-03-10"),
        (0, "2026-03-11"),
    ]
    assert (body["tests"][0]["a"], body["tests"][0]["p_value"]) == ("2026-03-10/2026-03-10", 1.0)
    for wrong in (
        {},
        {"funnel_ids": [first]},
        {"funnel_id": first},
        {"funnel_ids": [first, second], "funnel_id": first},
    ):
        assert call("POST", f"{FUNNELS}/compare", wrong, scope="read")[0] == 422
    assert call("POST", f"{FUNNELS}/compare", {"funnel_ids": [first, "none"]}, scope="read")[0] == 404


@pytest.mark.parametrize("order", ["sequential", "strict", "any"])
def test_figures_are_the_oracles_before_and_after_days_are_closed(
    connection: postgres.Connection, site: SiteRecord, order: str
) -> None:
    chance = seeded(len(order))
    matches = {"/a": {0, 2}, "/b": {1}, "/c": set()}
    events, of_person = [], {f"p{n}": [] for n in range(12)}
    for _ in range(220):
        who, path, minutes = chance.choice(list(of_person)), chance.choice(list(matches)), chance.randrange(0, 4320, 7)
        spoils = chance.random() < 0.08
        events.append(custom(who, minutes, "leave") if spoils else page(who, minutes, path))
        steps = frozenset() if spoils else frozenset(matches[path])
        of_person[who].append((events[-1].time, events[-1].id, steps, frozenset({0} if spoils else ())))
    store(connection, events)
    steps = [{"name": path, "type": "page", "value": path} for path in ("/a", "/b", "/a")]
    window = 20 * 3600
    exclusions = [{"event": "leave", "from_step": 0, "to_step": 1}]
    funnel_id = make(steps=steps, order=order, conversion_window_seconds=window, exclusions=exclusions)
    begin, until = at(-9 * 60 - 60), at(-9 * 60 - 60 + 2 * 1440)
    wanted = [0, 0, 0]
    for held in of_person.values():
        chain = [Event(time, steps, spoils) for time, _, steps, spoils in sorted(held)]
        taken = best(chain, 3, window * 1_000_000, order, [(0, 1)], begin, until)
        for step in range(len(taken or ())):
            wanted[step] += 1
    two_days = "startDate=2026-03-10&endDate=2026-03-11"
    before = analytics(funnel_id, two_days, detailed=True)
    assert people(before) == wanted
    for day in range(5):
        close_day(connection, site.site_no, DAY + timedelta(day))
    built = saved.build_days(connection, site.site_no, site.timezone)
    assert built == len({local_day(event.time, site.timezone) for event in events})
    assert saved.build_days(connection, site.site_no, site.timezone) == 0
    connection.execute("DELETE FROM funnel_results")
    assert analytics(funnel_id, two_days, detailed=True) == before
    # A late event makes its day, and those whose windows reach it, be computed anew.
    store(connection, [page("late", 0, "/a"), page("late", 1, "/b"), page("late", 2, "/a")])
    later = analytics(funnel_id, two_days, detailed=True)
    assert people(later) == [one + 1 for one in wanted]
    assert saved.build_days(connection, site.site_no, site.timezone) > 0
    # The raw events go: what was saved stands in for them, but not for another definition.
    connection.execute("UPDATE site_days SET whole = false")
    connection.execute("DELETE FROM events")
    connection.execute("DELETE FROM funnel_results")
    assert analytics(funnel_id, two_days, detailed=True) == later
    path = f"{FUNNELS}/{funnel_id}"
    assert call("PUT", path, {"name": "Start", "steps": STEPS[:1]})[0] == 200
    status, body = call("GET", f"{path}/analytics", query=two_days, scope="read")
    assert (status, "earliest date" in body["detail"]) == (422, True)
