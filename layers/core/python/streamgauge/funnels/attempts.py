"""Attempts from Postgres: one pass over the events that match a step, then a fold per person."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final, LiteralString

from psycopg import sql

from streamgauge.clock import MICROSECONDS, day_start
from streamgauge.filters.models import Filters
from streamgauge.funnels import queries
from streamgauge.funnels.admitted import admitted
from streamgauge.funnels.matching import Conditions, conditions, rule_of
from streamgauge.funnels.milestones import reached
from streamgauge.funnels.rules import STEP_MARKS, best_attempt, exclusion_mark, step_mark
from streamgauge.funnels.spans import Attempt, Entered, Found, Person, Span
from streamgauge.store.postgres import array, text_array
from streamgauge.warehouse.dictionaries import bigints
from streamgauge.warehouse.raw import fact_of_row, utc_day

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from streamgauge.store.postgres import Connection, Query

LONGEST_VISIT_DAYS: Final = 7
"""A visit that began longer ago is not looked for to learn whose an event without a user id is."""

_NOTHING: Final = sql.SQL("NULL::bigint")
_EVENTS: Final = sql.SQL("events")

# In memory what fits: sorting and grouping on disk would take longer than all the rest.
_SETTINGS: Final[tuple[LiteralString, ...]] = ("SET LOCAL work_mem = '64MB'", "SET LOCAL jit = off")


def begin(connection: Connection) -> None:
    """Make the transaction one snapshot: what is read and the changes that it is true for belong together."""
    connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
    for statement in _SETTINGS:
        connection.execute(statement)


class Reader:
    """Reads the attempts that enter in a span, in visits that meet the filters, in the caller's transaction."""

    def __init__(self, connection: Connection, span: Span, filters: Filters = Filters()) -> None:  # noqa: B008 - immutable
        self.connection, self.span = connection, span
        self.filtered = admitted(filters) if filters.conditions else None
        self.rule = rule_of(span.funnel.definition)
        # Once: the start of a day takes longer than folding a person.
        self.since, self.until = span.since, span.until
        self._names: list[str] | None = None
        self.key: dict[str, Any] = {
            "site_no": span.funnel.site_no,
            "since": self.since,
            "until": self.until,
            "end": span.last,
            "first_day": span.start - timedelta(1),
            "last_day": span.end + timedelta(span.reach),
            "first_partition": utc_day(self.since),
            "last_partition": utc_day(span.last),
            "visits_from": span.start - timedelta(LONGEST_VISIT_DAYS),
            "visits_to": span.end + timedelta(span.reach),
            "bots": list(span.bots),
            "any_order": self.rule.order == "any",
            "opens": STEP_MARKS if self.rule.order == "any" else 1,
            "second": step_mark(1) if self.rule.steps > 1 else 0,
            "spoils": sum(exclusion_mark(number) for number in range(len(self.rule.exclusions))),
        }
        if self.filtered is not None:
            self.key |= self.filtered.parameters | {
                "low": self.key["visits_from"],
                "high": self.key["visits_to"],
                "happened_from": utc_day(self.since) - timedelta(LONGEST_VISIT_DAYS),
                "happened_to": utc_day(self.until) + timedelta(LONGEST_VISIT_DAYS),
            }
        self.asked = conditions(self._read, span.funnel.funnel_id, span.funnel.definition, self.names)
        self.key |= self.asked.parameters | {"persons": None}
        if self.asked.milestones:
            self.key |= self._milestones()

    def names(self) -> list[str]:
        """Return the custom events of the days."""
        if self._names is None:
            self._names = [name for (name,) in self._read(queries.EVENT_NAMES, self.key)]
        return self._names

    def per_day(self) -> Found:
        """Return the attempts; who took the first step alone is only counted, by day."""
        days = [self.span.start + timedelta(step) for step in range((self.span.end - self.span.start).days + 1)]
        self.key["bounds"] = [day_start(day, self.span.zone) * MICROSECONDS for day in days]
        return self._find(queries.ENTRIES_PER_DAY)

    def per_person(self) -> Found:
        """Return the attempts of everybody."""
        return self._find(queries.ENTRIES_PER_PERSON)

    def entered(self, own: sql.Composable) -> Iterator[Entered]:
        """Yield the attempts of everybody with the events that they entered with; `own` is a column of events."""
        statement = self._statement(queries.ALL_EVENTS, own=own, strict=self.rule.order == "strict")
        for _, _, person, bot, times, marks, visit_keys, owns in self._rows(statement):
            places = best_attempt(self.rule, times, marks, self.since, self.until)
            if places is not None:
                attempt = Attempt(Person(bot, person), tuple(times[place] for place in places))
                yield Entered(attempt, visit_keys[places[0]], owns[places[0]])

    def _find(self, entries: LiteralString) -> Found:
        strict = self.rule.order == "strict"
        found = Found()
        deep: set[Person] = set()
        tail = queries.PER_PERSON + entries + (queries.DEEP_ALONE if strict else queries.DEEP_EVENTS)
        for day, people, person, bot, times, marks in self._rows(self._statement(tail)):
            if day is not None:
                found.entries[day] = people
            elif person is None:
                found.attempts += [Attempt(Person(bot, one), (entry,)) for one, entry in zip(times, marks, strict=True)]
            elif strict:
                deep.add(Person(bot, person))
            else:
                self._fold(found, Person(bot, person), times, marks)
        if deep:
            self.key["persons"] = bigints({person.key for person in deep})
            statement = self._statement(queries.ALL_EVENTS, source=sql.SQL(queries.OF_PERSONS), strict=True)
            for _, _, person, bot, times, marks, _, _ in self._rows(statement):
                if Person(bot, person) in deep:
                    self._fold(found, Person(bot, person), times, marks)
        return found

    def _fold(self, found: Found, person: Person, times: list[int], marks: list[int]) -> None:
        places = best_attempt(self.rule, times, marks, self.since, self.until)
        if places is not None:
            found.attempts.append(Attempt(person, tuple(times[place] for place in places)))

    def _statement(
        self,
        tail: LiteralString,
        *,
        own: sql.Composable = _NOTHING,
        source: sql.Composable = _EVENTS,
        strict: bool = False,
    ) -> sql.Composed:
        asked: Conditions = self.asked
        marks, wanted = asked.marks, asked.wanted
        if strict:
            marks = sql.SQL("{} | {}").format(marks, sql.SQL(queries.STANDS_BETWEEN))
            wanted = sql.SQL("e.kind IN (1, 2) OR {}").format(wanted)
        milestones = sql.SQL(queries.MILESTONES if self.asked.milestones else "")
        seen = sql.SQL(queries.SEEN).format(
            own=own,
            marks=marks,
            source=source,
            wanted=wanted,
            milestones=milestones,
            named=sql.SQL("persons" if self.filtered is None else "whose"),
        )
        return seen + sql.SQL("" if self.filtered is None else self.filtered.sql) + sql.SQL(tail)

    def _rows(self, statement: sql.Composed) -> list[tuple[Any, ...]]:
        return self.connection.execute(statement, self.key, binary=True).fetchall()

    def _read(self, query: Query, parameters: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        return self.connection.execute(query, parameters).fetchall()

    def _milestones(self) -> dict[str, Any]:
        """Return the events that reach milestones, as parameters."""
        videos = {one.video_id for one in self.asked.milestones}
        begun = self._read(queries.RUNNING_PLAYBACKS, self.key)[0][0]
        asked = {
            **self.key,
            "from": min(self.since, begun or self.since),
            "video_ids": None if None in videos else sorted(video for video in videos if video),
        }
        asked["first_partition"] = utc_day(asked["from"])
        rows = self._read(queries.VIDEO_EVENTS, asked)
        events = ((fact_of_row(row[:-1], self.span.zone), row[-1]) for row in rows)
        found = [
            one
            for one in reached(events, self.asked.milestones)
            if one.fact.time >= self.since and one.fact.visitor is not None
        ]
        facts = [one.fact for one in found]
        known = [fact.visitor if fact.user is not None or fact.visit_key is None else None for fact in facts]
        return {
            "m_time": array([fact.time for fact in facts]),
            "m_id": text_array([one.id for one in found]),
            "m_bot": array([fact.bot for fact in facts]),
            "m_visit": array([fact.visit_key for fact in facts]),
            "m_known": array(known),
            "m_own": array([None] * len(facts)),
            "m_marks": array([one.marks for one in found]),
        }
