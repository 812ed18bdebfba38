"""History that gives place and agent outright."""

import pytest
from streamgauge.events.models import Surroundings

from tests.support.ingest_door import CHROME, NOW, Door

VIEW = {
    "event_type": "page_view",
    "url": "https://example.org/a",
    "anonymous_id": "ann",
    "timestamp": "2024-01-31T10:00:00Z",
    "historical": True,
}
GIVEN = {
    "browser": "Firefox",
    "os": "Linux",
    "device": "desktop",
    "country": "CH",
    "region": "Bern",
    "city": "Thun",
}


def test_what_is_given_is_kept_and_the_event_touches_a_visit(door: Door) -> None:
    assert door.send({**VIEW, "context": GIVEN, "screen": "1x1", "language": "de"}, key="s").status == 202
    (event,) = door.events
    assert event.surroundings == Surroundings("CH", "Bern", "Thun", "Firefox", "Linux", "desktop", "1x1", "de")
    assert event.touches_visit
    assert (event.hash, event.bot) == (None, False)


def test_unknown_is_said_by_null(door: Door) -> None:
    door.send({**VIEW, "context": dict.fromkeys(GIVEN)}, key="s")
    (event,) = door.events
    assert event.surroundings == Surroundings()
    assert event.touches_visit


def test_what_is_given_stands_over_what_the_agent_says(door: Door) -> None:
    door.send({**VIEW, "context": {"ip": "198.51.100.1", "user_agent": CHROME, "browser": "Brave"}}, key="s")
    (event,) = door.events
    assert (event.surroundings.browser, event.surroundings.os) == ("Brave", "Windows")
    assert event.hash is not None


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("country", "ch"),
        ("country", "CHE"),
        ("country", ""),
        ("device", "laptop"),
        ("browser", ""),
        ("browser", "x" * 65),
        ("os", 5),
        ("region", "x" * 129),
        ("city", {}),
    ],
)
def test_it_must_be_clear(door: Door, field: str, value: object) -> None:
    answer = door.send({**VIEW, "context": {field: value}}, key="s")
    assert answer.status == 422
    assert answer.json["errors"][0]["loc"] == ["body", "context", field]


def test_only_history_of_a_back_end_gives_it(door: Door) -> None:
    live = {name: value for name, value in VIEW.items() if name not in {"historical", "timestamp"}}
    door.send({**live, "context": GIVEN}, key="s")
    door.send({**live, "context": GIVEN})
    back_end, page = door.events
    assert back_end.surroundings == Surroundings()
    assert not back_end.touches_visit
    assert page.surroundings.browser == "Chrome"
    assert back_end.received == NOW
