# ruff: noqa: PLR2004 - the numbers are the shape of the traffic
"""Made-up traffic of a believable shape: visitors who come back, pages and videos of unequal fame, playbacks with all nine event types.

Pure: the same seed and start give the same actions in the same order of time.
"""

from __future__ import annotations

import heapq
import ipaddress
import math
import random
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from streamgauge_cli.world import AGENTS, CUSTOM_EVENTS, LANGUAGES, NETWORKS, PAGES, QUALITIES, REFERRERS, SCREENS

if TYPE_CHECKING:
    from collections.abc import Iterator

DAY: Final = 86_400.0
_HISTORY_AGE: Final = 25 * DAY
"""Older events are sent as history: the service takes others for 30 days only."""

_VISITORS: Final = 4_000
_ZIPF: Final = 1.1

_PROGRESS_SECONDS: Final = 10.0


@dataclass(frozen=True)
class Action:
    """One call at `at` (epoch seconds): an event, a view of `video_id` when that is set, or a call of its own at `path`."""

    at: float
    body: dict[str, Any]
    video_id: str | None = None
    path: str | None = None
    method: str = "POST"


@dataclass(frozen=True)
class Video:
    """A video of the made-up catalogue; `pull` is how far its viewers tend to come (0 to 1)."""

    video_id: str
    duration: float
    pull: float


@dataclass(frozen=True)
class Visitor:
    """A person with one browser."""

    address: str
    agent: str
    screen: str
    language: str
    anonymous_id: str | None
    user_id: str | None


class Traffic:
    """The world of one seed: its visitors and videos, and the visits they make. `start` is in epoch seconds."""

    def __init__(self, seed: int, start: float, *, site: str | None = None, base: str = "https://demo.example") -> None:
        self.start = start
        self._random = random.Random(seed)
        self._site = site
        self._base = base
        self._run = f"sim-{seed}-{int(start)}"
        self._events = 0
        self._visits = 0
        self._videos = [
            Video(
                f"video-{number:02d}",
                float(self._random.choice((45, 95, 180, 300, 420, 600))),
                self._random.uniform(0.3, 0.9),
            )
            for number in range(1, 25)
        ]
        self._visitors = [self._visitor(number) for number in range(_VISITORS)]
        self._visitor_weights = _zipf(len(self._visitors), 0.6)
        self._page_weights = _zipf(len(PAGES), _ZIPF)
        self._video_weights = _zipf(len(self._videos), _ZIPF)

    def live(self, rate: float) -> Iterator[Action]:
        """Yield actions from `start` on for ever, `rate` of them a second: a new visit begins whenever too few are due."""
        heap: list[tuple[float, int, Action]] = []
        yielded = order = 0
        while True:
            wanted = self.start + yielded / rate
            if not heap or wanted < heap[0][0]:
                order = self._push(heap, order, wanted)
            else:
                yielded += 1
                yield heapq.heappop(heap)[2]

    def backfill(self, days: int, events_a_day: int) -> Iterator[Action]:
        """Yield the actions of the days before `start`, in order of time, busy by day and quiet by night."""
        heap: list[tuple[float, int, Action]] = []
        order = 0
        for day in range(-days, 0):
            begin = self.start + day * DAY
            target = order + int(events_a_day * self._random.uniform(0.8, 1.2) * (1 + 0.3 * day / max(days, 1)))
            while order < target:
                order = self._push(heap, order, begin + self._daytime())
            while heap and heap[0][0] < begin + DAY:
                action = heapq.heappop(heap)[2]
                if action.video_id is None or not self._is_history(action.at):  # views know no history
                    yield action

    def _push(self, heap: list[tuple[float, int, Action]], order: int, at: float) -> int:
        for action in self._visit(at):
            heapq.heappush(heap, (action.at, order, action))
            order += 1
        return order

    def _daytime(self) -> float:
        """Return a second of the day (UTC), most likely in the evening of Europe."""
        while True:
            second = self._random.uniform(0, DAY)
            if self._random.random() < 0.55 + 0.45 * math.cos((second / 3600 - 19) * math.pi / 12):
                return second

    def _visitor(self, number: int) -> Visitor:
        network = ipaddress.ip_network(self._weighted(NETWORKS))
        return Visitor(
            address=str(network[self._random.randrange(1, min(network.num_addresses, 65_536) - 1)]),
            agent=self._weighted(AGENTS),
            screen=self._random.choice(SCREENS),
            language=self._random.choice(LANGUAGES),
            anonymous_id=f"anon-{number:05d}" if self._random.random() < 0.7 else None,
            user_id=f"user-{number:05d}" if self._random.random() < 0.15 else None,
        )

    def _visit(self, at: float) -> list[Action]:
        visitor = self._random.choices(self._visitors, self._visitor_weights)[0]
        self._visits += 1
        session = f"{self._run}-{self._visits}"
        referrer = self._weighted(REFERRERS)
        query = referrer if referrer.startswith("?") else ""
        outside: str | None = None if query else referrer or None
        actions: list[Action] = []
        moment = at
        pages = 1 if self._random.random() < 0.42 else 1 + min(12, int(self._random.expovariate(0.45)) + 1)
        for number in range(pages):
            video = None
            path = self._random.choices(PAGES, self._page_weights)[0]
            if self._random.random() < 0.4:
                video = self._random.choices(self._videos, self._video_weights)[0]
                path = f"/watch/{video.video_id}"
            page = {"url": f"{self._base}{path}{query if number == 0 else ''}", "title": path.strip("/") or "Home"}
            actions.append(
                self._event(visitor, moment, "page_view", session, page | ({"referrer": outside} if outside else {}))
            )
            outside = page["url"]
            if video is not None and self._random.random() < 0.85:
                playback = self._playback(visitor, moment + self._random.uniform(0.5, 6), f"{session}-{number}", video)
                actions += playback
                moment = playback[-1].at
            elif self._random.random() < 0.12:
                name = self._weighted(CUSTOM_EVENTS)
                extra = {"url": page["url"], "interactive": name != "scroll_depth", "properties": {"place": path}}
                actions.append(self._event(visitor, moment + self._random.uniform(1, 9), name, session, extra))
                moment = actions[-1].at
            moment += 2 + self._random.lognormvariate(2.8, 0.9)
        return actions

    def _playback(self, visitor: Visitor, at: float, session: str, video: Video) -> list[Action]:
        """Return a view and the events of a playback: start, progress, and what may happen between, to its end."""
        rng = self._random
        level = rng.choices(range(len(QUALITIES)), (1, 2, 5, 4))[0]
        actions: list[Action] = []
        moment, position = at, 0.0

        def tell(name: str, **properties: object) -> None:
            quality, bitrate = QUALITIES[level]
            told = {"position": round(position, 3), "duration": video.duration, "quality": quality, "bitrate": bitrate}
            fields = {"video_id": video.video_id, "properties": told | properties}
            actions.append(self._event(visitor, moment, name, session, fields))

        actions.append(self._view(visitor, moment, session, video))
        startup = round(rng.lognormvariate(-0.3, 0.6), 3)
        tell("video_start", startup_time=startup)
        moment += startup
        if rng.random() < 0.03:
            return actions
        end = (
            video.duration if rng.random() < video.pull * 0.6 else video.duration * min(1.0, rng.betavariate(1.3, 1.6))
        )
        while position < end:
            step = min(_PROGRESS_SECONDS, end - position)
            position += step
            moment += step
            tell("video_progress")
            chance = rng.random()
            if chance < 0.03:
                tell("video_pause")
                moment += rng.uniform(3, 90)
                tell("video_resume")
            elif chance < 0.055:
                wait = round(rng.uniform(0.3, 5), 2)
                tell("video_buffer", buffer_seconds=wait)
                moment += wait
            elif chance < 0.08:
                level = max(0, min(len(QUALITIES) - 1, level + rng.choice((-1, 1))))
                tell("quality_change")
            elif chance < 0.1 and video.duration - position > 5:
                target = round(max(0.0, min(video.duration - 5, position + rng.choice((-30, -10, 10, 30, 60)))), 3)
                tell("seek", **{"from": round(position, 3), "to": target})
                position, end = target, max(end, target)
            elif chance < 0.104:
                tell("video_error", fatal=True, code="MEDIA_ERR_NETWORK")
                return actions
        tell("video_complete" if position >= video.duration else "video_pause")
        return actions

    def _event(self, visitor: Visitor, at: float, name: str, session: str, fields: dict[str, Any]) -> Action:
        self._events += 1
        body: dict[str, Any] = {
            "event_type": name,
            "event_id": f"{self._run}-{self._events:09d}",
            "timestamp": _iso(at),
            "session_id": session,
            "screen": visitor.screen,
            "language": visitor.language,
            "context": {"ip": visitor.address, "user_agent": visitor.agent},
            **fields,
        }
        if self._is_history(at):
            body["historical"] = True
        if self._site:
            body["website_id"] = self._site
        return Action(at, body | self._identity(visitor))

    def _view(self, visitor: Visitor, at: float, session: str, video: Video) -> Action:
        self._events += 1
        body: dict[str, Any] = {
            "event_id": f"{self._run}-{self._events:09d}",
            "timestamp": _iso(at),
            "session_id": session,
            "context": {"ip": visitor.address, "user_agent": visitor.agent},
        }
        if self._site:
            body["website_id"] = self._site
        return Action(at, body | self._identity(visitor), video.video_id)

    def _is_history(self, at: float) -> bool:
        return self.start - at > _HISTORY_AGE

    def _identity(self, visitor: Visitor) -> dict[str, str]:
        ids = {"anonymous_id": visitor.anonymous_id, "user_id": visitor.user_id}
        return {name: value for name, value in ids.items() if value is not None}

    def _weighted(self, choices: tuple[tuple[str, int], ...]) -> str:
        return self._random.choices([name for name, _ in choices], [weight for _, weight in choices])[0]


def _zipf(count: int, exponent: float) -> list[float]:
    return [1 / rank**exponent for rank in range(1, count + 1)]


def _iso(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds")
