"""A public access log goes through the command into a fresh site; every report equals the offline count, once and twice."""

import json
import os
import random
import subprocess
import sys
import time
import uuid
from pathlib import Path
from types import SimpleNamespace

import httpx
import pytest
import ua_parser
from crawleruseragents import is_crawler

from tests.e2e.killing import killing_the_consumer
from tests.oracle.access_log import count, open_log, ranked, read

WEBLOGS = Path(__file__).resolve().parents[3] / "shared" / "data" / "weblogs"
MAY = {"startDate": "2015-05-16", "endDate": "2015-05-21"}
OCTOBER = {"startDate": "2015-10-24", "endDate": "2015-10-31"}
CASES = [
    ("semicomplete_apache_2015", "UTC", MAY),
    ("semicomplete_apache_2015", "America/New_York", MAY),
    ("semicomplete_apache_2015", "Asia/Kathmandu", MAY),
    # The clock goes back in its first night.
    ("hackers_access_2015", "Europe/Amsterdam", OCTOBER),
]
PATIENCE_SECONDS = 120

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(not WEBLOGS.is_dir(), reason="the public logs are not beside this checkout"),
]


def is_bot(agent):
    """The two kept lists, asked without our code."""
    device = ua_parser.parse_device(agent)
    return is_crawler(agent) or (device is not None and device.family == "Spider")


KEEP = {"include": lambda _: True, "exclude": lambda agent: agent is None or not is_bot(agent)}


def streamgauge(home, *arguments):
    run = subprocess.run(
        [Path(sys.executable).with_name("streamgauge"), *arguments],
        check=False,
        env={**os.environ, "STREAMGAUGE_HOME": str(home)},
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert run.returncode == 0, run.stderr
    return run.stdout


@pytest.fixture(scope="module")
def client(stack):
    """Return a client with the stack's admin key."""
    with httpx.Client(
        base_url=stack.endpoints["base_url"],
        headers={"authorization": f"Bearer {stack.endpoints['keys']['admin']}", "cache-control": "no-cache"},
        timeout=60,
    ) as made:
        yield made


def new_world(stack, client, name, zone, days):
    """Make a site for a log, from which alone its figures follow."""
    path = WEBLOGS / f"{name}.log"
    log = read(open_log(path))
    site = f"log-{uuid.uuid4().hex[:12]}"
    domains = ["semicomplete.com", "www.semicomplete.com"]
    made = client.post("/api/v1/sites", json={"name": "Log", "site_id": site, "timezone": zone, "domains": domains})
    assert made.status_code == 201, made.text
    key = made.json()["keys"]["server"]
    return SimpleNamespace(
        client=client,
        site=site,
        range=days,
        log=log,
        home=stack.home,
        times=0,
        arguments=("import", "access-log", path, "--url", stack.endpoints["base_url"], "--key", key, "--json"),
        figures={bots: count(log.page_views, zone, keep) for bots, keep in KEEP.items()},
    )


@pytest.fixture(scope="module", params=CASES, ids=lambda case: f"{case[0]}-{case[1]}")
def imported(request, stack, client):
    """Import a log into a site of its own and wait until it is counted."""
    world = new_world(stack, client, *request.param)
    import_once(world)
    return world


def import_once(world):
    run_import(world)
    wait_until_counted(world)


def run_import(world):
    told = json.loads(streamgauge(world.home, *world.arguments))
    wanted = len(world.log.page_views)
    assert told == {
        "lines": world.log.lines,
        "page_views": wanted,
        "accepted": wanted,
        "duplicates": 0,
        "refused": 0,
        "skipped": world.log.skipped,
        "unreadable": world.log.unreadable,
    }
    world.times += 1


def wait_until_counted(world):
    wanted = len(world.log.page_views)
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        rows = get(world, f"/api/v1/accounting?website_id={world.site}")["results"]
        stored, duplicates = (sum(row[name] for row in rows) for name in ("stored", "duplicates"))
        if stored + duplicates == world.times * wanted:
            assert (stored, duplicates) == (wanted, (world.times - 1) * wanted)
            return
        assert time.monotonic() < deadline, (stored, duplicates)
        time.sleep(0.5)


def get(world, path, **query):
    answer = world.client.get(path, params=query or None)
    assert answer.status_code == 200, answer.text
    return answer.json()


def report(world, name, **query):
    return get(world, f"/api/v1/analytics/{name}/{world.site}", **world.range, **query)


def figures_of(bucket):
    return {
        "visitors": bucket.visitors,
        "visits": bucket.visits,
        "pageviews": bucket.pageviews,
        "bounce_rate": pytest.approx(bucket.bounce_rate),
        "visit_duration": pytest.approx(bucket.visit_duration),
    }


def assert_reports(world):
    for bots, figures in world.figures.items():
        # Leaving bots out is the default.
        query = {} if bots == "exclude" else {"bots": bots}
        metrics = report(world, "dashboard", **query)["metrics"]
        wanted = figures_of(figures.total) | {
            "views_per_visit": pytest.approx(figures.total.views_per_visit),
            "events": 0,
        }
        assert metrics == wanted

        days = report(world, "daily-stats", **query)["results"]
        assert [row["date"] for row in (days[0], days[-1])] == list(world.range.values())
        seen = {row.pop("date"): row for row in days}
        assert {day: row for day, row in seen.items() if any(row.values())} == {
            day.isoformat(): figures_of(bucket) for day, bucket in figures.days.items()
        }

        hours = report(world, "hourly-stats", **query)["results"]
        seen = {row.pop("hour"): row for row in hours}
        assert {hour: row for hour, row in seen.items() if any(row.values())} == {
            hour: figures_of(bucket) for hour, bucket in figures.hours.items()
        }

        pages = report(world, "top-pages", limit=1000, **query)["results"]
        assert [row["name"] for row in pages] == [name for name, _ in ranked(figures.pages)]
        for row, (name, page) in zip(pages, ranked(figures.pages), strict=True):
            wanted = figures_of(page) | {
                "name": name,
                "percentage": pytest.approx(page.visitors / figures.total.visitors * 100),
                "time_on_page": pytest.approx(page.seconds_on_page / page.pageviews),
            }
            assert row == wanted

        for by, role in (("entry", "entries"), ("exit", "exits")):
            rows = report(world, "top-pages", by=by, limit=1000, **query)["results"]
            wanted = {name: getattr(page, role) for name, page in figures.pages.items() if getattr(page, role)}
            assert {row["name"]: row["visits"] for row in rows} == wanted


def test_reports_equal_the_offline_count(imported):
    assert_reports(imported)


def test_a_second_import_changes_nothing(imported):
    import_once(imported)
    assert_reports(imported)


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="processes are looked up in /proc")
def test_killing_the_consumer_during_an_import_changes_nothing(stack, client):
    seed = random.SystemRandom().randrange(10**6)
    print("seed", seed)
    world = new_world(stack, client, "semicomplete_apache_2015", "America/New_York", MAY)
    with killing_the_consumer(stack.home, random.Random(seed)) as killed:
        run_import(world)
        time.sleep(6)
    assert killed
    wait_until_counted(world)
    assert_reports(world)
