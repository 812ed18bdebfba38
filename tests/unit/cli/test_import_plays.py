"""The imports of Tautulli's and Jellystat's history, from file to service: shapes, groups, repetition, bad rows."""

import gzip
import json
import sqlite3
from pathlib import Path

import httpx
import pytest
from streamgauge_cli import jellystat, tautulli
from streamgauge_cli.importers import tautulli as command

DATA = Path(__file__).parents[4] / "shared" / "data" / "media-server"
OPTIONS = ("--url", "http://service.test", "--key", "sgs_1", "--json")
ROW = {
    "reference_id": 11,
    "row_id": 11,
    "started": 1_764_488_000,
    "stopped": 1_764_488_700,
    "play_duration": 600,
    "paused_counter": 100,
    "user_id": 86,
    "user": "anna",
    "product": "Plex Web",
    "player": "Firefox",
    "machine_id": "m-1",
    "ip_address": "203.0.113.1",
    "media_type": "episode",
    "rating_key": 25,
    "title": "Pilot",
    "grandparent_title": "Series",
    "parent_media_index": 1,
    "media_index": 2,
    "transcode_decision": "transcode",
    "group_count": 1,
    "group_ids": "11",
    "state": None,
}
AGAIN = ROW | {
    "row_id": 12,
    "started": 1_764_489_000,
    "stopped": 1_764_489_300,
    "play_duration": 300,
    "group_ids": "12",
}
GROUPED = ROW | {"row_id": 12, "stopped": 1_764_489_300, "play_duration": 900, "group_count": 2, "group_ids": "11,12"}
ACTIVITY = {
    "Id": "1001",
    "UserId": "a9",
    "Client": "Jellyfin Web",
    "DeviceName": "TV",
    "DeviceId": "d1",
    "NowPlayingItemId": "item-1",
    "NowPlayingItemName": "The Matrix",
    "SeriesName": None,
    "EpisodeId": None,
    "PlaybackDuration": "7200",
    "ActivityDateInserted": "2024-12-15T10:30:00.000Z",
    "PlayMethod": "DirectPlay",
    "PlayState": {"PositionTicks": 72_000_000_000, "RuntimeTicks": 81_000_000_000},
    "RemoteEndPoint": "203.0.113.4",
}


@pytest.fixture
def histories(service, monkeypatch):
    """Return the sessions that the service keeps, by id."""
    kept = {}
    answer = type(service).__call__

    def served(self, request):
        if request.url.path != "/api/v1/analytics/sessions/batch":
            return answer(self, request)
        sent = json.loads(request.content)["sessions"]
        results = []
        for index, one in enumerate(sent):
            refused = one["user_id"] == "nobody"
            if not refused:
                kept[one["id"]] = one
            results.append({"index": index, "status": "rejected" if refused else "accepted", "detail": "Why."})
        accepted = sum(one["status"] == "accepted" for one in results)
        return httpx.Response(202, json={"accepted": accepted, "rejected": [], "results": results})

    monkeypatch.setattr(type(service), "__call__", served)
    return kept


def write(path, content):
    path.write_text(json.dumps(content))
    return path


class TestTautulli:
    def sessions(self, *rows):
        return {one["id"]: one for one in tautulli.sessions([tautulli.row(row) for row in rows], "")}

    def test_a_row_is_a_session(self):
        (found,) = self.sessions(ROW).values()
        assert found["id"] == "tautulli:11"
        assert (found["user_id"], found["content_id"], found["content_type"]) == ("86", "25", "episode")
        assert found["title"] == "Series \N{EN DASH} S01E02 \N{EN DASH} Pilot"
        assert (found["started_at"], found["duration_seconds"]) == ("2025-11-30T07:33:20+00:00", 600)
        assert (found["client_name"], found["device_name"], found["device_id"]) == ("Plex Web", "Firefox", "m-1")
        assert (found["transcoded"], found["historical"], found["source"]) == (True, True, "tautulli")

    def test_a_group_is_one_session_whichever_way_its_rows_come(self):
        whole = self.sessions(GROUPED)
        assert whole["tautulli:11"]["duration_seconds"] == 900
        for rows in ([ROW, AGAIN], [AGAIN, ROW, ROW], [GROUPED, ROW], [ROW, AGAIN, GROUPED]):
            found = self.sessions(*rows)
            assert {(one["started_at"], one["ended_at"], one["duration_seconds"]) for one in found.values()} == {
                (one["started_at"], one["ended_at"], one["duration_seconds"]) for one in whole.values()
            }

    @pytest.mark.parametrize("playing", [{"state": "playing", "row_id": None}, {"stopped": None}, {"stopped": "0"}])
    def test_what_still_plays_is_left_out(self, playing):
        assert tautulli.row(ROW | playing) is None

    def test_numbers_as_text_and_empty_texts_say_the_same(self):
        as_text = {name: str(value) if isinstance(value, int) else value for name, value in ROW.items()}
        assert self.sessions(as_text | {"state": "", "parent_rating_key": ""}) == self.sessions(ROW)

    def test_older_versions_call_the_time_played_duration(self):
        older = {name: value for name, value in GROUPED.items() if name != "play_duration"} | {"duration": "900"}
        assert self.sessions(older) == self.sessions(GROUPED)

    @pytest.mark.parametrize(
        "wrap",
        [
            lambda rows: rows,
            lambda rows: {"response": {"result": "success", "data": {"recordsTotal": 1, "data": rows}}},
            lambda rows: {"data": rows},
            lambda rows: [{"response": {"data": {"data": rows}}}],
        ],
    )
    def test_exports_overlap_and_repeat(self, histories, run, tmp_path, wrap):
        first, second = write(tmp_path / "a.json", wrap([ROW])), tmp_path / "b.json.gz"
        second.write_bytes(gzip.compress(json.dumps(wrap([ROW, AGAIN])).encode()))
        for _ in range(2):
            outcome = run("import", "tautulli", first, second, *OPTIONS)
            assert outcome.exit_code == 0, outcome.output
        assert json.loads(outcome.stdout)["sessions"] == 1
        assert [one["duration_seconds"] for one in histories.values()] == [900]

    @pytest.mark.usefixtures("histories")
    def test_bad_and_refused_rows_are_counted_and_kept(self, run, tmp_path):
        bad = [ROW | {"rating_key": ""}, ROW | {"stopped": 5}, 7, ROW | {"user_id": "nobody", "reference_id": 9}]
        outcome = run("import", "tautulli", write(tmp_path / "a.json", [*bad, ROW]), *OPTIONS)
        said = json.loads(outcome.stdout)
        assert (said["rows"], said["accepted"], said["refused"], said["unreadable"]) == (5, 1, 1, 3)
        assert len(next(tmp_path.glob("*.unreadable")).read_text().splitlines()) == 3
        assert len(next(tmp_path.glob("*.refused")).read_text().splitlines()) == 1

    def test_before(self, histories, run, tmp_path):
        late = ROW | {"reference_id": 99, "started": 1_764_600_000, "stopped": 1_764_600_500}
        outcome = run("import", "tautulli", write(tmp_path / "a.json", [ROW, late]), *OPTIONS, "--before", "2025-12-01")
        assert json.loads(outcome.stdout)["skipped"] == 1
        assert list(histories) == ["tautulli:11"]

    def test_the_database(self, histories, run, tmp_path):
        path = tmp_path / "tautulli.db"
        with sqlite3.connect(path) as database:
            database.executescript("""
                CREATE TABLE session_history (id INTEGER PRIMARY KEY, reference_id INTEGER, started INTEGER, stopped INTEGER,
                    rating_key INTEGER, user_id INTEGER, user TEXT, ip_address TEXT, paused_counter INTEGER, player TEXT,
                    platform TEXT, machine_id TEXT, media_type TEXT, view_offset INTEGER);
                CREATE TABLE session_history_metadata (id INTEGER PRIMARY KEY, title TEXT, full_title TEXT,
                    grandparent_title TEXT, media_index INTEGER, parent_media_index INTEGER, duration INTEGER, section_id INTEGER);
                CREATE TABLE session_history_media_info (id INTEGER PRIMARY KEY, video_decision TEXT, bitrate INTEGER,
                    video_resolution TEXT);
                INSERT INTO session_history VALUES (3, NULL, 1764488000, 1764488700, 25, 86, 'anna', '203.0.113.1', 100, 'TV',
                    'Roku', 'm-1', 'movie', 590000);
                INSERT INTO session_history_metadata VALUES (3, 'Film', 'Film', '', NULL, NULL, 600000, 4);
                INSERT INTO session_history_media_info VALUES (3, 'direct play', 8000, '1080');
            """)
        assert run("import", "tautulli", path, *OPTIONS).exit_code == 0
        found = histories["tautulli:3"]
        assert (found["duration_seconds"], found["runtime_seconds"], found["position_seconds"]) == (600, 600, 590)
        assert (found["library_id"], found["transcoded"], found["bitrate_kbps"]) == ("4", False, 8000)
        assert (found["resolution"], found["title"]) == ("1080p", "Film")

    @pytest.mark.usefixtures("histories")
    def test_its_api_page_by_page(self, run, monkeypatch):
        rows = [ROW | {"row_id": n, "reference_id": n, "group_ids": str(n)} for n in range(1, 6)]

        def answer(request):
            start, length = (int(request.url.params[name]) for name in ("start", "length"))
            assert request.url.params["apikey"] == "k"
            return httpx.Response(200, json={"response": {"data": {"data": rows[start : start + length]}}})

        monkeypatch.setattr(command, "PAGE", 2)
        make = httpx.Client
        monkeypatch.setattr(command.httpx, "Client", lambda **_: make(transport=httpx.MockTransport(answer)))
        rows_read = list(command._rows("http://tautulli:8181/", "k"))
        assert rows_read == rows
        assert run("import", "tautulli", "http://tautulli:8181", *OPTIONS).exit_code == 1

    @pytest.mark.usefixtures("service")
    @pytest.mark.parametrize("content", ["no json", "{}", '"text"'])
    def test_other_files_are_no_history(self, run, tmp_path, content):
        path = tmp_path / "a.json"
        path.write_text(content)
        assert run("import", "tautulli", path, *OPTIONS).exit_code == 1


class TestJellystat:
    def test_a_backup(self, histories, run, tmp_path):
        episode = ACTIVITY | {"Id": "1002", "EpisodeId": "e-2", "SeriesName": "Series", "NowPlayingItemName": "Pilot"}
        backup = [
            {"jf_libraries": []},
            {"jf_library_items": [{"Id": "item-1", "Type": "Movie", "ParentId": "lib"}]},
            {"jf_playback_activity": [ACTIVITY, episode, ACTIVITY | {"Id": None}]},
        ]
        outcome = run("import", "jellystat", write(tmp_path / "backup.json", backup), *OPTIONS)
        assert outcome.exit_code == 0, outcome.output
        assert json.loads(outcome.stdout)["unreadable"] == 1
        film, other = histories["jellystat:1001"], histories["jellystat:1002"]
        assert (film["started_at"], film["ended_at"]) == ("2024-12-15T08:30:00+00:00", "2024-12-15T10:30:00+00:00")
        assert (film["content_type"], film["library_id"], film["position_seconds"]) == ("movie", "lib", 7200)
        assert (other["content_id"], other["content_type"]) == ("e-2", "episode")
        assert other["title"] == "Series \N{EN DASH} Pilot"

    def test_a_later_backup_says_more_of_the_same_play(self, histories, run, tmp_path):
        longer = ACTIVITY | {"PlaybackDuration": 7500, "ActivityDateInserted": "2024-12-15T10:40:00.000Z"}
        older, newer = write(tmp_path / "a.json", [ACTIVITY]), write(tmp_path / "b.json", [longer])
        assert run("import", "jellystat", newer, older, *OPTIONS).exit_code == 0
        assert [one["duration_seconds"] for one in histories.values()] == [7500]

    @pytest.mark.parametrize("packed", [False, True])
    def test_a_backup_row_by_row(self, histories, run, tmp_path, packed):
        """As newer versions of Jellystat write them."""
        item = {"Id": "item-1", "Type": "Movie", "ParentId": "lib"}
        lines = [
            {"type": "table", "table": "jf_library_items"},
            {"type": "row", "table": "jf_library_items", "data": item},
            {"type": "table", "table": "jf_playback_activity"},
            {"type": "row", "table": "jf_playback_activity", "data": ACTIVITY},
        ]
        content = "\n".join(map(json.dumps, lines)).encode()
        path = tmp_path / ("backup.jsonl.gz" if packed else "backup.jsonl")
        path.write_bytes(gzip.compress(content) if packed else content)
        assert run("import", "jellystat", path, *OPTIONS).exit_code == 0
        assert histories["jellystat:1001"]["library_id"] == "lib"
        path.write_bytes(content + b"\n{")
        assert run("import", "jellystat", path, *OPTIONS).exit_code == 1

    def test_what_came_from_the_plug_in_says_when_it_began(self):
        imported = ACTIVITY | {"Id": 7, "DeviceId": None, "PlayState": None, "imported": True}
        episode = imported | {"SeriesName": "Series", "EpisodeId": "item-1season-1"}
        (found,) = jellystat.sessions([jellystat.row(episode, {})], "")
        assert (found["started_at"], found["ended_at"]) == ("2024-12-15T10:30:00+00:00", "2024-12-15T12:30:00+00:00")
        assert (found["content_id"], found["content_type"]) == ("item-1", "episode")

    def test_columns_of_json_come_as_text_too(self):
        texts = {"PlayState": json.dumps(ACTIVITY["PlayState"]), "MediaStreams": json.dumps([{"Type": "Audio"}])}
        (found,) = jellystat.sessions([jellystat.row(ACTIVITY | texts, {})], "")
        assert (found["position_seconds"], found["runtime_seconds"], found["content_type"]) == (7200, 8100, "track")
        for odd in ({"PlayState": "{", "MediaStreams": 5}, {"PlayState": {"PositionTicks": 1e30}, "MediaStreams": "x"}):
            (found,) = jellystat.sessions([jellystat.row(ACTIVITY | odd, {})], "")
            assert "position_seconds" not in found

    @pytest.mark.parametrize(("kind", "shown"), [("Movie", "movie"), ("MusicVideo", "music_video"), ("Audio", "track")])
    def test_types_are_called_as_by_webhooks(self, kind, shown):
        known = jellystat.items_in({"jf_library_items": [{"Id": "item-1", "Type": kind}]})
        assert jellystat.row(ACTIVITY, known).play.said["content_type"] == shown

    def test_answers_of_the_api(self):
        single = jellystat.rows_in({"results": [ACTIVITY | {"results": [ACTIVITY, ACTIVITY | {"Id": "2"}]}]})
        assert [row["Id"] for row in single] == ["1001", "2"]

    def test_two_servers_on_one_site(self, histories, run, tmp_path):
        path = write(tmp_path / "a.json", [ACTIVITY])
        for name in ("", "attic"):
            run("import", "jellystat", path, *OPTIONS, "--source", name)
        assert sorted(histories) == ["jellystat:1001", "jellystat:attic:1001"]


@pytest.mark.skipif(not DATA.is_dir(), reason="the published records are not beside this checkout")
class TestPublishedRecords:
    def test_of_tautulli(self, histories, run):
        assert run("import", "tautulli", DATA / "tautulli_get_history_records.json", *OPTIONS).exit_code == 0
        assert {name: one["duration_seconds"] for name, one in histories.items()} == {
            "tautulli:11650": 6292,
            "tautulli:10132": 191,
        }

    def test_of_jellystat(self, histories, run):
        assert run("import", "jellystat", DATA / "jellystat_playback_activity.json", *OPTIONS).exit_code == 0
        assert [one["duration_seconds"] for one in histories.values()] == [7200]
