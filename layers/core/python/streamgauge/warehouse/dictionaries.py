"""Acquisitions and surroundings by the code of their content.

A code says what it stands for once and for all, so what a container has seen stays true, and rows are written ahead of the
transaction: one that no event refers to in the end does no harm.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from streamgauge.events.facts import Values, acquisition_values, surroundings_values
from streamgauge.events.models import Acquisition, Surroundings
from streamgauge.store.postgres import rows_parameter

if TYPE_CHECKING:
    from collections.abc import Iterable

    from streamgauge.events.facts import Fact
    from streamgauge.events.models import StampedEvent
    from streamgauge.store.postgres import Connection

_LIMIT: Final = 200_000

_ACQUISITION_FIELDS: Final = Acquisition.__struct_fields__
_SURROUNDINGS_FIELDS: Final = Surroundings.__struct_fields__

_INSERT_ACQUISITIONS: Final = """
    INSERT INTO acquisitions (code, source, channel, referrer, utm_source, utm_medium, utm_campaign, utm_term, utm_content)
    SELECT * FROM json_to_recordset(%s) AS t(code bigint, source text, channel text, referrer text, utm_source text,
        utm_medium text, utm_campaign text, utm_term text, utm_content text)
    ON CONFLICT DO NOTHING
"""
_INSERT_SURROUNDINGS: Final = """
    INSERT INTO surroundings (code, country, region, city, browser, os, device, screen, language)
    SELECT * FROM json_to_recordset(%s) AS t(code bigint, country text, region text, city text, browser text, os text,
        device text, screen text, language text)
    ON CONFLICT DO NOTHING
"""
_READ_ACQUISITIONS: Final = """
    SELECT code, source, channel, referrer, utm_source, utm_medium, utm_campaign, utm_term, utm_content
    FROM acquisitions WHERE code = ANY(%s::bigint[])
"""
_READ_SURROUNDINGS: Final = """
    SELECT code, country, region, city, browser, os, device, screen, language
    FROM surroundings WHERE code = ANY(%s::bigint[])
"""


def bigints(values: Iterable[int]) -> str:
    """Return numbers as the text of a bigint[]: far cheaper than psycopg's list adaptation."""
    return "{" + ",".join(map(str, values)) + "}"


class Dictionaries:
    """What this container knows of both dictionaries, and that the database holds it."""

    def __init__(self) -> None:
        self._acquisitions: dict[int, Values] = {}
        self._surroundings: dict[int, Values] = {}

    def store(self, connection: Connection, pairs: Iterable[tuple[StampedEvent, Fact]]) -> None:
        """Make sure that the database holds what these events refer to."""
        if len(self._acquisitions) + len(self._surroundings) > _LIMIT:
            self.forget()
        new_acquisitions: dict[int, tuple[Acquisition, Values]] = {}
        new_surroundings: dict[int, tuple[Surroundings, Values]] = {}
        for event, fact in pairs:
            if fact.acquisition not in self._acquisitions:
                new_acquisitions[fact.acquisition] = (event.acquisition, acquisition_values(event.acquisition)[1])
            if fact.surroundings not in self._surroundings:
                new_surroundings[fact.surroundings] = (event.surroundings, surroundings_values(event.surroundings)[1])
        if new_acquisitions:
            connection.execute(
                _INSERT_ACQUISITIONS,
                [_rows({code: content for code, (content, _) in new_acquisitions.items()}, _ACQUISITION_FIELDS)],
            )
        if new_surroundings:
            connection.execute(
                _INSERT_SURROUNDINGS,
                [_rows({code: content for code, (content, _) in new_surroundings.items()}, _SURROUNDINGS_FIELDS)],
            )
        self._acquisitions.update({code: values for code, (_, values) in new_acquisitions.items()})
        self._surroundings.update({code: values for code, (_, values) in new_surroundings.items()})

    def forget(self) -> None:
        """Know nothing any more: the database may have been restored to an earlier point."""
        self._acquisitions.clear()
        self._surroundings.clear()

    def load(self, connection: Connection, acquisitions: Iterable[int], surroundings: Iterable[int]) -> None:
        """Read codes that states refer to and this container has not seen."""
        missing = {code for code in acquisitions if code not in self._acquisitions}
        if missing:
            for code, *texts in connection.execute(_READ_ACQUISITIONS, [bigints(missing)]).fetchall():
                self._acquisitions[code] = acquisition_values(Acquisition(*texts))[1]
        missing = {code for code in surroundings if code not in self._surroundings}
        if missing:
            for code, *texts in connection.execute(_READ_SURROUNDINGS, [bigints(missing)]).fetchall():
                self._surroundings[code] = surroundings_values(Surroundings(*texts))[1]

    def values(self, acquisition: int, surroundings: int) -> Values:
        """Return the values of both codes in one tuple. Raises KeyError for a code neither stored nor loaded."""
        return self._acquisitions[acquisition] + self._surroundings[surroundings]


def _rows(contents: dict[int, Any], fields: tuple[str, ...]) -> str:
    return rows_parameter(
        [{"code": code, **{field: getattr(contents[code], field) for field in fields}} for code in sorted(contents)]
    )
