"""A late view decides anew about those after it: their counters reach DynamoDB as well."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from msgspec.structs import replace
from streamgauge.events.models import StampedEvent, encode
from streamgauge.store import dynamo
from streamgauge.warehouse import pending

from infra.local.event_source import Mapping
from tests.support.seeds import seeded
from tests.support.simulator import Simulator, stream
from tests.support.stamped import stamped
from tests.support.warehouse import add_site, invoke

if TYPE_CHECKING:
    import psycopg

    from tests.support.faulty_aws import FaultyAws


def view(site: str, at: str) -> StampedEvent:
    return replace(stamped("view", at, site=site, session_id="s"), historical=True)


def send(events: list[StampedEvent], handler: Any = invoke) -> None:
    records = [("key", encode(event)) for event in events]
    chance = seeded(1)
    Simulator(stream(records, 1, chance), Mapping(batch_size=10), handler, chance).run()


def counters(site: str) -> dict[str, int]:
    items = dynamo.query_all("counters", "pk = :pk", values={":pk": f"{site}#view#v"})
    return {item["sk"]: item["n"] for item in items if item["n"]}


@pytest.mark.usefixtures("lanes")
@pytest.mark.parametrize("push_fails", [False, True])
def test_the_days_after_a_late_view_are_pushed(
    connection: psycopg.Connection[Any], aws: FaultyAws, push_fails: bool
) -> None:
    site = f"late views {push_fails}"
    add_site(connection, site)
    send([view(site, at) for at in ("2024-10-31 12:00", "2024-11-01 13:00")])
    assert counters(site) == {
        "total": 2, "month#2024-10": 1, "month#2024-11": 1, "day#2024-10-31": 1, "day#2024-11-01": 1
    }  # fmt: skip
    # Within 24 h before the first one, which no longer counts: its day, pushed long ago, must be put right.
    late = view(site, "2024-10-30 23:00")

    def failing_once(event: dict[str, Any]) -> Any:
        if push_fails and not aws.refused:
            aws.away = {"dynamodb"}
        try:
            return invoke(event)
        finally:
            aws.heal()

    send([late], failing_once)
    assert bool(aws.refused) is push_fails
    assert counters(site) == {
        "total": 2, "month#2024-10": 1, "month#2024-11": 1, "day#2024-10-30": 1, "day#2024-11-01": 1
    }  # fmt: skip


@pytest.mark.usefixtures("lanes")
def test_the_jobs_hear_of_the_days_after_a_late_view(connection: psycopg.Connection[Any]) -> None:
    site = "late views of closed days"
    site_no = add_site(connection, site)
    send([view(site, "2024-10-31 12:00")])
    connection.execute("UPDATE site_days SET closed = true WHERE site_no = %s", [site_no])
    for kind in (pending.DAYS, pending.VIEWS):
        for item in pending.waiting(kind):
            pending.settle(item)
    pending.forget()
    send([view(site, "2024-10-30 23:00")])
    periods = {item.period for kind in (pending.DAYS, pending.VIEWS) for item in pending.waiting(kind)}
    assert {"2024-10-30", "2024-10-31", "day#2024-10-31", "day#2024-10-30", "month#2024-10"} <= periods
