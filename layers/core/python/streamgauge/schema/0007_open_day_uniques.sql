-- Uniques of a day that is still open: its bitmaps as of an instant, and the rows that changed since then beside them.

-- The bitmaps of the block hold what transactions before this one wrote; NULL: the day was closed, and they hold all.
ALTER TABLE unique_blocks ADD COLUMN as_of xid8;

-- A row that goes away leaves no trace among those that changed: then the bitmaps of its open day are good for nothing.
CREATE FUNCTION forget_open_blocks() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM unique_blocks b USING (SELECT DISTINCT site_no, day FROM gone) g
    WHERE b.site_no = g.site_no AND b.day = g.day AND b.as_of IS NOT NULL;
    RETURN NULL;
END $$;
CREATE TRIGGER visitor_days_gone AFTER DELETE ON visitor_days REFERENCING OLD TABLE AS gone
    FOR EACH STATEMENT EXECUTE FUNCTION forget_open_blocks();

-- For the hour in which a comparison is cut: events come in order of time, so a few pages hold it.
CREATE INDEX events_time ON events USING brin (time);
