import re

from streamgauge.operations.progress import LONGEST_BATCH_SECONDS, lag_seconds, write_metrics

LANES = [
    {
        "pk": "progress",
        "sk": "shard-0",
        "events": 10,
        "batches": 2,
        "busy_seconds": "1.250",
        "last_arrival": 90,
        "at": 95,
    },
    {
        "pk": "progress",
        "sk": "shard-1",
        "events": 5,
        "batches": 1,
        "busy_seconds": "0.500",
        "last_arrival": 60,
        "at": 80,
    },
]
SAMPLE = re.compile(r"^[a-zA-Z_:][a-zA-Z0-9_:]* -?[0-9.]+(?:e[+-]?[0-9]+)?$")


def test_the_four_metrics_in_prometheus_own_words() -> None:
    lines = write_metrics(LANES, now=100.0, connections=3).splitlines()
    values = dict(line.split(" ") for line in lines if not line.startswith("#"))
    assert all(SAMPLE.match(line) for line in lines if not line.startswith("#"))
    assert values == {
        "analytics_service_events_processed_total": "15",
        "analytics_service_event_processing_duration_seconds_sum": "1.75",
        "analytics_service_event_processing_duration_seconds_count": "15",
        "analytics_service_websocket_connections": "3",
        "analytics_service_kafka_consumer_lag": "20.0",
    }
    types = [line.split(" ")[2:] for line in lines if line.startswith("# TYPE")]
    assert [kind for _, kind in types] == ["counter", "summary", "gauge", "gauge"]
    assert write_metrics(LANES, now=100.0, connections=3).endswith("\n")


def test_a_stage_that_never_stored_anything_has_them_too() -> None:
    assert "analytics_service_events_processed_total 0\n" in write_metrics([], now=100.0, connections=0)


def test_the_lag_is_that_of_the_slowest_lane() -> None:
    assert lag_seconds([], 100) == 0
    assert lag_seconds(LANES, 100) == 20
    assert lag_seconds([*LANES, {"pending_since": 40, "at": 90, "last_arrival": 90}], 100) == 60


def test_a_lane_that_has_caught_up_and_fallen_silent_is_not_behind() -> None:
    after_an_outage = [{"at": 1000, "last_arrival": 400}]
    assert lag_seconds(after_an_outage, 1000 + LONGEST_BATCH_SECONDS) == 600
    assert lag_seconds(after_an_outage, 1001 + LONGEST_BATCH_SECONDS) == 0
