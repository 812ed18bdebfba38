"""Files of Plausible's CSV export: which lists there are, and the sums of their rows. Pure.

An export is a zip of a file per list and range, `imported_<list>_<first day>_<last day>.csv`: sums of days, no events.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any, Final

from streamgauge_cli.errors import CommandError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

_FILE: Final = re.compile(r"(?:imported_)?([a-z_]+?)(?:_\d{8}_\d{8})?\.csv", re.IGNORECASE)
_TAGS: Final = ("utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content")
_SUMS: Final = {
    "visitors": ("visitors",),
    "visits": ("visits", "entrances", "exits"),
    "bounces": ("bounces",),
    "pageviews": ("pageviews",),
    "events": ("events",),
    "visit_duration": ("visit_duration",),
    "time_on_page": ("total_time_on_page", "time_on_page"),
}
"""Ours -> theirs; the first name that a file has is taken."""

_MOST: Final = 10**9

_BROWSERS: Final = {
    "Microsoft Edge": "Edge",
    "Samsung Browser": "Samsung Internet",
    "Internet Explorer": "IE",
}
_SYSTEMS: Final = {"Mac": "Mac OS X", "GNU/Linux": "Linux"}
_DEVICES: Final = {
    "desktop": "desktop",
    "laptop": "desktop",
    "ultra-wide": "desktop",
    "mobile": "mobile",
    "tablet": "tablet",
}


@dataclass(frozen=True, slots=True)
class Table:
    """A list: its name here, and its columns that name a value (theirs -> ours). `sums` are those that it takes."""

    part: str
    values: Mapping[str, str]
    sums: tuple[str, ...] = ("visitors", "visits", "bounces", "pageviews", "visit_duration")


TABLES: Final = {
    "visitors": Table("totals", {}),
    "pages": Table("pages", {"page": "page"}, ("visitors", "visits", "pageviews", "time_on_page")),
    "entry_pages": Table("entry_pages", {"entry_page": "page"}),
    "exit_pages": Table("exit_pages", {"exit_page": "page"}),
    "sources": Table("sources", {"source": "source", "referrer": "referrer", **{tag: tag for tag in _TAGS}}),
    "locations": Table("locations", {"country": "country", "region": "region", "city": "city"}),
    "browsers": Table("browsers", {"browser": "browser"}),
    "operating_systems": Table("operating_systems", {"operating_system": "os"}),
    "devices": Table("devices", {"device": "device"}),
    "custom_events": Table("custom_events", {"name": "event"}, ("visitors", "events")),
}

_NO_EVENTS: Final = frozenset({"engagement", "pageview"})
"""Names in the list of custom events that are none: signs of life of a page, which exports hold since Plausible has them."""

Key = tuple[str, tuple[str, ...]]
"""(day, values in the order of the table)"""


class BadRowError(Exception):
    """Raised for a row that cannot be read; its text says why."""


def table_of(name: str, header: Sequence[str]) -> Table:
    """Return which list a file holds, by its name. Raises CommandError for another file, and for columns that are missing."""
    match = _FILE.fullmatch(name)
    table = TABLES.get(match[1].lower()) if match else None
    if table is None:
        raise CommandError(
            f"{name} is no file of Plausible's export: those are called imported_<list>_<first day>_<last day>.csv, "
            f"with one of the lists {', '.join(TABLES)}."
        )
    # Older exports have no referrers and fewer sums; what names a value they all have.
    needed = ["date", "visitors", *list(table.values)[:1]]
    missing = [column for column in needed if column not in header]
    if missing:
        raise CommandError(
            f"{name} lacks the columns {', '.join(missing)}. It names: {', '.join(header)[:200] or 'nothing'}."
        )
    return table


class Sums:
    """Adds up the rows of one file by day and value. `cities` are names by GeoNames' numbers.

    `without_value` counts rows that name nothing, as those of unknown browsers, or no event; `unknown_cities` the cities without a name.
    """

    def __init__(self, table: Table, header: Sequence[str], cities: Mapping[str, str]) -> None:
        self.rows: defaultdict[Key, Counter[str]] = defaultdict(Counter)
        self.without_value = 0
        self.unknown_cities: set[str] = set()
        self._table = table
        self._places = {name: place for place, name in reversed(list(enumerate(header)))}
        self._width = len(header)
        self._cities = cities
        self._sums = {
            ours: next(self._places[name] for name in theirs if name in self._places)
            for ours, theirs in _SUMS.items()
            if ours in table.sums and any(name in self._places for name in theirs)
        }
        self._clean: dict[str, Callable[[str], str]] = {
            "country": lambda text: text.upper() if re.fullmatch("[A-Za-z]{2}", text) else "",
            "city": self._city,
            "browser": lambda text: _BROWSERS.get(text, text),
            "os": lambda text: _SYSTEMS.get(text, text),
            "device": lambda text: _DEVICES.get(text.lower(), text.lower()),
        }

    def add(self, fields: Sequence[str]) -> None:
        """Add a row. Raises BadRowError."""
        if len(fields) != self._width:
            raise BadRowError(f"it has not {self._width} columns")
        day = self._day(fields[self._places["date"]])
        counts = {name: self._count(name, fields[place]) for name, place in self._sums.items()}
        values = tuple(self._value(theirs, ours, fields) for theirs, ours in self._table.values.items())
        unnamed = values and self._table.part != "sources" and not any(values)
        if unnamed or (self._table.part == "custom_events" and values[0] in _NO_EVENTS):
            self.without_value += 1
            return
        self.rows[day, values].update(counts)

    def _day(self, text: str) -> str:
        try:
            return date.fromisoformat(text.strip()).isoformat()
        except ValueError:
            raise BadRowError("its date cannot be read") from None

    def _count(self, name: str, text: str) -> int:
        if text.strip() in {"", "0"}:
            return 0
        if not re.fullmatch("[0-9]{1,10}", text.strip()) or int(text) > _MOST:
            raise BadRowError(f"its {name} is no number up to a billion")
        return int(text)

    def _value(self, theirs: str, ours: str, fields: Sequence[str]) -> str:
        place = self._places.get(theirs)
        text = fields[place].strip() if place is not None else ""
        if text in {"(not set)", "(none)", "ZZ"}:
            return ""
        longest = 1024 if ours in {"page", "source", "referrer", "event"} else 255
        return self._clean.get(ours, str)(text)[:longest]

    def _city(self, text: str) -> str:
        if text in {"", "0"}:
            return ""
        if text not in self._cities:
            self.unknown_cities.add(text)
        return self._cities.get(text, "")

    def as_sent(self, events_of_day: Mapping[str, int]) -> Iterator[dict[str, Any]]:
        """Yield the rows as the API takes them, day by day; `events_of_day` are the custom events of the totals."""
        names = list(self._table.values.values())
        for (day, values), counts in sorted(self.rows.items(), key=lambda row: row[0]):
            row: dict[str, Any] = {"date": day}
            row |= {name: value for name, value in zip(names, values, strict=True) if value}
            row |= {name: count for name, count in counts.items() if count}
            if self._table.part == "totals" and events_of_day.get(day):
                row["events"] = events_of_day[day]
            yield row


def pieces(
    rows: Iterable[dict[str, Any]], most_rows: int, most_bytes: int, weigh: Callable[[dict[str, Any]], int]
) -> Iterator[tuple[list[str], list[dict[str, Any]]]]:
    """Cut rows, sorted by day, into what one request takes, each with the days that begin in it."""
    days: list[str] = []
    piece: list[dict[str, Any]] = []
    weight, last = 0, ""
    for row in rows:
        cost = weigh(row)
        if piece and (len(piece) >= most_rows or weight + cost > most_bytes):
            yield days, piece
            days, piece, weight = [], [], 0
        if row["date"] != last:
            last = row["date"]
            days.append(last)
        piece.append(row)
        weight += cost
    if piece:
        yield days, piece


def cities(lines: Iterable[bytes]) -> dict[str, str]:
    """Read GeoNames' file of cities: number, name and more, parted by tabs."""
    parts = (line.decode("utf-8", "replace").split("\t", 2) for line in lines)
    return {part[0]: part[1] for part in parts if len(part) > 1}
