"""Playbacks in Postgres: the fast path (newer than all that the key has), and the slow one (late: rebuilt from raw)."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any, Final, LiteralString

from streamgauge.events.facts import ORDER
from streamgauge.store.postgres import rows_parameter
from streamgauge.video.contributing import contribute
from streamgauge.video.playbacks import GAP_AFTER_PAUSE, Playback, fold
from streamgauge.warehouse.dictionaries import bigints
from streamgauge.warehouse.raw import read_chains

if TYPE_CHECKING:
    from collections.abc import Iterable

    from streamgauge.events.facts import Fact
    from streamgauge.store.postgres import Connection
    from streamgauge.warehouse.site_batch import SiteBatch

_PLAIN: Final = (
    "key", "start", "last", "day", "video_id", "viewer", "viewer_user", "lasting", "bot", "surroundings", "halted",
    "after_pause", "runs", "waits_since", "position", "position_at", "section_open", "quality", "bitrate", "started_at",
    "start_position", "progressed", "duration", "startup_time", "completed", "failed", "buffered", "bitrate_time",
    "bitrate_weight", "amounts", "catalogued",
)  # fmt: skip
"""Columns that are attributes of the state; the sections and qualities follow as arrays."""

COLUMNS: Final[LiteralString] = """p.key, p.start, p.last, p.day, p.video_id, p.viewer, p.viewer_user, p.lasting, p.bot,
    p.surroundings, p.halted, p.after_pause, p.runs, p.waits_since, p.position, p.position_at, p.section_open, p.quality,
    p.bitrate, p.started_at, p.start_position, p.progressed, p.duration, p.startup_time, p.completed, p.failed, p.buffered,
    p.bitrate_time, p.bitrate_weight, p.amounts, p.catalogued, p.section_starts, p.section_ends, p.qualities,
    p.quality_times"""

_LATEST: Final[LiteralString] = f"""
    SELECT {COLUMNS} FROM unnest(%(keys)s::bigint[]) AS wanted(key)
    CROSS JOIN LATERAL (
        SELECT * FROM playbacks WHERE site_no = %(site_no)s AND key = wanted.key ORDER BY start DESC LIMIT 1
    ) AS p
"""
# OFFSET 0 keeps the planner at one look into the index per key, whatever it takes the table for.
_NEAR: Final[LiteralString] = f"""
    SELECT p.* FROM unnest(%(keys)s::bigint[], %(from)s::bigint[], %(to)s::bigint[]) AS wanted(key, low, high)
    CROSS JOIN LATERAL (
        SELECT {COLUMNS} FROM playbacks AS p
        WHERE site_no = %(site_no)s AND key = wanted.key AND start < wanted.high AND last > wanted.low OFFSET 0
    ) AS p
"""
_LENGTHS: Final = """
    SELECT content_id, duration FROM items
    WHERE site_no = %(site_no)s AND content_id = ANY(%(videos)s::text[]) AND duration > 0
"""
_DELETE: Final = """
    DELETE FROM playbacks AS p USING json_to_recordset(%(rows)s) AS gone(key bigint, start bigint)
    WHERE p.site_no = %(site_no)s AND p.key = gone.key AND p.start = gone.start
"""
_UPSERT: Final = """
    INSERT INTO playbacks (site_no, key, start, last, day, video_id, viewer, viewer_user, lasting, bot, surroundings,
        halted, after_pause, runs, waits_since, position, position_at, section_open, quality, bitrate, started_at,
        start_position, progressed, duration, startup_time, completed, failed, buffered, bitrate_time, bitrate_weight,
        amounts, catalogued, section_starts, section_ends, qualities, quality_times)
    SELECT %(site_no)s, t.* FROM json_to_recordset(%(rows)s) AS t(key bigint, start bigint, last bigint, day date,
        video_id text, viewer bigint, viewer_user boolean, lasting boolean, bot boolean, surroundings bigint, halted boolean,
        after_pause boolean, runs boolean, waits_since bigint, position double precision, position_at bigint,
        section_open boolean, quality text, bitrate double precision, started_at bigint, start_position double precision,
        progressed boolean, duration double precision, startup_time double precision, completed boolean, failed boolean,
        buffered double precision, bitrate_time double precision, bitrate_weight double precision,
        amounts bigint[], catalogued double precision, section_starts double precision[],
        section_ends double precision[], qualities text[], quality_times double precision[])
    ON CONFLICT (site_no, key, start) DO UPDATE SET last = excluded.last, viewer = excluded.viewer,
        viewer_user = excluded.viewer_user, lasting = excluded.lasting, halted = excluded.halted,
        after_pause = excluded.after_pause, runs = excluded.runs, waits_since = excluded.waits_since,
        position = excluded.position, position_at = excluded.position_at, section_open = excluded.section_open,
        quality = excluded.quality, bitrate = excluded.bitrate, started_at = excluded.started_at,
        start_position = excluded.start_position, progressed = excluded.progressed, duration = excluded.duration,
        startup_time = excluded.startup_time, completed = excluded.completed, failed = excluded.failed,
        buffered = excluded.buffered, bitrate_time = excluded.bitrate_time, bitrate_weight = excluded.bitrate_weight,
        amounts = excluded.amounts, catalogued = excluded.catalogued, section_starts = excluded.section_starts,
        section_ends = excluded.section_ends, qualities = excluded.qualities, quality_times = excluded.quality_times
"""


def fold_playbacks(connection: Connection, batch: SiteBatch, facts: list[Fact]) -> None:
    """Fold new video events, sorted, into playbacks, write them, and add the difference of their contributions."""
    chains = _chains(facts)
    if not chains:
        return
    batch.played_days |= {fact.day for chain in chains.values() for fact in chain}
    rows = connection.execute(_LATEST, {"site_no": batch.site_no, "keys": bigints(chains)}).fetchall()
    latest = {playback.key: playback for playback in map(playback_of, rows)}
    changed: list[Playback] = []
    gone: list[Playback] = []

    def touch(playback: Playback) -> None:
        if playback.stored:
            contribute(playback, batch.contributions, -1)

    # At the same instant the ids decide, which only the raw rows have.
    late = {key: chain for key, chain in chains.items() if key in latest and latest[key].last >= chain[0].time}
    for near, chain in _stretches(connection, batch, late):
        for playback in near:
            touch(playback)
        gone += near
        changed += fold(None, chain, touch)
    for key, chain in chains.items():
        if key not in late:
            changed += fold(latest.get(key), chain, touch)
    know_lengths(connection, batch.site_no, changed)
    for playback in changed:
        contribute(playback, batch.contributions, 1)
    if gone:
        rows_gone = [{"key": playback.key, "start": playback.start} for playback in gone]
        connection.execute(_DELETE, {"site_no": batch.site_no, "rows": rows_parameter(rows_gone)})
    write(connection, batch.site_no, changed)


def know_lengths(connection: Connection, site_no: int, playbacks: Iterable[Playback]) -> None:
    """Give playbacks whose events tell no duration that of the catalogue."""
    untold: list[Playback] = []
    for playback in playbacks:
        playback.catalogued = None
        if playback.duration is None:
            untold.append(playback)
    if untold:
        wanted = {"site_no": site_no, "videos": list({playback.video_id for playback in untold})}
        lengths: dict[str, float] = dict(connection.execute(_LENGTHS, wanted).fetchall())
        for playback in untold:
            playback.catalogued = lengths.get(playback.video_id)


def _chains(facts: list[Fact]) -> dict[int, list[Fact]]:
    """Return the sorted events of each playback key."""
    chains: dict[int, list[Fact]] = {}
    for fact in facts:
        if fact.play_key is not None:
            chains.setdefault(fact.play_key, []).append(fact)
    return chains


def write(connection: Connection, site_no: int, playbacks: Iterable[Playback]) -> None:
    """Write states, new or changed."""
    ordered = sorted(playbacks, key=lambda playback: (playback.key, playback.start))
    rows = [row_of(playback) for playback in ordered]
    connection.execute(_UPSERT, {"site_no": site_no, "rows": rows_parameter(rows)}, prepare=True)


def _stretches(
    connection: Connection, batch: SiteBatch, late: dict[int, list[Fact]]
) -> list[tuple[list[Playback], list[Fact]]]:
    """Return for each key the playbacks around its late events, up to the longest gap, and all events to fold in their place."""
    bounds = {key: (chain[0].time, chain[-1].time) for key, chain in late.items()}
    near: dict[int, list[Playback]] = {}
    wide = bounds
    while wide:
        rows = connection.execute(
            _NEAR,
            {
                "site_no": batch.site_no,
                "keys": bigints(wide),
                "from": bigints(begin - GAP_AFTER_PAUSE for begin, _ in wide.values()),
                "to": bigints(end + GAP_AFTER_PAUSE for _, end in wide.values()),
            },
        ).fetchall()
        near |= {key: [] for key in wide}
        for playback in map(playback_of, rows):
            near[playback.key].append(playback)
        wider = {key: _around(bounds[key], near[key]) for key in wide}
        wide = {key: reach for key, reach in wider.items() if reach != bounds[key]}
        bounds |= wide
    stored: defaultdict[int | None, list[Fact]] = defaultdict(list)
    for fact in read_chains(connection, "play_key", batch, [(key, *reach) for key, reach in bounds.items()]):
        stored[fact.play_key].append(fact)
    return [(near[key], sorted(stored[key] + chain, key=ORDER)) for key, chain in late.items()]


def _around(bounds: tuple[int, int], playbacks: list[Playback]) -> tuple[int, int]:
    return (
        min([bounds[0], *(playback.start for playback in playbacks)]),
        max([bounds[1], *(playback.last for playback in playbacks)]),
    )


def playback_of(row: tuple[Any, ...]) -> Playback:
    """Return the state that a row holds."""
    playback = Playback.__new__(Playback)
    *plain, starts, ends, qualities, quality_times = row
    for name, value in zip(_PLAIN, plain, strict=True):
        setattr(playback, name, value)
    playback.sections = [[begin, end] for begin, end in zip(starts, ends, strict=True)]
    playback.qualities = dict(zip(qualities, quality_times, strict=True))
    playback.stored = True
    return playback


def row_of(playback: Playback) -> dict[str, Any]:
    """Return a state as the row of json_to_recordset."""
    row = {name: getattr(playback, name) for name in _PLAIN}
    row["day"] = playback.day.isoformat()
    row["section_starts"] = [begin for begin, _ in playback.sections]
    row["section_ends"] = [end for _, end in playback.sections]
    row["qualities"] = list(playback.qualities)
    row["quality_times"] = list(playback.qualities.values())
    return row
