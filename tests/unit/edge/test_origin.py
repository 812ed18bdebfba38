import pytest
from streamgauge.edge.origin import check_origin, viewer_address
from streamgauge.errors import ForbiddenError
from streamgauge.settings import MissingSettingError

from tests.support.requests import ORIGIN_SECRET, request


def test_the_front_door_is_let_in(environment) -> None:
    check_origin(request("GET", "/"))


@pytest.mark.parametrize("secret", ["", "wrong", ORIGIN_SECRET + "x", ORIGIN_SECRET[:-1], "é"])
def test_nobody_else_is(environment, secret) -> None:
    with pytest.raises(ForbiddenError):
        check_origin(request("GET", "/", headers={"x-origin-secret": secret}))
    with pytest.raises(ForbiddenError):
        check_origin({"headers": None})


def test_a_stage_without_a_secret_lets_nobody_in(environment) -> None:
    environment.delenv("ORIGIN_SECRET")
    with pytest.raises(MissingSettingError):
        check_origin(request("GET", "/", headers={"x-origin-secret": ""}))


def test_the_viewers_address_is_the_front_doors_word(environment) -> None:
    assert viewer_address(request("GET", "/", headers={"x-forwarded-for": "198.51.100.1"})) == "203.0.113.7"
    assert viewer_address(request("GET", "/", headers={"x-viewer-ip": ""})) == "130.176.1.1"
