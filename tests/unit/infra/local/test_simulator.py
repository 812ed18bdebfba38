from __future__ import annotations

import random
from collections import Counter

import pytest

from infra.local.event_source import Mapping
from tests.support.simulator import Faults, Simulator, stream


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("workers", [1, 4])
def test_everything_arrives_at_least_once_whatever_fails(seed, workers):
    rng = random.Random(seed)
    payloads = [(f"visitor{rng.randrange(50)}", str(n).encode()) for n in range(500)]
    seen: Counter[str] = Counter()

    def consume(event):
        seen.update(record["kinesis"]["data"] for record in event["Records"])
        if rng.random() < 0.1:
            raise RuntimeError("killed after its work")

    faults = Faults(lost_acknowledgement=0.1, twice=0.1, restart=0.1)
    simulator = Simulator(
        stream(payloads, 3, rng), Mapping(batch_size=20, parallelization=3), consume, rng, faults, workers
    )
    report = simulator.run()
    assert len(seen) == 500
    assert max(seen.values()) > 1
    assert report.restarts > 0
    assert report.failures > 0
    assert not report.given_up


def test_without_faults_everything_arrives_once():
    rng = random.Random(1)
    seen: Counter[str] = Counter()
    payloads = [(f"visitor{n % 7}", str(n).encode()) for n in range(200)]

    def consume(event):
        seen.update(record["kinesis"]["data"] for record in event["Records"])

    report = Simulator(stream(payloads, 2, rng), Mapping(batch_size=10, window_seconds=5), consume, rng).run()
    assert set(seen.values()) == {1}
    assert (len(seen), report.failures, report.restarts) == (200, 0, 0)


def test_poison_is_given_up_and_the_rest_arrives():
    rng = random.Random(2)
    seen: set[str] = set()
    payloads = [("visitor", b"poison" if n == 60 else str(n).encode()) for n in range(100)]

    def consume(event):
        data = [record["kinesis"]["data"] for record in event["Records"]]
        if "cG9pc29u" in data:
            raise ValueError("poison")
        seen.update(data)

    mapping = Mapping(batch_size=50, bisect=True, max_retries=2)
    report = Simulator(stream(payloads, 1, rng), mapping, consume, rng).run()
    assert len(seen) == 99
    assert [record.data for part in report.given_up for record in part.records] == [b"poison"]
