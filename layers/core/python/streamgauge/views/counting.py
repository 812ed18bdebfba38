"""Which views count: pure; `docs/definitions.md`, view counters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from streamgauge.events.facts import BOT, HISTORICAL
from streamgauge.ids import number

if TYPE_CHECKING:
    from collections.abc import Iterable

    from streamgauge.events.models import StampedEvent

SESSIONS_PER_ADDRESS: Final = 20
ADDRESS_WINDOW: Final = 24 * 3600 * 1_000_000
"""At most so many sessions of an address count for a video within this many microseconds."""


class View(msgspec.Struct):
    """One call of the view route; ordered by (`time`, `id`). Keys are of this video.

    `viewer`: the session, else address and agent (`prev_viewer`: the same under the salt of the day before); `address`: only
    for a viewer with a session.
    """

    time: int
    id: str
    video_id: str
    viewer: int
    prev_viewer: int | None
    address: int | None
    prev_address: int | None
    bot: bool
    counted: bool = False

    def all_keys(self) -> set[int]:
        """Return every key that ties this view to others."""
        found = {self.viewer, self.prev_viewer, self.address, self.prev_address}
        return {key for key in found if key is not None}


def session_viewer(session_id: str, video_id: str) -> int:
    """Return the number of a session as a viewer of a video."""
    return number("view session", session_id, video_id)


def other_viewer(identity: str, video_id: str) -> int:
    """Return the number of whoever has neither session nor address, as a viewer of a video."""
    return number("view other", identity, video_id)


def view_of(event: StampedEvent) -> View:
    """Return the view of a stamped event of kind `view`."""
    if event.video is None:
        raise ValueError("a view names its video")
    video = event.video.video_id

    def of_video(kind: str, value: object) -> int | None:
        return None if value is None else number(kind, str(value), video)

    if event.session_id is not None:
        viewer: int | None = session_viewer(event.session_id, video)
        prev_viewer = None
        address, prev_address = (
            of_video("view address", event.address_hash),
            of_video("view address", event.prev_address_hash),
        )
    else:
        viewer, prev_viewer = of_video("view hash", event.hash), of_video("view hash", event.prev_hash)
        address = prev_address = None
    if viewer is None:
        # A back end without session or address: the id it gives, else each call is a viewer of its own.
        viewer = other_viewer(event.user_id or event.anonymous_id or event.id, video)
    return View(event.time, event.id, video, viewer, prev_viewer, address, prev_address, event.bot)


def decide(views: Iterable[View], window: int, first: tuple[int, str]) -> list[View]:
    """Set `counted` in place for each view from `first` (time, id) on, and return those where it changed.

    `views` are sorted by (time, id) and hold every view tied to those to be decided, from `window` microseconds and 24 h
    before `first`; the earlier ones stay as they are.
    """
    last_counted: dict[int, int] = {}
    sessions: dict[int, dict[int, int]] = {}
    changed: list[View] = []
    for view in views:
        if (view.time, view.id) >= first:
            counts = not view.bot and _is_due(view, last_counted, window) and _has_room(view, sessions)
            if counts != view.counted:
                view.counted = counts
                changed.append(view)
        if view.counted:
            last_counted[view.viewer] = view.time
            if view.address is not None:
                sessions.setdefault(view.address, {})[view.viewer] = view.time
    return changed


def _is_due(view: View, last_counted: dict[int, int], window: int) -> bool:
    known = [last_counted[key] for key in (view.viewer, view.prev_viewer) if key is not None and key in last_counted]
    return not known or view.time - max(known) >= window


def _has_room(view: View, sessions: dict[int, dict[int, int]]) -> bool:
    recent = {
        session
        for address in (view.address, view.prev_address)
        if address is not None
        for session, time in sessions.get(address, {}).items()
        if view.time - time < ADDRESS_WINDOW
    }
    return view.viewer in recent or len(recent) < SESSIONS_PER_ADDRESS


def flags_of(view: View, event: StampedEvent) -> int:
    """Return the bits of `views.flags`."""
    return (BOT if view.bot else 0) | (HISTORICAL if event.historical else 0)
