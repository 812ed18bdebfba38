"""What an imported row becomes: sums of values of dimensions, as the rollups hold them. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from streamgauge.clock import MICROSECONDS
from streamgauge.dimensions import Dimension, code_of
from streamgauge.errors import OutOfBoundsError
from streamgauge.events.facts import acquisition_values
from streamgauge.events.models import Acquisition
from streamgauge.ids import number
from streamgauge.ingestion import pages, sources
from streamgauge.ingestion.acquisition import acquisition
from streamgauge.ingestion.models import SentEvent
from streamgauge.web.codes import page_role

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import date

    from streamgauge.imports.models import ImportedRow, Part


class Amounts(NamedTuple):
    """Sums of a value, in the order of the columns; `duration` and `page_time` in microseconds."""

    visitors: int = 0
    visits: int = 0
    entries: int = 0
    bounces: int = 0
    pageviews: int = 0
    events: int = 0
    duration: int = 0
    page_time: int = 0


class Stored(NamedTuple):
    """A row of `imported_days`, but for its site, import and list."""

    dimension: int
    day: date
    code: int
    origin: int
    name: str
    amounts: Amounts


_FIELDS: Final[dict[Part, tuple[str, ...]]] = {
    "totals": (),
    "pages": ("page",),
    "entry_pages": ("page",),
    "exit_pages": ("page",),
    "sources": ("source", "referrer", "utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content"),
    "locations": ("country", "region", "city"),
    "browsers": ("browser",),
    "operating_systems": ("os",),
    "devices": ("device",),
    "custom_events": ("event",),
}
_ALL_FIELDS: Final = frozenset(field for fields in _FIELDS.values() for field in fields)
PARTS: Final = {part: place for place, part in enumerate(_FIELDS)}
"""`imported_days.part`. Never renumber: append."""

_DIRECT_NAMES: Final = frozenset({"", "(direct)", "direct", "direct / none"})
_TAGS: Final = ("utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content")


def stored_rows(part: Part, rows: Sequence[ImportedRow], domains: tuple[str, ...]) -> list[Stored]:
    """Return what the rows of a list become, in the order of the key. Raises OutOfBoundsError for a row that belongs in another."""
    _check(part, rows)
    found = [stored for row in rows for stored in _values(part, row, domains)]
    found.sort()
    return found


def _check(part: Part, rows: Sequence[ImportedRow]) -> None:
    fields, seen = _FIELDS[part], set()
    for index, row in enumerate(rows):
        foreign = sorted(_ALL_FIELDS.intersection(row.model_fields_set).difference(fields))
        if foreign:
            raise _wrong(index, foreign[0], f"Rows of {part} do not have it.")
        if fields and part != "sources" and not any(getattr(row, field) for field in fields):
            raise _wrong(index, fields[0], f"Rows of {part} need it.")
        identity = (row.date, *(getattr(row, field) for field in fields))
        if identity in seen:
            raise _wrong(index, "date", "This value stands twice in this piece.")
        seen.add(identity)


def _wrong(index: int, field: str, message: str) -> OutOfBoundsError:
    return OutOfBoundsError(message, [(["body", "rows", index, field], message)])


def _values(part: Part, row: ImportedRow, domains: tuple[str, ...]) -> Iterator[Stored]:
    fields = _FIELDS[part]
    origin = number("import", part, *(getattr(row, field) or "" for field in fields))
    spent, on_page = row.visit_duration * MICROSECONDS, row.time_on_page * MICROSECONDS
    whole = Amounts(row.visitors, row.visits, row.visits, row.bounces, row.pageviews, row.events, spent)
    if part in {"pages", "entry_pages", "exit_pages"}:
        name = pages.folded(pages.cut(row.page or "").path)
        page = code_of(Dimension.PAGE, name)
        if part == "pages":
            seen = Amounts(row.visitors, row.visits, pageviews=row.pageviews, page_time=on_page)
            yield Stored(Dimension.PAGE, row.date, page, origin, name, seen)
            return
        role = Dimension.ENTRY_PAGE if part == "entry_pages" else Dimension.EXIT_PAGE
        yield Stored(role, row.date, page_role(role, page), origin, name, whole)
        if part == "entry_pages":
            # Bounces and durations of a page are those of the visits that entered there.
            entered = Amounts(entries=row.visits, bounces=row.bounces, duration=spent)
            yield Stored(Dimension.PAGE, row.date, page, origin, name, entered)
        return
    for dimension, code, name in _named(part, row, domains):
        yield Stored(dimension, row.date, code, origin, name, whole)


def _named(part: Part, row: ImportedRow, domains: tuple[str, ...]) -> Iterable[tuple[Dimension, int, str]]:
    if part == "totals":
        return [(Dimension.TOTAL, code_of(Dimension.TOTAL, ""), "")]
    if part == "sources":
        known = acquisition_values(_acquisition(row, domains))[1]
        return [(known.kinds[code], code, known.names[code]) for code in known.codes]
    named = ((Dimension[field.upper()], getattr(row, field)) for field in _FIELDS[part])
    return [(dimension, code_of(dimension, name), name) for dimension, name in named if name]


def _acquisition(row: ImportedRow, domains: tuple[str, ...]) -> Acquisition:
    """Return source and channel as an event of such a referrer and campaign has them; without one, the source as it was named."""
    tags = {tag: getattr(row, tag) or None for tag in _TAGS}
    sent = SentEvent(event_type="page_view", referrer=row.referrer or None, **tags)
    found = acquisition(sent, domains)
    name = row.source or ""
    if found.source != Acquisition().source or name.lower() in _DIRECT_NAMES:
        return found
    channel = found.channel if found.channel != Acquisition().channel else sources.channel_of_name(name)
    return Acquisition(name, channel, found.referrer, *(getattr(found, tag) for tag in _TAGS))
