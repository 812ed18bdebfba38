"""Sites, keys, rebuild, dead letters, accounting and the first admin key."""

import json
import subprocess
from pathlib import Path

import pytest
from streamgauge_cli import first_admin_key, rebuild
from streamgauge_cli.errors import AnswerError, CommandError

KEYS = "/api/v1/sites/main/keys"


@pytest.fixture(autouse=True)
def _stack(local_stack):
    return local_stack


def said(outcome):
    assert outcome.exit_code == 0, (outcome.exception, outcome.stderr)
    return outcome.stdout


def test_keys_list(service, run):
    row = {"key_id": "key_1", "scope": "read", "name": "board", "hint": "abcd", "created_at": "2026-01-01T00:00:00Z"}
    service.answers["GET", KEYS] = (200, {"results": [row]})
    text = said(run("keys", "list"))
    assert all(value in text for value in row.values())
    assert service.calls[0][4] == "Bearer sga_1"


def test_keys_create_writes_the_key_alone(service, run):
    service.answers["POST", KEYS] = (201, {"key_id": "key_1", "key": "sgr_secret", "scope": "read"})
    assert said(run("keys", "create", "--scope", "read", "--name", "board")) == "sgr_secret\n"
    assert service.calls[0][3] == {"scope": "read", "name": "board"}


def test_keys_revoke(service, run):
    service.answers["DELETE", f"{KEYS}/key_1"] = (204, None)
    assert "revoked" in said(run("keys", "revoke", "key_1"))


def test_unknown_key_is_explained(service, run):
    outcome = run("keys", "revoke", "key_9")
    assert isinstance(outcome.exception, AnswerError)
    assert "There is no such thing." in str(outcome.exception)


def test_sites_list_follows_the_cursor(service, run):
    def site(name):
        return {"site_id": name, "name": name.title(), "timezone": "UTC", "domains": [f"{name}.example"]}

    service.answers["GET", "/api/v1/sites"] = [
        (200, {"results": [site("one")], "next_cursor": "one"}),
        (200, {"results": [site("two")], "next_cursor": None}),
    ]
    text = said(run("sites", "list"))
    assert "one.example" in text
    assert "two.example" in text
    assert service.calls[1][2] == {"cursor": "one"}


def test_sites_create(service, run):
    answer = {
        "site_id": "blog",
        "name": "Blog",
        "timezone": "Europe/Berlin",
        "keys": {"write": "sgw_9", "server": "sgs_9"},
    }
    service.answers["POST", "/api/v1/sites"] = (201, answer)
    text = said(
        run("sites", "create", "Blog", "--timezone", "Europe/Berlin", "--domain", "a.example", "--site", "blog")
    )
    assert "sgw_9" in text
    assert service.calls[0][3] == {
        "name": "Blog",
        "timezone": "Europe/Berlin",
        "domains": ["a.example"],
        "site_id": "blog",
    }


def test_rebuild_goes_on_to_the_end(service, run):
    service.answers["POST", "/api/v1/rebuild"] = [
        (200, {"done": 1, "total": 3, "next_cursor": "a"}),
        (200, {"done": 2, "total": 3, "next_cursor": "b"}),
        (200, {"done": 3, "total": 3, "next_cursor": None}),
    ]
    assert "main is rebuilt: 3 days." in said(run("rebuild"))
    assert [call[3] for call in service.calls] == [
        {"site_id": "main"},
        {"site_id": "main", "cursor": "a"},
        {"site_id": "main", "cursor": "b"},
    ]


def test_rebuild_waits_out_passing_trouble(service):
    from streamgauge_cli.connection import connect

    service.answers["POST", "/api/v1/rebuild"] = [
        (503, {"detail": "Away."}),
        (504, {}),
        (200, {"done": 1, "total": 1, "next_cursor": None}),
    ]
    pauses = []
    with connect("admin", None, None, None).client() as client:
        assert rebuild.rebuild(client, "main", lambda *_: None, pauses.append) == 1
    assert pauses == [1, 2]


def test_dead_letters_list_and_replay(service, run):
    row = {"id": "d1", "reason": "too_late", "stage": "ingest", "received_at": "2026-01-01T00:00:00Z", "body": {"a": 1}}
    service.answers["GET", "/api/v1/dead-letters"] = (200, {"results": [row], "total": 7})
    service.answers["POST", "/api/v1/dead-letters/replay"] = [
        (200, {"accepted": 1, "refused": 0, "expired": 0, "not_found": 0, "next_cursor": None}),
        (200, {"accepted": 500, "refused": 0, "expired": 0, "not_found": 0, "next_cursor": "c"}),
        (200, {"accepted": 3, "refused": 1, "expired": 2, "not_found": 0, "next_cursor": None}),
    ]
    outcome = run("dead-letters", "list", "--reason", "too_late")
    assert "too_late" in said(outcome)
    assert "1 of 7" in outcome.stderr
    assert json.loads(said(run("dead-letters", "list", "--json"))) == row
    assert said(run("dead-letters", "replay", "d1")) == "1 accepted, 0 refused, 0 expired, 0 not found\n"
    assert service.calls[-1][3] == {"ids": ["d1"], "website_id": "main"}
    assert said(run("dead-letters", "replay", "--reason", "too_late")).startswith("503 accepted, 1 refused, 2 expired")
    assert service.calls[-1][3] == {"reason": "too_late", "website_id": "main", "cursor": "c"}
    assert isinstance(run("dead-letters", "replay").exception, CommandError)


def test_accounting(service, run):
    zero = dict.fromkeys(("received", "accepted", "stored", "duplicates", "dead_lettered", "in_flight"), 0)
    rows = [
        {"hour": "2026-01-01T00:00:00+00:00", **zero},
        {"hour": "2026-01-01T01:00:00+00:00", **zero, "received": 5, "accepted": 4, "stored": 4, "dead_lettered": 1},
    ]
    service.answers["GET", "/api/v1/accounting"] = (200, {"results": rows})
    text = said(run("accounting", "--start", "2026-01-01"))
    assert "T01" in text
    assert "T00" not in text
    assert "total" in text
    assert service.calls[0][2] == {"startDate": "2026-01-01", "website_id": "main"}


def test_first_admin_key_without_the_aws_command(run, monkeypatch):
    monkeypatch.setattr("shutil.which", lambda _: None)
    assert "is not installed" in str(run("first-admin-key").exception)


def test_first_admin_key_shows_what_it_would_run(run):
    text = said(run("first-admin-key", "--stage", "prod", "--region", "eu-west-1", "--another", "--dry-run"))
    assert "--function-name streamgauge-prod-admin" in text
    assert """'{"command": "first_admin_key", "another": true}'""" in text


def test_first_admin_key_asks_the_function(run, monkeypatch):
    def aws(arguments, **_):
        Path(arguments[-1]).write_text('{"key": "sga_first"}')
        return subprocess.CompletedProcess(arguments, 0, '{"StatusCode": 200}', "")

    monkeypatch.setattr("shutil.which", lambda _: "/usr/bin/aws")
    monkeypatch.setattr("subprocess.run", aws)
    assert said(run("first-admin-key")) == "sga_first\n"


@pytest.mark.parametrize(
    ("outcome", "answer", "why"),
    [
        ('{"FunctionError": "Unhandled"}', '{"errorMessage": "no"}', "refused: no"),
        ("{}", '{"error": "There is one."}', "There is one"),
        ("{}", "{}", "gave no key"),
        ("{}", "<", "cannot be read"),
    ],
)
def test_first_admin_key_failures(outcome, answer, why):
    with pytest.raises(CommandError, match=why):
        first_admin_key.read_key(outcome, answer)
