"""Who writes through a route of the resolver: the same keys, in the same places, as ingest takes."""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING, Any, NamedTuple

from streamgauge.access import registry
from streamgauge.edge.origin import viewer_address
from streamgauge.errors import ForbiddenError, NotFoundError, OutOfBoundsError
from streamgauge.ingestion.call import Call, encodable
from streamgauge.ingestion.keys import identify
from streamgauge.places.lookup import normal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from streamgauge.access.registry import KeyRecord, SiteRecord


class Writer(NamedTuple):
    """Who writes: the key, its site (None: the key opens all), and the address that the gateway saw."""

    key: KeyRecord
    site: SiteRecord | None
    address: str


def writer_of(event: Mapping[str, Any]) -> Writer:
    """Return who writes. Raises UnauthenticatedError, ForbiddenError for a key that may not, StoreAwayError."""
    given = viewer_address(event)
    query = event.get("queryStringParameters") or {}
    call = Call(
        path=event.get("rawPath") or "/",
        received=0,
        now=0,
        body=_body(event),
        headers=event.get("headers") or {},
        query={name: encodable(value) for name, value in query.items()},
        address=normal(given) or given,
    )
    return Writer(identify(call), call.site, call.address)


def site_of(writer: Writer, website_id: str | None) -> SiteRecord:
    """Return the site that a writer is about: the key's, or the one that is named to a key of all sites.

    Raises ForbiddenError for another site's, OutOfBoundsError without a name, NotFoundError for an unknown one.
    """
    if writer.site is not None:
        if website_id and website_id != writer.site.site_id:
            raise ForbiddenError("The key is for another site.")
        return writer.site
    if not website_id:
        message = "Name the site: this key opens more than one."
        raise OutOfBoundsError(message, [(["query", "website_id"], message)])
    site = registry.find_site(website_id)
    if site is None:
        raise NotFoundError("There is no such site.")
    return site


def _body(event: Mapping[str, Any]) -> bytes:
    text = event.get("body") or ""
    if not event.get("isBase64Encoded"):
        return encodable(text).encode()
    try:
        return base64.b64decode(text)
    except binascii.Error:
        return b""
