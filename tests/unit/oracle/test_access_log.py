"""The offline oracle of access logs, held to small logs counted by hand, and to a third party's counts."""

import gzip
import json
from collections import Counter, defaultdict
from datetime import UTC, date, datetime
from pathlib import Path
from urllib.parse import unquote
from zoneinfo import ZoneInfo

import pytest

from tests.oracle.access_log import count, hour_name, open_log, ranked, read, scan

WEBLOGS = Path(__file__).resolve().parents[4] / "shared" / "data" / "weblogs"


def row(stamp, path="/", *, host="192.0.2.1", agent="A", status=200, method="GET", referrer="-"):
    return f'{host} - - [{stamp}] "{method} {path} HTTP/1.1" {status} 12 "{referrer}" "{agent}"'.encode()


def views(*rows):
    return read(rows).page_views


def test_what_is_a_page_view():
    log = read(
        [
            row("01/Jan/2024:10:00:00 +0000", "/"),
            row("01/Jan/2024:10:00:01 +0000", "/a/b.HTML?x=1.png"),
            row("01/Jan/2024:10:00:02 +0000", "/a/b.png"),
            row("01/Jan/2024:10:00:03 +0000", "/a.b/c"),
            row("01/Jan/2024:10:00:04 +0000", "/a", status=404),
            row("01/Jan/2024:10:00:05 +0000", "/a", status=304),
            row("01/Jan/2024:10:00:06 +0000", "/a", method="POST"),
            row("01/Jan/2024:10:00:07 +0000", "http://other.example/p/?q"),
            row("01/Jan/2024:10:00:08 +0000", "http://other.example"),
            b'192.0.2.1 - - [01/Jan/2024:10:00:09 +0000] "GET / HTTP/1.1" 200 12 "-" "open',
            b"rubbish",
            b"",
        ]
    )
    assert [view.page for view in log.page_views] == ["/", "/a/b.HTML", "/a.b/c", "/a", "/p", "/"]
    assert (log.lines, log.skipped, log.unreadable) == (12, 4, 2)


def test_visits_bounces_and_durations_by_hand():
    # One visitor: 10:00:00, 10:10:00 | (30 minutes exactly: a new visit) 10:40:00; another agent at 10:05.
    figures = count(
        views(
            row("01/Jan/2024:10:00:00 +0000", "/a"),
            row("01/Jan/2024:10:10:00 +0000", "/b/"),
            row("01/Jan/2024:10:40:00 +0000", "/b"),
            row("01/Jan/2024:10:05:00 +0000", "/b", agent="B"),
        )
    )
    total = figures.total
    assert (total.pageviews, total.visits, total.visitors, total.bounces, total.seconds) == (4, 3, 2, 2, 600.0)
    assert total.bounce_rate == pytest.approx(2 / 3)
    assert total.visit_duration == pytest.approx(200)
    assert total.views_per_visit == pytest.approx(4 / 3)
    a, b = figures.pages["/a"], figures.pages["/b"]
    assert (a.visitors, a.visits, a.pageviews, a.entries, a.exits, a.bounces, a.seconds) == (1, 1, 1, 1, 0, 0, 600.0)
    assert (b.visitors, b.visits, b.pageviews, b.entries, b.exits, b.bounces, b.seconds) == (2, 3, 3, 2, 3, 2, 0.0)
    assert a.seconds_on_page == 600.0
    assert [name for name, _ in ranked(figures.pages)] == ["/b", "/a"]


def test_a_gap_just_under_thirty_minutes_is_one_visit():
    figures = count(views(row("01/Jan/2024:10:00:00 +0000"), row("01/Jan/2024:10:29:59 +0000")))
    assert (figures.total.visits, figures.total.seconds) == (1, 1799.0)


def test_a_visit_over_midnight_belongs_to_its_first_day_and_its_visitor_to_both():
    rows = views(
        row("01/Jan/2024:23:50:00 +0000", "/a"),
        row("02/Jan/2024:00:10:00 +0000", "/b"),
        row("02/Jan/2024:12:00:00 +0000", "/b"),
    )
    figures = count(rows)
    first, second = figures.days[date(2024, 1, 1)], figures.days[date(2024, 1, 2)]
    assert (first.visitors, first.visits, first.pageviews, first.bounces, first.seconds) == (1, 1, 1, 0, 1200.0)
    assert (second.visitors, second.visits, second.pageviews, second.bounces) == (1, 1, 2, 1)
    assert (figures.total.visitors, figures.total.visits) == (2, 2)
    assert figures.pages["/b"].visitors == 1
    assert figures.hours["2024-01-02T00:00:00+00:00"].visits == 0
    assert figures.hours["2024-01-02T00:00:00+00:00"].visitors == 1
    # In Tokyo all of it is one day.
    assert list(count(rows, "Asia/Tokyo").days) == [date(2024, 1, 2)]
    assert count(rows, "Asia/Tokyo").total.visitors == 1


def test_the_log_writes_its_own_offset():
    figures = count(views(row("01/Jan/2024:23:30:00 -0500"), row("02/Jan/2024:04:40:00 +0000")))
    assert list(figures.days) == [date(2024, 1, 2)]
    assert (figures.total.visits, figures.total.seconds) == (1, 600.0)


def test_days_when_the_clock_changes():
    berlin = ZoneInfo("Europe/Berlin")
    # 31 March 2024: 02:00 becomes 03:00. 27 October 2024: 03:00 becomes 02:00, so the hour 02 comes twice.
    spring = count(views(row("31/Mar/2024:00:59:00 +0000"), row("31/Mar/2024:01:01:00 +0000")), "Europe/Berlin")
    assert sorted(spring.hours) == ["2024-03-31T01:00:00+01:00", "2024-03-31T03:00:00+02:00"]
    autumn = count(views(row("27/Oct/2024:00:30:00 +0000"), row("27/Oct/2024:01:30:00 +0000")), "Europe/Berlin")
    assert sorted(autumn.hours) == ["2024-10-27T02:00:00+01:00", "2024-10-27T02:00:00+02:00"]
    assert autumn.days[date(2024, 10, 27)].visitors == 1
    assert hour_name(datetime(2024, 10, 27, 23, 0, tzinfo=UTC), berlin) == "2024-10-28T00:00:00+01:00"
    # Lord Howe Island goes back by half an hour at 02:00 (15:00 UTC): 01:30 comes again and begins an hour of its own.
    howe = ZoneInfo("Australia/Lord_Howe")
    assert hour_name(datetime(2024, 4, 6, 14, 40, tzinfo=UTC), howe) == "2024-04-07T01:00:00+11:00"
    assert hour_name(datetime(2024, 4, 6, 15, 10, tzinfo=UTC), howe) == "2024-04-07T01:30:00+10:30"
    assert hour_name(datetime(2024, 4, 6, 15, 40, tzinfo=UTC), howe) == "2024-04-07T02:00:00+10:30"


def test_bots_are_left_out_by_their_agent():
    rows = views(row("01/Jan/2024:10:00:00 +0000", agent="bot"), row("01/Jan/2024:10:00:00 +0000", agent="-"))
    figures = count(rows, keep=lambda agent: agent != "bot")
    assert (figures.total.pageviews, figures.total.visits) == (1, 1)


def test_lines_in_disorder_are_put_in_order_of_time():
    figures = count(views(row("01/Jan/2024:10:20:00 +0000", "/b"), row("01/Jan/2024:10:00:00 +0000", "/a")))
    assert (figures.total.visits, figures.pages["/a"].entries, figures.pages["/b"].exits) == (1, 1, 1)


def test_gzip_reads_as_plain(tmp_path):
    rows = [row("01/Jan/2024:10:00:00 +0000"), row("01/Jan/2024:10:00:01 +0000")]
    (tmp_path / "log.gz").write_bytes(gzip.compress(b"\n".join(rows) + b"\n"))
    assert list(open_log(tmp_path / "log.gz")) == rows


needs_data = pytest.mark.skipif(not WEBLOGS.is_dir(), reason="the public logs are not beside this checkout")


@needs_data
@pytest.mark.parametrize(
    ("name", "page_views", "visits", "visitors", "unreadable"),
    [("semicomplete_apache_2015", 3617, 2118, 1348, 1), ("hackers_access_2015", 2344, 755, 665, 0)],
)
def test_figures_of_public_logs(name, page_views, visits, visitors, unreadable):
    log = read(open_log(WEBLOGS / f"{name}.log"))
    total = count(log.page_views).total
    assert (total.pageviews, total.visits, total.visitors, log.unreadable) == (page_views, visits, visitors, unreadable)
    assert log.lines == page_views + log.skipped + log.unreadable


@needs_data
@pytest.mark.parametrize("name", ["semicomplete_apache_2015", "hackers_access_2015"])
def test_visitors_a_day_agree_with_goaccess(name):
    """GoAccess counts visitors (address and agent of a day as the log writes it) over all lines but those with a 4xx status."""
    days = defaultdict(set)
    for line in open_log(WEBLOGS / f"{name}.log"):
        text = line.decode("latin-1")
        fields = scan(text) or scan(text + '"')  # GoAccess forgives the one line whose last quote is missing
        if fields is not None and not 400 <= fields[3] <= 499:
            days[fields[1].astimezone(_written_zone(name)).strftime("%Y%m%d")].add((fields[0], fields[5]))
    theirs = json.loads((WEBLOGS / f"{name}.goaccess.json").read_text())["visitors"]["data"]
    assert {day: len(who) for day, who in days.items()} == {row["data"]: row["visitors"]["count"] for row in theirs}


@needs_data
@pytest.mark.parametrize("name", ["semicomplete_apache_2015", "hackers_access_2015"])
def test_hits_of_requests_agree_with_goaccess(name):
    """GoAccess counts hits by request, of other statuses too and with `%XX` undone: such requests are not compared."""
    log = read(open_log(WEBLOGS / f"{name}.log"))
    hits = Counter(view.request for view in log.page_views)
    lines = (WEBLOGS / f"{name}.log").read_text("latin-1").split("\n")
    written = Counter(line.split('"')[1] for line in lines if line)
    decoded = Counter()
    for request, times in written.items():
        decoded[unquote(request)] += times
    agreed = 0
    for theirs in json.loads((WEBLOGS / f"{name}.goaccess.json").read_text())["requests"]["data"]:
        request = f"{theirs.get('method')} {theirs['data']} {theirs.get('protocol')}"
        if request in hits and hits[request] == decoded[request]:
            assert hits[request] == theirs["hits"]["count"], request
            agreed += hits[request]
    assert agreed > 0.5 * len(log.page_views)


def _written_zone(name):
    return ZoneInfo("Europe/Amsterdam") if name.startswith("hackers") else UTC
