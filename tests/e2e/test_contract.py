"""The contract of the local stack: what it writes, what it answers, what it keeps."""

from __future__ import annotations

import gzip
import itertools
import json
import os
import signal
import stat
import time
import uuid

import pytest

ADDRESSES = itertools.count(1)
pytestmark = [pytest.mark.e2e, pytest.mark.timeout(420)]


def views(stack, video):
    answer = stack.ask("GET", f"/api/analytics/stats/{video}", "read", headers={"cache-control": "no-cache"})
    return answer.json()["viewsTotal"] if answer.status_code == 200 else 0


def count_view(stack, video):
    # From another address each time: one viewer counts once a day.
    headers = {"x-forwarded-for": f"192.0.2.{next(ADDRESSES)}"}
    answer = stack.ask("POST", f"/api/analytics/view/{video}", "write", json={}, headers=headers)
    assert (answer.status_code, answer.json()) == (202, {"message": "View tracked successfully", "accepted": 1})


def page_views(stack):
    site = stack.endpoints["site_id"]
    answer = stack.ask(
        "GET", f"/api/v1/analytics/dashboard/{site}?period=today", "read", headers={"cache-control": "no-cache"}
    )
    assert answer.status_code == 200, answer.text
    return answer.json()["metrics"]["pageviews"]


def page_view(path="/a"):
    return {"event_type": "page_view", "url": f"https://site.example{path}", "anonymous_id": uuid.uuid4().hex}


def test_the_endpoints_are_written_for_their_owner_only(stack):
    file = stack.home / "endpoints.json"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    told = json.loads(file.read_text())
    assert set(told) >= {
        "base_url", "ws_url", "dashboard_url", "aws_endpoint_url", "database_url", "site_id", "keys", "resources", "functions",
    }  # fmt: skip
    assert set(told["keys"]) == {"write", "server", "read", "admin"}
    assert set(told["resources"]) >= {"stream", "counters_table", "live_table", "dead_letter_bucket"}
    assert set(told["functions"]) >= {"ingest", "warehouse", "live", "daily_reset", "migrations"}
    assert told["base_url"] == f"http://127.0.0.1:{stack.port}"


def test_the_front_door_is_bound_to_this_machine(stack):
    import psutil

    listening = {
        connection.laddr.ip
        for pid in stack.pids().values()
        for connection in psutil.Process(pid).net_connections("tcp")
        if connection.status == psutil.CONN_LISTEN
    }
    assert listening == {"127.0.0.1"}


def test_open_paths_answer(stack):
    assert stack.ask("GET", "/").status_code == 200
    assert stack.ask("GET", "/health").status_code == 200
    assert stack.ask("GET", "/health/").status_code == 200
    assert stack.ask("GET", "/openapi.json").json()["openapi"].startswith("3.")


@pytest.mark.parametrize(("method", "path", "status"), [("GET", "/none", 404), ("GET", "/api/v1/sites", 401)])
def test_refusals_are_problems(stack, method, path, status):
    answer = stack.ask(method, path)
    assert answer.status_code == status
    assert answer.headers["content-type"].startswith("application/problem+json")
    assert answer.json()["status"] == status


def test_the_admin_key_opens_all_sites(stack):
    made = stack.ask("POST", "/api/v1/sites", "admin", json={"name": "Another", "timezone": "Europe/Berlin"})
    assert made.status_code == 201
    site = made.json()["site_id"]
    assert stack.ask("GET", f"/api/v1/sites/{site}", "admin").json()["timezone"] == "Europe/Berlin"
    assert stack.ask("GET", f"/api/v1/sites/{site}", "read").status_code in {403, 404}


def test_a_view_shows_without_a_job(stack, eventually):
    video = uuid.uuid4().hex
    count_view(stack, video)
    eventually(lambda: views(stack, video) == 1)


def test_page_views_show_however_they_are_sent(stack, eventually):
    before = page_views(stack)
    batch = {"events": [page_view(), page_view("/b")]}
    sent = stack.ask(
        "POST",
        "/api/v1/analytics/event/batch",
        "server",
        content=gzip.compress(json.dumps(batch).encode()),
        headers={"content-type": "application/json", "content-encoding": "gzip"},
    )
    assert sent.json()["accepted"] == 2, sent.text
    assert stack.ask("POST", "/api/events", "write", json=page_view("/c")).status_code == 202
    eventually(lambda: page_views(stack) == before + 3)


def test_a_repeated_event_counts_once(stack, eventually):
    before = page_views(stack)
    event = page_view() | {"event_id": uuid.uuid4().hex}
    for _ in range(3):
        assert stack.ask("POST", "/api/events", "write", json=event).status_code == 202
    stack.ask("POST", "/api/events", "write", json=page_view("/after"))
    eventually(lambda: page_views(stack) >= before + 2)
    time.sleep(1.5)
    assert page_views(stack) == before + 2


def test_live_figures_show_an_event(stack, eventually):
    site = stack.endpoints["site_id"]

    def visitors():
        answer = stack.ask("GET", f"/api/v1/analytics/realtime/{site}", "read", headers={"cache-control": "no-cache"})
        assert answer.status_code == 200, answer.text
        return answer.json()["visitors_5m"]

    before = visitors()
    stack.ask("POST", "/api/events", "write", json=page_view("/live"))
    eventually(lambda: visitors() > before)


def test_too_large_a_request_is_refused(stack):
    answer = stack.ask("POST", "/api/events", "write", content=b" " * (10 * 1024 * 1024 + 1))
    assert (answer.status_code, answer.json()["status"]) == (413, 413)


@pytest.mark.parametrize(
    "name", ["hourly_aggregation", "daily_aggregation", "daily_reset", "retention", "partition_upkeep"]
)
def test_a_schedule_runs_by_hand(stack, name):
    answer = stack.invoke(name, {})
    assert answer.status_code == 200
    assert "x-amz-function-error" not in answer.headers, answer.text


def test_up_again_changes_nothing_and_starts_nothing_anew(stack):
    before, pids = stack.endpoints, stack.pids()
    stack.run("up")
    assert (stack.endpoints, stack.pids()) == (before, pids)


def test_down_keeps_everything_even_events_not_yet_stored(stack, eventually):
    video, endpoints = uuid.uuid4().hex, stack.endpoints
    count_view(stack, video)
    eventually(lambda: views(stack, video) == 1)
    # From here on nobody stores what comes in.
    os.kill(stack.pids()["event_source"], signal.SIGKILL)
    count_view(stack, video)
    stack.run("down")
    assert stack.pids() == {}
    stack.run("up")
    assert stack.endpoints == endpoints
    eventually(lambda: views(stack, video) == 2)


def test_a_kill_of_everything_keeps_sites_keys_and_counters(stack, eventually):
    video, endpoints = uuid.uuid4().hex, stack.endpoints
    count_view(stack, video)
    eventually(lambda: views(stack, video) == 1)
    before = page_views(stack)
    for pid in stack.pids().values():
        os.kill(pid, signal.SIGKILL)
    stack.run("up")
    assert stack.endpoints["keys"] == endpoints["keys"]
    assert stack.endpoints["site_id"] == endpoints["site_id"]
    eventually(lambda: views(stack, video) == 1, 30)
    assert page_views(stack) == before
    count_view(stack, video)
    eventually(lambda: views(stack, video) == 2)
