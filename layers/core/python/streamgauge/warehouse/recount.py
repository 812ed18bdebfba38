"""One local day of a site counted anew from raw events: to find differences, and to repair them.

The caller's transaction holds the site's gate alone (`gate.close`). The day's raw events, and those of the days that visits
of it reach into, must be whole.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, Final, Literal

from streamgauge.clock import MICROSECONDS, day_start
from streamgauge.contributions import AMOUNTS, Contributions
from streamgauge.dimensions import Dimension
from streamgauge.events.facts import ORDER
from streamgauge.store.postgres import rows_parameter
from streamgauge.video import playbacks
from streamgauge.video.contributing import contribute as contribute_playback
from streamgauge.warehouse import playback_state, rollups, video_rollups, visit_rows, visit_state
from streamgauge.warehouse.dictionaries import Dictionaries
from streamgauge.warehouse.late_visits import followers
from streamgauge.warehouse.persons import Persons
from streamgauge.warehouse.raw import read_keys, read_span
from streamgauge.warehouse.site_batch import SiteBatch
from streamgauge.warehouse.visitor_day_state import packed
from streamgauge.web import page_steps, visits
from streamgauge.web.contributing import contribute as contribute_visit
from streamgauge.web.contributing import contribute_events

if TYPE_CHECKING:
    from collections.abc import Iterable

    from streamgauge.events.facts import Fact
    from streamgauge.store.postgres import Connection
    from streamgauge.video.playbacks import Playback
    from streamgauge.web.visits import Visit

_MARGIN: Final = 6 * 3600 * MICROSECONDS
"""How far beyond the day raw events are read at first; more where a visit or playback reaches the edge."""

_SITE: Final = "SELECT site_id, timezone FROM sites WHERE site_no = %s"
_DAYS: Final = """
    SELECT dimension, bots, code, name, visitors, lasting, visits, entries, bounces, pageviews, events, duration, page_time
    FROM rollup_days WHERE site_no = %s AND day = %s AND dimension = ANY(%s)
"""
_HOURS: Final = """
    SELECT hour, bots, visitors, lasting, visits, bounces, pageviews, events, duration
    FROM rollup_hours WHERE site_no = %s AND hour >= %s AND hour < %s
"""
_FORGET_VISITS: Final = """
    DELETE FROM visits WHERE site_no = %(site_no)s AND (day = %(day)s
        OR (day < %(day)s AND day >= %(day)s - 30 AND last >= %(from)s))
"""
_FORGET_PLAYBACKS: Final = "DELETE FROM playbacks WHERE site_no = %(site_no)s AND day = %(day)s"
_FORGET_VISITOR_DAYS: Final = "DELETE FROM visitor_days WHERE site_no = %(site_no)s AND day = %(day)s"
_PUT_VISITOR_DAYS: Final = """
    INSERT INTO visitor_days (site_no, day, bots, visitor, lasting, codes, counts)
    SELECT %(site_no)s, %(day)s, t.* FROM json_to_recordset(%(rows)s)
        AS t(bots boolean, visitor bigint, lasting boolean, codes bigint[], counts integer[])
"""


@dataclass(frozen=True)
class Differences:
    """How many rows of each rollup did not say what the raw events say; its length is their sum."""

    days: int
    hours: int
    videos: int

    def __len__(self) -> int:
        return self.days + self.hours + self.videos


def recount_day(connection: Connection, site_no: int, day: date, *, repair: bool) -> Differences:
    """Compare a day's rollups with its raw events and, with `repair`, make state and rollups equal to them.

    A closed day's month is repaired with it.
    """
    site_id, zone = connection.execute(_SITE, [site_no]).fetchall()[0]
    truth = _Day(connection, site_no, zone, day)
    batch = SiteBatch(site_no, site_id, zone, view_window=0, dictionaries=truth.dictionaries, locked=set())
    differences = _subtract_stored(connection, truth, batch)
    if repair:
        _replace_state(connection, truth)
        page_steps.forget_day(connection, site_no, day)
        if differences:
            rollups.add(connection, [batch], [])
    return differences


class _Day:
    """What a day's raw events say: its visits and playbacks, complete, and their contributions to this day."""

    def __init__(self, connection: Connection, site_no: int, zone: str, day: date) -> None:
        self.site_no, self.zone, self.day = site_no, zone, day
        self.begin = day_start(day, zone) * MICROSECONDS
        self.end = day_start(day + timedelta(1), zone) * MICROSECONDS
        self.dictionaries = Dictionaries()
        self.into = Contributions()
        of_day = read_span(connection, self, self.begin, self.end - 1)
        self.visits = self._fold_visits(_around(connection, "visit_key", self, of_day))
        self.playbacks = self._fold_playbacks(_around(connection, "play_key", self, of_day))
        self.dictionaries.load(
            connection,
            {visit.acquisition for visit in self.visits},
            {visit.surroundings for visit in self.visits},
        )
        contribute_events(of_day, self.into)
        for visit in self.visits:
            values = self.dictionaries.values(visit.acquisition, visit.surroundings)
            contribute_visit(visit, values, zone, self.into, 1)
        playback_state.know_lengths(connection, site_no, self.playbacks)
        for playback in self.playbacks:
            contribute_playback(playback, self.into, 1)
        self.presence = {key: counts for key, counts in self.into.presence.items() if key[0] == day}
        self.into.settle_visitors(self.presence.items(), 1)

    def _fold_visits(self, facts: list[Fact]) -> list[Visit]:
        persons = Persons(facts)
        found: list[Visit] = []
        for _, chain in persons.groups().values():
            for fact in chain:
                visit_state.name_values(fact, self.into)
            found += visits.fold({}, chain, self.zone, _never)
        return [visit for visit in found if visit.start < self.end and visit.last >= self.begin]

    def _fold_playbacks(self, facts: list[Fact]) -> list[Playback]:
        chains: defaultdict[int, list[Fact]] = defaultdict(list)
        for fact in facts:
            if fact.play_key is not None:
                chains[fact.play_key].append(fact)
        found: list[Playback] = []
        for chain in chains.values():
            found += playbacks.fold(None, chain, _never)
        return [playback for playback in found if playback.day == self.day]


def _never(state: object) -> None:
    """Take note of nothing: nothing stored is folded onto."""


def _around(
    connection: Connection, column: Literal["visit_key", "play_key"], day: _Day, of_day: list[Fact]
) -> list[Fact]:
    """Return the events of everyone who has one on the day, as far back and on as their visits or playbacks reach, sorted."""
    gap = visits.GAP if column == "visit_key" else playbacks.GAP_AFTER_PAUSE
    keys = {key for fact in of_day for key in (getattr(fact, column), _prev_key(fact, column)) if key is not None}
    begin, end = day.begin - _MARGIN, day.end + _MARGIN
    while keys:
        facts = read_keys(connection, column, day, keys, begin, end)
        wider = keys | {key for fact in facts for key in (_prev_key(fact, column),) if key is not None}
        if column == "visit_key":
            wider |= {own_key for _, own_key in followers(connection, day.site_no, keys)}
        edges = _reach(sorted(fact.time for fact in facts), begin, end, gap)
        if wider == keys and edges == (begin, end):
            return sorted(facts, key=ORDER)
        keys, (begin, end) = wider, edges
    return []


def _prev_key(fact: Fact, column: str) -> int | None:
    return fact.prev_key if column == "visit_key" else None


def _reach(times: list[int], begin: int, end: int, gap: int) -> tuple[int, int]:
    """Return wider bounds where an event lies within a gap of the present ones."""
    if times and times[0] - begin < gap:
        begin -= 4 * _MARGIN
    if times and end - times[-1] < gap:
        end += 4 * _MARGIN
    return begin, end


def _subtract_stored(connection: Connection, truth: _Day, batch: SiteBatch) -> Differences:
    """Fill the batch with what the day's stored rollups lack (or have too much), and count the rows that differ."""
    into, wanted = batch.contributions, truth.into
    into.names = dict(wanted.names)
    into.kinds = dict(wanted.kinds)
    for (day, bots), rows in wanted.days.items():
        if day == truth.day:
            into.days[day, bots] = defaultdict(
                lambda: [0] * len(AMOUNTS), {code: list(row) for code, row in rows.items()}
            )
    kinds = [int(kind) for kind in Dimension]
    for kind, bots, code, name, *amounts in connection.execute(_DAYS, [truth.site_no, truth.day, kinds]).fetchall():
        into.names[code] = name
        into.kinds[code] = kind
        _subtract(into.days[truth.day, bots][code], amounts)
    first, last = truth.begin // MICROSECONDS, truth.end // MICROSECONDS
    for (hour, bots), amounts in wanted.hours.items():
        if first <= hour < last:
            into.hours[hour, bots] = list(amounts)
    indexes = [index for index, amount in enumerate(AMOUNTS) if amount not in {"entries", "page_time"}]
    for hour, bots, *amounts in connection.execute(_HOURS, [truth.site_no, first, last]).fetchall():
        row = into.hours[hour, bots]
        for index, amount in zip(indexes, amounts, strict=True):
            row[index] -= amount
    return Differences(
        days=sum(any(amounts) for rows in into.days.values() for amounts in rows.values()),
        hours=sum(map(any, into.hours.values())),
        videos=video_rollups.subtract_stored(connection, truth.site_no, truth.day, wanted, into),
    )


def _subtract(row: list[int], amounts: Iterable[int]) -> None:
    for index, amount in enumerate(amounts):
        row[index] -= amount


def _replace_state(connection: Connection, truth: _Day) -> None:
    parameters: dict[str, Any] = {"site_no": truth.site_no, "day": truth.day, "from": truth.begin}
    connection.execute(_FORGET_VISITS, parameters)
    connection.execute(_FORGET_PLAYBACKS, parameters)
    connection.execute(_FORGET_VISITOR_DAYS, parameters)
    visit_rows.write(connection, truth.site_no, truth.visits)
    playback_state.write(connection, truth.site_no, truth.playbacks)
    rows = []
    for (_, bot, visitor), held in sorted(truth.presence.items()):
        codes, counts = packed(held)
        lasting = truth.into.lasting[visitor]
        rows.append({"bots": bot, "visitor": visitor, "lasting": lasting, "codes": codes, "counts": counts})
    connection.execute(_PUT_VISITOR_DAYS, parameters | {"rows": rows_parameter(rows)})
