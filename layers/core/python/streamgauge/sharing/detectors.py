"""The three rules. Pure: sessions of one user in, evidence out; neither their order nor their repetition changes anything."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import defaultdict
from math import isfinite
from typing import TYPE_CHECKING

from streamgauge.clock import MICROSECONDS
from streamgauge.sharing.geography import distance_km, is_impossible, reach, reduced_km, speed_kmh
from streamgauge.sharing.models import CONCURRENT, DAY, DEVICES, GEOGRAPHY, KNOWN_DEVICE, Finding, Use, Watched

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from streamgauge.sharing.models import Point, Thresholds

    Moments = Sequence[tuple[int, int]]


def findings(
    sessions: Iterable[Watched], uses: Iterable[Use], first_seen: int | None, thresholds: Thresholds
) -> list[Finding]:
    """Return all evidence in sessions of one user; `uses` and `first_seen` are what is known of the user's devices before."""
    known = distinct(sessions)
    return [
        *concurrent_streams(known, thresholds.concurrent_streams),
        *geo_impossible(known, thresholds.geo_distance_km, thresholds.geo_speed_kmh),
        *device_spike(known, uses, first_seen, thresholds.device_spike),
    ]


def distinct(sessions: Iterable[Watched]) -> list[Watched]:
    """Return each session once, by start and id."""
    return sorted({one.session_id: one for one in sessions}.values(), key=lambda one: (one.start, one.session_id))


def concurrent_streams(sessions: Sequence[Watched], threshold: int) -> list[Finding]:
    """Find when more than `threshold` devices play at one moment: one finding for each stretch of time, with its most devices."""
    changes = sorted(
        change
        for number, session in enumerate(sessions)
        for begin, end in session.intervals
        if end > begin
        # At the same moment ends come before beginnings: intervals are half-open.
        for change in ((end, 0, number), (begin, 1, number))
    )
    playing: defaultdict[str, set[int]] = defaultdict(set)
    found: list[Finding] = []
    begun: int | None = None
    most, involved = 0, set[int]()
    for position, (time, kind, number) in enumerate(changes):
        device = sessions[number].device
        if kind:
            playing[device].add(number)
        else:
            playing[device].discard(number)
            if not playing[device]:
                del playing[device]
        if position + 1 < len(changes) and changes[position + 1][0] == time:
            continue
        if len(playing) > threshold:
            begun = time if begun is None else begun
            most = max(most, len(playing))
            involved.update(*playing.values())
        elif begun is not None:
            those = tuple(sessions[one] for one in sorted(involved))
            details = {"streams": most, "seconds": (time - begun) // MICROSECONDS}
            found.append(Finding(CONCURRENT, begun, time, float(most), those, overlaps=True, details=details))
            begun, most, involved = None, 0, set()
    return found


def geo_impossible(sessions: Sequence[Watched], threshold_km: float, most_kmh: float) -> list[Finding]:
    """Find pairs of sessions on distinct devices that are too far apart to be one person's."""
    placed = [one for one in sessions if one.point is not None and one.moments]
    far = reach(most_kmh)
    found: list[Finding] = []
    for number, earlier in enumerate(placed):
        for later in placed[number + 1 :]:
            if later.start > earlier.last + far:
                break
            finding = _apart(earlier, later, threshold_km, most_kmh)
            if finding is not None:
                found.append(finding)
    return found


def _apart(a: Watched, b: Watched, threshold_km: float, most_kmh: float) -> Finding | None:
    if a.device == b.device or a.point is None or b.point is None:
        return None
    if a.network is not None and a.network == b.network:
        return None
    reduced = reduced_km(a.point, b.point)
    if reduced <= threshold_km:
        return None
    details: dict[str, float] = {
        "distance_km": round(_straight(a.point, b.point), 1),
        "reduced_distance_km": round(reduced, 1),
    }
    common = _common(a.intervals, b.intervals)
    if common:
        details["overlap_seconds"] = sum(end - begin for begin, end in common) // MICROSECONDS
        return Finding(GEOGRAPHY, common[0][0], common[-1][1], reduced, (a, b), overlaps=True, details=details)
    begin, end = _nearest(a.moments, b.moments)
    if not is_impossible(reduced, end - begin, most_kmh):
        return None
    speed = speed_kmh(reduced, end - begin)
    details["gap_seconds"] = (end - begin) // MICROSECONDS
    if isfinite(speed):
        details["needed_kmh"] = round(speed, 1)
    return Finding(GEOGRAPHY, begin, end, reduced, (a, b), details=details)


def _straight(a: Point, b: Point) -> float:
    return distance_km(a.latitude, a.longitude, b.latitude, b.longitude) or 0.0


def _common(a: Moments, b: Moments) -> list[tuple[int, int]]:
    """Return when two sets of half-open intervals hold both."""
    found: list[tuple[int, int]] = []
    left = right = 0
    while left < len(a) and right < len(b):
        begin, end = max(a[left][0], b[right][0]), min(a[left][1], b[right][1])
        if begin < end:
            found.append((begin, end))
        if a[left][1] < b[right][1]:
            left += 1
        else:
            right += 1
    return found


def _nearest(a: Moments, b: Moments) -> tuple[int, int]:
    """Return the shortest gap between two sets of moments that have no time in common: end of the one, start of the other."""
    for own, other in ((a, b), (b, a)):
        for begin, end in own:
            if begin == end and any(low <= begin < high for low, high in other):
                # Present in the middle of the other: no time to travel at all.
                return begin, begin
    best: tuple[int, int, int] | None = None
    ends = {0: [end for _, end in a], 1: [end for _, end in b]}
    for own, others in ((a, ends[1]), (b, ends[0])):
        for begin, _ in own:
            before = bisect_left(others, begin + 1) - 1
            if before >= 0:
                gap = (begin - others[before], others[before], begin)
                best = gap if best is None else min(best, gap)
    # One of the two begins last, and then the other has ended.
    return (0, 0) if best is None else (best[1], best[2])


def device_spike(
    sessions: Sequence[Watched], uses: Iterable[Use], first_seen: int | None, threshold: int
) -> list[Finding]:
    """Find when more than `threshold` devices that the user had not used in 90 days came within 24 h.

    Devices of the user's first 24 h are no news, and neither are sessions that do not say on what they play.
    """
    named = [one for one in sessions if one.names_device]
    if first_seen is None:
        first_seen = min((one.start for one in sessions), default=0)
    before: defaultdict[str, list[Use]] = defaultdict(list)
    for use in {*uses, *(Use(one.device, one.start, one.last) for one in named)}:
        insort(before[use.device], use)
    fresh = [one for one in named if one.start >= first_seen + DAY and _is_new(one, before[one.device])]
    runs: list[list[Watched]] = []
    most: list[int] = []
    left = 0
    for right, session in enumerate(fresh):
        while fresh[left].start <= session.start - DAY:
            left += 1
        count = len({one.device for one in fresh[left : right + 1]})
        if count <= threshold:
            continue
        if runs and runs[-1][-1].start >= fresh[left].start:
            runs[-1] += [
                one for one in fresh[left : right + 1] if one.start > runs[-1][-1].start or one not in runs[-1]
            ]
            most[-1] = max(most[-1], count)
        else:
            runs.append(fresh[left : right + 1])
            most.append(count)
    return [_spike(run, count) for run, count in zip(runs, most, strict=True)]


def _is_new(session: Watched, uses: Sequence[Use]) -> bool:
    """Return whether a session is the first use of its device in 90 days."""
    return not any(
        use.start < session.start and use.last > session.start - KNOWN_DEVICE
        for use in uses[: bisect_left(uses, Use(session.device, session.start, 0))]
    )


def _spike(run: Sequence[Watched], count: int) -> Finding:
    first: dict[str, Watched] = {}
    for session in run:
        first.setdefault(session.device, session)
    return Finding(
        DEVICES, run[0].start, run[-1].start, float(count), tuple(first.values()), details={"new_devices": count}
    )
