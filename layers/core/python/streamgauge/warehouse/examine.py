"""A record's bytes to an event, or the reason why it is none: decided in code, record by record."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

import msgspec

from streamgauge.clock import MICROSECONDS
from streamgauge.events.facts import KIND_NUMBERS
from streamgauge.events.models import WIRE_VERSION, Receipt, Spot, StampedEvent, VideoFields, decode
from streamgauge.events.reasons import Reason
from streamgauge.sessions.folding import HIGHEST_BITRATE
from streamgauge.warehouse.receipts import QUARTER_SECONDS

_MAX_RECORD: Final = 1_048_576
_MAX_TEXT: Final = 8192
_MAX_KEY_TEXT: Final = 1024
"""Texts that stand in an index."""
_MAX_SITE: Final = 200
_MOST: Final = 1e9
"""Seconds (30 years) and kbit/s: beyond that, sums of millionths could leave 64 bits."""
_INTEGER: Final = 2**31
_BIGINT: Final = 2**63
# An escape only after an even number of backslashes; Postgres holds no NUL.
_NUL: Final = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")
_FUTURE: Final = 15 * 60 * MICROSECONDS
"""Ingest lets 5 minutes pass; clocks of two hosts may differ by some more."""
_FIRST_TIME: Final = -2_208_988_800 * MICROSECONDS
"""1900-01-01: nothing that anyone imports is older."""


_WITHOUT_VIDEO: Final = frozenset({"page_view", "custom", "session", "funnel_step", "identify"})


class _Head(msgspec.Struct):
    """What can still be told of a record that is no event of this version."""

    v: int = WIRE_VERSION
    kind: str = ""


_HEAD: Final = msgspec.json.Decoder(_Head)


class _Origin(msgspec.Struct):
    site: str
    id: str
    received: int
    receipt: Receipt


_ORIGIN: Final = msgspec.json.Decoder(_Origin)


class Unstorable(msgspec.Struct, frozen=True):
    """A record that becomes a dead letter, with what can be told of where it came from."""

    reason: Reason
    site: str | None = None
    event_id: str | None = None
    received: int | None = None
    receipt: Receipt | None = None


def examine(data: bytes, now: int) -> StampedEvent | Unstorable:
    """Return the event of a record, or why it cannot be stored; `now` in microseconds."""
    if len(data) > _MAX_RECORD:
        return Unstorable(Reason.TOO_LARGE)
    try:
        event = decode(data)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, ValueError):
        return _unreadable(data, now)
    if event.v != WIRE_VERSION:
        return _known(Reason.UNKNOWN_KIND, event, now)
    if not _storable(event, data, now):
        return _known(Reason.POISON, event, now)
    return event


def _storable(event: StampedEvent, data: bytes, now: int) -> bool:
    """Return whether Postgres can hold it: no NUL, no endless text, no time out of this world."""
    if b"\\u0000" in data and _NUL.search(data):
        return False
    # Most events have neither video nor session, and are not asked about them.
    filmed = event.kind in _WITHOUT_VIDEO if event.video is None else _filmed(event.video)
    if not filmed or not _names_a_site(event.site) or not _countable(event.receipt):
        return False
    if (event.session is not None or event.spot is not None or event.kind == "session") and not _told(event):
        return False
    if not _FIRST_TIME <= event.time <= event.received + _FUTURE or not 0 < event.received <= now + _FUTURE:
        return False
    if event.kind == "page_view" and event.page is None:
        return False
    # No text is longer than its record.
    return len(data) <= _MAX_KEY_TEXT or _is_short(event)


def _is_short(event: StampedEvent) -> bool:
    page = event.page
    keys = (event.id, event.user_id, event.anonymous_id, event.session_id, event.name, *_texts(event))
    if any(text is not None and len(text) > _MAX_KEY_TEXT for text in keys):
        return False
    return page is None or max(len(page.url), len(page.path), len(page.title or "")) <= _MAX_TEXT


def _texts(event: StampedEvent) -> tuple[str | None, ...]:
    """Return the texts of a session that stand in columns."""
    session = event.session
    if session is None:
        return ()
    item = session.item
    texts = () if item is None else (item.content_type, item.content_id, item.title, item.library_id, item.client_name)
    devices = () if item is None else (item.device_name, item.device_id, item.source)
    return (session.id, session.resolution, *texts, *devices)


def _filmed(video: VideoFields) -> bool:
    """Return whether a video has numbers of this world."""
    numbers = (
        video.position, video.duration, video.bitrate, video.seek_from, video.seek_to, video.buffer_seconds, video.startup_time,
    )  # fmt: skip
    return len(video.video_id) <= _MAX_KEY_TEXT and all(one is None or -_MOST <= one <= _MOST for one in numbers)


def _told(event: StampedEvent) -> bool:
    """Return whether a call about a session, and no other event, says which, whose, what and when, within columns' bounds."""
    session, spot = event.session, event.spot
    if session is None:
        return event.kind != "session" and (spot is None or _located(spot))
    if event.kind != "session" or event.user_id is None or session.item is None or not session.id:
        return False
    item, history = session.item, session.history
    numbers = (session.position, item.runtime, session.bitrate)
    if any(one is not None and not 0 <= one <= _MOST for one in numbers):
        return False
    if session.bitrate is not None and session.bitrate > HIGHEST_BITRATE:
        return False
    if history is not None and not event.time <= history.ended <= event.received + _FUTURE:
        return False
    return session.spot is None or _located(session.spot)


def _located(spot: Spot) -> bool:
    """Return whether the numbers of a place fit its columns."""
    numbers = (spot.latitude, spot.longitude, spot.radius_km)
    return all(one is None or -_MOST <= one <= _MOST for one in numbers) and (
        spot.network is None or -_BIGINT <= spot.network < _BIGINT
    )


@lru_cache(maxsize=1024)
def _names_a_site(site: str) -> bool:
    """Return whether a text can be asked for as a site's id, and stand in a key of DynamoDB."""
    return 0 < len(site) <= _MAX_SITE and "\0" not in site


def _countable(receipt: Receipt) -> bool:
    """Return whether the numbers of a receipt fit the accounting's columns."""
    writer, hour, n, repeats = receipt.writer, receipt.hour, receipt.n, receipt.repeats
    return (
        0 <= hour < _INTEGER * QUARTER_SECONDS
        and 0 <= n < _INTEGER
        and 0 <= repeats < _INTEGER
        and -_BIGINT <= writer < _BIGINT
    )


def _known(reason: Reason, origin: StampedEvent | _Origin, now: int) -> Unstorable:
    """Return a record that is given up with what of its origin can be trusted."""
    return Unstorable(
        reason,
        origin.site if _names_a_site(origin.site) else None,
        origin.id[:_MAX_KEY_TEXT],
        origin.received if 0 < origin.received <= now + _FUTURE else None,
        origin.receipt if _countable(origin.receipt) else None,
    )


def _unreadable(data: bytes, now: int) -> Unstorable:
    reason = Reason.POISON
    try:
        head = _HEAD.decode(data)
        if head.v != WIRE_VERSION or head.kind not in KIND_NUMBERS:
            reason = Reason.UNKNOWN_KIND
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, ValueError):
        pass
    try:
        origin = _ORIGIN.decode(data)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, ValueError):
        return Unstorable(reason)
    return _known(reason, origin, now)
