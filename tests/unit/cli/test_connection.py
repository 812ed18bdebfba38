"""Which service, key and site a command takes, and what it says when something is missing."""

import json

import pytest
from streamgauge_cli.connection import connect, find_home
from streamgauge_cli.errors import CommandError

LOCAL = "http://service.test"


def test_local_stack_is_the_default(local_stack):
    assert connect("server", None, None, None).key == "sgs_1"
    made = connect("admin", None, None, None)
    assert (made.url, made.key, made.site, made.home) == (LOCAL, "sga_1", "main", local_stack)


def test_the_admin_key_opens_other_sites(local_stack):
    assert connect("admin", None, None, "other").site == "other"


def test_other_sites_need_a_key_of_theirs(local_stack):
    with pytest.raises(CommandError, match="give a server key of other with --key"):
        connect("server", None, None, "other")
    assert connect("server", None, "sgs_2", "other").site == "other"


def test_a_given_key_decides_the_site(local_stack):
    assert connect("server", None, "sgs_2", None).site is None


def test_another_service_needs_its_own_key(local_stack):
    with pytest.raises(CommandError, match=r"give --key: a key of scope admin of https://a\.example"):
        connect("admin", "https://a.example/", None, None)
    assert connect("admin", "https://a.example/", "k", "s").url == "https://a.example"


def test_nothing_known(service):
    with pytest.raises(CommandError, match="no service is known"):
        connect("admin", None, None, None)
    with pytest.raises(CommandError, match="must begin with http"):
        connect("admin", "a.example", "k", None)


def test_site_is_asked_for(service):
    with pytest.raises(CommandError, match="--site"):
        connect("admin", LOCAL, "k", None).needed_site()


def test_home_is_found_upward(service, tmp_path, monkeypatch):
    assert find_home() is None
    (tmp_path / ".streamgauge").mkdir()
    (tmp_path / ".streamgauge" / "endpoints.json").write_text("{}")
    deep = tmp_path / "a" / "b"
    deep.mkdir(parents=True)
    monkeypatch.chdir(deep)
    assert find_home() == tmp_path / ".streamgauge"


@pytest.mark.parametrize("text", ["{", "[]", json.dumps({"base_url": LOCAL, "keys": {}})])
def test_broken_endpoints_file(local_stack, text):
    (local_stack / "endpoints.json").write_text(text)
    with pytest.raises(CommandError, match=r"endpoints\.json"):
        connect("admin", None, None, None)
