"""One DynamoDB item per site and batch, packed; a repeated batch writes the same item, a re-cut one is told by its events."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Final

import msgspec

from streamgauge.events.facts import BUFFER, FATAL, KIND_NUMBERS, QUALITY_CHANGE, SEEK, flags_of
from streamgauge.events.models import StampedEvent, decode
from streamgauge.ids import number
from streamgauge.live.watching import list_watching
from streamgauge.settings import settings
from streamgauge.store import dynamo

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from streamgauge.events.records import StreamRecord

WINDOW_SECONDS: Final = 300
"""The longest window of a realtime figure."""

_KEPT_SECONDS: Final = 2 * WINDOW_SECONDS
_EVENTS_PER_ITEM: Final = 1500
"""At some 100 bytes an event, well under DynamoDB's 400 KB an item."""
LONGEST_TEXT: Final = 120

STATELESS: Final = frozenset({BUFFER, SEEK, QUALITY_CHANGE})
"""Video events that do not say whether the video plays."""


class LiveEvent(msgspec.Struct, frozen=True, array_like=True):
    """What the realtime figures need of an event; `time` in microseconds, `bitrate` in kbit/s.

    `digest` tells an event once, `visit` and `user` tell its visitor, `playback` its playback (0: none).
    """

    digest: int
    time: int
    kind: int
    fatal: bool
    visit: int
    user: int
    playback: int
    video: str
    bitrate: float | None
    page: str


_ENCODE: Final = msgspec.msgpack.Encoder().encode
_DECODE: Final = msgspec.msgpack.Decoder(list[LiveEvent]).decode


def live_event(event: StampedEvent) -> LiveEvent | None:
    """Return the live part of an event; None for a bot, a call of the view route or about a session."""
    if event.bot or event.kind in {"view", "session", "identify"}:
        return None
    identity = event.anonymous_id if event.anonymous_id is not None else event.user_id
    visit = event.hash if event.anonymous_id is None and event.hash is not None else _number(identity)
    user = _number(event.user_id)
    video, playback = "", 0
    if event.video is not None:
        chain = event.session_id if event.session_id is not None else f"\x1d{user or visit}"
        video, playback = event.video.video_id, number("live", chain, event.video.video_id)
    return LiveEvent(
        digest=number(event.id),
        time=event.time,
        kind=KIND_NUMBERS[event.kind],
        fatal=bool(flags_of(event) & FATAL),
        visit=visit,
        user=user,
        playback=playback,
        video=video[:LONGEST_TEXT],
        bitrate=None if event.video is None else event.video.bitrate,
        page="" if event.page is None else event.page.path[:LONGEST_TEXT],
    )


def _number(text: str | None) -> int:
    return 0 if text is None else number("person", text)


def recent_events(records: Iterable[StreamRecord], now_seconds: float) -> list[StampedEvent]:
    """Return the events of a batch that are of the last WINDOW_SECONDS.

    What cannot be read is passed over: the warehouse keeps it as a dead letter.
    """
    return [event for event in _readable(records) if event.time > (now_seconds - WINDOW_SECONDS) * 1_000_000]


def store(records: Sequence[StreamRecord], recent: Sequence[StampedEvent], now_seconds: float) -> int:
    """Write the live items of a batch, list what its users watch, and return how many events they hold. Raises StoreAwayError: it must come again."""
    by_site: defaultdict[str, list[LiveEvent]] = defaultdict(list)
    for event in recent:
        found = live_event(event)
        if found is not None:
            by_site[event.site].append(found)
    list_watching(recent, now_seconds)
    if not by_site:
        return 0
    arrived = int(max(record.arrived_at for record in records) * 1000)
    batch = f"{arrived:013d}#{records[0].shard}#{records[0].sequence}"
    items = [
        {
            "pk": site,
            "sk": f"{batch}#{start:05d}",
            "payload": _ENCODE(events[start : start + _EVENTS_PER_ITEM]),
            "expires": int(now_seconds) + _KEPT_SECONDS,
        }
        for site, events in by_site.items()
        for start in range(0, len(events), _EVENTS_PER_ITEM)
    ]
    dynamo.batch_write(settings().text("LIVE_TABLE"), puts=items)
    return sum(map(len, by_site.values()))


def _readable(records: Iterable[StreamRecord]) -> Iterable[StampedEvent]:
    for record in records:
        try:
            yield decode(record.data)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, ValueError):
            continue


def load(site: str, now_seconds: float) -> list[LiveEvent]:
    """Return the events of a site in the last WINDOW_SECONDS, each once, in order of time. Raises StoreAwayError."""
    since = f"{int((now_seconds - WINDOW_SECONDS) * 1000):013d}"
    items = dynamo.query_all(
        settings().text("LIVE_TABLE"),
        "pk = :site AND sk >= :since",
        values={":site": site, ":since": since},
        consistent=True,
    )
    events = {event.digest: event for item in items for event in _DECODE(item["payload"])}
    first = (now_seconds - WINDOW_SECONDS) * 1_000_000
    return sorted(
        (event for event in events.values() if event.time > first), key=lambda event: (event.time, event.digest)
    )
