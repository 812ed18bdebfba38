"""Top lists by visitors without counting everybody exactly: the sum of daily visitors bounds a value's uniques from above."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

_MARGIN: Final = 5
MOST_AT_ONCE: Final = 200


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
    waiting = next(candidates, None)
    while waiting is not None and not _settled(ranked, count, waiting):
        piece = [waiting]
        waiting = None
        for one in candidates:
            # The last place of the list can only rise: what lies below it now stays below. The rest is counted at once.
            if len(piece) >= (MOST_AT_ONCE if len(ranked) >= count else count + _MARGIN) or _settled(
                ranked, count, one
            ):
                waiting = one
                break
            piece.append(one)
        exact = distinct([one.code for one in piece if one.lasting])
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
