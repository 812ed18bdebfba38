-- Seconds: the catalogue's duration of a playback whose events tell none, as it went into the rollups.
ALTER TABLE playbacks ADD COLUMN catalogued double precision;
CREATE INDEX playbacks_untold ON playbacks (site_no, video_id) WHERE duration IS NULL;
