"""Calls about sessions that no row can hold are dead letters, one by one."""

from __future__ import annotations

import pytest
from msgspec.structs import replace
from streamgauge.events.models import SessionHistory, SessionItem, Spot, StampedEvent, encode
from streamgauge.events.reasons import Reason
from streamgauge.sessions.folding import HIGHEST_BITRATE
from streamgauge.warehouse.examine import Unstorable, examine

from tests.support.stamped import instant, session_call, stamped

NOON = instant("2026-11-20 12:00")
GOOD = session_call("start", NOON, spot=Spot("192.0.2.1", network=-5, latitude=1.0, longitude=2.0, radius_km=50.0))


def changed(**fields: object) -> StampedEvent:
    return replace(GOOD, session=replace(GOOD.session, **fields))


def test_a_call_is_read_back_as_it_was_sent() -> None:
    assert examine(encode(GOOD), NOON) == GOOD


@pytest.mark.parametrize(
    "event",
    [
        replace(GOOD, session=None),
        replace(GOOD, user_id=None),
        replace(GOOD, kind="custom", name="x"),
        replace(stamped("page_view", NOON), session=GOOD.session),
        changed(item=None),
        changed(id=""),
        changed(id="x" * 2000),
        changed(position=-1.0),
        changed(position=1e12),
        changed(bitrate=HIGHEST_BITRATE + 1),
        changed(item=SessionItem("movie", "film", title="x" * 5000)),
        changed(item=SessionItem("movie", "film\0")),
        changed(spot=Spot(network=2**70)),
        changed(spot=Spot(latitude=1e300)),
        changed(history=SessionHistory(NOON - 1, 0)),
        changed(history=SessionHistory(NOON + 10**12, 0)),
    ],
)
def test_what_no_row_can_hold_is_poison(event: StampedEvent) -> None:
    found = examine(encode(event), NOON)
    assert isinstance(found, Unstorable)
    assert found.reason is Reason.POISON
