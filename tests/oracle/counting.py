"""What a site's unique events come to, by `docs/definitions.md` alone: naive, in one pass, and apart from the product's own rules.

It imports the event models and nothing that counts. Positions and lengths are exact fractions. Results are plain dictionaries of
counters without zeros, so that two of them can be compared with `==`.
"""

from __future__ import annotations

import itertools
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from fractions import Fraction
from functools import lru_cache
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from streamgauge.events.models import StampedEvent

SECOND = 1_000_000
VISIT_GAP = 30 * 60 * SECOND
PLAYBACK_GAP = 30 * 60 * SECOND
PAUSED_GAP = 4 * 3600 * SECOND
DAY = 24 * 3600 * SECOND
SESSIONS_PER_ADDRESS = 20

Identity = tuple[str, object]
"""("user", id), ("anonymous", id) or ("hash", number); the first two outlast the day."""

Amounts = Counter[str]


@dataclass
class Counted:
    """All figures of a site. Durations and page times in microseconds, video figures in millionths, as the rollups hold them."""

    hours: dict[tuple[int, bool], Amounts] = field(default_factory=lambda: defaultdict(Counter))
    days: dict[tuple[str, date, bool, str], Amounts] = field(default_factory=lambda: defaultdict(Counter))
    videos: dict[tuple[str, date, bool], Amounts] = field(default_factory=lambda: defaultdict(Counter))
    views: Counter[tuple[str, str]] = field(default_factory=Counter)
    playbacks: list[tuple[object, ...]] = field(default_factory=list)
    curves: dict[tuple[str, date, bool], tuple[list[int], list[int]]] = field(default_factory=dict)
    values: Counter[tuple[str, date, bool, str, str]] = field(default_factory=Counter)


def count(events: Iterable[StampedEvent], view_window: int = DAY) -> Counted:
    """Count the unique events of one site; of several copies of an id the first is taken."""
    unique: dict[str, StampedEvent] = {}
    for event in events:
        unique.setdefault(event.id, event)
    ordered = sorted(unique.values(), key=lambda event: (event.time, event.id))
    book = _Book()
    book.count_events(ordered)
    for bot in (False, True):
        for chain in _chains([event for event in ordered if event.bot == bot and _touches(event)]):
            for run in _runs(chain):
                book.count_run(run)
    for chain in _playback_chains(ordered).values():
        for playback in _playbacks(chain):
            book.count_playback(playback)
    book.count_views([event for event in ordered if event.kind == "view"], view_window)
    return book.result()


# Time


@lru_cache(maxsize=200_000)
def _hour_of_minute(minute: int, zone: str) -> tuple[int, date]:
    tz = ZoneInfo(zone)

    def local(at: int) -> datetime:
        return datetime.fromtimestamp(at * 60, tz)

    start = minute
    while local(start).minute != 0 and local(start - 1).utcoffset() == local(start).utcoffset():
        start -= 1
    return start * 60, local(minute).date()


def hour_of(event: StampedEvent) -> int:
    """Return the first second of the local hour of an event: a full hour, or a change of offset."""
    return _hour_of_minute(event.time // (60 * SECOND), event.zone)[0]


def day_of(event: StampedEvent) -> date:
    """Return the local day of an event."""
    return _hour_of_minute(event.time // (60 * SECOND), event.zone)[1]


# Who


def _key(event: StampedEvent) -> Identity | None:
    """Return what visits are keyed by: `anonymous_id`, else the hash, else `user_id`."""
    if event.anonymous_id is not None:
        return ("anonymous", event.anonymous_id)
    if event.hash is not None:
        return ("hash", event.hash)
    return None if event.user_id is None else ("user", event.user_id)


def _visitor(event: StampedEvent) -> Identity | None:
    """Return the visitor of an event by itself: `user_id`, else `anonymous_id`, else the hash."""
    return ("user", event.user_id) if event.user_id is not None else _key(event)


def _touches(event: StampedEvent) -> bool:
    return event.kind != "view" and event.touches_visit and _key(event) is not None


def _groups(ties: Iterable[tuple[object, ...]]) -> Callable[[object], object]:
    """Return a function from a thing to its group: things that were ever tied are in one."""
    leader: dict[object, object] = {}

    def find(thing: object) -> object:
        while leader.setdefault(thing, thing) != thing:
            thing = leader[thing]
        return thing

    for first, *others in ties:
        for other in others:
            leader[find(other)] = find(first)
    return find


# Visits


def _chains(events: list[StampedEvent]) -> Iterable[list[StampedEvent]]:
    """Return the events of each visitor in order; a hash is tied to that of the day before."""
    ties: list[tuple[object, ...]] = []
    for event in events:
        key = _key(event)
        assert key is not None
        ties.append((key, ("hash", event.prev_hash)) if key[0] == "hash" and event.prev_hash is not None else (key,))
    find = _groups(ties)
    chains: defaultdict[object, list[StampedEvent]] = defaultdict(list)
    for event in events:
        chains[find(_key(event))].append(event)
    return chains.values()


@dataclass
class _Run:
    """A visit, or (`loose`) video events that are in none."""

    loose: bool
    events: list[StampedEvent]

    @property
    def user(self) -> str | None:
        users = [event.user_id for event in self.events if event.user_id is not None]
        return users[-1] if users else None

    def takes(self, event: StampedEvent) -> bool:
        if event.time - self.events[-1].time >= VISIT_GAP:
            return False
        if self.loose:
            return _is_video(event) and event.user_id == self.user
        return event.user_id is None or self.user is None or event.user_id == self.user

    def visitor(self, event: StampedEvent) -> Identity:
        """Return who the run counts for on the day of one of its events."""
        found = ("user", self.user) if self.user is not None else _key(event)
        assert found is not None
        return found


def _is_video(event: StampedEvent) -> bool:
    return event.kind not in {"page_view", "custom"}


def _runs(chain: list[StampedEvent]) -> list[_Run]:
    runs: list[_Run] = []
    for event in chain:
        if runs and runs[-1].takes(event):
            runs[-1].events.append(event)
        else:
            runs.append(_Run(_is_video(event), [event]))
    return runs


def visits(events: Iterable[StampedEvent]) -> list[list[StampedEvent]]:
    """Return the events of each visit of one site, in order, robots' visits too; `events` are unique."""
    ordered = [event for event in sorted(events, key=lambda event: (event.time, event.id)) if _touches(event)]
    chains = (_chains([event for event in ordered if event.bot == bot]) for bot in (False, True))
    runs = (run for of_kind in chains for chain in of_kind for run in _runs(chain))
    return [run.events for run in runs if not run.loose]


def visitor(visit: list[StampedEvent], event: StampedEvent) -> Identity:
    """Return who a visit counts for on the day of one of its events."""
    return _Run(loose=False, events=visit).visitor(event)


# Playbacks


def _playback_chains(events: list[StampedEvent]) -> dict[object, list[StampedEvent]]:
    chains: defaultdict[object, list[StampedEvent]] = defaultdict(list)
    for event in events:
        if event.kind.startswith("video_") or event.kind in {"seek", "quality_change"}:
            assert event.video is not None
            who = ("session", event.session_id) if event.session_id is not None else _visitor(event)
            chains[event.bot, who, event.video.video_id].append(event)
    return chains


def _playbacks(chain: list[StampedEvent]) -> list[list[StampedEvent]]:
    found: list[list[StampedEvent]] = []
    for event in chain:
        if found:
            gap = PAUSED_GAP if _paused(found[-1]) else PLAYBACK_GAP
            if event.time - found[-1][-1].time < gap:
                found[-1].append(event)
                continue
        found.append([event])
    return found


def _paused(events: list[StampedEvent]) -> bool:
    """Say whether it is paused after these events: who moves the playhead or the quality in a pause is still in it."""
    for event in reversed(events):
        if event.kind not in {"seek", "quality_change"}:
            return event.kind == "video_pause"
    return False


def _fatal(event: StampedEvent) -> bool:
    return event.kind == "video_error" and event.video is not None and event.video.fatal is not False


def _exact(value: float | None) -> Fraction | None:
    return None if value is None else Fraction(value)


@dataclass
class _Step:
    """An event of a playback: where it found the playhead, where it left it, and whether the way on from it is watched."""

    event: StampedEvent
    found: Fraction | None
    left: Fraction | None
    plays: bool


def _steps(events: list[StampedEvent]) -> list[_Step]:
    steps: list[_Step] = []
    for event in events:
        video = event.video
        assert video is not None
        before = steps[-1] if steps else None
        found = _exact(video.position)
        if event.kind == "seek" and video.seek_from is not None:
            found = _exact(video.seek_from)
        if found is None and event.kind == "video_start":
            found = Fraction(0)
        if found is None and before is not None and before.left is not None:
            found = before.left
            if before.event.kind in {"video_start", "video_resume", "video_progress"}:
                found += Fraction(event.time - before.event.time, SECOND)
        if event.kind == "seek":
            plays = before is None or before.plays
            steps.append(_Step(event, found, _exact(video.seek_to), plays))
        else:
            plays = event.kind not in {"video_pause", "video_complete"} and not _fatal(event)
            steps.append(_Step(event, found, found, plays))
    return steps


class _Watched:
    """The sections of a playback, and what was showing meanwhile."""

    def __init__(self, steps: list[_Step]) -> None:
        self.sections: list[list[Fraction]] = []
        self.qualities: defaultdict[str, Fraction] = defaultdict(Fraction)
        self.bitrate_time = self.bitrate_weight = Fraction(0)
        quality: str | None = None
        bitrate: float | None = None
        goes_on = False
        for earlier, later in itertools.pairwise(steps):
            video = earlier.event.video
            assert video is not None
            quality = video.quality if video.quality is not None else quality
            bitrate = video.bitrate if video.bitrate is not None else bitrate
            if earlier.event.kind == "seek" or not earlier.plays:
                goes_on = False
            if not earlier.plays or earlier.left is None or later.found is None:
                goes_on = False
                continue
            elapsed = Fraction(later.event.time - earlier.event.time, SECOND)
            advance = later.found - earlier.left
            if advance < 0 or advance > elapsed * Fraction(5, 2) + 15:
                goes_on = False
            elif advance > 0:
                if goes_on:
                    self.sections[-1][1] = later.found
                else:
                    self.sections.append([earlier.left, later.found])
                goes_on = True
                if quality is not None:
                    self.qualities[quality] += advance
                if bitrate is not None:
                    self.bitrate_time += Fraction(bitrate) * advance
                    self.bitrate_weight += advance

    def seconds(self) -> Fraction:
        return sum((end - begin for begin, end in self.sections), Fraction(0))

    def covered(self, duration: Fraction) -> Fraction:
        """Return how much of [0, duration) lies in at least one section, from border to border."""
        borders = sorted({Fraction(0), duration, *(border for section in self.sections for border in section)})
        total = Fraction(0)
        for begin, end in itertools.pairwise(borders):
            inside = begin >= 0 and end <= duration
            if inside and any(section[0] <= begin and end <= section[1] for section in self.sections):
                total += end - begin
        return total


def _buffered(events: list[StampedEvent]) -> Fraction:
    """Return the seconds of buffering after the first progress."""
    total, progressed = Fraction(0), False
    for n, event in enumerate(events):
        progressed = progressed or event.kind == "video_progress"
        if event.kind == "video_buffer" and progressed:
            assert event.video is not None
            if event.video.buffer_seconds is not None:
                total += Fraction(event.video.buffer_seconds)
            elif n + 1 < len(events):
                total += min(Fraction(60), Fraction(events[n + 1].time - event.time, SECOND))
    return total


def _startup(steps: list[_Step]) -> Fraction | None:
    """Return the startup time: the one that is told, else from the start to the first progress less the advance."""
    start: _Step | None = None
    first_progress = next((step for step in steps if step.event.kind == "video_progress"), None)
    for step in steps:
        video = step.event.video
        assert video is not None
        if video.startup_time is not None:
            return Fraction(video.startup_time)
        if step.event.kind == "video_start" and start is None:
            start = step
        if step is first_progress and start is not None:
            advance = Fraction(0)
            if step.found is not None and start.found is not None:
                advance = step.found - start.found
            return max(Fraction(0), Fraction(step.event.time - start.event.time, SECOND) - advance)
    return None


# The book


class _Book:
    def __init__(self) -> None:
        self.counted = Counted()
        self.people_of_hours: defaultdict[tuple[int, bool], set[Identity]] = defaultdict(set)
        self.people_of_days: defaultdict[tuple[str, date, bool, str], set[Identity]] = defaultdict(set)

    def result(self) -> Counted:
        counted = self.counted
        for hour, people in self.people_of_hours.items():
            _count_people(counted.hours[hour], people)
        for row, people in self.people_of_days.items():
            _count_people(counted.days[row], people)
        return Counted(
            _without_zeros(counted.hours),
            _without_zeros(counted.days),
            _without_zeros(counted.videos),
            +counted.views,
            sorted(counted.playbacks, key=repr),
            {row: found for row, found in counted.curves.items() if any(found[1])},
            +counted.values,
        )

    def count_events(self, events: list[StampedEvent]) -> None:
        """Count page views and custom events in their own bucket, and the visitors of events that touch no visit."""
        for event in events:
            if event.kind == "view":
                continue
            hour, day, bot = hour_of(event), day_of(event), event.bot
            rows = [("total", day, bot, "")]
            if event.kind == "page_view":
                assert event.page is not None
                amount = "pageviews"
                rows.append(("page", day, bot, event.page.path))
            elif event.kind == "custom":
                assert event.name is not None
                amount = "events"
                rows.append(("event", day, bot, event.name))
            else:
                amount = ""
            if amount:
                self.counted.hours[hour, bot][amount] += 1
                for row in rows:
                    self.counted.days[row][amount] += 1
            visitor = _visitor(event)
            if not _touches(event) and visitor is not None:
                self.people_of_hours[hour, bot].add(visitor)
                for row in rows:
                    self.people_of_days[row].add(visitor)

    def count_run(self, run: _Run) -> None:
        bot = run.events[0].bot
        for event in run.events:
            visitor, day = run.visitor(event), day_of(event)
            self.people_of_hours[hour_of(event), bot].add(visitor)
            self.people_of_days["total", day, bot, ""].add(visitor)
            if event.kind == "page_view" and event.page is not None and not run.loose:
                self.people_of_days["page", day, bot, event.page.path].add(visitor)
            elif event.kind == "custom" and event.name is not None and not run.loose:
                self.people_of_days["event", day, bot, event.name].add(visitor)
        if not run.loose:
            self._count_visit(run)

    def _count_visit(self, run: _Run) -> None:
        events = run.events
        first, last = events[0], events[-1]
        bot, day = first.bot, day_of(first)
        pages = [event for event in events if event.kind == "page_view"]
        interactive = any(event.kind == "custom" and event.interactive for event in events)
        bounced = len(pages) <= 1 and not interactive and not any(event.kind == "video_start" for event in events)
        visit = Counter(visits=1, entries=1, bounces=int(bounced), duration=0 if bounced else last.time - first.time)
        hour = self.counted.hours[hour_of(first), bot]
        hour.update({name: amount for name, amount in visit.items() if name != "entries"})
        self.counted.days["total", day, bot, ""].update(visit)
        values = [(name, getattr(first.acquisition, name)) for name in _ACQUISITION]
        values += [(name, getattr(first.surroundings, name)) for name in _SURROUNDINGS]
        if pages:
            assert pages[0].page is not None
            assert pages[-1].page is not None
            values += [("entry_page", pages[0].page.path), ("exit_page", pages[-1].page.path)]
        for dimension, value in values:
            if not value:
                continue
            self.counted.days[dimension, day, bot, value].update(visit)
            for page in pages:
                self.counted.days[dimension, day_of(page), bot, value]["pageviews"] += 1
            for event in events:
                self.people_of_days[dimension, day_of(event), bot, value].add(run.visitor(event))
        for path in {page.page.path for page in pages if page.page is not None}:
            self.counted.days["page", day, bot, path]["visits"] += 1
        if pages and pages[0].page is not None:
            entered = {name: amount for name, amount in visit.items() if name != "visits"}
            self.counted.days["page", day, bot, pages[0].page.path].update(entered)
        ends = [page.time for page in pages[1:]] + [last.time]
        for page, end in zip(pages, ends, strict=False):
            assert page.page is not None
            self.counted.days["page", day_of(page), bot, page.page.path]["page_time"] += end - page.time

    def count_playback(self, events: list[StampedEvent]) -> None:
        kinds = {event.kind for event in events}
        started = "video_start" in kinds
        if not started and "video_progress" not in kinds:
            return
        first = events[0]
        assert first.video is not None
        steps = _steps(events)
        watched = _Watched(steps)
        durations = [event.video.duration for event in events if event.video and (event.video.duration or 0) > 0]
        duration = _exact(durations[-1]) if durations else None
        share = None if duration is None else min(Fraction(1), watched.covered(duration) / duration)
        completed, failed = "video_complete" in kinds, any(_fatal(event) for event in events)
        seconds, buffered = watched.seconds(), _buffered(events)
        short = duration is not None and 0 < duration < 60
        key = first.video.video_id, day_of(first), first.bot
        row = self.counted.videos[key]
        row["views"] += 1
        row["qualified"] += seconds >= 30 or (short and share is not None and share >= Fraction(1, 2))
        row["measured"] += share is not None
        row["completions"] += completed or (share is not None and share >= Fraction(95, 100))
        row["failures"] += failed
        row["exits"] += started and not watched.sections and not completed and not failed
        row["watched"] += round(seconds * 1_000_000)
        row["covered"] += round((share or Fraction(0)) * 1_000_000)
        row["buffered"] += round(buffered * 1_000_000)
        row["kilobits"] += round(watched.bitrate_time)
        row["timed"] += round(watched.bitrate_weight * 1_000_000)
        for quality, spent in watched.qualities.items():
            self.counted.values[*key, "rendition", quality] += round(spent * 1_000_000)
        if (startup := _startup(steps)) is not None:
            self.counted.values[*key, "startup", str(round(startup * 1000))] += 1
        if duration is not None:
            audience, watches = self.counted.curves.setdefault(key, ([0] * 100, [0] * 100))
            for point in range(100):
                # Positions are told in decimals: on an instant is what rounds to it.
                holding = sum(
                    round(begin * 100 / duration, 9) <= point < round(end * 100 / duration, 9)
                    for begin, end in watched.sections
                )
                audience[point] += holding > 0
                watches[point] += holding
        users = [event.user_id for event in events if event.user_id is not None]
        known = [visitor for event in events if (visitor := _visitor(event)) is not None]
        if known:
            viewer = ("user", users[-1]) if users else known[0]
            self.people_of_days["viewer", day_of(first), first.bot, first.video.video_id].add(viewer)
        self.counted.playbacks.append(
            (
                first.video.video_id,
                first.time,
                first.bot,
                [[float(begin), float(end)] for begin, end in watched.sections],
                None if startup is None else round(float(startup), 6),
                {name: round(float(spent), 6) for name, spent in sorted(watched.qualities.items())},
                round(float(watched.bitrate_time), 3),
                round(float(watched.bitrate_weight), 6),
            )
        )

    def count_views(self, events: list[StampedEvent], window: int) -> None:
        """Decide in order of time which calls of the view route count."""
        viewers = [_viewer(event) for event in events]
        addresses = [("address", event.address_hash) for event in events]
        find = _groups(
            [
                *((viewer, ("hash", event.prev_hash)) for event, viewer in zip(events, viewers, strict=True)
                  if viewer[0] == "hash" and event.prev_hash is not None),
                *((address, ("address", event.prev_address_hash)) for event, address in zip(events, addresses, strict=True)
                  if event.address_hash is not None and event.prev_address_hash is not None),
            ]
        )  # fmt: skip
        of_viewer: defaultdict[object, list[StampedEvent]] = defaultdict(list)
        at_address: defaultdict[object, list[tuple[StampedEvent, object]]] = defaultdict(list)
        for event, viewer_, address_ in zip(events, viewers, addresses, strict=True):
            assert event.video is not None
            viewer, address = (event.video.video_id, find(viewer_)), (event.video.video_id, find(address_))
            limited = event.session_id is not None and event.address_hash is not None
            if event.bot:
                continue
            if any(event.time - earlier.time < window for earlier in of_viewer[viewer]):
                continue
            sessions = {who for earlier, who in at_address[address] if limited and event.time - earlier.time < DAY}
            if viewer not in sessions and len(sessions) >= SESSIONS_PER_ADDRESS:
                continue
            of_viewer[viewer].append(event)
            if limited:
                at_address[address].append((event, viewer))
            day = day_of(event)
            for bucket in ("total", f"month#{day:%Y-%m}", f"day#{day.isoformat()}"):
                self.counted.views[event.video.video_id, bucket] += 1


def _viewer(event: StampedEvent) -> Identity:
    """Return the viewer of a view: the session, else address and agent; a back end's own id where it gave neither."""
    if event.session_id is not None:
        return ("session", event.session_id)
    if event.hash is not None:
        return ("hash", event.hash)
    return ("other", event.user_id or event.anonymous_id or event.id)


_ACQUISITION = ("source", "channel", "referrer", "utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content")
_SURROUNDINGS = ("country", "region", "city", "browser", "os", "device", "screen", "language")


def _count_people(row: Amounts, people: set[Identity]) -> None:
    row["visitors"] += len(people)
    row["lasting"] += sum(kind != "hash" for kind, _ in people)


def _without_zeros(rows: dict) -> dict:
    found = {key: {name: amount for name, amount in amounts.items() if amount} for key, amounts in rows.items()}
    return {key: amounts for key, amounts in found.items() if amounts}


def month_of(day: date) -> date:
    """Return the first day of a day's month."""
    return day - timedelta(day.day - 1)
