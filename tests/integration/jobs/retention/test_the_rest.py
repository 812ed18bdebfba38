"""Retention of what is neither raw nor a rollup: imported days, traits, ids, receipts, runs and anchors."""

from __future__ import annotations

from datetime import date, timedelta

from streamgauge.imports import days as imported_days
from streamgauge.imports.models import ImportedRows
from streamgauge.jobs import hints, retention
from streamgauge.jobs.slots import Slot
from streamgauge.rollups.imported import first_own_day

from tests.integration.jobs.conftest import at, us
from tests.integration.jobs.retention.conftest import ALL_RAW_DUE, hint, size
from tests.support.stamped import stamped


def import_days(connection, site, *, imported, first, count):
    piece = ImportedRows(
        source="plausible",
        rows=[{"date": first + timedelta(days=step), "visitors": 1, "visits": 1} for step in range(count)],
    )
    imported_days.put(connection, site, f"{imported:%Y-%m-%d}", "totals", piece)
    connection.execute("UPDATE imports SET updated_at = %s WHERE import_id = %s", [imported, f"{imported:%Y-%m-%d}"])


def imported_left(connection):
    return [row[0] for row in connection.execute("SELECT day FROM imported_days ORDER BY day").fetchall()]


def test_imported_days_are_kept_as_rollups_from_their_import_on(connection, add_site):
    site = add_site()
    import_days(connection, site, imported=at(2026, 3, 1), first=date(2020, 1, 1), count=2)
    import_days(connection, site, imported=at(2026, 6, 1, 12), first=date(2021, 1, 1), count=1)
    hints.set_retention(None)
    hints.note_import(date(2026, 3, 1))
    assert hint() == "2027-03-02"
    retention.remove_old(Slot(at(2027, 3, 1, 6), by_hand=True))
    assert len(imported_left(connection)) == 3
    assert hint() == "2027-03-02"
    retention.remove_old(Slot(at(2027, 3, 2, 6)))
    assert imported_left(connection) == [date(2021, 1, 1)]
    assert size(connection, "imports") == 1
    assert hint() == "2027-06-02"
    retention.remove_old(Slot(at(2027, 6, 2, 6)))
    assert (size(connection, "imported_days"), size(connection, "imports")) == (0, 0)


def test_imported_days_that_were_not_shown_never_come_up(connection, traffic):
    # Own days leave before the imported ones, which were imported later.
    first = first_own_day(lambda *asked: connection.execute(*asked).fetchall(), traffic.site_no)
    before = first - timedelta(days=2)
    import_days(connection, traffic, imported=at(2027, 1, 1), first=before, count=10)
    retention.remove_old(Slot(at(2027, 8, 20, 3, 15)))
    assert size(connection, "rollup_days") == 0
    assert imported_left(connection) == [before, before + timedelta(days=1)]


def test_traits_go_with_the_rollups_of_the_day_on_which_they_were_told(connection, add_site, store):
    add_site()
    at_noon = us(at(2026, 8, 1, 12))
    told = {"name": "identify", "user_id": "u"}
    store([stamped("identify", at_noon, properties={"plan": "pro", "age": 7}, **told)])
    store([stamped("identify", at_noon + 86_400_000_000, properties={"plan": "team"}, **told)])
    retention.remove_old(Slot(at(2027, 8, 1, 3), by_hand=True))
    assert connection.execute("SELECT count(*) FROM user_traits").fetchone() == (2,)
    retention.remove_old(Slot(at(2027, 8, 2, 3), by_hand=True))
    assert connection.execute("SELECT name, value FROM user_traits").fetchall() == [("plan", "team")]
    retention.remove_old(Slot(at(2027, 8, 3, 3), by_hand=True))
    assert connection.execute("SELECT count(*) FROM user_traits").fetchone() == (0,)


def test_ids_receipts_runs_and_anchors_go_when_nothing_needs_them(connection, traffic):
    day = "INSERT INTO event_ids (digest, writer, quarter, n, kept_until, site_no) VALUES (gen_random_uuid(), 0, 0, 0, %s, 1)"
    connection.execute("TRUNCATE event_ids")
    for until in ("2026-11-09", "2026-11-10", "2026-12-24", "infinity"):
        connection.execute(day, [until])
    old, new = (int(day.timestamp()) // 900 for day in (at(2026, 8, 30), at(2026, 9, 2)))
    connection.execute("TRUNCATE lost_receipts")
    connection.execute("INSERT INTO lost_receipts VALUES (1, %s, 1, 1, 1), (1, %s, 1, 1, 1)", [old, new])
    connection.execute("INSERT INTO job_runs VALUES ('x', 'old', '2025-01-01')")
    assert retention.remove_old(ALL_RAW_DUE)["event_ids"] == 1
    assert size(connection, "event_ids") == 3
    assert connection.execute("SELECT quarter FROM lost_receipts").fetchall() == [(new,)]
    assert size(connection, "anchors") == 0
    assert size(connection, "job_runs WHERE slot = 'old'") == 0
    assert size(connection, "accounting") > 0
    retention.remove_old(Slot(at(2026, 11, 20, 3)))
    assert hint() == "2026-12-25"


def test_what_stands_for_an_erased_id_is_forgotten_and_its_digest_kept(connection, traffic):
    erased = "INSERT INTO erased_ids VALUES (%s, gen_random_uuid(), %s, 'erased-1')"
    for day in (at(2026, 9, 26), at(2026, 9, 28)):
        connection.execute(erased, [traffic.site_no, us(day)])
    assert retention.remove_old(ALL_RAW_DUE)["erased_names"] == 1
    assert connection.execute("SELECT replacement FROM erased_ids ORDER BY erased_at").fetchall() == [
        (None,),
        ("erased-1",),
    ]
    assert hint() <= "2026-11-12", "looked for again when the other is due"
