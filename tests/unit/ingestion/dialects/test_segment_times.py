"""When a call of Segment's and RudderStack's clients happened: clocks that are wrong, and times in any form."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.support.ingest_door import NOW
from tests.unit.ingestion.dialects.calls import send

if TYPE_CHECKING:
    from tests.support.ingest_door import Door


def test_a_clock_is_corrected_by_when_the_batch_was_sent(door: Door) -> None:
    body = {
        "batch": [{"type": "track", "event": "Signed Up", "userId": "u", "timestamp": "2020-01-01T00:00:00Z"}],
        "sentAt": "2020-01-01T00:00:10Z",
    }
    assert door.send(body, path="/v1/batch").status == 200
    assert door.events[0].time == NOW - 10_000_000


@pytest.mark.parametrize(
    ("given", "seconds"),
    [
        ("2026-05-28T20:25:40Z", 60),
        ("2026-05-28T22:25:40+0200", 60),
        ("2026-05-28T22:25:40+02", 60),
        ("2026-05-28 20:25:40", 60),
        ("2026-05-28 20:25:40 UTC", 60),
        ("2026-05-28T20:25:40,5Z", 59.5),
        ("2026-05-28T20:25Z", 100),
        ("20260528T202540Z", 60),
        ("2026-05-28", 73_600),
        ("20260528", 73_600),
        (1_779_999_940, 60),
        (1_779_999_940.5, 59.5),
        (1_779_999_940_000, 60),
        ("1779999940000", 60),
        ("", 0),
        (None, 0),
        ("0001-01-01T00:00:00Z", 0),
    ],
)
@pytest.mark.parametrize("name", ["timestamp", "originalTimestamp"])
def test_a_time_in_whatever_form(door: Door, name: str, given: Any, seconds: float) -> None:
    event = send(door, {"type": "track", "event": "x", "userId": "u", name: given})
    assert (NOW - event.time) / 1e6 == seconds


@pytest.mark.parametrize("sent_at", ["", "soon", None, 0, {}, "0001-01-01T00:00:00Z", 1_779_999_995_000])
def test_a_time_of_sending_that_is_none_corrects_nothing(door: Door, sent_at: Any) -> None:
    call = {"type": "track", "event": "x", "userId": "u", "timestamp": "2026-05-28T20:26:30Z", "sentAt": sent_at}
    ago = 5 if isinstance(sent_at, int) and sent_at else 10
    assert NOW - send(door, call).time == ago * 1_000_000
    assert NOW - send(door, call, "/v1/t").time == ago * 1_000_000


def test_a_time_that_the_caller_gives_goes_before_that_of_the_call(door: Door) -> None:
    """RudderStack's libraries add `originalTimestamp` to every call, also where it tells of the past."""
    now = "2026-05-28T20:26:40Z"
    call = {"type": "track", "event": "x", "userId": "u", "originalTimestamp": now, "sentAt": now}
    event = send(door, call | {"timestamp": "2026-05-27T20:26:40Z"})
    assert NOW - event.time == 86_400_000_000
    assert door.send({"batch": [call | {"timestamp": "2020-05-27T20:26:40Z"}]}, path="/v1/batch").status == 200
    assert [letter.reason for letter in door.letters] == ["too_late"]
