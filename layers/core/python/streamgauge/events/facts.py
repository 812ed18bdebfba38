"""What the counting rules see of an event: numbers instead of texts, the same from the stream and from a raw row."""

from __future__ import annotations

from datetime import date  # noqa: TC003 (a field of a msgspec.Struct is read at run time)
from functools import lru_cache
from operator import attrgetter
from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec

from streamgauge.clock import MICROSECONDS, hour_and_day, local_day
from streamgauge.dimensions import Dimension, code_of
from streamgauge.events.models import VideoFields  # noqa: TC001 (a field of a msgspec.Struct is read at run time)
from streamgauge.ids import number

if TYPE_CHECKING:
    from streamgauge.events.models import Acquisition, StampedEvent, Surroundings

KIND_NUMBERS: Final = {
    "page_view": 1,
    "custom": 2,
    "video_start": 3,
    "video_progress": 4,
    "video_pause": 5,
    "video_resume": 6,
    "video_complete": 7,
    "video_error": 8,
    "video_buffer": 9,
    "quality_change": 10,
    "seek": 11,
    "view": 12,
    "session": 13,
    "funnel_step": 14,
    "identify": 15,
}
"""`events.kind`. Never renumber: append."""

KIND_NAMES: Final = {value: key for key, value in KIND_NUMBERS.items()}
PAGE_VIEW: Final = 1
CUSTOM: Final = 2
START: Final = 3
PROGRESS: Final = 4
PAUSE: Final = 5
RESUME: Final = 6
COMPLETE: Final = 7
ERROR: Final = 8
BUFFER: Final = 9
QUALITY_CHANGE: Final = 10
SEEK: Final = 11

BOT: Final = 1
HISTORICAL: Final = 2
INTERACTIVE: Final = 4
CLOCK_CORRECTED: Final = 8
LASTING_KEY: Final = 16
HAS_USER: Final = 32
FATAL: Final = 64

_BOT_KEY: Final = 0x5A17_0C3B_9E24_D681
"""Bots have chains of their own: a visit never mixes them with people."""

MIDNIGHT_REACH: Final = 30 * 60 * 1_000_000
"""How long after midnight an event can still join a visit of the day before, in microseconds."""


class Fact(msgspec.Struct, gc=False):
    """One event for the rules of visits and playbacks; ordered by (`time`, `id`), of the local `hour` (first second) and `day`.

    `visit_key`: chain of visits (None: touches none); `prev_key`: the hash's key of the day before; `visitor`: the person
    that it counts for outside visits; `lasting_key`: whether `visit_key` outlasts the day; `code`: what a page view's page, or a
    custom event's name, has in the rollups.
    """

    time: int
    id: str
    hour: int
    day: date
    kind: int
    bot: bool
    visit_key: int | None
    prev_key: int | None
    visitor: int | None
    user: int | None
    lasting_key: bool
    interactive: bool
    path: str | None
    name: str | None
    code: int | None
    acquisition: int
    surroundings: int
    play_key: int | None
    video: VideoFields | None


ORDER: Final = attrgetter("time", "id")
"""The key by which facts are sorted before they are folded."""


class Values(NamedTuple):
    """What is known of an acquisition or of surroundings: the codes of its values, and their dimensions and names."""

    codes: tuple[int, ...]
    kinds: dict[int, Dimension]
    names: dict[int, str]


_ACQUISITION_DIMENSIONS: Final = (
    (Dimension.SOURCE, "source"),
    (Dimension.CHANNEL, "channel"),
    (Dimension.REFERRER, "referrer"),
    (Dimension.UTM_SOURCE, "utm_source"),
    (Dimension.UTM_MEDIUM, "utm_medium"),
    (Dimension.UTM_CAMPAIGN, "utm_campaign"),
    (Dimension.UTM_TERM, "utm_term"),
    (Dimension.UTM_CONTENT, "utm_content"),
)
_SURROUNDINGS_DIMENSIONS: Final = (
    (Dimension.COUNTRY, "country"),
    (Dimension.REGION, "region"),
    (Dimension.CITY, "city"),
    (Dimension.BROWSER, "browser"),
    (Dimension.OS, "os"),
    (Dimension.DEVICE, "device"),
    (Dimension.SCREEN, "screen"),
    (Dimension.LANGUAGE, "language"),
)


def _values(content: Acquisition | Surroundings, dimensions: tuple[tuple[Dimension, str], ...]) -> Values:
    found = ((dimension, getattr(content, field)) for dimension, field in dimensions)
    known = {code_of(dimension, name): (dimension, name) for dimension, name in found if name}
    kinds = {code: dimension for code, (dimension, _) in known.items()}
    return Values(tuple(known), kinds, {code: name for code, (_, name) in known.items()})


@lru_cache(maxsize=65_536)
def acquisition_values(content: Acquisition) -> tuple[int, Values]:
    """Return the code of an acquisition and its values."""
    return number("acquisition", *(getattr(content, field) or "" for _, field in _ACQUISITION_DIMENSIONS)), _values(
        content, _ACQUISITION_DIMENSIONS
    )


@lru_cache(maxsize=65_536)
def surroundings_values(content: Surroundings) -> tuple[int, Values]:
    """Return the code of surroundings and their values."""
    return number("surroundings", *(getattr(content, field) or "" for _, field in _SURROUNDINGS_DIMENSIONS)), _values(
        content, _SURROUNDINGS_DIMENSIONS
    )


@lru_cache(maxsize=65_536)
def user_key(user_id: str) -> int:
    """Return the number of a user id."""
    return number("user", user_id)


@lru_cache(maxsize=65_536)
def anonymous_key(anonymous_id: str) -> int:
    """Return the number of an anonymous id."""
    return number("anonymous", anonymous_id)


def bot_key(key: int) -> int:
    """Return the number of the chain that bots of a visit key have."""
    return key ^ _BOT_KEY


def playback_key(session_id: str | None, visitor: int | None, video_id: str, *, bot: bool) -> int:
    """Return the number of a playback's chain: a session's, or without one its visitor's."""
    chain = session_id if session_id is not None else f"\x1d{visitor}"
    return number("bot play" if bot else "play", chain, video_id)


@lru_cache(maxsize=65_536)
def _page_code(path: str) -> int:
    return code_of(Dimension.PAGE, path)


@lru_cache(maxsize=16_384)
def _event_code(name: str) -> int:
    return code_of(Dimension.EVENT, name)


def counted_code(kind: int, path: str | None, name: str | None) -> int | None:
    """Return the code in the rollups of a page view's page or a custom event's name, None for other events."""
    if kind == PAGE_VIEW and path is not None:
        return _page_code(path)
    if kind == CUSTOM and name is not None:
        return _event_code(name)
    return None


def flags_of(event: StampedEvent) -> int:
    """Return the bits of `events.flags`."""
    flags = 0
    if event.bot:
        flags |= BOT
    if event.historical:
        flags |= HISTORICAL
    if event.interactive:
        flags |= INTERACTIVE
    if event.clock_corrected:
        flags |= CLOCK_CORRECTED
    if event.anonymous_id is not None or event.hash is None:
        flags |= LASTING_KEY
    if event.user_id is not None:
        flags |= HAS_USER
    if event.video is not None and event.video.fatal is not False:
        flags |= FATAL
    return flags


def soon_after_midnight(time: int, hour: int, day: date, zone: str) -> bool:
    """Return whether an event of a local hour and day is so soon after midnight that a visit of the day before may go on."""
    if time - hour * MICROSECONDS >= MIDNIGHT_REACH:
        return False
    return local_day(time - MIDNIGHT_REACH, zone) != day


def fact_of(event: StampedEvent, zone: str) -> Fact:
    """Return what the rules see of a stamped event in its site's time zone."""
    hour, day = hour_and_day(event.time, zone)
    user = None if event.user_id is None else user_key(event.user_id)
    key: int | None
    prev_key: int | None = None
    if event.anonymous_id is not None:
        key, lasting = anonymous_key(event.anonymous_id), True
    elif event.hash is not None:
        key, lasting = event.hash, False
        if soon_after_midnight(event.time, hour, day, zone):
            prev_key = event.prev_hash
    else:
        key, lasting = user, True
    if event.bot:
        key = None if key is None else bot_key(key)
        prev_key = None if prev_key is None else bot_key(prev_key)
    visitor = key if user is None else user
    play_key: int | None = None
    if event.video is not None:
        play_key = playback_key(event.session_id, visitor, event.video.video_id, bot=event.bot)
    touches_visit = event.touches_visit
    kind = KIND_NUMBERS[event.kind]
    path = None if event.page is None else event.page.path
    # By position, here and where raw rows are read: names cost more than all the rest of this.
    return Fact(
        event.time,
        event.id,
        hour,
        day,
        kind,
        event.bot,
        key if touches_visit else None,
        prev_key if touches_visit else None,
        visitor,
        user,
        lasting,
        event.interactive,
        path,
        event.name,
        counted_code(kind, path, event.name),
        acquisition_values(event.acquisition)[0],
        surroundings_values(event.surroundings)[0],
        play_key,
        event.video,
    )
