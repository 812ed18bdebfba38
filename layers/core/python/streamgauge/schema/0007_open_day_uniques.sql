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

-- Whose rows changed, and by which transaction: reports look at those alone that are not in the bitmaps. Building takes them away.
CREATE TABLE visitor_day_changes (
    site_no     integer NOT NULL,
    day         date NOT NULL,
    bots        boolean NOT NULL,
    made_by     xid8 NOT NULL DEFAULT pg_current_xact_id(),
    visitors    bigint[] NOT NULL
);
CREATE INDEX visitor_day_changes_day ON visitor_day_changes (site_no, day);

CREATE FUNCTION note_changed_visitors() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO visitor_day_changes (site_no, day, bots, visitors)
    SELECT site_no, day, bots, array_agg(visitor) FROM changed WHERE lasting GROUP BY site_no, day, bots;
    RETURN NULL;
END $$;
CREATE TRIGGER visitor_days_come AFTER INSERT ON visitor_days REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION note_changed_visitors();
CREATE TRIGGER visitor_days_changed AFTER UPDATE ON visitor_days REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION note_changed_visitors();

-- For the hour in which a comparison is cut: events come in order of time, so a few pages hold it.
CREATE INDEX events_time ON events USING brin (time);
