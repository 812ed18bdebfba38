"""Lists of items, genres and users, those of most plays or of most bandwidth first."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from streamgauge.library import kept, queries
from streamgauge.library.figures import bandwidth, hours

if TYPE_CHECKING:
    from collections.abc import Iterator

    from streamgauge.library.figures import Scope
    from streamgauge.library.shapes import BandwidthRow, GenreStats, PopularItem
    from streamgauge.paging import Page
    from streamgauge.store.postgres import Read


def popular(read: Read, scope: Scope, page: Page, kind: str | None = None) -> tuple[list[PopularItem], int | None]:
    """Return the items with most plays, then users, then watch time, ties by title and id; `kind` in any case."""
    plays = kept.gather(read, scope, "items").items
    if kind is not None:
        of_type: dict[str, bool] = dict(read(queries.TYPES, {"site_no": scope.site_no, "type": kind}))
        plays = {item: count for item, count in plays.items() if of_type.get(item, True)}
    rows: list[PopularItem] = []
    for items in _leading(plays, page.take):
        found = read(queries.OF_ITEMS, {**scope.key, "items": items})
        rows += _popular_rows(read, scope, [row for row in found if kind is None or row[2].lower() == kind.lower()])
        if len(rows) >= page.take:
            break
    rows.sort(key=_rank)
    return page.of_all(rows)


def _leading(plays: dict[str, int], take: int) -> Iterator[list[str]]:
    """Yield items, those of most plays first, at least `take` at a time, and with all that equal the last of them."""
    by_plays: defaultdict[int, list[str]] = defaultdict(list)
    for item, count in plays.items():
        by_plays[count].append(item)
    items: list[str] = []
    for count in sorted(by_plays, reverse=True):
        items += by_plays[count]
        if len(items) >= take:
            yield items
            items = []
    if items:
        yield items


def _popular_rows(read: Read, scope: Scope, found: list[tuple[Any, ...]]) -> list[PopularItem]:
    untitled = [row[0] for row in found if row[1] is None]
    titles: dict[str, str] = (
        dict(read(queries.TITLES, {"site_no": scope.site_no, "items": untitled})) if untitled else {}
    )
    return [
        {
            "content_id": content_id,
            "title": title if title is not None else titles.get(content_id),
            "content_type": type_,
            "plays": plays,
            "unique_users": users,
            "watch_hours": hours(duration),
            "watched": watched,
        }
        for content_id, title, type_, plays, users, duration, watched in found
    ]


def _rank(row: PopularItem) -> tuple[Any, ...]:
    return -row["plays"], -row["unique_users"], -row["watch_hours"], row["title"] or "", row["content_id"]


def genres(read: Read, scope: Scope, page: Page) -> tuple[list[GenreStats], int | None]:
    """Return the genres with most plays, then users, then watch time, ties by name."""
    found = kept.gather(read, scope, "genres").genres
    ranked = sorted(
        (-sums.plays, -len(sums.users), -sums.duration, genre) for genre, sums in found.items() if sums.plays
    )
    return page.of_all(
        [
            {"genre": genre, "plays": -plays, "unique_users": -users, "watch_hours": hours(-duration)}
            for plays, users, duration, genre in ranked
        ]
    )


def bandwidth_of_users(read: Read, scope: Scope, page: Page) -> tuple[list[BandwidthRow], int | None]:
    """Return the users whose sessions streamed most, ties by id."""
    sums = kept.gather(read, scope, "users").users
    ranked = sorted(sums, key=lambda number: -sums[number].streamed)
    if len(ranked) > page.take:
        least = sums[ranked[page.take - 1]].streamed
        ranked = [number for number in ranked if sums[number].streamed >= least]
    names: dict[int, str] = dict(read(queries.USER_IDS, {"site_no": scope.site_no, "numbers": ranked}))
    rows: list[BandwidthRow] = [
        {"user_id": names[number], **bandwidth(sums[number].sessions, sums[number].streamed, sums[number].duration)}
        for number in sorted(names, key=lambda number: (-sums[number].streamed, names[number]))
    ]
    return page.of_all(rows)
