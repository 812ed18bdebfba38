"""A site with closed days of traffic, and what is looked at when something of it leaves."""

from __future__ import annotations

from datetime import date

import msgspec
import pytest
from streamgauge.jobs import closing
from streamgauge.jobs.slots import Slot
from streamgauge.settings import settings
from streamgauge.store import dynamo
from streamgauge.warehouse import partitions

from tests.integration.jobs.conftest import SITE, at, partition_days, us
from tests.integration.jobs.test_daily_aggregation import tables
from tests.traffic.made_up import make

ROLLUPS = (
    "rollup_days",
    "rollup_hours",
    "rollup_videos",
    "view_counters",
    "rollup_months",
    "uniques",
    "unique_blocks",
)
STATE = ("visits", "playbacks", "visitor_days")
CLOSED = Slot(at(2026, 8, 8, 6))
ALL_RAW_DUE = Slot(at(2026, 11, 10, 3, 15))
"""91 days after the last of the traffic, which is of the first days of August."""


@pytest.fixture
def traffic(add_site, store):
    site = add_site()
    store(make(5, 200, start=date(2026, 8, 1)))
    closing.aggregate_days(CLOSED)
    return site


def history(seed, count, *, received, site=SITE, start=date(2026, 8, 1)):
    """Return imported events, received at a moment."""
    events = make(seed, count, start=start, days=1, site=site)
    return [msgspec.structs.replace(event, historical=True, received=us(received)) for event in events]


def size(connection, table):
    return connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]


def rollups(connection, site_no):
    found = tables(connection, site_no)
    return {name: found[name] for name in ROLLUPS}


def hint():
    return dynamo.get_item("status", {"pk": "hint", "sk": "retention"})["day"]


def set_days(monkeypatch, raw=None, kept=None):
    for name, days in (("ANALYTICS_RETENTION_DAYS", raw), ("ANALYTICS_ROLLUP_RETENTION_DAYS", kept)):
        if days is not None:
            monkeypatch.setenv(name, str(days))
    settings.cache_clear()


def everything(connection, site_no):
    found = tables(connection, site_no)
    found["partitions"] = [partition_days(connection, table) for table in partitions.TABLES]
    found["event_ids"] = size(connection, "event_ids")
    found["history"] = connection.execute("SELECT day, history_received FROM site_days ORDER BY 1").fetchall()
    return found
