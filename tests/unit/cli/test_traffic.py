"""Made-up traffic: deterministic, ordered, at the asked rate, with everything in it."""

from bisect import bisect_left
from collections import Counter
from itertools import islice

import pytest
from streamgauge_cli.errors import CommandError
from streamgauge_cli.simulate import grouped, paced, prepare, seconds
from streamgauge_cli.traffic import DAY, Traffic

START = 1_790_000_000.0
NINE = {
    "video_start", "video_progress", "video_pause", "video_resume", "video_complete", "video_error", "video_buffer",
    "quality_change", "seek",
}  # fmt: skip


def live(seed=1, rate=20.0, count=6000):
    return list(islice(Traffic(seed, START, site="s").live(rate), count))


def test_the_same_seed_makes_the_same_traffic():
    assert live(count=500) == live(count=500)
    assert [action.body["context"] for action in live(count=500)] != [
        action.body["context"] for action in live(2, count=500)
    ]


def test_live_traffic_is_ordered_and_keeps_its_rate():
    actions = live()
    times = [action.at for action in actions]
    assert times == sorted(times)
    assert times[0] == START
    for seconds_ in (10, 60, 300):
        assert bisect_left(times, START + seconds_) == pytest.approx(20 * seconds_, rel=0.25)


def test_ids_are_unique_and_everything_occurs():
    actions = live()
    assert len({action.body["event_id"] for action in actions}) == len(actions)
    kinds = Counter(action.body["event_type"] for action in actions if action.video_id is None)
    assert set(kinds) >= NINE | {"page_view", "signup"}
    views = [action for action in actions if action.video_id is not None]
    assert len(views) >= kinds["video_start"] > 20
    assert len({action.body["context"]["ip"] for action in actions}) > 100
    assert len({action.body["context"]["user_agent"] for action in actions}) >= 8
    assert any("anonymous_id" in action.body for action in actions)
    assert any("user_id" in action.body for action in actions)
    assert any("utm_source" in action.body.get("url", "") for action in actions)


def test_pages_are_of_unequal_fame():
    pages = Counter(action.body["url"] for action in live() if action.body.get("event_type") == "page_view")
    counts = [count for _, count in pages.most_common()]
    assert counts[0] > 5 * counts[-1]


def test_backfill_stays_in_its_days_and_marks_history():
    actions = list(Traffic(1, START).backfill(40, 200))
    times = [action.at for action in actions]
    assert times == sorted(times)
    assert START - 40 * DAY <= times[0] < START - 39 * DAY
    assert START - DAY <= times[-1] < START
    assert 40 * 200 * 0.4 < len(actions) < 40 * 200 * 1.3
    for action in actions:
        assert action.body.get("historical", False) is (START - action.at > 25 * DAY)
        assert action.video_id is None or START - action.at <= 25 * DAY


def test_views_stand_alone_and_events_in_batches():
    calls = [prepare(action) for action in live(count=900)]
    made = list(grouped(calls))
    assert sum(len(batch) for batch in made) == 900
    for batch in made:
        assert len(batch) <= 500
        assert len(batch) == 1 or all(call.path is None for call in batch)


def test_paced_waits_for_its_time():
    clock = [START]

    def pause(wait):
        clock[0] += wait

    sent = 0
    for batch in paced(islice(Traffic(1, START).live(50), 500), lambda: clock[0], pause):
        sent += len(batch)
        assert sent <= 50 * (clock[0] - START) * 1.5 + 60
    assert sent == 500
    assert clock[0] - START == pytest.approx(10, rel=0.3)


def test_durations():
    assert [seconds(text) for text in ("90", "90s", "5m", "1.5h", "2d")] == [90, 90, 300, 5400, 172_800]
    with pytest.raises(CommandError):
        seconds("soon")


def test_simulate_sends_days_before_and_live(service, local_stack, run):
    outcome = run("simulate", "--rate", 30, "--duration", "1s", "--backfill-days", 2, "--backfill-events", 150)
    assert outcome.exit_code == 0, (outcome.exception, outcome.stderr)
    assert len(service.events) > 100
    assert service.views
    assert {method for method, _, _ in service.sessions} >= {"POST"}
    assert sum(bool(body.get("historical")) for _, _, body in service.sessions) == 30
    assert all(event["website_id"] == "main" for event in service.events.values())
    assert " 0 refused" in outcome.stdout
