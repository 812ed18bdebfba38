"""Distinct visitors by bitmaps are those that counting the rows gives: in any range, with days open, dirty and rebuilt."""

import itertools
import random
from datetime import date, timedelta

import psycopg
import pytest
from streamgauge.contributions import TOTAL_CODE
from streamgauge.dimensions import Dimension, code_of
from streamgauge.rollups import build
from streamgauge.rollups.build import build_day
from streamgauge.rollups.ranges import Span
from streamgauge.rollups.uniques import Uniques

FIRST = date(2026, 1, 1)
VALUES = [(Dimension.TOTAL, "")] + [(Dimension.PAGE, f"/{number}") for number in range(8)] + [(Dimension.HOUR, "7")]
CODES = [code_of(*value) for value in VALUES[:-1]]
NAIVE = """
SELECT code, sum(n) FROM (
    SELECT code, bots, count(DISTINCT visitor) AS n FROM visitor_days, unnest(codes) AS c (code)
    WHERE site_no = %s AND day BETWEEN %s AND %s AND bots = ANY(%s) AND lasting GROUP BY code, bots
) one GROUP BY code
"""


def _people(chance, count):
    # Half come back often, some were seen before anybody was numbered.
    visitors = {chance.randrange(40) if chance.random() < 0.5 else chance.randrange(1 << 40) for _ in range(count)}
    return {visitor: {VALUES[0], VALUES[-1], *chance.sample(VALUES[1:-1], chance.randrange(4))} for visitor in visitors}


@pytest.mark.parametrize("seed", range(4))
def test_equals_counting_the_rows(connection, site, rollups, read, seed):
    chance = random.Random(seed)
    # Numbers close to the end of a chunk, so that visitors lie in several.
    first = 32_768 * chance.randrange(3) + 32_700
    connection.execute("INSERT INTO visitor_numbers VALUES (%s, -1, %s)", [site.site_no, first])
    days = [FIRST + timedelta(days=step) for step in range(150) if chance.random() < 0.9]
    for day in days:
        rollups.people(day, _people(chance, chance.randrange(1, 9)))
        if chance.random() < 0.3:
            rollups.people(day, _people(chance, 3), bots=True)
        rollups.day(day)
    for day in days[:-2]:
        build_day(connection, site.site_no, day)
        connection.execute("UPDATE site_days SET closed = true WHERE day = %s", [day])
    _check(connection, site, read, chance)
    late = chance.sample(days[:-2], 12)
    for day in late:
        # A late event: somebody comes, somebody appears under other values.
        connection.execute("DELETE FROM rollup_days WHERE day = %s", [day])
        connection.execute("DELETE FROM visitor_days WHERE day = %s", [day])
        rollups.people(day, _people(chance, 6))
        connection.execute("UPDATE site_days SET dirty = true WHERE day = %s", [day])
    _check(connection, site, read, chance)
    for day in late[:8]:
        build_day(connection, site.site_no, day)
        connection.execute("UPDATE site_days SET dirty = false WHERE day = %s", [day])
    _check(connection, site, read, chance)


def _check(connection, site, read, chance):
    for _ in range(25):
        start = FIRST + timedelta(days=chance.randrange(150))
        end = start + timedelta(days=chance.randrange(120))
        bots = chance.choice([[False], [True], [False, True]])
        naive = {
            code: count
            for code, count in connection.execute(NAIVE, [site.site_no, start, end, bots]).fetchall()
            if code in CODES
        }
        found = Uniques(read, site.site_no, start, end, bots).count(CODES)
        assert {code: count for code, count in found.items() if count} == naive


@pytest.mark.parametrize("seed", range(4))
def test_an_open_day_is_its_bitmaps_and_what_changed_since(
    connection, site, rollups, read, database_url, seed, monkeypatch
):
    monkeypatch.setattr(build, "FEW_VISITORS", 0)
    chance = random.Random(seed)
    days = [FIRST + timedelta(days=step) for step in range(24)]
    for day in days:
        rollups.people(day, _people(chance, 12), bots=chance.random() < 0.2)
        rollups.day(day)
        for code, bots in itertools.product(CODES, (False, True)):
            # What visitors change to below has its row in the rollups, as the warehouse would see to.
            connection.execute(
                "INSERT INTO rollup_days (site_no, dimension, day, bots, code, name, lasting) "
                "VALUES (%s, 1, %s, %s, %s, '', 1) ON CONFLICT DO NOTHING",
                [site.site_no, day, bots, code],
            )
    for day in days[:-2]:
        build_day(connection, site.site_no, day)
        connection.execute("UPDATE site_days SET closed = true WHERE day = %s", [day])
    with psycopg.connect(database_url) as other:
        # A batch that is not committed when the bitmaps are built.
        other.execute("UPDATE visitor_days SET codes = codes[2:] WHERE day = %s AND visitor %% 3 = 0", [days[-1]])
        for day in days[-2:]:
            assert build.build_open_day(connection, site.site_no, day)
        _check(connection, site, read, chance)
        other.commit()
    _check(connection, site, read, chance)
    for day in days[-2:]:
        _change(connection, site, chance, day)
    _check(connection, site, read, chance)
    assert build.build_open_day(connection, site.site_no, days[-1])
    _change(connection, site, chance, days[-1])
    _check(connection, site, read, chance)
    # A repair writes the day anew; some are gone.
    connection.execute("DELETE FROM visitor_days WHERE day = %s AND visitor %% 2 = 0", [days[-1]])
    _check(connection, site, read, chance)
    build_day(connection, site.site_no, days[-2])
    connection.execute("UPDATE site_days SET closed = true WHERE day = %s", [days[-2]])
    assert not build.build_open_day(connection, site.site_no, days[-2])
    _check(connection, site, read, chance)


def _change(connection, site, chance, day):
    """Let visitors come, appear under more values, and vanish from some."""
    rows = connection.execute("SELECT bots, visitor FROM visitor_days WHERE day = %s", [day]).fetchall()
    for bots, visitor in chance.sample(rows, len(rows) // 2):
        codes = chance.sample(CODES, chance.randrange(4))
        connection.execute(
            "UPDATE visitor_days SET codes = %s WHERE (day, bots, visitor) = (%s, %s, %s)", [codes, day, bots, visitor]
        )
    for visitor in (chance.randrange(40), chance.randrange(1 << 40)):
        connection.execute(
            "INSERT INTO visitor_days VALUES (%s, %s, false, %s, true, %s, %s) ON CONFLICT DO NOTHING",
            [site.site_no, day, visitor, CODES[:3], [1, 1, 1]],
        )


def test_a_day_of_few_is_not_built_while_it_is_open(connection, site, rollups):
    rollups.people(FIRST, _people(random.Random(1), 30))
    rollups.day(FIRST)
    assert build.build_open_day(connection, site.site_no, FIRST) == 0
    assert connection.execute("SELECT count(*) FROM unique_blocks").fetchall() == [(0,)]


def test_a_hundred_days_build_blocks_that_lack_nothing(connection, site, rollups, read):
    # The first four days end with days without events: their block is not built until a larger one needs it.
    start = date.fromordinal(739_904)
    assert start.toordinal() % 64 == 0
    with_events = [0, 5, 6, 7, *range(8, 64)]
    for step in with_events:
        rollups.people(start + timedelta(days=step), {step: {VALUES[0]}})
        rollups.day(start + timedelta(days=step), closed=True)
    for step in with_events:
        build_day(connection, site.site_no, start + timedelta(days=step))
    blocks = connection.execute("SELECT span, day FROM unique_blocks").fetchall()
    assert (64, start) in blocks
    uniques = Uniques(read, site.site_no, start, start + timedelta(days=63), [False])
    assert uniques.count([TOTAL_CODE]) == {TOTAL_CODE: len(with_events)}


def test_hours_get_no_bitmaps(connection, site, rollups):
    rollups.people(FIRST, {1: {VALUES[0], VALUES[-1]}})
    rollups.day(FIRST, closed=True)
    build_day(connection, site.site_no, FIRST)
    assert {row[0] for row in connection.execute("SELECT code FROM uniques").fetchall()} == {TOTAL_CODE}


def test_visitors_named_by_the_caller_count_once(connection, site, rollups, read):
    span = Span(FIRST, FIRST + timedelta(days=1))
    for day in span.days:
        rollups.people(day, {1: {VALUES[0]}, 2: {VALUES[0]}})
    rollups.day(FIRST, closed=True)
    rollups.day(span.end)
    build_day(connection, site.site_no, FIRST)
    uniques = Uniques(read, site.site_no, span.start, span.end, [False])
    assert uniques.count(
        [TOTAL_CODE], also=[(TOTAL_CODE, False, 2), (TOTAL_CODE, False, 3), (TOTAL_CODE, False, 3)]
    ) == {TOTAL_CODE: 3}


def test_building_again_changes_nothing(connection, site, rollups):
    rollups.people(FIRST, _people(random.Random(1), 30))
    rollups.day(FIRST, closed=True)
    build_day(connection, site.site_no, FIRST)
    query = "SELECT code, span, day, bots, chunk, bits::text FROM uniques ORDER BY 1, 2, 3, 4, 5"
    before = connection.execute(query).fetchall()
    build_day(connection, site.site_no, FIRST)
    assert connection.execute(query).fetchall() == before
    assert connection.execute("SELECT count(*), max(number) + 1 FROM visitor_numbers").fetchall()[0][0] > 0
