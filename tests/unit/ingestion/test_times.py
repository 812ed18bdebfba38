"""The time rule, against the definition written as plainly as can be."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from streamgauge.events.reasons import Reason
from streamgauge.ingestion.refusal import RefusedError
from streamgauge.ingestion.times import event_time

RECEIVED = 1_780_000_000_000_000
NOW = datetime(2026, 5, 28, 20, 26, 40, tzinfo=UTC)
LIMIT = timedelta(days=30)
AGE = 30 * 86_400 * 1_000_000

zones = st.one_of(st.none(), st.timedeltas(timedelta(hours=-23), timedelta(hours=23)).map(timezone))
anywhere = st.datetimes(timezones=zones)
near = st.timedeltas(timedelta(days=-31), timedelta(days=1)).map(lambda gap: NOW + gap)
moments = st.one_of(st.none(), near, anywhere)


def plain(moment: datetime) -> timedelta:
    """Return the distance from now, without leaving the calendar."""
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return aware - NOW


def test_the_anchor() -> None:
    assert (NOW - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1) == RECEIVED


@given(moments, moments)
def test_live_events(timestamp: datetime | None, sent_at: datetime | None) -> None:
    if timestamp is None:
        offset = timedelta(0)
    elif sent_at is None:
        offset = plain(timestamp)
    else:
        offset = plain(timestamp) - plain(sent_at)
    if offset < -LIMIT:
        with pytest.raises(RefusedError) as refused:
            event_time(timestamp, sent_at, RECEIVED, AGE, historical=False)
        assert refused.value.reason is Reason.TOO_LATE
        return
    time, corrected = event_time(timestamp, sent_at, RECEIVED, AGE, historical=False)
    if offset > timedelta(minutes=5):
        assert (time, corrected) == (RECEIVED, True)
    else:
        assert (time - RECEIVED, corrected) == (offset // timedelta(microseconds=1), False)


@given(moments, moments)
def test_history(timestamp: datetime | None, sent_at: datetime | None) -> None:
    offset = None if timestamp is None else plain(timestamp) - (timedelta(0) if sent_at is None else plain(sent_at))
    if offset is None or not -timedelta(microseconds=RECEIVED) <= offset <= timedelta(minutes=5):
        with pytest.raises(RefusedError) as refused:
            event_time(timestamp, sent_at, RECEIVED, AGE, historical=True)
        assert refused.value.reason is Reason.INVALID
        return
    time, corrected = event_time(timestamp, sent_at, RECEIVED, AGE, historical=True)
    assert (time - RECEIVED, corrected) == (offset // timedelta(microseconds=1), False)


@pytest.mark.parametrize(
    ("offset", "expected"),
    [
        (timedelta(minutes=5), (timedelta(minutes=5), False)),
        (timedelta(minutes=5, microseconds=1), (timedelta(0), True)),
        (-LIMIT, (-LIMIT, False)),
    ],
)
def test_the_edges(offset: timedelta, expected: tuple[timedelta, bool]) -> None:
    time, corrected = event_time(NOW + offset, None, RECEIVED, AGE, historical=False)
    assert (timedelta(microseconds=time - RECEIVED), corrected) == expected


def test_a_microsecond_too_late() -> None:
    with pytest.raises(RefusedError):
        event_time(NOW - LIMIT - timedelta(microseconds=1), None, RECEIVED, AGE, historical=False)
