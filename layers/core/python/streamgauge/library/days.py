"""The days of a media server: bandwidth, streams at once, and the sessions that started."""

from __future__ import annotations

from typing import TYPE_CHECKING

from streamgauge.clock import MICROSECONDS
from streamgauge.events.facts import user_key
from streamgauge.library import kept, queries
from streamgauge.library.figures import bandwidth, days_of, gigabytes
from streamgauge.library.sums import Totals

if TYPE_CHECKING:
    from datetime import date

    from streamgauge.library.figures import Scope
    from streamgauge.library.shapes import BandwidthRow, DailyStat, StreamsRow
    from streamgauge.store.postgres import Read


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
        {"date": day.isoformat(), **bandwidth(*of_days.get(day, (0, 0.0, 0)))}
        for day in days_of(scope.first, scope.last)
    ]


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
