"""Pages, acquisitions and surroundings by the code of their content.

A code says what it stands for once and for all, so what a container has seen stays true, and rows are written ahead of the
transaction: one that no event refers to in the end does no harm.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from streamgauge.events.facts import Values, acquisition_values, surroundings_values
from streamgauge.events.models import Acquisition, Page, Surroundings
from streamgauge.ids import number
from streamgauge.store.postgres import array, rows_parameter, text_array

if TYPE_CHECKING:
    from collections.abc import Iterable

    from streamgauge.store.postgres import Connection
    from streamgauge.warehouse.receipts import Claim

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
_INSERT_PAGES: Final = """
    INSERT INTO pages (code, url, path, title) SELECT * FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::text[])
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


class StoredPage(NamedTuple):
    """A page under the code of its content: `rest` is what its URL has from `?` or `#` on, and no part of that."""

    code: int
    url: str | None
    path: str
    title: str | None
    rest: str | None


@lru_cache(maxsize=65_536)
def stored_page(page: Page) -> StoredPage:
    """Return a page as it is stored: so that what changes with every call stands in the event, not in the dictionary."""
    url, mark, rest = page.url.partition("?" if "?" in page.url.partition("#")[0] else "#")
    # A bare path is said once.
    held = None if url == page.path else url
    return StoredPage(
        number("page", held or "", page.path, page.title or ""), held, page.path, page.title, mark + rest or None
    )


class Dictionaries:
    """What this container knows of the dictionaries, and that the database holds it."""

    def __init__(self) -> None:
        self._acquisitions: dict[int, Values] = {}
        self._surroundings: dict[int, Values] = {}
        self._pages: set[int] = set()

    def store(self, connection: Connection, claims: Iterable[Claim]) -> None:
        """Make sure that the database holds what these events refer to; those without a fact refer to nothing."""
        if len(self._acquisitions) + len(self._surroundings) + len(self._pages) > _LIMIT:
            self.forget()
        new_acquisitions: dict[int, tuple[Acquisition, Values]] = {}
        new_surroundings: dict[int, tuple[Surroundings, Values]] = {}
        new_pages: dict[int, StoredPage] = {}
        for claim in claims:
            event, page, fact = claim.event, claim.page, claim.fact
            if fact is None:
                continue
            if page is not None and page.code not in self._pages:
                new_pages[page.code] = page
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
        if new_pages:
            codes, urls, paths, titles, _ = zip(*(new_pages[code] for code in sorted(new_pages)), strict=True)
            connection.execute(_INSERT_PAGES, [array(codes), text_array(urls), text_array(paths), text_array(titles)])
        self._pages |= new_pages.keys()
        self._acquisitions.update({code: values for code, (_, values) in new_acquisitions.items()})
        self._surroundings.update({code: values for code, (_, values) in new_surroundings.items()})

    def forget(self) -> None:
        """Know nothing any more: the database may have been restored to an earlier point."""
        self._acquisitions.clear()
        self._pages.clear()
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

    def values(self, acquisition: int, surroundings: int) -> tuple[Values, Values]:
        """Return the values of both codes. Raises KeyError for a code neither stored nor loaded."""
        return self._acquisitions[acquisition], self._surroundings[surroundings]


def _rows(contents: dict[int, Any], fields: tuple[str, ...]) -> str:
    return rows_parameter(
        [{"code": code, **{field: getattr(contents[code], field) for field in fields}} for code in sorted(contents)]
    )
