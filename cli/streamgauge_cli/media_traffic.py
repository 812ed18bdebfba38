# ruff: noqa: PLR2004 - the numbers are the shape of the traffic
"""A made-up media server: households that watch films and episodes, pause, change rooms, and sometimes pull the plug.

Pure: the same seed and start give the same calls in the same order of time. Past sessions are told as history, one call each.
"""

from __future__ import annotations

import heapq
import random
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from streamgauge_cli.traffic import DAY, Action

if TYPE_CHECKING:
    from collections.abc import Iterator

PATH: Final = "/api/v1/analytics/sessions"

_HEARTBEAT: Final = 10.0
_USERS: Final = ("anna", "ben", "cleo", "david", "elif", "finn", "grace", "hugo", "ines", "jonas", "kira", "liam")
_DEVICES: Final = (
    ("Jellyfin Web", "Firefox"),
    ("Jellyfin Android TV", "Living room"),
    ("Swiftfin", "iPad"),
    ("Findroid", "Pixel 9"),
    ("Kodi", "Bedroom"),
)
# Of access providers in Germany, the United Kingdom and Sweden, so that a database of places finds them.
_HOMES: Final = ("84.200.69.", "81.2.69.", "213.133.98.", "194.168.4.", "89.160.20.")
# On another continent: of the one whose password went further than the family.
_FAR: Final = "168.126.63."
_QUALITIES: Final = (("480p", 1500, True), ("720p", 4000, True), ("1080p", 10_000, False), ("4K", 45_000, False))


@dataclass(frozen=True)
class Title:
    """Something to watch; `runtime` in seconds."""

    content_id: str
    content_type: str
    title: str
    library_id: str
    runtime: float


class MediaTraffic:
    """The media server of one seed. `start` is in epoch seconds."""

    def __init__(self, seed: int, start: float, *, site: str | None = None) -> None:
        self.start = start
        self._random = random.Random(f"media {seed}")
        self._query = f"?website_id={quote(site, safe='')}" if site else ""
        self._run = f"sim-{seed}-{int(start)}"
        self._sessions = 0
        films = [Title(f"film-{n:02d}", "movie", f"Film {n}", "films", 4800.0 + n * 120) for n in range(1, 21)]
        shows = [
            Title(f"show-{s}-e{n:02d}", "episode", f"Show {s}, episode {n}", "shows", 1500.0 + s * 300)
            for s in range(1, 5)
            for n in range(1, 9)
        ]
        self._titles = films + shows
        self._weights = [1 / rank**0.8 for rank in range(1, len(self._titles) + 1)]

    def live(self, sessions_an_hour: float) -> Iterator[Action]:
        """Yield calls from `start` on for ever; some sessions begin at once, so that there is something to see."""
        heap: list[tuple[float, int, Action]] = []
        order = 0
        begins = self.start
        at_once = 4
        while True:
            while not heap or begins <= heap[0][0]:
                for action in self._session(begins):
                    heapq.heappush(heap, (action.at, order, action))
                    order += 1
                at_once -= 1
                begins += 1.0 if at_once > 0 else self._random.expovariate(sessions_an_hour / 3600)
            yield heapq.heappop(heap)[2]

    def backfill(self, days: int, sessions_a_day: int) -> Iterator[Action]:
        """Yield the sessions of the days before `start`, most of them in the evening, in order of time."""
        for day in range(-days, 0):
            begin = self.start + day * DAY
            times = sorted(self._random.triangular(0, DAY - 4 * 3600, DAY * 0.8) for _ in range(sessions_a_day))
            for time in times:
                yield self._past(begin + time)

    def _past(self, at: float) -> Action:
        said, title = self._opening()
        length = self._length(title)
        pauses = self._random.choice((0, 0, 60, 300))
        _, bitrate, transcoded = self._random.choice(_QUALITIES)
        told = {
            "started_at": _iso(at),
            "ended_at": _iso(at + length + pauses),
            "duration_seconds": round(length),
            "position_seconds": round(length, 1),
            "status": "ended",
            "historical": True,
        }
        return Action(at, said | told | {"bitrate_kbps": bitrate, "transcoded": transcoded}, path=PATH + self._query)

    def _session(self, at: float) -> Iterator[Action]:
        """Yield the calls of a session: its start, a heartbeat every 10 s, pauses and changes of quality, and mostly an end."""
        rng = self._random
        said, title = self._opening()
        level = rng.choices(range(len(_QUALITIES)), (1, 3, 5, 1))[0]
        yield Action(
            at, said | {"timestamp": _iso(at), "position_seconds": 0, **_quality(level)}, path=PATH + self._query
        )
        path = f"{PATH}/{said['id']}{self._query}"
        moment, position, paused = at, 0.0, 0
        end = self._length(title)
        while position < end:
            moment += _HEARTBEAT
            position += 0 if paused else _HEARTBEAT
            chance = rng.random()
            if paused:
                paused -= 1
            elif chance < 0.004:
                paused = rng.randrange(2, 18)
            elif chance < 0.008:
                level = max(0, min(len(_QUALITIES) - 1, level + rng.choice((-1, 1))))
            told = {"timestamp": _iso(moment), "position_seconds": position, "paused": paused > 0, **_quality(level)}
            yield Action(moment, told, path=path, method="PUT")
        # Some players vanish without a word: such a session ends by itself.
        if rng.random() < 0.93:
            yield Action(moment + 1, {}, path=path, method="DELETE")

    def _opening(self) -> tuple[dict[str, Any], Title]:
        """Return what the start of a session says of who watches what, and on what."""
        rng = self._random
        self._sessions += 1
        user = rng.randrange(len(_USERS))
        device = rng.randrange(1 + user % 3)
        far = user == 7 and device > 0
        home = f"{_FAR}{40 + user}" if far else f"{_HOMES[user % len(_HOMES)]}{113 + user}"
        client, name = _DEVICES[(user + device) % len(_DEVICES)]
        title = rng.choices(self._titles, self._weights)[0]
        return {
            "id": f"{self._run}-{self._sessions:06d}",
            "user_id": _USERS[user],
            "content_id": title.content_id,
            "content_type": title.content_type,
            "title": title.title,
            "library_id": title.library_id,
            "runtime_seconds": title.runtime,
            "client_name": client,
            "device_name": name,
            "device_id": f"{_USERS[user]}-{device}",
            "ip_address": home,
        }, title

    def _length(self, title: Title) -> float:
        """Return for how many seconds something is watched: most of it, or a look."""
        share = self._random.choices((self._random.uniform(0.9, 1), self._random.betavariate(1, 2)), (6, 4))[0]
        return max(30.0, title.runtime * share)


def _quality(level: int) -> dict[str, Any]:
    resolution, bitrate, transcoded = _QUALITIES[level]
    return {"resolution": resolution, "bitrate_kbps": bitrate, "transcoded": transcoded}


def _iso(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds")
