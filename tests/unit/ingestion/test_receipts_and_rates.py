import pytest
from streamgauge.errors import TooManyRequestsError
from streamgauge.ingestion.rates import WINDOW, Rates, name_of
from streamgauge.ingestion.receipts import Register
from streamgauge.ingestion.stamp import new_ids


def test_numbers_run_by_site_and_hour() -> None:
    register = Register()
    taken = [register.take("a", 0, 0), register.take("a", 0, 2), register.take("a", 3600, 0), register.take("b", 0, 0)]
    assert [(receipt.hour, receipt.n, receipt.repeats) for receipt in taken] == [
        (0, 0, 0),
        (0, 1, 2),
        (3600, 0, 0),
        (0, 0, 0),
    ]
    assert len({receipt.writer for receipt in taken}) == 1
    assert 0 <= taken[0].writer < 2**62, "Postgres' bigint holds it"


def test_a_new_writer_begins_at_nought() -> None:
    register = Register()
    before = register.take("a", 0, 0)
    register.renew()
    after = register.take("a", 0, 0)
    assert (before.n, after.n) == (0, 0)
    assert before.writer != after.writer


def test_a_register_does_not_grow_without_end() -> None:
    register = Register()
    taken = {(receipt.writer, receipt.hour, receipt.n) for receipt in (register.take("a", n, 0) for n in range(10_000))}
    taken |= {
        (receipt.writer, receipt.hour, receipt.n) for receipt in (register.take("a", n, 0) for n in range(10_000))
    }
    assert len(taken) == 20_000, "no receipt twice"
    assert len(register._next) <= 4096


def test_a_window_is_a_minute_from_its_first_request() -> None:
    rates = Rates()
    for now in (0, 1, WINDOW - 1):
        rates.count("a", 3, now)
    with pytest.raises(TooManyRequestsError) as refused:
        rates.count("a", 3, WINDOW - 1)
    assert refused.value.retry_after == 1
    rates.count("b", 3, WINDOW - 1)
    rates.count("a", 3, WINDOW)


def test_nought_is_no_limit() -> None:
    rates = Rates()
    for _ in range(1000):
        rates.count("a", 0, 0)


def test_rates_do_not_grow_without_end() -> None:
    rates = Rates()
    for number in range(50_000):
        rates.count(str(number), 3, number)
    assert len(rates._windows) <= 20_000


def test_a_household_of_ipv6_is_one() -> None:
    assert name_of("2001:db8:1:2:aaaa::1") == name_of("2001:db8:1:2:bbbb::2") != name_of("2001:db8:1:3::1")
    assert name_of("203.0.113.7") == "203.0.113.7"
    assert name_of(":nonsense") == ":nonsense"


def test_new_ids_are_different_and_sort_as_they_stand() -> None:
    ids = new_ids(1_780_000_000_000_000, 500) + new_ids(1_780_000_000_001_000, 500)
    assert len(set(ids)) == 1000
    assert ids == sorted(ids)
    assert {len(one) for one in ids} == {36}
    assert {one[14] for one in ids} == {"7"}
