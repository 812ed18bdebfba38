"""The languages in which events come: each turns a request into drafts of the one event, and answers as its clients expect.

In: one module per language, named in `ROUTES`. Not in: anything that all events have in common (`steps`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from streamgauge.ingestion.dialects import funnel_steps, native, plausible, posthog, segment, umami, views

if TYPE_CHECKING:
    from streamgauge.ingestion.dialects.dialect import Dialect

ROUTES: Final[dict[str, Dialect]] = {
    "/api/events": native.DIALECT,
    "/api/v1/analytics/event": native.DIALECT,
    "/api/v1/analytics/event/batch": native.BATCH,
    "/api/v1/funnels/track": funnel_steps.DIALECT,
    "/api/event": plausible.DIALECT,
    "/api/send": umami.DIALECT,
    "/api/batch": umami.DIALECT,
    **dict.fromkeys(posthog.PATHS, posthog.DIALECT),
    **dict.fromkeys(segment.PATHS, segment.DIALECT),
}
"""By path, without a trailing slash."""

PREFIXES: Final[dict[str, Dialect]] = {"/api/analytics/view/": views.DIALECT}
"""By the beginning of a path; the rest is its argument."""

BY_NAME: Final[dict[str, Dialect]] = {dialect.name: dialect for dialect in (*ROUTES.values(), *PREFIXES.values())}


def dialect_of(path: str) -> Dialect | None:
    """Return the dialect of a path, or None."""
    found = ROUTES.get(path)
    if found is None:
        found = next((dialect for prefix, dialect in PREFIXES.items() if path.startswith(prefix)), None)
    return found
