"""Events through the steps of ingest: what is stamped, what each is told, and what becomes of the refused."""

import json

import pytest
from streamgauge.events.models import Acquisition
from streamgauge.ids import keyed_number

from tests.support.ingest_door import CHROME, NOW, Door

VIEW = {"event_type": "page_view", "url": "https://example.org/a/?x=1#top", "anonymous_id": "ann"}
SECOND = 1_000_000


def batch(*events: object) -> dict[str, object]:
    return {"events": list(events)}


def test_a_page_view_is_stamped_whole(door: Door) -> None:
    sent = {
        **VIEW,
        "event_id": "e1",
        "user_id": "u",
        "session_id": "s",
        "title": "A page",
        "referrer": "https://www.google.co.uk/search?q=secret",
        "screen": "1920x1080",
        "language": "de-CH",
        "timestamp": "2026-05-28T20:26:30Z",
        "properties": {"plan": "pro", "n": 1.5},
        "metadata": {"a": [1, {"b": None}]},
    }
    answer = door.send(sent)
    assert answer.status == 202
    assert answer.json == {
        "accepted": 1,
        "duplicates": 0,
        "rejected": [],
        "results": [{"index": 0, "event_id": "e1", "status": "accepted"}],
    }
    (event,) = door.events
    assert (event.site, event.zone, event.id, event.kind, event.name) == (
        "blog",
        "Europe/Berlin",
        "e1",
        "page_view",
        None,
    )
    assert (event.time, event.received) == (NOW - 10 * SECOND, NOW)
    assert (event.anonymous_id, event.user_id, event.session_id) == ("ann", "u", "s")
    assert event.page is not None
    assert (event.page.url, event.page.path, event.page.title) == (sent["url"], "/a", "A page")
    assert event.acquisition == Acquisition("Google", "search", "www.google.co.uk/search")
    assert (event.surroundings.browser, event.surroundings.os, event.surroundings.device) == (
        "Chrome",
        "Windows",
        "desktop",
    )
    assert (event.surroundings.screen, event.surroundings.language) == ("1920x1080", "de-CH")
    assert event.properties == {"plan": "pro", "n": 1.5}
    assert event.metadata == {"a": [1, {"b": None}]}
    assert event.hash == keyed_number(b"blog 2026-05-28", "blog", "203.0.113.7", CHROME)
    assert event.prev_hash == keyed_number(b"blog 2026-05-27", "blog", "203.0.113.7", CHROME)
    assert (event.address_hash, event.prev_address_hash) == (None, None)
    assert event.touches_visit
    assert event.interactive
    assert (event.bot, event.historical, event.clock_corrected) == (False, False, False)
    assert event.receipt.n == 0
    assert event.receipt.hour == 1_779_998_400


def test_no_address_and_no_agent_goes_on(door: Door) -> None:
    door.send(batch(VIEW, VIEW), path="/api/v1/analytics/event/batch")
    for _, data in door.records:
        assert b"203.0.113.7" not in data
        assert b"Mozilla" not in data


def test_the_order_of_a_batch_is_kept(door: Door) -> None:
    answer = door.send([{**VIEW, "anonymous_id": str(n)} for n in range(500)])
    assert answer.json["accepted"] == 500
    events = door.events
    assert [event.anonymous_id for event in events] == [str(n) for n in range(500)]
    assert [event.id for event in events] == sorted(event.id for event in events), "ids made here sort as the events"
    assert [event.receipt.n for event in events] == list(range(500))
    assert len({event.receipt.writer for event in events}) == 1


def test_a_mixed_batch_tells_each_event_what_became_of_it(door: Door) -> None:
    answer = door.send(
        batch({**VIEW, "event_id": "a"}, {**VIEW, "event_id": "b", "user_id": 5}, {**VIEW, "event_id": "a"}),
        path="/api/v1/analytics/event/batch/",
    )
    assert answer.status == 207
    refused = {
        "index": 1,
        "event_id": "b",
        "status": "rejected",
        "code": "invalid",
        "detail": "Expected `str | null`, got `int`",
    }
    assert answer.json == {
        "accepted": 1,
        "duplicates": 1,
        "rejected": [refused],
        "results": [
            {"index": 0, "event_id": "a", "status": "accepted"},
            refused,
            {"index": 2, "event_id": "a", "status": "duplicate"},
        ],
    }
    (letter,) = door.letters
    assert (letter.site, letter.reason, letter.stage, letter.event_id) == ("blog", "invalid", "ingest", "b")
    assert json.loads(letter.body) == {**VIEW, "event_id": "b", "user_id": 5}
    assert (letter.received_at, letter.version, letter.position) == (NOW, 1, 1)
    assert b"203.0.113.7" not in (letter.derived or b"")


def test_a_batch_of_which_all_is_refused_is_207(door: Door) -> None:
    answer = door.send([{"event_type": ""}])
    assert answer.status == 207
    assert answer.json["accepted"] == 0


def test_a_refused_single_event_is_a_problem_that_names_the_field(door: Door) -> None:
    answer = door.send({**VIEW, "event_id": "a", "properties": {"a": 1}, "user_id": ["x"]})
    assert answer.status == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json["errors"] == [{"loc": ["body", "user_id"], "msg": "Expected `str | null`, got `array`"}]
    assert answer.json["accepted"] == 0
    assert answer.json["results"][0]["event_id"] == "a"


def test_the_first_that_goes_on_counts_its_repeats(door: Door) -> None:
    bad = {**VIEW, "event_id": "a", "timestamp": "2020-01-01T00:00:00Z"}
    good = {**VIEW, "event_id": "a"}
    answer = door.send([bad, good, good, bad, good, {**good, "event_id": "b"}])
    assert [result["status"] for result in answer.json["results"]] == [
        "rejected",
        "accepted",
        "duplicate",
        "rejected",
        "duplicate",
        "accepted",
    ]
    assert (answer.json["accepted"], answer.json["duplicates"], len(answer.json["rejected"])) == (2, 2, 2)
    assert [(event.id, event.receipt.repeats) for event in door.events] == [("a", 2), ("b", 0)]
    assert [letter.reason for letter in door.letters] == ["too_late", "too_late"]
    assert len({letter.position for letter in door.letters}) == 2


def test_the_same_id_on_two_sites_is_two_events(door: Door) -> None:
    answer = door.send(
        [{**VIEW, "event_id": "a", "website_id": "blog"}, {**VIEW, "event_id": "a", "website_id": "shop"}], key="all"
    )
    assert answer.json["accepted"] == 2


@pytest.mark.parametrize(
    ("sent", "kind", "name"),
    [
        ({"event_type": "pageview", "url": "/"}, "page_view", None),
        ({"event_type": "signup"}, "custom", "signup"),
        ({"event_type": "view"}, "custom", "view"),
        ({"event_type": "custom"}, "custom", "custom"),
        ({"event_type": "seek", "content_id": "v"}, "seek", None),
    ],
)
def test_kinds(door: Door, sent: dict[str, str], kind: str, name: str | None) -> None:
    assert door.send(sent).status == 202
    assert (door.events[0].kind, door.events[0].name) == (kind, name)


def test_a_video_event(door: Door) -> None:
    properties = {
        "position": 12,
        "duration": 60.5,
        "quality": "720p",
        "bitrate": 3000,
        "from": 1,
        "to": 2,
        "buffer_seconds": 0.5,
        "startup_time": 1.5,
        "fatal": False,
        "device_type": "tv",
        "browser": "Player",
        "mine": [1],
    }
    sent = {"event_type": "video_error", "video_id": "v", "session_id": "s", "properties": properties}
    assert door.send(sent, headers={"user-agent": ""}).status == 202
    (event,) = door.events
    video = event.video
    assert video is not None
    assert (video.video_id, video.position, video.duration, video.quality, video.bitrate) == (
        "v",
        12,
        60.5,
        "720p",
        3000,
    )
    assert (video.seek_from, video.seek_to, video.buffer_seconds, video.startup_time, video.fatal) == (
        1,
        2,
        0.5,
        1.5,
        False,
    )
    assert event.properties == {"device_type": "tv", "browser": "Player", "mine": [1]}
    assert (event.surroundings.device, event.surroundings.browser) == ("tv", "Player"), "where no agent says better"


def test_an_agent_says_better_than_the_player(door: Door) -> None:
    door.send({"event_type": "video_start", "video_id": "v", "properties": {"browser": "chrome", "device_type": "x"}})
    assert (door.events[0].surroundings.device, door.events[0].surroundings.browser) == ("desktop", "Chrome")


def test_large_and_odd_values_that_json_can_hold_go_through(door: Door) -> None:
    odd = {"digits": int("9" * 4000), "small": 1e-300, "minus": -0.0, "text": "\U0001f600\\u0000", "deep": [[[[[]]]]]}
    assert door.send({"event_type": "x", "properties": odd, "metadata": odd}).status == 202
    assert door.events[0].properties == odd


def test_interactive_and_empty_ids(door: Door) -> None:
    door.send({"event_type": "scroll", "interactive": False, "user_id": "", "anonymous_id": "", "website_id": ""})
    (event,) = door.events
    assert not event.interactive
    assert (event.user_id, event.anonymous_id) == (None, None)
