-- Funnels: what they are, the attempts of their days, and the answers that are still true.

CREATE TABLE funnels (
    funnel_no   integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    funnel_id   text NOT NULL UNIQUE,
    site_no     integer NOT NULL REFERENCES sites,
    definition  jsonb NOT NULL,
    -- Grows when the definition changes: what was computed for another one is good for nothing.
    version     integer NOT NULL DEFAULT 1,
    created_at  timestamptz NOT NULL DEFAULT now(),
    updated_at  timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX funnels_site ON funnels (site_no, funnel_no);

-- Grows with every batch that stores an event on the day or changes a visit that reaches into it. A result that was computed
-- from the days of a range is true as long as their sum is what it was.
ALTER TABLE site_days ADD COLUMN changes bigint NOT NULL DEFAULT 0;

-- The attempts that enter on a day, one a person: the best of that day. Packed arrays, little endian: persons and entries of 8
-- bytes, steps taken of 1, and behind each other the microseconds from step to step, of 8.
CREATE TABLE funnel_days (
    funnel_no   integer NOT NULL REFERENCES funnels ON DELETE CASCADE,
    day         date NOT NULL,
    bots        boolean NOT NULL,
    version     integer NOT NULL,
    -- Of the days from the one before to the last that the window reaches.
    changes     bigint NOT NULL,
    persons     bytea NOT NULL,
    entries     bytea NOT NULL,
    taken       bytea NOT NULL,
    gaps        bytea NOT NULL,
    PRIMARY KEY (funnel_no, day, bots)
);
ALTER TABLE funnel_days ALTER persons SET STORAGE EXTERNAL, ALTER entries SET STORAGE EXTERNAL, ALTER gaps SET STORAGE EXTERNAL;

-- The answer for a range, with the changes of the days that it hangs on.
CREATE TABLE funnel_results (
    funnel_no   integer NOT NULL REFERENCES funnels ON DELETE CASCADE,
    start_day   date NOT NULL,
    end_day     date NOT NULL,
    bots        text NOT NULL,
    breakdown   text NOT NULL,
    version     integer NOT NULL,
    changes     bigint NOT NULL,
    result      jsonb NOT NULL,
    computed_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (funnel_no, start_day, end_day, bots, breakdown)
);

-- A funnel reads only the events that match a step. Equal pages share an entry: 7 bytes a page view.
CREATE INDEX events_page ON events (page) WHERE page IS NOT NULL;
-- Custom events and reported steps.
CREATE INDEX events_name ON events (name) WHERE kind IN (2, 14);
-- Who was identified: the events before that in the same visit are that person's.
CREATE INDEX visits_user ON visits (site_no, day) WHERE user_key IS NOT NULL;
