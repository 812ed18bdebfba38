-- Raw events, their de-duplication marks, and the state that events change.
-- Times are bigint microseconds since the epoch (exact, and cheap on both sides). Identities and values of dimensions are
-- signed 64-bit numbers (streamgauge.ids). `day` of state and rollups is the site's local day.

-- One row per event id within its horizon. The key holds no time: a late retry must find its first copy. The digest is of the
-- site and its event's id. Columns are ordered so that a row has no gaps.
CREATE TABLE event_ids (
    digest      uuid PRIMARY KEY,
    -- The winning receipt; its hour as quarter hours since the epoch, which four bytes hold long beyond 2038. Every hour of a
    -- zone begins with one.
    writer      bigint NOT NULL,
    quarter     integer NOT NULL,
    n           integer NOT NULL,
    -- Deleted after this day: 70 days from receipt, as long as the rollups for history.
    kept_until  date NOT NULL,
    site_no     integer NOT NULL
) PARTITION BY HASH (digest);

DO $$
BEGIN
    FOR part IN 0..7 LOOP
        EXECUTE format('CREATE TABLE event_ids_%s PARTITION OF event_ids FOR VALUES WITH (MODULUS 8, REMAINDER %s)', part, part);
    END LOOP;
END $$;
CREATE INDEX event_ids_kept_until ON event_ids USING brin (kept_until);

-- Receipts that became no event: duplicates (outcome 1) and dead letters of the consumer (outcome 2).
CREATE TABLE lost_receipts (
    site_no     integer NOT NULL,
    quarter     integer NOT NULL,
    writer      bigint NOT NULL,
    n           integer NOT NULL,
    outcome     smallint NOT NULL,
    PRIMARY KEY (site_no, quarter, writer, n)
);

-- What became of the receipts of each writer and hour of receipt; `max_n` + 1 were accepted.
CREATE TABLE accounting (
    site_no       integer NOT NULL,
    quarter       integer NOT NULL,
    writer        bigint NOT NULL,
    max_n         integer NOT NULL,
    stored        integer NOT NULL DEFAULT 0,
    duplicates    integer NOT NULL DEFAULT 0,
    repeats       integer NOT NULL DEFAULT 0,
    dead_lettered integer NOT NULL DEFAULT 0,
    PRIMARY KEY (site_no, quarter, writer)
) WITH (fillfactor = 70);

-- What a running consumer has done, per lane, for /metrics.
CREATE TABLE consumer_progress (
    shard        text PRIMARY KEY,
    events       bigint NOT NULL DEFAULT 0,
    batches      bigint NOT NULL DEFAULT 0,
    busy_seconds double precision NOT NULL DEFAULT 0,
    last_arrival double precision NOT NULL DEFAULT 0
) WITH (fillfactor = 50);

-- A row that does not exist cannot be locked: these rows exist only to be locked, one per visit key, playback key and view key.
-- After a crash nobody holds a lock, so they need not survive one.
CREATE UNLOGGED TABLE anchors (
    site_no     integer NOT NULL,
    key         bigint NOT NULL,
    PRIMARY KEY (site_no, key)
) WITH (fillfactor = 70);

-- Pages under the number of their content. `url` has neither query nor fragment; NULL: the path is all there is.
CREATE TABLE pages (
    code        bigint PRIMARY KEY,
    url         text,
    path        text NOT NULL,
    title       text
);

-- Combinations of place, agent and screen, and of referrer and campaign, under the number of their content.
CREATE TABLE surroundings (
    code        bigint PRIMARY KEY,
    country     text,
    region      text,
    city        text,
    browser     text,
    os          text,
    device      text,
    screen      text,
    language    text
);

CREATE TABLE acquisitions (
    code         bigint PRIMARY KEY,
    source       text NOT NULL,
    channel      text NOT NULL,
    referrer     text,
    utm_source   text,
    utm_medium   text,
    utm_campaign text,
    utm_term     text,
    utm_content  text
);

-- A partition for each UTC day of `time`, made a week ahead or on demand; there is no default partition.
-- Columns are ordered so that a row has few gaps.
CREATE TABLE events (
    day           date NOT NULL,
    site_no       integer NOT NULL,
    kind          smallint NOT NULL,
    flags         smallint NOT NULL,
    time          bigint NOT NULL,
    received_at   bigint NOT NULL,
    visit_key     bigint,
    -- Only in the first half hour of the local day, where a visit may be open over midnight.
    prev_key      bigint,
    -- NULL: as `visit_key`.
    visitor       bigint,
    play_key      bigint,
    acquisition   bigint,
    surroundings  bigint,
    page          bigint,
    -- The id: a UUID, or any other text.
    event_uuid    uuid,
    event_id      text COLLATE "C",
    position      double precision,
    duration      double precision,
    bitrate       double precision,
    seek_from     double precision,
    seek_to       double precision,
    buffer_seconds double precision,
    startup_time  double precision,
    anonymous_id  text,
    user_id       text,
    session_id    text,
    name          text,
    -- What the address has from `?` or `#` on.
    url_rest      text,
    video_id      text,
    quality       text,
    properties    jsonb,
    metadata      jsonb
) PARTITION BY RANGE (day);
-- A key alone, without site and time: its events of a day are few, and share one entry.
CREATE INDEX events_visit ON events (visit_key) WHERE visit_key IS NOT NULL;
CREATE INDEX events_prev ON events (prev_key) WHERE prev_key IS NOT NULL;
CREATE INDEX events_play ON events (play_key) WHERE play_key IS NOT NULL;

-- Calls of POST /api/analytics/view/{videoId}, whether they counted or not.
CREATE TABLE views (
    day           date NOT NULL,
    site_no       integer NOT NULL,
    time          bigint NOT NULL,
    received_at   bigint NOT NULL,
    -- The session's key, else that of address and agent under the salt of the day (and of the day before).
    viewer        bigint NOT NULL,
    prev_viewer   bigint,
    -- The address' key with this video, for the limit of sessions; NULL for a viewer without a session.
    address       bigint,
    prev_address  bigint,
    counted       boolean NOT NULL,
    flags         smallint NOT NULL,
    event_id      text COLLATE "C" NOT NULL,
    video_id      text NOT NULL,
    session_id    text,
    user_id       text,
    anonymous_id  text
) PARTITION BY RANGE (day);
CREATE INDEX views_viewer ON views (site_no, viewer, time);
CREATE INDEX views_prev_viewer ON views (site_no, prev_viewer, time) WHERE prev_viewer IS NOT NULL;
CREATE INDEX views_address ON views (site_no, address, time) WHERE address IS NOT NULL;
CREATE INDEX views_prev_address ON views (site_no, prev_address, time) WHERE prev_address IS NOT NULL;

-- Visits, and runs of video events outside any visit (`loose`), which only make their viewer a visitor.
CREATE TABLE visits (
    site_no       integer NOT NULL,
    day           date NOT NULL,
    key           bigint NOT NULL,
    start         bigint NOT NULL,
    last          bigint NOT NULL,
    acquisition   bigint NOT NULL,
    surroundings  bigint NOT NULL,
    entry_page    bigint,
    exit_page     bigint,
    exit_at       bigint,
    user_key      bigint,
    -- Set when the visit went over midnight under a daily hash: the own key of the last of its later days.
    tail_key      bigint,
    pageviews     integer NOT NULL,
    -- Tells apart visits of one key that start in the same microsecond.
    tie           smallint NOT NULL,
    loose         boolean NOT NULL,
    bot           boolean NOT NULL,
    lasting       boolean NOT NULL,
    interactive   boolean NOT NULL,
    video_start   boolean NOT NULL,
    -- Per page and day of the visit: the page's code, microseconds on it, views (NULL: one each), and how many days after the
    -- first (NULL: none). All NULL: the entry page alone, once.
    pages         bigint[],
    page_times    bigint[],
    page_views    integer[],
    page_days     smallint[],
    -- Per custom event and day of the visit (NULL: the first).
    names         bigint[],
    name_days     smallint[],
    -- The own key of each later day, when the visit went over midnight under a daily hash.
    later_keys    bigint[],
    PRIMARY KEY (key, start, site_no, tie)
) WITH (fillfactor = 90);
CREATE INDEX visits_tail ON visits (site_no, tail_key, start) WHERE tail_key IS NOT NULL;
CREATE INDEX visits_day ON visits (site_no, day);

CREATE TABLE playbacks (
    site_no        integer NOT NULL,
    key            bigint NOT NULL,
    start          bigint NOT NULL,
    last           bigint NOT NULL,
    day            date NOT NULL,
    video_id       text NOT NULL,
    viewer         bigint,
    viewer_user    boolean NOT NULL,
    lasting        boolean NOT NULL,
    bot            boolean NOT NULL,
    surroundings   bigint NOT NULL,
    -- The fold's place in the stream of events.
    halted         boolean NOT NULL,
    after_pause    boolean NOT NULL,
    runs           boolean NOT NULL,
    waits_since    bigint,
    position       double precision,
    position_at    bigint,
    section_open   boolean NOT NULL,
    quality        text,
    bitrate        double precision,
    -- What it has shown.
    started_at     bigint,
    start_position double precision,
    progressed     boolean NOT NULL,
    duration       double precision,
    startup_time   double precision,
    completed      boolean NOT NULL,
    failed         boolean NOT NULL,
    buffered       double precision NOT NULL,
    section_starts double precision[] NOT NULL,
    section_ends   double precision[] NOT NULL,
    qualities      text[] NOT NULL,
    quality_times  double precision[] NOT NULL,
    bitrate_time   double precision NOT NULL,
    bitrate_weight double precision NOT NULL,
    PRIMARY KEY (site_no, key, start)
) WITH (fillfactor = 80);
CREATE INDEX playbacks_video ON playbacks (site_no, video_id, day);

-- In which values of which dimensions an identity appears on a day, with how many visits, playbacks and events say so.
CREATE TABLE visitor_days (
    site_no     integer NOT NULL,
    day         date NOT NULL,
    bots        boolean NOT NULL,
    visitor     bigint NOT NULL,
    -- True for a user or anonymous id, false for a hash that ends with its day.
    lasting     boolean NOT NULL,
    codes       bigint[] NOT NULL DEFAULT '{}',
    -- Of the first codes; each of the others counts once. NULL: all do.
    counts      integer[],
    PRIMARY KEY (site_no, day, bots, visitor)
) WITH (fillfactor = 90);
