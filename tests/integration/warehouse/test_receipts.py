"""Accounting: every receipt becomes an event, a repetition or a dead letter, in any year and in the middle of a run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from streamgauge.clock import hour_and_day
from streamgauge.events.models import Receipt
from streamgauge.warehouse.receipts import QUARTER_SECONDS

from infra.local.event_source import Mapping
from tests.support.seeds import seeded
from tests.support.simulator import Faults, Simulator, stream
from tests.support.stamped import stamped
from tests.support.warehouse import accounted, add_site, assert_exact, invoke, store_stamped, traffic

if TYPE_CHECKING:
    import psycopg

ZONES = (
    "UTC",
    "Europe/Berlin",
    "Asia/Kathmandu",
    "Asia/Kolkata",
    "Australia/Lord_Howe",
    "Pacific/Chatham",
    "America/St_Johns",
)


@given(zone=st.sampled_from(ZONES), second=st.integers(1_577_836_800, 4_102_444_800))
def test_every_hour_of_a_zone_begins_with_a_quarter(zone: str, second: int) -> None:
    assert hour_and_day(second * 1_000_000, zone)[0] % QUARTER_SECONDS == 0


@pytest.mark.parametrize("year", [2026, 2040, 2200])
def test_receipts_are_accounted_for_in_any_year(connection: psycopg.Connection[Any], year: int) -> None:
    site = f"year {year}"
    site_no = add_site(connection, site)
    event = stamped("page_view", f"{year}-06-01 10:20", site=site, receipt=Receipt(2**40, hour_of(year), 0))
    for receipt in (event.receipt, event.receipt, Receipt(2**40, hour_of(year), 1)):
        copy = stamped("page_view", event.time, site=site, id=event.id, receipt=receipt)
        store_stamped(connection, [copy], now=event.time)
    assert accounted(connection, site_no) == {"received": 2, "stored": 1, "duplicates": 1, "dead_lettered": 0}
    stored = "SELECT quarter::bigint * 900 FROM accounting WHERE site_no = %s"
    assert connection.execute(stored, [site_no]).fetchall() == [(hour_of(year),)]


def hour_of(year: int) -> int:
    """Return the first second of ten o'clock in Berlin on the first of June."""
    return stamped("page_view", f"{year}-06-01 10:00").time // 1_000_000


def test_the_accounting_holds_in_the_middle_of_a_run(
    connection: psycopg.Connection[Any], lanes: pytest.MonkeyPatch
) -> None:
    """received = stored + duplicates + dead-lettered + in flight, whichever part has come in."""
    seed = 71
    chance = seeded(seed)
    made = traffic(connection, "accounted", seed, 200, retries=0.3)
    shards = stream(made.payloads, 1, chance)
    arrived: set[bytes] = set()
    for start in range(0, len(made.payloads), 60):
        part = {name: records[start : start + 60] for name, records in shards.items()}
        Simulator(part, Mapping(batch_size=20), invoke, chance, Faults(lost_acknowledgement=0.3)).run()
        arrived |= {record.data for records in part.values() for record in records}
        found = accounted(connection, made.site_no)
        in_flight = len(made.payloads) - len(arrived)
        assert found["stored"] + found["duplicates"] + found["dead_lettered"] + in_flight == len(made.payloads)
        assert found["received"] <= len(made.payloads)
    assert_exact(connection, made, f"seed {seed}")
