"""The rows of visits: read back as states, and written."""

from __future__ import annotations

from itertools import repeat
from typing import TYPE_CHECKING, Any, Final, LiteralString

from streamgauge.store.postgres import array, columns
from streamgauge.web.visits import Visit

if TYPE_CHECKING:
    from collections.abc import Iterable

    from streamgauge.store.postgres import Connection

COLUMNS: Final[LiteralString] = """v.key, v.start, v.tie, v.last, v.day, v.later_keys, v.user_key, v.loose, v.bot,
    v.lasting, v.interactive, v.video_start, v.acquisition, v.surroundings, v.pageviews, v.entry_page, v.exit_page, v.exit_at,
    v.page_days, v.pages, v.page_views, v.page_times, v.name_days, v.names,
    v.name_counts"""

_UPSERT: Final = """
    INSERT INTO visits (site_no, key, start, tie, last, day, tail_key, user_key, loose, bot, lasting, interactive, video_start,
        acquisition, surroundings, pageviews, entry_page, exit_page, exit_at, pages, page_times, page_views, page_days, names,
        name_days, name_counts, later_keys)
    SELECT %(site_no)s, key, start, tie, last, day, tail_key, user_key, loose, bot, lasting, interactive, video_start,
        acquisition, surroundings, pageviews, entry_page, exit_page, exit_at,
        (%(pages)s::bigint[])[first_page:last_page], (%(page_times)s::bigint[])[first_page:last_page],
        page_views::integer[], page_days::smallint[], names::bigint[], name_days::smallint[],
        name_counts::integer[], later_keys::bigint[]
    FROM unnest(%(key)s::bigint[], %(start)s::bigint[], %(tie)s::smallint[], %(last)s::bigint[], %(day)s::date[],
        %(tail_key)s::bigint[], %(user_key)s::bigint[], %(loose)s::boolean[], %(bot)s::boolean[], %(lasting)s::boolean[],
        %(interactive)s::boolean[], %(video_start)s::boolean[], %(acquisition)s::bigint[], %(surroundings)s::bigint[],
        %(pageviews)s::integer[], %(entry_page)s::bigint[], %(exit_page)s::bigint[], %(exit_at)s::bigint[],
        %(first_page)s::integer[], %(last_page)s::integer[], %(page_views)s::text[], %(page_days)s::text[], %(names)s::text[],
        %(name_days)s::text[], %(name_counts)s::text[], %(later_keys)s::text[])
        AS t(key, start, tie, last, day, tail_key, user_key, loose, bot, lasting, interactive, video_start, acquisition,
            surroundings, pageviews, entry_page, exit_page, exit_at, first_page, last_page, page_views, page_days, names,
            name_days, name_counts, later_keys)
    ON CONFLICT (key, start, site_no, tie) DO UPDATE SET last = excluded.last, later_keys = excluded.later_keys,
        tail_key = excluded.tail_key, user_key = excluded.user_key, interactive = excluded.interactive,
        video_start = excluded.video_start, pageviews = excluded.pageviews, entry_page = excluded.entry_page,
        exit_page = excluded.exit_page, exit_at = excluded.exit_at, pages = excluded.pages,
        page_times = excluded.page_times, page_views = excluded.page_views, page_days = excluded.page_days,
        names = excluded.names, name_days = excluded.name_days, name_counts = excluded.name_counts
"""
_PLAIN: Final = (
    "key", "start", "tie", "last", "day", "tail_key", "user_key", "loose", "bot", "lasting", "interactive", "video_start",
    "acquisition", "surroundings", "pageviews", "entry_page", "exit_page", "exit_at", "first_page", "last_page", "page_views",
    "page_days", "names", "name_days", "name_counts", "later_keys",
)  # fmt: skip
"""The arrays of `_UPSERT`, in the order of a row; the last six hold arrays as texts."""


def write(connection: Connection, site_no: int, visits: Iterable[Visit]) -> None:
    """Write states, new or changed."""
    pages: list[int] = []
    times: list[int] = []
    ordered = sorted(visits, key=lambda visit: (visit.key, visit.start, visit.tie))
    if ordered:
        rows = [_row(visit, pages, times) for visit in ordered]
        arrays = dict(zip(_PLAIN, columns(rows, len(_PLAIN)), strict=True))
        parameters = arrays | {"site_no": site_no, "pages": array(pages), "page_times": array(times)}
        connection.execute(_UPSERT, parameters, prepare=True)


def visit_of(row: tuple[Any, ...]) -> Visit:
    """Return the state that a row holds."""
    visit = Visit.__new__(Visit)
    (
        visit.key, visit.start, visit.tie, visit.last, visit.day, later_keys, visit.user, visit.loose, visit.bot,
        visit.lasting, visit.interactive, visit.video_start, visit.acquisition, visit.surroundings, visit.pageviews,
        visit.entry_page, visit.exit_page, visit.exit_at, page_days, pages, page_views, page_times, name_days, names,
        name_counts,
    ) = row  # fmt: skip
    visit.later_keys = later_keys or []
    visit.pages = {}
    if pages is not None:
        of_pages = zip(page_days or repeat(0), pages, page_views or repeat(1), page_times, strict=False)
        visit.pages = {(after, page): [views, spent] for after, page, views, spent in of_pages}
    elif visit.entry_page is not None:
        visit.pages = {(0, visit.entry_page): [1, 0]}
    of_names = zip(name_days or repeat(0), names or (), name_counts or repeat(1), strict=False)
    visit.names = {(after, name): count for after, name, count in of_names}
    visit.stored = True
    return visit


def _row(visit: Visit, all_pages: list[int], all_times: list[int]) -> tuple[float | str | None, ...]:
    """Return a state as a row of arrays; its pages are put behind those of other states."""
    first = last = views = days = None
    held = visit.pages
    # Pages come in order of time, so the last one says whether any was seen after midnight.
    over_midnight = bool(held) and next(reversed(held))[0] > 0
    # Many visits see one page once: then its entry says all.
    if visit.pageviews > 1 or over_midnight:
        first = len(all_pages) + 1
        all_pages += [page for _, page in held]
        all_times += [spent for _, spent in held.values()]
        last = len(all_pages)
        if visit.pageviews > len(held):
            views = array([count for count, _ in held.values()])
        if over_midnight:
            days = array([after for after, _ in held])
    names = name_days = name_counts = None
    if visit.names:
        names = array([name for _, name in visit.names])
        if any(after for after, _ in visit.names):
            name_days = array([after for after, _ in visit.names])
        if any(count > 1 for count in visit.names.values()):
            name_counts = array([*visit.names.values()])
    return (
        visit.key, visit.start, visit.tie, visit.last, visit.day.isoformat(), visit.tail_key, visit.user, visit.loose,
        visit.bot, visit.lasting, visit.interactive, visit.video_start, visit.acquisition, visit.surroundings,
        visit.pageviews, visit.entry_page, visit.exit_page, visit.exit_at, first, last, views, days, names, name_days,
        name_counts, array(visit.later_keys) if visit.later_keys else None,
    )  # fmt: skip
