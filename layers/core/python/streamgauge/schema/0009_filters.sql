-- What reports with filters read of visits and events beside `visits_day`. Equal keys share an entry, so these indexes are thin,
-- and each holds few rows of its table.

-- How often each of `names` happened (NULL: once), so that custom events are counted without their raw rows.
ALTER TABLE visits ADD COLUMN name_counts integer[];

-- A visit this long may reach over more than one midnight (20 hours in microseconds): no day is shorter, whatever its clocks do.
CREATE INDEX visits_stretched ON visits (site_no, last) WHERE last - start >= 72000000000;

CREATE INDEX events_custom ON events (site_no, name) WHERE kind = 2;
CREATE INDEX events_told ON events (site_no) WHERE properties IS NOT NULL AND kind <> 2;
-- Events of a back end, which touch no visit.
CREATE INDEX events_visitless ON events (site_no) WHERE visit_key IS NULL;
