"""SQL of erasure. `new_texts` and `new_numbers` are tables of one transaction: what a person's ids, and their numbers, are called now."""

from __future__ import annotations

from typing import Final, LiteralString

MAKE_NAMES: Final[tuple[LiteralString, ...]] = (
    "CREATE TEMP TABLE new_texts (kind text, old text, new text NOT NULL, PRIMARY KEY (kind, old)) ON COMMIT DROP",
    "CREATE TEMP TABLE new_numbers (old bigint PRIMARY KEY, new bigint NOT NULL) ON COMMIT DROP",
)
FILL_TEXTS: Final[LiteralString] = """
INSERT INTO new_texts SELECT kind, old, new FROM json_to_recordset(%(rows)s) AS t(kind text, old text, new text)
"""
FILL_NUMBERS: Final[LiteralString] = """
INSERT INTO new_numbers SELECT old, new FROM unnest(%(olds)s::bigint[], %(news)s::bigint[]) AS t(old, new)
"""
DROP_NAMES: Final[tuple[LiteralString, ...]] = ("DROP TABLE new_texts", "DROP TABLE new_numbers")

ANONYMOUS_IDS: Final[LiteralString] = """
SELECT anonymous_id FROM events WHERE site_no = %(site_no)s AND user_id = %(user_id)s AND anonymous_id IS NOT NULL
UNION
SELECT anonymous_id FROM views WHERE site_no = %(site_no)s AND user_id = %(user_id)s AND anonymous_id IS NOT NULL
UNION
SELECT device_id FROM player_sessions WHERE site_no = %(site_no)s AND user_key = %(user_key)s AND device_id IS NOT NULL
"""
SESSION_IDS: Final[LiteralString] = """
SELECT session_id FROM events WHERE site_no = %(site_no)s AND session_id IS NOT NULL
    AND (user_id = %(user_id)s OR (user_id IS NULL AND anonymous_id = ANY(%(anonymous_ids)s)))
UNION
SELECT session_id FROM views WHERE site_no = %(site_no)s AND session_id IS NOT NULL
    AND (user_id = %(user_id)s OR (user_id IS NULL AND anonymous_id = ANY(%(anonymous_ids)s)))
UNION
SELECT session_id FROM sessions WHERE site_no = %(site_no)s AND user_key = %(user_key)s
"""
DEVICE_IDS: Final[LiteralString] = """
SELECT DISTINCT device_id FROM sessions WHERE site_no = %(site_no)s AND user_key = %(user_key)s AND device_id IS NOT NULL
"""

_NAMED: Final[LiteralString] = """(e.user_id = %(user_id)s
    OR e.anonymous_id IN (SELECT old FROM new_texts WHERE kind = 'anonymous')
    OR e.session_id IN (SELECT old FROM new_texts WHERE kind = 'session'))"""
_OWN: Final[LiteralString] = """(e.user_id = %(user_id)s
    OR (e.user_id IS NULL AND e.anonymous_id IN (SELECT old FROM new_texts WHERE kind = 'anonymous')))"""
_TEXTS: Final[LiteralString] = """
    anonymous_id = coalesce((SELECT new FROM new_texts WHERE kind = 'anonymous' AND old = e.anonymous_id), e.anonymous_id),
    session_id = coalesce((SELECT new FROM new_texts WHERE kind = 'session' AND old = e.session_id), e.session_id),
    user_id = CASE WHEN e.user_id = %(user_id)s THEN %(name)s ELSE e.user_id END,
    event_id = replace(e.event_id, %(user_id)s, %(name)s)"""

PLAYS: Final[LiteralString] = f"""
SELECT DISTINCT play_key, session_id, coalesce(visitor, visit_key), video_id, (flags & 1) = 1, user_id, day FROM events e
WHERE site_no = %(site_no)s AND play_key IS NOT NULL AND {_NAMED}
"""
VIEWERS: Final[LiteralString] = f"""
SELECT DISTINCT viewer, session_id, user_id, anonymous_id, video_id FROM views e WHERE site_no = %(site_no)s AND {_NAMED}
"""

RENAME_EVENTS: Final[LiteralString] = f"""
UPDATE events e SET {_TEXTS},
    visit_key = coalesce((SELECT new FROM new_numbers WHERE old = e.visit_key), e.visit_key),
    visitor = coalesce((SELECT new FROM new_numbers WHERE old = e.visitor), e.visitor),
    play_key = coalesce((SELECT new FROM new_numbers WHERE old = e.play_key), e.play_key),
    url_rest = CASE WHEN {_OWN} THEN NULL ELSE url_rest END,
    properties = CASE WHEN {_OWN} THEN NULL ELSE properties END,
    metadata = CASE WHEN {_OWN} THEN NULL ELSE metadata END
WHERE site_no = %(site_no)s AND {_NAMED}
"""
RENAME_VIEWS: Final[LiteralString] = f"""
UPDATE views e SET {_TEXTS}, viewer = coalesce((SELECT new FROM new_numbers WHERE old = e.viewer), e.viewer)
WHERE site_no = %(site_no)s AND {_NAMED}
"""
RENAME_NUMBERS: Final[dict[str, LiteralString]] = {
    "visits": """
        UPDATE visits e SET key = coalesce((SELECT new FROM new_numbers WHERE old = e.key), e.key),
            user_key = coalesce((SELECT new FROM new_numbers WHERE old = e.user_key), e.user_key)
        WHERE site_no = %(site_no)s AND (key IN (SELECT old FROM new_numbers) OR user_key IN (SELECT old FROM new_numbers))
    """,
    "playbacks": """
        UPDATE playbacks e SET key = coalesce((SELECT new FROM new_numbers WHERE old = e.key), e.key),
            viewer = coalesce((SELECT new FROM new_numbers WHERE old = e.viewer), e.viewer)
        WHERE site_no = %(site_no)s AND (key IN (SELECT old FROM new_numbers) OR viewer IN (SELECT old FROM new_numbers))
    """,
    "visitor_days": """
        UPDATE visitor_days e SET visitor = n.new FROM new_numbers n WHERE e.site_no = %(site_no)s AND e.visitor = n.old
    """,
    # The bit of a visitor in `uniques` and `visitors_before` stays: only whose it is changes.
    "visitor_numbers": """
        UPDATE visitor_numbers e SET visitor = n.new FROM new_numbers n WHERE e.site_no = %(site_no)s AND e.visitor = n.old
    """,
    # As is the bit of a user in the sums of sessions.
    "session_users": """
        UPDATE session_users e SET user_key = n.new FROM new_numbers n WHERE e.site_no = %(site_no)s AND e.user_key = n.old
    """,
    "visitor_day_changes": """
        UPDATE visitor_day_changes e SET visitors =
            ARRAY(SELECT coalesce(n.new, v) FROM unnest(e.visitors) AS v LEFT JOIN new_numbers n ON n.old = v)
        WHERE site_no = %(site_no)s AND visitors && ARRAY(SELECT old FROM new_numbers)
    """,
    "anchors": "DELETE FROM anchors WHERE site_no = %(site_no)s AND key IN (SELECT old FROM new_numbers)",
}

# `{}` is `sessions` or `player_sessions`.
SESSION_ROWS: Final[LiteralString] = """
SELECT key, session_id, user_id, user_id = %(user_id)s, client_name, device_name, device_id FROM {} e
WHERE site_no = %(site_no)s AND (user_key = %(user_key)s OR key = ANY(%(keys)s::bigint[]))
"""
RENAME_SESSIONS: Final[LiteralString] = """
UPDATE {} e SET key = t.new_key, session_id = t.session_id, user_id = t.user_id, user_key = t.user_key, device_id = t.device_id,
    device = t.device, ip_address = CASE WHEN t.own THEN NULL ELSE ip_address END,
    network = CASE WHEN t.own THEN NULL ELSE network END, latitude = CASE WHEN t.own THEN NULL ELSE latitude END,
    longitude = CASE WHEN t.own THEN NULL ELSE longitude END, radius_km = CASE WHEN t.own THEN NULL ELSE radius_km END
FROM json_to_recordset(%(rows)s) AS t(key bigint, new_key bigint, session_id text, user_id text, user_key bigint,
    device_id text, device text, own boolean)
WHERE e.site_no = %(site_no)s AND e.key = t.key
"""
RENAME_CALLS: Final[LiteralString] = """
UPDATE session_calls e SET user_id = %(name)s, ip_address = NULL,
    key = coalesce((SELECT new FROM new_numbers WHERE old = e.key), e.key),
    fields = fields #- '{item,device_id}' #- '{spot,network}' #- '{spot,latitude}' #- '{spot,longitude}' #- '{spot,radius_km}'
WHERE site_no = %(site_no)s AND user_id = %(user_id)s
"""

FUNNEL_DAYS: Final[LiteralString] = """
SELECT d.funnel_no, d.day, d.bots, d.persons FROM funnel_days d JOIN funnels f USING (funnel_no) WHERE f.site_no = %(site_no)s
"""
SET_FUNNEL_DAY: Final[LiteralString] = """
UPDATE funnel_days SET persons = %(persons)s WHERE funnel_no = %(funnel_no)s AND day = %(day)s AND bots = %(bots)s
"""

DELETE_ALERTS: Final[LiteralString] = """
DELETE FROM sharing_alerts WHERE site_no = %(site_no)s AND user_key = %(user_key)s AND user_id = %(user_id)s
RETURNING alert_id::text
"""
TRUST_NO_MORE: Final[LiteralString] = """
UPDATE sharing_trusted SET users = array_remove(users, %(user_id)s),
    devices = ARRAY(SELECT d FROM unnest(devices) AS d WHERE d <> ALL(%(devices)s))
WHERE site_no = %(site_no)s AND (%(user_id)s = ANY(users) OR devices && %(devices)s)
"""
DELETE_USER: Final[LiteralString] = "DELETE FROM media_users WHERE site_no = %(site_no)s AND user_id = %(user_id)s"
DELETE_TRAITS: Final[LiteralString] = "DELETE FROM user_traits WHERE site_no = %(site_no)s AND user_id = %(user_id)s"

BEGUN: Final[LiteralString] = """
SELECT found FROM erasures WHERE site_no = %(site_no)s AND erasure_id = %(erasure_id)s AND found IS NOT NULL
"""
BEGIN: Final[LiteralString] = """
INSERT INTO erasures (site_no, erasure_id, erased_at, found) VALUES (%(site_no)s, %(erasure_id)s, %(erased_at)s, %(found)s)
"""
DONE: Final[LiteralString] = """
UPDATE erasures SET found = NULL WHERE site_no = %(site_no)s AND erasure_id = %(erasure_id)s AND found IS NOT NULL
"""
