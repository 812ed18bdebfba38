from datetime import date

import pytest
from streamgauge.access import salts
from streamgauge.access.registry import SiteRecord
from streamgauge.clock import MICROSECONDS, day_start
from streamgauge.errors import UnavailableError

SITE = SiteRecord("blog", 1, "Blog", "America/New_York", (), {}, b"s")
DAY = date(2026, 3, 8)  # its clocks go forward: the day has 23 hours
START = day_start(DAY, SITE.timezone)


def at(hours: float) -> int:
    return int((START + hours * 3600) * MICROSECONDS)


def test_one_salt_a_day_and_site(table) -> None:
    value = salts.salt(SITE, DAY, at(1))
    assert value is not None
    assert len(value) == 32
    salts.forget()
    assert salts.salt(SITE, DAY, at(47.9)) == value
    other = SiteRecord("shop", 2, "Shop", "America/New_York", (), {}, b"s")
    assert salts.salt(other, DAY, at(1)) != value
    assert salts.salt(SITE, date(2026, 3, 9), at(24)) != value


@pytest.mark.parametrize("held", [True, False])
def test_it_is_gone_after_48_hours_even_if_the_table_still_has_it(table, held) -> None:
    salts.salt(SITE, DAY, at(1))
    if not held:
        salts.forget()
    assert salts.salt(SITE, DAY, at(47.99)) is not None
    assert salts.salt(SITE, DAY, at(48)) is None
    assert salts.salt(SITE, DAY, at(1000)) is None


def test_it_is_not_made_for_days_that_lie_ahead(table) -> None:
    assert salts.salt(SITE, DAY, at(-2)) is None
    assert salts.salt(SITE, DAY, at(-0.05)) is not None


def test_the_table_forgets_it_too(table) -> None:
    salts.salt(SITE, DAY, at(1))
    ((key, item),) = table.items.items()
    assert key == ("salt#blog", "2026-03-08")
    assert item["expires"] == START + 48 * 3600


def test_old_salts_are_deleted_when_a_new_one_is_made(table) -> None:
    for day in range(1, 9):
        salts.salt(SITE, date(2026, 3, day), day_start(date(2026, 3, day), SITE.timezone) * MICROSECONDS)
    assert sorted(sk for _, sk in table.items) == ["2026-03-06", "2026-03-07", "2026-03-08"]


def test_the_first_of_two_containers_makes_it(table) -> None:
    first = salts.salt(SITE, DAY, at(1))
    salts.forget()
    # Another container asked just before the first one wrote.
    asked, get = [], salts.dynamo.get_item

    def late(*args, **kwargs):
        asked.append(1)
        return None if len(asked) == 1 else get(*args, **kwargs)

    salts.dynamo.get_item = late
    try:
        assert salts.salt(SITE, DAY, at(1)) == first
    finally:
        salts.dynamo.get_item = get


def test_without_the_store_nothing_is_made_up(table) -> None:
    table.away = True
    with pytest.raises(UnavailableError):
        salts.salt(SITE, DAY, at(1))


def test_a_container_does_not_hold_salts_that_are_over(table) -> None:
    salts.salt(SITE, DAY, at(1))
    salts.salt(SITE, date(2026, 3, 10), at(48.5))
    assert [day for _, day in salts._held] == [date(2026, 3, 10)]
