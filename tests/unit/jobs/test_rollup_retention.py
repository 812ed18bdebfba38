"""What is due on a day, for the settings of a stage."""

from __future__ import annotations

from datetime import date

from streamgauge.jobs.rollup_retention import Limits, limits

TODAY = date(2026, 11, 21)


def test_rollups_are_due_by_their_own_setting():
    assert limits(TODAY, 90, 365) == Limits(before=date(2025, 11, 21), raw_before=date(2026, 8, 23))


def test_raw_events_kept_for_ever_may_always_be_there():
    assert limits(TODAY, 0, 365) == Limits(before=date(2025, 11, 21), raw_before=date.min)


def test_rollups_kept_for_ever_are_never_due():
    assert limits(TODAY, 90, 0) is None
