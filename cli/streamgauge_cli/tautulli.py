"""Tautulli's history: rows of `get_history` (or of its database) as plays. Pure.

Tautulli writes a row each time that a play is taken up again, and groups the rows of one play by `reference_id`; its API answers
groups or single rows, as asked. A group is one session here, whichever way its rows come.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from streamgauge_cli import plays
from streamgauge_cli.plays import BadPlayError, Play, number, play, text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

DEPTH: Final = 5
OWNER: Final = "1"
"""What Plex' webhooks call the server's owner."""
_ENVELOPES: Final = ("response", "data", "history", "records", "results", "get_history")
_RESOLUTIONS: Final = {"4k": "2160p", "8k": "4320p", "sd": "480p"}


class Row(NamedTuple):
    """A row of history: the group it belongs to, the rows that it sums up, and the play."""

    group: str
    rows: frozenset[str]
    play: Play


def rows_in(export: Any, depth: int = DEPTH) -> list[Any] | None:  # noqa: ANN401 - JSON
    """Return the rows of an answer of `get_history`, of a list of such answers, or a plain list; None where there are none."""
    if isinstance(export, list):
        inner = [rows_in(one, depth - 1) for one in export if isinstance(one, dict) and _envelope(one)] if depth else []
        return [row for rows in inner for row in rows or ()] if inner else export
    name = _envelope(export) if isinstance(export, dict) and depth else None
    return None if name is None else rows_in(export[name], depth - 1)


def _envelope(value: Mapping[str, Any]) -> str | None:
    return next((name for name in _ENVELOPES if isinstance(value.get(name), list | dict)), None)


def row(given: object) -> Row | None:
    """Return what a row tells; None for a play that still goes on. Raises BadPlayError."""
    if not isinstance(given, dict):
        raise BadPlayError("it is no object")
    own = text(given.get("row_id")) or text(given.get("id"))
    if text(given.get("state")) or not number(given.get("stopped")):
        return None
    group = text(given.get("reference_id")) or own
    if group is None:
        raise BadPlayError("it has neither row_id nor reference_id")
    covered = frozenset((text(given.get("group_ids")) or own or group).replace(" ", "").split(","))
    began, ended = number(given.get("started")), number(given.get("stopped"))
    played = number(given.get("play_duration"))
    if played is None:
        # What older versions call it.
        played = number(given.get("duration"))
    if played is None and began is not None and ended is not None:
        played = max(0.0, ended - began - (number(given.get("paused_counter")) or 0.0))
    return Row(group, covered, play(began, ended, played, _said(given)))


def _said(given: Mapping[str, Any]) -> dict[str, Any]:
    kind = text(given.get("media_type"), 64) or "unknown"
    episode = kind == "episode"
    own, series = text(given.get("title")), text(given.get("grandparent_title"))
    decision = text(given.get("transcode_decision"))
    size = (text(given.get("resolution")) or "").lower()
    position, runtime = (plays.seconds(given.get(name), 1000) for name in ("position_ms", "runtime_ms"))
    return {
        "user_id": text(given.get("user_id")) or text(given.get("user")),
        "content_id": text(given.get("rating_key")),
        "content_type": kind,
        "title": plays.title(
            own or text(given.get("full_title")),
            series,
            given.get("parent_media_index") if episode else None,
            given.get("media_index") if episode else None,
        ),
        "library_id": text(given.get("section_id")),
        "client_name": text(given.get("product")) or text(given.get("platform")) or "Plex",
        "device_name": text(given.get("player")) or "",
        "device_id": plays.device(given.get("machine_id")),
        "ip_address": plays.address(given.get("ip_address")),
        "transcoded": None if decision is None else decision == "transcode",
        "bitrate_kbps": plays.bitrate(given.get("bitrate")),
        "resolution": _RESOLUTIONS.get(size, f"{size}p" if size.isdigit() else None),
        "position_seconds": position or None,
        "runtime_seconds": runtime or None,
    }


def sessions(rows: Iterable[Row], source: str, owner: str | None = None) -> list[dict[str, object]]:
    """Return one session for each group, the earliest first; a row that another one holds already adds nothing.

    `owner` is Tautulli's id of the server's owner, whom webhooks know as OWNER.
    """
    groups: dict[str, list[Row]] = {}
    for one in rows:
        groups.setdefault(one.group, []).append(one)
    found = [(_merged(together), group) for group, together in groups.items()]
    found.sort(key=lambda one: (one[0].began, one[1]))
    prefix = f"tautulli:{source}:" if source else "tautulli:"
    told = [merged.session(prefix + group, "tautulli") for merged, group in found]
    return [{**one, "user_id": OWNER} if owner and one["user_id"] == owner else one for one in told]


def _merged(rows: list[Row]) -> Play:
    """Return the play of a group: from its first start to its last end, as long as its rows together."""
    kept: list[Row] = []
    seen: set[str] = set()
    # What sums up most comes first; of the same rows, what was exported last.
    for one in sorted(rows, key=lambda row: (-len(row.rows), -row.play.ended, -row.play.played)):
        if not one.rows & seen:
            seen |= one.rows
            kept.append(one)
    last = max(kept, key=lambda row: row.play.ended).play
    began = min(row.play.began for row in kept)
    played = min(sum(row.play.played for row in kept), last.ended - began)
    return Play(began, last.ended, played, last.said)
