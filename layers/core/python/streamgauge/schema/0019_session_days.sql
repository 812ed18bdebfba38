-- What the sessions of local days and months add up to (streamgauge.library.kept): reports over long ranges read no sessions.
-- Computed by whoever asks; always true, for every change of a session or of what the catalogue says of it leaves a mark.

-- The dense numbers of users whose sets are kept as bitmaps; erasure deletes a person's.
CREATE TABLE session_users (
    site_no     integer NOT NULL,
    user_key    bigint NOT NULL,
    no          integer NOT NULL,
    PRIMARY KEY (site_no, user_key),
    UNIQUE (site_no, no)
);

CREATE TABLE session_sums (
    site_no     integer NOT NULL,
    -- 0 a day, 1 a month; `day` is its first local day.
    level       smallint NOT NULL,
    day         date NOT NULL,
    -- Of a day: which computation made it, NULL while the first one is under way.
    version     bigint,
    -- Of a month: the highest version of its days, and how many had one.
    of_version  bigint,
    of_days     integer,
    -- How long a session had to be to count as a play, in microseconds.
    play        bigint,
    -- Parts of a sum (streamgauge.library.sums), each by itself, as a report reads mostly one; MessagePack.
    totals      bytea,
    users       bytea,
    items       bytea,
    genres      bytea,
    libraries   bytea,
    -- Of a day: the most streams at one moment.
    peak        integer,
    PRIMARY KEY (site_no, level, day)
);
CREATE SEQUENCE session_sums_version;

-- Days whose sums are not true any more. Taken away by the computation that has seen what they tell of.
CREATE TABLE session_changes (
    id          bigint GENERATED ALWAYS AS IDENTITY,
    site_no     integer NOT NULL,
    day         date NOT NULL
);
CREATE INDEX session_changes_day ON session_changes (site_no, day);

-- A stretched session is played on days after the one that it is counted on; a local day is never shorter than 22 hours.
CREATE FUNCTION days_of_session(day date, start bigint, last bigint) RETURNS TABLE (d date) LANGUAGE sql IMMUTABLE AS $$
    SELECT g::date FROM generate_series(day, day + 1 + coalesce((last - start) / 79200000000, 0)::integer, interval '1 day') g
$$;

-- Marks days that have a sum. Whoever makes the first sum of a day holds the site's gate (warehouse.gate, 0x5347) meanwhile, so nobody
-- who changes sessions misses it.
CREATE FUNCTION note_sessions_come() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock_shared(21319, site_no) FROM (SELECT DISTINCT site_no FROM fresh ORDER BY site_no) s;
    INSERT INTO session_changes (site_no, day)
    SELECT DISTINCT f.site_no, t.d FROM fresh f, days_of_session(f.day, f.start, f.last) t
    WHERE EXISTS (SELECT FROM session_sums k WHERE k.site_no = f.site_no AND k.level = 0 AND k.day = t.d);
    RETURN NULL;
END $$;
CREATE FUNCTION note_sessions_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock_shared(21319, site_no) FROM (SELECT DISTINCT site_no FROM fresh ORDER BY site_no) s;
    INSERT INTO session_changes (site_no, day)
    SELECT DISTINCT c.site_no, t.d
    FROM (
        SELECT site_no, key, user_key, day, start, last, starts, ends, duration, streamed, ever_transcoded, content_id, library_id FROM fresh
        EXCEPT ALL
        SELECT site_no, key, user_key, day, start, last, starts, ends, duration, streamed, ever_transcoded, content_id, library_id FROM gone
        UNION ALL
        (
            SELECT site_no, key, user_key, day, start, last, starts, ends, duration, streamed, ever_transcoded, content_id, library_id FROM gone
            EXCEPT ALL
            SELECT site_no, key, user_key, day, start, last, starts, ends, duration, streamed, ever_transcoded, content_id, library_id FROM fresh
        )
    ) c, days_of_session(c.day, c.start, c.last) t
    WHERE EXISTS (SELECT FROM session_sums k WHERE k.site_no = c.site_no AND k.level = 0 AND k.day = t.d);
    RETURN NULL;
END $$;
-- What goes away leaves nothing behind, not even in a sum that is not read any more.
CREATE FUNCTION note_sessions_go() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock_shared(21319, site_no) FROM (SELECT DISTINCT site_no FROM gone ORDER BY site_no) s;
    INSERT INTO session_changes (site_no, day)
    SELECT DISTINCT g.site_no, t.d FROM gone g, days_of_session(g.day, g.start, g.last) t
    WHERE EXISTS (SELECT FROM session_sums k WHERE k.site_no = g.site_no AND k.level = 0 AND k.day = t.d);
    UPDATE session_sums k SET version = NULL, of_version = NULL, totals = NULL, users = NULL, items = NULL, genres = NULL, libraries = NULL
    FROM (SELECT DISTINCT site_no, day FROM gone) g
    WHERE k.site_no = g.site_no AND (k.level, k.day) IN ((0, g.day), (1, date_trunc('month', g.day)::date));
    RETURN NULL;
END $$;
CREATE FUNCTION forget_session_sums() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    TRUNCATE session_sums, session_changes;
    RETURN NULL;
END $$;
CREATE TRIGGER sessions_come AFTER INSERT ON sessions REFERENCING NEW TABLE AS fresh
    FOR EACH STATEMENT EXECUTE FUNCTION note_sessions_come();
CREATE TRIGGER sessions_change AFTER UPDATE ON sessions REFERENCING OLD TABLE AS gone NEW TABLE AS fresh
    FOR EACH STATEMENT EXECUTE FUNCTION note_sessions_change();
CREATE TRIGGER sessions_go AFTER DELETE ON sessions REFERENCING OLD TABLE AS gone
    FOR EACH STATEMENT EXECUTE FUNCTION note_sessions_go();
CREATE TRIGGER sessions_emptied AFTER TRUNCATE ON sessions FOR EACH STATEMENT EXECUTE FUNCTION forget_session_sums();

-- Genres and libraries are counted by the catalogue as it stands. The gate is taken alone: sessions that are being written
-- would not be seen here, and their writers do not see the new catalogue.
CREATE FUNCTION note_items(sites integer[], items text[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF sites IS NULL THEN RETURN; END IF;
    PERFORM pg_advisory_xact_lock(21319, s) FROM (SELECT DISTINCT s FROM unnest(sites) s ORDER BY s) t;
    INSERT INTO session_changes (site_no, day)
    SELECT DISTINCT s.site_no, s.day FROM unnest(sites, items) AS i (site_no, content_id)
    JOIN sessions s ON s.site_no = i.site_no AND s.content_id = i.content_id
    WHERE EXISTS (SELECT FROM session_sums k WHERE k.site_no = s.site_no AND k.level = 0 AND k.day = s.day);
END $$;
CREATE FUNCTION note_items_come() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM note_items(array_agg(site_no), array_agg(content_id)) FROM fresh WHERE genres <> '{}' OR library_id IS NOT NULL;
    RETURN NULL;
END $$;
CREATE FUNCTION note_items_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM note_items(array_agg(f.site_no), array_agg(f.content_id)) FROM fresh f JOIN gone g USING (site_no, content_id)
    WHERE f.genres <> g.genres OR f.library_id IS DISTINCT FROM g.library_id;
    RETURN NULL;
END $$;
CREATE FUNCTION note_items_go() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM note_items(array_agg(site_no), array_agg(content_id)) FROM gone WHERE genres <> '{}' OR library_id IS NOT NULL;
    RETURN NULL;
END $$;
CREATE TRIGGER items_come AFTER INSERT ON items REFERENCING NEW TABLE AS fresh
    FOR EACH STATEMENT EXECUTE FUNCTION note_items_come();
CREATE TRIGGER items_change AFTER UPDATE ON items REFERENCING OLD TABLE AS gone NEW TABLE AS fresh
    FOR EACH STATEMENT EXECUTE FUNCTION note_items_change();
CREATE TRIGGER items_go AFTER DELETE ON items REFERENCING OLD TABLE AS gone
    FOR EACH STATEMENT EXECUTE FUNCTION note_items_go();

-- Users active in a range: sessions that began long before it.
CREATE INDEX sessions_stretched ON sessions (site_no, last) WHERE last - start >= 72000000000;

-- Sessions of the past that a call may tell of once more.
CREATE INDEX sessions_past ON sessions (site_no, user_key, content_id) WHERE historical;
