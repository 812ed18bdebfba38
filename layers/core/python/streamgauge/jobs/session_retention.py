"""Retention of sessions and sharing alerts: rows go with the rollups, addresses 30 days after the last call (that of a raw call: after the call)."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Final, LiteralString

from streamgauge import clock
from streamgauge.sharing import queries as sharing
from streamgauge.warehouse.session_rows import IP_KEPT

if TYPE_CHECKING:
    from streamgauge.store.postgres import Connection

_FORGET_ADDRESSES: Final[tuple[LiteralString, ...]] = (
    "UPDATE sessions SET ip_address = NULL WHERE ip_address IS NOT NULL AND last < %(before)s",
    """
    UPDATE session_calls SET ip_address = NULL WHERE ip_address IS NOT NULL AND day <= %(before_day)s AND time < %(before)s
    """,
)
_DELETE: Final[tuple[LiteralString, ...]] = (
    "DELETE FROM sessions WHERE kept_from < %(day)s",
    "DELETE FROM player_sessions WHERE kept_from < %(day)s",
)
_NEXT_ADDRESS: Final[LiteralString] = "SELECT min(last) FROM sessions WHERE ip_address IS NOT NULL"
_NEXT_DAY: Final[LiteralString] = """
SELECT least((SELECT min(kept_from) FROM sessions), (SELECT min(kept_from) FROM player_sessions))
"""


def remove(connection: Connection, today: date, kept_days: int) -> dict[str, int]:
    """Forget what is due on a UTC day; `kept_days` 0: sessions are kept for ever, their addresses never are."""
    before = clock.day_start(today, "UTC") * clock.MICROSECONDS - IP_KEPT
    due = {"before": before, "before_day": clock.instant(before).date()}
    result = {"addresses": sum(connection.execute(statement, due).rowcount for statement in _FORGET_ADDRESSES)}
    if kept_days:
        day = today - timedelta(days=kept_days)
        result["sessions"] = sum(connection.execute(statement, {"day": day}).rowcount for statement in _DELETE)
        gone = {"before": clock.day_start(day, "UTC") * clock.MICROSECONDS}
        result["sharing_alerts"] = connection.execute(sharing.DELETE_OLD, gone).rowcount
    return result


def next_due(connection: Connection, kept_days: int) -> date | None:
    """Return the first UTC day on which a session or an address has to go; None when there is none."""
    dues: list[date] = []
    row = connection.execute(_NEXT_ADDRESS).fetchone()
    if row and row[0] is not None:
        dues.append(clock.instant(row[0] + IP_KEPT).date() + timedelta(days=1))
    row = connection.execute(_NEXT_DAY).fetchone()
    if kept_days and row and row[0] is not None:
        dues.append(row[0] + timedelta(days=kept_days + 1))
    row = connection.execute(sharing.NEXT_OLD).fetchone()
    if kept_days and row and row[0] is not None:
        dues.append(clock.instant(row[0]).date() + timedelta(days=kept_days + 1))
    return min(dues, default=None)
