"""What a million events costs: the price table of `infra/prices.toml` with the CPU and sizes that this run has measured."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from bench.figures import Figure, at_most, plain
from bench.traffic import VIEWS_SHARE
from infra.cost import ASSUMED, MILLION, floor, load_prices, per_million
from infra.environments import load_stage

if TYPE_CHECKING:
    from bench.warehouse import Results

MONTHS: Final = (1, 10, 100)
_STAGES: Final = {name: {"profile": name} for name in ("small", "standard")}


def measure(one_us: float, fifty_us: float, warehouse: Results) -> list[Figure]:
    """Return the figures; `one_us` and `fifty_us` are CPU per event of requests with one and with fifty."""
    per_event = max(0.0, (50 * fifty_us - one_us) / 49)
    measured = replace(
        ASSUMED,
        ingest_cpu_us_per_request=one_us - per_event,
        ingest_cpu_us_per_event=per_event,
        warehouse_cpu_us_per_event=warehouse.client_us,
        postgres_cpu_us_per_event=warehouse.server_us,
        live_cpu_us_per_event=warehouse.live_us,
        bytes_per_stream_record=warehouse.record_bytes,
        bytes_per_stored_event=warehouse.stored_bytes,
        wal_bytes_per_event=warehouse.wal_bytes,
        # A view that counts changes its day, its month and its total.
        counter_writes_per_event=3 * VIEWS_SHARE,
    )
    prices = load_prices()
    rows = []
    for millions in MONTHS:
        small, standard = (
            per_million(load_stage(name, _STAGES, {}), prices, millions * MILLION, measured)
            for name in ("small", "standard")
        )
        told = f"standard, ten events a request; small: {small:.2f}"
        if millions == MONTHS[-1]:
            rows.append(at_most(f"cost_per_million_{millions}m", standard, "USD", told, 1.50))
        else:
            rows.append(plain(f"cost_per_million_{millions}m", standard, "USD", told))
    fixed = sum(floor(load_stage("small", _STAGES, {}), prices).values())
    return [*rows, at_most("cost_floor_small", fixed, "USD/month", "no traffic, Aurora asleep", 15)]
