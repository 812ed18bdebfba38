"""Pages by property: each page of a list once, in order, whichever way its rows were found."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st
from streamgauge.paging import Page

if TYPE_CHECKING:
    from collections.abc import Callable


def read(limit: int, find: Callable[[Page], tuple[list[int], int | None]]) -> list[int]:
    found: list[int] = []
    skip: int | None = 0
    while skip is not None:
        rows, skip = find(Page(limit, skip))
        assert len(rows) == limit or skip is None
        found += rows
    return found


@given(st.integers(0, 40), st.integers(1, 12))
def test_the_pages_make_up_the_list(length: int, limit: int) -> None:
    every = list(range(length))
    assert read(limit, lambda page: page.of_all(every)) == every
    assert read(limit, lambda page: page.of_all(every[: page.take])) == every
    assert read(limit, lambda page: page.of_rest(every[page.skip : page.take])) == every


def test_a_page_behind_the_end_is_empty_and_the_last() -> None:
    assert Page(5, 10).of_all([1, 2, 3]) == ([], None)
