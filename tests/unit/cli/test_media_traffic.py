"""A made-up media server: deterministic, ordered, with sessions that are paused, transcoded, ended and left alone."""

from collections import Counter
from itertools import islice, pairwise

from streamgauge_cli.media_traffic import PATH, MediaTraffic
from streamgauge_cli.traffic import DAY

START = 1_790_000_000.0


def live(seed=1, count=4000):
    return list(islice(MediaTraffic(seed, START, site="s").live(12), count))


def test_the_same_seed_makes_the_same_calls():
    assert live(count=300) == live(count=300)
    assert live(count=300) != live(2, count=300)


def test_calls_are_ordered_and_of_every_kind():
    calls = live()
    assert all(one.at <= another.at for one, another in pairwise(calls))
    assert set(Counter(call.method for call in calls)) == {"POST", "PUT", "DELETE"}
    assert sum(call.method == "POST" for call in calls if call.at < START + 10) >= 3
    assert any(call.body.get("paused") for call in calls)
    assert {call.body["transcoded"] for call in calls if call.method == "PUT"} == {True, False}
    assert all(call.path.startswith(PATH) and call.path.endswith("?website_id=s") for call in calls)


def test_each_session_calls_every_ten_seconds():
    times = {}
    for call in live():
        if call.method == "PUT":
            times.setdefault(call.path, []).append(call.at)
    assert all(9.9 < later - at < 10.1 for of_session in times.values() for at, later in pairwise(of_session))


def test_past_sessions_are_history_within_their_days():
    past = list(MediaTraffic(1, START).backfill(3, 10))
    assert len(past) == 30
    assert len({action.body["id"] for action in past}) == 30
    for action in past:
        assert START - 3 * DAY <= action.at < START
        assert action.body["historical"] is True
        assert action.body["started_at"] < action.body["ended_at"]
