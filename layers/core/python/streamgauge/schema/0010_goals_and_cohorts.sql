-- What a site wants to happen: a page seen or a custom event. Reports look a goal up in the past too.
CREATE TABLE goals (
    goal_id     text PRIMARY KEY,
    site_no     integer NOT NULL REFERENCES sites,
    name        text NOT NULL,
    kind        text NOT NULL CHECK (kind IN ('page', 'event')),
    match       text NOT NULL CHECK (match IN ('equals', 'prefix', 'contains')),
    value       text NOT NULL,
    created_at  timestamptz NOT NULL DEFAULT now(),
    UNIQUE (site_no, name)
);

-- Numbered visitors (as in `uniques`) that were there on days whose rollups are gone: whoever is among them is not new.
CREATE TABLE visitors_before (
    site_no     integer NOT NULL,
    bots        boolean NOT NULL,
    chunk       smallint NOT NULL,
    bits        bit varying NOT NULL,
    PRIMARY KEY (site_no, bots, chunk)
);
