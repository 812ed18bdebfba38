"""Sums that are kept of days and months stay what the sessions say, whatever changes them, in whatever order."""

from __future__ import annotations

import threading
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from streamgauge.library import kept, ranked, reports
from streamgauge.library.days import bandwidth_of_days, daily_stats, peaks
from streamgauge.library.figures import Scope
from streamgauge.paging import Page

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SECOND = 1_000_000
HOUR = 3600 * SECOND
ZONE = "Europe/Berlin"
PLAY = 120 * SECOND
# Two whole months and parts of two others, over the change to summer time.
FIRST, LAST = date(2026, 1, 20), date(2026, 4, 12)
TODAY = date(2026, 4, 10)
GENRES = [[], ["x"], ["x", "y"]]
COLUMNS = ("site_no", "key", "session_id", "user_id", "user_key", "day", "start", "last", "starts", "ends", "duration",
           "streamed", "content_id", "content_type", "library_id", "ever_transcoded", "kept_from")  # fmt: skip


@pytest.fixture(scope="module")
def url(new_database: Callable[[], str]) -> str:
    made = new_database()
    with psycopg.connect(made, autocommit=True) as connection:
        for (column,) in connection.execute(
            "SELECT column_name FROM information_schema.columns WHERE table_name = 'sessions' AND is_nullable = 'NO'"
        ).fetchall():
            if column not in {"site_no", "key"}:
                connection.execute(f'ALTER TABLE sessions ALTER "{column}" DROP NOT NULL')
    return made


@pytest.fixture
def database(url: str) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("TRUNCATE sessions, items, session_users")
        yield connection


def reading(connection: psycopg.Connection[Any]) -> Callable[..., Any]:
    return lambda query, parameters: connection.execute(query, parameters).fetchall()


def made(key: int, day: date, *, hour: int = 12, minutes: int = 30, user: int = 1, item: str = "a") -> dict[str, Any]:
    start = int(datetime(day.year, day.month, day.day, hour, tzinfo=ZoneInfo(ZONE)).timestamp()) * SECOND
    end = start + minutes * 60 * SECOND
    return {
        "site_no": 1, "key": key, "session_id": str(key), "user_id": f"u{user}", "user_key": user * 7_000_000_000, "day": day,
        "start": start, "last": end, "starts": [start], "ends": [end], "duration": end - start, "streamed": (end - start) * 1000,
        "content_id": item, "content_type": "movie", "library_id": "own", "ever_transcoded": bool(key % 2), "kept_from": day,
    }  # fmt: skip


def put(connection: psycopg.Connection[Any], sessions: list[dict[str, Any]]) -> None:
    marks = ", ".join(["%s"] * len(COLUMNS))
    changes = ", ".join(f"{name} = excluded.{name}" for name in COLUMNS)
    for one in sessions:
        connection.execute(
            f"INSERT INTO sessions ({', '.join(COLUMNS)}) VALUES ({marks}) ON CONFLICT (site_no, key) DO UPDATE SET {changes}",
            [one[name] for name in COLUMNS],
        )


def figures(read: Callable[..., Any], scope: Scope) -> dict[str, Any]:
    """Return every report of a scope."""
    end = int(datetime(scope.last.year, scope.last.month, scope.last.day, tzinfo=ZoneInfo(ZONE)).timestamp()) * SECOND
    return {
        "server": reports.server(read, scope, end),
        "popular": ranked.popular(read, scope, Page(100))[0],
        "genres": ranked.genres(read, scope, Page(100))[0],
        "films": sums_of_library(read, scope, "films"),
        "own": sums_of_library(read, scope, "own"),
        "users": ranked.bandwidth_of_users(read, scope, Page(100))[0],
        "days": bandwidth_of_days(read, scope, None),
        "daily": daily_stats(read, scope),
        "peaks": peaks(read, scope),
        "active": reports.active_users(read, scope, end - 40 * 24 * HOUR, end),
    }


def sums_of_library(read: Callable[..., Any], scope: Scope, name: str) -> Any:
    found = kept.gather(read, scope, "libraries").libraries.get(name)
    return None if found is None else (found.plays, found.duration, found.last, len(found.users))


def anew(connection: psycopg.Connection[Any], scope: Scope) -> dict[str, Any]:
    """Return every report with nothing kept, and leave everything as it was."""
    with connection.transaction(force_rollback=True):
        connection.execute("TRUNCATE session_sums, session_changes, session_users")
        return figures(reading(connection), scope)


days = st.integers(0, (LAST - FIRST).days).map(lambda n: FIRST + timedelta(days=n))
steps = st.one_of(
    st.builds(
        lambda key, day, hour, minutes, user, item: ("session", made(key, day, hour=hour, minutes=minutes, user=user, item=item)),
        st.integers(1, 12), days, st.integers(0, 23), st.sampled_from([1, 30, 600, 3000]), st.integers(1, 3), st.sampled_from("abc"),
    ),
    st.tuples(st.just("delete"), st.integers(1, 12)),
    st.tuples(st.just("item"), st.sampled_from("abc"), st.sampled_from(GENRES), st.sampled_from([None, "films"])),
    st.tuples(st.just("no item"), st.sampled_from("abc")),
    st.tuples(st.just("play"), st.sampled_from([PLAY, 45 * 60 * SECOND])),
    st.tuples(st.just("look"), days, days),
)  # fmt: skip


@settings(deadline=None, max_examples=25, suppress_health_check=list(HealthCheck))
@given(taken=st.lists(steps, max_size=30))
def test_whatever_changes_a_session_or_the_catalogue(database, taken):
    database.execute("TRUNCATE sessions, items, session_users")
    play = PLAY
    for what, *said in [*taken, ("look", FIRST, LAST), ("look", FIRST, LAST)]:
        if what == "session":
            put(database, said)
        elif what == "delete":
            database.execute("DELETE FROM sessions WHERE key = %s", said)
        elif what == "item":
            database.execute(
                "INSERT INTO items (site_no, content_id, genres, library_id) VALUES (1, %s, %s, %s) ON CONFLICT (site_no, content_id)"
                " DO UPDATE SET genres = excluded.genres, library_id = excluded.library_id",
                said,
            )
        elif what == "no item":
            database.execute("DELETE FROM items WHERE content_id = %s", said)
        elif what == "play":
            (play,) = said
        else:
            scope = Scope(1, play, min(said), max(said), today=TODAY, zone=ZONE)
            assert figures(reading(database), scope) == anew(database, scope)


def test_a_long_range_reads_months_and_no_session(database):
    put(database, [made(n, FIRST + timedelta(days=n % 60), user=n % 5) for n in range(200)])
    read = reading(database)
    scope = Scope(1, PLAY, FIRST, LAST, today=TODAY, zone=ZONE)
    before = figures(read, scope)
    levels = dict(database.execute("SELECT level, count(*) FROM session_sums GROUP BY level").fetchall())
    assert levels == {0: 60, 1: 1}

    def without_sessions(query: Any, parameters: dict[str, Any]) -> Any:
        assert "FROM sessions s JOIN session_users" not in str(query)
        return read(query, parameters)

    assert figures(without_sessions, scope) == before


def test_today_is_never_kept(database):
    put(database, [made(1, TODAY), made(2, TODAY - timedelta(days=1))])
    figures(reading(database), Scope(1, PLAY, FIRST, LAST, today=TODAY, zone=ZONE))
    assert database.execute("SELECT day FROM session_sums").fetchall() == [(TODAY - timedelta(days=1),)]


def test_what_goes_leaves_nothing_of_a_person_behind(database):
    put(database, [made(1, FIRST)])
    figures(reading(database), Scope(1, PLAY, FIRST, LAST, today=TODAY, zone=ZONE))
    database.execute("DELETE FROM sessions")
    kept_parts = database.execute("SELECT totals, users, items, genres, libraries FROM session_sums").fetchall()
    assert kept_parts == [(None,) * 5]


def plays(read: Callable[..., Any]) -> int:
    return kept.gather(read, Scope(1, PLAY, FIRST, LAST, today=TODAY, zone=ZONE), "totals").totals.plays


def test_a_change_that_commits_after_the_look_is_seen_by_the_next_one(database, url):
    put(database, [made(1, FIRST)])
    assert plays(reading(database)) == 1
    with psycopg.connect(url) as writer:
        put(writer, [made(2, FIRST)])
        put(database, [made(3, FIRST)])
        assert plays(reading(database)) == 2
    assert plays(reading(database)) == 3


def test_a_change_that_commits_between_reading_and_keeping_stays_marked(database, url):
    put(database, [made(1, FIRST)])
    read, also = reading(database), iter([made(2, FIRST)])

    def overtaken(query: Any, parameters: dict[str, Any]) -> Any:
        found = read(query, parameters)
        if "FROM sessions s JOIN session_users" in str(query):
            with psycopg.connect(url, autocommit=True) as writer:
                put(writer, list(also))
        return found

    plays(overtaken)
    assert plays(read) == 2


def test_of_two_that_add_up_the_same_day_the_later_look_holds(database):
    put(database, [made(1, FIRST)])
    read, nested = reading(database), iter([True])

    def slow(query: Any, parameters: dict[str, Any]) -> Any:
        found = read(query, parameters)
        if "FROM sessions s JOIN session_users" in str(query) and next(nested, False):
            put(database, [made(2, FIRST)])
            assert plays(read) == 2
        return found

    plays(slow)
    assert plays(read) == 2


def test_the_first_sum_of_a_day_waits_for_those_who_are_writing(database, url):
    put(database, [made(1, FIRST)])
    with psycopg.connect(url) as writer, psycopg.connect(url, autocommit=True) as reader:
        put(writer, [made(2, FIRST)])
        found: list[int] = []
        asking = threading.Thread(target=lambda: found.append(plays(reading(reader))))
        asking.start()
        while not database.execute("SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted").fetchall():
            assert asking.is_alive()
        writer.commit()
        asking.join()
    assert found == [2]
