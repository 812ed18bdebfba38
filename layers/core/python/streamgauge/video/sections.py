"""Watched sections [from, to) of a video, in seconds: their union, and which hundredths of the duration they hold. Pure."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from streamgauge.contributions import POINTS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from streamgauge.contributions import Curve

_DIGITS: Final = 9
"""To how many decimals of a hundredth a position is on an instant: far more coarse than floating-point numbers are off."""


def covered(sections: Iterable[Iterable[float]], duration: float) -> float:
    """Return the length of the union of [from, to) sections within [0, duration), in seconds."""
    total, reach = 0.0, 0.0
    for begin, end in sorted((max(0.0, begin), min(end, duration)) for begin, end in sections):
        # One that lies beyond the duration is left with its end before its begin.
        if end > max(begin, reach):
            total += end - max(begin, reach)
            reach = end
    return total


def add_points(sections: Iterable[Iterable[float]], duration: float, curve: Curve, step: int) -> None:
    """Add (`step` 1) or take away (-1) the instants p/100 x duration that [from, to) sections hold: each once to the audience."""
    held = []
    for begin, end in sections:
        first, last = first_point(begin, duration), first_point(end, duration)
        if first < last:
            held.append((first, last))
            curve.watches[first] += step
            curve.watches[last] -= step
    reach = -1
    for first, last in sorted(held):
        if first > reach:
            if reach >= 0:
                curve.audience[reach] -= step
            curve.audience[first] += step
        reach = max(reach, last)
    if reach >= 0:
        curve.audience[reach] -= step


def first_point(position: float, duration: float) -> int:
    """Return the first p of 0 to 100 whose instant p/100 x duration is not before a position."""
    if position <= 0:
        return 0
    if position >= duration:
        return POINTS
    # 0.04 s of 4 s is on the first hundredth, whatever binary fractions make of it.
    return math.ceil(round(position * POINTS / duration, _DIGITS))
