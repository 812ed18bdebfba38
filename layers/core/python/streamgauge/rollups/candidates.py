"""Top lists by visitors without counting everybody exactly: the sum of daily visitors bounds a value's uniques from above."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

_MARGIN: Final = 5


class Candidate(NamedTuple):
    """A value of a dimension; `lasting` of the `daily` visitors may be the same person on several days."""

    code: int
    name: str
    daily: int
    lasting: int


class Ranked(NamedTuple):
    """A value with its exact visitors."""

    code: int
    name: str
    visitors: int


def top(
    candidates: Iterator[Candidate], count: int, distinct: Callable[[list[int]], Mapping[int, int]]
) -> list[Ranked]:
    """Return the `count` values with most visitors, ties by name.

    `candidates` come with the largest `daily` first, equal ones by name; `distinct` gives the distinct lasting visitors of codes. Values are
    counted in that order, in pieces, until the last place of the list lies above the bound of all that remain.
    """
    ranked: list[Ranked] = []
    piece = list(islice(candidates, count + _MARGIN))
    while piece and not _settled(ranked, count, piece[0]):
        exact = distinct([one.code for one in piece if one.lasting])
        ranked += [Ranked(one.code, one.name, one.daily - one.lasting + exact.get(one.code, 0)) for one in piece]
        ranked.sort(key=lambda one: (-one.visitors, one.name))
        del ranked[count:]
        piece = list(islice(candidates, count + _MARGIN))
    return ranked


def _settled(ranked: Sequence[Ranked], count: int, following: Candidate) -> bool:
    """Say whether no candidate from `following` on can still enter the list, not even at its bound."""
    if len(ranked) < count:
        return False
    last = ranked[count - 1]
    return (-last.visitors, last.name) < (-following.daily, following.name)
