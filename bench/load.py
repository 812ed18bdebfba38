"""Databases with 90 days of a site's traffic, loaded once and kept: 1 and 10 million events.

Days go through the warehouse's own transaction (`store_batch`), many events at a time and two processes side by side, so every
table is what the product would hold; then each day but the last is closed as the daily job does it, without the recount against
raw events that the job makes first (it finds nothing here, and the tests of the warehouse show that). The last day is left as the
hourly job leaves it half way to its next run: reports that include it look at the visitors who came since.
"""

from __future__ import annotations

import gc
import json
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final

import psycopg
from streamgauge.dimensions import Dimension
from streamgauge.jobs import queries
from streamgauge.rollups import build
from streamgauge.schema.runner import migrate
from streamgauge.warehouse import gate
from streamgauge.warehouse.batch import Lane, store_batch
from streamgauge.warehouse.directory import Directory
from streamgauge.web import page_steps

from bench.database import ROOT, add_site
from bench.traffic import Site

if TYPE_CHECKING:
    from collections.abc import Callable

    from streamgauge.store.postgres import Connection

    from bench.database import Server

SITE: Final = "bench"
FIRST_DAY: Final = date(2026, 3, 1)
DAYS: Final = 92
"""The last of them stays open, as today is."""
SCALES: Final = {"1m": 1_000_000, "10m": 10_000_000}
_VISITORS: Final = {"1m": 20_000, "10m": 200_000}
_PATHS: Final = 5000
_TOGETHER: Final = 20_000
_PROCESSES: Final = 2

_UNSETTLED: Final = "SELECT day FROM site_days WHERE site_no = %s AND NOT closed ORDER BY day"


_VISITORS_SINCE: Final = """
    UPDATE visitor_days SET lasting = lasting WHERE site_no = 1 AND day = %(day)s AND visitor IN (
        SELECT coalesce(visitor, visit_key) FROM events
        WHERE day = %(day)s AND site_no = 1
            AND time >= (extract(epoch FROM %(day)s::date + interval '23 hours 30 minutes') * 1000000)::bigint
    )
"""


def database_of(scale: str) -> str:
    """Return the name of a scale's database; it names what would make an old one wrong."""
    return f"loaded_{scale}_{_fingerprint()}"


def _fingerprint() -> str:
    schema = sorted((ROOT / "layers/core/python/streamgauge/schema").glob("*.sql"))
    files = [*schema, ROOT / "bench/traffic.py", ROOT / "bench/load.py"]
    return sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:8]


def take(server: Server, scale: str) -> str | None:
    """Return the database of a scale that an earlier state of the checkout has loaded, with newer schema files applied, if any."""
    found = server.find(f"loaded_{scale}_")
    if found is not None:
        with server.connect(found) as connection:
            if migrate(connection):
                page_steps.write_days(connection, 1)
                connection.execute("VACUUM ANALYZE")
    return found


def load(server: Server, scale: str, progress: Callable[[int], None]) -> str:
    """Make sure that a scale's database is there; `progress` takes numbers of events. Returns its name."""
    name = database_of(scale)
    if server.exists(name):
        progress(SCALES[scale])
        return name
    connection = server.make("loading")
    add_site(connection, SITE)
    with ThreadPoolExecutor(_PROCESSES) as pool:
        parts = [pool.submit(_in_process, server.url("loading"), scale, lane, progress) for lane in range(_PROCESSES)]
        for part in parts:
            part.result()
    connection.execute("TRUNCATE anchors")
    connection.execute("VACUUM ANALYZE")
    _close_days(connection)
    last = FIRST_DAY + timedelta(DAYS - 1)
    build.build_open_day(connection, 1, last)
    connection.execute(_VISITORS_SINCE, {"day": last})
    connection.execute("VACUUM ANALYZE")
    connection.close()
    server.rename("loading", name)
    return name


def _in_process(url: str, scale: str, lane: int, progress: Callable[[int], None]) -> None:
    """Store a part of the events in a process of its own, which says how far it is."""
    told = json.dumps([url, scale, lane])
    command = [sys.executable, "-m", "bench.load"]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603
        if process.stdin is None or process.stdout is None:
            raise SystemExit("the loader has no input or output")
        process.stdin.write(told)
        process.stdin.close()
        for line in process.stdout:
            progress(int(line))
    if process.returncode:
        raise SystemExit("loading failed")


def store(url: str, scale: str, lane: int, progress: Callable[[int], None]) -> None:
    """Store the events of one lane's visitors: lanes that share visitors would wait for each other's anchors."""
    gc.freeze()
    gc.set_threshold(100_000)
    start = int(datetime.combine(FIRST_DAY, datetime.min.time(), UTC).timestamp())
    site = Site(SITE, visitors=_VISITORS[scale], paths=_PATHS, start=start, days=DAYS)
    # The same habits in every part, other chances.
    site.chance.seed(lane)
    directory = Directory()
    with psycopg.connect(url, autocommit=True) as connection:
        connection.prepare_threshold = None
        events = site.events(SCALES[scale], lane, _PROCESSES)
        while batch := [event for _, event in zip(range(_TOGETHER), events, strict=False)]:
            now = batch[-1].received
            store_batch(
                connection, directory, batch, Lane(f"bench-{lane}", now / 1e6, now / 1e6, time.monotonic()), now
            )
            progress(len(batch))


def _close_days(connection: Connection) -> None:
    days = [day for (day,) in connection.execute(_UNSETTLED, [1]).fetchall()]
    for day in days[:-1]:
        key: dict[str, Any] = {"site_no": 1, "day": day, "dimensions": [int(kind) for kind in Dimension]}
        with connection.transaction():
            gate.close(connection, 1)
            connection.execute(queries.ADD_DAY_TO_MONTH, key)
            build.build_day(connection, 1, day)
            connection.execute(queries.CLOSE_DAY, key)
    page_steps.write_days(connection, 1)


def _say(count: int) -> None:
    sys.stdout.write(f"{count}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    store(*json.loads(sys.stdin.read()), _say)
