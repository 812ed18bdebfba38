"""Top lists by visitors without counting everybody exactly: the sum of daily visitors bounds a value's uniques from above."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

_MARGIN: Final = 10


class Candidate(NamedTuple):
    """A value of a dimension; `lasting` of the `daily` visitors (sums over days) may be the same person on several days."""

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
    candidates: Sequence[Candidate], count: int, distinct: Callable[[list[int]], Mapping[int, int]]
) -> list[Ranked]:
    """Return the `count` values with most visitors, ties by name; `distinct` gives the distinct lasting visitors of codes.

    Values are counted in order of their bound, in growing pieces, until the last place of the list lies above the next bound.
    """
    waiting = sorted(candidates, key=lambda one: (-one.daily, one.name))
    ranked: list[Ranked] = []
    piece = count + _MARGIN
    while waiting and not _settled(ranked, count, waiting[0].daily):
        now, waiting = waiting[:piece], waiting[piece:]
        exact = distinct([one.code for one in now if one.lasting])
        ranked += [Ranked(one.code, one.name, one.daily - one.lasting + exact.get(one.code, 0)) for one in now]
        ranked.sort(key=lambda one: (-one.visitors, one.name))
        del ranked[count:]
    return ranked


def _settled(ranked: Sequence[Ranked], count: int, bound: int) -> bool:
    """Say whether nothing of at most `bound` visitors can still enter the list; an equal one might, by its name."""
    return len(ranked) >= count and ranked[count - 1].visitors > bound
