"""Events at which a playback reached a milestone of a video step. Pure."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from streamgauge.funnels.models import MILESTONES
from streamgauge.video.contributing import COMPLETE_SHARE
from streamgauge.video.playbacks import Playback

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from streamgauge.events.facts import Fact
    from streamgauge.funnels.matching import Milestone

_SHARES: Final = {"25": 0.25, "50": 0.5, "75": 0.75}


class Reached(NamedTuple):
    """A milestone, with the event that reached it: it comes after that and before all later ones. `marks` are of its steps.

    One event may reach several, as when a player tells nothing between start and end: each is an occurrence of its own.
    """

    fact: Fact
    id: str
    marks: int


def reached(events: Iterable[tuple[Fact, Mapping[str, Any] | None]], milestones: Sequence[Milestone]) -> list[Reached]:
    """Return the events that reach milestones, each once a playback; `events` are whole playbacks, with their properties."""
    chains: defaultdict[int, list[tuple[Fact, Mapping[str, Any] | None]]] = defaultdict(list)
    for fact, properties in events:
        if fact.play_key is not None:
            chains[fact.play_key].append((fact, properties))
    found: list[Reached] = []
    for chain in chains.values():
        chain.sort(key=lambda event: (event[0].time, event[0].id))
        playback: Playback | None = None
        open_values: set[str] = set()
        for fact, properties in chain:
            if playback is None or fact.time - playback.last >= playback.gap:
                playback, open_values = Playback(fact), {one.value for one in milestones}
            playback.add(fact)
            new = _newly(playback, open_values)
            open_values -= new
            for place, value in enumerate(MILESTONES):
                marks = 0
                for one in milestones:
                    if one.value == value and value in new and one.video_id in (None, playback.video_id):
                        marks |= one.mark if _has(fact, properties, one.filters) else 0
                if marks:
                    # No id goes on with a character that sorts before this one.
                    found.append(Reached(fact, f"{fact.id}\x01{place}", marks))
    return found


def _newly(playback: Playback, waited_for: set[str]) -> set[str]:
    """Return which of the milestones that are waited for the playback has reached by now."""
    new = {"start"} & waited_for if playback.viewed else set()
    if len(waited_for) > len(waited_for & {"start"}):
        share = playback.covered_share() or 0.0
        new |= {value for value, needed in _SHARES.items() if value in waited_for and share >= needed}
        if "complete" in waited_for and (playback.completed or share >= COMPLETE_SHARE):
            new.add("complete")
    return new


def _has(fact: Fact, properties: Mapping[str, Any] | None, filters: Mapping[str, str]) -> bool:
    for name, value in filters.items():
        held = (
            fact.video.quality if name == "quality" and fact.video is not None else _text((properties or {}).get(name))
        )
        if held != value:
            return False
    return True


def _text(value: object) -> str | None:
    """Return a property as text, as `->>` gives it."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
