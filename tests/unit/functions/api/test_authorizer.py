import json
from pathlib import Path

import pytest
from streamgauge.access import registry
from streamgauge.access.registry import KeyRecord, key_hash
from streamgauge.access.tokens import Issuer, Verifier

from functions.api import authorizer
from tests.support.issuer import AUDIENCE, NAME, FakeIssuer

EVENTS = Path(__file__).parents[4] / "events" / "http" / "authorizer"
KEY = "sgr_0123456789abcdefghijklmnopqrstuv"


def event(authorization: str | None) -> dict:
    headers = {} if authorization is None else {"authorization": authorization}
    return {"version": "2.0", "type": "REQUEST", "headers": headers}


@pytest.fixture(autouse=True)
def _known_key(table) -> None:
    registry.project_key(key_hash(KEY), KeyRecord("key_1", "blog", "read"))
    authorizer.verifier.cache_clear()


def context(authorization: str | None) -> dict:
    answer = authorizer.handler(event(authorization), None)
    assert answer["isAuthorized"] is True
    assert all(isinstance(value, str) for value in answer["context"].values())
    return answer["context"]


@pytest.mark.parametrize("kind", ["Bearer", "bearer", "BEARER"])
def test_a_key_is_known_by_what_it_opens(kind) -> None:
    expected = {"principal": "key_1", "site": "blog", "scope": "read", "grants": "blog:read"}
    assert context(f"{kind} {KEY}") == expected
    assert context(f" {kind}   {KEY} ") == expected


@pytest.mark.parametrize(
    "given", [None, "", "Bearer", "Bearer ", "Bearer None", "Bearer null", f"Basic {KEY}", KEY, f"Token {KEY}"]
)
def test_no_credential(given) -> None:
    assert context(given) == {"reason": "missing"}


@pytest.mark.parametrize(
    "given", [KEY[:-1], KEY + "x", KEY.upper(), "a.b.c", "é", "x" * 9000, f"{KEY} {KEY}", "' OR 1=1 --"]
)
def test_an_unknown_key(given) -> None:
    assert context(f"Bearer {given}") == {"reason": "unknown_key"}


def test_a_revoked_key(table) -> None:
    registry.withdraw_key(key_hash(KEY))
    assert context(f"Bearer {KEY}") == {"reason": "unknown_key"}


def test_a_store_away_is_told_apart(table) -> None:
    table.away = True
    assert context(f"Bearer {KEY}") == {"reason": "away"}


def test_a_bug_is_told_to_the_log_alone(environment, capsys) -> None:
    def broken(_: str) -> None:
        raise KeyError(KEY)

    environment.setattr(authorizer, "find_key", broken)
    assert context(f"Bearer {KEY}") == {"reason": "away"}
    line = json.loads(capsys.readouterr().out)
    assert line["level"] == "ERROR"
    assert KEY not in json.dumps(line)


def test_tokens() -> None:
    issuer = FakeIssuer()
    tokens = Verifier(Issuer(NAME, AUDIENCE, "grants"), issuer.fetch)
    good = authorizer.identify(issuer.token(), tokens)
    assert good == {"principal": "user-1", "site": "blog", "scope": "read", "grants": "blog:read shop:admin"}
    assert authorizer.identify(issuer.token(exp=1), tokens) == {"reason": "expired_token"}
    assert authorizer.identify(issuer.token(aud="x"), tokens) == {"reason": "invalid_token"}
    assert authorizer.identify(issuer.token(grants=[]), tokens) == {"reason": "invalid_token"}
    assert authorizer.identify(KEY, tokens)["principal"] == "key_1"
    assert authorizer.identify(issuer.token(), None) == {"reason": "unknown_key"}
    issuer.away = True
    fresh = Verifier(Issuer(NAME, AUDIENCE, "grants"), issuer.fetch)
    assert authorizer.identify(issuer.token(), fresh) == {"reason": "away"}


def test_no_issuer_no_tokens(environment) -> None:
    assert authorizer.verifier() is None
    authorizer.verifier.cache_clear()
    environment.setenv("JWT_ISSUER", NAME)
    environment.setenv("JWT_AUDIENCE", AUDIENCE)
    authorizer.settings.cache_clear()
    assert authorizer.verifier() is not None


@pytest.mark.parametrize(("name", "reason"), [("no_credential", "missing"), ("unknown_key", "unknown_key")])
def test_sample_events(name, reason) -> None:
    sample = json.loads((EVENTS / f"{name}.json").read_text("utf-8"))
    assert authorizer.handler(sample, None) == {"isAuthorized": True, "context": {"reason": reason}}
