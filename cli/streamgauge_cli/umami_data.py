"""Data of events in Umami's exports (`event_data`): a row per event and key, kept on disk until the events are read."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Final, Self

from streamgauge_cli.reading import lines
from streamgauge_cli.records import records

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from streamgauge_cli.reading import Source
    from streamgauge_cli.umami_columns import Columns

_TEXT, _NUMBER, _BOOLEAN, _DATE = "1", "2", "3", "4"
_NULL: Final = "\\N"
"""How ClickHouse writes that there is nothing."""


def value(row: Mapping[str, str]) -> Any:  # noqa: ANN401 - whatever JSON holds
    """Return the value of a row, of the type that Umami says; what does not look like that is a text. None for none."""
    given = {name: text for name, text in row.items() if text != _NULL}
    text = given.get("text", given.get("number", given.get("date")))
    kind = given.get("type")
    if text is None or kind in {None, _TEXT, _DATE}:
        return text
    if kind == _NUMBER:
        return _number(given.get("number", text))
    if kind == _BOOLEAN:
        return {"true": True, "false": False}.get(text.lower(), text)
    try:
        return json.loads(text)
    except ValueError:
        return text


def _number(text: str) -> float | str:
    """Return a number; Umami writes whole ones with decimals too."""
    try:
        number = float(text)
    except ValueError:
        return text
    if number != number or number in (float("inf"), float("-inf")):  # noqa: PLR0124 - not a number is no number
        return text
    return int(number) if number.is_integer() else number


class EventData:
    """What events hold beside, by their ids: as many as there are, in a database that is gone when this is closed."""

    def __init__(self) -> None:
        self._folder = TemporaryDirectory(prefix="streamgauge-import-")
        self._rows = sqlite3.connect(Path(self._folder.name) / "event_data.sqlite")
        self._rows.execute(
            "CREATE TABLE data (event TEXT, key TEXT, value TEXT, PRIMARY KEY (event, key)) WITHOUT ROWID"
        )
        self.empty = True

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._rows.close()
        self._folder.cleanup()

    def add(self, source: Source, found: Columns) -> None:
        """Keep the rows of a file; the last one of an event and key counts."""
        self._rows.executemany("INSERT OR REPLACE INTO data VALUES (?, ?, ?)", self._read(source, found))
        self._rows.commit()
        self.empty = False

    def of(self, event: str | None) -> dict[str, Any]:
        """Return the properties of an event."""
        if self.empty or event is None:
            return {}
        found = self._rows.execute("SELECT key, value FROM data WHERE event = ? ORDER BY key", (event,))
        return {key: json.loads(text) for key, text in found}

    @staticmethod
    def _read(source: Source, found: Columns) -> Iterator[tuple[str, str, str]]:
        for record in records(lines(source)):
            if record.fields is None or len(record.fields) != found.width:
                continue
            row = found.row(record.fields)
            held = value(row)
            # The head line has no value of a type.
            if "of" in row and "key" in row and held is not None and record.number > 1:
                yield row["of"], row["key"], json.dumps(held)
