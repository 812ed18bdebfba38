import json
from pathlib import Path

import pytest

from functions.api import health
from tests.support.requests import key, request

EVENTS = Path(__file__).parents[4] / "events" / "http" / "health"
LANES = [{"events": 3, "busy_seconds": "0.5", "last_arrival": 10, "at": 12}]


@pytest.fixture(autouse=True)
def _stores(environment) -> None:
    health._last.clear()
    environment.setattr(health, "progress_items", lambda: LANES)
    environment.setattr(health.connections, "count", lambda _now: 2)
    environment.setattr(health, "probes", lambda: {"postgres": lambda: "idle", "dynamodb": lambda: "ok"})


def test_the_process_is_well_whatever_the_stores_are(environment) -> None:
    environment.setattr(health, "probes", lambda: pytest.fail("no store is asked"))
    answer = health.handler(request("GET", "/health/"), None)
    assert (answer["statusCode"], json.loads(answer["body"])) == (200, {"status": "ok"})


def test_a_paused_database_is_well() -> None:
    answer = health.handler(request("GET", "/api/metrics/health"), None)
    assert answer["statusCode"] == 200
    assert json.loads(answer["body"]) == {"status": "ok", "dependencies": {"postgres": "idle", "dynamodb": "ok"}}


def test_a_store_away_is_503_and_a_moment_later_still(environment) -> None:
    environment.setattr(health, "probes", lambda: {"postgres": lambda: 1 / 0})
    answer = health.handler(request("GET", "/api/metrics/health"), None)
    assert answer["statusCode"] == 503
    assert json.loads(answer["body"]) == {"status": "degraded", "dependencies": {"postgres": "away"}}
    environment.setattr(health, "probes", lambda: pytest.fail("the answer stands for some seconds"))
    assert health.handler(request("GET", "/api/metrics/health"), None)["statusCode"] == 503


@pytest.mark.parametrize(("caller", "status"), [(None, 401), (key("*", "read"), 403), (key("*", "admin"), 200)])
def test_metrics_are_for_admins(caller, status) -> None:
    assert health.handler(request("GET", "/metrics", caller=caller), None)["statusCode"] == status


def test_metrics_are_text_for_prometheus() -> None:
    answer = health.handler(request("GET", "/metrics", caller=key("*", "admin")), None)
    assert answer["headers"]["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert "\nanalytics_service_events_processed_total 3\n" in answer["body"]
    assert "\nanalytics_service_websocket_connections 2\n" in answer["body"]


@pytest.mark.parametrize(("name", "status"), [("process", 200), ("dependencies", 200), ("metrics", 200)])
def test_sample_events(environment, name, status) -> None:
    sample = json.loads((EVENTS / f"{name}.json").read_text("utf-8"))
    environment.setenv("ORIGIN_SECRET", sample["headers"]["x-origin-secret"])
    assert health.handler(sample, None)["statusCode"] == status
