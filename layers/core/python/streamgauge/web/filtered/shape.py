"""What a statement of a filtered report is to give, and which rows say it."""

from __future__ import annotations

from typing import TYPE_CHECKING, LiteralString, NamedTuple

from streamgauge.dimensions import Dimension
from streamgauge.filters.models import Name

if TYPE_CHECKING:
    from typing import Any

    from streamgauge.filters.models import Filters


class Part(NamedTuple):
    """A piece of a statement, and the parameters that it takes besides those of `buckets.parameters`."""

    sql: LiteralString
    parameters: dict[str, Any]


class Shape(NamedTuple):
    """The values of `dimension` (TOTAL: buckets, which are days or hours) among what meets the filters."""

    filters: Filters
    dimension: Dimension
    hourly: bool = False
    cut: bool = False
    """The last day ends at an instant."""
    of_property: str | None = None
    """In place of names of events (`dimension` EVENT) the values of this property; the empty text: the names of properties."""

    @property
    def by_bucket(self) -> bool:
        """Whether rows are buckets."""
        return self.dimension == Dimension.TOTAL

    @property
    def by_hit(self) -> bool:
        """Whether values are those of pages or events in a visit rather than of the visit."""
        return self.dimension in {Dimension.PAGE, Dimension.EVENT}

    @property
    def narrowed(self) -> bool:
        """Whether visits count only with a hit that meets filters of events."""
        return bool(self.filters.of_events)

    @property
    def from_events(self) -> bool:
        """Whether the events of all visits are read: visits do not say which page an event was on, nor what it had."""
        asked = self.filters.of_events
        names = {one.name for one in asked}
        by_page = Name.EVENT in names and self.dimension == Dimension.PAGE
        of_page = Name.PAGE in names and self.dimension == Dimension.EVENT
        about_properties = self.of_property is not None or Name.PROPERTY in names
        unlike = any(one.lets_absent for one in asked)
        return (self.cut and self.by_hit) or by_page or of_page or about_properties or unlike or len(names) > 1

    @property
    def few_visits(self) -> bool:
        """Whether visits have to have some value: then the events of each are looked up, else those of the range are read."""
        return any(not one.negated for one in self.filters.of_visits)

    @property
    def from_stretched_events(self) -> bool:
        """Whether the events are read of visits that reach over more than one bucket: visits say the day of a hit, not its hour."""
        return (self.hourly or self.cut) and not self.from_events

    @property
    def from_whole_visits(self) -> bool:
        """Whether a visit within one bucket is counted as it is, without looking at its hits."""
        return not (self.narrowed or self.by_hit or self.from_events)

    @property
    def entries_by_page(self) -> bool:
        """Whether rates are of the visits that entered at a page asked for: pages are, and no event or property."""
        return self.narrowed and all(one.name is Name.PAGE for one in self.filters.of_events)

    @property
    def of_codes(self) -> bool:
        """Whether values come as codes of pages or events, whose names stand in the rollups."""
        return self.dimension in {Dimension.ENTRY_PAGE, Dimension.EXIT_PAGE} or (self.by_hit and not self.from_events)

    @property
    def named_as(self) -> Dimension:
        """The dimension of the rollups in which codes are looked up."""
        return Dimension.EVENT if self.dimension == Dimension.EVENT else Dimension.PAGE

    @property
    def kinds(self) -> LiteralString:
        """Which events are in the rows: of pages page views alone, unless an event is asked for; then the pages where it happened."""
        if not self.from_events:
            return "TRUE"
        happened = any(one.name is Name.EVENT and not one.lets_absent for one in self.filters.of_events)
        if self.dimension == Dimension.PAGE and not happened:
            return "kind = 1"
        return "kind = 2" if self.dimension == Dimension.EVENT and self.of_property is None else "TRUE"

    def value(self, expression: LiteralString) -> LiteralString:
        """Return an expression as the value of a row: a code, or text that sorts by its bytes."""
        return expression if self.of_codes else f'({expression}) COLLATE "C"'

    @property
    def no_value(self) -> LiteralString:
        """The value of a row that has none."""
        return "NULL::bigint" if self.of_codes else 'NULL::text COLLATE "C"'
