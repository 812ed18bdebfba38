-- Erased persons: how far each erasure is, and by which digests events from before it are known.

CREATE TABLE erasures (
    -- Grows: whoever knows the digests of a site up to here knows all.
    erasure_no  bigint GENERATED ALWAYS AS IDENTITY,
    site_no     integer NOT NULL,
    -- A keyed digest of the user's id.
    erasure_id  text NOT NULL,
    -- Microseconds.
    erased_at   bigint NOT NULL,
    -- What is still to be looked for in the other stores, ids as they were; NULL: nothing, it is done.
    found       jsonb,
    PRIMARY KEY (site_no, erasure_no)
);

CREATE TABLE erased_ids (
    site_no     integer NOT NULL,
    -- Keyed with the site's secret, of the kind of id and the id.
    digest      uuid NOT NULL,
    -- Microseconds: events of this id from before, and after any erasure before this one, get its replacement.
    erased_at   bigint NOT NULL,
    -- Forgotten when no event from before can be on its way any more.
    replacement text,
    PRIMARY KEY (site_no, digest, erased_at)
);
CREATE INDEX erased_ids_named ON erased_ids (erased_at) WHERE replacement IS NOT NULL;
