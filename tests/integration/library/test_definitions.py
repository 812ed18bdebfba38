"""Each sentence of the published definitions on media servers that libraries, items and users are counted by."""

from __future__ import annotations

import pytest

from tests.integration.library.conftest import DAY, HOUR, NOW
from tests.support.container import forget


def rows(answer, *names):
    return [tuple(row[name] for name in names) for row in answer["results"]]


class TestPlay:
    def test_is_a_session_of_at_least_two_minutes(self, media):
        media.watched(HOUR, 120, item="long")
        media.watched(HOUR, 119.9, item="short")
        assert rows(media.read("popular"), "content_id", "plays") == [("long", 1)]
        assert media.read("server")["total_plays"] == 1

    def test_as_long_as_the_site_says(self, media):
        media.watched(HOUR, 60)
        path, settings = f"/api/v1/sites/{media.site}", {"settings": {"play_min_seconds": 60}}
        assert media.call("PATCH", path, settings, as_key="admin").status == 200
        forget()
        assert media.read("server")["total_plays"] == 1

    def test_pauses_are_none_of_it(self, media):
        media.watched(HOUR, 100, lasts=1000)
        assert media.read("server")["total_plays"] == 0
        assert media.read("server")["total_watch_hours"] == pytest.approx(100 / 3600)


class TestWatched:
    @pytest.mark.parametrize(
        ("said", "watched"),
        [
            ({"position_seconds": 850, "runtime_seconds": 1000}, 1),
            ({"position_seconds": 849, "runtime_seconds": 1000}, 0),
            ({"runtime_seconds": 1000}, 1),
            ({"runtime_seconds": 1060}, 0),
            ({"position_seconds": 5000}, 0),
        ],
        ids=["position", "too-early", "duration", "too-short", "unknown-runtime"],
    )
    def test_is_85_percent_of_the_runtime(self, media, said, watched):
        media.watched(HOUR, 900, **said)
        assert rows(media.read("popular"), "watched") == [(watched,)]

    def test_by_the_runtime_of_the_catalogue_where_the_session_tells_none(self, media):
        media.watched(HOUR, 900)
        media.catalogue({"content_id": "film", "duration_seconds": 1000})
        assert rows(media.read("popular"), "watched") == [(1,)]
        assert media.read("users/anna")["watched"] == 1


class TestPopular:
    def test_ranks_by_plays_then_users_then_watch_time(self, media):
        for n in range(3):
            media.watched(HOUR + n * 600, 200, item="thrice")
        for item, users, seconds in (("two-users", "ab", 200), ("longer", "aa", 400), ("shorter", "aa", 300)):
            for n, user in enumerate(users):
                media.watched(HOUR + n * 600, seconds, item=item, user=user)
        names = ("content_id", "plays", "unique_users")
        assert rows(media.read("popular"), *names) == [
            ("thrice", 3, 1),
            ("two-users", 2, 2),
            ("longer", 2, 1),
            ("shorter", 2, 1),
        ]

    def test_breaks_ties_by_title_then_id_and_pages_without_a_gap(self, media):
        for item, title in (("1", "c"), ("2", "a"), ("3", "b"), ("4", "b")):
            media.watched(HOUR, 200, item=item, title=title)
        media.catalogue({"content_id": "2", "title": "d"})
        first = media.read("popular", "limit=2")
        assert rows(first, "content_id") == [("3",), ("4",)]
        rest = media.read("popular", f"limit=2&cursor={first['next_cursor']}")
        assert (rows(rest, "content_id", "title"), rest["next_cursor"]) == ([("1", "c"), ("2", "d")], None)

    def test_of_a_type_by_the_catalogue_else_by_its_sessions(self, media):
        media.watched(HOUR, 200, item="a", content_type="movie")
        media.watched(HOUR, 200, item="b", content_type="unknown")
        media.watched(HOUR, 200, item="c", content_type="movie")
        media.catalogue({"content_id": "b", "type": "Movie"}, {"content_id": "c", "type": "episode"})
        assert rows(media.read("popular/movie"), "content_id") == [("a",), ("b",)]
        assert rows(media.read("popular/episode"), "content_id", "content_type") == [("c", "episode")]

    def test_windows_are_the_last_1_7_30_365_days(self, media):
        for days in (0.9, 6.9, 29.9, 364.9, 500):
            media.watched(days * DAY, 200, item=f"{days}")
        found = {
            window: len(media.read("popular", f"window={window}")["results"])
            for window in ("day", "week", "month", "year", "all")
        }
        assert found == {"day": 1, "week": 2, "month": 3, "year": 4, "all": 5}
        assert len(media.read("popular", "period=7d")["results"]) == 2
        assert media.ask("popular", "window=day&period=7d").status == 422
        assert media.ask("popular", "window=hour").status == 422


class TestServer:
    def test_counts_the_catalogue_and_all_time(self, media):
        media.call("PUT", "/api/v1/catalog/libraries/films", {"name": "Films", "type": "movie"}, as_key="admin")
        media.call("PUT", "/api/v1/catalog/libraries/empty", {"name": "Empty"}, as_key="admin")
        media.catalogue(
            {"content_id": "film", "library_id": "films", "size_gb": 1.5},
            {"content_id": "other", "library_id": "more", "size_bytes": 500_000_000},
        )
        media.call(
            "PUT", "/api/v1/catalog/users", {"users": [{"user_id": "anna"}, {"user_id": "never"}]}, as_key="admin"
        )
        media.watched(2 * HOUR, 1800, bitrate_kbps=8000, transcoded=True)
        media.watched(400 * DAY, 5400, user="ben")
        assert media.read("server") == {
            "total_libraries": 3,
            "total_items": 2,
            "total_size_gb": 2.0,
            "total_users": 3,
            "active_users_24h": 1,
            "total_plays": 2,
            "total_watch_hours": 2.0,
            "total_sessions": 2,
            "total_bandwidth_gb": pytest.approx(1.8),
            "transcode_share": 0.5,
            "range": {"start": "2025-04-23", "end": "2026-05-28", "timezone": "Europe/Berlin"},
        }

    def test_totals_follow_the_range(self, media):
        media.watched(2 * HOUR, 1800)
        media.watched(400 * DAY, 5400, user="ben")
        month = media.read("server", "period=30d")
        assert (month["total_plays"], month["total_watch_hours"], month["total_users"]) == (1, 0.5, 1)
        nothing = media.read("server", "startDate=2020-01-01&endDate=2020-01-02")
        assert (nothing["total_plays"], nothing["transcode_share"]) == (0, 0.0)


class TestActiveUsers:
    def test_have_a_session_that_overlaps_the_period(self, media):
        media.watched(26 * HOUR, 3 * HOUR, user="into-it")
        media.watched(26 * HOUR, HOUR, user="before")
        media.watched(6 * DAY, 10, user="no-play")
        assert media.read("server")["active_users_24h"] == 1
        found = {
            window: media.read("active-users", f"window={window}")["active_users"] for window in ("day", "week", "all")
        }
        assert found == {"day": 1, "week": 3, "all": 3}

    def test_of_days(self, media):
        # Over midnight of the 27th.
        media.watched(23 * HOUR, 2 * HOUR)
        for day, users in (("26", 0), ("27", 1), ("28", 1)):
            query = f"startDate=2026-05-{day}&endDate=2026-05-{day}"
            assert media.read("active-users", query)["active_users"] == users, day


class TestLibrary:
    def test_counts_its_items_and_their_sessions(self, media):
        media.call("PUT", "/api/v1/catalog/libraries/films", {"name": "Films", "type": "movie"}, as_key="admin")
        media.catalogue(
            {"content_id": "film", "library_id": "films", "size_gb": 2},
            {"content_id": "moved", "library_id": "series", "size_gb": 1},
        )
        media.watched(3 * HOUR, 3600)
        media.watched(2 * HOUR, 60, item="told", library_id="films", user="ben")
        media.watched(HOUR, 3600, item="moved", library_id="films")
        answer = media.read("libraries/films")
        assert answer.pop("range")["end"] == "2026-05-28"
        assert answer == {
            "library_id": "films",
            "name": "Films",
            "type": "movie",
            "total_items": 1,
            "total_size_gb": 2.0,
            "total_plays": 1,
            "total_watch_hours": pytest.approx(3660 / 3600),
            "unique_users": 2,
            "last_played_at": "2026-05-28T18:41:00+00:00",
        }

    def test_nobody_knows(self, media):
        assert media.ask("libraries/none").status == 404
        media.watched(100 * DAY, 200, library_id="told")
        assert media.read("libraries/told", "period=7d")["total_plays"] == 0


class TestUser:
    def test_is_told_in_all_and_by_day(self, media):
        media.catalogue({"content_id": "film", "genres": ["Drama", "War"], "type": "movie", "duration_seconds": 4000})
        media.catalogue({"content_id": "song", "genres": ["Rock"], "type": "track"})
        media.watched(DAY + HOUR, 2000, device_id="tv", device_name="Telly", client_name="App")
        media.watched(DAY + 3 * HOUR, 4000, device_id="phone", device_name="Old name")
        media.watched(DAY / 2, 180, item="song", device_id="phone", device_name="Phone")
        media.watched(HOUR, 60, item="song", device_id="phone", device_name="Phone")
        answer = media.read("users/anna", "startDate=2026-05-26&endDate=2026-05-28")
        assert (answer["plays"], answer["sessions"], answer["watched"]) == (3, 4, 1)
        assert answer["watch_hours"] == pytest.approx(6240 / 3600)
        assert [row["genre"] for row in answer["top_genres"]] == ["Drama", "War", "Rock"]
        assert rows({"results": answer["top_types"]}, "type", "plays") == [("movie", 2), ("track", 1)]
        assert rows({"results": answer["devices"]}, "device_id", "device_name", "plays", "sessions") == [
            ("phone", "Phone", 2, 3),
            ("tv", "Telly", 1, 1),
        ]
        # Half and the whole of the film: 10 x (0.5 x 0.75 + 0.3 x 1/2 + 0.2).
        assert rows({"results": answer["daily"]}, "date", "plays", "engagement_score") == [
            ("2026-05-26", 0, 0.0),
            ("2026-05-27", 2, pytest.approx(7.25)),
            ("2026-05-28", 1, pytest.approx(2.0)),
        ]

    def test_catalogued_seen_or_unknown(self, media):
        assert media.ask("users/cleo").status == 404
        media.call("PUT", "/api/v1/catalog/users", {"users": [{"user_id": "cleo", "name": "Cleo"}]}, as_key="admin")
        answer = media.read("users/cleo")
        assert (answer["name"], answer["plays"], answer["daily"], answer["last_seen_at"]) == ("Cleo", 0, [], None)


class TestGenres:
    def test_an_item_adds_to_each_of_its_genres(self, media):
        media.catalogue({"content_id": "a", "genres": ["Drama", "War"]}, {"content_id": "b", "genres": ["War", "War"]})
        media.watched(HOUR, 3600, item="a")
        media.watched(2 * HOUR, 1800, item="b", user="ben")
        media.watched(2 * HOUR, 1800, item="uncatalogued")
        names = ("genre", "plays", "unique_users", "watch_hours")
        assert rows(media.read("genres"), *names) == [("War", 2, 2, 1.5), ("Drama", 1, 1, 1.0)]

    def test_follow_the_catalogue_as_it_stands(self, media):
        media.watched(HOUR, 3600, item="a")
        for genres in (["Drama"], ["Comedy"], []):
            media.catalogue({"content_id": "a", "genres": genres})
            assert [row["genre"] for row in media.read("genres")["results"]] == genres


class TestBandwidth:
    def test_is_bitrate_by_streamed_time_per_day_and_user(self, media):
        media.watched(HOUR, 1000, bitrate_kbps=8000)
        media.watched(DAY, 500, bitrate_kbps=4000, user="ben")
        names = ("bandwidth_gb", "sessions", "mean_bitrate_kbps")
        assert rows(media.read("bandwidth", "startDate=2026-05-26"), "date", *names) == [
            ("2026-05-26", 0.0, 0, 0.0),
            ("2026-05-27", 0.25, 1, 4000.0),
            ("2026-05-28", 1.0, 1, 8000.0),
        ]
        assert rows(media.read("bandwidth", "by=user"), "user_id", *names) == [
            ("anna", 1.0, 1, 8000.0),
            ("ben", 0.25, 1, 4000.0),
        ]
        assert media.read("bandwidth", "startDate=2026-05-28&user_id=ben")["results"][0]["sessions"] == 0


class TestStreams:
    def test_one_that_ends_as_another_begins_is_no_overlap(self, media):
        media.watched(3000, 1000, user="a")
        media.watched(2000, 1000, user="b")
        assert media.read("streams", "period=today")["peak_concurrent_streams"] == 1
        media.watched(2001, 1000, user="c")
        assert media.read("streams", "period=today")["peak_concurrent_streams"] == 2

    def test_one_over_midnight_plays_on_both_days(self, media):
        media.watched(23 * HOUR, 2 * HOUR, user="a")
        media.watched(12 * HOUR, HOUR, user="b")
        media.watched(12 * HOUR, HOUR, user="c")
        names = ("date", "peak_concurrent_streams")
        assert rows(media.read("streams", "startDate=2026-05-26"), *names) == [
            ("2026-05-26", 0),
            ("2026-05-27", 1),
            ("2026-05-28", 2),
        ]


class TestCache:
    def test_answers_are_held_five_minutes_unless_asked_anew(self, media):
        assert media.ask("server").json["total_plays"] == 0
        media.watched(HOUR, 200)
        media.service.flow()
        media.service.clock.now = round((NOW + 299) * 1e6)
        held = media.ask("server")
        assert (held.json["total_plays"], held.headers["cache-control"]) == (0, "private, max-age=1")
        assert media.ask("server", **{"cache-control": "no-cache"}).json["total_plays"] == 1
        assert media.ask("server").json["total_plays"] == 1

    def test_as_long_as_the_stage_says(self, media, monkeypatch):
        monkeypatch.setenv("ANALYTICS_CACHE_TTL", "1m")
        forget()
        assert media.ask("server").headers["cache-control"] == "private, max-age=60"
        media.watched(HOUR, 200)
        media.service.flow()
        for seconds, plays in ((59, 0), (61, 1)):
            media.service.clock.now = round((NOW + seconds) * 1e6)
            assert media.ask("server").json["total_plays"] == plays

    def test_what_is_popular_by_window_is_not_held(self, media):
        assert media.ask("popular", "window=week").json["results"] == []
        media.watched(HOUR, 200)
        media.service.flow()
        assert len(media.ask("popular", "window=week").json["results"]) == 1
