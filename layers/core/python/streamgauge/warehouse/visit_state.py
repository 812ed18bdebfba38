"""Visits in Postgres: the fast path (newer than all that its visitor has), and the slow one (late: rebuilt from raw)."""

from __future__ import annotations

from itertools import repeat
from typing import TYPE_CHECKING, Any, Final, LiteralString, NamedTuple

from streamgauge.clock import local_day
from streamgauge.dimensions import Dimension
from streamgauge.events.facts import MIDNIGHT_REACH, Fact
from streamgauge.store.postgres import array, columns, rows_parameter
from streamgauge.warehouse.dictionaries import bigints
from streamgauge.warehouse.persons import Persons
from streamgauge.warehouse.raw import read_keys
from streamgauge.web.visits import GAP, Visit, contribute, fold

if TYPE_CHECKING:
    from collections.abc import Iterable

    from streamgauge.contributions import Contributions
    from streamgauge.store.postgres import Connection
    from streamgauge.warehouse.site_batch import SiteBatch

_COLUMNS: Final[LiteralString] = """v.key, v.start, v.tie, v.last, v.day, v.later_keys, v.user_key, v.loose, v.bot,
    v.lasting, v.interactive, v.video_start, v.acquisition, v.surroundings, v.pageviews, v.entry_page, v.exit_page, v.exit_at,
    v.page_days, v.pages, v.page_views, v.page_times, v.name_days, v.names,
    v.name_counts"""

_LATEST: Final[LiteralString] = f"""
    SELECT {_COLUMNS} FROM unnest(%(keys)s::bigint[]) AS wanted(key)
    CROSS JOIN LATERAL (
        SELECT * FROM visits WHERE site_no = %(site_no)s AND key = wanted.key ORDER BY start DESC, tie DESC LIMIT 1
    ) AS v
    UNION
    SELECT {_COLUMNS} FROM unnest(%(daily)s::bigint[]) AS wanted(key)
    CROSS JOIN LATERAL (
        SELECT * FROM visits WHERE site_no = %(site_no)s AND tail_key = wanted.key ORDER BY start DESC LIMIT 1
    ) AS v
    UNION
    SELECT {_COLUMNS} FROM visits AS v
    WHERE site_no = %(site_no)s AND cardinality(later_keys) > 1 AND last >= %(from)s AND start <= %(to)s
        AND later_keys && %(daily)s::bigint[]
"""
_NEAR: Final[LiteralString] = f"""
    SELECT {_COLUMNS} FROM visits AS v
    WHERE site_no = %(site_no)s AND key = ANY(%(keys)s::bigint[]) AND start < %(to)s AND last > %(from)s
    UNION
    SELECT {_COLUMNS} FROM visits AS v
    WHERE site_no = %(site_no)s AND tail_key = ANY(%(keys)s::bigint[]) AND start < %(to)s AND last > %(from)s
    UNION
    SELECT {_COLUMNS} FROM visits AS v
    WHERE site_no = %(site_no)s AND cardinality(later_keys) > 1 AND last > %(from)s AND start < %(to)s
        AND later_keys && %(keys)s::bigint[]
"""
_SUCCESSORS: Final = """
    SELECT DISTINCT prev_key, visit_key FROM events WHERE site_no = %(site_no)s AND prev_key = ANY(%(keys)s::bigint[])
"""
_DELETE: Final = """
    DELETE FROM visits AS v USING json_to_recordset(%(rows)s) AS gone(key bigint, start bigint, tie smallint)
    WHERE v.site_no = %(site_no)s AND v.key = gone.key AND v.start = gone.start AND v.tie = gone.tie
"""
_UPSERT: Final = """
    INSERT INTO visits (site_no, key, start, tie, last, day, tail_key, user_key, loose, bot, lasting, interactive, video_start,
        acquisition, surroundings, pageviews, entry_page, exit_page, exit_at, pages, page_times, page_views, page_days, names,
        name_days, name_counts, later_keys)
    SELECT %(site_no)s, key, start, tie, last, day, tail_key, user_key, loose, bot, lasting, interactive, video_start,
        acquisition, surroundings, pageviews, entry_page, exit_page, exit_at,
        (%(pages)s::bigint[])[first_page:last_page], (%(page_times)s::bigint[])[first_page:last_page],
        page_views::integer[], page_days::smallint[], names::bigint[], name_days::smallint[],
        name_counts::integer[], later_keys::bigint[]
    FROM unnest(%(key)s::bigint[], %(start)s::bigint[], %(tie)s::smallint[], %(last)s::bigint[], %(day)s::date[],
        %(tail_key)s::bigint[], %(user_key)s::bigint[], %(loose)s::boolean[], %(bot)s::boolean[], %(lasting)s::boolean[],
        %(interactive)s::boolean[], %(video_start)s::boolean[], %(acquisition)s::bigint[], %(surroundings)s::bigint[],
        %(pageviews)s::integer[], %(entry_page)s::bigint[], %(exit_page)s::bigint[], %(exit_at)s::bigint[],
        %(first_page)s::integer[], %(last_page)s::integer[], %(page_views)s::text[], %(page_days)s::text[], %(names)s::text[],
        %(name_days)s::text[], %(name_counts)s::text[], %(later_keys)s::text[])
        AS t(key, start, tie, last, day, tail_key, user_key, loose, bot, lasting, interactive, video_start, acquisition,
            surroundings, pageviews, entry_page, exit_page, exit_at, first_page, last_page, page_views, page_days, names,
            name_days, name_counts, later_keys)
    ON CONFLICT (key, start, site_no, tie) DO UPDATE SET last = excluded.last, later_keys = excluded.later_keys,
        tail_key = excluded.tail_key, user_key = excluded.user_key, interactive = excluded.interactive,
        video_start = excluded.video_start, pageviews = excluded.pageviews, entry_page = excluded.entry_page,
        exit_page = excluded.exit_page, exit_at = excluded.exit_at, pages = excluded.pages,
        page_times = excluded.page_times, page_views = excluded.page_views, page_days = excluded.page_days,
        names = excluded.names, name_days = excluded.name_days, name_counts = excluded.name_counts
"""
_PLAIN: Final = (
    "key", "start", "tie", "last", "day", "tail_key", "user_key", "loose", "bot", "lasting", "interactive", "video_start",
    "acquisition", "surroundings", "pageviews", "entry_page", "exit_page", "exit_at", "first_page", "last_page", "page_views",
    "page_days", "names", "name_days", "name_counts", "later_keys",
)  # fmt: skip
"""The arrays of `_UPSERT`, in the order of a row; the last six hold arrays as texts."""


def fold_visits(connection: Connection, batch: SiteBatch, facts: list[Fact]) -> None:
    """Fold new events into visits, write them, and add the difference of their contributions."""
    touching = sorted((fact for fact in facts if fact.visit_key is not None), key=lambda fact: (fact.time, fact.id))
    if not touching:
        return
    work = _Work(batch)
    latest = _read_latest(connection, batch, touching)
    successors = _successors_over_midnight(connection, batch, touching)
    persons = Persons(touching)
    for visit in latest.values():
        persons.tie(visit.all_keys())
    for pair in successors:
        persons.tie(pair)
    stretches = _late_stretches(connection, batch, persons, latest, {prev_key for prev_key, _ in successors})
    for person, (keys, chain) in persons.groups().items():
        stretch = stretches.get(person)
        if stretch is None:
            work.fold({key: latest[key] for key in keys if key in latest}, chain)
        else:
            work.rebuild(connection, stretch, chain)
    work.write(connection)


class _Work:
    """Visits that change in one batch of one site."""

    def __init__(self, batch: SiteBatch) -> None:
        self.batch = batch
        self.before: list[Visit] = []
        self.changed: list[Visit] = []
        self.gone: list[Visit] = []

    def fold(self, latest: dict[int, Visit], chain: list[Fact]) -> None:
        self.changed += fold(latest, chain, self.batch.zone, self._touch)

    def _touch(self, visit: Visit) -> None:
        if visit.stored:
            self._contribute(visit, -1)

    def rebuild(self, connection: Connection, stretch: _Stretch, chain: list[Fact]) -> None:
        """Fold a stretch anew, from its raw rows and the new events."""
        batch = self.batch
        stored = read_keys(connection, "visit_key", batch, stretch.keys, stretch.begin, stretch.end)
        batch.load_dictionaries(connection, stretch.visits)
        batch.dictionaries.load(
            connection, (fact.acquisition for fact in stored), (fact.surroundings for fact in stored)
        )
        for fact in stored:
            name_values(fact, batch.contributions)
        for visit in stretch.visits:
            self._contribute(visit, -1)
        self.gone += stretch.visits
        self.fold({}, sorted(stored + chain, key=lambda fact: (fact.time, fact.id)))

    def _contribute(self, visit: Visit, step: int) -> None:
        values = self.batch.dictionaries.values(visit.acquisition, visit.surroundings)
        contribute(visit, values, self.batch.zone, self.batch.contributions, step)

    def write(self, connection: Connection) -> None:
        """Add what the changed visits contribute now, and write them."""
        for visit in self.changed:
            self._contribute(visit, 1)
        if self.gone:
            rows = [{"key": visit.key, "start": visit.start, "tie": visit.tie} for visit in self.gone]
            connection.execute(_DELETE, {"site_no": self.batch.site_no, "rows": rows_parameter(rows)})
        write(connection, self.batch.site_no, self.changed)


def write(connection: Connection, site_no: int, visits: Iterable[Visit]) -> None:
    """Write states, new or changed."""
    pages: list[int] = []
    times: list[int] = []
    ordered = sorted(visits, key=lambda visit: (visit.key, visit.start, visit.tie))
    if ordered:
        rows = [_row(visit, pages, times) for visit in ordered]
        arrays = dict(zip(_PLAIN, columns(rows, len(_PLAIN)), strict=True))
        connection.execute(_UPSERT, arrays | {"site_no": site_no, "pages": array(pages), "page_times": array(times)})


def _read_latest(connection: Connection, batch: SiteBatch, facts: list[Fact]) -> dict[int, Visit]:
    keys = {fact.visit_key for fact in facts} | {fact.prev_key for fact in facts}
    daily = {fact.visit_key for fact in facts if not fact.lasting_key}
    rows = connection.execute(
        _LATEST,
        {
            "site_no": batch.site_no,
            "keys": bigints(key for key in keys if key is not None),
            "daily": bigints(key for key in daily if key is not None),
            "from": facts[0].time,
            "to": facts[-1].time,
        },
    ).fetchall()
    latest: dict[int, Visit] = {}
    visits = sorted(map(visit_of, rows), key=lambda visit: (visit.start, visit.tie))
    # All at once: each restart for want of locks costs the work of the whole batch.
    batch.require_locks(set().union(*(visit.all_keys() for visit in visits)))
    for visit in visits:
        for key in visit.all_keys():
            latest[key] = visit
    batch.load_dictionaries(connection, latest.values())
    return latest


def _successors_over_midnight(connection: Connection, batch: SiteBatch, facts: list[Fact]) -> set[tuple[int, int]]:
    """Return (daily key, key of the day after) of events before midnight whose visitor has been seen just after it."""
    keys: set[int] = set()
    for fact in facts:
        if fact.lasting_key or fact.visit_key is None:
            continue
        if local_day(fact.time + MIDNIGHT_REACH, batch.zone) != fact.day:
            keys.add(fact.visit_key)
    if not keys:
        return set()
    return set(connection.execute(_SUCCESSORS, {"site_no": batch.site_no, "keys": bigints(keys)}).fetchall())


def followers(connection: Connection, site_no: int, keys: Iterable[int]) -> set[int]:
    """Return the keys of the day after of those whose visitor has been seen just after midnight."""
    rows = connection.execute(_SUCCESSORS, {"site_no": site_no, "keys": bigints(keys)}).fetchall()
    return {own_key for _, own_key in rows}


class _Stretch(NamedTuple):
    """Visits that are folded anew, and the bounds of their raw events (microseconds)."""

    keys: set[int]
    visits: list[Visit]
    begin: int
    end: int


def _late_stretches(
    connection: Connection, batch: SiteBatch, persons: Persons, latest: dict[int, Visit], followed: set[int]
) -> dict[int, _Stretch]:
    """Return the stretch around the events of each person that has late ones.

    A stretch may reach keys of another person of the batch: then the two are one, and it is looked at again.
    Raises MoreLocksNeededError when stretches reach keys that are not locked.
    """
    while True:
        stretches: dict[int, _Stretch] = {}
        grown = False
        for person, (keys, chain) in persons.groups().items():
            first = chain[0]
            known = (latest[key] for key in keys if key in latest)
            # At the same instant the ids decide, which only the raw rows have.
            late = any(visit.last >= first.time for visit in known)
            if late or not keys.isdisjoint(followed):
                stretches[person] = _stretch(connection, batch, keys, chain[0].time, chain[-1].time)
                grown = persons.tie(stretches[person].keys) or grown
        if not grown:
            batch.require_locks(set().union(*(stretch.keys for stretch in stretches.values())))
            return stretches


def _stretch(connection: Connection, batch: SiteBatch, keys: set[int], begin: int, end: int) -> _Stretch:
    """Return what lies around events: it ends where nothing of the person lies within a gap on either side."""
    while True:
        wider_keys = keys | followers(connection, batch.site_no, keys)
        rows = connection.execute(
            _NEAR, {"site_no": batch.site_no, "keys": bigints(wider_keys), "from": begin - GAP, "to": end + GAP}
        ).fetchall()
        visits = [visit_of(row) for row in rows]
        wider_keys = wider_keys.union(*(visit.all_keys() for visit in visits))
        wider_begin = min([begin, *(visit.start for visit in visits)])
        wider_end = max([end, *(visit.last for visit in visits)])
        if (wider_keys, wider_begin, wider_end) == (keys, begin, end):
            return _Stretch(keys, visits, begin, end)
        keys, begin, end = wider_keys, wider_begin, wider_end


def name_values(fact: Fact, into: Contributions) -> None:
    """Remember the texts of an event that is folded again, which a rebuilt visit may need anew."""
    if fact.path is not None:
        into.code(Dimension.PAGE, fact.path)
    if fact.name is not None:
        into.code(Dimension.EVENT, fact.name)


def visit_of(row: tuple[Any, ...]) -> Visit:
    """Return the state that a row holds."""
    visit = Visit.__new__(Visit)
    (
        visit.key, visit.start, visit.tie, visit.last, visit.day, later_keys, visit.user, visit.loose, visit.bot,
        visit.lasting, visit.interactive, visit.video_start, visit.acquisition, visit.surroundings, visit.pageviews,
        visit.entry_page, visit.exit_page, visit.exit_at, page_days, pages, page_views, page_times, name_days, names,
        name_counts,
    ) = row  # fmt: skip
    visit.later_keys = later_keys or []
    visit.pages = {}
    if pages is not None:
        of_pages = zip(page_days or repeat(0), pages, page_views or repeat(1), page_times, strict=False)
        visit.pages = {(after, page): [views, spent] for after, page, views, spent in of_pages}
    elif visit.entry_page is not None:
        visit.pages = {(0, visit.entry_page): [1, 0]}
    of_names = zip(name_days or repeat(0), names or (), name_counts or repeat(1), strict=False)
    visit.names = {(after, name): count for after, name, count in of_names}
    visit.stored = True
    return visit


def _row(visit: Visit, all_pages: list[int], all_times: list[int]) -> tuple[float | str | None, ...]:
    """Return a state as a row of arrays; its pages are put behind those of other states."""
    first = last = views = days = None
    held = visit.pages
    over_midnight = any(after for after, _ in held)
    # Many visits see one page once: then its entry says all.
    if visit.pageviews > 1 or over_midnight:
        first = len(all_pages) + 1
        all_pages += [page for _, page in held]
        all_times += [spent for _, spent in held.values()]
        last = len(all_pages)
        if visit.pageviews > len(held):
            views = array([count for count, _ in held.values()])
        if over_midnight:
            days = array([after for after, _ in held])
    names = name_days = name_counts = None
    if visit.names:
        names = array([name for _, name in visit.names])
        if any(after for after, _ in visit.names):
            name_days = array([after for after, _ in visit.names])
        if any(count > 1 for count in visit.names.values()):
            name_counts = array([*visit.names.values()])
    return (
        visit.key, visit.start, visit.tie, visit.last, visit.day.isoformat(), visit.tail_key, visit.user, visit.loose,
        visit.bot, visit.lasting, visit.interactive, visit.video_start, visit.acquisition, visit.surroundings,
        visit.pageviews, visit.entry_page, visit.exit_page, visit.exit_at, first, last, views, days, names, name_days,
        name_counts, array(visit.later_keys) if visit.later_keys else None,
    )  # fmt: skip
