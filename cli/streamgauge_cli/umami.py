"""Rows of Umami's exports: the event of a row. Pure.

Read are the CSV of Umami Cloud (`website_event.csv`, versions 2 and 3), dumps of the tables `website_event` and `session` of a
server of one's own (versions 2 and 3), and of `pageview`, `event` and `session` of version 1; beside them `event_data`
(`umami_data`). Columns are found by their names (`umami_columns`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import blake2b
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qsl, urlencode

from streamgauge_cli.umami_names import BROWSERS, DEVICES, SYSTEMS

if TYPE_CHECKING:
    from collections.abc import Mapping

_TAGS: Final = ("utm_source", "utm_medium", "utm_campaign", "utm_content", "utm_term")
_CLICKS: Final = ("gclid", "fbclid", "msclkid", "ttclid", "li_fat_id", "twclid")
_OF_SESSION: Final = ("hostname", "browser", "os", "device", "screen", "language", "country", "region", "city", "user")

_PAGE_VIEW, _CUSTOM = "1", "2"
_RESERVED: Final = frozenset(
    {"page_view", "pageview", "video_start", "video_progress", "video_pause", "video_resume", "video_complete"}
    | {"video_error", "video_buffer", "quality_change", "seek"}
)
"""Types of events that mean something else here than a custom event of that name."""

_LONGEST: Final = {"browser": 64, "os": 64, "region": 128, "city": 128, "screen": 32, "language": 64}
_LONGEST_URL: Final = 4096
_LONGEST_TITLE: Final = 1000
_LONGEST_NAME: Final = 100
_LONGEST_TAG: Final = 255
_LONGEST_ID: Final = 150


@dataclass(frozen=True, slots=True)
class Bad:
    """A row that cannot be an event, and why; `skipped` when it is of a kind that is not imported."""

    reason: str
    skipped: bool = False


def session(row: Mapping[str, str]) -> dict[str, str]:
    """Return what a row of sessions adds to its events."""
    return {name: row[name] for name in _OF_SESSION if name in row}


def moment(text: str) -> datetime | None:
    """Return the instant of a row; without offset it is UTC, as Umami keeps times. None for what is no time."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)


class RowIds:
    """Event ids of the rows of one file, taken in the order of its lines.

    An id is `umami-<place of the row among those of its session and instant>-<Umami's own id, else a digest of the row>`. So it
    depends neither on the file nor on line numbers: exports that overlap count once, and events of one instant sort as
    their lines do, where it matters: within a session.
    """

    KEPT: Final = 200_000

    def __init__(self) -> None:
        self._places: dict[tuple[str, datetime], int] = {}

    def next(self, row: Mapping[str, str], time: datetime) -> str:
        """Return the id of the next row."""
        key = row["session"], time
        place = self._places.get(key, 0)
        if place == 0 and len(self._places) >= self.KEPT:
            # Bounded, and the same for every reading of the file: what was met first is forgotten first.
            del self._places[next(iter(self._places))]
        self._places[key] = place + 1
        own = row.get("id")
        if own is not None and own.isdigit():
            # Version 1 numbered each of its tables from 1 on.
            own = f"{'event' if 'kind' in row or 'name' in row else 'view'}-{own}"
        if own is None or len(own) > _LONGEST_ID:
            said = "\x1f".join(f"{name}={row[name]}" for name in sorted(row))
            own = blake2b(said.encode(), digest_size=16).hexdigest()
        return f"umami-{place:04d}-{own}"


def event(
    row: Mapping[str, str], ids: RowIds, properties: Mapping[str, object], *, site: str | None, domain: str | None
) -> dict[str, object] | Bad:
    """Return the event of a row, with what it holds beside, as the API takes it."""
    time = moment(row.get("time", ""))
    if time is None:
        return Bad("its time (created_at) cannot be read")
    if "session" not in row:
        return Bad("it names no session")
    kind = row.get("kind", _CUSTOM if "name" in row else _PAGE_VIEW)
    # Version 1 had a table of events without numbers for kinds; there event_type names what was done.
    custom = kind == _CUSTOM or not kind.isdigit()
    if kind.isdigit() and kind not in {_PAGE_VIEW, _CUSTOM}:
        return Bad(f"of kind {kind}, neither a page view nor a custom event", skipped=True)
    name = row.get("name") or ("" if kind.isdigit() else kind)
    if custom and not name:
        return Bad("a custom event without a name")
    if not custom and "path" not in row:
        return Bad("a page view without a path")
    made: dict[str, object] = {
        "event_type": _event_type(name) if custom else "page_view",
        "event_id": ids.next(row, time),
        "timestamp": time.isoformat(),
        "historical": True,
        "anonymous_id": row["session"][:200],
        "context": _context(row),
    }
    optional = {
        "website_id": site,
        "user_id": row.get("user", "")[:200],
        "url": _url(row, domain),
        "title": row.get("title", "")[:_LONGEST_TITLE],
        "referrer": _referrer(row),
        **{name: _cut(row, name) for name in ("screen", "language")},
        **{tag: row.get(tag, "")[:_LONGEST_TAG] for tag in _TAGS},
    }
    made |= {name: value for name, value in optional.items() if value}
    told = {**properties, **({"tag": row["tag"]} if "tag" in row else {})}
    if told:
        made["properties"] = told
    return made


def _event_type(name: str) -> str:
    return f"{name} (custom)" if name in _RESERVED else name[:_LONGEST_NAME]


def _context(row: Mapping[str, str]) -> dict[str, str | None]:
    """Return place and agent: all six are given, so that the event counts as one of the visitor's own."""
    browser, system, country = row.get("browser"), row.get("os"), row.get("country", "").upper()
    if system is not None and system.startswith("Windows "):
        system = "Windows"
    return {
        "browser": BROWSERS.get(browser, browser)[: _LONGEST["browser"]] if browser else None,
        "os": SYSTEMS.get(system, system)[: _LONGEST["os"]] if system else None,
        "device": DEVICES.get(row.get("device", "").lower()),
        "country": country if len(country) == 2 and country.isascii() and country.isalpha() else None,  # noqa: PLR2004
        "region": _cut(row, "region"),
        "city": _cut(row, "city"),
    }


def _cut(row: Mapping[str, str], name: str) -> str | None:
    return row.get(name, "")[: _LONGEST[name]] or None


def _url(row: Mapping[str, str], domain: str | None) -> str | None:
    """Return the address of the page: with its query, and with the click ids that Umami keeps in columns of their own."""
    path = row.get("path")
    if path is None:
        return None
    query = row.get("query", "").removeprefix("?")
    named = {name for name, _ in parse_qsl(query)}
    clicks = urlencode([(name, row[name]) for name in _CLICKS if name in row and name not in named])
    query = "&".join(part for part in (query, clicks) if part)
    host = row.get("hostname") or domain
    if path.startswith("/"):
        path = f"https://{host}{path}" if host else f"/{path.lstrip('/')}"
    return f"{path}{'&' if '?' in path else '?'}{query}"[:_LONGEST_URL] if query else path[:_LONGEST_URL]


def _referrer(row: Mapping[str, str]) -> str | None:
    """Return the referrer; without a domain it was a page of the site itself."""
    if "referrer" in row:
        return row["referrer"][:_LONGEST_URL]
    domain = row.get("referrer_domain")
    if domain is None:
        return None
    path, query = row.get("referrer_path", "/"), row.get("referrer_query", "")
    return f"https://{domain}/{path.lstrip('/')}{f'?{query}' if query else ''}"[:_LONGEST_URL]
