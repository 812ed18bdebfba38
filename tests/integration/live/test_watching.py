"""What users of players watch, in the list of active sessions: read at once, ended with the video, right under repetition."""

from __future__ import annotations

from streamgauge.events.models import Spot, encode
from streamgauge.events.records import StreamRecord
from streamgauge.live import items
from streamgauge.sessions import live
from streamgauge.sessions.models import shown

from tests.support.stamped import stamped

NOW = 1_780_000_000
SECOND = 1_000_000


def watch(site, *kinds, first=0, **said):
    known = {"user_id": "anna", "anonymous_id": "phone", "session_id": "one", "spot": Spot(country="DE")} | said
    return [
        stamped(kind, (NOW - 200 + (first + n) * 10) * SECOND, site=site, position=n * 10.0, duration=600.0, **known)
        for n, kind in enumerate(kinds)
    ]


def take(events, now=NOW):
    records = [StreamRecord("shard-0", f"{n:020d}", now, encode(event)) for n, event in enumerate(events)]
    items.store(records, items.recent_events(records, now), now)


def active(site, now=NOW):
    return [shown(session, now * SECOND) for session in live.active(site, now * SECOND)]


def test_a_user_who_watches_is_listed_until_the_end():
    take(watch("a", "video_start", "video_progress", "video_progress"))
    (one,) = active("a")
    assert (one["user_id"], one["content_id"], one["source"], one["country"]) == ("anna", "v", "player", "DE")
    assert (one["duration_seconds"], one["position_seconds"], one["status"]) == (20, 20, "playing")
    take(watch("a", "video_progress", "video_complete", first=3))
    assert active("a") == []
    take(watch("a", "video_start", first=6))
    assert [one["status"] for one in active("a")] == ["playing"]


def test_repeated_batches_change_nothing():
    first, second = watch("b", "video_start", "video_progress"), watch("b", "video_pause", first=2)
    take(first)
    take([*first, *second])
    take(first)
    (one,) = active("b")
    assert (one["duration_seconds"], one["status"]) == (20, "paused")


def test_nobody_stays_longer_than_five_minutes():
    take(watch("c", "video_start"))
    assert len(active("c", NOW + 99)) == 1
    assert active("c", NOW + 100) == []


def test_people_without_a_name_and_bots_are_not_listed():
    take(watch("d", "video_start", user_id=None) + watch("d", "video_start", bot=True))
    assert active("d") == []
