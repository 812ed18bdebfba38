"""SQL of funnels. What a step asks for is put together from these parts; values are bound."""

from __future__ import annotations

from typing import Final, LiteralString

from streamgauge.funnels.rules import BARRED, BREAK, STEP_MARKS

_FUNNEL: Final[LiteralString] = """
SELECT f.funnel_no, f.funnel_id, s.site_id, f.site_no, f.definition, f.version, f.created_at, f.updated_at
FROM funnels f JOIN sites s USING (site_no)
"""
FUNNEL: Final[LiteralString] = _FUNNEL + "WHERE f.funnel_id = %(funnel_id)s"
FUNNELS: Final[LiteralString] = (
    _FUNNEL + "WHERE f.site_no = %(site_no)s AND f.funnel_no > %(after)s ORDER BY f.funnel_no LIMIT %(limit)s"
)
INSERT_FUNNEL: Final[LiteralString] = """
INSERT INTO funnels (funnel_id, site_no, definition) VALUES (%(funnel_id)s, %(site_no)s, %(definition)s)
"""
UPDATE_FUNNEL: Final[LiteralString] = """
UPDATE funnels SET updated_at = now(), definition = %(definition)s::jsonb,
    version = version + CASE WHEN definition - 'name' = %(definition)s::jsonb - 'name' THEN 0 ELSE 1 END
WHERE funnel_no = %(number)s
"""
DELETE_FUNNEL: Final[LiteralString] = "DELETE FROM funnels WHERE funnel_no = %(number)s"

CODES_OF_PATHS: Final[LiteralString] = "SELECT code FROM pages WHERE path = ANY(%(values)s)"
CODES_BY_PREFIX: Final[LiteralString] = "SELECT code FROM pages WHERE starts_with(path, %(value)s)"
CODES_BY_PART: Final[LiteralString] = "SELECT code FROM pages WHERE strpos(path, %(value)s) > 0"
PATHS: Final[LiteralString] = "SELECT code, path FROM pages"

EVENT_NAMES: Final[LiteralString] = """
SELECT DISTINCT name FROM rollup_days
WHERE site_no = %(site_no)s AND dimension = 20 AND day BETWEEN %(first_day)s AND %(last_day)s
"""
"""The custom events of the local days."""

DAYS_LOST: Final[LiteralString] = """
SELECT max(day) FROM site_days WHERE site_no = %(site_no)s AND day BETWEEN %(first)s AND %(last)s AND NOT whole
"""
LAST_LOST: Final[LiteralString] = "SELECT max(day) FROM site_days WHERE site_no = %(site_no)s AND NOT whole"

SEEN: Final[LiteralString] = """
WITH special AS MATERIALIZED (
    SELECT key, start, least(last, lead(start) OVER (PARTITION BY key ORDER BY start, tie) - 1) AS upto, person FROM (
        SELECT key, start, tie, last, user_key AS person FROM visits
        WHERE site_no = %(site_no)s AND day BETWEEN %(visits_from)s AND %(visits_to)s AND user_key IS NOT NULL
            AND start <= %(end)s AND last >= %(since)s
        UNION ALL
        SELECT own.key, start, tie, last, coalesce(user_key, v.key) FROM visits v
        CROSS JOIN LATERAL (SELECT DISTINCT unnest(v.later_keys) AS key) own
        WHERE site_no = %(site_no)s AND tail_key IS NOT NULL AND start <= %(end)s AND last >= %(since)s AND own.key <> v.key
    ) visit
), seen AS MATERIALIZED (
    SELECT e.time, e.event_uuid, e.event_id, (e.flags & 1) = 1 AS bot, e.visit_key,
        CASE WHEN (e.flags & 32) <> 0 OR e.visit_key IS NULL THEN coalesce(e.visitor, e.visit_key) END AS known,
        {own} AS own, {marks} AS marks
    FROM {source} e
    WHERE e.site_no = %(site_no)s AND e.day BETWEEN %(first_partition)s AND %(last_partition)s
        AND e.time >= %(since)s AND e.time <= %(end)s AND ((e.flags & 1) = 1) = ANY(%(bots)s)
        AND (e.visit_key IS NOT NULL OR e.visitor IS NOT NULL) AND ({wanted})
    {milestones}
), {named} AS MATERIALIZED (
    SELECT seen.time, seen.event_uuid, seen.event_id, seen.bot, seen.visit_key, seen.known, seen.own, seen.marks,
        coalesce(seen.known, special.person, seen.visit_key) AS person
    FROM seen LEFT JOIN special
        ON seen.known IS NULL AND special.key = seen.visit_key AND seen.time BETWEEN special.start AND special.upto
)
"""
"""The events that match a step or an exclusion, and whose they are.

An event with a user id is that user's; one without belongs to the visit that it lies in: to its last user id, else its key, which
is the first day's for a visit over midnight under a daily hash. The result is `persons`, or, where filters say what may enter, `whose`.
"""

MILESTONES: Final[LiteralString] = """
    UNION ALL
    SELECT m.time, NULL::uuid, m.event_id, m.bot, m.visit_key, m.known, m.own, m.marks
    FROM unnest(%(m_time)s::bigint[], %(m_id)s::text[], %(m_bot)s::boolean[], %(m_visit)s::bigint[], %(m_known)s::bigint[],
        %(m_own)s::bigint[], %(m_marks)s::bigint[]) AS m(time, event_id, bot, visit_key, known, own, marks)
"""
"""Events at which a playback reached a milestone: found by folding playbacks."""

OF_PERSONS: Final[LiteralString] = """(
    SELECT * FROM events WHERE visit_key = ANY(%(persons)s::bigint[] || ARRAY(SELECT key FROM special WHERE person = ANY(%(persons)s::bigint[])))
        AND site_no = %(site_no)s AND day BETWEEN %(first_partition)s AND %(last_partition)s
    UNION ALL
    SELECT * FROM events WHERE visit_key IS NULL AND visitor = ANY(%(persons)s::bigint[])
        AND site_no = %(site_no)s AND day BETWEEN %(first_partition)s AND %(last_partition)s
)"""
"""All events of some persons."""

PER_PERSON: Final[LiteralString] = f""", per_person AS MATERIALIZED (
    SELECT person, bot, bit_or(marks) AS marks, count(*) FILTER (WHERE marks & {STEP_MARKS} <> 0) AS hits,
        min(time) FILTER (WHERE marks & %(opens)s <> 0 AND marks < {BARRED} AND time >= %(since)s AND time < %(until)s) AS entry,
        max(time) FILTER (WHERE marks & %(second)s <> 0) AS last_second
    FROM persons GROUP BY person, bot
), sorted AS MATERIALIZED (
    SELECT person, bot, entry, CASE WHEN %(any_order)s THEN hits > 1 OR marks & %(spoils)s <> 0
        ELSE marks & %(spoils)s <> 0 OR coalesce(last_second >= entry, false) END AS deep
    FROM per_person WHERE entry IS NOT NULL
)
"""
"""Who entered, and whether there is more to tell (`deep`) than that the first step was taken, and when."""

ENTRIES_PER_DAY: Final[LiteralString] = """
SELECT width_bucket(entry, %(bounds)s::bigint[]) - 1, count(*), NULL::bigint, NULL::boolean, NULL::bigint[], NULL::bigint[]
FROM sorted WHERE NOT deep GROUP BY 1
"""
ENTRIES_PER_PERSON: Final[LiteralString] = """
SELECT NULL::integer, NULL::bigint, NULL::bigint, bot, array_agg(person), array_agg(entry) FROM sorted WHERE NOT deep GROUP BY bot
"""
DEEP_ALONE: Final[LiteralString] = """
UNION ALL SELECT NULL, NULL, person, bot, NULL, NULL FROM sorted WHERE deep
"""
DEEP_EVENTS: Final[LiteralString] = """
UNION ALL
SELECT NULL, NULL, person, bot, array_agg(time ORDER BY time, id), array_agg(marks ORDER BY time, id)
FROM (
    SELECT person, bot, time, marks, coalesce(event_uuid::text, event_id) COLLATE "C" AS id
    FROM persons JOIN sorted USING (person, bot) WHERE deep
) events_of GROUP BY person, bot
"""
"""(day, people) or (person, bot, times, marks), events in order of (time, id)."""

ALL_EVENTS: Final[LiteralString] = """
SELECT NULL::integer, NULL::bigint, person, bot, array_agg(time ORDER BY time, id), array_agg(marks ORDER BY time, id),
    array_agg(visit_key ORDER BY time, id), array_agg(own ORDER BY time, id)
FROM (
    SELECT person, bot, time, marks, visit_key, own, coalesce(event_uuid::text, event_id) COLLATE "C" AS id FROM persons
    WHERE %(persons)s::bigint[] IS NULL OR person = ANY(%(persons)s::bigint[])
) events_of GROUP BY person, bot
"""
"""Like DEEP_EVENTS, for everybody, with the visit keys and own values of the events."""

STANDS_BETWEEN: Final[LiteralString] = f"CASE WHEN e.kind IN (1, 2) THEN {BREAK} ELSE 0 END"
"""The mark of page views and custom events, which interrupt a `strict` attempt."""

RUNNING_PLAYBACKS: Final[LiteralString] = """
SELECT min(start) FROM playbacks
WHERE site_no = %(site_no)s AND day BETWEEN %(first_day)s::date - 2 AND %(first_day)s AND start < %(since)s AND last >= %(since)s
"""
VIDEO_EVENTS: Final[LiteralString] = """
SELECT time, coalesce(event_uuid::text, event_id), kind, flags, visit_key, prev_key, visitor, user_id, NULL, name, acquisition,
    surroundings, play_key, video_id, position, duration, quality, bitrate, seek_from, seek_to, buffer_seconds, startup_time,
    properties
FROM events
WHERE site_no = %(site_no)s AND day BETWEEN %(first_partition)s AND %(last_partition)s AND time BETWEEN %(from)s AND %(end)s
    AND play_key IS NOT NULL AND (%(video_ids)s::text[] IS NULL OR video_id = ANY(%(video_ids)s::text[]))
    AND ((flags & 1) = 1) = ANY(%(bots)s)
"""

FIRST_OF_VISIT: Final[LiteralString] = """
SELECT asked.n, v.acquisition, v.surroundings
FROM unnest(%(keys)s::bigint[], %(times)s::bigint[]) WITH ORDINALITY AS asked(key, time, n)
CROSS JOIN LATERAL (
    SELECT acquisition, surroundings FROM (
        SELECT acquisition, surroundings, start, tie FROM visits
        WHERE key = asked.key AND start <= asked.time AND last >= asked.time AND site_no = %(site_no)s
        UNION ALL
        SELECT acquisition, surroundings, start, tie FROM visits
        WHERE site_no = %(site_no)s AND tail_key = asked.key AND start <= asked.time AND last >= asked.time
    ) around ORDER BY start DESC, tie DESC LIMIT 1
) v
"""
"""(number, acquisition, surroundings) of the visits that events lie in, by visit key and time."""

PATHS_OF_CODES: Final[LiteralString] = "SELECT code, path FROM pages WHERE code = ANY(%(codes)s::bigint[])"
VALUES_OF_CODES: Final[LiteralString] = "SELECT code, {column} FROM {table} WHERE code = ANY(%(codes)s::bigint[])"
