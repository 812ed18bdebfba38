"""Visits, naively: the events of a visitor with gaps of less than half an hour."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.oracle.people import SECOND, Identity, groups, key_of, touches

if TYPE_CHECKING:
    from collections.abc import Iterable

    from streamgauge.events.models import StampedEvent


VISIT_GAP = 30 * 60 * SECOND


def chains_of(events: list[StampedEvent]) -> Iterable[list[StampedEvent]]:
    """Return the events of each visitor in order; a hash is tied to that of the day before."""
    ties: list[tuple[object, ...]] = []
    for event in events:
        key = key_of(event)
        assert key is not None
        ties.append((key, ("hash", event.prev_hash)) if key[0] == "hash" and event.prev_hash is not None else (key,))
    find = groups(ties)
    chains: defaultdict[object, list[StampedEvent]] = defaultdict(list)
    for event in events:
        chains[find(key_of(event))].append(event)
    return chains.values()


@dataclass
class Run:
    """A visit, or (`loose`) video events that are in none."""

    loose: bool
    events: list[StampedEvent]

    @property
    def user(self) -> str | None:
        users = [event.user_id for event in self.events if event.user_id is not None]
        return users[-1] if users else None

    def takes(self, event: StampedEvent) -> bool:
        if event.time - self.events[-1].time >= VISIT_GAP:
            return False
        if self.loose:
            return _is_video(event) and event.user_id == self.user
        return event.user_id is None or self.user is None or event.user_id == self.user

    def visitor(self, event: StampedEvent) -> Identity:
        """Return who the run counts for on the day of one of its events."""
        found = ("user", self.user) if self.user is not None else key_of(event)
        assert found is not None
        return found


def _is_video(event: StampedEvent) -> bool:
    return event.kind not in {"page_view", "custom"}


def runs_of(chain: list[StampedEvent]) -> list[Run]:
    runs: list[Run] = []
    for event in chain:
        if runs and runs[-1].takes(event):
            runs[-1].events.append(event)
        else:
            runs.append(Run(_is_video(event), [event]))
    return runs


def visits_of(events: Iterable[StampedEvent]) -> list[list[StampedEvent]]:
    """Return the events of each visit of one site, in order, robots' visits too; `events` are unique."""
    ordered = [event for event in sorted(events, key=lambda event: (event.time, event.id)) if touches(event)]
    chains = (chains_of([event for event in ordered if event.bot == bot]) for bot in (False, True))
    runs = (run for of_kind in chains for chain in of_kind for run in runs_of(chain))
    return [run.events for run in runs if not run.loose]


def visitor(visit: list[StampedEvent], event: StampedEvent) -> Identity:
    """Return who a visit counts for on the day of one of its events."""
    return Run(loose=False, events=visit).visitor(event)
