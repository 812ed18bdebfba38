"""Session history and the figures of days, read from Postgres."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

# pydantic, which publishes these shapes, cannot read typing's own before Python 3.12.
from typing_extensions import TypedDict

from streamgauge.clock import MICROSECONDS
from streamgauge.events.facts import user_key
from streamgauge.sessions import queries
from streamgauge.sessions.rows import session_of, values_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import date

    from streamgauge.sessions.folding import Session

    Read = Callable[[str, dict[str, Any]], list[tuple[Any, ...]]]

_KBIT_MICROSECONDS_PER_GB: Final = 8 * 10**12
"""What `streamed` counts, kbit/s x microseconds, in 10^9 bytes."""


class DailyStat(TypedDict):
    """The sessions that started on a day, with all that they played and streamed."""

    date: str
    total_sessions: int
    total_duration_minutes: int
    unique_users: int
    total_bandwidth_gb: float
    transcoded_sessions: int


class SessionDays(TypedDict):
    """Every day of a range."""

    range: dict[str, str]
    results: list[DailyStat]
    next_cursor: str | None


def sessions_of_user(read: Read, site_no: int, user_id: str, take: int) -> list[Session]:
    """Return the last `take` sessions of a user, the latest first."""
    parameters = {"site_no": site_no, "user_key": user_key(user_id), "user_id": user_id, "take": take}
    return [session_of(values_of(row)) for row in read(queries.OF_USER, parameters)]


def merged(stored: Iterable[Session], live: Iterable[Session]) -> list[Session]:
    """Return sessions of history and live ones, each as whoever knows more of its calls has it, the latest first."""
    found = {session.id: session for session in live}
    for session in stored:
        other = found.get(session.id)
        if other is None or (session.seen, session.calls) >= (other.seen, other.calls):
            found[session.id] = session
    return sorted(found.values(), key=lambda session: (-session.start, session.id))


def daily_stats(read: Read, site_no: int, start: date, end: date) -> list[DailyStat]:
    """Return every day of a range, both included; empty ones too."""
    rows = {row[0]: row[1:] for row in read(queries.DAYS, {"site_no": site_no, "start": start, "end": end})}
    days = (start + timedelta(days=n) for n in range((end - start).days + 1))
    return [_daily(day, *rows.get(day, (0, 0, 0, 0, 0))) for day in days]


def _daily(day: date, sessions: int, duration: int, users: int, streamed: int, transcoded: int) -> DailyStat:
    return {
        "date": day.isoformat(),
        "total_sessions": sessions,
        "total_duration_minutes": int(duration) // (60 * MICROSECONDS),
        "unique_users": users,
        "total_bandwidth_gb": int(streamed) / _KBIT_MICROSECONDS_PER_GB,
        "transcoded_sessions": transcoded,
    }
