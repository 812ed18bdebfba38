"""Jellystat's playback activity, of a backup or of its API, as plays. Pure.

A row is written when a play ends (`ActivityDateInserted`), and written again when it is taken up within the hour. Rows that Jellystat
has from the plug-in Playback Reporting (`imported`) say when a play began.
"""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from streamgauge_cli import plays
from streamgauge_cli.plays import BadPlayError, Play, number, play, text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

ACTIVITY: Final = "jf_playback_activity"
TICKS: Final = 10_000_000
_LISTS: Final = (ACTIVITY, "results", "records")
_ITEMS: Final = "jf_library_items"
_CAMEL: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


class Known(NamedTuple):
    """What a backup says of an item: its type and its library."""

    kind: str | None
    library: str | None


class Row(NamedTuple):
    """A row of activity: its id and its play."""

    id: str
    play: Play


def tables_in(lines: Iterable[Any]) -> list[dict[str, list[Any]]]:
    """Return the tables of a backup that is written row by row, as one that is written whole has them."""
    tables: dict[str, list[Any]] = {}
    for line in lines:
        if isinstance(line, dict) and line.get("type") == "row" and isinstance(line.get("table"), str):
            tables.setdefault(line["table"], []).append(line.get("data"))
    return [{name: rows} for name, rows in tables.items()]


def rows_in(export: Any) -> list[Any] | None:  # noqa: ANN401 - JSON
    """Return the rows of activity in a backup, an answer of the API or a plain list; None where there are none."""
    if isinstance(export, dict):
        found = next((export[name] for name in _LISTS if isinstance(export.get(name), list)), None)
        return None if found is None else list(_flat(found))
    if not isinstance(export, list):
        return None
    tables = [table for table in export if isinstance(table, dict) and any(name.startswith("jf_") for name in table)]
    if not tables:
        return list(_flat(export))
    return [row for table in tables if isinstance(table.get(ACTIVITY), list) for row in table[ACTIVITY]]


def _flat(rows: list[Any]) -> Iterator[Any]:
    """Yield single plays: the API's history groups those of an item in `results`."""
    for row in rows:
        inner = row.get("results") if isinstance(row, dict) else None
        if isinstance(inner, list) and inner:
            yield from inner
        else:
            yield row


def items_in(export: Any) -> dict[str, Known]:  # noqa: ANN401 - JSON
    """Return what a backup says of its items, by id."""
    tables = export if isinstance(export, list) else [export]
    found: dict[str, Known] = {}
    for table in tables:
        rows = table.get(_ITEMS) if isinstance(table, dict) else None
        for row in rows if isinstance(rows, list) else ():
            item = text(row.get("Id")) if isinstance(row, dict) else None
            if item is not None:
                found[item] = Known(text(row.get("Type")), text(row.get("ParentId")))
    return found


def row(given: object, items: Mapping[str, Known]) -> Row:
    """Return what a row tells. Raises BadPlayError."""
    if not isinstance(given, dict):
        raise BadPlayError("it is no object")
    own = text(given.get("Id"))
    if own is None:
        raise BadPlayError("it has no Id")
    written, played = _seconds(given.get("ActivityDateInserted")), number(given.get("PlaybackDuration"))
    if played is None:
        raise BadPlayError("it has no PlaybackDuration")
    if written is None:
        raise BadPlayError("it has no ActivityDateInserted")
    began = written if given.get("imported") is True else written - played
    return Row(own, play(began, began + played, played, _said(given, items)))


def _said(given: Mapping[str, Any], items: Mapping[str, Known]) -> dict[str, Any]:
    top, episode = text(given.get("NowPlayingItemId")), text(given.get("EpisodeId"))
    # What was imported names the episode itself, and beside it a number of Jellystat's own.
    content = top if given.get("imported") is True else episode or top
    series, method = text(given.get("SeriesName")), text(given.get("PlayMethod"))
    known = items.get(top or "", Known(None, None))
    listed = _read(given.get("MediaStreams"))
    streams = [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []
    video = next((one for one in streams if one.get("Type") == "Video"), {})
    state, transcoding = (
        one if isinstance(one := _read(given.get(name)), dict) else {} for name in ("PlayState", "TranscodingInfo")
    )
    return {
        "user_id": text(given.get("UserId")) or text(given.get("UserName")),
        "content_id": content,
        "content_type": _kind(series or episode, known.kind, streams, video),
        "title": plays.title(
            text(given.get("NowPlayingItemName")), series, given.get("SeasonNumber"), given.get("EpisodeNumber")
        ),
        "library_id": known.library or text(given.get("ParentId")),
        "client_name": text(given.get("Client")) or "Jellyfin",
        "device_name": text(given.get("DeviceName")) or "",
        "device_id": plays.device(given.get("DeviceId")),
        "ip_address": plays.address(given.get("RemoteEndPoint")),
        "transcoded": None if method is None else method.startswith("Transcode"),
        "bitrate_kbps": plays.bitrate(transcoding.get("Bitrate"), 1000),
        "resolution": plays.resolution(video.get("Width")),
        "position_seconds": plays.seconds(state.get("PositionTicks"), TICKS),
        "runtime_seconds": plays.seconds(state.get("RuntimeTicks"), TICKS) or None,
    }


def _kind(series: str | None, kind: str | None, streams: list[Any], video: Mapping[str, Any]) -> str:
    if series:
        return "episode"
    if kind in {"Audio", "MusicAlbum"} or (streams and not video):
        return "track"
    return _CAMEL.sub("_", kind or "movie").lower()


def _read(value: object) -> object:
    """Return a column of JSON, which some exports hold as text."""
    if not isinstance(value, str):
        return value
    try:
        found: object = json.loads(value)
    except (ValueError, RecursionError):
        return None
    return found


def _seconds(value: object) -> float | None:
    try:
        found = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    if found is None:
        return None
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()


def sessions(rows: list[Row], source: str) -> list[dict[str, object]]:
    """Return one session for each id, the earliest first; of two tellings the one that reaches further."""
    found: dict[str, Play] = {}
    for one in rows:
        other = found.get(one.id)
        if other is None or (one.play.ended, one.play.played) > (other.ended, other.played):
            found[one.id] = one.play
    prefix = f"jellystat:{source}:" if source else "jellystat:"
    ordered = sorted(found.items(), key=lambda item: (item[1].began, item[0]))
    return [told.session(prefix + name, "jellystat") for name, told in ordered]
