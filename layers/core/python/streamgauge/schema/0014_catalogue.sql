-- What a media server or a video platform offers, and to whom, as its owner tells it. It holds no counts: reports join it to sessions
-- when they are asked, so a change holds for the past too. It is kept until it is deleted.

CREATE TABLE libraries (
    site_no     integer NOT NULL,
    library_id  text NOT NULL,
    name        text,
    type        text,
    PRIMARY KEY (site_no, library_id)
);

-- Films, episodes, tracks, and the videos of a site that counts only those of its catalogue.
CREATE TABLE items (
    site_no     integer NOT NULL,
    content_id  text NOT NULL,
    title       text,
    type        text,
    library_id  text,
    genres      text[] NOT NULL DEFAULT '{}',
    size_bytes  bigint,
    -- Seconds.
    duration    double precision,
    PRIMARY KEY (site_no, content_id)
);
CREATE INDEX items_library ON items (site_no, library_id);

CREATE TABLE media_users (
    site_no     integer NOT NULL,
    user_id     text NOT NULL,
    -- The number of `user_id`, as sessions have it (events.facts.user_key).
    user_key    bigint NOT NULL,
    name        text,
    PRIMARY KEY (site_no, user_id)
);

-- Reports read these alone, not the wide rows: of a range by day, of all time by item (in whose order they are counted without a sort).
-- The texts in them are bounded (200 characters an id, 64 a type), so that an entry never exceeds what an index can hold.
DROP INDEX sessions_day;
CREATE INDEX sessions_day ON sessions (site_no, day)
    INCLUDE (start, last, user_key, duration, streamed, ever_transcoded, content_id, content_type, library_id, position, runtime);
CREATE INDEX sessions_item ON sessions (site_no, content_id, start)
    INCLUDE (day, last, user_key, duration, streamed, ever_transcoded, content_type, library_id, position, runtime);
CREATE INDEX sessions_span ON sessions (site_no, last) INCLUDE (start, user_key);
