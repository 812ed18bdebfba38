from datetime import date, timedelta

import pytest
from pydantic import ValidationError
from streamgauge.edge.parameters import MAX_DAYS, ReportParameters, ReportRange, report_range
from streamgauge.errors import OutOfBoundsError

TODAY = date(2026, 3, 15)


def days(**asked: str) -> tuple[str, str]:
    found = report_range(ReportParameters(**asked), TODAY, "Europe/Berlin")
    return found.start.isoformat(), found.end.isoformat()


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({}, ("2026-02-14", "2026-03-15")),
        ({"period": "today"}, ("2026-03-15", "2026-03-15")),
        ({"period": "7d"}, ("2026-03-09", "2026-03-15")),
        ({"period": "30d"}, ("2026-02-14", "2026-03-15")),
        ({"period": "90d"}, ("2025-12-16", "2026-03-15")),
        ({"period": "12mo"}, ("2025-04-01", "2026-03-15")),
        ({"startDate": "2026-01-01", "endDate": "2026-01-31"}, ("2026-01-01", "2026-01-31")),
        ({"startDate": "2026-03-15", "endDate": "2026-03-15"}, ("2026-03-15", "2026-03-15")),
        ({"startDate": "2026-03-01"}, ("2026-03-01", "2026-03-15")),
        ({"endDate": "2026-01-30"}, ("2026-01-01", "2026-01-30")),
        ({"startDate": "2027-01-01", "endDate": "2027-01-02"}, ("2027-01-01", "2027-01-02")),
    ],
)
def test_ranges(asked, expected) -> None:
    assert days(**asked) == expected


def test_twelve_months_begin_with_a_first_of_month_in_every_month() -> None:
    for offset in range(400):
        today = date(2024, 1, 1) + timedelta(days=offset)
        found = report_range(ReportParameters(period="12mo"), today, "UTC")
        assert found.start.day == 1
        assert (today.year * 12 + today.month) - (found.start.year * 12 + found.start.month) == 11


@pytest.mark.parametrize(
    ("asked", "where"),
    [
        ({"startDate": "2026-03-02", "endDate": "2026-03-01"}, "endDate"),
        ({"startDate": "yesterday"}, "startDate"),
        ({"startDate": "2026-02-30"}, "startDate"),
        ({"startDate": "20260301"}, "startDate"),
        ({"startDate": "2026-W10-1"}, "startDate"),
        ({"startDate": "\u0662\u0660\u0662\u0666-\u0660\u0663-\u0660\u0661"}, "startDate"),
        ({"startDate": "0001-01-01"}, "startDate"),
        ({"endDate": "9999-12-31"}, "endDate"),
        ({"startDate": "2000-01-01", "endDate": "2026-01-01"}, "startDate"),
        ({"startDate": "2026-03-01", "period": "7d"}, "period"),
        ({"startDate": ""}, "startDate"),
        ({"startDate": "2027-03-01"}, "endDate"),
    ],
)
def test_wrong_ranges_are_named(asked, where) -> None:
    with pytest.raises(OutOfBoundsError) as refused:
        days(**asked)
    assert refused.value.errors[0][0] == ["query", where]


def test_the_longest_range() -> None:
    start = TODAY - timedelta(days=MAX_DAYS - 1)
    assert days(startDate=start.isoformat()) == (start.isoformat(), TODAY.isoformat())
    with pytest.raises(OutOfBoundsError):
        days(startDate=(start - timedelta(days=1)).isoformat())


@pytest.mark.parametrize(
    "wrong",
    [
        {"limit": 0},
        {"limit": 1001},
        {"limit": "ten"},
        {"period": "1d"},
        {"bots": "all"},
        {"compare": "next"},
        {"cursor": "x" * 1001},
    ],
)
def test_other_parameters_have_bounds(wrong) -> None:
    with pytest.raises(ValidationError):
        ReportParameters.model_validate(wrong)


def test_a_range_is_echoed() -> None:
    found = ReportRange(date(2026, 3, 9), date(2026, 3, 15), "Europe/Berlin")
    assert found.echo() == {"start": "2026-03-09", "end": "2026-03-15", "timezone": "Europe/Berlin"}
