"""What a definition asks of events: each step and exclusion as a condition on a raw row, with values bound."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from psycopg import sql

from streamgauge.clock import MICROSECONDS
from streamgauge.events.facts import CUSTOM, KIND_NAMES, PAGE_VIEW
from streamgauge.funnels import queries
from streamgauge.funnels.patterns import compiled
from streamgauge.funnels.rules import Rule, exclusion_mark, step_mark
from streamgauge.ingestion.pages import cut, folded
from streamgauge.warehouse.dictionaries import bigints

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from streamgauge.funnels.models import FunnelDefinition, Step
    from streamgauge.store.postgres import Read

_OTHER_TYPES: Final = {
    name: number
    for number, name in KIND_NAMES.items()
    if name not in {"custom", "view", "session", "funnel_step", "identify"}
}
"""Event types that are no custom events, by the name that clients send."""

_IN_COLUMNS: Final = {"video_id": sql.SQL("e.video_id"), "quality": sql.SQL("e.quality")}


@dataclass(slots=True)
class Conditions:
    """A definition as SQL: `wanted` finds its events, `marks` says what each matches; `milestones` are for folded playbacks."""

    wanted: sql.Composable
    marks: sql.Composable
    parameters: dict[str, Any]
    milestones: list[Milestone] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Milestone:
    """A step over videos: `value` as in a definition; property filters hold for the event that reaches it."""

    mark: int
    value: str
    video_id: str | None
    filters: Mapping[str, str]


def rule_of(definition: FunnelDefinition) -> Rule:
    """Return what decides attempts."""
    return Rule(
        steps=len(definition.steps),
        window=definition.conversion_window_seconds * MICROSECONDS,
        order=definition.order,
        exclusions=tuple((one.from_step, one.to_step) for one in definition.exclusions),
    )


def conditions(read: Read, funnel_id: str, definition: FunnelDefinition, names: Callable[[], list[str]]) -> Conditions:
    """Put a definition's conditions together; `names` gives the custom events of the time asked for."""
    maker = _Maker(read, names)
    for number, step in enumerate(definition.steps):
        if step.type == "video":
            filters = {name: value for name, value in step.filters.items() if name != "video_id"}
            maker.milestones.append(Milestone(step_mark(number), step.value, step.filters.get("video_id"), filters))
        else:
            condition = maker.page(step) if step.type == "page" else maker.event(step.match, step.value)
            maker.add(step_mark(number), condition, step.filters)
        maker.add_reported(step_mark(number), number, step.name)
    for number, exclusion in enumerate(definition.exclusions):
        maker.add(exclusion_mark(number), maker.event("equals", exclusion.event), {})
    return maker.done(funnel_id)


class _Maker:
    """Gathers conditions and their parameters."""

    def __init__(self, read: Read, names: Callable[[], list[str]]) -> None:
        self.read, self.names = read, names
        self.parameters: dict[str, Any] = {}
        self.conditions: list[tuple[int, sql.Composable]] = []
        self.milestones: list[Milestone] = []

    def _bind(self, value: object) -> sql.Composable:
        name = f"v{len(self.parameters)}"
        self.parameters[name] = value
        return sql.Placeholder(name)

    def add(self, mark: int, condition: sql.Composable, filters: Mapping[str, str]) -> None:
        parts = [condition]
        for name, value in filters.items():
            held = _IN_COLUMNS.get(name) or sql.SQL("(e.properties ->> {})").format(self._bind(name))
            parts.append(sql.SQL("{} = {}").format(held, self._bind(value)))
        self.conditions.append((mark, sql.SQL("({})").format(sql.SQL(" AND ").join(parts))))

    def add_reported(self, mark: int, number: int, name: str) -> None:
        """Add a step as it is reported, by number or name."""
        known = self._bind([str(number), name])
        reported = sql.SQL("(e.kind = 14 AND e.name = %(funnel_id)s AND e.properties ->> 'step' = ANY({}))").format(
            known
        )
        self.conditions.append((mark, reported))

    def page(self, step: Step) -> sql.Composable:
        if step.match == "equals":
            values = [step.value, folded(cut(step.value).path)]
            codes = self.read(queries.CODES_OF_PATHS, {"values": values})
        elif step.match == "regex":
            pattern = compiled(step.value)
            codes = [row for row in self.read(queries.PATHS, {}) if pattern.search(row[1])]
        else:
            query = queries.CODES_BY_PREFIX if step.match == "prefix" else queries.CODES_BY_PART
            codes = self.read(query, {"value": step.value})
        # The number of a kind stands in the text: so the indexes that hold one kind alone are used.
        bound = self._bind(bigints(row[0] for row in codes))
        return sql.SQL("(e.kind = {} AND e.page = ANY({}::bigint[]))").format(sql.Literal(PAGE_VIEW), bound)

    def event(self, match: str, value: str) -> sql.Composable:
        matches = _matcher(match, value)
        kinds = [
            kind
            for name, kind in _OTHER_TYPES.items()
            if matches(name) or (name == "page_view" and matches("pageview"))
        ]
        custom = [value] if match == "equals" else [name for name in self.names() if matches(name)]
        arms = [
            sql.SQL("(e.kind = {} AND e.name = ANY({}::text[]))").format(sql.Literal(CUSTOM), self._bind(custom)),
            *(sql.SQL("e.kind = {}").format(sql.Literal(kind)) for kind in kinds),
        ]
        return sql.SQL("({})").format(sql.SQL(" OR ").join(arms))

    def done(self, funnel_id: str) -> Conditions:
        marks = sql.SQL(" | ").join(
            sql.SQL("CASE WHEN {} THEN {} ELSE 0 END").format(
                condition, sql.SQL("{}::bigint").format(sql.Literal(mark))
            )
            for mark, condition in self.conditions
        )
        wanted = sql.SQL(" OR ").join(condition for _, condition in self.conditions)
        return Conditions(wanted, marks, self.parameters | {"funnel_id": funnel_id}, self.milestones)


def _matcher(match: str, value: str) -> Callable[[str], bool]:
    if match == "regex":
        pattern = compiled(value)
        return lambda name: pattern.search(name) is not None
    if match == "prefix":
        return lambda name: name.startswith(value)
    if match == "contains":
        return lambda name: value in name
    return lambda name: name == value
