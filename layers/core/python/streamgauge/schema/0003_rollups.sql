-- Rollups: the sum of the contributions of all events, visits, playbacks and visitor-days. Room on the page and, but for
-- months, no secondary index, so that nearly all updates stay on it (HOT).
-- `visitors` is the sum of daily uniques; `lasting` the part of it whose ids outlast the day (distinct over a range: uniques).
-- `duration` and `page_time` are microseconds.

-- Totals of an hour, named by its first second (epoch).
CREATE TABLE rollup_hours (
    site_no     integer NOT NULL,
    hour        bigint NOT NULL,
    bots        boolean NOT NULL,
    visitors    integer NOT NULL DEFAULT 0,
    lasting     integer NOT NULL DEFAULT 0,
    visits      integer NOT NULL DEFAULT 0,
    bounces     integer NOT NULL DEFAULT 0,
    pageviews   integer NOT NULL DEFAULT 0,
    events      integer NOT NULL DEFAULT 0,
    duration    bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (site_no, hour, bots)
) WITH (fillfactor = 70);

-- Totals (dimension 0) and every dimension of a local day. `visits` of a page are those that saw it, `entries` those that
-- entered there, to which its bounces and duration belong; for other dimensions both are the same.
CREATE TABLE rollup_days (
    site_no     integer NOT NULL,
    dimension   smallint NOT NULL,
    day         date NOT NULL,
    bots        boolean NOT NULL,
    code        bigint NOT NULL,
    name        text NOT NULL,
    visitors    integer NOT NULL DEFAULT 0,
    lasting     integer NOT NULL DEFAULT 0,
    visits      integer NOT NULL DEFAULT 0,
    entries     integer NOT NULL DEFAULT 0,
    bounces     integer NOT NULL DEFAULT 0,
    pageviews   integer NOT NULL DEFAULT 0,
    events      integer NOT NULL DEFAULT 0,
    duration    bigint NOT NULL DEFAULT 0,
    page_time   bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (site_no, dimension, day, bots, code)
) WITH (fillfactor = 70);

-- The sum of a month's closed days.
CREATE TABLE rollup_months (
    site_no     integer NOT NULL,
    dimension   smallint NOT NULL,
    month       date NOT NULL,
    bots        boolean NOT NULL,
    code        bigint NOT NULL,
    name        text NOT NULL,
    visitors    bigint NOT NULL DEFAULT 0,
    lasting     bigint NOT NULL DEFAULT 0,
    visits      bigint NOT NULL DEFAULT 0,
    entries     bigint NOT NULL DEFAULT 0,
    bounces     bigint NOT NULL DEFAULT 0,
    pageviews   bigint NOT NULL DEFAULT 0,
    events      bigint NOT NULL DEFAULT 0,
    duration    bigint NOT NULL DEFAULT 0,
    page_time   bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (site_no, dimension, month, bots, code)
);
-- Top lists read the leading values of each month. Rows change once for every day that is closed.
CREATE INDEX rollup_months_leading ON rollup_months (site_no, dimension, month, bots, visitors);

-- Playbacks of a video, in the day of their first event. `watched`, `buffered` and `covered` are in millionths (of a second,
-- of the duration), so that sums are exact in any order. `covered` counts the `measured` views, those with a duration.
CREATE TABLE rollup_videos (
    site_no     integer NOT NULL,
    video_id    text NOT NULL,
    day         date NOT NULL,
    bots        boolean NOT NULL,
    views       integer NOT NULL DEFAULT 0,
    qualified   integer NOT NULL DEFAULT 0,
    measured    integer NOT NULL DEFAULT 0,
    completions integer NOT NULL DEFAULT 0,
    failures    integer NOT NULL DEFAULT 0,
    exits       integer NOT NULL DEFAULT 0,
    watched     bigint NOT NULL DEFAULT 0,
    covered     bigint NOT NULL DEFAULT 0,
    buffered    bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (site_no, video_id, day, bots)
) WITH (fillfactor = 70);

-- Views of POST /api/analytics/view per video: bucket `total`, `month#YYYY-MM`, `day#YYYY-MM-DD`. `version` grows with each
-- change; DynamoDB holds the value under epoch x 2^40 + version.
CREATE TABLE view_counters (
    site_no     integer NOT NULL,
    video_id    text NOT NULL,
    bucket      text NOT NULL,
    n           bigint NOT NULL,
    version     bigint NOT NULL,
    -- Set when a reset closed the period.
    closed_at   timestamptz,
    PRIMARY KEY (site_no, video_id, bucket)
) WITH (fillfactor = 70);

-- Raised by a rebuild or a restore, so that what it pushes replaces what was there.
CREATE TABLE projection_epoch (
    only_row    boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    epoch       bigint NOT NULL
);
INSERT INTO projection_epoch (epoch) VALUES (1);

-- The local days of a site that have events. A closed day is in the month layer; a dirty one changed after that and waits
-- for its uniques; one that is not whole has lost raw events to retention and takes no late event.
CREATE TABLE site_days (
    site_no     integer NOT NULL,
    day         date NOT NULL,
    closed      boolean NOT NULL DEFAULT false,
    dirty       boolean NOT NULL DEFAULT false,
    whole       boolean NOT NULL DEFAULT true,
    PRIMARY KEY (site_no, day)
) WITH (fillfactor = 70);

-- Dense numbers of lasting visitors, given when a day closes: bit positions in `uniques`.
CREATE TABLE visitor_numbers (
    site_no     integer NOT NULL,
    visitor     bigint NOT NULL,
    number      integer NOT NULL,
    PRIMARY KEY (site_no, visitor)
);

-- Which numbered visitors appear under a value on a closed day: bit i of chunk c is visitor c x 32768 + i.
CREATE TABLE uniques (
    site_no     integer NOT NULL,
    code        bigint NOT NULL,
    day         date NOT NULL,
    bots        boolean NOT NULL,
    chunk       smallint NOT NULL,
    bits        bit varying NOT NULL,
    PRIMARY KEY (site_no, code, day, bots, chunk)
);

-- One row per run of a scheduled job: its slot names the work, so a second run of a slot finds it done.
CREATE TABLE job_runs (
    job         text NOT NULL,
    slot        text NOT NULL,
    started_at  timestamptz NOT NULL,
    finished_at timestamptz,
    result      jsonb,
    PRIMARY KEY (job, slot)
);
