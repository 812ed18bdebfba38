"""Reports over made-up sessions beside a plain count of the same, whatever the sessions are."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from streamgauge.library import ranked, reports
from streamgauge.library.days import bandwidth_of_days, peaks
from streamgauge.library.figures import Scope
from streamgauge.paging import Page

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SECOND = 1_000_000
PLAY = 120 * SECOND
ZONE = "Europe/Berlin"
# Over the change to summer time in Berlin, on 29 March.
FIRST, LAST = date(2026, 3, 27), date(2026, 3, 31)
BEGIN = int(datetime(2026, 3, 27, tzinfo=ZoneInfo(ZONE)).timestamp()) * SECOND
WIDE = ("site_no", "key", "session_id", "user_id", "user_key", "day", "start", "last", "starts", "ends", "duration",
        "streamed", "content_id", "content_type", "library_id", "title", "ever_transcoded")  # fmt: skip

intervals = st.lists(st.integers(0, 40), min_size=0, max_size=6, unique=True).map(sorted)


@st.composite
def session(draw: Any) -> dict[str, Any]:
    """Make up a session on a coarse grid, so that instants, durations and names often coincide."""
    start = BEGIN + draw(st.integers(-12, 130)) * 3600 * SECOND
    edges = draw(intervals)
    unit = draw(st.sampled_from([60, 600, 3600])) * SECOND
    pairs = [(start + a * unit, start + b * unit) for a, b in zip(edges[::2], edges[1::2], strict=False)]
    duration = sum(end - begin for begin, end in pairs)
    user = draw(st.integers(1, 3))
    return {
        "user_id": f"u{user}",
        "user_key": user,
        "day": datetime.fromtimestamp(start // SECOND, ZoneInfo(ZONE)).date(),
        "start": start,
        "last": max([start, *(end for _, end in pairs)]),
        "starts": [begin for begin, _ in pairs],
        "ends": [end for _, end in pairs],
        "duration": duration,
        "streamed": duration * draw(st.sampled_from([0, 1000, 4000])),
        "content_id": draw(st.sampled_from(["a", "b", "c", "Z"])),
        "content_type": draw(st.sampled_from(["movie", "unknown"])),
        "library_id": draw(st.sampled_from([None, "films"])),
        "title": None,
        "ever_transcoded": draw(st.booleans()),
    }


@pytest.fixture(scope="module")
def database(new_database: Callable[[], str]) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(new_database(), autocommit=True) as connection:
        # Times are drawn freely, so columns that no report here reads may stay empty.
        for (column,) in connection.execute(
            "SELECT column_name FROM information_schema.columns WHERE table_name = 'sessions' AND is_nullable = 'NO'"
        ).fetchall():
            if column not in {"site_no", "key"}:
                connection.execute(f'ALTER TABLE sessions ALTER "{column}" DROP NOT NULL')
        connection.execute(
            "INSERT INTO items (site_no, content_id, genres, library_id) VALUES (1, 'a', '{x,y}', 'films'), (1, 'b', '{y}', 'more')"
        )
        yield connection


def put(connection: psycopg.Connection[Any], sessions: list[dict[str, Any]]) -> None:
    connection.execute("TRUNCATE sessions")
    marks = ", ".join(["%s"] * len(WIDE))
    with connection.cursor() as cursor:
        rows = [{"site_no": 1, "key": n, "session_id": str(n), **one} for n, one in enumerate(sessions)]
        cursor.executemany(
            f"INSERT INTO sessions ({', '.join(WIDE)}) VALUES ({marks})", [[row[name] for name in WIDE] for row in rows]
        )


quietly = settings(deadline=None, max_examples=60, suppress_health_check=list(HealthCheck))


@quietly
@given(sessions=st.lists(session(), max_size=25))
def test_figures_equal_a_plain_count(database, sessions):
    put(database, sessions)

    def read(query, parameters):
        return database.execute(query, parameters).fetchall()

    scope = Scope(1, PLAY, FIRST, LAST)
    chosen = [one for one in sessions if FIRST <= one["day"] <= LAST]

    groups: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
    for one in chosen:
        groups[one["content_id"]].append(one)
    wanted = sorted(
        (-plays_of(of_item), -len({one["user_id"] for one in of_item}), -sum(one["duration"] for one in of_item), item)
        for item, of_item in groups.items()
        if plays_of(of_item)
    )
    found, _ = ranked.popular(read, scope, Page(10))
    assert [(-row["plays"], -row["unique_users"], row["content_id"]) for row in found] == [
        (plays, users, item) for plays, users, _, item in wanted
    ]
    for skip in range(3):
        page, _ = ranked.popular(read, scope, Page(1, skip))
        assert page == found[skip : skip + 1]

    tags = {"a": ("x", "y"), "b": ("y",)}
    wanted = Counter(genre for one in chosen for genre in tags.get(one["content_id"], ()) if one["duration"] >= PLAY)
    assert {row["genre"]: row["plays"] for row in ranked.genres(read, scope, Page(10))[0]} == wanted

    now = BEGIN + 60 * 3600 * SECOND
    whole = reports.server(read, scope, now)
    day = 24 * 3600 * SECOND
    active = {one["user_id"] for one in sessions if one["start"] <= now and one["last"] >= now - day}
    assert (whole["total_sessions"], whole["total_plays"], whole["total_users"], whole["active_users_24h"]) == (
        len(chosen),
        plays_of(chosen),
        len({one["user_id"] for one in chosen}),
        len(active),
    )
    library_of = {"a": "films", "b": "more"}
    films = [one for one in chosen if library_of.get(one["content_id"], one["library_id"]) == "films"]
    assert reports.library(read, scope, "films")["total_plays"] == plays_of(films)
    for part in (
        bandwidth_of_days(read, scope, None),
        ranked.bandwidth_of_users(read, scope, Page(10))[0],
    ):
        assert sum(row["bandwidth_gb"] for row in part) == pytest.approx(whole["total_bandwidth_gb"])


@quietly
@given(sessions=st.lists(session(), max_size=25))
def test_peaks_equal_a_look_at_every_instant(database, sessions):
    put(database, sessions)
    found = peaks(
        lambda query, parameters: database.execute(query, parameters).fetchall(),
        Scope(1, PLAY, FIRST, LAST, zone=ZONE),
    )
    days = [FIRST + timedelta(days=n) for n in range(5)]
    assert found == [{"date": day.isoformat(), "peak_concurrent_streams": peak(sessions, day)} for day in days]


def plays_of(sessions: list[dict[str, Any]]) -> int:
    return sum(one["duration"] >= PLAY for one in sessions)


def peak(sessions: list[dict[str, Any]], day: date) -> int:
    """Look at the beginning of the day and at each instant of it at which something begins."""
    zone = ZoneInfo(ZONE)
    low, high = (
        int(datetime(one.year, one.month, one.day, tzinfo=zone).astimezone(UTC).timestamp()) * SECOND
        for one in (day, day + timedelta(days=1))
    )
    pairs = [pair for one in sessions for pair in zip(one["starts"], one["ends"], strict=True)]
    instants = [low, *(begin for begin, _ in pairs if low <= begin < high)]
    return max(sum(begin <= at < end for begin, end in pairs) for at in instants)
