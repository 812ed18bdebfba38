"""What waits for the jobs: marked once per container, settled only as it was listed."""

# ruff: noqa: ARG002 - the fake takes what the store takes

from __future__ import annotations

from datetime import date

import pytest
from streamgauge.settings import settings
from streamgauge.store import dynamo
from streamgauge.warehouse import pending
from streamgauge.warehouse.pending import Pending

DAY = date(2026, 11, 21)


class Table:
    """A table in memory that counts its writes."""

    def __init__(self):
        self.items = {}
        self.writes = 0

    def put_item(self, table, item):
        self.writes += 1
        self.items[item["pk"], item["sk"]] = dict(item)
        return True

    def delete_item(self, table, key, *, condition, values, names):
        found = self.items.get((key["pk"], key["sk"]))
        if found is not None and found.get("mark", values[":mark"]) != values[":mark"]:
            return False
        self.items.pop((key["pk"], key["sk"]), None)
        return True

    def query_all(self, table, condition, *, values, consistent):
        assert consistent
        return [item for (pk, _), item in sorted(self.items.items()) if pk == values[":kind"]]


@pytest.fixture
def table(monkeypatch):
    monkeypatch.setenv("STATUS_TABLE", "status")
    settings.cache_clear()
    pending.forget()
    fake = Table()
    for name in ("put_item", "delete_item", "query_all"):
        monkeypatch.setattr(dynamo, name, getattr(fake, name))
    yield fake
    pending.forget()
    settings.cache_clear()


def test_marks_what_a_batch_touched(table):
    pending.mark("a", "UTC", 1_000_000, hours=[997_200], open_days=[DAY], view_days=[DAY])
    assert sorted(table.items) == [
        ("pending", "a#2026-11-21"),
        ("pending#hours", "a#997200"),
        ("pending#views", "a#day#2026-11-21"),
        ("pending#views", "a#month#2026-11"),
    ]
    assert [item.day for item in pending.waiting(pending.VIEWS)] == [DAY, date(2026, 11, 1)]


def test_an_open_period_is_marked_once_and_a_closed_day_each_time(table):
    for _ in range(3):
        pending.mark("a", "UTC", 1_000_000, hours=[997_200], open_days=[DAY])
    assert table.writes == 2
    for _ in range(3):
        pending.mark("a", "UTC", 1_000_000, closed_days=[DAY])
    assert table.writes == 5


def test_old_hours_are_left_to_their_day(table):
    pending.mark("a", "UTC", 1_000_000, hours=[1_000_000 - pending.HOURS_SEEN])
    assert table.items == {}


def test_settles_what_was_listed_and_not_what_came_after(table):
    pending.mark("a", "UTC", 0.0, closed_days=[DAY])
    (listed,) = pending.waiting(pending.DAYS)
    pending.mark("a", "UTC", 0.0, closed_days=[DAY])
    assert pending.settle(listed) is False
    (again,) = pending.waiting(pending.DAYS)
    assert pending.settle(again) is True
    assert pending.waiting(pending.DAYS) == []
    assert pending.settle(again) is True


def test_an_item_without_a_mark_is_settled(table):
    table.items["pending", "a#2026-11-21"] = {"pk": "pending", "sk": "a#2026-11-21", "zone": "UTC"}
    assert pending.waiting(pending.DAYS) == [Pending(pending.DAYS, "a", "2026-11-21", "UTC", "")]
    assert pending.settle(pending.waiting(pending.DAYS)[0]) is True
