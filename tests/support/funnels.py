"""Funnels through their function, and the events of a small site around them."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from streamgauge.clock import microseconds
from streamgauge.events.models import Page

from functions.api import funnels
from tests.support.requests import key, request
from tests.support.stamped import stamped

if TYPE_CHECKING:
    from streamgauge.events.models import StampedEvent

DAY = date(2026, 3, 10)
FUNNELS = "/api/v1/funnels"
STEPS = [
    {"name": "See prices", "type": "page", "match": "equals", "value": "/pricing"},
    {"name": "Sign up", "type": "event", "match": "equals", "value": "signup"},
    {"name": "Watch", "type": "video", "match": "equals", "value": "50%", "filters": {"video_id": "intro"}},
]
RANGE = "startDate=2026-03-10&endDate=2026-03-12"


def call(
    method: str,
    path: str,
    body: object = None,
    *,
    query: str = "",
    scope: str = "admin",
    site: str = "blog",
    **headers: str,
) -> tuple[int, Any]:
    event = request(
        method,
        path,
        caller=key(site, scope),
        body=body,
        query=query,
        headers={"content-type": "application/json", **headers},
    )
    answer = funnels.handler(event, None)
    return answer["statusCode"], json.loads(answer["body"]) if answer["body"] else None


def make(**rest: Any) -> str:
    status, made = call("POST", FUNNELS, {"name": "Start", "steps": STEPS[:2], **rest})
    assert status == 201, made
    return made["funnel_id"]


def at(minutes: float, day: date = DAY) -> int:
    return microseconds(datetime(day.year, day.month, day.day, 9, tzinfo=UTC) + timedelta(minutes=minutes))


def page(who: str, minutes: float, path: str = "/pricing", day: date = DAY, **rest: Any) -> StampedEvent:
    return stamped("page_view", at(minutes, day), site="blog", anonymous_id=who, page=Page(path, path), **rest)


def custom(who: str, minutes: float, name: str = "signup", day: date = DAY, **rest: Any) -> StampedEvent:
    return stamped("custom", at(minutes, day), site="blog", anonymous_id=who, name=name, **rest)


def analytics(funnel_id: str, query: str = RANGE, detailed: bool = False, **headers: str) -> dict[str, Any]:
    path = f"{FUNNELS}/{funnel_id}/analytics" + ("/detailed" if detailed else "")
    status, body = call("GET", path, query=query, scope="read", **headers)
    assert status == 200, body
    return body


def people(body: dict[str, Any]) -> list[int]:
    return [row["people"] for row in body["steps"]]
