import pytest
from streamgauge.access.scopes import SCOPES, Grant, read_grant

OPENS = {"write": {"write"}, "server": {"write", "server"}, "read": {"read"}, "admin": {"read", "admin"}}


@pytest.mark.parametrize("held", SCOPES)
@pytest.mark.parametrize("needed", SCOPES)
def test_the_matrix_of_scopes(held, needed) -> None:
    assert Grant("blog", held).allows(needed, "blog") is (needed in OPENS[held])
    assert Grant("*", held).allows(needed, "blog") is (needed in OPENS[held])
    assert not Grant("shop", held).allows(needed, "blog")
    assert not Grant("blog", held).allows(needed, "*")


def test_reading_grants() -> None:
    assert read_grant("*:admin") == Grant("*", "admin")
    assert read_grant(" blog:read ") == Grant("blog", "read")
    for wrong in ("", ":", "admin", ":admin", "blog:", "blog:root", "blog:Admin", "blog:admin:more"):
        assert read_grant(wrong) is None
