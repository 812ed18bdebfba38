"""Raw events as rows of COPY, made as text here: by psycopg, value by value, they cost twice as much."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final, LiteralString

import msgspec

from streamgauge.events.facts import flags_of
from streamgauge.warehouse.raw import DAY, utc_day

if TYPE_CHECKING:
    from collections.abc import Iterable

    from streamgauge.events.facts import Fact
    from streamgauge.events.models import VideoFields
    from streamgauge.store.postgres import Connection
    from streamgauge.warehouse.receipts import Claim

_COPY: Final[
    LiteralString
] = """COPY events (day, site_no, kind, flags, time, received_at, visit_key, prev_key, visitor, play_key,
    acquisition, surroundings, event_uuid, event_id, anonymous_id, user_id, session_id, name, page, url_rest, video_id, position, duration,
    quality, bitrate, seek_from, seek_to, buffer_seconds, startup_time, properties, metadata) FROM STDIN"""

_NONE: Final = "\\N"
_NO_VIDEO: Final = "\t".join([_NONE] * 9)
_ESCAPES: Final = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})
_ENCODE: Final = msgspec.json.Encoder().encode


def write_events(connection: Connection, site_no: int, claims: Iterable[Claim]) -> None:
    """Copy new events of a site, those that have a fact, into their partitions, which exist."""
    lines = [_line(site_no, claim, claim.fact) for claim in claims if claim.fact is not None]
    with connection.cursor() as cursor, cursor.copy(_COPY) as copy:
        copy.write("".join(lines))


def _line(site_no: int, claim: Claim, fact: Fact) -> str:
    event, page = claim.event, claim.page
    video, properties, metadata = event.video, event.properties, event.metadata
    # What most events lack is asked for here: a call for each would cost as much as all the rest.
    prev_key, visitor, play_key = fact.prev_key, fact.visitor, fact.play_key
    anonymous_id, user_id, session_id, name = event.anonymous_id, event.user_id, event.session_id, event.name
    return (
        f"{_iso(event.time // DAY)}\t{site_no}\t{fact.kind}\t{flags_of(event)}\t{event.time}\t{event.received}\t"
        f"{_number(fact.visit_key)}\t"
        f"{_NONE if prev_key is None else prev_key}\t"
        f"{_NONE if visitor is None or visitor == fact.visit_key else visitor}\t"
        f"{_NONE if play_key is None else play_key}\t"
        f"{fact.acquisition}\t{fact.surroundings}\t"
        f"{event.id if claim.uuid else _NONE}\t{_NONE if claim.uuid else _text(event.id)}\t"
        f"{_NONE if anonymous_id is None else _text(anonymous_id)}\t"
        f"{_NONE if user_id is None else _text(user_id)}\t"
        f"{_NONE if session_id is None else _text(session_id)}\t"
        f"{_NONE if name is None else _text(name)}\t"
        f"{_NONE if page is None else page.code}\t{_NONE if page is None or page.rest is None else _text(page.rest)}\t"
        f"{_NO_VIDEO if video is None else _video(video)}\t"
        f"{_NONE if properties is None else _json(properties)}\t{_NONE if metadata is None else _json(metadata)}\n"
    )


def _video(video: VideoFields) -> str:
    quality = video.quality
    return (
        f"{_text(video.video_id)}\t{_number(video.position)}\t{_number(video.duration)}\t"
        f"{_NONE if quality is None else _text(quality)}\t{_number(video.bitrate)}\t{_number(video.seek_from)}\t"
        f"{_number(video.seek_to)}\t{_number(video.buffer_seconds)}\t{_number(video.startup_time)}"
    )


@lru_cache(maxsize=1024)
def _iso(days: int) -> str:
    return utc_day(days * DAY).isoformat()


def _number(value: float | None) -> str:
    return _NONE if value is None else str(value)


def _text(text: str) -> str:
    # Nearly all texts hold nothing to escape, and looking is cheaper.
    return text if text.isprintable() and "\\" not in text else text.translate(_ESCAPES)


def _json(value: object) -> str:
    return _text(_ENCODE(value).decode())
