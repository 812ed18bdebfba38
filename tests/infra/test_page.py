import pytest

from infra import page

ISSUER = {"JWT_ISSUER": "https://login.example.org/pool", "JWT_AUDIENCE": "page", "JWT_CLIENT_ID": "page"}


def test_the_page_is_told_nothing_until_an_issuer_knows_it() -> None:
    assert page.configuration({}) == {}
    assert page.configuration({**ISSUER, "JWT_CLIENT_ID": ""}) == {}
    assert page.configuration({"JWT_CLIENT_ID": "page"}) == {}


@pytest.mark.parametrize(("audience", "token"), [("page", "id_token"), ("https://stats.example.org", "access_token")])
def test_the_page_sends_the_token_whose_audience_the_api_is(audience: str, token: str) -> None:
    assert page.configuration({**ISSUER, "JWT_AUDIENCE": audience, "JWT_SCOPES": "openid groups"}) == {
        "issuer": "https://login.example.org/pool",
        "client_id": "page",
        "audience": audience,
        "scopes": "openid groups",
        "token": token,
    }


def test_the_policy_allows_own_script_and_calls_of_the_api_alone() -> None:
    said = page.policy({})
    assert "script-src 'self';" in said
    assert "connect-src 'self';" in said
    assert "frame-ancestors 'none'" in said
    assert "unsafe" not in said


def test_the_policy_names_the_origins_of_an_issuer_that_is_used() -> None:
    used = {**ISSUER, "JWT_ORIGINS": "https://auth.example.org/oauth2  https://login.example.org"}
    assert "connect-src 'self' https://login.example.org https://auth.example.org;" in page.policy(used)
    assert "connect-src 'self';" in page.policy({**used, "JWT_CLIENT_ID": ""})


@pytest.mark.parametrize("address", ["login.example.org", "javascript:alert(1)", "https://a;script-src", "https://a@b"])
def test_an_address_that_is_none_stops_the_deploy(address: str) -> None:
    with pytest.raises(ValueError, match="no address of an issuer"):
        page.policy({**ISSUER, "JWT_ORIGINS": address})
