"""Retention of sessions: their addresses go after 30 days, they themselves with the rollups; history goes by its receipt."""

from __future__ import annotations

from datetime import date

import pytest
from streamgauge.events.models import SessionHistory, Spot
from streamgauge.jobs import hints, retention, session_retention
from streamgauge.jobs.slots import Slot
from streamgauge.settings import settings
from streamgauge.store import dynamo
from streamgauge.warehouse import pending

from tests.integration.jobs.conftest import at, us
from tests.support.stamped import session_call

HOME = Spot("192.0.2.1", network=1, country="DE")
AUGUST = us(at(2026, 8, 1, 20))
MINUTE = 60_000_000


@pytest.fixture
def watched(add_site, store):
    """A session of the first of August, and one told later of years before."""
    add_site()
    past = us(at(2020, 2, 3, 20))
    history = SessionHistory(past + 10 * MINUTE, 10 * MINUTE)
    store(
        [
            session_call("start", AUGUST, spot=HOME),
            session_call("stop", AUGUST + 10 * MINUTE),
            session_call("start", past, session="old", history=history, historical=True, received=AUGUST, spot=HOME),
        ]
    )


def addresses(connection):
    calls = connection.execute("SELECT ip_address FROM session_calls WHERE ip_address IS NOT NULL").fetchall()
    sessions = connection.execute("SELECT session_id FROM sessions WHERE ip_address IS NOT NULL").fetchall()
    return len(calls), [name for (name,) in sessions]


def test_addresses_go_after_thirty_days(connection, aws, watched):
    assert addresses(connection) == (1, ["s"])
    assert session_retention.next_due(connection, 365) == date(2026, 9, 1)
    retention.remove_old(Slot(at(2026, 8, 31, 3, 15)))
    assert addresses(connection) == (1, ["s"])
    retention.remove_old(Slot(at(2026, 9, 1, 3, 15), by_hand=True))
    assert addresses(connection) == (0, [])
    assert connection.execute("SELECT country, network FROM sessions WHERE session_id = 's'").fetchall() == [("DE", 1)]


def test_sessions_go_with_the_rollups_and_history_by_its_receipt(connection, aws, watched, monkeypatch):
    monkeypatch.setenv("ANALYTICS_ROLLUP_RETENTION_DAYS", "100")
    settings.cache_clear()
    retention.remove_old(Slot(at(2026, 11, 9, 3, 15), by_hand=True))
    assert connection.execute("SELECT count(*) FROM sessions").fetchone() == (2,)
    retention.remove_old(Slot(at(2026, 11, 10, 3, 15), by_hand=True))
    assert connection.execute("SELECT count(*) FROM sessions").fetchone() == (0,)


def test_a_session_lowers_the_hint(aws):
    hints.set_retention(date(2027, 3, 1))
    pending.note_sessions(date(2026, 8, 1))
    assert dynamo.get_item("status", {"pk": "hint", "sk": "retention"})["day"] == "2026-09-01"
    pending.note_sessions(date(2026, 8, 2))
    assert not hints.retention_due(date(2026, 8, 31))
