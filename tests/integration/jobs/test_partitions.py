"""Days come and go while others write: made once by ten at once, removed wherever a removal was interrupted."""

from __future__ import annotations

import threading
from datetime import date, timedelta

import psycopg
import pytest
from streamgauge.jobs import upkeep
from streamgauge.jobs.slots import Slot
from streamgauge.store import dynamo
from streamgauge.warehouse import partitions, pending
from streamgauge.warehouse.partitions import Partition, State, ensure_day, existing, remove

from tests.integration.jobs.conftest import SITE, ZONE, at, partition_days

DAY = date(2026, 11, 21)
ROW = """INSERT INTO events (day, site_no, kind, flags, time, received_at, event_id)
    VALUES ('2026-11-21', 1, 1, %s, 0, %s, 'e')"""


def nothing(connection, partition):
    return False


def kept(connection, partition):
    return connection.execute(f"SELECT EXISTS (SELECT FROM {partition.name} WHERE flags = 2)").fetchone()[0]


def attached(day=DAY):
    return Partition("events", day, State.ATTACHED)


def test_a_day_has_a_partition_of_each_table(connection):
    ensure_day(connection, DAY)
    ensure_day(connection, DAY)
    assert partition_days(connection) == [DAY]
    assert partition_days(connection, "views") == [DAY]
    connection.execute(ROW, [0, 0])
    with pytest.raises(psycopg.errors.CheckViolation):
        connection.execute(ROW.replace("2026-11-21", "2026-11-22"), [0, 0])
    indexes = connection.execute(
        "SELECT count(*) FROM pg_index WHERE indrelid = 'events_2026_11_21'::regclass"
    ).fetchone()
    assert indexes == connection.execute("SELECT count(*) FROM pg_index WHERE indrelid = 'events'::regclass").fetchone()


def test_ten_at_once_make_one(connection, database_url):
    failures = []

    def make():
        try:
            with psycopg.connect(database_url, autocommit=True) as own:
                for ahead in range(3):
                    ensure_day(own, DAY + timedelta(days=ahead))
        except Exception as error:  # noqa: BLE001 - shown by the assertion below
            failures.append(error)

    threads = [threading.Thread(target=make) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert partition_days(connection) == [DAY, DAY + timedelta(days=1), DAY + timedelta(days=2)]


def test_a_day_is_made_while_others_write_and_read(connection, database_url):
    ensure_day(connection, DAY)
    with psycopg.connect(database_url) as writer:
        writer.execute(ROW, [0, 0])
        ensure_day(connection, DAY + timedelta(days=1))
        writer.rollback()
    assert len(partition_days(connection)) == 2


def test_removes_a_day(connection):
    ensure_day(connection, DAY)
    connection.execute(ROW, [0, 0])
    assert remove(connection, attached(), kept) is True
    assert existing(connection, "events") == []
    assert remove(connection, attached(), kept) is True


def test_leaves_a_day_that_holds_what_must_stay(connection):
    ensure_day(connection, DAY)
    connection.execute(ROW, [2, 0])
    assert remove(connection, attached(), kept) is False
    assert partition_days(connection) == [DAY]


def test_a_row_that_came_while_the_day_was_leaving_brings_it_back(connection):
    ensure_day(connection, DAY)
    asked = []

    def keeps(own, partition):
        # Asked before the detach, where it is empty, and after it, where a batch was faster.
        if not asked:
            asked.append(partition)
            own.execute(ROW, [2, 0])
            return False
        return kept(own, partition)

    assert remove(connection, attached(), keeps) is False
    assert partition_days(connection) == [DAY]
    assert connection.execute("SELECT count(*) FROM events").fetchone() == (1,)


def interrupt(connection, database_url):
    """Leave the day half detached: the second half waits for a reader, and is cancelled."""
    with psycopg.connect(database_url) as reader:
        reader.execute("SELECT count(*) FROM events").fetchone()
        connection.execute("SET lock_timeout = '50ms'")
        with pytest.raises(psycopg.errors.LockNotAvailable):
            connection.execute("ALTER TABLE events DETACH PARTITION events_2026_11_21 CONCURRENTLY")
        connection.execute("RESET lock_timeout")
        reader.rollback()
    assert existing(connection, "events") == [Partition("events", DAY, State.LEAVING)]


def test_an_interrupted_removal_is_finished(connection, database_url):
    ensure_day(connection, DAY)
    connection.execute(ROW, [0, 0])
    interrupt(connection, database_url)
    assert remove(connection, attached(), kept) is True
    assert existing(connection, "events") == []


def test_a_day_that_was_leaving_comes_back_when_it_is_wanted(connection, database_url):
    ensure_day(connection, DAY)
    connection.execute(ROW, [0, 0])
    interrupt(connection, database_url)
    ensure_day(connection, DAY)
    assert partition_days(connection) == [DAY]
    connection.execute(ROW, [0, 1])
    assert connection.execute("SELECT count(*) FROM events").fetchone() == (2,)


def test_a_removal_waits_for_who_reads(connection, database_url):
    ensure_day(connection, DAY)
    with psycopg.connect(database_url) as reader:
        reader.execute("SELECT count(*) FROM events").fetchone()
        done = threading.Timer(2.5, reader.rollback)
        done.start()
        assert remove(connection, attached(), nothing) is True
        done.join()
    assert existing(connection, "events") == []


def test_ten_make_and_two_remove_at_once(connection, database_url):
    failures = []

    def run(step):
        try:
            with psycopg.connect(database_url, autocommit=True) as own:
                for _ in range(5):
                    step(own)
        except Exception as error:  # noqa: BLE001 - shown by the assertion below
            failures.append(error)

    makers = [threading.Thread(target=run, args=[lambda own: ensure_day(own, DAY)]) for _ in range(4)]
    removers = [threading.Thread(target=run, args=[lambda own: remove(own, attached(), nothing)]) for _ in range(2)]
    for thread in makers + removers:
        thread.start()
    for thread in makers + removers:
        thread.join()
    assert failures == []
    ensure_day(connection, DAY)
    assert partition_days(connection) == [DAY]


def test_upkeep_of_an_idle_stage_asks_no_postgres(aws, monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "postgresql://nobody@127.0.0.1:1/none")
    assert upkeep.make_partitions(Slot(at(2026, 11, 21, 2, 40))) == {"due": 0}
    dynamo.put_item("status", {"pk": "hint", "sk": "traffic", "day": "2026-11-18"})
    assert upkeep.make_partitions(Slot(at(2026, 11, 21, 2, 40))) == {"due": 0}


@pytest.mark.parametrize("sign", ["an open day", "a day closed lately", "by hand"])
def test_upkeep_makes_a_week_ahead_where_there_is_traffic(connection, sign):
    if sign == "an open day":
        pending.mark(SITE, ZONE, 0.0, open_days=[DAY])
    elif sign == "a day closed lately":
        dynamo.put_item("status", {"pk": "hint", "sk": "traffic", "day": "2026-11-20"})
    slot = Slot(at(2026, 11, 21, 2, 40), by_hand=sign == "by hand")
    assert upkeep.make_partitions(slot)["days"] == 8
    assert partition_days(connection) == [DAY + timedelta(days=ahead) for ahead in range(8)]
    assert upkeep.make_partitions(Slot(at(2026, 11, 21, 2, 45))) == {"due": 0}


def test_names_are_those_of_the_days():
    assert [Partition(table, DAY, State.ATTACHED).name for table in partitions.TABLES] == [
        "events_2026_11_21",
        "views_2026_11_21",
        "session_calls_2026_11_21",
    ]
