"""The consumer behind the mapping's documented semantics: whatever is lost, cut again or repeated, the counts are exact."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from infra.local.event_source import Mapping
from tests.support.seeds import seeded
from tests.support.simulator import Faults, Simulator, stream
from tests.support.warehouse import all_payloads, assert_counters_equal, assert_exact, invoke, traffic

if TYPE_CHECKING:
    import psycopg

FAULTS = Faults(lost_acknowledgement=0.15, twice=0.1, restart=0.1)


def run(connection: psycopg.Connection[Any], seed: int, parallelization: int, size: int) -> None:
    """Send two sites' records through shards that are split and merged on the way."""
    chance = seeded(seed)
    what = f"seed {seed}, parallelization {parallelization}"
    sites = [traffic(connection, f"{what} {name}", seed * 2 + n, size, people=4) for n, name in enumerate(("a", "b"))]
    mixed = all_payloads(sites, chance)
    middle = len(mixed) // 2
    mapping = Mapping(batch_size=60, window_seconds=1.0, parallelization=parallelization, bisect=chance.random() < 0.7)
    # One shard is split into three, or three are merged into one.
    before, after = chance.choice(((1, 3), (3, 1), (2, 2)))
    for part, shards in ((mixed[:middle], before), (mixed[middle:], after)):
        report = Simulator(stream(part, shards, chance), mapping, invoke, chance, FAULTS, workers=parallelization).run()
        assert not report.given_up
    for made in sites:
        assert_exact(connection, made, what)
    assert_counters_equal(connection, sites, what)


@pytest.mark.usefixtures("lanes")
@pytest.mark.parametrize("parallelization", [1, 2, 10])
def test_one_visitor_spread_over_all_lanes(connection: psycopg.Connection[Any], parallelization: int) -> None:
    run(connection, seed=parallelization, parallelization=parallelization, size=120)


@pytest.mark.torture
@pytest.mark.usefixtures("lanes")
@pytest.mark.parametrize("seed", range(100, 150))
def test_one_visitor_spread_over_all_lanes_on_fifty_seeds(connection: psycopg.Connection[Any], seed: int) -> None:
    run(connection, seed, parallelization=(1, 2, 10)[seed % 3], size=500)


@pytest.mark.usefixtures("lanes")
def test_every_batch_twice_and_then_the_whole_stream_again(connection: psycopg.Connection[Any]) -> None:
    seed = 7
    chance = seeded(seed)
    made = traffic(connection, "twice", seed, 300)
    shards = stream(made.payloads, 2, chance)
    for _ in range(2):
        Simulator(shards, Mapping(batch_size=40, parallelization=2), invoke, chance, Faults(twice=1.0), workers=2).run()
        assert_exact(connection, made, f"seed {seed}")
    assert_counters_equal(connection, [made], f"seed {seed}")
