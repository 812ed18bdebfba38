"""What a site's unique events come to, by `docs/definitions.md` alone: naive, in one pass, and apart from the product's own rules.

It imports the event models and nothing that counts. Positions and lengths are exact fractions. Results are plain dictionaries of
counters without zeros, so that two of them can be compared with `==`.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING

from tests.oracle.people import DAY, Identity, day_of, groups, hour_of, touches, visitor_of
from tests.oracle.playbacks import (
    Watched,
    buffered_seconds,
    exact,
    is_fatal,
    playback_chains,
    playbacks_of,
    startup_of,
    steps_of,
)
from tests.oracle.visits import Run, chains_of, runs_of

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from streamgauge.events.models import StampedEvent


SESSIONS_PER_ADDRESS = 20

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
        for chain in chains_of([event for event in ordered if event.bot == bot and touches(event)]):
            for run in runs_of(chain):
                book.count_run(run)
    for chain in playback_chains(ordered).values():
        for playback in playbacks_of(chain):
            book.count_playback(playback)
    book.count_views([event for event in ordered if event.kind == "view"], view_window)
    return book.result()


# Time


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
            visitor = visitor_of(event)
            if not touches(event) and visitor is not None:
                self.people_of_hours[hour, bot].add(visitor)
                for row in rows:
                    self.people_of_days[row].add(visitor)

    def count_run(self, run: Run) -> None:
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

    def _count_visit(self, run: Run) -> None:
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
        steps = steps_of(events)
        watched = Watched(steps)
        durations = [event.video.duration for event in events if event.video and (event.video.duration or 0) > 0]
        duration = exact(durations[-1]) if durations else None
        share = None if duration is None else min(Fraction(1), watched.covered(duration) / duration)
        completed, failed = "video_complete" in kinds, any(is_fatal(event) for event in events)
        seconds, buffered = watched.seconds(), buffered_seconds(events)
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
        if (startup := startup_of(steps)) is not None:
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
        known = [visitor for event in events if (visitor := visitor_of(event)) is not None]
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
        find = groups(
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
