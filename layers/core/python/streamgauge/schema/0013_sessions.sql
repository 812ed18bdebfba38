-- Playback sessions of media servers: their calls as they came, and what the calls say together (streamgauge.sessions.folding).
-- Times are bigint microseconds since the epoch; `day` of a session is the site's local day on which it started.

-- A partition for each UTC day of `time`, as of `events`. Read only where a late call wants its session folded anew.
CREATE TABLE session_calls (
    day           date NOT NULL,
    site_no       integer NOT NULL,
    -- 0 start, 1 beat, 2 stop: their order at the same instant; then that of `tie`, a number of the event's id.
    call          smallint NOT NULL,
    flags         smallint NOT NULL,
    time          bigint NOT NULL,
    received_at   bigint NOT NULL,
    key           bigint NOT NULL,
    tie           bigint NOT NULL,
    user_id       text NOT NULL,
    -- Emptied 30 days after the call.
    ip_address    text,
    -- The rest of what the call says; what is played and on what stands with starts alone.
    fields        jsonb NOT NULL
) PARTITION BY RANGE (day);
CREATE INDEX session_calls_key ON session_calls (key);

CREATE TABLE sessions (
    site_no        integer NOT NULL,
    -- The number of `session_id` (streamgauge.sessions.models.session_key).
    key            bigint NOT NULL,
    session_id     text NOT NULL,
    user_id        text NOT NULL,
    -- The number of `user_id`, as events have it (events.facts.user_key).
    user_key       bigint NOT NULL,
    day            date NOT NULL,
    -- First and last call that counts, and the last of all: calls after the end are none.
    start          bigint NOT NULL,
    last           bigint NOT NULL,
    seen           bigint NOT NULL,
    -- NULL: no stop was seen; then the session is live while its last call is young enough, else abandoned.
    stop           bigint,
    calls          integer NOT NULL,
    paused         boolean NOT NULL,
    historical     boolean NOT NULL,
    -- Whether what is played, and on what, comes from a start.
    described      boolean NOT NULL,
    heartbeats     boolean NOT NULL,
    -- Last known, and whether any call said that it was.
    transcoded     boolean NOT NULL,
    ever_transcoded boolean NOT NULL,
    -- Of a data centre, when its address is one.
    hosting        boolean NOT NULL,
    -- Seconds: last known position, that of the last call, and how long the item is.
    position       double precision,
    last_position  double precision,
    runtime        double precision,
    -- kbit/s, last known.
    bitrate        integer,
    -- A keyed hash of the address (IPv6: of its /64), the same for as long as the site.
    network        bigint,
    latitude       double precision,
    longitude      double precision,
    radius_km      double precision,
    -- Half-open intervals [starts[n], ends[n]) of playing, apart and in order; their sum; what was streamed in them
    -- (kbit/s x microseconds); and what of them passed before any bitrate was known.
    starts         bigint[] NOT NULL,
    ends           bigint[] NOT NULL,
    duration       bigint NOT NULL,
    streamed       bigint NOT NULL,
    unrated        bigint NOT NULL,
    -- Microseconds of the batch that changed it last.
    changed_at     bigint NOT NULL,
    -- The day from which its time to be kept runs: its own, for history that of its receipt.
    kept_from      date NOT NULL,
    content_type   text NOT NULL,
    content_id     text NOT NULL,
    title          text,
    library_id     text,
    client_name    text,
    device_name    text,
    device_id      text,
    -- What tells devices apart: `device_id`, else client and device name, else the session itself.
    device         text NOT NULL,
    resolution     text,
    source         text NOT NULL,
    country        text,
    city           text,
    -- Emptied 30 days after the last call; always empty in `player_sessions`.
    ip_address     text,
    PRIMARY KEY (site_no, key)
) WITH (fillfactor = 80);
CREATE INDEX sessions_day ON sessions (site_no, day);
CREATE INDEX sessions_user ON sessions (site_no, user_key, start);
CREATE INDEX sessions_changed ON sessions (site_no, changed_at);
CREATE INDEX sessions_address ON sessions (last) WHERE ip_address IS NOT NULL;

-- What a user's video events (kind video_*, with `user_id`) say of when and where a player played: for the list of active sessions
-- and for sharing detection alone, in no figure. One row per playback key, user and UTC day; `device_id` is the anonymous id.
CREATE TABLE player_sessions (LIKE sessions INCLUDING ALL);
