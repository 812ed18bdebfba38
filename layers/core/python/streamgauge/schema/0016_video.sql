-- What a playback adds to `rollup_videos`, in the order of its columns; NULL while it is no view. So reports by hour, place, agent
-- and viewer sum the very amounts that the rollups hold.
ALTER TABLE playbacks ADD COLUMN amounts bigint[];
CREATE INDEX playbacks_viewer ON playbacks (site_no, viewer, day) WHERE viewer_user;

-- `timed` is the part of `watched` (microseconds) whose bitrate is known, `kilobits` what was streamed in it.
ALTER TABLE rollup_videos
    ADD COLUMN kilobits bigint NOT NULL DEFAULT 0,
    ADD COLUMN timed    bigint NOT NULL DEFAULT 0;
-- Neither column ever changes: updates stay on their page. For lists of all videos.
CREATE INDEX rollup_videos_day ON rollup_videos (site_no, day);

-- Retention: of the `measured` views of a video and day, how many hold the instant p/100 of the duration (`audience`), and in how
-- many sections (`watches`); element p + 1 of 100.
CREATE TABLE rollup_video_curves (
    site_no     integer NOT NULL,
    video_id    text NOT NULL,
    day         date NOT NULL,
    bots        boolean NOT NULL,
    audience    integer[] NOT NULL,
    watches     integer[] NOT NULL,
    PRIMARY KEY (site_no, video_id, day, bots)
) WITH (fillfactor = 70);
CREATE INDEX rollup_video_curves_day ON rollup_video_curves (site_no, day);

-- What is counted per value. Kind 1: views by startup time in milliseconds; kind 2: watch time in microseconds by rendition.
CREATE TABLE rollup_video_values (
    site_no     integer NOT NULL,
    video_id    text NOT NULL,
    day         date NOT NULL,
    bots        boolean NOT NULL,
    kind        smallint NOT NULL,
    value       text NOT NULL,
    amount      bigint NOT NULL,
    PRIMARY KEY (site_no, video_id, day, bots, kind, value)
) WITH (fillfactor = 80);
CREATE INDEX rollup_video_values_day ON rollup_video_values (site_no, day);

-- The most concurrent viewers of a closed local day, without bots, and when (microseconds) there were first so many.
CREATE TABLE video_peaks (
    site_no     integer NOT NULL,
    day         date NOT NULL,
    viewers     integer NOT NULL,
    at          bigint,
    PRIMARY KEY (site_no, day)
);
