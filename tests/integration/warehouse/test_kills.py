"""Containers are killed at any moment: nothing is lost, nothing is counted twice."""

from __future__ import annotations

import os
import threading
import time
from typing import TYPE_CHECKING, Any, Self

import pytest

from infra.local.event_source import Mapping
from tests.support.seeds import seeded
from tests.support.simulator import Faults, Simulator, stream
from tests.support.warehouse import (
    all_payloads,
    assert_counters_equal,
    assert_exact,
    traffic,
)
from tests.torture.worker import Container

if TYPE_CHECKING:
    import random

    import psycopg

    from tests.support.faulty_aws import FaultyAws

RECORDS = int(os.environ.get("STREAMGAUGE_TORTURE_RECORDS", "1000000"))
"""Records of the great kill test."""


class Fleet:
    """Containers as processes: an invocation takes a free one, a thread of the test kills one at random."""

    def __init__(
        self,
        environment: dict[str, str],
        size: int,
        chance: random.Random,
        kills: int,
        *,
        pause: tuple[float, float],
        spread: int,
    ) -> None:
        self.containers = [Container(environment) for _ in range(size)]
        self._free = list(self.containers)
        self._lock = threading.Lock()
        self._chance = chance
        self._left = kills
        self._pause = pause
        self._spread = spread
        self._of = kills
        self._begun = time.monotonic()
        self.handed = 0
        self.kills = 0
        self._done = threading.Event()
        self._killer = threading.Thread(target=self._kill, daemon=True)

    def __enter__(self) -> Self:
        self._killer.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._killer.join()
        for container in self.containers:
            container.close()

    def invoke(self, event: dict[str, Any]) -> Any:
        with self._lock:
            container = self._free.pop()
            self.handed += len(event["Records"])
        try:
            return container.invoke(event)
        finally:
            with self._lock:
                self._free.append(container)

    def _kill(self) -> None:
        """Kill whenever a pause is over, and records enough have been handed over since the last: `spread` for all kills."""
        while self._left and not self._done.wait(self._chance.uniform(*self._pause)):
            if self.handed < self.kills * self._spread / self._of:
                continue
            with self._lock:
                busy = [container for container in self.containers if container not in self._free]
            if busy and self._chance.choice(busy).kill():
                self.kills += 1
                self._left -= 1
                if self.kills % 10 == 0:
                    seconds = time.monotonic() - self._begun
                    print(f"{self.kills} kills, {self.handed:,} records handed over in {seconds:,.0f} s", flush=True)


def killed(
    connection: psycopg.Connection[Any],
    url: str,
    aws: FaultyAws,
    *,
    seed: int,
    sites: int,
    size: int,
    kills: int,
    batch: int,
    lanes: int = 2,
    pause: tuple[float, float] = (0.05, 0.6),
    spread: int = 0,
    jitter_seconds: float | None = None,
    people: int = 12,
) -> None:
    chance = seeded(seed)
    made = []
    for n in range(sites):
        one = traffic(connection, f"killed {seed} {n}", seed + n, size, people=people, jitter_seconds=jitter_seconds)
        one.settle()
        made.append(one)
    shards = stream(all_payloads(made, chance, in_order=jitter_seconds is not None), 2, chance)
    mapping = Mapping(batch_size=batch, parallelization=max(2, lanes // 2), bisect=True)
    faults = Faults(lost_acknowledgement=0.05, restart=0.05)
    environment = dict(os.environ) | aws.environment() | {"DATABASE_URL": url}
    with Fleet(environment, lanes, chance, kills, pause=pause, spread=spread) as fleet:
        Simulator(shards, mapping, fleet.invoke, chance, faults, workers=lanes).run()
        while fleet.kills < kills:  # what is left of the kills meets the whole stream again
            Simulator(shards, mapping, fleet.invoke, chance, faults, workers=lanes).run()
        errors = {error for container in fleet.containers for error in container.errors}
        # A busy machine may be slower than the stores' timeouts: that batch came again. Nothing else may be raised.
        assert not {error for error in errors if not error.startswith("StoreAwayError")}, f"seed {seed}: {errors}"
    for one in made:
        assert_exact(connection, one, f"seed {seed}")
    assert_counters_equal(connection, made, f"seed {seed}")


@pytest.mark.usefixtures("lanes")
def test_the_consumer_may_be_killed_anywhere(
    connection: psycopg.Connection[Any], database_url: str, aws: FaultyAws
) -> None:
    killed(connection, database_url, aws, seed=11, sites=1, size=600, kills=10, batch=50)


@pytest.mark.torture
@pytest.mark.timeout(7200)
@pytest.mark.usefixtures("lanes")
def test_two_hundred_kills_while_a_million_records_flow(
    connection: psycopg.Connection[Any], database_url: str, aws: FaultyAws, capfd: pytest.CaptureFixture[str]
) -> None:
    # A million of the most hostile order would be a test of patience: they come late by up to ten minutes.
    with capfd.disabled():
        killed(
            connection, database_url, aws, seed=12, sites=4, size=RECORDS // 4, kills=200, batch=2000, lanes=4, pause=(0.0, 1.0),
            spread=RECORDS, jitter_seconds=600.0, people=25_000,
        )  # fmt: skip
