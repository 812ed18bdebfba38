"""The reports on libraries, items, genres and users: all follow from the history of sessions and the catalogue, as both stand."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from streamgauge.clock import local_day
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
from streamgauge.library.sums import GroupSums, People

if TYPE_CHECKING:
    from datetime import date

    from streamgauge.library.shapes import (
        LibraryStats,
        ServerStats,
        UserActivity,
    )
    from streamgauge.store.postgres import Read


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
