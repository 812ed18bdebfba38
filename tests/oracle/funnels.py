"""Funnels by brute force, from the sentences of the definitions; shares no code with what it checks."""

from __future__ import annotations

from itertools import combinations, permutations
from typing import NamedTuple


class Event(NamedTuple):
    """An event of one person, in order: the steps and exclusions that it matches; `interrupts` a strict attempt.

    `barred`: its visit does not meet the filters, so no attempt enters with it.
    """

    time: int
    steps: frozenset[int]
    exclusions: frozenset[int] = frozenset()
    interrupts: bool = True
    barred: bool = False


def best(
    events: list[Event],
    steps: int,
    window: int,
    order: str,
    exclusions: list[tuple[int, int]],
    since: int,
    until: int,
) -> tuple[int, ...] | None:
    """Return the times of the steps of the attempt that counts, None without one."""
    attempts = []
    for at, event in enumerate(events):
        opens = bool(event.steps) if order == "any" else 0 in event.steps
        if event.barred or not opens or not since <= event.time < until:
            continue
        within = [n for n in range(at, len(events)) if events[n].time <= event.time + window]
        taken = {"sequential": _sequential, "strict": _strict, "any": _any}[order](events, within, steps)
        if not any(_spoiled(events, within, taken, n, pair) for n, pair in enumerate(exclusions)):
            attempts.append(taken)
    if not attempts:
        return None
    furthest = max(map(len, attempts))
    chosen = min((taken for taken in attempts if len(taken) == furthest), key=lambda taken: taken[0])
    return tuple(events[n].time for n in chosen)


def _sequential(events: list[Event], within: list[int], steps: int) -> list[int]:
    taken = [within[0]]
    for step in range(1, steps):
        later = [n for n in within if n > taken[-1] and step in events[n].steps]
        if not later:
            break
        taken.append(later[0])
    return taken


def _strict(events: list[Event], within: list[int], steps: int) -> list[int]:
    taken = [within[0]]
    for step in range(1, steps):
        for n in within:
            if n > taken[-1] and (events[n].steps or events[n].interrupts):
                if step in events[n].steps:
                    taken.append(n)
                break
        if len(taken) == step:
            break
    return taken


def _any(events: list[Event], within: list[int], steps: int) -> list[int]:
    """Row k is reached at the first event by which k different steps can be served by k different events."""
    taken: list[int] = []
    seen: list[int] = []
    for n in within:
        seen.append(n)
        if _most_served([events[one].steps for one in seen], steps) > len(taken):
            taken.append(n)
    return taken


def _most_served(matches: list[frozenset[int]], steps: int) -> int:
    useful = [one for one in matches if one]
    for size in range(min(steps, len(useful)), 0, -1):
        for some in combinations(useful, size):
            if any(
                all(step in one for step, one in zip(order, some, strict=True))
                for order in permutations(range(steps), size)
            ):
                return size
    return 0


def _spoiled(events: list[Event], within: list[int], taken: list[int], number: int, pair: tuple[int, int]) -> bool:
    begin, goal = pair
    if begin >= len(taken):
        return False
    between = [n for n in within if n > taken[begin] and (goal >= len(taken) or n < taken[goal])]
    return any(number in events[n].exclusions for n in between)
