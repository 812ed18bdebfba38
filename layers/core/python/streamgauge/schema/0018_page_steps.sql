-- Steps between pages, so that a report of paths does not walk through every visit.

-- What came right after, and right before, the first view of a page in the visits of a day that saw it; for pages that many saw.
CREATE TABLE page_steps (
    site_no         integer NOT NULL,
    -- As in the rollups.
    page            bigint NOT NULL,
    day             date NOT NULL,
    bots            boolean NOT NULL,
    -- Pages (by a code in `pages`) and the visits that went on (or came) there; NULL: that ended (or began) with the page.
    next_pages      bigint[] NOT NULL,
    next_visits     integer[] NOT NULL,
    previous_pages  bigint[] NOT NULL,
    previous_visits integer[] NOT NULL,
    PRIMARY KEY (site_no, page, day, bots)
);
-- For building and for retention, which go by day.
CREATE INDEX page_steps_day ON page_steps (site_no, day);

-- The days whose steps are written, and the changes of the day that they have seen: as long as these are its changes, they are true.
CREATE TABLE page_step_days (
    site_no     integer NOT NULL,
    day         date NOT NULL,
    changes     bigint NOT NULL,
    PRIMARY KEY (site_no, day)
);

-- The codes of a path: one for each title that it had.
CREATE INDEX pages_path ON pages USING hash (path);
