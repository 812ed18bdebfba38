import pytest
from streamgauge.access import registry
from streamgauge.access.registry import KeyRecord, SiteRecord, key_hash
from streamgauge.errors import UnavailableError

SITE = SiteRecord(
    "blog", 7, "Blog", "Europe/Berlin", ("example.com",), {"view_window": "1h", "geo": 1.5}, b"\x00secret"
)


def test_a_projected_key_is_found_by_its_text_alone(table) -> None:
    record = KeyRecord("key_1", "blog", "read")
    registry.project_key(key_hash("sgr_abc"), record)
    assert registry.find_key("sgr_abc") == record
    assert registry.find_key("sgr_abd") is None
    assert "sgr_abc" not in str(table.items)


def test_a_withdrawn_key_is_unknown_once_the_cache_is_old(table, monkeypatch) -> None:
    now = [1000.0]
    monkeypatch.setattr(registry._keys, "_clock", lambda: now[0])
    registry.project_key(key_hash("sgr_abc"), KeyRecord("key_1", "blog", "read"))
    assert registry.find_key("sgr_abc")
    registry.withdraw_key(key_hash("sgr_abc"))
    now[0] += 60
    assert registry.find_key("sgr_abc") is None


def test_a_site_comes_back_as_it_was(table) -> None:
    registry.project_site(SITE)
    assert registry.find_site("blog") == SITE


def test_a_site_is_read_once_for_many_events(table) -> None:
    registry.project_site(SITE)
    for _ in range(100):
        registry.find_site("blog")
    assert table.reads == 1


def test_a_domain_names_its_site_until_it_is_given_up(table) -> None:
    registry.project_domain("example.com", "blog")
    assert registry.find_domain("example.com") == "blog"
    registry.project_domain("example.com", None)
    registry.forget()
    assert registry.find_domain("example.com") is None


@pytest.mark.parametrize("name", ["", "*", "a" * 65, "é", "a b", "a#b", "x" * 5000, "a\n"])
def test_what_cannot_be_a_site_is_never_asked_for(table, name) -> None:
    assert registry.find_site(name) is None
    assert table.reads == 0


def test_a_long_domain_is_never_asked_for(table) -> None:
    assert registry.find_domain("x" * 5000) is None
    assert table.reads == 0


def test_no_answer_of_the_store_is_no_unknown_key(table) -> None:
    table.away = True
    with pytest.raises(UnavailableError):
        registry.find_key("sgr_abc")


def test_odd_texts_are_hashed_too() -> None:
    assert len(key_hash("\ud800")) == 64
