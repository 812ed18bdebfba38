"""What clients ask for before they send: where events go, with which key, and that nothing else is there.

Nothing is looked up, and nothing is said but the key that was given.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote

import msgspec

from streamgauge.ingestion.keys import given_key

if TYPE_CHECKING:
    from streamgauge.ingestion.call import Call

JSON: Final = "application/json"
JAVASCRIPT: Final = "text/javascript; charset=utf-8"

FLAGS: Final = (
    b'{"flags":{},"featureFlags":{},"featureFlagPayloads":{},"errorsWhileComputingFlags":false,"sessionRecording":false,'
    b'"supportedCompression":[]}'
)
"""PostHog: no feature flags and no recordings, in the words of every version of its clients.

No compression either: its browser library says `text/plain` of what it compresses, and API Gateway hands that on as text, which
compressed bytes do not survive.
"""
NO_RECORDING: Final = b'{"status":"Ok"}'
_REMOTE: Final = {
    "supportedCompression": [],
    "hasFeatureFlags": False,
    "sessionRecording": False,
    "captureDeadClicks": False,
    "capturePerformance": False,
    "autocaptureExceptions": False,
    "autocapture_opt_out": True,
    "heatmaps": False,
    "surveys": False,
    "defaultIdentifiedOnly": True,
    "siteApps": [],
}
_UNCHANGED_SINCE: Final = "2024-01-01T00:00:00Z"
_SEGMENT: Final = re.compile(r"/v1/projects/([^/]{1,512})/settings")
_POSTHOG: Final = re.compile(r"/array/([\w.-]{1,512})/config(\.js)?")


def configuration(call: Call, method: str) -> tuple[str, bytes] | None:
    """Return the content type and body of what a client asks for, None at other paths."""
    if method == "POST":
        if call.path in {"/decide", "/flags"}:
            return JSON, FLAGS
        return (JSON, NO_RECORDING) if call.path == "/s" else None
    if call.path == "/sourceConfig":
        return JSON, source_config(call.query.get("writeKey") or given_key(call))
    if (project := _SEGMENT.fullmatch(call.path)) is not None:
        return JSON, settings(unquote(project[1]))
    if (asked := _POSTHOG.fullmatch(call.path)) is not None:
        return (JAVASCRIPT, remote_script(asked[1])) if asked[2] else (JSON, msgspec.json.encode(_REMOTE))
    return None


def settings(key: str) -> bytes:
    """Return what Segment's browser library asks for."""
    return msgspec.json.encode(
        {
            "integrations": {"Segment.io": {"apiKey": key, "unbundledIntegrations": [], "addBundledMetadata": False}},
            "plan": {"track": {"__default": {"enabled": True, "integrations": {}}}},
            "edgeFunction": {},
            "metrics": {"sampleRate": 0},
            "legacyVideoPluginsEnabled": False,
            "remotePlugins": [],
        }
    )


def source_config(key: str) -> bytes:
    """Return what RudderStack's browser library asks for, and its libraries for apps."""
    quiet = {"statsCollection": {"errors": {"enabled": False}, "metrics": {"enabled": False}}}
    source = {
        "id": "streamgauge",
        "name": "Streamgauge",
        "writeKey": key,
        "enabled": True,
        "workspaceId": "streamgauge",
        "connections": [],
        "destinations": [],
        "config": quiet,
        # Its libraries for Kotlin and Swift do not start without.
        "createdAt": _UNCHANGED_SINCE,
        "updatedAt": _UNCHANGED_SINCE,
    }
    return msgspec.json.encode({"source": source, "updatedAt": _UNCHANGED_SINCE})


def remote_script(token: str) -> bytes:
    """Return PostHog's configuration as the script that its browser library loads; the token is letters, digits, `_.-`."""
    told = msgspec.json.encode({"config": _REMOTE | {"token": token}, "siteApps": []}).decode()
    return f'(window._POSTHOG_REMOTE_CONFIG = window._POSTHOG_REMOTE_CONFIG || {{}})["{token}"] = {told}\n'.encode()
