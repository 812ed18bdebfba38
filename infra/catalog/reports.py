"""The figures of websites, videos and funnels."""

from __future__ import annotations

from typing import Final

from infra.catalog.model import ANALYTICS, FUNNELS, Role, Route, beside_postgres, whole_id
from infra.permissions import May

FUNCTIONS: Final = (
    beside_postgres(
        "api/web",
        "answers the website reports",
        *(
            Route("GET", f"{ANALYTICS}/{report}/{{website_id}}")
            for report in (
                "dashboard",
                "top-pages",
                "top-referrers",
                "top-countries",
                "top-browsers",
                "top-devices",
                "top-os",
                "traffic-summary",
                "daily-stats",
                "hourly-stats",
                "custom-events",
                "properties",
            )
        ),
    ),
    beside_postgres(
        "api/journeys",
        "answers the reports on cohorts, paths and goals",
        *(Route("GET", f"{ANALYTICS}/{report}/{{website_id}}") for report in ("retention", "paths", "goals")),
    ),
    beside_postgres(
        "api/goals",
        "makes and deletes goals",
        Route("POST", f"{ANALYTICS}/goals/{{website_id}}"),
        Route("DELETE", f"{ANALYTICS}/goals/{{website_id}}/{{goal_id}}"),
        role=Role.WRITER,
        memory=512,
    ),
    beside_postgres(
        "api/funnels",
        "keeps funnels and answers who got how far",
        Route("POST", FUNNELS),
        Route("GET", FUNNELS),
        Route("POST", f"{FUNNELS}/compare"),
        Route("GET", f"{FUNNELS}/{{funnel_id}}"),
        Route("PUT", f"{FUNNELS}/{{funnel_id}}"),
        Route("DELETE", f"{FUNNELS}/{{funnel_id}}"),
        Route("GET", f"{FUNNELS}/{{funnel_id}}/analytics"),
        Route("GET", f"{FUNNELS}/{{funnel_id}}/analytics/detailed"),
        role=Role.WRITER,
        memory=1769,
    ),
    beside_postgres(
        "api/video",
        "answers the video reports",
        Route("GET", "/api/metrics/videos"),
        *(
            Route("GET", f"/api/metrics/video/{{videoId}}/{part}")
            for part in ("timeseries", "quality", "retention", "breakdown")
        ),
        *whole_id("GET", "/api/metrics/video/{videoId}"),
        *whole_id("GET", "/api/metrics/users/{userId}"),
        Route("GET", "/api/metrics/realtime/peaks"),
    ),
    beside_postgres(
        "api/user_profiles",
        "says what is known of a user",
        *whole_id("GET", "/api/v1/users/{userId}"),
    ),
    beside_postgres(
        "api/views",
        "answers and resets view counts",
        # Open to the public where the site says so (`public_view_stats`); the function reads the authorizer's word.
        *whole_id("GET", "/api/analytics/stats/{videoId}"),
        Route("POST", "/api/analytics/reset/daily"),
        Route("POST", "/api/analytics/reset/monthly"),
        role=Role.WRITER,
        memory=512,
        may=(May.READ_COUNTERS, May.WRITE_COUNTERS),
    ),
)
