"""Top lists by visitors without counting everybody exactly: sums of daily visitors bound a value's uniques from above."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

_MARGIN: Final = 5
MOST_AT_ONCE: Final = 200
DEEPER: Final = 4
"""How many times as many values are listed where the first were too few."""


class Candidate(NamedTuple):
    """A value of a dimension; `lasting` of the `daily` visitors may be the same person on several days."""

    code: int
    name: str
    daily: int
    lasting: int


class Listed(NamedTuple):
    """Values, and how many daily visitors (`rest`) any value that is not among them has at most; None: there is no other."""

    candidates: list[Candidate]
    rest: int | None


class Ranked(NamedTuple):
    """A value with its exact visitors."""

    code: int
    name: str
    visitors: int


def top(
    listed: Callable[[int], Listed], take: int, count: int, distinct: Callable[[list[int]], Mapping[int, int]]
) -> list[Ranked]:
    """Return the `count` values with most visitors, ties by name.

    `listed` gives values for a number of how many to take of each list that it looks at, first `take`, then more until nothing
    else can enter; `distinct` gives the distinct lasting visitors of codes, and is asked once for each.
    """
    exact: dict[int, int] = {}
    while True:
        candidates, rest = listed(take)
        ranked = _rank(sorted(candidates, key=lambda one: (-one.daily, one.name)), count, distinct, exact)
        if rest is None or (len(ranked) >= count and ranked[-1].visitors > rest):
            return ranked
        take *= DEEPER


def _rank(
    candidates: Sequence[Candidate],
    count: int,
    distinct: Callable[[list[int]], Mapping[int, int]],
    exact: dict[int, int],
) -> list[Ranked]:
    """Return the best of candidates that come with the largest `daily` first.

    They are counted in that order, in pieces, until the last place of the list lies above the bound of all that remain.
    """
    ranked: list[Ranked] = []
    at = 0
    while at < len(candidates) and not _settled(ranked, count, candidates[at]):
        first, most = at, MOST_AT_ONCE if len(ranked) >= count else count + _MARGIN
        # The last place of the list can only rise: what lies below it now stays below. The rest is counted at once.
        while at < len(candidates) and at - first < most and not _settled(ranked, count, candidates[at]):
            at += 1
        piece = candidates[first:at]
        asked = [one.code for one in piece if one.lasting and one.code not in exact]
        if asked:
            found = distinct(asked)
            exact.update((code, found.get(code, 0)) for code in asked)
        ranked += [Ranked(one.code, one.name, one.daily - one.lasting + exact.get(one.code, 0)) for one in piece]
        ranked.sort(key=lambda one: (-one.visitors, one.name))
        del ranked[count:]
    return ranked


def _settled(ranked: Sequence[Ranked], count: int, following: Candidate) -> bool:
    """Say whether no candidate from `following` on can still enter the list, not even at its bound."""
    if len(ranked) < count:
        return False
    last = ranked[count - 1]
    return (-last.visitors, last.name) < (-following.daily, following.name)
