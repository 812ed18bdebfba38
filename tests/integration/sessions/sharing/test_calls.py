"""What may be asked of alerts, what is trusted, dry runs, and the settings of a site."""

from __future__ import annotations

import json

import pytest
from streamgauge.access import registry
from streamgauge.events.facts import user_key

from tests.integration.sessions.sharing.conftest import (
    BERLIN,
    TOKYO,
    alerts,
    ask,
    begin,
    detect,
    set_site,
    share,
    watch,
)


@pytest.mark.parametrize(
    "trusted",
    [{"devices": ["anna-tablet"]}, {"networks": [f"{TOKYO}/32"]}, {"networks": ["192.0.2.0/24"]}, {"users": ["anna"]}],
)
def test_what_is_trusted_is_left_out(server, trusted):
    status, answer = ask("PUT", "trusted", scope="admin", body=trusted)
    assert status == 200
    assert ask("GET", "trusted", scope="admin") == (200, answer)
    share(server)
    share(server, "ben")
    detect(server)
    left = "networks" in trusted
    assert [one["user_id"] for one in alerts()] == ([] if left else ["ben"])


def test_alerts_are_listed_by_user_and_status_page_by_page(server):
    for user in ("anna", "ben", "cleo"):
        share(server, user)
    detect(server)
    assert [one["user_id"] for one in alerts("user_id=ben")] == ["ben"]
    assert alerts("user_id=nobody") == []
    _, page = ask("GET", "alerts", query="limit=2")
    _, rest = ask("GET", "alerts", query=f"limit=2&cursor={page['next_cursor']}")
    assert {one["user_id"] for one in page["results"] + rest["results"]} == {"anna", "ben", "cleo"}
    assert rest["next_cursor"] is None


@pytest.mark.parametrize(
    ("method", "path", "scope", "body", "query", "status"),
    [
        ("GET", "alerts", "read", None, "status=closed", 422),
        ("GET", "alerts", "read", None, "cursor=x", 422),
        ("POST", "alerts/nothing/dismiss", "admin", {}, "", 404),
        ("POST", "alerts/0b9c2f60-3a53-4f0e-9d5e-1f1c2d3e4f50/dismiss", "admin", None, "", 404),
        ("POST", "alerts/0b9c2f60-3a53-4f0e-9d5e-1f1c2d3e4f50/dismiss", "read", None, "", 403),
        ("GET", "trusted", "read", None, "", 403),
        ("PUT", "trusted", "admin", {"networks": ["home"]}, "", 422),
        ("PUT", "trusted", "admin", {"devices": ["a\u0000b"]}, "", 422),
        ("POST", "dry-run", "read", {}, "", 403),
        ("POST", "dry-run", "admin", {"thresholds": {"concurrent_streams_threshold": 0}}, "", 422),
        ("POST", "dry-run", "admin", {"startDate": "2026-05-02", "endDate": "2026-05-01"}, "", 422),
    ],
)
def test_what_cannot_be_asked(server, method, path, scope, body, query, status):
    assert ask(method, path, scope=scope, body=body, query=query)[0] == status


def test_a_dry_run_says_what_other_thresholds_would_have_raised_and_raises_nothing(server):
    playing = [begin(server, f"d{n}") for n in range(3)]
    watch(server, *playing)
    share(server, "ben")
    detect(server)
    assert [one["user_id"] for one in alerts()] == ["ben"]
    server.after(3600)
    _, own = ask("POST", "dry-run", scope="admin", body={})
    assert (own["total"], own["by_type"]) == (1, {"geo_impossible": 1})
    assert own["results"][0]["evidence"] == alerts()[0]["evidence"]
    _, tried = ask("POST", "dry-run", scope="admin", body={"thresholds": {"concurrent_streams_threshold": 1}})
    assert tried["by_type"] == {"concurrent_streams": 2, "geo_impossible": 1}
    assert tried["users"] == [{"user_id": "anna", "alerts": 1}, {"user_id": "ben", "alerts": 2}]
    assert len(alerts()) == 1


def test_a_site_that_wants_no_detection_has_none(server):
    set_site(server, sharing_detection_enabled=False)
    share(server)
    detect(server)
    assert alerts() == []


def test_a_sites_own_threshold_counts(server):
    set_site(server, geo_distance_threshold_km=20_000)
    share(server)
    detect(server)
    assert alerts() == []


def test_a_threshold_holds_at_the_next_look_whatever_a_container_remembers(server):
    before = registry.find_site("blog")
    set_site(server, geo_distance_threshold_km=20_000)
    registry._sites.get("blog", lambda _: before)
    share(server)
    detect(server)
    assert alerts() == []
    assert ask("POST", "dry-run", scope="admin", body={})[1]["total"] == 0


def test_an_alert_names_its_user_as_the_catalogue_does(server):
    share(server)
    detect(server)
    assert [one["user_name"] for one in alerts()] == [None]
    (site_no,) = server.connection.execute("SELECT site_no FROM sites").fetchone()
    server.connection.execute("INSERT INTO media_users VALUES (%s, 'anna', %s, 'Anna')", [site_no, user_key("anna")])
    assert [one["user_name"] for one in alerts()] == ["Anna"]


def test_no_address_is_in_an_alert_and_alerts_outlive_the_addresses(server):
    playing = share(server)
    detect(server)
    (before,) = alerts()
    assert BERLIN not in json.dumps(before)
    server.connection.execute("UPDATE sessions SET ip_address = NULL")
    watch(server, *playing, minutes=1)
    detect(server)
    (after,) = alerts()
    assert after["id"] == before["id"]
