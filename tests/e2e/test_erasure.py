"""Erasure over the whole local stack: asked for over HTTP, done by the scheduled function with its own role and environment."""

from __future__ import annotations

import uuid

import psycopg
import pytest

from tests.support.traces import tables_with

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]


def figures(stack):
    site = stack.endpoints["site_id"]
    answer = stack.ask(
        "GET", f"/api/v1/analytics/dashboard/{site}?period=today", "read", headers={"cache-control": "no-cache"}
    )
    assert answer.status_code == 200, answer.text
    return answer.json()["metrics"]


def test_a_person_is_erased_and_the_figures_stay(stack, eventually):
    who, browser = f"zoe-{uuid.uuid4().hex}", uuid.uuid4().hex
    before = figures(stack)["visits"]
    view = {"event_type": "page_view", "url": "https://site.example/", "anonymous_id": browser, "user_id": who}
    assert stack.ask("POST", "/api/events", "write", json=view).status_code == 202
    stack.ask(
        "POST", "/api/events", "write", json={"event_type": "page_view", "user_id": who}
    )  # refused: a dead letter
    eventually(lambda: figures(stack)["visits"] == before + 1, 60)
    counted = figures(stack)
    site = stack.endpoints["site_id"]
    assert stack.ask("DELETE", f"/api/v1/users/{who}?website_id={site}", "read").status_code == 403
    asked = stack.ask("DELETE", f"/api/v1/users/{who}?website_id={site}", "admin")
    assert asked.status_code == 202, asked.text
    stack.invoke("erasure", {})

    def done():
        found = stack.ask("GET", f"/api/v1/erasures?website_id={site}", "admin").json()["results"]
        return {one["erasure_id"]: one["status"] for one in found}[asked.json()["erasure_id"]] == "done"

    eventually(done, 120)
    with psycopg.connect(stack.endpoints["database_url"], autocommit=True) as connection:
        assert tables_with(connection, [who, browser]) == set()
    letters = stack.ask("GET", f"/api/v1/dead-letters?website_id={site}&limit=100", "admin").text
    assert who not in letters
    assert figures(stack) == counted
