"""What reports on a library are about, and what a user's sessions say together."""

from __future__ import annotations

from datetime import date

import pytest
from streamgauge.library.figures import (
    EVER,
    FIRST_DAY,
    HOUR,
    LAST_DAY,
    Scope,
    Watch,
    most_played,
    of_window,
    user_sums,
)

PLAY = 120_000_000
NOON = 1_779_969_600_000_000  # 28 May 2026, 14:00 in Berlin


def watch(seconds: float = 600, *, reached: float | None = None, runtime: float | None = None, **rest: object) -> Watch:
    given = {"day": date(2026, 5, 28), "last": NOON, "device": "d", "type": "movie", "genres": ()} | rest
    duration = round(seconds * 1_000_000)
    names = {"device_id": None, "client_name": None, "device_name": None}
    position = seconds if reached is None else reached
    return Watch(duration=duration, reached=position, runtime=runtime, **{**names, **given})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("window", "first", "since"),
    [
        ("day", date(2026, 5, 27), NOON - 24 * HOUR),
        ("month", date(2026, 4, 28), NOON - 30 * 24 * HOUR),
        ("all", FIRST_DAY, EVER),
    ],
)
def test_a_window_reaches_back_from_now(window, first, since):
    assert of_window(Scope(1, PLAY, zone="Europe/Berlin"), window, NOON) == Scope(
        1, PLAY, first, LAST_DAY, since, zone="Europe/Berlin"
    )


class TestEngagement:
    def test_is_the_score_of_videos_over_plays(self):
        sums = user_sums([watch(500, runtime=1000), watch(1000, runtime=1000), watch(60, runtime=1000)], PLAY)
        assert sums.whole.engagement_score == pytest.approx(10 * (0.5 * 0.75 + 0.3 * 0.5 + 0.2))

    def test_lies_between_0_and_10(self):
        assert user_sums([watch(60)], PLAY).whole.engagement_score == 0
        assert user_sums([watch(3000, runtime=1000)], PLAY).whole.engagement_score == pytest.approx(10)

    def test_without_a_runtime_nothing_is_known_of_how_far_one_came(self):
        assert user_sums([watch(), watch(600, runtime=600)], PLAY).whole.engagement_score == pytest.approx(
            10 * (0.5 * 1 + 0.3 * 0.5 + 0.2)
        )


def test_most_played_leaves_out_what_was_only_tried():
    sums = user_sums([watch(200, genres=("b", "a")), watch(300, genres=("c",)), watch(60, genres=("tried",))], PLAY)
    assert [name for name, _ in most_played(sums.genres, 10)] == ["c", "a", "b"]
    assert len(most_played(sums.genres, 2)) == 2


def test_a_device_has_the_names_it_had_last():
    early, late = watch(device_name="old", last=1), watch(device_name="new", last=2)
    for order in ([early, late], [late, early]):
        assert user_sums(order, PLAY).latest["d"].device_name == "new"
