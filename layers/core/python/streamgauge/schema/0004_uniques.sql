-- Exact uniques over long ranges: blocks of days, and visitor numbers without a scan.

-- The next number of a site is one step in this index; no number is given twice.
CREATE UNIQUE INDEX visitor_numbers_number ON visitor_numbers (site_no, number);

-- A row covers `span` days (1, 4, 16, 64) from `day` on, which is a multiple of `span` counted from 0001-01-01: 90 days
-- are about ten blocks of a value instead of ninety rows.
ALTER TABLE uniques ADD COLUMN span smallint NOT NULL DEFAULT 1;
ALTER TABLE uniques DROP CONSTRAINT uniques_pkey;
ALTER TABLE uniques ADD PRIMARY KEY (site_no, code, span, day, bots, chunk);
-- For building and for retention, which go by day.
CREATE INDEX uniques_day ON uniques (site_no, day, span);

-- The blocks that are built. One that holds an open or dirty day is passed over by readers until it is built again.
CREATE TABLE unique_blocks (
    site_no     integer NOT NULL,
    span        smallint NOT NULL,
    day         date NOT NULL,
    PRIMARY KEY (site_no, day, span)
);
