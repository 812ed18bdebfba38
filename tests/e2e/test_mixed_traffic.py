"""Every event sent over HTTP is accounted for to the one, also while the consumer is killed."""

from __future__ import annotations

import random
import time
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from tests.e2e.killing import killing_the_consumer
from tests.e2e.mixed_traffic import accounts, make_events, send

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = pytest.mark.e2e

PATIENCE_SECONDS = 240.0
SIZES = [pytest.param(4_000, id="small"), pytest.param(100_000, id="full", marks=pytest.mark.torture)]


@pytest.fixture
def client(endpoints: dict[str, Any]) -> Iterator[httpx.Client]:
    headers = {"authorization": f"Bearer {endpoints['keys']['admin']}", "cache-control": "no-cache"}
    with httpx.Client(base_url=endpoints["base_url"], headers=headers, timeout=60) as made:
        yield made


@pytest.fixture
def site(client: httpx.Client) -> dict[str, Any]:
    made = client.post("/api/v1/sites", json={"name": "Mixed", "site_id": f"mixed-{uuid.uuid4().hex[:10]}"})
    assert made.status_code == 201, made.text
    return made.json()


@pytest.mark.parametrize("count", SIZES)
def test_every_event_is_accounted_for(
    client: httpx.Client, site: dict[str, Any], eventually: Callable[..., Any], count: int
) -> None:
    seed = random.SystemRandom().randrange(10**6)
    print("seed", seed)
    assert_exact(client, site, eventually, make_events(seed, count))


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="processes are looked up in /proc")
def test_killing_the_consumer_changes_nothing(
    client: httpx.Client, site: dict[str, Any], eventually: Callable[..., Any], stack: Any
) -> None:
    seed = random.SystemRandom().randrange(10**6)
    print("seed", seed)
    chance = random.Random(seed)
    with killing_the_consumer(stack.home, chance) as killed:
        sent = send(client, site["keys"]["server"], make_events(seed, 4_000))
        time.sleep(6)
    assert killed
    assert_settled(client, site, eventually, sent)


def assert_exact(client: httpx.Client, site: dict[str, Any], eventually: Callable[..., Any], events: list[Any]) -> None:
    sent = send(client, site["keys"]["server"], events)
    assert sent.received == sent.accepted + sent.repeats + sent.refused
    assert_settled(client, site, eventually, sent)


def assert_settled(client: httpx.Client, site: dict[str, Any], eventually: Callable[..., Any], sent: Any) -> None:
    site_id = site["site_id"]
    eventually(lambda: accounts(client, site_id)["stored"] == len(sent.unique), PATIENCE_SECONDS)
    eventually(lambda: accounts(client, site_id)["in_flight"] == 0, PATIENCE_SECONDS)
    found = accounts(client, site_id)
    assert found == {
        "received": sent.received,
        "accepted": sent.accepted,
        "stored": len(sent.unique),
        "duplicates": sent.received - sent.refused - len(sent.unique),
        "dead_lettered": sent.refused,
        "in_flight": 0,
    }
    report = client.get(f"/api/v1/analytics/dashboard/{site_id}", params={"period": "7d"}).json()
    assert report["metrics"]["pageviews"] == len(sent.pages)
