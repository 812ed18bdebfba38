"""Whatever stands in the fields of a foreign body: the answer is one of the caller's, never an error of ours."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

if TYPE_CHECKING:
    from tests.support.ingest_door import Door

NAMES = some.sampled_from(
    (
        *(
            "track",
            "page",
            "identify",
            "alias",
            "event",
            "engagement",
            "pageview",
            "$identify",
            "$set",
            "$create_alias",
        ),
        *("Video Playback Started", "Video Content Playing", "back end", "server", "analytics-go", "analytics-ios"),
        *("", "\ud800", "x" * 201, "2026-05-28T20:26:40Z", "%25C3%A9", "https://[::1", "1e400", "w"),
    )
)
VALUES = some.recursive(
    some.none() | some.booleans() | some.integers() | some.floats(allow_nan=False) | NAMES | some.text(max_size=5),
    lambda inner: some.lists(inner, max_size=2) | some.dictionaries(NAMES, inner, max_size=2),
    max_leaves=4,
)
FIELDS: dict[str, dict[str, tuple[str, ...]]] = {
    "/v1/batch": {
        "": (
            "type",
            "action",
            "event",
            "name",
            "userId",
            "anonymousId",
            "previousId",
            "messageId",
            "timestamp",
            "originalTimestamp",
            "sentAt",
            "channel",
        ),
        "properties": ("session_id", "asset_id", "content_asset_ids", "position", "total_length", "bitrate", "url"),
        "context": ("ip", "userAgent", "locale", "page", "campaign", "screen", "library", "device", "os", "traits"),
    },
    "/batch": {
        "": ("event", "distinct_id", "timestamp", "sent_at", "offset", "uuid", "messageId", "$set", "api_key"),
        "properties": ("distinct_id", "alias", "$lib", "$device_id", "$current_url", "$ip", "$screen_width", "token"),
    },
    "/api/batch": {
        "": ("type",),
        "payload": ("url", "hostname", "title", "name", "data", "id", "vid", "timestamp", "screen", "engagement", "ip"),
    },
    "/api/event": {"": ("n", "name", "u", "url", "d", "domain", "r", "p", "h", "w", "i", "e", "sd", "$", "revenue")},
}
WRAPS = {
    "/v1/batch": lambda body: {"batch": [body], "sentAt": body.get("timestamp")},
    "/batch": lambda body: {"batch": [body], "sent_at": body.get("timestamp")},
    "/api/batch": lambda body: [body],
}


@some.composite
def bodies(draw: Any, path: str) -> Any:
    found: dict[str, Any] = {}
    for part, names in FIELDS[path].items():
        fields = draw(some.dictionaries(some.sampled_from(names), VALUES, max_size=6))
        found |= fields if not part else {part: draw(some.just(fields) | VALUES)}
    return draw(some.sampled_from((WRAPS.get(path, lambda body: body)(found), found, [found])))


@pytest.mark.parametrize("path", FIELDS)
def test_no_body_is_an_error_of_ours(path: str, door: Door) -> None:
    @settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
    @given(bodies(path))
    def holds(body: Any) -> None:
        assert door.send(json.dumps(body), path=path, key="w").status < 500, body

    holds()
