"""Who got how far: pure; `docs/definitions.md`, Funnels, says what is counted. Times are microseconds."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from heapq import merge
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

Order = Literal["sequential", "strict", "any"]

MOST_STEPS: Final = 16
MOST_EXCLUSIONS: Final = 16
_FEW: Final = 32
BREAK: Final = 1 << (MOST_STEPS + MOST_EXCLUSIONS)
"""Mark of an event that stands between two steps of a `strict` funnel, whatever steps it matches."""
BARRED: Final = BREAK << 1
"""Mark, above all others, of an event that no attempt may enter with: its visit does not meet the filters asked for."""
STEP_MARKS: Final = (1 << MOST_STEPS) - 1


class Rule(NamedTuple):
    """What of a definition decides attempts: number of steps, `window` in microseconds, exclusions as (from, to) steps."""

    steps: int
    window: int
    order: Order
    exclusions: tuple[tuple[int, int], ...] = ()


def step_mark(step: int) -> int:
    """Return the mark of an event that matches a step."""
    return 1 << step


def exclusion_mark(exclusion: int) -> int:
    """Return the mark of an event that an exclusion names."""
    return 1 << (MOST_STEPS + exclusion)


def best_attempt(
    rule: Rule, times: Sequence[int], marks: Sequence[int], since: int, until: int
) -> tuple[int, ...] | None:
    """Return the places (in `times`) of the events of a person's attempt that counts; None without a clean one.

    `times` and `marks` are the person's events in order of (time, id); an attempt enters in [since, until), with no BARRED
    event. The one that came furthest counts, then the earliest.
    """
    if rule.order == "sequential" and not rule.exclusions and len(times) <= _FEW:
        return _best_of_few(rule, times, marks, since, until)
    person = _Person(rule, times, marks)
    best: tuple[int, ...] | None = None
    first, last = bisect_left(times, since), bisect_left(times, until)
    opens = STEP_MARKS if rule.order == "any" else 1
    for place in range(first, last):
        if not marks[place] & opens or marks[place] & BARRED:
            continue
        found = person.attempt(place)
        if found is not None and (best is None or len(found) > len(best)):
            best = found
            if len(best) == rule.steps:
                break
    return best


def _best_of_few(
    rule: Rule, times: Sequence[int], marks: Sequence[int], since: int, until: int
) -> tuple[int, ...] | None:
    """Return the same for the plain case by trying every entry: nearly everybody has but a few events."""
    best: list[int] = []
    for entry, time in enumerate(times):
        if not marks[entry] & 1 or marks[entry] & BARRED or not since <= time < until:
            continue
        taken, last, wanted = [entry], time + rule.window, 2
        for place in range(entry + 1, len(times)):
            if times[place] > last or len(taken) == rule.steps:
                break
            if marks[place] & wanted:
                taken.append(place)
                wanted <<= 1
        if len(taken) > len(best):
            best = taken
            if len(best) == rule.steps:
                break
    return tuple(best) if best else None


class _Person:
    """The events of one person, ready to be asked for the next of a kind: an attempt takes time in its steps alone."""

    def __init__(self, rule: Rule, times: Sequence[int], marks: Sequence[int]) -> None:
        self.rule, self.times, self.marks = rule, times, marks
        places = range(len(times))
        self.excluded = [
            [place for place in places if marks[place] & exclusion_mark(number)]
            for number in range(len(rule.exclusions))
        ]
        self.of_step: list[list[int]] = []
        self.that_count: list[int] = []
        self.of_mask: dict[int, list[int]] = {}
        if rule.order == "sequential":
            self.of_step = [[p for p in places if marks[p] & step_mark(step)] for step in range(rule.steps)]
        elif rule.order == "strict":
            self.that_count = [place for place in places if marks[place] & (STEP_MARKS | BREAK)]
        else:
            for place in places:
                if marks[place] & STEP_MARKS:
                    self.of_mask.setdefault(marks[place] & STEP_MARKS, []).append(place)

    def attempt(self, entry: int) -> tuple[int, ...] | None:
        """Return the places of the steps taken by the attempt that enters with an event; None when it is spoiled."""
        end = bisect_right(self.times, self.times[entry] + self.rule.window)
        if self.rule.order == "sequential":
            taken = self._in_order(entry, end)
        elif self.rule.order == "strict":
            taken = self._strictly(entry, end)
        else:
            taken = self._in_any_order(entry, end)
        for places, (begin, goal) in zip(self.excluded, self.rule.exclusions, strict=True):
            if begin < len(taken):
                limit = taken[goal] if goal < len(taken) else end
                following = bisect_right(places, taken[begin])
                if following < len(places) and places[following] < limit:
                    return None
        return tuple(taken)

    def _in_order(self, entry: int, end: int) -> list[int]:
        taken = [entry]
        for places in self.of_step[1:]:
            following = bisect_right(places, taken[-1])
            if following == len(places) or places[following] >= end:
                break
            taken.append(places[following])
        return taken

    def _strictly(self, entry: int, end: int) -> list[int]:
        taken = [entry]
        at = bisect_left(self.that_count, entry)
        for step in range(1, self.rule.steps):
            at += 1
            if at == len(self.that_count):
                break
            place = self.that_count[at]
            if place >= end or not self.marks[place] & step_mark(step):
                break
            taken.append(place)
        return taken

    def _in_any_order(self, entry: int, end: int) -> list[int]:
        """Take each event by which one more step can be served, each step by an event of its own.

        Of events that match the same steps no more than there are steps can ever be of use.
        """
        useful: list[list[int]] = []
        for places in self.of_mask.values():
            first = bisect_left(places, entry)
            useful.append([place for place in places[first : first + self.rule.steps] if place < end])
        served: dict[int, int] = {}
        taken: list[int] = []
        for place in merge(*useful):
            if _serve(place, self.marks, served, set(), self.rule.steps):
                taken.append(place)
                if len(taken) == self.rule.steps:
                    break
        return taken


def _serve(place: int, marks: Sequence[int], served: dict[int, int], tried: set[int], steps: int) -> bool:
    """Let an event serve a step, moving others to other steps of theirs (an augmenting path); False when none is left."""
    for step in range(steps):
        if marks[place] & step_mark(step) and step not in tried:
            tried.add(step)
            if step not in served or _serve(served[step], marks, served, tried, steps):
                served[step] = place
                return True
    return False
