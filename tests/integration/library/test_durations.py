"""The catalogue's duration of a video where its events tell none: in all figures, as the catalogue stands, however it came to that."""

from __future__ import annotations

import itertools
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from streamgauge.warehouse import gate
from streamgauge.warehouse.recount import recount_day

from tests.integration.library.conftest import HOUR, at
from tests.support.requests import key, request

_ids = itertools.count()


def watch(media: Any, video: str, *, ago: float = HOUR, seconds: int = 60, **told: Any) -> None:
    said = {"session_id": f"s{next(_ids)}", "video_id": video, "anonymous_id": "a"}
    events = [
        {**said, "event_type": kind, "timestamp": at(ago - position), "properties": {"position": position, **told}}
        for kind, position in (("video_start", 0), ("video_progress", seconds))
    ]
    assert media.call("POST", "/api/events", events).status == 202


def figures(media: Any, video: str) -> dict[str, Any]:
    media.service.flow()
    found: dict[str, Any] = {}
    for part in ("/retention", ""):
        event = request("GET", f"/api/metrics/video/{video}{part}", caller=key(media.site, "read"), query="period=7d")
        answer = media.service.route(event)
        assert answer.status == 200, answer.text
        found |= answer.json
    return {name: value for name, value in found.items() if name not in {"video_id", "range"}}


def recounted(media: Any) -> int:
    with psycopg.connect(media.service_url, autocommit=True) as connection:
        (site_no,) = connection.execute("SELECT site_no FROM sites WHERE site_id = %s", [media.site]).fetchall()[0]
        days = connection.execute("SELECT DISTINCT day FROM playbacks WHERE site_no = %s", [site_no]).fetchall()
        with connection.transaction():
            gate.close(connection, site_no)
            return sum(len(recount_day(connection, site_no, day, repair=False)) for (day,) in days)


def test_it_stands_in_for_the_events_whenever_it_comes(media):
    media.catalogue({"content_id": "before", "duration_seconds": 120})
    for video in ("before", "after"):
        watch(media, video)
    watch(media, "told", duration=120)
    media.service.flow()
    media.catalogue({"content_id": "after", "duration_seconds": 120})
    assert figures(media, "told")["avg_watch_percentage"] == 50
    assert figures(media, "before") == figures(media, "after") == figures(media, "told")
    assert recounted(media) == 0


def test_what_the_events_tell_holds(media):
    media.catalogue({"content_id": "v", "duration_seconds": 60})
    watch(media, "v", duration=120)
    assert figures(media, "v")["avg_watch_percentage"] == 50


def test_of_a_playback_that_goes_on(media):
    media.catalogue({"content_id": "v", "duration_seconds": 120})
    said = {"session_id": "s", "video_id": "v", "anonymous_id": "a"}
    for kind, position, told in (
        ("video_start", 0, {}),
        ("video_progress", 60, {}),
        ("video_progress", 90, {"duration": 100}),
    ):
        body = {
            **said,
            "event_type": kind,
            "timestamp": at(HOUR - position),
            "properties": {"position": position, **told},
        }
        assert media.call("POST", "/api/events", [body]).status == 202
        media.service.flow()
    assert figures(media, "v")["avg_watch_percentage"] == 90
    assert recounted(media) == 0


@pytest.mark.parametrize("gone", ["item", "duration", "library"])
def test_without_it_the_views_are_out_of_percentages_again(media, gone):
    media.catalogue({"content_id": "v", "duration_seconds": 120, "library_id": "clips"})
    watch(media, "v")
    assert figures(media, "v")["avg_watch_percentage"] == 50
    if gone == "library":
        assert media.call("DELETE", "/api/v1/catalog/libraries/clips", None, as_key="admin").status == 204
    else:
        media.catalogue({"content_id": "v", **({"deleted": True} if gone == "item" else {"duration_seconds": None})})
    found = figures(media, "v")
    assert (found["views"], found["avg_watch_percentage"], found["completion_rate"]) == (1, 0, 0)
    assert recounted(media) == 0


steps = st.lists(
    st.one_of(
        st.tuples(st.just("watch"), st.sampled_from("vw"), st.sampled_from([20, 60, 110]), st.booleans()),
        st.tuples(st.just("tell"), st.sampled_from("vw"), st.sampled_from([None, 50, 120])),
        st.just(("flow",)),
    ),
    max_size=8,
)


@settings(deadline=None, max_examples=15, suppress_health_check=list(HealthCheck))
@given(taken=steps)
def test_a_recount_finds_nothing_whatever_the_order(media, taken):
    for n, (what, *said) in enumerate([*taken, ("flow",)]):
        if what == "watch":
            video, seconds, is_told = said
            watch(media, video, ago=HOUR * (n + 1), seconds=seconds, **({"duration": 100} if is_told else {}))
        elif what == "tell":
            media.catalogue({"content_id": said[0], "duration_seconds": said[1]})
        else:
            media.service.flow()
    assert recounted(media) == 0
