"""The calls and fields that clients of media-server analytics are written against, in the published description."""

from __future__ import annotations

import re
from typing import Any

import pytest
from streamgauge.edge.openapi import document

from infra.catalog import AUTHORIZER, CATALOG, DOCS

APART = {AUTHORIZER, DOCS}

A = "/api/v1/analytics"
NUMBERS, TEXT, OBJECT = {"integer", "number"}, {"string"}, {"object"}
SESSION = {
    "id": TEXT, "user_id": TEXT, "content_type": TEXT, "content_id": TEXT, "started_at": TEXT, "ended_at": TEXT,
    "duration_seconds": {"integer"}, "client_name": TEXT, "device_name": TEXT, "ip_address": TEXT, "transcoded": {"boolean"},
    "resolution": TEXT, "status": TEXT, "position_seconds": NUMBERS, "bitrate_kbps": NUMBERS, "paused": {"boolean"},
    "device_id": TEXT, "country": TEXT, "city": TEXT,
}  # fmt: skip
POPULAR = {
    "content_id": TEXT, "title": TEXT, "content_type": TEXT, "plays": {"integer"}, "unique_users": {"integer"},
    "watch_hours": NUMBERS,
}  # fmt: skip
SHAPES: dict[str, tuple[str, dict[str, set[str]]]] = {
    f"GET {A}/server": ("", {
        "total_libraries": {"integer"}, "total_items": {"integer"}, "total_size_gb": NUMBERS, "total_users": {"integer"},
        "active_users_24h": {"integer"}, "total_plays": {"integer"}, "total_watch_hours": NUMBERS,
    }),
    f"GET {A}/libraries/{{}}": ("", {
        "library_id": TEXT, "name": TEXT, "type": TEXT, "total_items": {"integer"}, "total_size_gb": NUMBERS,
        "total_plays": {"integer"}, "total_watch_hours": NUMBERS, "unique_users": {"integer"}, "last_played_at": TEXT,
    }),
    f"GET {A}/popular/{{}}": ("results", POPULAR),
    f"GET {A}/popular": ("results", POPULAR),
    f"GET {A}/users/{{}}": ("", {
        "user_id": TEXT, "plays": {"integer"}, "watch_hours": NUMBERS, "last_seen_at": TEXT, "top_genres": {"array"},
        "top_types": {"array"}, "devices": {"array"}, "daily": {"array"},
    }),
    f"GET {A}/genres": ("results", {
        "genre": TEXT, "plays": {"integer"}, "unique_users": {"integer"}, "watch_hours": NUMBERS,
    }),
    f"GET {A}/active-users": ("", {"window": TEXT, "active_users": {"integer"}}),
    f"GET {A}/sessions/active": ("results", SESSION),
    f"GET {A}/sessions/user/{{}}": ("results", SESSION),
    f"POST {A}/sessions": ("", SESSION),
    f"PUT {A}/sessions/{{}}": ("", SESSION),
    f"GET {A}/stats/daily": ("results", {
        "date": TEXT, "total_sessions": {"integer"}, "total_duration_minutes": {"integer"}, "unique_users": {"integer"},
        "total_bandwidth_gb": NUMBERS, "transcoded_sessions": {"integer"},
    }),
    f"GET {A}/sharing/alerts": ("results", {
        "id": TEXT, "user_id": TEXT, "alert_type": TEXT, "severity": TEXT, "evidence": OBJECT, "status": TEXT, "created_at": TEXT,
    }),
}  # fmt: skip
"""Of each call, where its object stands in the answer, and the fields of that with the JSON types that each may have (or null)."""
WITHOUT_SHAPE = [f"DELETE {A}/sessions/{{}}", f"POST {A}/sharing/alerts/{{}}/dismiss"]
RANGE = {"startDate", "endDate", "period"}
QUERIES = {
    f"GET {A}/server": RANGE,
    f"GET {A}/libraries/{{}}": RANGE,
    f"GET {A}/users/{{}}": RANGE,
    f"GET {A}/genres": {"window", "limit"},
    f"GET {A}/active-users": {"window"},
    f"GET {A}/stats/daily": {"start", "end"},
    f"GET {A}/popular": {"window", "limit"},
    f"GET {A}/popular/{{}}": {"window", "limit"},
    f"GET {A}/sessions/user/{{}}": {"limit"},
    f"GET {A}/sharing/alerts": {"user_id", "status"},
}
BODIES: dict[str, dict[str, set[str]]] = {
    f"POST {A}/sessions": {
        "user_id": TEXT, "content_type": TEXT, "content_id": TEXT, "started_at": TEXT, "client_name": TEXT, "device_name": TEXT,
        "ip_address": TEXT, "transcoded": {"boolean"}, "resolution": TEXT, "ended_at": TEXT, "duration_seconds": NUMBERS, "status": TEXT,
    },
    f"PUT {A}/sessions/{{}}": {
        "position_seconds": NUMBERS, "paused": {"boolean"}, "bitrate_kbps": NUMBERS, "transcoded": {"boolean"}, "resolution": TEXT,
        "ip_address": TEXT, "timestamp": TEXT,
    },
}  # fmt: skip
CHOICES = {
    (f"GET {A}/popular", "window"): {"day", "week", "month", "year", "all"},
    (f"GET {A}/sharing/alerts", "status"): {"open", "dismissed"},
}


@pytest.fixture(scope="module")
def described() -> dict[str, Any]:
    modules = [row.handler.removesuffix(".handler") for row in CATALOG if row.routes and row.module not in APART]
    return document(sorted(modules))


def operation(described: dict[str, Any], call: str) -> dict[str, Any]:
    method, _, path = call.partition(" ")
    found = [one for name, one in described["paths"].items() if re.sub(r"{\w+}", "{}", name) == path]
    assert found, f"nothing answers {call}"
    asked: dict[str, Any] = found[0][method.lower()]
    return asked


def resolved(described: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    name = schema.get("$ref", "").rpartition("/")[2]
    found: dict[str, Any] = described["components"]["schemas"][name] if name else schema
    return found


def types(described: dict[str, Any], schema: dict[str, Any]) -> set[str]:
    one = resolved(described, schema)
    options = one.get("anyOf", [one])
    return {name for option in options for name in [resolved(described, option).get("type", "any")]} - {"null"}


@pytest.mark.parametrize("call", SHAPES)
def test_every_field_is_published_with_its_type(described, call):
    place, fields = SHAPES[call]
    answers = operation(described, call)["responses"]
    answer = next(answers[status] for status in ("200", "201") if status in answers)
    shape = resolved(described, answer["content"]["application/json"]["schema"])
    if place:
        shape = resolved(described, shape["properties"][place]["items"])
    for name, wanted in fields.items():
        assert types(described, shape["properties"][name]) <= wanted, name


@pytest.mark.parametrize("call", WITHOUT_SHAPE)
def test_every_other_call_is_published(described, call):
    assert operation(described, call)["responses"]


@pytest.mark.parametrize("call", QUERIES)
def test_every_parameter_is_published(described, call):
    assert {one["name"] for one in operation(described, call)["parameters"]} >= QUERIES[call]


@pytest.mark.parametrize("call", BODIES)
def test_every_field_of_a_body_is_published_with_its_type(described, call):
    body = resolved(described, operation(described, call)["requestBody"]["content"]["application/json"]["schema"])
    for name, wanted in BODIES[call].items():
        assert types(described, body["properties"][name]) <= wanted, name


@pytest.mark.parametrize("call", CHOICES)
def test_every_choice_is_published(described, call):
    (asked,) = [one for one in operation(described, call[0])["parameters"] if one["name"] == call[1]]
    options = asked["schema"].get("anyOf", [asked["schema"]])
    assert {choice for option in options for choice in option.get("enum", ())} == CHOICES[call]
