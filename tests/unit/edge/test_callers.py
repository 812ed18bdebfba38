import pytest
from streamgauge.access.scopes import Grant
from streamgauge.edge.callers import REASONS, Caller, caller_of, context_of, require
from streamgauge.errors import ForbiddenError, UnauthenticatedError, UnavailableError

from tests.support.requests import request

TWO_SITES = Caller("user-1", (Grant("blog", "read"), Grant("shop", "admin")))


@pytest.mark.parametrize("caller", [TWO_SITES, Caller("key_1", (Grant("*", "admin"),))])
def test_a_caller_travels_from_the_authorizer_to_the_function(caller) -> None:
    handed = context_of(caller)
    assert all(isinstance(value, str) for value in handed.values())
    assert caller_of(request("GET", "/", caller=handed)) == caller


def test_site_and_scope_alone_are_enough() -> None:
    handed = {"principal": "key_1", "site": "blog", "scope": "read"}
    assert caller_of(request("GET", "/", caller=handed)).grants == (Grant("blog", "read"),)


@pytest.mark.parametrize("reason", REASONS)
def test_each_reason_is_told(reason) -> None:
    with pytest.raises(UnauthenticatedError, match=REASONS[reason].split("`")[0][:10]):
        caller_of(request("GET", "/", caller={"reason": reason}))


@pytest.mark.parametrize(
    "handed",
    [
        {},
        {"reason": "else"},
        {"principal": "key_1"},
        {"principal": "", "site": "*", "scope": "admin"},
        {"grants": "*:admin"},
    ],
)
def test_half_a_caller_is_none(handed) -> None:
    with pytest.raises(UnauthenticatedError):
        caller_of(request("GET", "/", caller=handed or {"x": ""}))
    with pytest.raises(UnauthenticatedError):
        caller_of({"requestContext": {}})


def test_a_store_away_is_no_wrong_key() -> None:
    with pytest.raises(UnavailableError):
        caller_of(request("GET", "/", caller={"reason": "away"}))


def test_what_two_grants_open() -> None:
    require(TWO_SITES, "read", "blog")
    require(TWO_SITES, "read", "shop")
    require(TWO_SITES, "admin", "shop")
    for scope, site in (("admin", "blog"), ("read", "else"), ("write", "shop"), ("admin", "*")):
        with pytest.raises(ForbiddenError):
            require(TWO_SITES, scope, site)


def test_the_own_site_is_one_that_is_clear() -> None:
    assert TWO_SITES.own_site("admin") == "shop"
    assert TWO_SITES.own_site("read") is None
    assert Caller("k", (Grant("*", "admin"),)).own_site("read") is None
    assert Caller("k", (Grant("blog", "write"),)).own_site("read") is None
