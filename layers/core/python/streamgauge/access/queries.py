"""The SQL of sites and keys."""

from __future__ import annotations

from typing import Final

SITE_NO: Final = "SELECT site_no FROM sites WHERE site_id = %(site_id)s"

INSERT_KEY: Final = """
INSERT INTO api_keys (key_id, site_no, scope, key_hash, hint, name)
VALUES (%(key_id)s, %(site_no)s, %(scope)s, %(key_hash)s, %(hint)s, %(name)s)
RETURNING created_at
"""

LIST_KEYS: Final = """
SELECT key_id, scope, name, hint, created_at
FROM api_keys
WHERE site_no IS NOT DISTINCT FROM %(site_no)s AND revoked_at IS NULL
ORDER BY created_at, key_id
"""

REVOKE_KEY: Final = """
UPDATE api_keys SET revoked_at = coalesce(revoked_at, now())
WHERE key_id = %(key_id)s AND site_no IS NOT DISTINCT FROM %(site_no)s
RETURNING key_hash
"""

KEY_BY_HASH: Final = "SELECT key_id, revoked_at IS NULL FROM api_keys WHERE key_hash = %(key_hash)s"

LOCK_ADMIN_KEYS: Final = "SELECT pg_advisory_xact_lock(hashtext('streamgauge admin keys'))"

ADMIN_KEYS: Final = """
SELECT count(*) FROM api_keys WHERE site_no IS NULL AND scope = 'admin' AND revoked_at IS NULL
"""

INSERT_SITE: Final = """
INSERT INTO sites (site_id, name, timezone, domains, settings, secret)
VALUES (%(site_id)s, %(name)s, %(timezone)s, %(domains)s, %(settings)s, %(secret)s)
ON CONFLICT (site_id) DO NOTHING
RETURNING site_no, site_id, name, timezone, domains, settings, secret, first_event_at, created_at
"""

_SITES: Final = """
SELECT site_no, site_id, name, timezone, domains, settings, secret, first_event_at, created_at FROM sites
"""

READ_SITE: Final = _SITES + "WHERE site_id = %(site_id)s"

LOCK_SITE: Final = READ_SITE + " FOR NO KEY UPDATE"

UPDATE_SITE: Final = """
UPDATE sites
SET name = %(name)s, timezone = %(timezone)s, domains = %(domains)s, settings = %(settings)s
WHERE site_no = %(site_no)s
"""

LIST_SITES: Final = _SITES + "WHERE site_id > %(after)s ORDER BY site_id LIMIT %(limit)s"

ALL_SITES: Final = _SITES + "ORDER BY site_no"

LOCK_DOMAINS: Final = "SELECT pg_advisory_xact_lock(hashtext('streamgauge domains'))"

DOMAIN_OWNERS: Final = """
SELECT DISTINCT ON (domain) domain, site_id
FROM sites, unnest(domains) AS domain
WHERE domain = ANY(%(domains)s)
ORDER BY domain, site_no
"""
"""Who answers to a domain: the oldest of the sites that name it."""

LIVE_KEYS: Final = """
SELECT k.key_hash, k.key_id, s.site_id, k.scope
FROM api_keys k LEFT JOIN sites s USING (site_no)
WHERE k.revoked_at IS NULL
"""

HOLD_WRITERS: Final = "LOCK TABLE sites, api_keys IN SHARE MODE"
"""Nobody changes sites or keys while all are projected: else a key revoked in between would come back."""
