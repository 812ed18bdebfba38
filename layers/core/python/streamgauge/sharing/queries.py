"""SQL of sharing detection. Sessions of media servers and of players alike."""

from __future__ import annotations

from typing import Final, LiteralString

_COLUMNS: Final[LiteralString] = (
    "key, session_id, user_id, device, start, last, starts, ends, paused OR stop IS NOT NULL OR historical, network,"
    " CASE WHEN NOT hosting THEN latitude END, longitude, radius_km, country, city, device_name, client_name, device_id,"
    " ip_address, changed_at"
)

_BOTH: Final[LiteralString] = (
    "SELECT " + _COLUMNS + " FROM sessions WHERE {} UNION ALL SELECT " + _COLUMNS + " FROM player_sessions WHERE {}"
)

OF_USER: Final[LiteralString] = _BOTH.replace(
    "{}",
    "site_no = %(site_no)s AND user_key = %(user_key)s AND start >= %(since)s - %(longest)s AND start <= %(until)s"
    " AND last >= %(since)s",
)  # fmt: skip
"""What a user played between two times."""

OF_RANGE: Final[LiteralString] = _BOTH.replace(
    "{}",
    "site_no = %(site_no)s AND start >= %(since)s - %(longest)s AND start < %(until)s AND last >= %(since)s",
)
SESSIONS_OF_RANGE: Final[LiteralString] = """
SELECT (SELECT count(*) FROM sessions WHERE site_no = %(site_no)s AND start >= %(since)s AND start < %(until)s)
    + (SELECT count(*) FROM player_sessions WHERE site_no = %(site_no)s AND start >= %(since)s AND start < %(until)s)
"""

CHANGED: Final[LiteralString] = """
SELECT user_key, user_id, min(start), max(last), max(start) FROM (
    SELECT user_key, user_id, start, last FROM sessions WHERE site_no = %(site_no)s AND changed_at >= %(since)s
    UNION ALL
    SELECT user_key, user_id, start, last FROM player_sessions WHERE site_no = %(site_no)s AND changed_at >= %(since)s
) changed GROUP BY user_key, user_id ORDER BY user_key, user_id
"""
"""Users whose sessions changed: first and last moment of those, and when the youngest began."""

USES: Final[LiteralString] = """
SELECT device, start, last FROM sessions
WHERE site_no = %(site_no)s AND user_key = %(user_key)s AND user_id = %(user_id)s AND start BETWEEN %(since)s AND %(until)s
UNION ALL
SELECT device, start, last FROM player_sessions
WHERE site_no = %(site_no)s AND user_key = %(user_key)s AND user_id = %(user_id)s AND start BETWEEN %(since)s AND %(until)s
"""
FIRST_SEEN: Final[LiteralString] = """
SELECT least(
    (SELECT min(start) FROM sessions WHERE site_no = %(site_no)s AND user_key = %(user_key)s AND user_id = %(user_id)s),
    (SELECT min(start) FROM player_sessions WHERE site_no = %(site_no)s AND user_key = %(user_key)s AND user_id = %(user_id)s))
"""

PROGRESS: Final[LiteralString] = "SELECT seen_until FROM sharing_progress WHERE site_no = %(site_no)s"
SET_PROGRESS: Final[LiteralString] = """
INSERT INTO sharing_progress (site_no, seen_until) VALUES (%(site_no)s, %(seen_until)s)
ON CONFLICT (site_no) DO UPDATE SET seen_until = greatest(sharing_progress.seen_until, excluded.seen_until)
"""
SITES_WITH_SESSIONS: Final[LiteralString] = """
SELECT site_id FROM sites s WHERE EXISTS (SELECT FROM sessions WHERE site_no = s.site_no)
    OR EXISTS (SELECT FROM player_sessions WHERE site_no = s.site_no)
ORDER BY site_id
"""

ALERTS_NEAR: Final[LiteralString] = """
SELECT alert_id::text, rule, first, last, dismissed_at, note, told FROM sharing_alerts
WHERE site_no = %(site_no)s AND user_key = %(user_key)s AND user_id = %(user_id)s
    AND last >= %(since)s AND first <= %(until)s
ORDER BY first, alert_id
"""
WRITE_ALERT: Final[LiteralString] = """
INSERT INTO sharing_alerts AS a
    (site_no, alert_id, user_id, user_key, rule, severity, first, last, evidence, changed_at, dismissed_at, note)
VALUES (%(site_no)s, %(alert_id)s, %(user_id)s, %(user_key)s, %(rule)s, %(severity)s, %(first)s, %(last)s, %(evidence)s,
    %(changed_at)s, %(dismissed_at)s, %(note)s)
ON CONFLICT (site_no, alert_id) DO UPDATE SET severity = excluded.severity, first = excluded.first, last = excluded.last,
    evidence = excluded.evidence, changed_at = excluded.changed_at,
    dismissed_at = coalesce(a.dismissed_at, excluded.dismissed_at), note = coalesce(a.note, excluded.note)
WHERE (a.severity, a.first, a.last, a.evidence) IS DISTINCT FROM
    (excluded.severity, excluded.first, excluded.last, excluded.evidence)
    OR a.dismissed_at IS NULL AND excluded.dismissed_at IS NOT NULL
"""
WITHDRAW_ALERTS: Final[LiteralString] = """
DELETE FROM sharing_alerts WHERE site_no = %(site_no)s AND alert_id = ANY(%(alert_ids)s::uuid[]) AND dismissed_at IS NULL
"""
REMOVE_ALERTS: Final[LiteralString] = """
DELETE FROM sharing_alerts WHERE site_no = %(site_no)s AND alert_id = ANY(%(alert_ids)s::uuid[])
"""
"""Of episodes that have grown together: the alert of the first stays, dismissed when one of them was."""

_ALERT: Final[LiteralString] = (
    "SELECT alert_id::text, user_id, rule, severity, first, last, evidence, dismissed_at, note, changed_at,"
    " (SELECT name FROM media_users u WHERE u.site_no = a.site_no AND u.user_id = a.user_id) FROM sharing_alerts a"
)

UNTOLD: Final[LiteralString] = (
    _ALERT + " WHERE site_no = %(site_no)s AND last >= %(since)s AND dismissed_at IS NULL"
    " AND (told IS NULL OR array_position(%(order)s::text[], told) < array_position(%(order)s::text[], severity))"
    " ORDER BY first, alert_id"
)  # fmt: skip
SET_TOLD: Final[LiteralString] = """
UPDATE sharing_alerts SET told = %(severity)s WHERE site_no = %(site_no)s AND alert_id = %(alert_id)s
"""

ALERTS: Final[LiteralString] = (
    _ALERT + " WHERE site_no = %(site_no)s AND (%(user_key)s::bigint IS NULL OR user_key = %(user_key)s AND user_id = %(user_id)s)"
    " AND (%(dismissed)s::boolean IS NULL OR (dismissed_at IS NOT NULL) = %(dismissed)s)"
    " ORDER BY first DESC, alert_id LIMIT %(take)s OFFSET %(skip)s"
)  # fmt: skip
ALERT: Final[LiteralString] = _ALERT + " WHERE site_no = %(site_no)s AND alert_id = %(alert_id)s"
DISMISS: Final[LiteralString] = """
UPDATE sharing_alerts SET dismissed_at = coalesce(dismissed_at, %(now)s), note = coalesce(%(note)s, note)
WHERE site_no = %(site_no)s AND alert_id = %(alert_id)s
"""

TRUSTED: Final[LiteralString] = "SELECT devices, networks, users FROM sharing_trusted WHERE site_no = %(site_no)s"
SET_TRUSTED: Final[LiteralString] = """
INSERT INTO sharing_trusted (site_no, devices, networks, users)
VALUES (%(site_no)s, %(devices)s, %(networks)s, %(users)s)
ON CONFLICT (site_no) DO UPDATE SET devices = excluded.devices, networks = excluded.networks, users = excluded.users
"""

DELETE_OLD: Final[LiteralString] = "DELETE FROM sharing_alerts WHERE last < %(before)s"
NEXT_OLD: Final[LiteralString] = "SELECT min(last) FROM sharing_alerts"
"""Kept as sessions are: from the last evidence on."""
