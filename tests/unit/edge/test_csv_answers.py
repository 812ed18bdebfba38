import csv
import io

import pytest
from streamgauge.edge.csv_answers import defuse, wants_csv, write_csv

from tests.support.requests import request


@pytest.mark.parametrize(
    "text",
    [
        "=1+1",
        "+1",
        "-1",
        "@SUM(A1)",
        "\tx",
        "\rx",
        "\nx",
        '=HYPERLINK("https://evil")',
        " =1",
        "  @x",
        "=cmd|' /C calc'!A0",
        "\uff1d1+1",
        " \uff20x",
    ],
)
def test_formulas_are_defused(text) -> None:
    assert defuse(text) == f"'{text}"


@pytest.mark.parametrize("value", ["plain", "a=b", "/path", "", 5, -5, -0.5])
def test_other_cells_stay(value) -> None:
    assert defuse(value) == value


def test_what_csv_lacks() -> None:
    assert defuse(None) == ""
    assert defuse(True) == "true"
    assert defuse(["=a"]) == '["=a"]'


def test_rows_come_back_as_they_were() -> None:
    rows = [{"name": 'a "b", c', "n": 1}, {"name": "line\nbreak", "n": 2, "more": True}]
    read = list(csv.DictReader(io.StringIO(write_csv(rows), newline="")))
    assert read == [{"name": 'a "b", c', "n": "1", "more": ""}, {"name": "line\nbreak", "n": "2", "more": "true"}]
    assert write_csv([]) == ""


def test_comparisons_have_columns_of_their_own() -> None:
    compared = {"visitors": {"value": 4, "change": 75.0}, "visits": {"value": 0, "change": None}}
    rows = [{"comparison": compared, "name": "/a", "visitors": 7, "visits": 2}]
    assert write_csv(rows).splitlines() == [
        "name,visitors,visits,previous_visitors,previous_visits,change_visitors,change_visits",
        "/a,7,2,4,0,75.0,",
    ]


def test_names_of_columns_are_defused_too() -> None:
    assert write_csv([{"=x": 1}]) == "'=x\r\n1\r\n"


@pytest.mark.parametrize(
    ("accept", "wanted"),
    [
        ("text/csv", True),
        ("TEXT/CSV; header=present", True),
        ("*/*", False),
        ("application/json, text/csv", False),
        ("", False),
    ],
)
def test_csv_is_for_those_who_ask_for_it(accept, wanted) -> None:
    assert wants_csv(request("GET", "/", headers={"accept": accept})) is wanted
