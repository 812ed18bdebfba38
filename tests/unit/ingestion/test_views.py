import pytest
from streamgauge.ids import keyed_number

from tests.support.ingest_door import CHROME, Door

PATH = "/api/analytics/view/video 1"


@pytest.mark.parametrize("path", [PATH, PATH + "/"])
@pytest.mark.parametrize("body", [None, "", "{}", {"session_id": "s", "user_id": "u", "anonymous_id": "a"}])
def test_a_view_is_taken(door: Door, path: str, body: object) -> None:
    answer = door.send(body, path=path)
    assert answer.status == 202
    assert answer.json == {"message": "View tracked successfully", "accepted": 1}
    (event,) = door.events
    assert event.kind == "view"
    assert event.video is not None
    assert event.video.video_id == "video 1"
    assert event.hash == keyed_number(b"blog 2026-05-28", "blog", "203.0.113.7", CHROME)
    assert event.address_hash == keyed_number(b"blog 2026-05-28", "blog", "203.0.113.7")
    assert event.prev_address_hash == keyed_number(b"blog 2026-05-27", "blog", "203.0.113.7")
    if isinstance(body, dict):
        assert (event.session_id, event.user_id, event.anonymous_id) == ("s", "u", "a")


def test_a_view_by_a_back_end(door: Door) -> None:
    assert door.send({"session_id": "s", "event_id": "e"}, path=PATH, key="s").status == 202
    assert door.send({"context": {"ip": "198.51.100.1"}}, path=PATH, key="s").status == 202
    first, second = door.events
    assert (first.id, first.hash, first.address_hash) == ("e", None, None)
    assert second.address_hash == keyed_number(b"blog 2026-05-28", "blog", "198.51.100.1")


def test_a_strict_catalogue(door: Door) -> None:
    path = "/api/analytics/view/known"
    query = {"website_id": "shop"}
    refused = door.send(None, path=path, key="all", query=query)
    assert refused.status == 404
    assert refused.json["detail"] == "Video not found"
    assert [(letter.reason, letter.site) for letter in door.letters] == [("unknown_video", "shop")]
    door.catalogue.add(("catalog#shop", "other"))
    assert door.send(None, path="/api/analytics/view/other", key="all", query=query).status == 202
    assert door.send(None, path=path).status == 202, "the other site is not strict"


def test_a_strict_stage(door: Door, environment: pytest.MonkeyPatch) -> None:
    door.install(environment, ANALYTICS_CATALOG_STRICT="true")
    assert door.send(None, path=PATH).status == 404


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ("[]", 422),
        ("5", 422),
        ("nonsense", 400),
        ({"user_id": 5}, 422),
        ({"timestamp": "yesterday"}, 422),
        ({"timestamp": "2020-01-01T00:00:00Z"}, 422),
        ({"event_id": ""}, 422),
    ],
)
def test_a_bad_view_is_kept(door: Door, body: object, status: int) -> None:
    assert door.send(body, path=PATH).status == status
    assert len(door.letters) == 1
    assert b'"argument":"video 1"' in (door.letters[0].derived or b"")


@pytest.mark.parametrize("video", ["", "x" * 201, "a\x00b", "line\nbreak"])
def test_a_bad_video_id(door: Door, video: str) -> None:
    assert door.send(None, path=f"/api/analytics/view/{video}").status in {404, 422}
    assert not door.records


def test_a_half_character_is_no_failure(door: Door) -> None:
    assert door.send(None, path="/api/analytics/view/a\ud800").status == 202
