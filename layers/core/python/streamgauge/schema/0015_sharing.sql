-- Account sharing: alerts, what a site trusts, and how far sessions were looked at. Times are bigint microseconds since the epoch.

CREATE TABLE sharing_alerts (
    site_no      integer NOT NULL,
    -- A number of site, user, rule and the episode's beginning as it was first seen (streamgauge.sharing.episodes.alert_id).
    alert_id     uuid NOT NULL,
    user_id      text NOT NULL,
    user_key     bigint NOT NULL,
    rule         text NOT NULL,
    severity     text NOT NULL,
    -- First and last evidence of the episode.
    first        bigint NOT NULL,
    last         bigint NOT NULL,
    -- Session ids, places, distances, times, thresholds, trust; no address is ever in it.
    evidence     jsonb NOT NULL,
    changed_at   bigint NOT NULL,
    dismissed_at bigint,
    note         text,
    -- The severity under which it last left (outbox in DynamoDB); NULL: it has not, or was too old to.
    told         text,
    PRIMARY KEY (site_no, alert_id)
);
CREATE INDEX sharing_alerts_time ON sharing_alerts (site_no, first);
CREATE INDEX sharing_alerts_user ON sharing_alerts (site_no, user_key, last);
CREATE INDEX sharing_alerts_last ON sharing_alerts (last);

CREATE TABLE sharing_trusted (
    site_no    integer PRIMARY KEY,
    devices    text[] NOT NULL,
    -- CIDR.
    networks   text[] NOT NULL,
    users      text[] NOT NULL
);

-- Sessions of a site that changed before this were looked at.
CREATE TABLE sharing_progress (
    site_no    integer PRIMARY KEY,
    seen_until bigint NOT NULL
);
