"""Days of Plausible's export, from its files through the command and the API into the reports."""

import json
import zipfile
from datetime import date

import httpx
import pytest
from streamgauge.dimensions import Dimension
from streamgauge_cli.connection import Connection
from streamgauge_cli.main import app
from typer.testing import CliRunner

from functions.api import imports, web
from tests.integration.reports.conftest import get, value_code
from tests.support.requests import key, request
from tests.support.stamped import instant

IMPORTS = "/api/v1/sites/blog/imports"
RANGE = "20240101_20240103"
FILES = {
    "visitors": (
        "date,visitors,pageviews,bounces,visits,visit_duration\n"
        '"2024-01-01",10,30,4,12,600\n"2024-01-02",5,6,5,5,0\n"2024-01-03",7,9,1,8,80\n'
    ),
    "pages": (
        "date,hostname,page,visits,visitors,pageviews,total_scroll_depth,total_scroll_depth_visits,total_time_on_page,"
        "total_time_on_page_visits\n"
        '"2024-01-01","blog.example","/a/",9,8,20,\\N,\\N,400,9\n"2024-01-01","blog.example","/a",1,1,2,\\N,\\N,0,0\n'
        '"2024-01-02","blog.example","/b",5,5,6,\\N,\\N,60,5\n'
    ),
    "entry_pages": "date,entry_page,visitors,entrances,visit_duration,bounces,pageviews\n2024-01-01,/a,8,9,500,3,25\n",
    "exit_pages": "date,exit_page,visitors,visit_duration,exits,bounces,pageviews\n2024-01-01,/a,8,500,9,3,25\n",
    "sources": (
        "date,source,referrer,utm_source,utm_medium,utm_campaign,utm_content,utm_term,pageviews,visitors,visits,visit_duration,bounces\n"
        "2024-01-01,Google,google.com,,,,,,20,6,7,300,2\n"
        "2024-01-01,,,,,,,,8,3,4,200,1\n"
        "2024-01-01,Newsletter,,Newsletter,email,spring,,,2,1,1,100,1\n"
    ),
    "locations": (
        "date,country,region,city,visitors,visits,visit_duration,bounces,pageviews\n"
        "2024-01-01,DE,DE-BE,2950159,6,7,300,2,15\n2024-01-01,DE,DE-BY,0,2,2,100,1,5\n2024-01-01,CH,,0,1,1,0,1,1\n"
    ),
    "devices": (
        "date,device,visitors,visits,visit_duration,bounces,pageviews\n"
        "2024-01-01,Laptop,4,5,100,2,9\n2024-01-01,Desktop,3,3,100,1,9\n2024-01-01,,1,1,0,1,1\n"
    ),
    "browsers": (
        "date,browser,browser_version,visitors,visits,visit_duration,bounces,pageviews\n"
        "2024-01-01,Chrome,120.0,4,5,100,2,9\n2024-01-01,Chrome,119.0,2,2,50,1,3\n2024-01-01,Microsoft Edge,,1,1,10,0,2\n"
    ),
    "operating_systems": (
        "date,operating_system,operating_system_version,visitors,visits,visit_duration,bounces,pageviews\n"
        "2024-01-01,Mac,14.2,4,5,100,2,9\n"
    ),
    "custom_events": (
        "date,name,link_url,path,visitors,events\n"
        "2024-01-01,Signup,,,2,3\n2024-01-01,Outbound Link: Click,https://x.example,,1,1\n2024-01-02,Signup,,,1,1\n"
    ),
}


class Hints:
    """Keeps what the function has noted for retention."""

    def __init__(self):
        self.days = []

    def note_import(self, today):
        self.days.append(today)


@pytest.fixture
def function(site, monkeypatch):
    """Return what sends a request to the function as an administrator of the site."""
    monkeypatch.setattr(imports, "hints", Hints())

    def ask(method, path, body=None, scope="admin"):
        answer = imports.handler(request(method, path, body=body, caller=key("blog", scope)), None)
        return answer["statusCode"], json.loads(answer["body"]) if answer["body"] else None

    return ask


@pytest.fixture
def run(function, monkeypatch, tmp_path):
    """Return what runs the command against the functions."""

    def transport(sent):
        status, body = function(sent.method, sent.url.path, sent.content.decode() or None)
        return httpx.Response(status) if body is None else httpx.Response(status, json=body)

    make = Connection.client
    monkeypatch.setattr(Connection, "client", lambda self: make(self, httpx.MockTransport(transport)))
    monkeypatch.setattr("streamgauge_cli.connection.CHECKOUT", tmp_path)
    monkeypatch.delenv("STREAMGAUGE_HOME", raising=False)
    monkeypatch.chdir(tmp_path)
    known = ("--url", "http://service.test", "--key", "sga_1", "--site", "blog")

    def command(*arguments):
        outcome = CliRunner().invoke(app, [*map(str, arguments), *known])
        assert outcome.exit_code == 0, (outcome.exception, outcome.stderr)
        return outcome

    return command


@pytest.fixture
def export(tmp_path):
    """Return what writes an export as a zip."""

    def write(files, days=RANGE):
        path = tmp_path / f"blog_example_{days}.zip"
        with zipfile.ZipFile(path, "w") as archive:
            for name, text in files.items():
                archive.writestr(f"imported_{name}_{days}.csv", text)
        return path

    return write


def stored(connection, dimension, day="2024-01-01"):
    rows = connection.execute(
        "SELECT name, sum(visitors)::int, sum(visits)::int, sum(entries)::int, sum(bounces)::int, sum(pageviews)::int,"
        " sum(events)::int, sum(duration)::bigint, sum(page_time)::bigint, min(code) FROM imported_days"
        " WHERE dimension = %s AND day = %s GROUP BY name ORDER BY name",
        [int(dimension), day],
    ).fetchall()
    assert all(row[-1] == value_code(dimension, row[0]) for row in rows)
    return {row[0]: row[1:-1] for row in rows}


def test_every_list_becomes_its_dimensions(connection, run, export):
    outcome = run("import", "plausible", export(FILES), "--json")
    assert json.loads(outcome.stdout) == {"rows": 24, "sent": 21, "skipped": 1, "unreadable": 0}
    assert "1 cities have numbers of GeoNames and no name" in outcome.stderr
    second = 1_000_000
    expected = {
        Dimension.TOTAL: {"": (10, 12, 12, 4, 30, 4, 600 * second, 0)},
        Dimension.PAGE: {"/a": (9, 10, 9, 3, 22, 0, 500 * second, 400 * second)},
        Dimension.ENTRY_PAGE: {"/a": (8, 9, 9, 3, 25, 0, 500 * second, 0)},
        Dimension.EXIT_PAGE: {"/a": (8, 9, 9, 3, 25, 0, 500 * second, 0)},
        Dimension.SOURCE: {
            "Google": (6, 7, 7, 2, 20, 0, 300 * second, 0),
            "(direct)": (3, 4, 4, 1, 8, 0, 200 * second, 0),
            "Newsletter": (1, 1, 1, 1, 2, 0, 100 * second, 0),
        },
        Dimension.CHANNEL: {
            "search": (6, 7, 7, 2, 20, 0, 300 * second, 0),
            "direct": (3, 4, 4, 1, 8, 0, 200 * second, 0),
            "email": (1, 1, 1, 1, 2, 0, 100 * second, 0),
        },
        Dimension.REFERRER: {"google.com": (6, 7, 7, 2, 20, 0, 300 * second, 0)},
        Dimension.UTM_CAMPAIGN: {"spring": (1, 1, 1, 1, 2, 0, 100 * second, 0)},
        Dimension.COUNTRY: {"DE": (8, 9, 9, 3, 20, 0, 400 * second, 0), "CH": (1, 1, 1, 1, 1, 0, 0, 0)},
        Dimension.REGION: {"DE-BE": (6, 7, 7, 2, 15, 0, 300 * second, 0), "DE-BY": (2, 2, 2, 1, 5, 0, 100 * second, 0)},
        Dimension.CITY: {},
        Dimension.DEVICE: {"desktop": (7, 8, 8, 3, 18, 0, 200 * second, 0)},
        Dimension.BROWSER: {
            "Chrome": (6, 7, 7, 3, 12, 0, 150 * second, 0),
            "Edge": (1, 1, 1, 0, 2, 0, 10 * second, 0),
        },
        Dimension.OS: {"Mac OS X": (4, 5, 5, 2, 9, 0, 100 * second, 0)},
        Dimension.EVENT: {"Signup": (2, 0, 0, 0, 0, 3, 0, 0), "Outbound Link: Click": (1, 0, 0, 0, 0, 1, 0, 0)},
    }
    assert {dimension: stored(connection, dimension) for dimension in expected} == expected


def test_cities_get_their_names(connection, run, export, tmp_path):
    names = tmp_path / "cities500.txt"
    names.write_text("2950159\tBerlin\tBerlin\tBLN\n")
    run("import", "plausible", export(FILES), "--cities", names)
    assert list(stored(connection, Dimension.CITY)) == ["Berlin"]


def everything(connection):
    return connection.execute("SELECT * FROM imported_days ORDER BY site_no, dimension, day, code, origin").fetchall()


def test_twice_counts_once_and_a_later_export_replaces_its_days(connection, run, export):
    path = export(FILES)
    run("import", "plausible", path)
    first = everything(connection)
    run("import", "plausible", path)
    assert everything(connection) == first
    later = {"visitors": FILES["visitors"].splitlines()[0] + "\n2024-01-03,1,1,1,1,0\n2024-01-04,2,2,2,2,0\n"}
    run("import", "plausible", export(later, "20240103_20240104"), "--name", "second")
    assert stored(connection, Dimension.TOTAL, "2024-01-02")[""][0] == 5
    assert stored(connection, Dimension.TOTAL, "2024-01-03")[""][0] == 1
    assert stored(connection, Dimension.TOTAL, "2024-01-04")[""][0] == 2
    assert stored(connection, Dimension.PAGE) != {}


def test_imports_are_listed_and_removed(connection, function, run, export):
    run("import", "plausible", export(FILES))
    run("import", "plausible", export({"visitors": FILES["visitors"]}), "--name", "again")
    _, body = function("GET", IMPORTS)
    assert [(row["import_id"], row["source"], row["start"], row["end"], row["days"]) for row in body["results"]] == [
        ("again", "plausible", "2024-01-01", "2024-01-03", 3),
        ("plausible", "plausible", "2024-01-01", "2024-01-02", 2),
    ]
    assert body["counted_before"] is None
    assert "again" in run("imports", "list").stdout
    run("imports", "delete", "again")
    run("imports", "delete", "again")
    assert stored(connection, Dimension.TOTAL) == {}
    assert [row["import_id"] for row in function("GET", IMPORTS)[1]["results"]] == ["plausible"]


def test_many_values_of_one_day_go_in_pieces(connection, run, export):
    rows = "".join(f"2024-01-01,blog.example,/{number},1,1,1\n" for number in range(12_000))
    run("import", "plausible", export({"pages": "date,hostname,page,visits,visitors,pageviews\n" + rows}))
    assert len(stored(connection, Dimension.PAGE)) == 12_000


def test_bad_rows_are_kept_and_foreign_files_refused(run, export, tmp_path):
    text = "date,visitors,pageviews,bounces,visits,visit_duration\n2024-13-01,1,1,1,1,1\n2024-01-01,x,1,1,1,1\n2024-01-02,1\n"
    outcome = run("import", "plausible", export({"visitors": text}), "--json")
    assert json.loads(outcome.stdout) == {"rows": 3, "sent": 0, "skipped": 0, "unreadable": 3}
    assert "line 3: its visitors is no number" in outcome.stderr
    assert next(tmp_path.glob("*.unreadable")).read_text().endswith("2024-01-02,1\n")
    (tmp_path / "website_event.csv").write_text("date,visitors\n")
    outcome = CliRunner().invoke(app, ["import", "plausible", "website_event.csv", "--url", "http://x", "--key", "k"])
    assert "no file of Plausible's export" in str(outcome.exception)


@pytest.mark.parametrize(
    ("part", "row", "loc"),
    [
        ("totals", {"page": "/a"}, ["body", "rows", 0, "page"]),
        ("pages", {}, ["body", "rows", 0, "page"]),
        ("pages", {"page": "/a", "browser": "x"}, ["body", "rows", 0, "browser"]),
        ("totals", {"visitors": -1}, ["body", "rows", 0, "visitors"]),
        ("totals", {"visitors": 10**12}, ["body", "rows", 0, "visitors"]),
        ("locations", {"country": "Germany"}, ["body", "rows", 0, "country"]),
        ("totals", {"date": "0001-01-01"}, ["body", "rows", 0, "date"]),
        ("totals", {"surprise": 1}, ["body", "rows", 0, "surprise"]),
        ("rooms", {}, ["path", "part"]),
    ],
)
def test_what_is_out_of_bounds_is_refused(function, part, row, loc):
    body = {"source": "plausible", "rows": [{"date": "2024-01-01", **row}]}
    status, answer = function("PUT", f"{IMPORTS}/x/{part}", body)
    assert status == 422, answer
    assert answer["errors"][0]["loc"] == loc


def test_a_value_stands_once_in_a_piece(function):
    body = {"source": "plausible", "rows": [{"date": "2024-01-01", "page": "/a"}] * 2}
    assert function("PUT", f"{IMPORTS}/x/pages", body)[0] == 422


def test_it_needs_an_admin_key_and_a_plain_name(function):
    body = {"source": "plausible", "rows": []}
    assert function("PUT", f"{IMPORTS}/x/totals", body, scope="read")[0] == 403
    assert function("PUT", f"{IMPORTS}/a%20b/totals", body)[0] == 422
    assert function("PUT", f"{IMPORTS}/x/totals", body)[0] == 200
    assert len(imports.hints.days) == 1
    assert isinstance(imports.hints.days[0], date)


BASE = "/api/v1/analytics"
DAYS = "startDate=2024-01-01&endDate=2024-01-05"


def own_day(rollups, day, dimension=Dimension.TOTAL, name="", **amounts):
    rollups.row(day, dimension, name, **{"visitors": 2, "visits": 2, "entries": 2, "pageviews": 4} | amounts)


def test_reports_add_imported_days_and_say_so(rollups, run, export):
    run("import", "plausible", export(FILES))
    _, body, _ = get(web, f"{BASE}/dashboard/blog", DAYS)
    assert (body["imported"], body["imported_days"], body["visitors_counted"]) == (True, 3, "daily_sum")
    assert body["metrics"] == {
        "visitors": 22,
        "visits": 25,
        "pageviews": 45,
        "events": 5,
        "views_per_visit": 45 / 25,
        "bounce_rate": 10 / 25,
        "visit_duration": 680 / 25,
    }
    assert [row["visitors"] for row in body["timeseries"]] == [10, 5, 7, 0, 0]
    _, body, _ = get(web, f"{BASE}/daily-stats/blog", DAYS)
    assert [row["bounce_rate"] for row in body["results"]] == [4 / 12, 1.0, 1 / 8, 0, 0]
    assert body["imported_days"] == 3
    _, body, _ = get(web, f"{BASE}/top-pages/blog", DAYS)
    assert body["results"] == [
        {
            "name": "/a",
            "visitors": 9,
            "visits": 10,
            "pageviews": 22,
            "bounce_rate": 3 / 9,
            "visit_duration": 500 / 9,
            "percentage": pytest.approx(9 / 22 * 100),
            "time_on_page": 400 / 22,
        },
        {
            "name": "/b",
            "visitors": 5,
            "visits": 5,
            "pageviews": 6,
            "bounce_rate": 0,
            "visit_duration": 0,
            "percentage": pytest.approx(5 / 22 * 100),
            "time_on_page": 10,
        },
    ]
    assert body["imported"] is True
    for report, names in {
        "top-pages/blog?by=entry": ["/a"],
        "top-pages/blog?by=exit": ["/a"],
        "top-referrers/blog": ["Google", "(direct)", "Newsletter"],
        "top-referrers/blog?by=url": ["google.com"],
        "top-countries/blog": ["DE", "CH"],
        "top-countries/blog?by=region": ["DE-BE", "DE-BY"],
        "top-browsers/blog": ["Chrome", "Edge"],
        "top-devices/blog": ["desktop"],
        "top-os/blog": ["Mac OS X"],
        "traffic-summary/blog": ["search", "direct", "email"],
        "custom-events/blog": ["Signup", "Outbound Link: Click"],
    }.items():
        path, _, query = report.partition("?")
        _, body, _ = get(web, f"{BASE}/{path}", f"{DAYS}&{query}")
        assert [row["name"] for row in body["results"]] == names
        assert body["imported_days"] == 3


@pytest.mark.parametrize("left_out", ["with_imported=false", "bots=only"])
def test_they_can_be_left_out(rollups, run, export, left_out):
    run("import", "plausible", export(FILES))
    _, body, _ = get(web, f"{BASE}/dashboard/blog", f"{DAYS}&{left_out}")
    assert "imported" not in body
    assert "imported_days" not in body
    assert body["metrics"]["visitors"] == 0
    _, body, _ = get(web, f"{BASE}/top-pages/blog", f"{DAYS}&{left_out}")
    assert body["results"] == []


def test_only_days_before_the_first_own_visit_are_shown(rollups, function, run, export):
    own_day(rollups, date(2024, 1, 2), visits=0, entries=0)
    own_day(rollups, date(2024, 1, 2), bots=True)
    own_day(rollups, date(2024, 1, 3))
    own_day(rollups, date(2024, 1, 3), Dimension.PAGE, "/b")
    assert "from 2024-01-03 on" in run("import", "plausible", export(FILES)).stderr
    _, body, _ = get(web, f"{BASE}/dashboard/blog", DAYS)
    assert [row["pageviews"] for row in body["timeseries"]] == [30, 6 + 4, 4, 0, 0]
    assert body["imported_days"] == 2
    assert body["visitors_counted"] == "mixed"
    _, body, _ = get(web, f"{BASE}/top-pages/blog", DAYS)
    assert {row["name"]: row["pageviews"] for row in body["results"]} == {"/a": 22, "/b": 10}
    _, body, _ = get(web, f"{BASE}/dashboard/blog", "startDate=2024-01-03&endDate=2024-01-05")
    assert "imported" not in body
    assert function("GET", IMPORTS)[1]["counted_before"] == "2024-01-03"


def test_a_comparison_is_cut_in_an_imported_day(rollups, run, export, monkeypatch):
    run("import", "plausible", export(FILES))
    own_day(rollups, date(2024, 1, 5))
    monkeypatch.setattr(web, "_now", lambda: instant("2024-01-06 12:00"))
    _, body, _ = get(web, f"{BASE}/dashboard/blog", "startDate=2024-01-04&endDate=2024-01-06&compare=previous")
    # Two whole days, and half of the third.
    assert body["comparison"]["visitors"]["value"] == 10 + 5 + 4
    assert body["comparison"]["pageviews"]["value"] == 30 + 6 + 4
    assert "imported" not in body


def test_a_long_list_is_ranked_with_own_values(rollups, run, export):
    header = "date,hostname,page,visits,visitors,pageviews\n"
    rows = "".join(
        f"2024-01-0{day},x,/{page:03},1,{(page * day) % 37 + 1},1\n" for day in (1, 2) for page in range(300)
    )
    run("import", "plausible", export({"pages": header + rows}))
    day = date(2024, 1, 3)
    rollups.day(day)
    own_day(rollups, day)
    for page in range(0, 400, 7):
        rollups.row(day, Dimension.PAGE, f"/{page:03}", visitors=page % 29 + 1, lasting=0)
    wanted = {}
    for page in range(400):
        own = page % 29 + 1 if page % 7 == 0 else 0
        sums = sum((page * factor) % 37 + 1 for factor in (1, 2)) if page < 300 else 0
        if own + sums:
            wanted[f"/{page:03}"] = own + sums
    ranked = sorted(wanted.items(), key=lambda one: (-one[1], one[0]))
    for limit in (1, 10, 200):
        _, body, _ = get(web, f"{BASE}/top-pages/blog", f"{DAYS}&limit={limit}")
        assert [(row["name"], row["visitors"]) for row in body["results"]] == ranked[:limit]


def test_sums_stay_within_what_can_be_counted(rollups, function):
    rows = [
        {"date": "2024-01-01", "source": "x", "referrer": f"x.example/{number}", "visit_duration": 10**9}
        for number in range(5000)
    ]
    for number in range(3):
        body = {"source": "plausible", "rows": [row | {"utm_term": str(number)} for row in rows]}
        assert function("PUT", f"{IMPORTS}/x/sources", body)[0] == 200
    assert get(web, f"{BASE}/top-referrers/blog", DAYS)[0] == 200
