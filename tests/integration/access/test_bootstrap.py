import json
from pathlib import Path

import psycopg
import pytest
from streamgauge.access import registry
from streamgauge.access.bootstrap import ensure_admin_key
from streamgauge.access.keys import revoke_key
from streamgauge.access.registry import KeyRecord, key_hash
from streamgauge.access.sites import project_all
from streamgauge.errors import ConflictError
from streamgauge.store import dynamo

from functions.api import admin
from tests.support.requests import request

SAMPLE = json.loads(
    (Path(__file__).parents[3] / "events" / "http" / "admin" / "first_admin_key.json").read_text("utf-8")
)
BLOG = {"name": "Blog", "domains": ["blog.example"], "site_id": "blog"}


def test_the_first_admin_key_is_made_once(connection) -> None:
    key = admin.handler(SAMPLE, None)["key"]
    assert registry.find_key(key).grant == registry.Grant("*", "admin")
    assert set(admin.handler(SAMPLE, None)) == {"error"}
    another = admin.handler({**SAMPLE, "another": True}, None)["key"]
    assert another != key
    assert set(admin.handler({"command": "else"}, None)) == {"error"}
    assert set(admin.handler({}, None)) == {"error"}


def test_no_request_can_ask_for_it(connection) -> None:
    for event in (
        {**request("POST", "/api/v1/sites", body=SAMPLE), **SAMPLE},
        request("POST", "/", body=SAMPLE),
        request("POST", "/api/v1/sites", body=SAMPLE, query="command=first_admin_key"),
    ):
        assert admin.handler(event, None)["statusCode"] in (401, 404)
    assert connection.execute("SELECT count(*) FROM api_keys").fetchone() == (0,)


def test_a_given_key_is_ensured_as_often_as_one_likes(connection) -> None:
    for _ in range(3):
        ensure_admin_key(connection, "sga_given")
        assert registry.find_key("sga_given")
    assert connection.execute("SELECT count(*) FROM api_keys").fetchone() == (1,)
    revoke_key(connection, "*", registry.find_key("sga_given").key_id)
    with pytest.raises(ConflictError):
        ensure_admin_key(connection, "sga_given")


def items() -> dict[tuple[str, str], dict]:
    return {(item["pk"], item["sk"]): item for item in dynamo.scan("registry").items}


def test_the_registry_is_made_again_from_postgres(api, connection) -> None:
    made = api("POST", "/api/v1/sites", body=BLOG)[1]
    key_id = registry.find_key(made["keys"]["write"]).key_id
    api("DELETE", f"/api/v1/sites/blog/keys/{key_id}")
    before = items()
    for pk, sk in before:
        dynamo.delete_item("registry", {"pk": pk, "sk": sk})
    assert project_all(connection) == len(before)
    assert items() == before
    registry.forget()
    assert registry.find_key(made["keys"]["write"]) is None
    assert registry.find_key(made["keys"]["read"]) == KeyRecord(
        registry.find_key(made["keys"]["read"]).key_id, "blog", "read"
    )


def test_what_postgres_does_not_know_is_gone_but_salts_stay(api, connection) -> None:
    api("POST", "/api/v1/sites", body=BLOG)
    before = items()
    registry.project_key(key_hash("sgr_stolen"), KeyRecord("key_x", "blog", "admin"))
    registry.project_domain("gone.example", "blog")
    salt = {"pk": "salt#blog", "sk": "2026-03-01", "salt": b"s", "expires": 2_000_000_000}
    dynamo.put_item("registry", salt)
    project_all(connection)
    assert items() == {**before, ("salt#blog", "2026-03-01"): salt}


def test_projecting_all_waits_for_a_change_that_is_under_way(api, connection, database_url) -> None:
    made = api("POST", "/api/v1/sites", body=BLOG)[1]
    hashed = key_hash(made["keys"]["read"])
    with psycopg.connect(database_url) as other:
        other.execute("UPDATE api_keys SET revoked_at = now() WHERE key_hash = %s", (hashed,))
        connection.execute("SET lock_timeout = '200ms'")
        with pytest.raises(psycopg.errors.LockNotAvailable):
            project_all(connection)
        registry.withdraw_key(hashed)
    connection.execute("RESET lock_timeout")
    project_all(connection)
    assert (f"key#{hashed}", "key") not in items()
