"""Figures of a funnel from the attempts that count, and the test of two rates. Pure."""

from __future__ import annotations

import math
from datetime import timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from streamgauge.clock import MICROSECONDS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date


class Tally:
    """People per step, the times between steps, and entries and conversions per day (its number within the range)."""

    def __init__(self, steps: int, days: int) -> None:
        self.people = [0] * steps
        self.gaps: list[list[int]] = [[] for _ in range(steps)]
        self.entries = [0] * days
        self.conversions = [0] * days

    def add(self, day: int, times: Sequence[int]) -> None:
        """Count a person by the times of the steps taken; the first was on that day."""
        self.entries[day] += 1
        for step in range(len(times)):
            self.people[step] += 1
        for step, (before, after) in enumerate(pairwise(times), 1):
            self.gaps[step].append(after - before)
        if len(times) == len(self.people):
            self.conversions[day] += 1

    def add_entries(self, day: int, people: int) -> None:
        """Count people who took the first step alone."""
        self.entries[day] += people
        self.people[0] += people
        if len(self.people) == 1:
            self.conversions[day] += people


def totals(tally: Tally) -> dict[str, Any]:
    """Return entries, conversions and their rate."""
    return {
        "entries": tally.people[0],
        "conversions": tally.people[-1],
        "conversion_rate": rate(tally.people[-1], tally.people[0]),
    }


def of_span(tally: Tally, start: date, names: Sequence[str]) -> dict[str, Any]:
    """Return all figures: totals, steps with times, and a row per day of entry from `start`."""
    return {
        **totals(tally),
        "steps": steps(tally, names, times=True),
        "daily": [
            {
                "date": (start + timedelta(day)).isoformat(),
                "entries": entries,
                "conversions": conversions,
                "conversion_rate": rate(conversions, entries),
            }
            for day, (entries, conversions) in enumerate(zip(tally.entries, tally.conversions, strict=True))
        ],
    }


def steps(tally: Tally, names: Sequence[str], *, times: bool) -> list[dict[str, Any]]:
    """Return a row per step, with the times from the step before when asked."""
    rows: list[dict[str, Any]] = []
    for step, name in enumerate(names):
        people, before = tally.people[step], tally.people[max(0, step - 1)]
        row: dict[str, Any] = {
            "step": step,
            "name": name,
            "people": people,
            "conversion_rate": rate(people, tally.people[0]),
            "step_conversion_rate": rate(people, before),
            "drop_off": before - people,
        }
        if times:
            gaps = sorted(tally.gaps[step])
            row["median_seconds"] = quantile(gaps, 0.5) / MICROSECONDS
            row["p90_seconds"] = quantile(gaps, 0.9) / MICROSECONDS
        rows.append(row)
    return rows


def rate(part: int, whole: int) -> float:
    """Return a share, 0 of nothing."""
    return part / whole if whole else 0.0


def quantile(ordered: Sequence[int], share: float) -> float:
    """Return a quantile of sorted values, between the two nearest where it lies between; 0 of nothing."""
    if not ordered:
        return 0.0
    place = share * (len(ordered) - 1)
    low = math.floor(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)


def z_test(a: tuple[int, int], b: tuple[int, int]) -> dict[str, float]:
    """Compare two rates, each (conversions, entries): a's less b's, z of the pooled rate, and the two-sided p-value.

    Where nobody entered, or all or none converted, nothing tells the two apart: z is 0 and p is 1.
    """
    (hits_a, all_a), (hits_b, all_b) = a, b
    difference = rate(hits_a, all_a) - rate(hits_b, all_b)
    pooled = rate(hits_a + hits_b, all_a + all_b)
    variance = pooled * (1 - pooled) * (1 / all_a + 1 / all_b) if all_a and all_b else 0.0
    z = difference / math.sqrt(variance) if variance > 0 else 0.0
    return {"difference": difference, "z": z, "p_value": math.erfc(abs(z) / math.sqrt(2))}
