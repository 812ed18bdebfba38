"""What lies around late events: the stretches of visits that are folded anew, found for all persons of a batch together."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Final, LiteralString

from streamgauge.warehouse.dictionaries import bigints
from streamgauge.warehouse.visit_rows import COLUMNS, visit_of
from streamgauge.web.visits import GAP

if TYPE_CHECKING:
    from collections.abc import Iterable

    from streamgauge.events.facts import Fact
    from streamgauge.store.postgres import Connection
    from streamgauge.warehouse.persons import Persons
    from streamgauge.web.visits import Visit

# OFFSET 0 keeps the planner at one look into an index per key, whatever it takes the tables for.
_NEAR: Final[LiteralString] = f"""
    WITH wanted AS (
        SELECT * FROM unnest(%(keys)s::bigint[], %(from)s::bigint[], %(to)s::bigint[]) AS t(key, low, high)
    )
    SELECT v.* FROM wanted CROSS JOIN LATERAL (
        SELECT {COLUMNS} FROM visits AS v
        WHERE site_no = %(site_no)s AND key = wanted.key AND start < wanted.high AND last > wanted.low OFFSET 0
    ) AS v
    UNION ALL
    SELECT v.* FROM wanted CROSS JOIN LATERAL (
        SELECT {COLUMNS} FROM visits AS v
        WHERE site_no = %(site_no)s AND tail_key = wanted.key AND start < wanted.high AND last > wanted.low OFFSET 0
    ) AS v
    UNION ALL
    SELECT {COLUMNS} FROM visits AS v
    WHERE site_no = %(site_no)s AND cardinality(later_keys) > 1 AND last > %(first)s AND start < %(last)s
        AND later_keys && %(keys)s::bigint[]
"""
_FOLLOWERS: Final = """
    SELECT DISTINCT f.prev_key, f.visit_key FROM unnest(%(keys)s::bigint[]) AS wanted(key)
    CROSS JOIN LATERAL (
        SELECT prev_key, visit_key FROM events WHERE site_no = %(site_no)s AND prev_key = wanted.key OFFSET 0
    ) AS f
"""


class Stretch:
    """Visits that are folded anew, and the bounds of their raw events (microseconds)."""

    def __init__(self, keys: Iterable[int], begin: int, end: int) -> None:
        self.keys = set(keys)
        self.begin = begin
        self.end = end
        self._found: dict[tuple[int, int, int], Visit] = {}
        self._looked: tuple[int, int, int] | None = None

    @property
    def visits(self) -> list[Visit]:
        """The stored visits that lie in it."""
        return list(self._found.values())

    @property
    def settled(self) -> bool:
        """Whether the last look was at all that it holds now."""
        return self._looked == (len(self.keys), self.begin, self.end)

    def look(self) -> None:
        """Note that what lies near its present keys and bounds is being read."""
        self._looked = (len(self.keys), self.begin, self.end)

    def meet(self, visit: Visit) -> None:
        """Take in a visit that is less than a gap away."""
        if visit.start < self.end + GAP and visit.last > self.begin - GAP:
            self._found[visit.key, visit.start, visit.tie] = visit
            self.keys |= visit.all_keys()
            self.begin, self.end = min(self.begin, visit.start), max(self.end, visit.last)

    def take(self, other: Stretch) -> None:
        """Take in a stretch of the same person; its last look is enough where it holds all."""
        self.keys |= other.keys
        self.begin, self.end = min(self.begin, other.begin), max(self.end, other.end)
        self._found |= other._found
        self._looked = other._looked


def late_stretches(
    connection: Connection, site_no: int, persons: Persons, latest: dict[int, Visit], followed: set[int]
) -> dict[int, Stretch]:
    """Return person -> stretch around its events, for each that has late ones: nothing of it lies within a gap on either side.

    `latest` is key -> latest visit; `followed` are keys that are looked at even so. A stretch may reach keys of another person
    of the batch: then the two are one.
    """
    stretches = _late(persons, latest, followed)
    asked: set[int] = set()
    while wide := [stretch for stretch in stretches.values() if not stretch.settled]:
        _follow(connection, site_no, wide, asked)
        _look_around(connection, site_no, wide)
        tied = [persons.tie(stretch.keys) for stretch in wide]
        if any(tied):
            known, stretches = stretches, _late(persons, latest, followed)
            for stretch in known.values():
                stretches[persons.find(next(iter(stretch.keys)))].take(stretch)
    return stretches


def followers(connection: Connection, site_no: int, keys: Iterable[int]) -> set[tuple[int, int]]:
    """Return (key, key of the day after) of those whose visitor has been seen just after midnight."""
    return set(connection.execute(_FOLLOWERS, {"site_no": site_no, "keys": bigints(keys)}).fetchall())


def _late(persons: Persons, latest: dict[int, Visit], followed: set[int]) -> dict[int, Stretch]:
    stretches: dict[int, Stretch] = {}
    for person, (keys, chain) in persons.groups().items():
        # At the same instant the ids decide, which only the raw rows have.
        if not keys.isdisjoint(followed) or _is_late(chain[0], (latest[key] for key in keys if key in latest)):
            stretches[person] = Stretch(keys, chain[0].time, chain[-1].time)
    return stretches


def _is_late(first: Fact, known: Iterable[Visit]) -> bool:
    return any(visit.last >= first.time for visit in known)


def _owners(stretches: list[Stretch]) -> dict[int, list[Stretch]]:
    owners: defaultdict[int, list[Stretch]] = defaultdict(list)
    for stretch in stretches:
        for key in stretch.keys:
            owners[key].append(stretch)
    return owners


def _follow(connection: Connection, site_no: int, stretches: list[Stretch], asked: set[int]) -> None:
    """Add the keys of the day after; `asked` are keys whose are in already."""
    owners = _owners(stretches)
    new = owners.keys() - asked
    if new:
        asked |= new
        for key, own_key in followers(connection, site_no, new):
            for stretch in owners[key]:
                stretch.keys.add(own_key)


def _look_around(connection: Connection, site_no: int, stretches: list[Stretch]) -> None:
    """Take in the visits that are near stretches as they are now."""
    owners = _owners(stretches)
    wanted = [(key, of_key.begin - GAP, of_key.end + GAP) for key, held in owners.items() for of_key in held]
    keys, begins, ends = zip(*wanted, strict=True)
    for stretch in stretches:
        stretch.look()
    rows = connection.execute(
        _NEAR,
        {
            "site_no": site_no,
            "keys": bigints(keys),
            "from": bigints(begins),
            "to": bigints(ends),
            "first": min(begins),
            "last": max(ends),
        },
    ).fetchall()
    for visit in map(visit_of, rows):
        for stretch in {id(held): held for key in visit.all_keys() for held in owners.get(key, ())}.values():
            stretch.meet(visit)
