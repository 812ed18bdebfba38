"""Columns of Umami's exports: which its versions have, and what the rows of a file are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from streamgauge_cli.errors import CommandError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

# Ours -> theirs; the first name that a file has is taken.
_ALIASES: Final[Mapping[str, tuple[str, ...]]] = {
    "time": ("created_at",),
    "session": ("session_id",),
    "id": ("event_id", "view_id"),
    # Of data of events: whose, under which key, and what.
    "of": ("website_event_id", "event_id"),
    "key": ("data_key", "event_key"),
    "text": ("string_value",),
    "number": ("number_value",),
    "date": ("date_value",),
    "type": ("data_type",),
    "path": ("url_path", "url"),
    "query": ("url_query",),
    "hostname": ("hostname",),
    "title": ("page_title",),
    "referrer": ("referrer",),
    "referrer_domain": ("referrer_domain",),
    "referrer_path": ("referrer_path",),
    "referrer_query": ("referrer_query",),
    "kind": ("event_type",),
    "name": ("event_name",),
    "tag": ("tag",),
    "user": ("distinct_id",),
    "browser": ("browser",),
    "os": ("os",),
    "device": ("device",),
    "screen": ("screen",),
    "language": ("language",),
    "country": ("country",),
    "region": ("region", "subdivision1"),
    "city": ("city",),
    **{name: (name,) for name in ("utm_source", "utm_medium", "utm_campaign", "utm_content", "utm_term")},
    **{name: (name,) for name in ("gclid", "fbclid", "msclkid", "ttclid", "li_fat_id", "twclid")},
}
_EVENT_NEEDS: Final = ("time", "session", "path")


@dataclass(frozen=True, slots=True)
class Columns:
    """Where a file has which column."""

    places: Mapping[str, int]
    width: int

    @property
    def holds_events(self) -> bool:
        """Whether its rows are events."""
        return "key" not in self.places and all(name in self.places for name in _EVENT_NEEDS)

    @property
    def holds_data(self) -> bool:
        """Whether its rows are what events hold beside; those of Umami Cloud name time, session and page of the event too."""
        return "key" in self.places and "of" in self.places

    @property
    def holds_sessions(self) -> bool:
        """Whether its rows are sessions, to which events of another file refer."""
        return (
            not self.holds_events and "key" not in self.places and "session" in self.places and "browser" in self.places
        )

    def row(self, fields: Sequence[str]) -> dict[str, str]:
        """Return what a record says, by our names; what is empty is left out."""
        return {name: fields[place].strip() for name, place in self.places.items() if fields[place].strip()}


def columns(header: Sequence[str]) -> Columns:
    """Find the columns of a file."""
    names = {name.strip().lower(): place for place, name in reversed(list(enumerate(header)))}
    found = {
        ours: next(names[name] for name in theirs if name in names)
        for ours, theirs in _ALIASES.items()
        if any(name in names for name in theirs)
    }
    return Columns(found, len(header))


def unknown_file(name: object, header: Sequence[str]) -> CommandError:
    """Return what to say about a file that is none of Umami's."""
    needed = [" or ".join(_ALIASES[need]) for need in _EVENT_NEEDS]
    return CommandError(
        f"{name} is no export of Umami: its first line must name the columns {', '.join(needed)} (events), "
        f"or session_id and browser (sessions). It names: {', '.join(header)[:200] or 'nothing'}."
    )
