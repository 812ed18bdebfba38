"""The reports on libraries, items, genres and users: all read from the history of sessions and the catalogue, as both stand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

# pydantic, which publishes these shapes, cannot read typing's own before Python 3.12.
from typing_extensions import TypedDict

from streamgauge.clock import MICROSECONDS, day_start
from streamgauge.errors import NotFoundError
from streamgauge.events.facts import user_key
from streamgauge.library import queries
from streamgauge.library.figures import (
    DAY,
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

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date

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


class ServerStats(TypedDict):
    """A whole media server. Sessions are those that began in the range; the catalogue is as it stands."""

    total_libraries: int
    total_items: int
    total_size_gb: float
    total_users: int
    active_users_24h: int
    total_plays: int
    total_watch_hours: float
    total_sessions: int
    total_bandwidth_gb: float
    transcode_share: float


class LibraryStats(TypedDict):
    """A library: its items, and the sessions of these (or that name it, where the catalogue says no other)."""

    library_id: str
    name: str | None
    type: str | None
    total_items: int
    total_size_gb: float
    total_plays: int
    total_watch_hours: float
    unique_users: int
    last_played_at: str | None


class PopularItem(TypedDict):
    """An item with all its sessions; `watched` counts those that reached 85 % of its runtime."""

    content_id: str
    title: str | None
    content_type: str
    plays: int
    unique_users: int
    watch_hours: float
    watched: int


class GenreStats(TypedDict):
    """A genre; an item adds to each of its genres."""

    genre: str
    plays: int
    unique_users: int
    watch_hours: float


class UserGenre(TypedDict):
    """A genre of what a user watches."""

    genre: str
    plays: int
    watch_hours: float


class UserType(TypedDict):
    """A type of what a user watches."""

    type: str
    plays: int
    watch_hours: float


class UserDevice(TypedDict):
    """A device of a user, under the names that it had last."""

    device_id: str | None
    device_name: str
    client_name: str
    sessions: int
    plays: int
    watch_hours: float
    last_seen_at: str | None


class DayOfUser(TypedDict):
    """A user's sessions that began on a day; the score is that of videos, over plays."""

    date: str
    plays: int
    watch_hours: float
    engagement_score: float


class UserActivity(TypedDict):
    """What a user watches."""

    user_id: str
    name: str | None
    plays: int
    watch_hours: float
    sessions: int
    watched: int
    last_seen_at: str | None
    top_genres: list[UserGenre]
    top_types: list[UserType]
    devices: list[UserDevice]
    daily: list[DayOfUser]


class BandwidthRow(TypedDict, total=False):
    """What the sessions of a day (`date`) or of a user (`user_id`) streamed, and their mean bitrate."""

    date: str
    user_id: str
    bandwidth_gb: float
    sessions: int
    watch_hours: float
    mean_bitrate_kbps: float


class StreamsRow(TypedDict):
    """The most streams that played at one moment of a day."""

    date: str
    peak_concurrent_streams: int


def first_day(read: Read, site_no: int) -> date | None:
    """Return the local day of a site's first session."""
    found: date | None = read(queries.FIRST_DAY, {"site_no": site_no})[0][0]
    return found


def server(read: Read, scope: Scope, now: int) -> ServerStats:
    """Return the overview; `now` in microseconds ends the last 24 hours."""
    libraries, items, size, users, sessions, plays, duration, streamed, transcoded = read(queries.SERVER, scope.key)[0]
    return {
        "total_libraries": libraries,
        "total_items": items,
        "total_size_gb": size / BYTES_PER_GB,
        "total_users": users,
        "active_users_24h": active_users(read, scope.site_no, now - DAY, now + 1),
        "total_plays": plays,
        "total_watch_hours": hours(duration),
        "total_sessions": sessions,
        "total_bandwidth_gb": gigabytes(streamed),
        "transcode_share": transcoded / sessions if sessions else 0.0,
    }


def active_users(read: Read, site_no: int, begin: int, end: int) -> int:
    """Return the users with a session that overlaps [begin, end), in microseconds."""
    found: int = read(queries.ACTIVE, {"site_no": site_no, "begin": begin, "end": end})[0][0]
    return found


def library(read: Read, scope: Scope, library_id: str) -> LibraryStats:
    """Return a library. Raises NotFoundError for one that neither the catalogue nor a session knows."""
    key = {**scope.key, "library_id": library_id}
    name, type_, catalogued, items, size = read(queries.LIBRARY, key)[0]
    plays, duration, users, last = read(queries.SESSIONS_OF_LIBRARY, key)[0]
    if not catalogued and not items and not users:
        everything = Scope(scope.site_no, scope.play)
        if not read(queries.SESSIONS_OF_LIBRARY, {**everything.key, "library_id": library_id})[0][2]:
            raise NotFoundError("There is no such library.")
    return {
        "library_id": library_id,
        "name": name,
        "type": type_,
        "total_items": items,
        "total_size_gb": size / BYTES_PER_GB,
        "total_plays": plays,
        "total_watch_hours": hours(duration),
        "unique_users": users,
        "last_played_at": told(last),
    }


def popular(read: Read, scope: Scope, page: Page, kind: str | None = None) -> tuple[list[PopularItem], int | None]:
    """Return the items with most plays, then users, then watch time, ties by title and id; `kind` in any case."""
    found = read(queries.POPULAR, {**scope.key, "type": kind, "take": page.take})
    untitled = [row[0] for row in found if row[1] is None]
    titles: dict[str, str] = (
        dict(read(queries.TITLES, {"site_no": scope.site_no, "items": untitled})) if untitled else {}
    )
    rows: list[PopularItem] = [
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
    rows.sort(key=_rank)
    return page.cut(rows)


def _rank(row: PopularItem) -> tuple[Any, ...]:
    return -row["plays"], -row["unique_users"], -row["watch_hours"], row["title"] or "", row["content_id"]


def genres(read: Read, scope: Scope, page: Page) -> tuple[list[GenreStats], int | None]:
    """Return the genres with most plays, then users, then watch time, ties by name."""
    found = read(queries.GENRES, {**scope.key, "take": page.limit + 1, "skip": page.skip})
    rows: list[GenreStats] = [
        {"genre": genre, "plays": plays, "unique_users": users, "watch_hours": hours(duration)}
        for genre, plays, users, duration in found
    ]
    return rows[: page.limit], page.skip + page.limit if len(rows) > page.limit else None


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
    key = {**scope.key, "user_key": None if user_id is None else user_key(user_id)}
    found = {row[0]: row[1:] for row in read(queries.BANDWIDTH_OF_DAYS, key)}
    return [
        {"date": day.isoformat(), **_bandwidth(*found.get(day, (0, 0, 0)))} for day in days_of(scope.first, scope.last)
    ]


def bandwidth_of_users(read: Read, scope: Scope, page: Page) -> tuple[list[BandwidthRow], int | None]:
    """Return the users whose sessions streamed most, ties by id."""
    found = read(queries.BANDWIDTH_OF_USERS, {**scope.key, "take": page.limit + 1, "skip": page.skip})
    rows: list[BandwidthRow] = [{"user_id": row[0], **_bandwidth(*row[1:])} for row in found]
    return rows[: page.limit], page.skip + page.limit if len(rows) > page.limit else None


def _bandwidth(sessions: int, streamed: int, duration: int) -> BandwidthRow:
    return {
        "bandwidth_gb": gigabytes(streamed),
        "sessions": sessions,
        "watch_hours": hours(duration),
        "mean_bitrate_kbps": float(streamed) / duration if duration else 0.0,
    }


def peaks(read: Read, scope: Scope, zone: str) -> list[StreamsRow]:
    """Return every day of the scope with the most streams that played at once in it; paused ones do not."""
    days = days_of(scope.first, scope.last)
    midnights = [day_start(day, zone) * MICROSECONDS for day in days]
    end = day_start(scope.last.fromordinal(scope.last.toordinal() + 1), zone) * MICROSECONDS
    key = {"site_no": scope.site_no, "begin": midnights[0], "end": end, "midnights": midnights}
    found: dict[int, int] = dict(read(queries.PEAKS, key))
    return [
        {"date": day.isoformat(), "peak_concurrent_streams": found.get(place, 0)} for place, day in enumerate(days, 1)
    ]
