"""Whoever is erased, and whenever: all figures stay what one pass over the events as they were gives."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from streamgauge.jobs.erasure import erase_person
from streamgauge.warehouse import gate
from streamgauge.warehouse.directory import Directory
from streamgauge.warehouse.recount import recount_day

from tests.oracle.counting import count
from tests.oracle.stored import differences, stored
from tests.support.seeds import seeded
from tests.support.traces import tables_with
from tests.support.warehouse import store_stamped
from tests.traffic.made_up import make

if TYPE_CHECKING:
    import psycopg
    from streamgauge.access.registry import SiteRecord
    from streamgauge.events.models import StampedEvent


def batches_of(events: list[StampedEvent], seed: int) -> list[list[StampedEvent]]:
    """Return events shuffled, in batches, some of them twice."""
    chance = seeded(seed)
    order = events + chance.sample(events, len(events) // 20)
    chance.shuffle(order)
    return [order[n : n + 40] for n in range(0, len(order), 40)]


def check(connection: psycopg.Connection, site: SiteRecord, seed: int, size: int) -> None:
    """Erase two of the users among the batches, one of them twice."""
    events = make(seed, size)
    batches = batches_of(events, seed)
    now = max(event.received for event in events)
    chance = seeded(seed + 1)
    due = {chance.randrange(len(batches)): user for user in ("user-0", "user-1", "user-0")}
    directory = Directory()
    for number, batch in enumerate(batches):
        store_stamped(connection, batch, directory=directory, now=now)
        if number in due:
            erase_person(connection, site, f"{number}", due[number], now)
    found = differences(count(events), stored(connection, site.site_no))
    assert not found, "\n".join(found)
    assert not tables_with(connection, set(due.values()))
    days = [day for (day,) in connection.execute("SELECT day FROM site_days ORDER BY day").fetchall()]
    assert days
    for day in days:
        with connection.transaction():
            gate.close(connection, site.site_no)
            assert len(recount_day(connection, site.site_no, day, repair=False)) == 0


@pytest.mark.parametrize("seed", range(4))
def test_figures_stay_whenever_somebody_is_erased(connection: psycopg.Connection, site: SiteRecord, seed: int) -> None:
    check(connection, site, seed, 250)


@pytest.mark.torture
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("seed", range(1000, 1040))
def test_figures_stay_on_many_seeds(connection: psycopg.Connection, site: SiteRecord, seed: int) -> None:
    check(connection, site, seed, 800)
