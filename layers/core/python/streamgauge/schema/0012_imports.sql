-- What another tool has counted: sums of days without events. They stand beside the rollups, never in them: reconciliation,
-- rebuild, months and uniques know nothing of them, reports without filters add them.

CREATE TABLE imports (
    import_no   integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    site_no     integer NOT NULL,
    -- Chosen by who imports.
    import_id   text NOT NULL,
    source      text NOT NULL,
    created_at  timestamptz NOT NULL DEFAULT now(),
    updated_at  timestamptz NOT NULL DEFAULT now(),
    UNIQUE (site_no, import_id)
);

-- As in `rollup_days`, people alone: no tool exports its robots, and none of its visitors' ids. A value may have several rows of a
-- day, one per `origin` (the number of the imported row); `part` is the list in which that row came, and by which it is replaced.
-- Only days before the first with a visit of the site's own are shown.
CREATE TABLE imported_days (
    site_no     integer NOT NULL,
    dimension   smallint NOT NULL,
    day         date NOT NULL,
    code        bigint NOT NULL,
    origin      bigint NOT NULL,
    import_no   integer NOT NULL REFERENCES imports,
    part        smallint NOT NULL,
    name        text NOT NULL,
    visitors    bigint NOT NULL,
    visits      bigint NOT NULL,
    entries     bigint NOT NULL,
    bounces     bigint NOT NULL,
    pageviews   bigint NOT NULL,
    events      bigint NOT NULL,
    duration    bigint NOT NULL,
    page_time   bigint NOT NULL,
    PRIMARY KEY (site_no, dimension, day, code, origin)
);
CREATE INDEX imported_days_import ON imported_days (import_no);
