"""A figure beside what it is held to."""

from __future__ import annotations

import math
import statistics
import time
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


class Figure(NamedTuple):
    """One row of `bench.json`; `target` and `holds` are None where nothing is asked."""

    name: str
    value: float
    unit: str
    reference: str
    target: float | None
    holds: bool | None


def at_most(name: str, value: float, unit: str, reference: str, target: float) -> Figure:
    """Return a figure that is asked to be no larger than its target."""
    return Figure(name, round(value, 3), unit, reference, target, value <= target)


def at_least(name: str, value: float, unit: str, reference: str, target: float) -> Figure:
    """Return a figure that is asked to be no smaller than its target."""
    return Figure(name, round(value, 3), unit, reference, target, value >= target)


def plain(name: str, value: float, unit: str, reference: str) -> Figure:
    """Return a figure of which nothing is asked."""
    return Figure(name, round(value, 3), unit, reference, None, None)


def percentile(values: Sequence[float], share: float) -> float:
    """Return the smallest value that at least this share of the values does not exceed."""
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]


def median(values: Sequence[float]) -> float:
    """Return the middle value."""
    return statistics.median(values)


def timed_ms(run: Callable[[], object]) -> float:
    """Return how many milliseconds a call takes."""
    start = time.perf_counter()
    run()
    return (time.perf_counter() - start) * 1000
