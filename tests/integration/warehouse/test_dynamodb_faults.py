"""DynamoDB throttles, is away, or either store is restored to an earlier point: the counters are right again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from streamgauge.settings import settings
from streamgauge.store import dynamo
from streamgauge.views import projection

from infra.local.event_source import Mapping
from tests.support.seeds import seeded
from tests.support.simulator import Simulator, stream
from tests.support.warehouse import (
    Traffic,
    assert_counters_equal,
    assert_exact,
    containers_per_thread,
    invoke,
    store_stamped,
    traffic,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.faulty_aws import FaultyAws


@pytest.mark.usefixtures("lanes")
def test_dynamodb_may_throttle_half_and_then_be_away(connection: psycopg.Connection[Any], aws: FaultyAws) -> None:
    seed = 41
    chance = seeded(seed)
    made = traffic(connection, "throttled", seed, 240)
    half = len(made.payloads) // 2
    mapping = Mapping(batch_size=30, parallelization=2)
    aws.throttled = 0.5
    report = Simulator(stream(made.payloads[:half], 2, chance), mapping, invoke, chance, workers=2).run()
    assert aws.refused > 0
    assert not report.given_up
    aws.heal()
    # Away for some invocations, which fail after their commit, and then back while the same records come again.
    aws.away = {"dynamodb"}
    failures = 0

    def invoke_until_back(event: dict[str, Any]) -> Any:
        nonlocal failures
        try:
            return invoke(event)
        except Exception:
            failures += 1
            if failures == 6:
                aws.heal()
            raise

    Simulator(stream(made.payloads[half:], 2, chance), mapping, invoke_until_back, chance, workers=2).run()
    assert failures >= 6
    assert_exact(connection, made, f"seed {seed}")
    assert_counters_equal(connection, [made], f"seed {seed}")


def items(made: Traffic, connection: psycopg.Connection[Any]) -> list[dict[str, Any]]:
    query = "SELECT DISTINCT video_id FROM view_counters WHERE site_no = %s"
    keys = [f"{made.site}#view#{video}" for (video,) in connection.execute(query, [made.site_no]).fetchall()]
    return [item for key in keys for item in dynamo.query_all("counters", "pk = :pk", values={":pk": key})]


@pytest.mark.usefixtures("lanes")
def test_counters_after_dynamodb_was_restored_to_an_earlier_point(connection: psycopg.Connection[Any]) -> None:
    seed = 61
    chance = seeded(seed)
    made = traffic(connection, "restored dynamo", seed, 240)
    half = len(made.payloads) // 2
    Simulator(stream(made.payloads[:half], 1, chance), Mapping(batch_size=50), invoke, chance).run()
    earlier = items(made, connection)
    Simulator(stream(made.payloads[half:], 1, chance), Mapping(batch_size=50), invoke, chance).run()
    for item in items(made, connection):
        dynamo.delete_item("counters", {"pk": item["pk"], "sk": item["sk"]})
    for item in earlier:
        dynamo.put_item("counters", item)
    assert projection.push(connection, made.site_no, made.site) > 0
    assert_counters_equal(connection, [made], f"seed {seed}")


@pytest.mark.usefixtures("lanes")
def test_counters_after_postgres_was_restored_to_an_earlier_point(
    connection: psycopg.Connection[Any], new_database: Callable[[], str], lanes: pytest.MonkeyPatch
) -> None:
    """DynamoDB is ahead of a restored Postgres, which knows nothing of the latest epochs: yet no push of it is ignored."""
    seed = 62
    chance = seeded(seed)
    made = traffic(connection, "restored postgres", seed, 240)
    half = len(made.payloads) // 2
    for _ in range(3):
        projection.raise_epoch(connection)
    Simulator(stream(made.payloads, 1, chance), Mapping(batch_size=50), invoke, chance).run()
    url = new_database()  # the earlier point: half of the records
    lanes.setenv("DATABASE_URL", url)
    settings.cache_clear()
    held = containers_per_thread(lanes)
    with psycopg.connect(url, autocommit=True) as restored:
        again = traffic(restored, "restored postgres", seed, 240)
        store_without_projection(made.payloads[:half], restored)
        ahead = {(item["pk"], item["sk"]): item["n"] for item in items(made, connection)}
        without_epoch = projection.push(restored, again.site_no, made.site)
        assert without_epoch < len(ahead)
        projection.raise_epoch(restored)
        projection.push(restored, again.site_no, made.site)
        assert_counters_equal(restored, [again], f"seed {seed}")
        Simulator(stream(made.payloads, 1, chance), Mapping(batch_size=50), invoke, chance).run()
        assert_exact(restored, again, f"seed {seed}")
        assert_counters_equal(restored, [again], f"seed {seed}")
    for one in held.all:
        one.close()


def store_without_projection(payloads: list[tuple[str, bytes]], connection: psycopg.Connection[Any]) -> None:
    """Store records as a Postgres alone would hold them."""
    from streamgauge.events.models import decode

    events = [decode(data) for _, data in payloads]
    for start in range(0, len(events), 100):
        store_stamped(connection, events[start : start + 100])
