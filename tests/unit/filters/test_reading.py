"""Filters as they stand in a query."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from streamgauge.errors import OutOfBoundsError
from streamgauge.filters.models import Condition, Name
from streamgauge.filters.reading import MOST_FILTERS, MOST_VALUES, is_filter, read_filters


@pytest.mark.parametrize(
    ("text", "condition"),
    [
        ("DE", Condition(Name.COUNTRY, ("DE",))),
        ("DE|FR", Condition(Name.COUNTRY, ("DE", "FR"))),
        ("!DE|FR", Condition(Name.COUNTRY, ("DE", "FR"), negated=True)),
        ("~D", Condition(Name.COUNTRY, ("D",), part=True)),
        ("!~D", Condition(Name.COUNTRY, ("D",), part=True, negated=True)),
        ("", Condition(Name.COUNTRY, ("",))),
        ("!", Condition(Name.COUNTRY, ("",), negated=True)),
        ("DE|", Condition(Name.COUNTRY, ("DE", ""))),
        (r"\!DE", Condition(Name.COUNTRY, ("!DE",))),
        (r"!\~DE", Condition(Name.COUNTRY, ("~DE",), negated=True)),
        (r"a\|b|c\\", Condition(Name.COUNTRY, ("a|b", "c\\"))),
        ("end\\", Condition(Name.COUNTRY, ("end\\",))),
    ],
)
def test_forms(text, condition):
    assert read_filters([("country", text)]).conditions == (condition,)


def test_pages_are_folded_as_they_are_kept():
    found = read_filters([("page", "/a/|/"), ("entry_page", "~/a/"), ("prop:plan", "/a/")]).conditions
    assert [one.values for one in found] == [("/a", "/"), ("/a/",), ("/a/",)]


def test_what_has_no_value():
    def lets(text):
        return read_filters([("country", text)]).conditions[0].lets_absent

    assert [lets(text) for text in ("DE", "!DE", "", "!", "~D", "!~D", "DE|")] == [
        False, True, True, False, False, True, True,
    ]  # fmt: skip


def test_kinds():
    filters = read_filters([("page", "/a"), ("country", "!DE"), ("prop:plan", "pro"), ("event", "x")])
    assert [one.name for one in filters.of_visits] == [Name.COUNTRY]
    assert [(one.name, one.key) for one in filters.of_events] == [
        (Name.PAGE, ""),
        (Name.PROPERTY, "plan"),
        (Name.EVENT, ""),
    ]
    assert filters.lets_visitless
    assert is_filter("prop:x")
    assert not is_filter("prop")
    assert not is_filter("colour")


@pytest.mark.parametrize(
    "pairs",
    [
        [("country", "~")],
        [("country", "~a|")],
        [("prop:", "x")],
        [("country", "a\0")],
        [("prop:a\0", "a")],
        [("country", "|".join("a" * (MOST_VALUES + 1)))],
        [("country", "x" * 10_000)],
        [("country", "a")] * (MOST_FILTERS + 1),
    ],
)
def test_what_cannot_be_read(pairs):
    with pytest.raises(OutOfBoundsError) as caught:
        read_filters(pairs)
    assert caught.value.errors[0][0] == ["query", pairs[-1][0]]


@given(st.lists(st.text(st.characters(exclude_characters="\0"), min_size=1, max_size=20), min_size=1, max_size=5))
def test_any_values_can_be_written(values):
    def plain(text):
        return "".join(f"\\{sign}" if sign in "\\|!~" else sign for sign in text)

    assert read_filters([("city", "|".join(map(plain, values)))]).conditions == (Condition(Name.CITY, tuple(values)),)
