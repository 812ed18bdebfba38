"""The import of Umami's exports, from file to service: versions, kinds, ids, broken rows, repetition."""

import gzip
import json
import zipfile

import pytest
from streamgauge_cli.errors import CommandError

CLOUD = [
    "website_id",
    "session_id",
    "visit_id",
    "event_id",
    "hostname",
    "browser",
    "os",
    "device",
    "screen",
    "language",
    "country",
    "region",
    "city",
    "url_path",
    "url_query",
    "utm_source",
    "utm_medium",
    "utm_campaign",
    "utm_content",
    "utm_term",
    "referrer_path",
    "referrer_query",
    "referrer_domain",
    "page_title",
    "gclid",
    "fbclid",
    "msclkid",
    "ttclid",
    "li_fat_id",
    "twclid",
    "event_type",
    "event_name",
    "tag",
    "distinct_id",
    "created_at",
    "job_id",
]
VERSION_2 = [
    "website_id",
    "session_id",
    "visit_id",
    "event_id",
    "hostname",
    "browser",
    "os",
    "device",
    "screen",
    "language",
    "country",
    "subdivision1",
    "subdivision2",
    "city",
    "url_path",
    "url_query",
    "referrer_path",
    "referrer_query",
    "referrer_domain",
    "page_title",
    "event_type",
    "event_name",
    "tag",
    "created_at",
    "job_id",
]
VALUES = {
    "website_id": "w",
    "session_id": "s1",
    "visit_id": "v1",
    "event_id": "e1",
    "hostname": "blog.example",
    "browser": "edge-chromium",
    "os": "Windows 10",
    "device": "laptop",
    "screen": "1440x900",
    "language": "en-US",
    "country": "US",
    "region": "US-CA",
    "subdivision1": "US-CA",
    "city": "San José",
    "url_path": "/a",
    "url_query": "x=1",
    "referrer_domain": "www.google.com",
    "referrer_path": "/search",
    "page_title": 'About "A", and\nmore',
    "event_type": "1",
    "created_at": "2024-01-31 10:00:00",
    "job_id": "\\N",
}


def table(header, *rows):
    def quoted(text):
        return '"' + text.replace('"', '""') + '"'

    lines = [",".join(header)]
    lines += [",".join(quoted((VALUES | row).get(name, "")) for name in header) for row in rows]
    return "\n".join(lines) + "\n"


@pytest.fixture
def import_(run):
    def run_import(*arguments):
        return run("import", "umami", *arguments, "--url", "http://service.test", "--key", "sgs_1", "--json")

    return run_import


def counts(outcome):
    assert outcome.exit_code == 0, (outcome.exception, outcome.stderr)
    return json.loads(outcome.stdout)


def write(path, text):
    path.write_text(text)
    return path


def test_a_page_view_of_the_cloud(service, import_, tmp_path):
    row = {"gclid": "abc", "utm_source": "news", "distinct_id": "user-7", "tag": "b"}
    assert counts(import_(write(tmp_path / "website_event.csv", table(CLOUD, row)))) == {
        "rows": 1,
        "page_views": 1,
        "events": 0,
        "accepted": 1,
        "duplicates": 0,
        "refused": 0,
        "skipped": 0,
        "unreadable": 0,
    }
    assert service.events["umami-0000-e1"] == {
        "event_type": "page_view",
        "event_id": "umami-0000-e1",
        "timestamp": "2024-01-31T10:00:00+00:00",
        "historical": True,
        "anonymous_id": "s1",
        "user_id": "user-7",
        "url": "https://blog.example/a?x=1&gclid=abc",
        "title": 'About "A", and\nmore',
        "referrer": "https://www.google.com/search",
        "screen": "1440x900",
        "language": "en-US",
        "utm_source": "news",
        "properties": {"tag": "b"},
        "context": {
            "browser": "Edge",
            "os": "Windows",
            "device": "desktop",
            "country": "US",
            "region": "US-CA",
            "city": "San José",
        },
    }


def test_what_is_unknown_is_said(service, import_, tmp_path):
    empty = dict.fromkeys(("browser", "os", "device", "country", "region", "city", "referrer_domain", "url_query"), "")
    counts(import_(write(tmp_path / "e.csv", table(CLOUD, empty))))
    (event,) = service.events.values()
    assert set(event["context"].values()) == {None}
    assert "referrer" not in event
    assert event["url"] == "https://blog.example/a"


def test_version_2(service, import_, tmp_path):
    told = counts(
        import_(
            write(
                tmp_path / "e.csv", table(VERSION_2, {}, {"event_id": "e2", "event_type": "2", "event_name": "signup"})
            )
        )
    )
    assert (told["page_views"], told["events"]) == (1, 1)
    view, signup = service.events.values()
    assert view["context"]["region"] == "US-CA"
    assert (signup["event_type"], signup["url"]) == ("signup", "https://blog.example/a?x=1")


def test_tables_of_ones_own_database_find_their_sessions(service, import_, tmp_path):
    events = [name for name in CLOUD if name in {"event_id", "session_id", "created_at", "url_path", "event_type"}]
    sessions = [
        name
        for name in CLOUD
        if name in {"session_id", "hostname", "browser", "os", "device", "country", "region", "city"}
    ]
    counts(
        import_(
            write(tmp_path / "website_event.csv", table(events, {"created_at": "2024-01-31 10:00:00.123+00"})),
            write(tmp_path / "session.csv", table(sessions, {})),
        )
    )
    (event,) = service.events.values()
    assert event["timestamp"] == "2024-01-31T10:00:00.123000+00:00"
    assert event["url"] == "https://blog.example/a"
    assert event["context"]["browser"] == "Edge"


def test_version_1(service, import_, tmp_path):
    views = "view_id,website_id,session_id,created_at,url,referrer\n5,1,9,2021-01-31 10:00:00+01,/a?x=1,https://other.example/b\n"
    events = "event_id,website_id,session_id,created_at,url,event_type,event_value\n5,1,9,2021-01-31 10:00:01+01,/a,click,buy\n"
    counts(
        import_(
            write(tmp_path / "pageview.csv", views),
            write(tmp_path / "event.csv", events),
            "--domain",
            "old.example",
        )
    )
    view, click = service.events.values()
    assert (view["url"], view["referrer"]) == ("https://old.example/a?x=1", "https://other.example/b")
    assert (view["event_type"], click["event_type"]) == ("page_view", "click")
    assert view["timestamp"] == "2021-01-31T10:00:00+01:00"


def test_a_zip_and_what_else_is_in_it(service, import_, tmp_path):
    path = tmp_path / "export.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("out/website_event.csv", table(CLOUD, {}, {"event_id": "e2"}))
        archive.writestr("out/session_data.csv", "session_id,data_key,string_value\n")
        archive.writestr("out/session.csv", "")
        archive.writestr("__MACOSX/out/._website_event.csv", b"\0\5\26\7")
        archive.writestr("readme.txt", "")
    outcome = import_(path)
    assert counts(outcome)["accepted"] == 2
    assert "session.csv is empty and is left out" in outcome.stderr
    assert "._website" not in outcome.stderr
    assert "session_data.csv holds neither events nor sessions" in outcome.stderr


CLOUD_DATA = (
    "website_id", "session_id", "event_id", "url_path", "event_name", "data_key", "string_value", "number_value",
    "date_value", "data_type", "created_at", "job_id",
)  # fmt: skip
OWN_DATA = (
    "event_data_id", "website_id", "website_event_id", "data_key", "string_value", "number_value", "date_value",
    "data_type", "created_at",
)  # fmt: skip
ORDER = [
    {"data_key": "plan", "string_value": "pro", "data_type": "1"},
    {"data_key": "seats", "string_value": "12.0000", "number_value": "12.0000", "data_type": "2"},
    {"data_key": "price", "string_value": "9.5000", "number_value": "9.5000", "data_type": "2"},
    {"data_key": "trial", "string_value": "true", "data_type": "3"},
    {
        "data_key": "from",
        "string_value": "2024-01-31T10:00:00.000Z",
        "date_value": "2024-01-31 10:00:00",
        "data_type": "4",
    },
    {"data_key": "items.names", "string_value": '["a","b"]', "data_type": "5"},
    {"data_key": "nothing", "string_value": "\\N", "number_value": "\\N", "data_type": "1"},
]


@pytest.mark.parametrize(("header", "whose"), [(CLOUD_DATA, "event_id"), (OWN_DATA, "website_event_id")])
def test_data_of_events_becomes_their_properties(service, import_, tmp_path, header, whose):
    # In the cloud's file each row names session, page and time too: it is no event for that.
    archive = tmp_path / "umami.zip"
    with zipfile.ZipFile(archive, "w") as made:
        made.writestr("event_data.csv", table(header, *({**row, whose: "e2", "event_name": "order"} for row in ORDER)))
        order = {"event_id": "e2", "event_type": "2", "event_name": "order", "tag": "b"}
        made.writestr("website_event.csv", table(CLOUD, {}, order))
        made.writestr(
            "session_data.csv", table(["website_id", "session_id", "data_key", "string_value", "data_type"], {})
        )
    told = counts(import_(archive))
    assert (told["rows"], told["page_views"], told["events"]) == (2, 1, 1)
    view, order = service.events.values()
    assert "properties" not in view
    assert order["properties"] == {
        "from": "2024-01-31T10:00:00.000Z",
        "items.names": ["a", "b"],
        "plan": "pro",
        "price": 9.5,
        "seats": 12,
        "trial": True,
        "tag": "b",
    }


def test_ids_are_the_same_in_every_file_and_sort_as_lines(service, import_, tmp_path):
    rows = [{"event_id": f"e{9 - number}", "url_path": f"/{number}"} for number in range(5)]
    rows += [{"event_id": f"f{number}", "session_id": "s2", "url_path": f"/f{number}"} for number in range(2)]
    counts(import_(write(tmp_path / "a.csv", table(CLOUD, *rows))))
    ids = sorted(service.events)
    assert [service.events[name]["url"] for name in ids if service.events[name]["anonymous_id"] == "s1"] == [
        f"https://blog.example/{number}?x=1" for number in range(5)
    ]
    (tmp_path / "b.csv.gz").write_bytes(
        gzip.compress(table(CLOUD, {"created_at": "2023-01-01 00:00:00"}, *rows).encode())
    )
    counts(import_(tmp_path / "b.csv.gz"))
    assert len(service.events) == 8
    nameless = table([name for name in CLOUD if name != "event_id"], {}, {}, {"url_path": "/b"})
    counts(import_(write(tmp_path / "c.csv", nameless)))
    counts(import_(tmp_path / "c.csv"))
    assert len(service.events) == 11


def test_broken_rows_are_kept_with_their_reason_and_other_kinds_skipped(service, import_, tmp_path):
    text = table(
        CLOUD,
        {},
        {"created_at": "yesterday"},
        {"event_type": "3"},
        {"event_type": "2", "event_name": ""},
        {"session_id": ""},
        {"url_path": ""},
    )
    outcome = import_(write(tmp_path / "e.csv", text + "1,2,3\n" + 'x,"y\n'))
    told = counts(outcome)
    assert (told["rows"], told["page_views"], told["skipped"], told["unreadable"]) == (8, 1, 1, 6)
    for reason in (
        "line 4: its time (created_at) cannot be read",
        "a custom event without a name",
        "it names no session",
        "a page view without a path",
        "it has not 36 columns",
        "a quote is open",
    ):
        assert reason in outcome.stderr
    kept = next(tmp_path.glob("*.unreadable")).read_text()
    assert kept.endswith('1,2,3\nx,"y\n')
    assert kept.count("\n") == 4 * 2 + 2


def test_a_name_that_means_something_here_is_told_apart(service, import_, tmp_path):
    counts(import_(write(tmp_path / "e.csv", table(CLOUD, {"event_type": "2", "event_name": "page_view"}))))
    assert [event["event_type"] for event in service.events.values()] == ["page_view (custom)"]


def test_an_unknown_file_is_told_with_what_is_missing(import_, tmp_path):
    outcome = import_(write(tmp_path / "e.csv", "date,visitors\n2024-01-01,3\n"))
    assert isinstance(outcome.exception, CommandError)
    assert "must name the columns created_at, session_id, url_path or url (events)" in str(outcome.exception)
    assert "It names: date, visitors" in str(outcome.exception)


def test_an_interrupted_import_goes_on_where_it_stopped(service, import_, tmp_path):
    path = write(tmp_path / "e.csv", table(CLOUD, *({"event_id": f"e{number}"} for number in range(1200))))
    service.fail_after = 1
    outcome = import_(path, "--in-flight", 1)
    assert "is not complete. Run the same command again to go on" in str(outcome.exception)
    service.fail_after, service.batches = None, 0
    assert counts(import_(path, "--in-flight", 1))["accepted"] == 1200
    assert service.batches == 2
    assert len(service.events) == 1200
