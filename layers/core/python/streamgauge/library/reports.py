"""The reports on libraries, items, genres and users: all follow from the history of sessions and the catalogue, as both stand."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from streamgauge.clock import MICROSECONDS, local_day
from streamgauge.errors import NotFoundError
from streamgauge.events.facts import user_key
from streamgauge.library import kept, queries
from streamgauge.library.figures import (
    DAY,
    EVER,
    FIRST_DAY,
    Scope,
    Watch,
    days_of,
    gigabytes,
    hours,
    most_played,
    told,
    user_sums,
)
from streamgauge.library.models import BYTES_PER_GB
from streamgauge.library.sums import GroupSums, People, Totals

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import date

    from streamgauge.library.shapes import (
        BandwidthRow,
        DailyStat,
        GenreStats,
        LibraryStats,
        PopularItem,
        ServerStats,
        StreamsRow,
        UserActivity,
    )

    Read = Callable[[Any, dict[str, Any]], list[tuple[Any, ...]]]


class Page(NamedTuple):
    """Which part of a list is asked for."""

    limit: int
    skip: int = 0

    @property
    def take(self) -> int:
        """How many rows are to be found: one beyond the page tells that there is more."""
        return self.skip + self.limit + 1

    def cut(self, rows: list[Any]) -> tuple[list[Any], int | None]:
        """Return the page's rows of all up to `take`, and where the next page begins."""
        end = self.skip + self.limit
        return rows[self.skip : end], end if len(rows) > end else None


def first_day(read: Read, site_no: int) -> date | None:
    """Return the local day of a site's first session."""
    found: date | None = read(queries.FIRST_DAY, {"site_no": site_no})[0][0]
    return found


def server(read: Read, scope: Scope, now: int) -> ServerStats:
    """Return the overview; `now` in microseconds ends the last 24 hours."""
    libraries, items, size = read(queries.CATALOGUED, scope.key)[0]
    seen = kept.gather(read, scope, "totals").totals
    unseen = [number for (number,) in read(queries.CATALOGUED_USERS, scope.key) if number not in seen.users]
    return {
        "total_libraries": libraries,
        "total_items": items,
        "total_size_gb": size / BYTES_PER_GB,
        "total_users": len(seen.users) + len(unseen),
        "active_users_24h": active_users(read, scope, now - DAY, now + 1),
        "total_plays": seen.plays,
        "total_watch_hours": hours(seen.duration),
        "total_sessions": seen.sessions,
        "total_bandwidth_gb": gigabytes(seen.streamed),
        "transcode_share": seen.transcoded / seen.sessions if seen.sessions else 0.0,
    }


def active_users(read: Read, scope: Scope, begin: int, end: int) -> int:
    """Return the users of the scope's site with a session that overlaps [begin, end), in microseconds."""
    first = max(FIRST_DAY, local_day(max(begin, 0), scope.zone))
    last = local_day(end - 1, scope.zone)
    # All that began on days between the first and the last one overlap it, as they lie within it.
    within = replace(scope, first=first + timedelta(days=1), last=last - timedelta(days=1), since=EVER)
    users = kept.gather(read, within, "totals").totals.users if within.first <= within.last else People()
    days = [first - timedelta(days=1), first, last]
    found = read(queries.ACTIVE, {"site_no": scope.site_no, "days": days, "begin": begin, "end": end})
    return len(users) + sum(number not in users for _, number in found)


def library(read: Read, scope: Scope, library_id: str) -> LibraryStats:
    """Return a library. Raises NotFoundError for one that neither the catalogue nor a session knows."""
    key = {**scope.key, "library_id": library_id}
    name, type_, catalogued, items, size = read(queries.LIBRARY, key)[0]
    found = kept.gather(read, scope, "libraries").libraries.get(library_id)
    if not catalogued and not items and found is None and not read(queries.LIBRARY_SEEN, key):
        raise NotFoundError("There is no such library.")
    sums = found or GroupSums()
    return {
        "library_id": library_id,
        "name": name,
        "type": type_,
        "total_items": items,
        "total_size_gb": size / BYTES_PER_GB,
        "total_plays": sums.plays,
        "total_watch_hours": hours(sums.duration),
        "unique_users": len(sums.users),
        "last_played_at": told(sums.last if found else None),
    }


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
    return page.cut(rows)


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
    return page.cut(
        [
            {"genre": genre, "plays": -plays, "unique_users": -users, "watch_hours": hours(-duration)}
            for plays, users, duration, genre in ranked
        ]
    )


def user(read: Read, scope: Scope, user_id: str, days: tuple[date, date] | None, limit: int) -> UserActivity:
    """Return what a user watches, by the days asked for (None: from the user's first session to the last).

    Raises NotFoundError for somebody who is neither catalogued nor seen.
    """
    key = {**scope.key, "user_id": user_id, "user_key": user_key(user_id)}
    catalogued = read(queries.USER, key)
    watches = [Watch(*row) for row in read(queries.OF_USER, key)]
    if not catalogued and not watches and not read(queries.USER_SEEN, key):
        raise NotFoundError("There is no such user.")
    sums = user_sums(watches, scope.play)
    first, last = days or (min(sums.days, default=None), max(sums.days, default=None))
    every = days_of(first, last) if first is not None and last is not None else []
    devices = sorted(sums.devices.items(), key=lambda row: (-row[1].last, row[0]))
    return {
        "user_id": user_id,
        "name": catalogued[0][0] if catalogued else None,
        "plays": sums.whole.plays,
        "watch_hours": hours(sums.whole.duration),
        "sessions": sums.whole.sessions,
        "watched": sums.whole.watched,
        "last_seen_at": told(sums.whole.last) if watches else None,
        "top_genres": [
            {"genre": name, "plays": one.plays, "watch_hours": hours(one.duration)}
            for name, one in most_played(sums.genres, limit)
        ],
        "top_types": [
            {"type": name, "plays": one.plays, "watch_hours": hours(one.duration)}
            for name, one in most_played(sums.types, limit)
        ],
        "devices": [
            {
                "device_id": sums.latest[name].device_id,
                "device_name": sums.latest[name].device_name or "",
                "client_name": sums.latest[name].client_name or "",
                "sessions": one.sessions,
                "plays": one.plays,
                "watch_hours": hours(one.duration),
                "last_seen_at": told(one.last),
            }
            for name, one in devices
        ],
        "daily": [
            {
                "date": day.isoformat(),
                "plays": sums.days[day].plays,
                "watch_hours": hours(sums.days[day].duration),
                "engagement_score": sums.days[day].engagement_score,
            }
            for day in every
        ],
    }


def bandwidth_of_days(read: Read, scope: Scope, user_id: str | None) -> list[BandwidthRow]:
    """Return every day of the scope with what its sessions streamed, of all users or of one."""
    if user_id is None:
        of_days = {
            day: (sums.sessions, sums.streamed, sums.duration) for day, (sums, _) in kept.by_day(read, scope).items()
        }
    else:
        rows = read(queries.BANDWIDTH_OF_DAYS, {**scope.key, "user_key": user_key(user_id)})
        of_days = {day: (sessions, float(streamed), duration) for day, sessions, streamed, duration in rows}
    return [
        {"date": day.isoformat(), **_bandwidth(*of_days.get(day, (0, 0.0, 0)))}
        for day in days_of(scope.first, scope.last)
    ]


def bandwidth_of_users(read: Read, scope: Scope, page: Page) -> tuple[list[BandwidthRow], int | None]:
    """Return the users whose sessions streamed most, ties by id."""
    sums = kept.gather(read, scope, "users").users
    ranked = sorted(sums, key=lambda number: -sums[number].streamed)
    if len(ranked) > page.take:
        least = sums[ranked[page.take - 1]].streamed
        ranked = [number for number in ranked if sums[number].streamed >= least]
    names: dict[int, str] = dict(read(queries.USER_IDS, {"site_no": scope.site_no, "numbers": ranked}))
    rows: list[BandwidthRow] = [
        {"user_id": names[number], **_bandwidth(sums[number].sessions, sums[number].streamed, sums[number].duration)}
        for number in sorted(names, key=lambda number: (-sums[number].streamed, names[number]))
    ]
    return page.cut(rows)


def _bandwidth(sessions: int, streamed: float, duration: int) -> BandwidthRow:
    return {
        "bandwidth_gb": gigabytes(streamed),
        "sessions": sessions,
        "watch_hours": hours(duration),
        "mean_bitrate_kbps": streamed / duration if duration else 0.0,
    }


def peaks(read: Read, scope: Scope) -> list[StreamsRow]:
    """Return every day of the scope with the most streams that played at once in it; paused ones do not."""
    days = days_of(scope.first, scope.last)
    found = {day: peak for day, (_, peak) in kept.by_day(read, scope).items()}
    # Streams of the day before may go on where none begins.
    found |= kept.peaks_of(read, scope, [day for day in days if day not in found])
    return [{"date": day.isoformat(), "peak_concurrent_streams": found[day]} for day in days]


def daily_stats(read: Read, scope: Scope) -> list[DailyStat]:
    """Return every day of the scope with the sessions that started on it."""
    found = kept.by_day(read, scope)
    return [_daily(day, found[day][0] if day in found else Totals()) for day in days_of(scope.first, scope.last)]


def _daily(day: date, sums: Totals) -> DailyStat:
    return {
        "date": day.isoformat(),
        "total_sessions": sums.sessions,
        "total_duration_minutes": sums.duration // (60 * MICROSECONDS),
        "unique_users": len(sums.users),
        "total_bandwidth_gb": gigabytes(sums.streamed),
        "transcoded_sessions": sums.transcoded,
    }
