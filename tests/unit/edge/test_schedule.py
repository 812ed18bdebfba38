"""The slot of a scheduled event: its quarter of an hour, or now."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from streamgauge.edge import schedule
from streamgauge.errors import UnreadableError
from streamgauge.jobs.slots import Slot

NOW = datetime(2026, 11, 21, 10, 7, 31, 5, tzinfo=UTC)
EVENTS = Path(__file__).parents[3] / "events" / "schedule"
JOBS = ("hourly_aggregation", "daily_aggregation", "daily_reset", "monthly_reset", "retention", "partition_upkeep")


@pytest.mark.parametrize(
    ("time", "slot"),
    [
        ("2026-11-21T10:00:00Z", "2026-11-21T10:00:00Z"),
        ("2026-11-21T10:14:59Z", "2026-11-21T10:00:00Z"),
        ("2026-11-21T10:15:00.250Z", "2026-11-21T10:15:00Z"),
        ("2026-11-21T12:15:00+02:00", "2026-11-21T10:15:00Z"),
        ("2026-11-21T10:15:00", "2026-11-21T10:15:00Z"),
    ],
)
def test_a_time_stands_for_its_quarter(time, slot):
    found = schedule.slot_of({"time": time}, NOW)
    assert (found.name, found.by_hand) == (slot, False)


def test_without_a_time_it_is_run_by_hand_for_now():
    assert schedule.slot_of({}, NOW) == Slot(NOW, by_hand=True)
    assert schedule.slot_of({"detail": {}}, NOW.astimezone(timezone(timedelta(hours=3)))) == Slot(NOW, by_hand=True)
    assert schedule.slot_of({}, NOW).name == "2026-11-21T10:07:31.000005Z"


@pytest.mark.parametrize("time", ["", "soon", 17, {}, "2026-13-01T00:00:00Z"])
def test_what_is_no_time_is_refused(time):
    with pytest.raises(UnreadableError):
        schedule.slot_of({"time": time}, NOW)


@pytest.mark.parametrize("job", JOBS)
def test_the_sample_events_are_read(job):
    by_hand = json.loads((EVENTS / job / "by_hand.json").read_text())
    scheduled = json.loads((EVENTS / job / "scheduled.json").read_text())
    assert schedule.slot_of(by_hand, NOW).by_hand
    assert schedule.slot_of(scheduled, NOW).second % 900 == 0


def test_a_run_answers_with_its_slot_and_what_it_did():
    seen = []

    def job(slot):
        seen.append(slot)
        return {"due": 0}

    assert schedule.run(job, {"time": "2026-11-21T10:00:00Z"}) == {"slot": "2026-11-21T10:00:00Z", "due": 0}
    assert seen[0].day.isoformat() == "2026-11-21"


def test_a_job_that_fails_is_not_acknowledged():
    def job(slot):
        raise RuntimeError("the database said no")

    with pytest.raises(RuntimeError):
        schedule.run(job, {})
