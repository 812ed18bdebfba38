import json
import time
from pathlib import Path

import pytest
from streamgauge.access import registry
from streamgauge.events.reasons import Reason, Stage
from streamgauge.store import dead_letters, dynamo
from streamgauge.store.errors import StoreAwayError

from functions.api import admin
from tests.integration.access.conftest import ADMIN

EVENTS = Path(__file__).parents[3] / "events" / "http" / "admin"
BLOG = {"name": "Blog", "timezone": "Europe/Berlin", "domains": ["Blog.example"], "site_id": "blog"}


def later() -> None:
    """Let a minute pass for this container."""
    registry.forget()


def test_a_site_comes_with_a_key_of_each_scope_shown_once(api, connection) -> None:
    status, site = api("POST", "/api/v1/sites", body=BLOG)
    assert status == 201
    assert {
        "site_id": "blog",
        "name": "Blog",
        "timezone": "Europe/Berlin",
        "domains": ["blog.example"],
    }.items() <= site.items()
    assert [key[:4] for key in site["keys"].values()] == ["sgw_", "sgs_", "sgr_", "sga_"]
    for scope, key in site["keys"].items():
        record = registry.find_key(key)
        assert record is not None
        assert (record.site_id, record.scope) == ("blog", scope)
        assert len(key) >= 4 + 27
    rows = connection.execute("SELECT key_hash, hint, api_keys::text FROM api_keys").fetchall()
    for row in rows:
        assert len(row[0]) == 64
        assert not any(key in row[2] for key in (*site["keys"].values(), ADMIN))
    status, shown = api("GET", "/api/v1/sites/blog")
    assert status == 200
    assert "keys" not in shown
    assert "secret" not in shown


def test_defaults_of_a_site(api) -> None:
    status, site = api("POST", "/api/v1/sites", body={"name": "Shop"})
    assert status == 201
    assert site["timezone"] == "UTC"
    assert registry.SITE_ID.fullmatch(site["site_id"])
    found = registry.find_site(site["site_id"])
    assert found is not None
    assert len(found.secret) == 32


def test_a_taken_id_is_409_and_changes_nothing(api) -> None:
    first = api("POST", "/api/v1/sites", body=BLOG)[1]
    status, problem = api("POST", "/api/v1/sites", body={**BLOG, "name": "Other"})
    assert (status, problem["status"]) == (409, 409)
    later()
    assert registry.find_site("blog").name == "Blog"
    assert registry.find_key(first["keys"]["read"])


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"timezone": "Mars/Base"}, ["body", "timezone"]),
        ({"domains": ["not a domain"]}, ["body", "domains", 0]),
        ({"name": ""}, ["body", "name"]),
        ({"site_id": "a#b"}, ["body", "site_id"]),
        ({"more": 1}, ["body", "more"]),
        ({"settings": {"view_window": "soon"}}, ["body", "settings", "view_window"]),
    ],
)
def test_values_out_of_bounds_are_422(api, change, where) -> None:
    status, problem = api("POST", "/api/v1/sites", body={**BLOG, **change})
    assert status == 422
    assert problem["errors"][0]["loc"] == where


def test_a_site_changes_what_is_given_and_nothing_else(api) -> None:
    api("POST", "/api/v1/sites", body={**BLOG, "settings": {"view_window": "1h"}})
    status, site = api(
        "PATCH", "/api/v1/sites/blog", body={"domains": ["new.example"], "settings": {"catalog_strict": True}}
    )
    assert status == 200
    assert (site["name"], site["domains"]) == ("Blog", ["new.example"])
    assert site["settings"] == {"view_window": "1h", "catalog_strict": True}
    later()
    known = registry.find_site("blog")
    assert (known.domains, dict(known.settings)) == (("new.example",), site["settings"])
    assert registry.find_domain("new.example") == "blog"
    assert registry.find_domain("blog.example") is None
    assert api("PATCH", "/api/v1/sites/blog", body={"settings": {"view_window": None}})[1]["settings"] == {
        "catalog_strict": True
    }
    assert api("PATCH", "/api/v1/sites/nowhere", body={})[0] == 404


def test_the_zone_is_fixed_once_there_are_events(api, connection) -> None:
    api("POST", "/api/v1/sites", body=BLOG)
    assert api("PATCH", "/api/v1/sites/blog", body={"timezone": "Asia/Tokyo"})[0] == 200
    connection.execute("UPDATE sites SET first_event_at = now()")
    assert api("PATCH", "/api/v1/sites/blog", body={"timezone": "UTC"})[0] == 409
    assert api("PATCH", "/api/v1/sites/blog", body={"timezone": "Asia/Tokyo", "name": "B"})[0] == 200
    later()
    assert registry.find_site("blog").timezone == "Asia/Tokyo"


def test_two_sites_may_name_one_domain_and_the_older_answers_to_it(api) -> None:
    api("POST", "/api/v1/sites", body=BLOG)
    assert api("POST", "/api/v1/sites", body={**BLOG, "site_id": "shop"})[0] == 201
    assert registry.find_domain("blog.example") == "blog"
    api("PATCH", "/api/v1/sites/blog", body={"domains": []})
    later()
    assert registry.find_domain("blog.example") == "shop"


def test_sites_are_listed_page_by_page(api) -> None:
    for number in range(5):
        api("POST", "/api/v1/sites", body={"name": "x", "site_id": f"s{number}"})
    seen, query = [], "limit=2"
    while query:
        page = api("GET", "/api/v1/sites", query=query)[1]
        seen += [site["site_id"] for site in page["results"]]
        query = f"limit=2&cursor={page['next_cursor']}" if page["next_cursor"] else ""
    assert seen == ["s0", "s1", "s2", "s3", "s4"]
    assert api("GET", "/api/v1/sites", query="limit=0")[0] == 422


def test_a_key_is_made_used_and_revoked(api) -> None:
    api("POST", "/api/v1/sites", body=BLOG)
    status, made = api("POST", "/api/v1/sites/blog/keys", body={"scope": "admin", "name": "ci"})
    assert status == 201
    assert api("GET", "/api/v1/sites/blog", key=made["key"])[0] == 200
    status, listed = api("GET", "/api/v1/sites/blog/keys")
    row = next(one for one in listed["results"] if one["key_id"] == made["key_id"])
    assert (row["scope"], row["name"], row["hint"]) == ("admin", "ci", made["key"][-4:])
    assert "key" not in row
    for _ in range(2):
        assert api("DELETE", f"/api/v1/sites/blog/keys/{made['key_id']}") == (204, None)
    assert api("GET", "/api/v1/sites/blog", key=made["key"])[0] == 200, "held for less than a minute"
    later()
    assert api("GET", "/api/v1/sites/blog", key=made["key"])[0] == 401
    assert made["key_id"] not in json.dumps(api("GET", "/api/v1/sites/blog/keys")[1])


def test_keys_for_all_sites_can_be_made_and_revoked_too(api) -> None:
    made = api("POST", "/api/v1/sites/*/keys", body={"scope": "admin"})[1]
    assert api("POST", "/api/v1/sites", key=made["key"], body=BLOG)[0] == 201
    assert len(api("GET", "/api/v1/sites/*/keys")[1]["results"]) == 2
    assert api("DELETE", f"/api/v1/sites/*/keys/{made['key_id']}")[0] == 204


def test_keys_of_what_does_not_exist(api) -> None:
    api("POST", "/api/v1/sites", body=BLOG)
    assert api("POST", "/api/v1/sites/nowhere/keys", body={"scope": "read"})[0] == 404
    assert api("GET", "/api/v1/sites/nowhere/keys")[0] == 404
    assert api("DELETE", "/api/v1/sites/blog/keys/key_0")[0] == 404
    assert api("POST", "/api/v1/sites/blog/keys", body={"scope": "root"})[0] == 422


CALLS = [
    ("GET", "/api/v1/sites/{site}", None, 200),
    ("PATCH", "/api/v1/sites/{site}", {"name": "New"}, 200),
    ("GET", "/api/v1/sites/{site}/keys", None, 200),
    ("POST", "/api/v1/sites/{site}/keys", {"scope": "read"}, 201),
    ("DELETE", "/api/v1/sites/{site}/keys/{key}", None, 204),
]


def test_two_sites_never_meet(api) -> None:
    sites = {name: api("POST", "/api/v1/sites", body={"name": name, "site_id": name})[1] for name in ("blog", "shop")}
    ids = {name: api("GET", f"/api/v1/sites/{name}/keys")[1]["results"][0]["key_id"] for name in sites}
    for mine, other in (("blog", "shop"), ("shop", "blog")):
        for scope, key in sites[mine]["keys"].items():
            for method, path, body, well in CALLS:
                own = api(method, path.format(site=mine, key="key_0"), key=key, body=body)[0]
                assert own == (403 if scope != "admin" else {204: 404}.get(well, well))
                for site in (other, "*", "nowhere"):
                    assert api(method, path.format(site=site, key=ids[other]), key=key, body=body)[0] in (403, 404)
            assert api("POST", "/api/v1/sites", key=key, body={"name": "x"})[0] == 403
            for asked in (other, "nowhere"):
                assert api("GET", "/api/v1/accounting", key=key, query=f"website_id={asked}")[0] == 403
            listed = api("GET", "/api/v1/sites", key=key)
            assert listed[0] == (200 if scope in ("read", "admin") else 403)
            if listed[0] == 200:
                assert [(site["site_id"], site["scope"]) for site in listed[1]["results"]] == [(mine, scope)]
            if scope == "admin":
                # A key of another site cannot be reached through one's own site.
                assert api("DELETE", f"/api/v1/sites/{mine}/keys/{ids[other]}", key=key)[0] == 404
    assert api("GET", "/api/v1/sites/shop")[1]["name"] == "New", "by its own admin key"
    for name, site in sites.items():
        assert registry.find_key(site["keys"]["read"]).site_id == name


@pytest.mark.parametrize("key", ["", "None", "sga_wrong", "a.b.c"])
def test_nobody_gets_in_without_a_key(api, key) -> None:
    for method, path, body, _ in [
        *CALLS,
        ("POST", "/api/v1/sites", BLOG, 201),
        ("GET", "/api/v1/accounting", None, 200),
    ]:
        assert api(method, path.format(site="blog", key="k"), key=key or "None", body=body)[0] == 401


def test_when_the_projection_fails_nothing_has_happened(api, connection, monkeypatch) -> None:
    def away(*_: object, **__: object) -> None:
        raise StoreAwayError("A store is away at the moment; please try again.")

    with monkeypatch.context() as patched:
        patched.setattr(dynamo, "put_item", away)
        assert api("POST", "/api/v1/sites", body=BLOG)[0] == 503
    assert api("GET", "/api/v1/sites/blog")[0] == 404
    made = api("POST", "/api/v1/sites", body=BLOG)
    assert made[0] == 201
    with monkeypatch.context() as patched:
        patched.setattr(dynamo, "put_item", away)
        assert api("PATCH", "/api/v1/sites/blog", body={"name": "Lost"})[0] == 503
        patched.setattr(dynamo, "delete_item", away)
        key_id = api("GET", "/api/v1/sites/blog/keys")[1]["results"][0]["key_id"]
        assert api("DELETE", f"/api/v1/sites/blog/keys/{key_id}")[0] == 503
    assert api("GET", "/api/v1/sites/blog")[1]["name"] == "Blog"
    assert len(api("GET", "/api/v1/sites/blog/keys")[1]["results"]) == 4


def test_a_connection_that_idled_away_is_replaced(api, connection) -> None:
    connection.close()
    assert api("POST", "/api/v1/sites", body=BLOG)[0] == 201


def letter(reason: Reason, stage: Stage, position: int, received_at: int) -> dead_letters.DeadLetter:
    return dead_letters.DeadLetter("blog", reason, stage, b"", received_at, position=position)


def test_accounting_adds_up(api, connection, monkeypatch) -> None:
    site = api("POST", "/api/v1/sites", body=BLOG)[1]
    now = time.time_ns() // 1000
    quarter = now // 3_600_000_000 * 4
    insert = (
        "INSERT INTO accounting (site_no, quarter, writer, max_n, stored, duplicates, repeats, dead_lettered) "
        "VALUES ((SELECT site_no FROM sites), %s, %s, %s, %s, %s, %s, %s)"
    )
    connection.execute(insert, (quarter, 1, 99, 90, 4, 3, 1))
    connection.execute(insert, (quarter, 2, 9, 10, 0, 0, 0))
    monkeypatch.setattr(dead_letters.archive, "put", lambda *_: None)
    monkeypatch.setenv("ARCHIVE_BUCKET", "archive")
    dead_letters.settings.cache_clear()
    dead_letters.record(
        [letter(Reason.INVALID, Stage.INGEST, number, now) for number in range(5)]
        + [letter(Reason.POISON, Stage.WAREHOUSE, 9, now)]
    )
    status, answer = api("GET", "/api/v1/accounting", key=site["keys"]["admin"], query="period=7d")
    assert status == 200
    assert answer["range"]["timezone"] == "Europe/Berlin"
    (row,) = answer["results"]
    expected = {"received": 118, "accepted": 110, "stored": 100, "duplicates": 7, "dead_lettered": 6, "in_flight": 5}
    assert {name: row[name] for name in expected} == expected
    assert row["hour"][-6:] in ("+01:00", "+02:00")
    assert api("GET", "/api/v1/accounting", query="website_id=blog&period=7d")[1] == answer
    assert api("GET", "/api/v1/accounting")[0] == 422
    assert (
        api("GET", "/api/v1/accounting", query="website_id=blog&startDate=2020-01-01&endDate=2020-01-31")[1]["results"]
        == []
    )


@pytest.mark.parametrize(
    ("name", "status"),
    [("create_site", 201), ("list_sites", 200), ("change_site", 200), ("create_key", 201), ("accounting", 200)],
)
def test_sample_events(api, monkeypatch, name, status) -> None:
    if name != "create_site":
        api("POST", "/api/v1/sites", body=BLOG)
    sample = json.loads((EVENTS / f"{name}.json").read_text("utf-8"))
    monkeypatch.setenv("ORIGIN_SECRET", sample["headers"]["x-origin-secret"])
    dead_letters.settings.cache_clear()
    assert admin.handler(sample, None)["statusCode"] == status
