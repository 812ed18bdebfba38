-- Sites and the keys that open them. The truth; DynamoDB's registry is a projection that ingest and the authorizer read.

CREATE TABLE sites (
    site_no     integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    site_id     text NOT NULL UNIQUE,
    name        text NOT NULL,
    timezone    text NOT NULL,
    domains     text[] NOT NULL DEFAULT '{}',
    settings    jsonb NOT NULL DEFAULT '{}',
    -- Keys the visitor hashes of imported history, so that an import that is resumed agrees with itself.
    secret      bytea NOT NULL,
    -- Set by the first stored event; from then on the time zone is fixed.
    first_event_at timestamptz,
    created_at  timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE api_keys (
    key_id      text PRIMARY KEY,
    -- NULL: all sites.
    site_no     integer REFERENCES sites,
    scope       text NOT NULL CHECK (scope IN ('write', 'server', 'read', 'admin')),
    key_hash    text NOT NULL UNIQUE,
    -- The last four characters, to tell keys apart in a list.
    hint        text NOT NULL,
    name        text NOT NULL DEFAULT '',
    created_at  timestamptz NOT NULL DEFAULT now(),
    revoked_at  timestamptz
);
