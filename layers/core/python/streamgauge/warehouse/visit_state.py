"""Visits in Postgres: the fast path (newer than all that its visitor has), and the slow one (late: rebuilt from raw)."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Final, LiteralString

from streamgauge.clock import local_day
from streamgauge.dimensions import Dimension
from streamgauge.events.facts import MIDNIGHT_REACH, ORDER, PAGE_VIEW, Fact
from streamgauge.store.postgres import rows_parameter
from streamgauge.warehouse.dictionaries import bigints
from streamgauge.warehouse.late_visits import Stretch, followers, late_stretches
from streamgauge.warehouse.persons import Persons
from streamgauge.warehouse.raw import read_chains
from streamgauge.warehouse.visit_rows import COLUMNS, visit_of, write
from streamgauge.web.contributing import contribute
from streamgauge.web.visits import Visit, fold

if TYPE_CHECKING:
    from streamgauge.contributions import Contributions
    from streamgauge.store.postgres import Connection
    from streamgauge.warehouse.site_batch import SiteBatch

_LATEST: Final[LiteralString] = f"""
    SELECT {COLUMNS} FROM unnest(%(keys)s::bigint[]) AS wanted(key)
    CROSS JOIN LATERAL (
        SELECT * FROM visits WHERE site_no = %(site_no)s AND key = wanted.key ORDER BY start DESC, tie DESC LIMIT 1
    ) AS v
    UNION
    SELECT {COLUMNS} FROM unnest(%(daily)s::bigint[]) AS wanted(key)
    CROSS JOIN LATERAL (
        SELECT * FROM visits WHERE site_no = %(site_no)s AND tail_key = wanted.key ORDER BY start DESC LIMIT 1
    ) AS v
    UNION
    SELECT {COLUMNS} FROM visits AS v
    WHERE site_no = %(site_no)s AND cardinality(later_keys) > 1 AND last >= %(from)s AND start <= %(to)s
        AND later_keys && %(daily)s::bigint[]
"""
_DELETE: Final = """
    DELETE FROM visits AS v USING json_to_recordset(%(rows)s) AS gone(key bigint, start bigint, tie smallint)
    WHERE v.site_no = %(site_no)s AND v.key = gone.key AND v.start = gone.start AND v.tie = gone.tie
"""


def fold_visits(connection: Connection, batch: SiteBatch, facts: list[Fact]) -> None:
    """Fold new events, sorted, into visits, write them, and add the difference of their contributions."""
    touching = [fact for fact in facts if fact.visit_key is not None]
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
    stretches = late_stretches(connection, batch.site_no, persons, latest, {prev_key for prev_key, _ in successors})
    for visit in latest.values():
        batch.want_locks(visit.all_keys())
    for stretch in stretches.values():
        batch.want_locks(stretch.keys)
    batch.require_locks()
    stored = work.read(connection, stretches, persons)
    for person, (keys, chain) in persons.groups().items():
        late = stretches.get(person)
        if late is None:
            work.fold({key: latest[key] for key in keys if key in latest}, chain)
        else:
            work.rebuild(late, stored[person] + chain)
    work.write(connection)


class _Work:
    """Visits that change in one batch of one site."""

    def __init__(self, batch: SiteBatch) -> None:
        self.batch = batch
        self.changed: list[Visit] = []
        self.gone: list[Visit] = []

    def fold(self, latest: dict[int, Visit], chain: list[Fact]) -> None:
        self.changed += fold(latest, chain, self.batch.zone, self._touch)

    def _touch(self, visit: Visit) -> None:
        if visit.stored:
            self._contribute(visit, -1)

    def read(
        self, connection: Connection, stretches: dict[int, Stretch], persons: Persons
    ) -> defaultdict[int, list[Fact]]:
        """Return person -> the raw events of its stretch, and know all that their visits came from."""
        batch, stored = self.batch, defaultdict[int, list[Fact]](list)
        if not stretches:
            return stored
        chains = [(key, one.begin, one.end) for one in stretches.values() for key in one.keys]
        facts = read_chains(connection, "visit_key", batch, chains)
        batch.load_dictionaries(connection, (visit for one in stretches.values() for visit in one.visits))
        batch.dictionaries.load(connection, (fact.acquisition for fact in facts), (fact.surroundings for fact in facts))
        for fact in facts:
            name_values(fact, batch.contributions)
            if fact.visit_key is not None:
                stored[persons.find(fact.visit_key)].append(fact)
        return stored

    def rebuild(self, stretch: Stretch, facts: list[Fact]) -> None:
        """Fold a stretch anew, from its raw rows and the new events."""
        for visit in stretch.visits:
            self._contribute(visit, -1)
        self.gone += stretch.visits
        self.fold({}, sorted(facts, key=ORDER))

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
    return followers(connection, batch.site_no, keys)


def name_values(fact: Fact, into: Contributions) -> None:
    """Remember the texts of an event that is folded again, which a rebuilt visit may need anew."""
    if fact.code is not None:
        into.kinds[fact.code] = Dimension.PAGE if fact.kind == PAGE_VIEW else Dimension.EVENT
        into.names[fact.code] = (fact.path if fact.kind == PAGE_VIEW else fact.name) or ""
