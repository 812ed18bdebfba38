"""The catalogue as its owner tells it, and the views that it is held against."""

from __future__ import annotations

import psycopg
import pytest
from streamgauge.access import registry
from streamgauge.library import catalogue
from streamgauge.store import dynamo

from functions.deploy import migrations
from tests.support.container import forget

ITEMS = "/api/v1/catalog/items"
USERS = "/api/v1/catalog/users"


def stored(media, columns="content_id, title, type, library_id, genres, size_bytes, duration", table="items"):
    url = media.service_url
    with psycopg.connect(url) as connection:
        query = (
            f"SELECT {columns} FROM {table} WHERE site_no = (SELECT site_no FROM sites WHERE site_id = %s) ORDER BY 1"
        )
        return connection.execute(query, [media.site]).fetchall()


def projected(media):
    table = registry._table()
    items, start = [], None
    while True:
        page = dynamo.scan(table, start=start)
        items += [item["sk"] for item in page.items if item["pk"] == f"catalog#{media.site}"]
        start = page.next_start
        if start is None:
            return sorted(items)


class TestItems:
    def test_are_made_and_changed_by_what_is_told(self, media):
        first = {
            "content_id": "a",
            "title": "A",
            "type": "movie",
            "genres": ["Drama"],
            "size_gb": 1.5,
            "duration_seconds": 60,
        }
        assert media.catalogue(first).json == {"accepted": 1, "deleted": 0, "rejected": []}
        assert stored(media) == [("a", "A", "movie", None, ["Drama"], 1_500_000_000, 60.0)]
        media.catalogue({"content_id": "a", "title": None, "library_id": "films", "size_bytes": 7})
        wanted = [("a", None, "movie", "films", ["Drama"], 7, 60.0)]
        assert stored(media) == wanted
        for _ in range(2):
            media.catalogue({"content_id": "a", "library_id": "films"})
        assert stored(media) == wanted

    @pytest.mark.parametrize("length", ["runtime_seconds", "duration", "duration_seconds"])
    def test_other_tools_names_are_taken(self, media, length):
        media.catalogue({"id": 7, "content_type": "movie", length: 60})
        assert stored(media) == [("7", None, "movie", None, [], None, 60.0)]

    def test_a_refused_one_keeps_no_other_out(self, media):
        wrong = [
            {"title": "no id"},
            {"content_id": ""},
            {"content_id": "x" * 201},
            {"content_id": "x", "size_bytes": -1},
            {"content_id": "x", "size_bytes": 1, "size_gb": 1},
            {"content_id": "x", "genres": "Drama"},
            {"content_id": "x", "type": "y" * 65},
            "x",
            None,
        ]
        answer = media.catalogue({"content_id": "a"}, *wrong, {"content_id": "b"})
        assert (answer.status, answer.json["accepted"]) == (207, 2)
        assert [row["index"] for row in answer.json["rejected"]] == list(range(1, len(wrong) + 1))
        assert answer.json["rejected"][3] | {"detail": ""} == {"index": 4, "id": "x", "code": "invalid", "detail": ""}
        assert "size_bytes" in answer.json["rejected"][3]["detail"]
        assert [row[0] for row in stored(media)] == projected(media) == ["a", "b"]

    def test_deleted_ones_are_gone_and_come_back_empty(self, media):
        media.catalogue({"content_id": "a", "title": "A"}, {"content_id": "b"})
        for _ in range(2):
            answer = media.catalogue({"content_id": "a", "deleted": True}, {"content_id": "never", "deleted": True})
            assert answer.json == {"accepted": 2, "deleted": 2, "rejected": []}
            assert [row[0] for row in stored(media)] == projected(media) == ["b"]
        media.catalogue({"content_id": "b", "deleted": True}, {"content_id": "b", "type": "x"}, {"content_id": "a"})
        assert [row[:3] for row in stored(media)] == [("a", None, None), ("b", None, "x")]

    def test_bounds_of_a_request(self, media):
        assert media.catalogue(*({"content_id": f"{n}"} for n in range(5001))).status == 422
        assert media.call("PUT", ITEMS, {"items": {}}, as_key="admin").status == 422
        assert media.call("PUT", ITEMS, {"items": []}, as_key="admin").json["accepted"] == 0
        assert media.call("PUT", ITEMS, {"items": []}, as_key="read").status == 403
        assert stored(media) == []

    def test_more_than_the_registry_takes_at_once(self, media):
        assert media.catalogue(*({"content_id": f"{n:04}"} for n in range(120))).json["accepted"] == 120
        assert len(stored(media)) == len(projected(media)) == 120


class TestLibraries:
    def test_are_made_changed_and_deleted_with_their_items(self, media):
        path = "/api/v1/catalog/libraries/films"
        assert media.call("PUT", path, {"name": "Films", "type": "movie"}, as_key="admin").json["name"] == "Films"
        told = media.call("PUT", path, {"name": "Cinema"}, as_key="admin").json
        assert told == {"library_id": "films", "name": "Cinema", "type": "movie"}
        media.catalogue({"content_id": "in", "library_id": "films"}, {"content_id": "out"})
        for _ in range(2):
            assert media.call("DELETE", path, None, as_key="admin").status == 204
        assert (projected(media), stored(media, "library_id", "libraries")) == (["out"], [])
        assert media.call("PUT", f"/api/v1/catalog/libraries/{'x' * 201}", {}, as_key="admin").status == 422


class TestUsers:
    def test_are_made_changed_and_deleted(self, media):
        answer = media.call("PUT", USERS, {"users": [{"user_id": "a", "name": "A"}, {"id": "b"}, {}]}, as_key="admin")
        assert (answer.status, answer.json["accepted"]) == (207, 2)
        media.call("PUT", USERS, {"users": [{"user_id": "a"}, {"user_id": "b", "deleted": True}]}, as_key="admin")
        assert stored(media, "user_id, name", "media_users") == [("a", "A")]


class TestViews:
    def view(self, media, video):
        forget()
        return media.call("POST", f"/api/analytics/view/{video}", {}, as_key="write")

    def stats(self, media, video):
        return media.call("GET", f"/api/analytics/stats/{video}", None, as_key="read")

    def test_a_strict_site_counts_only_its_catalogue(self, media):
        path = f"/api/v1/sites/{media.site}"
        media.call("PATCH", path, {"settings": {"catalog_strict": True}}, as_key="admin")
        refused = self.view(media, "known")
        assert (refused.status, refused.json["detail"]) == (404, "Video not found")
        media.catalogue({"content_id": "known"})
        assert self.view(media, "known").status == 202
        media.catalogue({"content_id": "known", "deleted": True})
        assert self.view(media, "known").status == 404

    def test_stats_of_a_video_neither_catalogued_nor_viewed(self, media):
        assert self.stats(media, "v").status == 404
        media.catalogue({"content_id": "v"})
        assert self.stats(media, "v").json == {"viewsToday": 0, "viewsMonth": 0, "viewsTotal": 0}


def test_a_restore_makes_the_registry_say_what_the_catalogue_says(media):
    media.catalogue({"content_id": "kept"}, {"content_id": "lost"})
    table = registry._table()
    dynamo.batch_write(
        table,
        puts=[registry.catalogue_key(media.site, "stale"), registry.catalogue_key("no-site", "x")],
        deletes=[registry.catalogue_key(media.site, "lost")],
    )
    migrations.handler({"restore": True}, None)
    assert projected(media) == ["kept", "lost"]
    assert dynamo.get_item(table, registry.catalogue_key("no-site", "x")) is None
    assert dynamo.get_item(table, {"pk": f"site#{media.site}", "sk": "site"}) is not None


def test_no_change_is_half_made(media, monkeypatch):
    def away(*_, **__):
        raise RuntimeError("It is away.")

    with monkeypatch.context() as patch:
        patch.setattr(catalogue.dynamo, "batch_write", away)
        assert media.catalogue({"content_id": "a"}).status >= 500
    assert stored(media) == []
    assert media.catalogue({"content_id": "a"}).status == 200
