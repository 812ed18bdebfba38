"""A thousand live sessions with a heartbeat every ten seconds, over HTTP on the running stack: the list is right, and so is detection."""

from __future__ import annotations

import time
import uuid
from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from tests.e2e.live_sessions import (
    CALLS,
    DEVICES,
    GHOST_SECONDS,
    GHOSTS,
    HEARTBEAT_SECONDS,
    SESSIONS,
    SHARED,
    Caller,
    Server,
)

pytestmark = [pytest.mark.e2e, pytest.mark.torture, pytest.mark.timeout(1200)]

WATCHED_SECONDS = 150.0
LIST_SECONDS = 2.0
SLOT_SECONDS = 60
ENDED = 50


@pytest.fixture
def site(stack):
    made = stack.ask(
        "POST", "/api/v1/sites", "admin", json={"name": "Crowd", "site_id": f"crowd-{uuid.uuid4().hex[:10]}"}
    )
    assert made.status_code == 201, made.text
    return made.json()


def test_a_thousand_live_sessions(stack, site):
    base_url, keys = stack.endpoints["base_url"], site["keys"]
    server = Server(base_url, keys["server"])
    with Caller(base_url, keys["server"]) as caller, Caller(base_url, keys["read"]) as reader:
        watch(stack, server, caller, reader)


def watch(stack, server, caller, reader):
    began = time.time()
    server.start()
    started = time.time()
    print(f"{SESSIONS} sessions started in {started - began:.0f} s")
    ghosts = start_ghosts(caller)
    staleness: list[float] = []
    answers: list[float] = []
    alerted, raised = [], started
    try:
        until = time.monotonic() + WATCHED_SECONDS
        while time.monotonic() < until:
            look(server, reader, staleness, answers)
            if len(answers) == 10:
                end_some(server, caller)
            if len(alerted) < SHARED:
                alerted, raised = alerts(reader), time.time()
            time.sleep(0.5)
    finally:
        server.stop()
    left = listed(reader)

    beats = len(server.took)
    # How many there are is the machine's affair: it carries the stand-ins for AWS and the made-up server too.
    print(
        f"{beats / WATCHED_SECONDS:.1f} heartbeats a second of {SESSIONS / HEARTBEAT_SECONDS:.0f}; late by up to {max(server.late):.1f} s"
    )
    print(f"answered after p50 {middle(server.took) * 1000:.0f} ms, p95 {high(server.took) * 1000:.0f} ms")
    print(f"{len(answers)} lists: p50 {middle(answers):.2f} s, p95 {high(answers):.2f} s")
    print(f"a list lacked calls of up to {max(staleness):.2f} s before it was there")
    assert server.wrong == []
    assert max(staleness) <= LIST_SECONDS
    assert not {one["id"] for one in left} & ghosts
    assert len(left) == SESSIONS - ENDED

    print(f"all alerts were there {raised - started:.0f} s after the last start")
    runs = detection_runs(stack, began)
    for second, seconds, result in runs:
        print(f"detection {second - began:.0f} s after the first start: {seconds:.1f} s, {result}")
    assert {one["user_id"]: one["alert_type"] for one in alerted} == {
        f"shared-{n}": "concurrent_streams" for n in range(SHARED)
    }
    users = SESSIONS - SHARED * (DEVICES - 1)
    assert any(result["users"] >= users for _, _, result in runs)
    assert max(seconds for _, seconds, _ in runs) < SLOT_SECONDS
    assert raised - started < 2 * SLOT_SECONDS


def look(server, reader, staleness, answers):
    """Read the list, and note for how long the oldest answered call that it lacks had been answered."""
    asked = time.monotonic()
    rows = {one["id"]: one["position_seconds"] for one in listed(reader)}
    there = time.monotonic()
    answers.append(there - asked)
    lacks = 0.0
    for one in server.streams:
        if one.session_id in rows:
            later = [at for at, position in one.answered if position > rows[one.session_id]]
            lacks = max(lacks, there - later[0] if later else 0.0)
            assert one.ended is None or one.ended > asked, "an ended session is listed"
        else:
            assert one.ended is not None, f"{one.user_id} is not listed"
    staleness.append(lacks)


def listed(reader):
    rows, query = [], ""
    while query is not None:
        status, body = reader.call("GET", f"{CALLS}/active{query}")
        assert status == 200, body
        rows += body["results"]
        query = f"?cursor={body['next_cursor']}" if body["next_cursor"] else None
    return rows


def start_ghosts(caller):
    """Start sessions a while ago, of which nobody hears any more."""
    began = (datetime.now(UTC) - timedelta(seconds=GHOST_SECONDS)).isoformat()
    found = set()
    for n in range(GHOSTS):
        body = {"user_id": f"ghost-{n}", "content_id": "film", "device_id": "d", "started_at": began}
        status, answer = caller.call("POST", CALLS, body)
        assert status == 201, answer
        found.add(answer["id"])
    return found


def end_some(server, caller):
    for one in server.streams[-ENDED:]:
        one.ended = time.monotonic() + 3600
        status, body = caller.call("DELETE", f"{CALLS}/{one.session_id}")
        assert status == 204, body
        one.ended = time.monotonic()


def alerts(reader):
    status, body = reader.call("GET", "/api/v1/analytics/sharing/alerts?limit=1000")
    assert status == 200, body
    return body["results"]


def detection_runs(stack, since):
    """Return (second of the slot, seconds that it took, result) of the runs that had something to look at."""
    with psycopg.connect(stack.endpoints["database_url"]) as database:
        rows = database.execute(
            "SELECT extract(epoch FROM started_at)::float, extract(epoch FROM finished_at - started_at)::float, result FROM job_runs"
            " WHERE job = 'sharing_detection' AND finished_at IS NOT NULL AND started_at >= to_timestamp(%s) ORDER BY started_at",
            [since],
        ).fetchall()
    return [row for row in rows if row[2].get("users")]


def middle(values):
    return sorted(values)[len(values) // 2]


def high(values):
    return sorted(values)[len(values) * 95 // 100]
