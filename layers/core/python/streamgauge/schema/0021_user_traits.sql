-- What clients of others tell of a user: of each trait the value of its latest event. It is in no figure.
CREATE TABLE user_traits (
    site_no     integer NOT NULL,
    user_id     text NOT NULL,
    name        text NOT NULL,
    -- JSON's null: it was taken back.
    value       jsonb NOT NULL,
    -- The event that told it, in microseconds; of equal times the greater id is the later.
    time        bigint NOT NULL,
    event_id    text COLLATE "C" NOT NULL,
    -- The UTC day on which that event was received: it is kept as long as a rollup of that day.
    kept_from   date NOT NULL,
    PRIMARY KEY (site_no, user_id, name)
);
CREATE INDEX user_traits_kept_from ON user_traits (kept_from);
