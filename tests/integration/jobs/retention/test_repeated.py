"""Retention twice, ten at once, and killed half way ends as one clean run does."""

from __future__ import annotations

import threading
from datetime import date, timedelta

import psycopg
import pytest
from streamgauge.jobs import closing, raw_retention, retention, rollup_retention
from streamgauge.jobs.slots import Slot
from streamgauge.settings import settings
from streamgauge.store import dynamo
from streamgauge.warehouse import partitions, pending

from tests.integration.jobs.conftest import at, us
from tests.integration.jobs.retention.conftest import ALL_RAW_DUE, everything, history
from tests.integration.jobs.test_daily_aggregation import MONTH_IS_THE_SUM_OF_CLOSED_DAYS


class Killed(BaseException):
    """As good as a SIGKILL: no handler of ours sees it."""


def once(slot):
    retention.remove_old(slot)


def twice(slot):
    retention.remove_old(slot)
    retention.remove_old(Slot(slot.at, by_hand=True))
    retention.remove_old(Slot(slot.at + timedelta(minutes=1), by_hand=True))


def ten_at_once(slot):
    failures = []

    def run():
        try:
            retention.remove_old(slot)
        except Exception as error:  # noqa: BLE001 - shown by the assertion below
            failures.append(error)

    threads = [threading.Thread(target=run) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


def killed(room, name, call):
    """Return a way to run: killed at a call of a function, then run again."""

    def run(slot):
        real = getattr(room, name)
        calls = []

        def die(*args, **rest):
            calls.append(args)
            if len(calls) == call:
                raise Killed
            return real(*args, **rest)

        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(room, name, die)
            with pytest.raises(Killed):
                retention.remove_old(slot)
        retention.remove_old(slot)

    return run


WAYS = [
    twice,
    ten_at_once,
    killed(raw_retention, "mark_lost", 2),
    killed(partitions, "remove", 1),
    killed(partitions, "_alone", 3),
    killed(rollup_retention, "refuse_due_days", 1),
    killed(rollup_retention, "remove_day", 2),
    killed(retention, "_delete_ids", 1),
    killed(retention, "_next_due", 1),
]


def test_twice_ten_at_once_and_killed_half_way_end_alike(connection, traffic, store, database_url, monkeypatch):
    store(history(9, 60, received=at(2026, 10, 1), start=date(2020, 5, 5)), now=us(at(2026, 10, 1)))
    closing.aggregate_days(Slot(at(2026, 10, 2)))
    connection.close()
    source = psycopg.conninfo.conninfo_to_dict(database_url)["dbname"]
    outcomes = []
    for number, way in enumerate([once, *WAYS]):
        name = f"{source}_{number}"
        with psycopg.connect(psycopg.conninfo.make_conninfo(database_url, dbname="postgres"), autocommit=True) as admin:
            admin.execute(f"CREATE DATABASE {name} TEMPLATE {source}")
        monkeypatch.setenv("DATABASE_URL", psycopg.conninfo.make_conninfo(database_url, dbname=name))
        settings.cache_clear()
        dynamo.delete_item("status", {"pk": "hint", "sk": "retention"})
        # All raw events are due, and the rollups of two days of August.
        way(Slot(at(2027, 8, 3, 3)))
        with psycopg.connect(settings().text("DATABASE_URL"), autocommit=True) as after:
            outcomes.append(everything(after, traffic.site_no))
            del outcomes[-1]["job_runs"]
    for way, outcome in zip(WAYS, outcomes[1:], strict=True):
        assert outcome == outcomes[0], way
    assert outcomes[0]["partitions"] == [[] for _ in partitions.TABLES]
    assert outcomes[0]["rollup_days"]


def test_killed_between_two_days_of_rollups(connection, traffic, monkeypatch):
    retention.remove_old(ALL_RAW_DUE)
    real = rollup_retention.remove_day
    calls = []

    def die(*args):
        calls.append(args)
        if len(calls) == 2:
            raise Killed
        real(*args)

    with monkeypatch.context() as patched:
        patched.setattr(rollup_retention, "remove_day", die)
        with pytest.raises(Killed):
            retention.remove_old(Slot(at(2027, 8, 3, 3)))
    assert connection.execute(MONTH_IS_THE_SUM_OF_CLOSED_DAYS).fetchall() == []
    retention.remove_old(Slot(at(2027, 8, 3, 3)))
    assert min(row[0] for row in connection.execute("SELECT day FROM rollup_days").fetchall()) == date(2026, 8, 3)
    assert connection.execute(MONTH_IS_THE_SUM_OF_CLOSED_DAYS).fetchall() == []
    assert pending.waiting(pending.DAYS) == []
