import threading

import pytest
from streamgauge.operations import health
from streamgauge.store import cloudwatch


def test_each_store_speaks_for_itself() -> None:
    release = threading.Event()

    def broken() -> health.State:
        raise OSError

    def slow() -> health.State:
        release.wait(5)
        return "ok"

    found = health.check({"a": lambda: "ok", "b": broken, "c": slow, "d": lambda: "idle"}, patience=0.2)
    release.set()
    assert found == {"a": "ok", "b": "away", "c": "away", "d": "idle"}


@pytest.mark.parametrize(("capacity", "state"), [(0.0, "idle"), (0.5, "ok"), (None, "unknown")])
def test_aurora_is_asked_about_not_asked(environment, capacity, state) -> None:
    environment.setenv("DATABASE_CLUSTER", "streamgauge-small")
    environment.setattr(health, "progress_items", lambda: [{"at": 5}])
    environment.setattr(cloudwatch, "newest", lambda *_: capacity)
    assert health.ask_postgres() == state


def test_a_batch_stored_just_now_says_enough(environment) -> None:
    environment.setattr(health, "progress_items", lambda: [{"at": 2_000_000_000}])
    environment.setattr(health.time, "time", lambda: 2_000_000_010.0)
    assert health.ask_postgres() == "ok"


def test_without_a_way_to_know_it_is_unknown(environment) -> None:
    environment.setattr(health, "progress_items", list)
    assert health.ask_postgres() == "unknown"


def test_the_newest_point_of_a_metric_is_read_whatever_the_order() -> None:
    point = "<member><Timestamp>2026-03-01T12:{}:00Z</Timestamp><Average>{}</Average><Unit>Count</Unit></member>"
    answer = (
        f"<Datapoints>{point.format('05', '0.0')}{point.format('09', '1.5')}{point.format('07', '2E-1')}</Datapoints>"
    )
    assert cloudwatch.read_newest(answer) == 1.5
    assert cloudwatch.read_newest("<Datapoints/>") is None
