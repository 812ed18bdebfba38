"""An event as clients send it: strict types and bounds. The OpenAPI description is made from these same models."""

from __future__ import annotations

from datetime import datetime  # noqa: TC003 (a field of a msgspec.Struct is read at run time)
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta

MAX_EVENT_BYTES: Final = 32_768
MAX_EVENTS: Final = 500
MAX_BODY_BYTES: Final = 1_048_576
MAX_DEPTH: Final = 32

Name = Annotated[str, Meta(min_length=1, max_length=100)]
Identity = Annotated[str, Meta(max_length=200)]
Url = Annotated[str, Meta(max_length=4096)]
Tag = Annotated[str, Meta(max_length=255)]
Seconds = Annotated[float, Meta(ge=0, le=10_000_000)]
Kilobits = Annotated[float, Meta(ge=0, le=100_000_000)]


class SentEvent(msgspec.Struct, kw_only=True, rename=None):
    """One event. Fields that are not listed are not kept; `metadata` is kept as sent."""

    event_type: Annotated[
        str,
        Meta(
            min_length=1,
            max_length=100,
            description="`page_view` (or `pageview`), one of the nine video types, or any other name: a custom event.",
            examples=["page_view", "video_start", "signup"],
        ),
    ]
    website_id: Annotated[Identity, Meta(description="The site; needed with a key for all sites.")] | None = None
    event_id: (
        Annotated[
            str,
            Meta(min_length=1, max_length=200, description="An event sent again with the same id counts once."),
        ]
        | None
    ) = None
    anonymous_id: Identity | None = None
    user_id: Identity | None = None
    session_id: Identity | None = None
    url: Annotated[Url, Meta(description="Needed for a page view: an address, or a path.")] | None = None
    referrer: Url | None = None
    title: Annotated[str, Meta(max_length=1000)] | None = None
    screen: Annotated[str, Meta(max_length=32, examples=["1920x1080"])] | None = None
    language: Annotated[str, Meta(max_length=64, examples=["de-CH"])] | None = None
    utm_source: Tag | None = None
    utm_medium: Tag | None = None
    utm_campaign: Tag | None = None
    utm_term: Tag | None = None
    utm_content: Tag | None = None
    timestamp: Annotated[datetime, Meta(description="When it happened, ISO 8601; without offset: UTC.")] | None = None
    sent_at: (
        Annotated[datetime, Meta(description="When it was sent, by the same clock: corrects a wrong clock.")] | None
    ) = None
    video_id: Annotated[Identity, Meta(description="Needed for a video event.")] | None = None
    content_id: Annotated[Identity, Meta(description="Another name of `video_id`.")] | None = None
    properties: dict[str, Any] | None = None
    metadata: Any = None
    context: (
        Annotated[
            dict[str, Any],
            Meta(
                description=(
                    "`ip` and `user_agent` of the visitor, with a server key. History may also give `browser`, `os`, `device` "
                    "(desktop, mobile, tablet, tv, console or wearable), `country` (two letters), `region` and `city` outright "
                    "(null: not known): such an event counts as one of the visitor's own, with or without an address."
                )
            ),
        ]
        | None
    ) = None
    historical: Annotated[bool, Meta(description="History, with a server key: no limit of age.")] | None = None
    interactive: Annotated[bool, Meta(description="False: a custom event that leaves a bounce a bounce.")] | None = None


class VideoProperties(msgspec.Struct, rename={"seek_from": "from", "seek_to": "to"}):
    """What `properties` of a video event may say; anything else is kept beside it."""

    position: Seconds | None = None
    duration: Seconds | None = None
    quality: Annotated[str, Meta(max_length=64)] | None = None
    bitrate: Kilobits | None = None
    seek_from: Seconds | None = None
    seek_to: Seconds | None = None
    buffer_seconds: Seconds | None = None
    startup_time: Seconds | None = None
    fatal: bool | None = None
    device_type: Annotated[str, Meta(max_length=64)] | None = None
    browser: Annotated[str, Meta(max_length=64)] | None = None


VIDEO_PROPERTIES: Final = frozenset(
    {"position", "duration", "quality", "bitrate", "from", "to", "buffer_seconds", "startup_time", "fatal"}
)
"""Properties that are stored in columns of their own, and so not again."""


class SentBatch(msgspec.Struct, kw_only=True):
    """The body of a batch."""

    events: Annotated[list[SentEvent], Meta(min_length=1, max_length=MAX_EVENTS)]


class SentView(msgspec.Struct, kw_only=True):
    """The body of a view; all of it optional."""

    website_id: Identity | None = None
    event_id: Annotated[str, Meta(min_length=1, max_length=200)] | None = None
    anonymous_id: Identity | None = None
    user_id: Identity | None = None
    session_id: Identity | None = None
    timestamp: datetime | None = None
    sent_at: datetime | None = None
    context: dict[str, Any] | None = None


class SentFunnelStep(msgspec.Struct, kw_only=True):
    """A step of a funnel that somebody took, as the body of its report."""

    funnel_id: Annotated[str, Meta(min_length=1, max_length=200)]
    step: Annotated[
        int | Annotated[str, Meta(min_length=1, max_length=200)],
        Meta(description="The step's number, from 0, or its name.", examples=[0, "Sign up"]),
    ]
    website_id: Annotated[Identity, Meta(description="The site; needed with a key for all sites.")] | None = None
    event_id: Annotated[str, Meta(min_length=1, max_length=200)] | None = None
    anonymous_id: Identity | None = None
    user_id: Identity | None = None
    session_id: Identity | None = None
    timestamp: datetime | None = None
    sent_at: datetime | None = None
    context: dict[str, Any] | None = None
    historical: bool | None = None


class Result(msgspec.Struct, omit_defaults=True, kw_only=True):
    """What became of one event of the request."""

    index: int
    event_id: str | None
    status: Annotated[str, Meta(pattern="^(accepted|duplicate|rejected)$")]
    code: str | None = None
    detail: str | None = None


class Answer(msgspec.Struct, kw_only=True):
    """The native answer; `rejected` holds those results that are not accepted, `duplicates` counts repeats in the request."""

    accepted: int
    duplicates: int
    rejected: list[Result]
    results: list[Result]


class ViewAnswer(msgspec.Struct, kw_only=True):
    """The answer to a view."""

    message: str
    accepted: int
